/** Every check with an answer that passes and one that must not. */
import t from 'tap'
import { judge, kindNames } from './checks.ts'
import type { Answer, CheckContext, Exchange } from './exchange.ts'
import { parseExpression } from './expression.ts'
import { generateBody } from './generate.ts'
import { judgeHeader } from './header-check.ts'
import { parseGlob } from './paths.ts'
import { parseRegex } from './python-regex.ts'

type Body = string | Buffer

interface Options {
  readonly status?: number
  readonly type?: string
  readonly sent?: Body
  readonly sentType?: string
  /** What a request for another body, or the same once more, is answered with. */
  readonly again?: (body: Buffer | undefined) => Body
  readonly references?: Readonly<Record<string, Exchange>>
}

function answerOf(body: Body, { status = 200, type = 'application/json' }: Options = {}): Answer {
  return { status, headers: new Map([['content-type', type]]), body: Buffer.from(body), ms: 5 }
}

function exchangeOf(body: Body, options: Options = {}): Exchange {
  const { sent = '', sentType = 'text/csv' } = options
  const headers = { 'Content-Type': sentType }
  return {
    request: { method: 'POST', path: '/invocations', headers, body: Buffer.from(sent) },
    answer: answerOf(body, options),
  }
}

function contextOf(body: Body, options: Options = {}): CheckContext {
  return {
    ...exchangeOf(body, options),
    send: async (other) => answerOf(options.again?.(other) ?? body, options),
    async reference(id) {
      const found = options.references?.[id]
      if (!found) throw new Error(`there is no case ${id}`)
      return found
    },
  }
}

/** An array file as NumPy writes it. */
function npy(descr: string, shape: string, data: Buffer, fortran = 'False'): Buffer {
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`
  const start = Buffer.from('\x93NUMPY\x01\x00\0\0', 'latin1')
  start.writeUInt16LE(header.length, 8)
  return Buffer.concat([start, Buffer.from(header), data])
}

const doubles = (...values: number[]) => Buffer.from(Float64Array.from(values).buffer)
const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer)
const longs = (...values: number[]) => Buffer.from(BigInt64Array.from(values.map(BigInt)).buffer)

const csv = { type: 'text/csv' }
const lines = { type: 'application/jsonlines' }
const array = { type: 'application/x-npy' }
const references = {
  scores: exchangeOf('0.25\n0.75\n', csv),
  labels: exchangeOf('[0, 1]'),
  three: exchangeOf('{"predictions":[{"probabilities":{"a":0.1,"b":0.7,"c":0.2}}]}'),
  refused: exchangeOf('{"error":"x"}', { status: 400 }),
  text: exchangeOf('hello', { type: 'text/plain' }),
}
const as = (id: string) => ({ kind: 'predictions_equal', case: id })
const expression = (value: string) => ({ kind: 'json_expr', value })
const additivity = expression('abs(expected_value + sum(attributions) - model_output) <= 1e-9')
const json = (path: string, check: string, value?: unknown) => ({
  kind: 'json',
  path,
  check,
  value,
})
const explained = (rows?: number) => ({
  kind: 'contains_explanations',
  ...(rows === undefined ? {} : { rows }),
})
const sentence =
  'either imputed/NaN-routed prediction, or 400 naming row 1 column f2; never a prediction for -1 or 0'
const missing = { kind: 'one_of', note: sentence }
const refusal = { status: 400, type: 'application/problem+json' }

type Example = [
  check: { kind: string; [field: string]: unknown },
  body: Body,
  problem: RegExp | undefined,
  options?: Options,
]

const examples: Example[] = [
  [{ kind: 'empty_or_regex', value: '^\\s*$' }, '', undefined],
  [{ kind: 'empty_or_regex', value: '^\\s*$' }, '\n', undefined],
  [{ kind: 'empty_or_regex', value: '^\\s*$' }, 'ok', /neither empty/],

  [{ kind: 'text_regex', value: '(?s)3.*4|4.*3' }, '3\n4', undefined],
  [{ kind: 'text_regex', value: '3.*4|4.*3' }, '3\n4', /does not match/],
  [{ kind: 'text_regex', value: '(?x)3' }, '3', /flag/],

  [{ kind: 'not_contains', value: 'Traceback' }, 'fine', undefined],
  [{ kind: 'not_contains', value: 'Traceback' }, 'a Traceback', /contains/],

  [{ kind: 'max_bytes', value: 4 }, 'abcd', undefined],
  [{ kind: 'max_bytes', value: 4 }, 'abcé', /bytes: 5/],

  [{ kind: 'line_count', value: 2 }, 'a\nb\n', undefined],
  [{ kind: 'line_count', value: 2 }, 'a\nb', undefined],
  [{ kind: 'line_count', value: 2 }, 'a\nb\n\n', /lines: 3/],
  [{ kind: 'line_count', value: 1 }, '', /lines: 0/],

  [{ kind: 'line_count_equals_input' }, 'a\nb\n', undefined, { sent: '1\n2' }],
  [{ kind: 'line_count_equals_input' }, 'a\n', /lines: 1/, { sent: '1\n2' }],

  [{ kind: 'ends_with_newline' }, 'a\n', undefined],
  [{ kind: 'ends_with_newline' }, 'a', /newline/],
  [{ kind: 'ends_with_newline' }, '', /newline/],

  [{ kind: 'csv_shape', rows: 2, cols: 2 }, '0,"[0.1, 0.9]"\r\n1,"[0.2, 0.8]"\r\n', undefined],
  [{ kind: 'csv_shape', rows: 1 }, '0\n', undefined],
  [{ kind: 'csv_shape', rows: 2 }, '0\n', /rows: 1/],
  [{ kind: 'csv_shape', rows: 1, cols: 3 }, '0,1\n', /columns: 2/],
  [{ kind: 'csv_shape', rows: 2 }, '0,1\n2\n', /two widths/],
  [{ kind: 'csv_shape', rows: 2 }, '0\n\n', /blank/],
  [{ kind: 'csv_shape', rows: 1 }, '"0', /not CSV/],
  [{ kind: 'csv_shape' }, '0\n', /neither/],

  [{ kind: 'rows', value: 2 }, '[0, 1]', undefined],
  [{ kind: 'rows', value: 2 }, '{"predictions":[{"score":0.5},{"score":[0.2,0.8]}]}', undefined],
  [{ kind: 'rows', value: 2 }, '{"score":0.5}\n{"score":0.6}\n', undefined, lines],
  [{ kind: 'rows', value: 2 }, '0.5,0.5\n0.1,0.9\n', undefined, csv],
  [{ kind: 'rows', value: 2 }, npy('<f8', '(2,)', doubles(1, 2)), undefined, array],
  [{ kind: 'rows', value: 1 }, '[0, 1]', /predictions: 2/],
  [{ kind: 'rows', value: 1 }, '{"status":"fine"}', /neither label nor score/],
  [{ kind: 'rows', value: 1 }, '[null]', /no prediction/],
  [{ kind: 'rows', value: 1 }, 'nan\n', /no prediction/, csv],
  [{ kind: 'rows', value: 1 }, '<p>1</p>', /reads no predictions/, { type: 'text/html' }],

  [{ kind: 'each_line_json' }, '{"a":1}\n[2]', undefined],
  [{ kind: 'each_line_json', paths: ['$.a', 'b[0]'] }, '{"a":1,"b":[2]}', undefined],
  [{ kind: 'each_line_json' }, '{"a":1}\n{', /not JSON/],
  [{ kind: 'each_line_json' }, '', /empty/],
  [{ kind: 'each_line_json', paths: ['$.a'] }, '{"a":1}\n{"b":1}', /line 2 has no \$\.a/],

  [{ kind: 'valid_json' }, '{"a":[null]}', undefined],
  [{ kind: 'valid_json' }, '{"a":NaN}', /not JSON/],
  [{ kind: 'valid_json' }, '\ufeff{}', /not JSON/],
  [{ kind: 'valid_json' }, Buffer.from([0x22, 0xff, 0x22]), /./],

  [{ kind: 'npy', shape0: 2 }, npy('<f8', '(2,)', doubles(0.25, 0.75)), undefined],
  [{ kind: 'npy', shape0: 2 }, npy('<f4', '(2, 1)', floats(0.25, 0.75)), undefined],
  [{ kind: 'npy', shape0: 2 }, npy('<i8', '(2,)', longs(0, 1)), undefined],
  [{ kind: 'npy', shape0: 1 }, npy('<f8', '(2,)', doubles(0.25, 0.75)), /shape\[0\]: 2/],
  [{ kind: 'npy', shape0: 2 }, npy('<f8', '(2,)', doubles(0.25)), /8 bytes of data/],
  [{ kind: 'npy', shape0: 1 }, npy('<f8', '(1,)', doubles(Number.NaN)), /not finite/],
  [{ kind: 'npy', shape0: 1 }, npy('|O', '(1,)', Buffer.of()), /no array of predictions/],
  [{ kind: 'npy', shape0: 2 }, '[0.25, 0.75]', /no npy file/],

  [as('scores'), '[0.25, 0.75]', undefined, { references }],
  [as('scores'), '{"predictions":[{"score":0.25},{"score":0.75}]}', undefined, { references }],
  [as('scores'), '{"predictions":[[0.75,0.25],[0.25,0.75]]}', undefined, { references }],
  [as('scores'), '{"score":0.25}\n{"score":0.75}', undefined, { ...lines, references }],
  [as('scores'), '0,"[0.75, 0.25]"\n1,"[0.25, 0.75]"\n', undefined, { ...csv, references }],
  [as('scores'), npy('<f8', '(2,)', doubles(0.25, 0.75)), undefined, { ...array, references }],
  [
    as('scores'),
    npy('<f8', '(2, 2)', doubles(0.75, 0.25, 0.25, 0.75), 'True'),
    undefined,
    { ...array, references },
  ],
  [
    as('scores'),
    npy('<f8', '(2,)', doubles(0.25, 0.75)).toString('base64'),
    undefined,
    { ...array, references },
  ],
  [
    as('scores'),
    '{"outputs":[{"name":"predict","shape":[2,1],"datatype":"INT64","data":[0,1]},' +
      '{"name":"predict_proba","shape":[2,2],"datatype":"FP64","data":[[0.75,0.25],[0.25,0.75]]}]}',
    undefined,
    { references },
  ],
  [
    as('scores'),
    '{"predictions":{"content_type":"text/csv; charset=utf-8","data":"0.25\\n0.75\\n"}}',
    undefined,
    { references },
  ],
  [as('scores'), '[0, 1]', undefined, { references }],
  [as('labels'), '0.5\n0.51\n', undefined, { ...csv, references }],
  [as('three'), '["b"]', undefined, { references }],
  [as('three'), '[[0.1, 0.7, 0.2]]', undefined, { references }],
  [as('scores'), npy('<f4', '(2,)', floats(0.2500005, 0.75)), undefined, { ...array, references }],
  [as('scores'), '[0.2500005, 0.75]', /row 1: 0\.2500005, the other/, { references }],
  [
    as('scores'),
    '[0.2500005, 0.75]',
    undefined,
    { references, sentType: 'application/x-npy', sent: npy('<f4', '(2,)', floats(1, 2)) },
  ],
  [as('scores'), npy('<f4', '(2,)', floats(0.25001, 0.75)), /row 1/, { ...array, references }],
  [as('scores'), '[0.75, 0.25]', /row 1: 0\.75, the other/, { references }],
  [as('scores'), '[1, 1]', /row 1: label 1/, { references }],
  [as('labels'), '0.51\n0.51\n', /row 1: label 1/, { ...csv, references }],
  [as('three'), '["c"]', /label c/, { references }],
  [as('three'), '[[0.7, 0.1, 0.2]]', /row 1: 0\.7/, { references }],
  [as('three'), '[0.25]', /label 0/, { references }],
  [as('scores'), '[0.25]', /1 predictions, the other answer has 2/, { references }],
  [as('scores'), '[]', /no predictions/, { references }],
  [as('refused'), '[0.25, 0.75]', /answered with 400/, { references }],
  [as('nothing'), '[0.25, 0.75]', /there is no case/, { references }],
  [{ kind: 'predictions_equal' }, '[0.25]', /no text/, { references }],

  [{ kind: 'if_200_predictions_equal', case: 'scores' }, '[0.25, 0.75]', undefined, { references }],
  [
    { kind: 'if_200_predictions_equal', case: 'scores' },
    '',
    undefined,
    { status: 415, references },
  ],
  [{ kind: 'if_200_predictions_equal', case: 'scores' }, '[0.5, 0.75]', /row 1/, { references }],

  [{ kind: 'same_outcome_as', case: 'scores' }, '[0.25, 0.75]', undefined, { references }],
  [{ kind: 'same_outcome_as', case: 'refused' }, '', undefined, { status: 400, references }],
  [{ kind: 'same_outcome_as', case: 'text' }, 'hello', undefined, { references }],
  [{ kind: 'same_outcome_as', case: 'scores' }, '[0.2, 0.75]', /row 1/, { references }],
  [{ kind: 'same_outcome_as', case: 'refused' }, '[0.25]', /status 200/, { references }],

  [explained(2), '{"explanations":[{"shap_values":[[1]]},{"shap_values":[[2]]}]}', undefined],
  [
    explained(1),
    '{"explanations":{"kernel_shap":[[{"attributions":[{"attribution":[1]}]}]]}}',
    undefined,
  ],
  [explained(1), '{"predictions":[{"score":1,"explanation":{"attributions":[1,2]}}]}', undefined],
  [explained(), '{"score":1,"shap_values":[1]}\n', undefined, lines],
  [explained(1), '{"explanations":[{"contributions":[{"shap_value":1}]}]}', undefined],
  [explained(2), '{"explanations":[{"shap_values":[1]}]}', /explained rows: 1/],
  [explained(1), '{"explanations":[{"shap_values":[]}]}', /explained rows: 0/],
  [explained(1), '{"explanations":[{"shap_values":[null]}]}', /explained rows: 0/],
  [explained(), '{"predictions":[{"score":1}]}', /explained rows: 0/],

  [{ kind: 'body_equals_repeat' }, 'same', undefined],
  [{ kind: 'body_equals_repeat', times: 3 }, 'same', undefined],
  [{ kind: 'body_equals_repeat' }, 'same', /differently/, { again: () => 'other' }],
  [{ kind: 'body_equals_repeat', value: 'x' }, 'same', /not understood/],

  [
    expression('product(outputs[0].shape)==len(flatten(outputs[0].data))'),
    '{"outputs":[{"shape":[1,2],"data":[[3,4]]}]}',
    undefined,
  ],
  [
    expression('product(outputs[0].shape)==len(flatten(outputs[0].data))'),
    '{"outputs":[{"shape":[1,2],"data":[[3]]}]}',
    /is false/,
  ],
  [expression('sum(x)'), '{"x":[1]}', /is 1/],
  [expression('nothing == 1'), '{"x":[1]}', /no "nothing"/],
  [expression('constructor == 1'), '{"x":[1]}', /no "constructor"/],
  [
    additivity,
    '{"base_values":[0.5],"explanations":[{"shap_values":[[0.25,-0.5]],"outputs":[0.25]}]}',
    undefined,
  ],
  [
    additivity,
    '{"explanations":[{"base_values":[1,2],"shap_values":[[1],[2]],"others":[1,1],"outputs":[3,5]}]}',
    undefined,
  ],
  [additivity, '{"expected_value":1,"attributions":[1,2],"model_output":4}', undefined],
  [
    additivity,
    '{"explanations":[{"base_value":1,"contributions":[{"shap_value":2}],"output":3}]}',
    undefined,
  ],
  [
    additivity,
    '{"base_values":[0.5],"explanations":[{"shap_values":[[0.25]],"outputs":[0.75]},{"shap_values":[[0.25]],"outputs":[0.7500001]}]}',
    /is false \(1\)/,
  ],
  [additivity, '{"base_values":[0.5],"explanations":[]}', /explains nothing/],
  [additivity, '{"predictions":[1]}', /no attributions/],
  [
    additivity,
    '{"base_values":[0.5],"explanations":[{"shap_values":[[null]],"outputs":[0.5]}]}',
    /no number/,
  ],

  [
    {
      kind: 'one_of',
      value: [
        { kind: 'rows', value: 9 },
        { kind: 'rows', value: 2 },
      ],
    },
    '[0, 1]',
    undefined,
  ],
  [
    {
      kind: 'one_of',
      value: [
        { kind: 'rows', value: 9 },
        { kind: 'rows', value: 8 },
      ],
    },
    '[0, 1]',
    /none of these/,
  ],
  [{ kind: 'one_of', note: 'whatever looks right' }, '[0, 1]', /cannot judge/],
  [missing, '{"error":"row 1, column \\"f2\\" is empty"}', undefined, refusal],
  [missing, '{"errors":[{"row":1,"column":"f2"}]}', undefined, refusal],
  [missing, '{"error":"row 11, column f2"}', /row 1 is not named/, refusal],
  [missing, '{"error":"row 1, column f3"}', /column f2 is not named/, refusal],
  [
    missing,
    '[0.5, 0.9]',
    undefined,
    {
      sent: '1,,3\n4,5,6',
      again: (body) => (String(body).startsWith('1,0') ? '[0.1, 0.9]' : '[0.2, 0.9]'),
    },
  ],
  [
    missing,
    '[0.5, 0.9]',
    /taken for 0/,
    {
      sent: '1,,3\n4,5,6',
      again: (body) => (String(body).startsWith('1,0,3') ? '[0.5, 0.9]' : '[0.2, 0.9]'),
    },
  ],
  [
    missing,
    '[0.5, 0.9]',
    /taken for -1/,
    {
      sent: '1,,3\n4,5,6',
      again: (body) => (String(body).startsWith('1,-1,3') ? '[0.5, 0.9]' : '[0.2, 0.9]'),
    },
  ],
  [missing, '[0, 1]', /nobody can see/, { sent: '1,,3\n4,5,6' }],
  [missing, '[0.5]', /1 predictions for 2 rows/, { sent: '1,,3\n4,5,6' }],
]

t.test('every kind of check passes what is right and nothing else', async (t) => {
  for (const [check, body, problem, options] of examples) {
    const found = await judge(check, contextOf(body, options))
    const name = JSON.stringify([check, String(body).slice(0, 60)])
    if (problem) t.match(found, problem, `${name} fails`)
    else t.equal(found, undefined, `${name} passes`)
  }
  const tried = (failing: boolean) =>
    new Set(
      examples.filter(([, , problem]) => Boolean(problem) === failing).map(([own]) => own.kind),
    )
  const elsewhere = ['json']
  for (const failing of [false, true])
    t.same(
      kindNames.filter((kind) => !tried(failing).has(kind)),
      elsewhere,
      'no kind is left out',
    )
})

t.test('checks of JSON values', async (t) => {
  const body = JSON.stringify({
    n: 2,
    text: 'abc',
    list: [0.25, 0.75],
    nothing: null,
    o: { 'a b': true },
  })
  const table: [ReturnType<typeof json>, RegExp | undefined][] = [
    [json('$.n', 'equals', 2), undefined],
    [json('$.list', 'equals', [0.25, 0.75]), undefined],
    [json("$.o['a b']", 'equals', true), undefined],
    [json('$.n', 'equals', '2'), /2 is not "2"/],
    [json('$.list', 'equals', [0.25]), /not/],
    [json('$.text', 'type', 'string'), undefined],
    [json('$.n', 'type', ['string', 'integer']), undefined],
    [json('$.n', 'type', 'string'), /no string/],
    [json('$.list', 'type', 'object'), /no object/],
    [json('$.n', 'type', 'float'), /not known/],
    [json('$.n', 'exists'), undefined],
    [json('$.m', 'exists'), /there is no \$\.m/],
    [json('$.nothing', 'exists'), /nothing/],
    [json('$.m', 'absent'), undefined],
    [json('$.nothing', 'absent'), /is there/],
    [json('$.constructor', 'absent'), undefined],
    [json('$.list', 'length', 2), undefined],
    [json('$.list', 'length', 3), /of length 2/],
    [json('$.o', 'length', 1), /no length/],
    [json('$.n', 'min', 2), undefined],
    [json('$.n', 'min', 2.5), /below/],
    [json('$.text', 'min', 0), /no number/],
    [json('$.n', 'max', 2), undefined],
    [json('$.n', 'max', 1.5), /above/],
    [json('$.list[0]', 'range', [0, 1]), undefined],
    [json('$.n', 'range', [0, 1]), /not in/],
    [json('$.list[*]', 'range', [0, 1]), undefined],
    [json('$.list[*]', 'range', [0, 0.5]), /not in/],
    [json('$.list', 'sum', 1), undefined],
    [json('$.list', 'sum', 1.1), /sum 1/],
    [json('$.text', 'regex', '^a'), undefined],
    [json('$.text', 'regex', '^b'), /no match/],
    [json('$.n', 'regex', '2'), /no string/],
    [json('$.n', 'one_of', [1, 2]), undefined],
    [json('$.n', 'one_of', [1, 3]), /none/],
    [json('$.list', 'contains', 0.75), undefined],
    [json('$.text', 'contains', 'bc'), undefined],
    [json('$.list', 'contains', 0.5), /without/],
    [json('$.list[-1]', 'equals', 0.75), undefined],
    [json('$.list[2]', 'equals', 0.75), /there is no/],
    [json('$..n', 'equals', 2), /path/],
    [json('$.n', 'roughly', 2), /not known/],
  ]
  for (const [check, problem] of table) {
    const found = await judge(check, contextOf(body))
    const name = `${check.path} ${check.check} ${JSON.stringify(check.value)}`
    if (problem) t.match(found, problem, `${name} fails`)
    else t.equal(found, undefined, `${name} passes`)
  }
})

t.test('what is not known never passes', async (t) => {
  t.match(await judge({ kind: 'looks_good' }, contextOf('')), /not known/)
  t.match(await judge({ kind: 'toString' }, contextOf('')), /not known/)
  t.match(await judge({ kind: 'max_bytes', value: 9, unit: 'k' }, contextOf('')), /not understood/)
  t.match(await judge({ kind: 'max_bytes', value: '9' }, contextOf('')), /no number/)
  t.match(judgeHeader({ name: 'a', op: 'like', value: 'x' }, answerOf('')), /not known/)
})

t.test('checks of headers', async (t) => {
  const answer = answerOf('', csv)
  const table: [op: string, value: unknown, passes: boolean][] = [
    ['equals', 'text/csv', true],
    ['equals', 'text/csv; charset=utf-8', false],
    ['regex', '^text/', true],
    ['regex', '^application/', false],
    ['one_of', ['text/csv', 'application/json'], true],
    ['one_of', ['application/json'], false],
    ['contains', 'csv', true],
    ['contains', 'json', false],
    ['exists', undefined, true],
    ['absent', undefined, false],
  ]
  for (const [op, value, passes] of table) {
    const found = judgeHeader({ name: 'Content-Type', op, value }, answer)
    t.equal(found === undefined, passes, `${op} ${JSON.stringify(value)}`)
  }
  t.equal(judgeHeader({ name: 'x-none', op: 'absent', value: undefined }, answer), undefined)
  for (const op of ['equals', 'exists', 'regex'])
    t.ok(judgeHeader({ name: 'x-none', op, value: '' }, answer), `${op} of no header`)
})

t.test("regular expressions are Python's", async (t) => {
  const table: [pattern: string, text: string, found: boolean][] = [
    ['(?i)ABC', 'xabc', true],
    ['^b$', 'a\nb', false],
    ['(?m)^b$', 'a\nb\nc', true],
    ['^a$', 'a\n', true],
    ['^a\\Z', 'a\n', false],
    ['a.b', 'a\rb', true],
    ['a.b', 'a\nb', false],
    ['[]a]', ']', true],
    ['[^$.]', '$.', false],
    ['\\$\\.', '$.', true],
    ['(?P<x>a)(?P=x)', 'aa', true],
    ['^a{,2}$', 'aaa', false],
    ['(?s)^.{1,1024}.*n_estimators.*', '\nn_estimators', true],
    ['(?s)^.{1,1024}.*n_estimators.*', 'n_estimators', false],
  ]
  for (const [pattern, text, found] of table)
    t.equal(parseRegex(pattern).test(text), found, `${pattern} on ${JSON.stringify(text)}`)
})

t.test('expressions', async (t) => {
  const names: Record<string, unknown> = { a: 2, list: [1, [2, 3]], o: { b: 'x' } }
  const table: [text: string, value: unknown][] = [
    ['1 + 2 * 3 - 4 / 2', 5],
    ['-(a + 1)', -3],
    ['7 % 4 == 3 and not a > 2', true],
    ['a < 1 || 0 <= a <= 2', true],
    ['max(1, a) == max([1, a])', true],
    ["o.b == 'x' && o['b'] != \"y\"", true],
    ['flatten(list)[-1]', 3],
    ['len(list) == list.length', true],
    ['[1, a] == [1, 2]', true],
    ['a == null', false],
    ['min(flatten(list)) + round(1.26, 1)', 2.3],
    ['all([a == 2, true]) and any([false, True])', true],
  ]
  for (const [text, value] of table)
    t.same(
      parseExpression(text).evaluate((name) => names[name]),
      value,
      text,
    )
  for (const text of [
    '',
    '1 +',
    'f(1)',
    'a b',
    'process.exit()',
    'len(a',
    '1 = 1',
    'a.constructor',
  ])
    t.throws(() => parseExpression(text).evaluate((name) => names[name]), text)
})

t.test('bodies that are only described', async (t) => {
  const large = generateBody('(generate: "1.0,2.0,3.0\\n" repeated to 6,291,000 bytes)')
  t.equal(large?.length, 6_291_000)
  t.equal(large?.subarray(-24).toString(), '1.0,2.0,3.0\n1.0,2.0,3.0\n')
  t.equal(generateBody('(generate: "ab" repeated 3 times)')?.toString(), 'ababab')
  const table = generateBody('(100 rows: label first, 3 numeric features, no header)')?.toString()
  const rows = (table ?? '').trimEnd().split('\n')
  t.equal(rows.length, 100)
  t.ok(rows.every((row) => /^[01](,[\d.]+){3}$/.test(row)))
  t.same([...new Set(rows.map((row) => row[0]))].sort(), ['0', '1'])
  t.match(generateBody('(2 rows: 2 features, header)')?.toString(), /^f1,f2\n[\d.]+,[\d.]+\n/)
  t.equal(generateBody('1,2,3'), undefined)
  t.throws(() => generateBody('(generate: a large body)'), /cannot generate/)
  t.throws(() => generateBody('(9 rows: some of them wrong)'), /cannot generate/)
})

t.test('patterns of paths', async (t) => {
  t.match('/opt/ml/model/a.json', parseGlob('/opt/ml/model/*'))
  t.notMatch('/opt/ml/model/a/b', parseGlob('/opt/ml/model/*'))
  t.match('/opt/ml/model/a/b', parseGlob('/opt/ml/**'))
  t.notMatch('/opt/ml/modelxa', parseGlob('/opt/ml/model.a'))
})
