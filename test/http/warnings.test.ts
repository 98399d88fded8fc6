/** What was not understood of a request: refused where it would be lost, said where it is asked for, always counted. */
import fc from 'fast-check'
import t from 'tap'
import type { LoadedModel } from '../../src/model-directory/read.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { readPlan } from '../../src/preprocess/plan.ts'
import {
  type RowWarning,
  type WarningCode,
  warningCodes,
} from '../../src/preprocess/row-warnings.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { train } from '../../src/training/train.ts'
import { buildTestApp, checkProblem, placesOf, post } from '../helper.ts'

const JSON_TYPE = 'application/json'
const LINES_TYPE = 'application/jsonlines'
const HEADER = 'x-shapserve-warnings'

/** Trains a model quickly on a table that is written as CSV. */
async function modelOf(csv: string, plan: object): Promise<LoadedModel> {
  const { artifact } = await train(readCsvTable(csv), readPlan(plan), {
    estimator: 'logistic_regression',
    engine: 'native',
    params: new Map(),
    seed: 1,
    testSize: 0,
    dropMissingLabel: false,
    sha256: () => '0'.repeat(64),
    dataSha256: '0'.repeat(64),
    progress: async () => {},
    warn: () => {},
  })
  const predictor = buildPredictor(artifact)
  return { artifact, predictor, files: new Map(), extraFiles: [] }
}

/** Two colours and none, heights from 10 to 29 with gaps, titles in front of names; a column that nothing is learned from. */
const rows = Array.from({ length: 40 }, (_, i) => {
  const height = i % 10 === 3 ? '' : 10 + (i % 20)
  const colour = i % 9 === 4 ? '' : i % 3 === 0 ? 'deep red' : 'blue'
  const name = `${i % 2 ? 'Mr' : 'Ms'}. N${i}`
  return `${i},${height},${colour},${i % 4},${name},${(i * 7) % 11 < 5 ? 'y' : 'n'}`
})
const model = await modelOf(`id,Height,Colour,size,name,t\n${rows.join('\n')}\n`, {
  target: 't',
  id: ['id'],
  numeric: [{ column: 'Height' }, { column: 'size' }],
  nominal: [{ column: 'Colour', impute: 'most_frequent' }, { column: 'title' }],
  derived: [{ column: 'title', from: 'name', pattern: '^([A-Z][a-z]+)\\.', group: 1 }],
})
const app = await buildTestApp(t, { model })

const plain = { Height: 15, Colour: 'blue', size: 1, name: 'Mr. X' }

t.test('the model has what the cases are about', (t) => {
  const { inputs, otherColumns } = model.artifact.preprocessor
  t.strictSame(
    inputs.map(({ name, nullable }) => [name, nullable]),
    [
      ['Height', true],
      ['Colour', true],
      ['size', false],
      ['name', false],
    ],
  )
  t.strictSame(otherColumns, ['id', 't'])
  t.end()
})

/** Every form that names columns, of one row whose heights are under this name. */
const forms: [name: string, url: string, type: string, write: (row: object) => string][] = [
  ['an object', '/invocations', JSON_TYPE, (row) => JSON.stringify(row)],
  ['a list of objects', '/invocations', JSON_TYPE, (row) => JSON.stringify([row])],
  ['instances', '/invocations', JSON_TYPE, (row) => JSON.stringify({ instances: [row] })],
  [
    'dataframe_records',
    '/invocations',
    JSON_TYPE,
    (row) => JSON.stringify({ dataframe_records: [row] }),
  ],
  [
    'dataframe_split',
    '/invocations',
    JSON_TYPE,
    (row) =>
      JSON.stringify({
        dataframe_split: { columns: Object.keys(row), data: [Object.values(row)] },
      }),
  ],
  ['inputs as rows', '/invocations', JSON_TYPE, (row) => JSON.stringify({ inputs: [row] })],
  [
    'inputs as columns',
    '/invocations',
    JSON_TYPE,
    (row) =>
      JSON.stringify({
        inputs: Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, [cell]])),
      }),
  ],
  ['data', '/invocations', JSON_TYPE, (row) => JSON.stringify({ data: row })],
  ['JSON Lines', '/invocations', LINES_TYPE, (row) => `${JSON.stringify(row)}\n`],
  [
    'CSV with a header',
    '/invocations',
    'text/csv;header=present',
    (row) => `${Object.keys(row).join(',')}\n${Object.values(row).join(',')}\n`,
  ],
  [
    'KServe v1',
    '/v1/models/model:predict',
    JSON_TYPE,
    (row) => JSON.stringify({ instances: [row] }),
  ],
  ['an explanation', '/explain', JSON_TYPE, (row) => JSON.stringify(row)],
]

const misspelt = [
  'height',
  'HEIGHT',
  'Height_',
  'Hei-ght',
  'H eight',
  'Hieght',
  'Heigth',
  'Heights',
]

for (const [name, url, type, write] of forms) {
  t.test(`A misspelt optional column is refused: ${name}`, async (t) => {
    const { Height, ...rest } = plain
    for (const key of misspelt) {
      const answer = await post(app, url, type, write({ ...rest, [key]: Height }))
      const detail = new RegExp(`lacks column "Height"; there is "${key}"; did you mean "Height"`)
      checkProblem(t, answer, 400, 'missing_column', detail)
      t.match(placesOf(answer), [{ column: 'Height' }])
    }
    const csv = type.startsWith('text/csv')
    for (const key of ['x', 'weightless', 'id', 't']) {
      const answer = await post(app, url, type, write({ ...rest, [key]: Height }))
      t.equal(answer.statusCode, 200, `${key} is another name`)
      t.equal(answer.headers[HEADER], '2', `${key}: ignored, and a height imputed`)
    }
    const advice = { ...rest, height: Height, Height: csv ? '' : null }
    t.equal((await post(app, url, type, write(advice))).statusCode, 200, 'the advice works')
    const both = await post(app, url, type, write({ ...plain, height: 3 }))
    t.equal(both.statusCode, 200, 'beside the column itself it is another one')
    t.equal(both.headers[HEADER], '1')
  })
}

t.test('only rows that lack the column are refused', async (t) => {
  const { Height: _, ...rest } = plain
  const odd = [
    { ...plain, height: 1 },
    { ...rest, x: 1 },
    { ...rest, height: 1 },
  ]
  const answer = await post(app, '/invocations', JSON_TYPE, JSON.stringify(odd))
  checkProblem(t, answer, 400, 'missing_column', /^row 3 lacks column "Height"/)
})

/** What is sent, and the warnings of it. */
const told: [name: string, row: object, warnings: Partial<RowWarning>[]][] = [
  ['nothing', plain, []],
  [
    'an unknown category with a known one near',
    { ...plain, Colour: 'Deep-Red' },
    [
      {
        code: 'unknown_category',
        column: 'Colour',
        value: 'Deep-Red',
        nearest: 'deep red',
        message: '"Deep-Red" is a category that training has not seen; did you mean "deep red"?',
      },
    ],
  ],
  [
    'an unknown category',
    { ...plain, Colour: 'green' },
    [
      {
        code: 'unknown_category',
        column: 'Colour',
        value: 'green',
        message: '"green" is a category that training has not seen',
      },
    ],
  ],
  [
    'a category of a column that is derived',
    { ...plain, name: 'Dr. X' },
    [
      {
        code: 'unknown_category',
        column: 'name',
        value: 'Dr',
        message: '"title", which is made of "name", is "Dr", a category that training has not seen',
      },
    ],
  ],
  [
    'nothing can be derived',
    { ...plain, name: 'X' },
    [
      {
        code: 'unknown_missing',
        column: 'name',
        message:
          '"title", which is made of "name", is missing, which training has not seen; it counts as no category',
      },
    ],
  ],
  [
    'missing values, of which one is not sent at all',
    { ...plain, Height: undefined, Colour: null },
    [
      {
        code: 'imputed_value',
        column: 'Height',
        imputed: 19.5,
        message: 'the value is missing; 19.5 was taken instead',
      },
      {
        code: 'imputed_value',
        column: 'Colour',
        imputed: 'blue',
        message: 'the value is missing; "blue" was taken instead',
      },
    ],
  ],
  [
    'numbers outside the range',
    { ...plain, Height: 29.5, size: -1 },
    [
      {
        code: 'outside_range',
        column: 'Height',
        value: 29.5,
        message: '29.5 is outside the range of training, 10 to 29',
      },
      {
        code: 'outside_range',
        column: 'size',
        value: -1,
        message: '-1 is outside the range of training, 0 to 3',
      },
    ],
  ],
  ['the ends of the range', { ...plain, Height: 29, size: 0 }, []],
  [
    'columns that are ignored',
    { ...plain, id: 7, other: 'x' },
    [
      {
        code: 'ignored_column',
        column: 'id',
        message:
          '"id" is ignored: the model learned nothing from this column of its training table',
      },
      {
        code: 'ignored_column',
        column: 'other',
        message: '"other" is ignored: the model has no such column',
      },
    ],
  ],
]

/** Every answer that lists warnings: how rows are asked, and where those of a row stand. */
type Read = (body: unknown) => unknown
const listing: [name: string, url: string, type: string, write: (row: object) => string, Read][] = [
  [
    'JSON',
    '/invocations?warnings=true',
    JSON_TYPE,
    (row) => JSON.stringify(row),
    (body) => (body as { predictions: { warnings: unknown }[] }).predictions[0]?.warnings,
  ],
  [
    'parameters in the body',
    '/invocations',
    JSON_TYPE,
    (row) => JSON.stringify({ instances: [row], parameters: { warnings: true } }),
    (body) => (body as { predictions: { warnings: unknown }[] }).predictions[0]?.warnings,
  ],
  [
    'MLflow',
    '/invocations',
    JSON_TYPE,
    (row) => JSON.stringify({ dataframe_records: [row], params: { warnings: true } }),
    (body) => (body as { warnings: unknown[] }).warnings[0],
  ],
  [
    'KServe v1',
    '/v1/models/model:predict?warnings',
    JSON_TYPE,
    (row) => JSON.stringify({ instances: [row] }),
    (body) => (body as { warnings: unknown[] }).warnings[0],
  ],
  ...[
    '/explain',
    '/explain?warnings=true',
    '/explain?format=contributions',
    '/explain?format=contributions&top=1&warnings=true',
    '/v1/models/model:explain',
  ].map((url): (typeof listing)[number] => [
    url,
    url,
    JSON_TYPE,
    (row) => JSON.stringify({ instances: [row] }),
    (body) => (body as { explanations: { warnings: unknown }[] }).explanations[0]?.warnings,
  ]),
  ...['/invocations?warnings=1', '/explain'].map((url): (typeof listing)[number] => [
    `${url} in JSON Lines`,
    url,
    LINES_TYPE,
    (row) => `${JSON.stringify(row)}\n`,
    (body) => (body as { warnings: unknown }).warnings,
  ]),
]

for (const [form, url, type, write, read] of listing) {
  t.test(`warnings are listed: ${form}`, async (t) => {
    for (const [name, row, warnings] of told) {
      const answer = await post(app, url, type, write(row), { accept: type })
      t.equal(answer.statusCode, 200, `${name}: ${answer.body.slice(0, 200)}`)
      // Explanations that nobody asked for warnings have them where there are some.
      const isAsked =
        url.includes('warnings') || form === 'parameters in the body' || form === 'MLflow'
      t.strictSame(read(answer.json()), isAsked || warnings.length > 0 ? warnings : undefined, name)
      t.equal(answer.headers[HEADER], String(warnings.length), `${name}: their count`)
    }
  })
}

t.test('every code occurs in the cases', (t) => {
  const seen = new Set(told.flatMap(([, , warnings]) => warnings.map(({ code }) => code)))
  const all = Object.keys(warningCodes) as WarningCode[]
  t.strictSame([...seen].sort(), all.sort())
  t.end()
})

t.test('answers stay as they are where nobody asks', async (t) => {
  const odd = { ...plain, Colour: 'green', other: 1 }
  const body = JSON.stringify({ instances: [odd, plain] })
  const asks: [url: string, accept: string, headers?: Record<string, string>][] = [
    ['/invocations', JSON_TYPE],
    ['/invocations', LINES_TYPE],
    ['/invocations', 'text/csv'],
    ['/invocations?warnings=true', 'text/csv'],
    ['/invocations?warnings=false', JSON_TYPE],
    ['/invocations', 'application/x-npy'],
    ['/explain?warnings=false', JSON_TYPE],
    ['/explain', 'text/csv'],
    ['/explain?format=clarify', JSON_TYPE],
    ['/v1/models/model:predict', JSON_TYPE],
  ]
  for (const [url, accept] of asks) {
    const answer = await post(app, url, JSON_TYPE, body, { accept })
    t.equal(answer.statusCode, 200, `${url} ${accept}`)
    t.equal(answer.headers[HEADER], '2', 'they are counted')
    t.notMatch(answer.body, /warning|has not seen/, 'and not listed')
  }
  const bare = '[[15,"green",1,"Mr. X"],[15,"blue",1,"Mr. X"]]'
  t.equal((await post(app, '/invocations', JSON_TYPE, bare)).body[0], '[')
  const asked = (await post(app, '/invocations?warnings=true', JSON_TYPE, bare)).json()
  t.strictSame(Object.keys(asked), ['predictions', 'warnings'], 'a bare list has no room')
  t.match(asked.warnings, [[{ code: 'unknown_category' }], []])
})

t.test('custom attributes ask for warnings, too', async (t) => {
  const name = 'x-amzn-sagemaker-custom-attributes'
  const ask = (attributes: string) =>
    post(app, '/invocations', JSON_TYPE, JSON.stringify({ ...plain, x: 1 }), { [name]: attributes })
  t.match((await ask('warnings=true')).json().predictions, [{ warnings: [{ column: 'x' }] }])
  t.match((await ask('a=b;warnings=true')).json().predictions, [{ warnings: [{ column: 'x' }] }])
  t.notMatch((await ask('output=0,alerts=true')).body, /warnings/)
  t.match((await ask('explain=shap')).json().explanations, [{ warnings: [{ column: 'x' }] }])
  t.notMatch((await ask('explain=shap,warnings=false')).body, /warnings/)
  checkProblem(t, await ask('warnings=maybe'), 400, 'invalid_option', /warnings is "maybe"/)
})

t.test('members that the operator selected have their warnings beside them', async (t) => {
  const app = await buildTestApp(t, { model, selection: ['probability'] })
  const body = JSON.stringify({ ...plain, x: 1 })
  for (const accept of [JSON_TYPE, LINES_TYPE]) {
    const answer = await post(app, '/invocations?warnings=1', JSON_TYPE, body, { accept })
    t.match(answer.body, /"probability":[0-9.e-]+,"warnings":\[\{"code":"ignored_column"/)
  }
})

t.test('the Open Inference Protocol counts them', async (t) => {
  const inputs = [
    { name: 'Height', shape: [2], datatype: 'FP64', data: [15, 99] },
    { name: 'Colour', shape: [2], datatype: 'BYTES', data: ['green', 'blue'] },
    { name: 'size', shape: [2], datatype: 'FP64', data: [1, 1] },
    { name: 'name', shape: [2], datatype: 'BYTES', data: ['Mr. X', 'Dr. X'] },
  ]
  const infer = (tensors: object[]) =>
    post(app, '/v2/models/model/infer', JSON_TYPE, JSON.stringify({ inputs: tensors }))
  const answer = await infer(inputs)
  t.equal(answer.headers[HEADER], '3')
  const { outputs } = answer.json() as { outputs: { name: string; data: string[] }[] }
  const explained = outputs.find(({ name }) => name === 'explain')?.data ?? []
  t.match(
    explained.map((line) => JSON.parse(line).warnings),
    [[{ value: 'green' }], [{ value: 99 }, { value: 'Dr' }]],
    'and its explanations list them',
  )
  const odd = inputs.map((input) =>
    input.name === 'Height' ? { ...input, name: 'height' } : input,
  )
  checkProblem(t, await infer(odd), 400, 'unknown_column', /"height".*did you mean "Height"/)
})

t.test('warnings count as bytes of the answer', async (t) => {
  const app = await buildTestApp(t, { model, limits: { maxAnswerBytes: 45_000 } })
  const body = JSON.stringify(
    Array.from({ length: 60 }, () => ({ ...plain, a1: 1, b1: 2, c1: 3, d1: 4, e1: 5 })),
  )
  const ask = (url: string) => post(app, url, JSON_TYPE, body)
  t.equal((await ask('/invocations')).statusCode, 200)
  checkProblem(t, await ask('/invocations?warnings=1'), 413, 'too_large', /warnings=false/)
  t.equal((await ask('/explain?warnings=false')).statusCode, 200)
  checkProblem(t, await ask('/explain'), 413, 'too_large', /warnings=false/)
})

const cell = <T>(values: readonly T[]) => fc.constantFrom(...values)
const anyRow = fc.record(
  {
    Height: cell([10, 29, 30, -1e300, null]),
    Colour: cell(['blue', 'deep red', 'BLUE', 'green', '', null]),
    size: cell([0, 3, 4]),
    name: cell(['Mr. A', 'Mx. B', 'C', 'Ms. D']),
    id: fc.nat(3),
    extra: cell(['x', null]),
    constructor: fc.nat(1),
  },
  { requiredKeys: ['size', 'name'] },
)

t.test('as many warnings are listed as the header says, in every form', () =>
  fc.assert(
    fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 6 }), async (rows) => {
      const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
      const names = ['Height', 'Colour', 'size', 'name', 'extra']
      const csv = [names, ...rows.map((row) => names.map((name) => (row as never)[name] ?? ''))]
      const asks: [url: string, type: string, body: string][] = [
        ['/invocations?warnings=true', JSON_TYPE, JSON.stringify(rows)],
        ['/invocations?warnings=true', JSON_TYPE, JSON.stringify({ dataframe_records: rows })],
        ['/explain', JSON_TYPE, JSON.stringify(rows)],
        ['/explain', LINES_TYPE, lines],
        ['/invocations?warnings=true', LINES_TYPE, lines],
        ['/explain', 'text/csv;header=present', csv.map((row) => `${row.join(',')}\n`).join('')],
      ]
      const counts = await Promise.all(
        asks.map(async ([url, type, body]) => {
          const answer = await post(app, url, type, body, { accept: JSON_TYPE })
          const listed = answer.body.match(/\{"code":/g)?.length ?? 0
          const silent = await post(app, url.replace(/\?.*/, ''), type, body, {
            accept: 'text/csv',
          })
          if (answer.headers[HEADER] !== String(listed)) return `${url} ${type}: ${answer.body}`
          return silent.headers[HEADER] === String(listed) ? listed : 'CSV counts others'
        }),
      )
      const [first, ...others] = counts.slice(0, 5)
      return counts.every((count) => typeof count === 'number') && others.every((n) => n === first)
    }),
    { numRuns: 60 },
  ),
)

t.test('columns may be called what objects inherit', async (t) => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']
  const rows = Array.from({ length: 30 }, (_, i) =>
    [...names.map((_, j) => (j === 0 && i % 7 === 1 ? '' : (i * (j + 2) + j) % 7)), i % 2].join(),
  )
  const odd = await modelOf(`${names.join()},t\n${rows.join('\n')}\n`, {
    target: 't',
    numeric: names.map((column) => ({ column })),
  })
  const app = await buildTestApp(t, { model: odd })
  const values = [1, 2, 3, 4, 0]
  const object = `{${names.map((name, j) => `"${name}":${values[j]}`).join()}}`
  const lists = `{${names.map((name, j) => `"${name}":[${values[j]}]`).join()}}`
  const split = JSON.stringify({ dataframe_split: { columns: names, data: [values] } })
  const expected = (
    await post(app, '/invocations', 'text/csv', values.join(), { accept: 'text/csv' })
  ).body
  t.match(expected, /^0\.\d+\n$/)
  const asks: [url: string, type: string, body: string][] = [
    ['/invocations', JSON_TYPE, object],
    ['/invocations', JSON_TYPE, `[${object}]`],
    ['/invocations', JSON_TYPE, `{"instances":[${object}]}`],
    ['/invocations', JSON_TYPE, `{"dataframe_records":[${object}]}`],
    ['/invocations', JSON_TYPE, `{"inputs":${lists}}`],
    ['/invocations', JSON_TYPE, `{"data":${object}}`],
    ['/invocations', JSON_TYPE, object.replace('__proto__', '\\u005f_proto__')],
    ['/invocations', JSON_TYPE, split],
    ['/invocations', LINES_TYPE, `${object}\n`],
    ['/invocations', 'text/csv;header=present', `${names.join()}\n${values.join()}\n`],
  ]
  for (const [url, type, body] of asks) {
    const answer = await post(app, url, type, body, { accept: 'text/csv' })
    t.equal(answer.statusCode, 200, `${type} ${body}: ${answer.body}`)
    t.equal(answer.body, expected, body)
    t.equal(answer.headers[HEADER], '0', 'everything is understood')
  }
  const explained = (await post(app, '/explain', JSON_TYPE, object)).json()
  t.strictSame(explained.feature_names, names)
  t.strictSame(explained.explanations[0].data, values)
  const gap = object.replace('"__proto__":1', '"__proto__":null')
  const filled = (await post(app, '/explain', JSON_TYPE, gap)).body
  t.match(filled, /"imputed":\{"__proto__":\d/)
  t.match(filled, /"code":"imputed_value","column":"__proto__"/)
  const near = object.replace('__proto__', '__Proto__')
  checkProblem(t, await post(app, '/invocations', JSON_TYPE, near), 400, 'missing_column', /Proto/)
  const tensors = names.map((name, j) => ({
    name,
    shape: [1],
    datatype: 'FP64',
    data: [values[j]],
  }))
  const infer = await post(
    app,
    '/v2/models/model/infer',
    JSON_TYPE,
    JSON.stringify({ inputs: tensors }),
  )
  t.equal(infer.statusCode, 200, infer.body)
  const card = (await app.inject('/model')).body
  t.match(card, /"__proto__"/)
  t.equal((await app.inject('/openapi.json')).statusCode, 200)
  const polluted = {} as Record<string, unknown>
  t.equal(polluted['code'], undefined, 'no prototype was touched')
})

t.test('unknown names cost little, however many resemble a column', async (t) => {
  const names = Array.from({ length: 9_000 }, (_, i) => `some rather long name of a column ${i}`)
  const { Height: _, Colour: __, ...rest } = plain
  const wide = { ...rest, ...Object.fromEntries(names.map((name) => [name, 1])) }
  const answer = await post(app, '/invocations', JSON_TYPE, JSON.stringify(wide))
  t.equal(answer.headers[HEADER], String(9_000 + 2))
  const header = `${names.join()}\n${names.map(() => 1).join()}\n`
  checkProblem(
    t,
    await post(app, '/invocations', 'text/csv;header=present', header),
    400,
    'missing_column',
  )
})

const misspeltOptions: [name: string, meant: string][] = [
  ['warnigns', 'warnings'],
  ['Warnings', 'warnings'],
  ['warning', 'warnings'],
  ['explian', 'explain'],
  ['outptu', 'output'],
  ['max-changes', 'max_changes'],
  ['TOP', 'top'],
]
/** What other programs send, and what resembles ours by chance. */
const others = ['trace-id', 'v', 'to', 'outlet', 'cache_buster', '__proto__', '']

t.test('a misspelt option of predictions is refused wherever it stands', async (t) => {
  const list = JSON.stringify([Object.values(plain)])
  const ways: [where: string, (name: string) => ReturnType<typeof post>][] = [
    ['query', (name) => post(app, `/invocations?${name}=true`, 'text/csv', '15,blue,1,Mr. X')],
    [
      'attributes',
      (name) =>
        post(app, '/invocations', 'text/csv', '15,blue,1,Mr. X', {
          'x-amzn-sagemaker-custom-attributes': `${name}=true`,
        }),
    ],
    [
      'parameters',
      (name) =>
        post(app, '/invocations', JSON_TYPE, `{"instances":${list},"parameters":{"${name}":true}}`),
    ],
    [
      'params',
      (name) =>
        post(
          app,
          '/invocations',
          JSON_TYPE,
          `{"dataframe_records":[${JSON.stringify(plain)}],"params":{"${name}":true}}`,
        ),
    ],
    [
      'KServe',
      (name) => post(app, `/v1/models/model:predict?${name}=1`, JSON_TYPE, `{"instances":${list}}`),
    ],
  ]
  for (const [where, ask] of ways) {
    for (const [name, meant] of misspeltOptions) {
      const detail = new RegExp(`"${name}"; did you mean "${meant}"`)
      checkProblem(t, await ask(name), 400, 'invalid_option', detail)
    }
    for (const name of others) {
      // JSON does not take this key, wherever it stands; one letter in three is near in a query.
      if (name === '__proto__' && where.startsWith('param')) continue
      if (name === 'outlet' && where !== 'attributes') continue
      t.equal((await ask(name)).statusCode, 200, `${name} in ${where} means nothing here`)
    }
  }
})
