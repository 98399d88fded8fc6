/** SageMaker hosting: custom attributes, inference ids, batch transform, selected outputs, Clarify's form. */
import { pino } from 'pino'
import t from 'tap'
import { parseSelection, selectionWarnings } from '../../src/codecs/selection.ts'
import type { AppOptions } from '../../src/http/app.ts'
import { buildTestApp, checkProblem, passenger, post } from '../helper.ts'

const app = await buildTestApp(t)
const ATTRIBUTES = 'x-amzn-sagemaker-custom-attributes'
const CONDITION = 'x-amzn-sagemaker-enable-explanations'
const INFERENCE_ID = 'x-amzn-sagemaker-inference-id'
const JSON_TYPE = 'application/json'
const CSV_TYPE = 'text/csv'
const LINES_TYPE = 'application/jsonlines'

/** One who most likely died, one who most likely lived. */
const two = `${passenger.csv}\n1,"Cumings, Mrs. John",female,38,1,0\n`

interface Clarify {
  readonly version: string
  readonly predictions: { readonly content_type: string; readonly data: string }
  readonly label_headers: readonly string[]
  readonly explanations: {
    readonly kernel_shap?: readonly (readonly ClarifyFeature[] | null)[]
  }
  readonly expected_value: readonly number[]
}

interface ClarifyFeature {
  readonly feature_header: string
  readonly attributions: readonly { readonly attribution: readonly number[] }[]
}

interface Explained {
  readonly output_names: readonly string[]
  readonly base_values: readonly number[]
  readonly feature_names: readonly string[]
  readonly explanations: readonly { readonly shap_values: readonly (readonly number[])[] }[]
}

const invoke = (headers: Readonly<Record<string, string>>, body = two, to = app) =>
  post(to, '/invocations', CSV_TYPE, body, headers)

// Custom attributes

const long = `trace=${'x'.repeat(1018)}`
const attributes: [sent: string, echoed: boolean, explained: boolean][] = [
  ['trace=1', true, false],
  ['c000b4f9-df62-4c85-a0bf-7c525f9104a4', true, false],
  ['a=b;c=d,e', true, false],
  [long, true, false],
  ['top=1', true, false],
  ['explain=false', true, false],
  ['explain=no', true, false],
  ['explain=0;top=nonsense', true, false],
  ['explain=shap', true, true],
  ['explain=SHAP', true, true],
  ['explain=true', true, true],
  [' trace=1 , explain = shap ', true, true],
  ['explain=shap;top=2;trace=9', true, true],
  [`${long}x`, false, false],
  ['tr\u00e4ce=1;explain=shap', false, false],
  ['trace=1%0d%0aset-cookie:x', false, false],
  ['trace=1%0Aexplain=shap', false, false],
  ['a\tb', false, false],
]
for (const [sent, echoed, explained] of attributes) {
  const shown = JSON.stringify(sent.slice(0, 40))
  t.test(
    `custom attributes ${shown} (${sent.length}) are ${echoed ? '' : 'not '}echoed`,
    async (t) => {
      const answer = await invoke({ [ATTRIBUTES]: sent })
      t.equal(answer.statusCode, 200)
      t.equal(answer.headers[ATTRIBUTES], echoed ? sent : undefined)
      const body = answer.json()
      t.equal('explanations' in body, explained, explained ? 'explained' : 'predicted')
      t.equal('predictions' in body, !explained)
    },
  )
}

t.test('no attribute is answered to a request that sent none', async (t) => {
  t.notOk(ATTRIBUTES in (await invoke({})).headers)
})

t.test('attributes are echoed by a refusal too', async (t) => {
  const answer = await invoke({ [ATTRIBUTES]: 'trace=1' }, 'nonsense')
  checkProblem(t, answer, 400, 'wrong_width')
  t.equal(answer.headers[ATTRIBUTES], 'trace=1')
})

const sameAsExplain: [attributes: string, query: string, accept: string][] = [
  ['explain=shap', '', JSON_TYPE],
  ['explain=shap;output=all', '?output=all', JSON_TYPE],
  ['explain=shap,top=2,output=0', '?top=2&output=0', JSON_TYPE],
  ['level=features;explain=shap', '?level=features', JSON_TYPE],
  ['explain=shap;format=contributions;top=3', '?format=contributions&top=3', JSON_TYPE],
  ['explain=shap;format=clarify', '?format=clarify', JSON_TYPE],
  ['explain=shap', '', CSV_TYPE],
  ['explain=shap;top=1', '?top=1', LINES_TYPE],
]
for (const [sent, query, accept] of sameAsExplain) {
  t.test(`${sent} answers ${accept} as /explain${query} does`, async (t) => {
    const answer = await invoke({ [ATTRIBUTES]: sent, accept })
    const expected = await post(app, `/explain${query}`, CSV_TYPE, two, { accept })
    t.equal(answer.statusCode, 200)
    t.equal(answer.headers['content-type'], expected.headers['content-type'])
    t.equal(answer.body, expected.body)
  })
}

const wrongAttributes: [sent: string, detail: RegExp][] = [
  ['explain=shop', /explain is "shop".*did you mean "shap"/],
  ['explain=', /explain is ""/],
  ['explain', /explain is ""/],
  ['explain=shap;top=0', /top is "0"/],
  ['explain=shap;output=2', /output is "2"/],
  ['explain=shap;format=xml', /format is "xml"/],
  ['explain=shap;level', /level is ""/],
]
for (const [sent, detail] of wrongAttributes) {
  t.test(`custom attributes ${sent} are refused`, async (t) => {
    checkProblem(t, await invoke({ [ATTRIBUTES]: sent }), 400, 'invalid_option', detail)
  })
}

t.test('explanations asked by attributes have the types of explanations', async (t) => {
  const headers = { [ATTRIBUTES]: 'explain=shap', accept: 'image/svg+xml' }
  const answer = await invoke(headers, passenger.csv)
  t.equal(answer.headers['content-type'], 'image/svg+xml')
  checkProblem(t, await invoke({ accept: 'image/svg+xml' }), 406, 'not_acceptable')
})

// The log

const ids: [sent: string, logged: boolean][] = [
  ['order-4711', true],
  ['x'.repeat(64), true],
  ['x'.repeat(65), false],
  ['a b', false],
  ['\u00e4', false],
  ['', false],
]
for (const [sent, logged] of ids) {
  t.test(`an inference id ${JSON.stringify(sent)} is ${logged ? '' : 'not '}logged`, async (t) => {
    const lines: string[] = []
    const logger = pino({}, { write: (line) => void lines.push(line) })
    const app = await buildTestApp(t, { logger })
    await invoke({ [INFERENCE_ID]: sent }, passenger.csv, app)
    await invoke({ [INFERENCE_ID]: sent }, 'nonsense', app)
    const found = lines.map((line) => (JSON.parse(line) as Record<string, unknown>).inference_id)
    t.strictSame(found, logged ? [sent, sent] : [undefined, undefined])
  })
}

// Batch transform

const parameters: [options: Partial<AppOptions>, concurrent: number, megabytes: number][] = [
  [{ maxBodyBytes: 1 << 20, maxConcurrent: 1 }, 1, 1],
  [{ maxBodyBytes: 1000, maxConcurrent: 2 }, 2, 1],
  [{ maxBodyBytes: 6.5 * (1 << 20), maxConcurrent: 3 }, 3, 6],
  [{ maxBodyBytes: 25 << 20, maxConcurrent: 4 }, 4, 25],
  [{ maxBodyBytes: 300 << 20, maxConcurrent: 1 }, 1, 100],
]
for (const [{ maxBodyBytes = 0, maxConcurrent = 0 }, concurrent, megabytes] of parameters) {
  t.test(`batch transform is told of ${maxConcurrent} x ${maxBodyBytes} bytes`, async (t) => {
    const app = await buildTestApp(t, { maxBodyBytes, maxConcurrent })
    const answer = await app.inject({ url: '/execution-parameters' })
    t.equal(answer.statusCode, 200)
    t.equal(answer.headers['content-type'], JSON_TYPE)
    t.strictSame(answer.json(), {
      MaxConcurrentTransforms: concurrent,
      BatchStrategy: 'MULTI_RECORD',
      MaxPayloadInMB: megabytes,
    })
  })
}

t.test('batch transform is never told more than 100 MB at once', async (t) => {
  for (const maxConcurrent of [1, 3, 8, 64, 200]) {
    for (const megabytes of [1, 6, 25, 100]) {
      const app = await buildTestApp(t, { maxConcurrent, maxBodyBytes: megabytes << 20 })
      const told = (await app.inject({ url: '/execution-parameters' })).json()
      t.ok(
        told.MaxConcurrentTransforms >= 1 &&
          told.MaxPayloadInMB >= 1 &&
          told.MaxConcurrentTransforms * told.MaxPayloadInMB <= 100,
        `${maxConcurrent} x ${megabytes} MB: ${JSON.stringify(told)}`,
      )
    }
  }
})

// Selectable inference

t.test('the operator selects members', async (t) => {
  const plain = (await invoke({})).json().predictions as {
    predicted_label: number
    score: number
    probabilities: Record<string, number>
  }[]
  const selected = plain.map(({ predicted_label, score, probabilities }) => ({
    predicted_label,
    labels: [0, 1],
    probability: score,
    probabilities: [probabilities['0'], probabilities['1']],
    raw_score: score,
    raw_scores: [probabilities['0'], probabilities['1']],
  }))
  type Name = keyof (typeof selected)[number]
  const only = (names: readonly Name[]) =>
    selected.map((row) => Object.fromEntries(names.map((name) => [name, row[name]])))
  const cases: [text: string, members: Name[], fields: Name[]][] = [
    ['predicted_label', ['predicted_label'], ['predicted_label']],
    [
      'Probability, predicted_label',
      ['predicted_label', 'probability'],
      ['probability', 'predicted_label'],
    ],
    ['raw_scores,labels', ['labels', 'raw_scores'], ['raw_scores', 'labels']],
    [
      'predicted_label,labels,probability,probabilities,raw_score,raw_scores',
      ['predicted_label', 'labels', 'probability', 'probabilities', 'raw_score', 'raw_scores'],
      ['predicted_label', 'labels', 'probability', 'probabilities', 'raw_score', 'raw_scores'],
    ],
  ]
  for (const [text, members, fields] of cases) {
    await t.test(text, async (t) => {
      const selection = parseSelection(text)
      const app = await buildTestApp(t, selection ? { selection } : {})
      const json = await invoke({}, two, app)
      t.equal(json.body, JSON.stringify({ predictions: only(members) }), 'JSON, in fixed order')
      const lines = await invoke({ accept: LINES_TYPE }, two, app)
      const expected = only(members).map((row) => `${JSON.stringify(row)}\n`)
      t.equal(lines.body, expected.join(''), 'JSON Lines')
      const csv = await invoke({ accept: CSV_TYPE }, two, app)
      const written = selected.map((row) =>
        fields
          .map((name) => row[name])
          .map((value) => (Array.isArray(value) ? `"[${value.join(', ')}]"` : value))
          .join(','),
      )
      t.equal(csv.body.trimEnd(), written.join('\n'), 'CSV, in the order asked')
      const npy = await invoke({ accept: 'application/x-npy' }, two, app)
      const numbers = selected.flatMap((row) => fields.flatMap((name) => row[name]))
      const data = npy.rawPayload.subarray(-8 * numbers.length)
      t.strictSame(
        numbers.map((_, i) => data.readDoubleLE(8 * i)),
        numbers,
        'npy, in the order asked',
      )
      const records = await invoke({ accept: 'application/x-recordio-protobuf' }, two, app)
      for (const name of fields) t.match(records.body, new RegExp(`\\b${name}\\x12`))
      const bare = await post(app, '/invocations', JSON_TYPE, JSON.stringify([passenger.list]))
      t.strictSame(bare.json(), { predictions: only(members).slice(0, 1) }, 'to a bare list too')
      const kserve = await post(
        app,
        '/v1/models/model:predict',
        JSON_TYPE,
        JSON.stringify({ instances: [passenger.list] }),
      )
      t.strictSame(kserve.json(), { predictions: [plain[0]?.predicted_label] }, 'not of KServe')
    })
  }
})

for (const text of ['', ' ', ',', ' , ,']) {
  t.test(`${JSON.stringify(text)} selects nothing`, (t) => {
    t.equal(parseSelection(text), undefined)
    t.end()
  })
}

t.test('what a classifier does not have is answered as missing, and warned of', async (t) => {
  const selection = parseSelection('predicted_score,predicted_label,__proto__') as string[]
  t.match(selectionWarnings(selection), [
    /"predicted_score" does not exist and is answered as null; a classifier has .*did you mean/,
    /"__proto__" does not exist/,
  ])
  t.strictSame(selectionWarnings(parseSelection('labels,raw_scores') as string[]), [])
  const app = await buildTestApp(t, { selection })
  const body = passenger.csv
  const json = await post(app, '/invocations', CSV_TYPE, body, { accept: JSON_TYPE })
  t.equal(
    json.body,
    '{"predictions":[{"predicted_label":0,"predicted_score":null,"__proto__":null}]}',
  )
  const csv = await post(app, '/invocations', CSV_TYPE, body, { accept: CSV_TYPE })
  t.equal(csv.body.trimEnd(), ',0,')
  const npy = await post(app, '/invocations', CSV_TYPE, body, { accept: 'application/x-npy' })
  const values = npy.rawPayload.subarray(-24)
  t.strictSame(
    [0, 8, 16].map((at) => values.readDoubleLE(at)),
    [Number.NaN, 0, Number.NaN],
  )
  const type = 'application/x-recordio-protobuf'
  const records = await post(app, '/invocations', CSV_TYPE, body, { accept: type })
  t.equal(records.statusCode, 200)
  t.ok(records.body.includes('predicted_score\x12'))
})

// Explanations that the body asks for

t.test('the parameters of a body may ask for explanations', async (t) => {
  const instances = [passenger.list]
  const ask = (url: string, parameters: unknown, headers = {}, key = 'parameters') =>
    post(app, url, JSON_TYPE, JSON.stringify({ instances, [key]: parameters }), headers)
  for (const explain of ['shap', true, 1, 'TRUE']) {
    const answer = await ask('/invocations', { explain, top: 2 })
    t.equal(answer.statusCode, 200)
    t.equal(answer.body, (await ask('/explain', { top: 2 })).body, String(explain))
  }
  const params = await ask('/invocations', { explain: 'shap' }, {}, 'params')
  t.equal(params.body, (await ask('/explain', {})).body, "MLflow's name")
  const accept = { accept: CSV_TYPE }
  const csv = await ask('/invocations', { explain: 'shap' }, accept)
  t.equal(csv.body, (await ask('/explain', {}, accept)).body)
  const plain = await ask('/invocations', {})
  for (const explain of [false, 0, null, 'no']) {
    t.equal((await ask('/invocations', { explain })).body, plain.body, String(explain))
  }
  const condition = { [CONDITION]: '`true`' }
  const both = await ask('/invocations', { explain: 'shap' }, condition)
  t.equal(both.body, (await ask('/explain', {})).body, 'before a condition')
  for (const explain of ['lime', 2, {}, ['shap']]) {
    const answer = await ask('/invocations', { explain })
    checkProblem(t, answer, 400, 'invalid_option', /explain is .*parameters/)
  }
  const unknown = await ask('/invocations', { explain: 'shap', tpo: 2 })
  checkProblem(t, unknown, 400, 'invalid_option', /"tpo"/)
  const npy = await ask('/invocations', { explain: 'shap' }, { accept: 'application/x-npy' })
  checkProblem(t, npy, 406, 'not_acceptable', /holds no explanations/)
})

// Explanations beside predictions, in Clarify's form

/** Conditions, the type they are evaluated on, and for which of the two rows they are true. */
const conditions: [condition: string, accept: string, wanted: [boolean, boolean]][] = [
  ['`true`', JSON_TYPE, [true, true]],
  ['`true`', CSV_TYPE, [true, true]],
  ['`false`', JSON_TYPE, [false, false]],
  ['`false`', CSV_TYPE, [false, false]],
  ['score>`0.5`', JSON_TYPE, [false, true]],
  ['score>`0.5`', LINES_TYPE, [false, true]],
  ['score<=`0.5`', JSON_TYPE, [true, false]],
  ['predicted_label==`1`', JSON_TYPE, [false, true]],
  ['predicted_label!=`1`', LINES_TYPE, [true, false]],
  ['probabilities."0">`0.5`', JSON_TYPE, [true, false]],
  ['!(score>`0.5`)', JSON_TYPE, [true, false]],
  ['score>`0.5` && predicted_label==`0`', JSON_TYPE, [false, false]],
  ["contains(keys(@),'score')", JSON_TYPE, [true, true]],
  ['max(values(probabilities))==score', JSON_TYPE, [false, true]],
  ['[0]>`0.5`', CSV_TYPE, [false, true]],
  ['@[0]<`0.5`', CSV_TYPE, [true, false]],
  ['length(@)==`1`', CSV_TYPE, [true, true]],
  [`\`true\`${' '.repeat(58)}`.slice(0, 64), JSON_TYPE, [true, true]],
]
for (const [condition, accept, wanted] of conditions) {
  t.test(`${condition} over ${accept} explains ${JSON.stringify(wanted)}`, async (t) => {
    const answer = await invoke({ [CONDITION]: condition, accept })
    t.equal(answer.statusCode, 200)
    t.equal(answer.headers['content-type'], JSON_TYPE, 'always JSON')
    const clarify = answer.json() as Clarify
    t.equal(clarify.version, '1.0')
    const plain = await invoke({ accept })
    t.strictSame(
      clarify.predictions,
      { content_type: accept, data: plain.body },
      'the predictions as they are answered alone',
    )
    const explained = (await post(app, '/explain', CSV_TYPE, two)).json() as Explained
    t.strictSame(clarify.label_headers, explained.output_names)
    t.strictSame(clarify.expected_value, explained.base_values)
    const kernelShap = explained.explanations.map(({ shap_values: [values = []] }, row) =>
      wanted[row]
        ? explained.feature_names.map((feature, j) => ({
            feature_header: feature,
            attributions: [{ attribution: [values[j]] }],
          }))
        : null,
    )
    t.strictSame(
      clarify.explanations,
      wanted.some(Boolean) ? { kernel_shap: kernelShap } : {},
      'one list per record, null where none was wanted',
    )
  })
}

const invalid: [condition: string, accept: string, detail: RegExp][] = [
  ['', JSON_TYPE, /condition/],
  ['score>', JSON_TYPE, /cannot be evaluated/],
  ['[[', JSON_TYPE, /cannot be evaluated/],
  ['score>0.5', JSON_TYPE, /cannot be evaluated/],
  ['nosuch(@)', JSON_TYPE, /calls "nosuch"/],
  ['sum(@)', JSON_TYPE, /cannot be evaluated/],
  ['nothing', JSON_TYPE, /gives null, neither true nor false/],
  ['score', JSON_TYPE, /neither true nor false/],
  ["'true'", JSON_TYPE, /gives "true", neither/],
  ['[0]>`0.5`', JSON_TYPE, /gives null/],
  ['score>`0.5`', CSV_TYPE, /gives null/],
  ['@', CSV_TYPE, /neither true nor false/],
  ['&@', JSON_TYPE, /neither true nor false/],
  ['\u00e4', JSON_TYPE, /condition/],
  [`\`true\`${'&&`true`'.repeat(8)}`, JSON_TYPE, /70 characters, at most 64/],
]
for (const [condition, accept, detail] of invalid) {
  t.test(`the condition ${JSON.stringify(condition)} over ${accept} is refused`, async (t) => {
    checkProblem(t, await invoke({ [CONDITION]: condition, accept }), 400, 'invalid_option', detail)
  })
}

t.test('a condition cannot make a text of 100 MB', async (t) => {
  const answer = await invoke({ [CONDITION]: "pad_left('a',`100000000`)=='a'" })
  checkProblem(t, answer, 400, 'invalid_option')
})

t.test('a condition on which nothing is explained costs no explanation', async (t) => {
  const app = await buildTestApp(t, { limits: { maxSeconds: 0 } })
  const none = await invoke({ [CONDITION]: '`false`' }, two, app)
  t.equal(none.statusCode, 200)
  t.strictSame(none.json().explanations, {})
  checkProblem(t, await invoke({ [CONDITION]: '`true`' }, two, app), 413, 'too_expensive')
})

t.test('a condition is evaluated on the record that is answered', async (t) => {
  const selection = parseSelection('predicted_label,probability')
  const app = await buildTestApp(t, selection ? { selection } : {})
  for (const [condition, accept] of [
    ['probability>`0.5`', JSON_TYPE],
    ['probability>`0.5`', LINES_TYPE],
    ['[1]>`0.5`', CSV_TYPE],
  ] as const) {
    const answer = await invoke({ [CONDITION]: condition, accept }, two, app)
    t.equal(answer.statusCode, 200, `${condition} over ${accept}`)
    const { kernel_shap: [first, second] = [] } = (answer.json() as Clarify).explanations ?? {}
    t.equal(first, null)
    t.ok(second)
  }
})

t.test("the operator's condition holds where a request says nothing", async (t) => {
  const app = await buildTestApp(t, { enableExplanations: 'score>`0.5`' })
  const wantedOf = async (headers: Readonly<Record<string, string>>) =>
    ((await invoke(headers, two, app)).json() as Clarify).explanations.kernel_shap?.map(Boolean)
  t.strictSame(await wantedOf({}), [false, true], 'default')
  t.strictSame(await wantedOf({ [CONDITION]: '`true`' }), [true, true], 'the request wins')
  t.strictSame(await wantedOf({ [CONDITION]: '`false`' }), undefined)
  const attributed = await invoke({ [ATTRIBUTES]: 'explain=shap' }, two, app)
  t.ok(Array.isArray(attributed.json().explanations), 'explain=shap wins')
  const explained = await post(app, '/explain', CSV_TYPE, two)
  t.ok(Array.isArray(explained.json().explanations), '/explain is as ever')
})

t.test('no rows are answered in the form of Clarify', async (t) => {
  const answer = await invoke({ [CONDITION]: 'nothing' }, `${passenger.header}\n`)
  t.equal(answer.statusCode, 200)
  t.match(answer.json(), { version: '1.0', predictions: { data: '{"predictions":[]}' } })
})

const clarifyQueries: [query: string, like: string, names: string[]][] = [
  ['format=clarify', '', ['1']],
  ['format=clarify&output=0', 'output=0', ['0']],
  ['format=clarify&output=all', 'output=all', ['0', '1']],
  ['format=clarify&level=features', 'level=features', ['1']],
]
for (const [query, like, names] of clarifyQueries) {
  t.test(`/explain?${query} answers what Clarify does`, async (t) => {
    for (const accept of [JSON_TYPE, CSV_TYPE, LINES_TYPE, '*/*']) {
      const answer = await post(app, `/explain?${query}`, CSV_TYPE, two, { accept })
      t.equal(answer.statusCode, 200)
      t.equal(answer.headers['content-type'], JSON_TYPE, 'always JSON')
      const clarify = answer.json() as Clarify
      const expected = (await post(app, `/explain?${like}`, CSV_TYPE, two)).json() as Explained
      const scores = await invoke({ accept: CSV_TYPE })
      t.strictSame(clarify.predictions, { content_type: CSV_TYPE, data: scores.body })
      t.strictSame(clarify.label_headers, names)
      t.strictSame(clarify.expected_value, expected.base_values)
      t.strictSame(
        clarify.explanations.kernel_shap?.map((features) =>
          features?.map(({ feature_header, attributions }) => [
            feature_header,
            attributions.map(({ attribution }) => attribution),
          ]),
        ),
        expected.explanations.map(({ shap_values }) =>
          expected.feature_names.map((name, j) => [name, [shap_values.map((values) => values[j])]]),
        ),
      )
    }
  })
}

t.test('an answer in the form of Clarify is never larger than the limit', async (t) => {
  const rows = two.repeat(25)
  for (const [url, headers] of [
    ['/explain?format=clarify', {}],
    ['/explain?format=clarify&output=all', {}],
    ['/explain?format=clarify&level=features', {}],
    ['/invocations', { [CONDITION]: '`true`' }],
    ['/invocations', { [CONDITION]: '`true`', accept: LINES_TYPE }],
  ] as const) {
    const free = await post(app, url, CSV_TYPE, rows, headers)
    t.equal(free.statusCode, 200)
    const bound = await buildTestApp(t, { limits: { maxAnswerBytes: free.rawPayload.length - 1 } })
    const answer = await post(bound, url, CSV_TYPE, rows, headers)
    t.equal(answer.statusCode, 413, `${url} ${free.rawPayload.length} bytes`)
  }
})
