/** Clarify's form over linear models: attributions of the score beside them, and options from every entrance. */
import type { LightMyRequestResponse } from 'fastify'
import t from 'tap'
import type { LoadedModel } from '../../src/model-directory/read.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { buildTestApp, checkProblem, post } from '../helper.ts'
import { trainSmall } from '../model-directory/model-files.ts'

const JSON_TYPE = 'application/json'
const CSV_TYPE = 'text/csv'
const LINES_TYPE = 'application/jsonlines'
const ATTRIBUTES = 'x-amzn-sagemaker-custom-attributes'
const CONDITION = { 'x-amzn-sagemaker-enable-explanations': '`true`' }

async function build(classes: readonly string[]) {
  const artifact = await trainSmall('logistic_regression', classes)
  const predictor = buildPredictor(artifact)
  const model: LoadedModel = { artifact, predictor, files: new Map(), extraFiles: [] }
  const app = await buildTestApp(t, { model })
  const names = artifact.preprocessor.inputs.map(({ name }) => name)
  const rows = [0, 1, 2].map((i) =>
    artifact.preprocessor.inputs.map(({ type, range, categories }) =>
      type === 'number'
        ? (range?.minimum ?? 0) + (i / 2) * ((range?.maximum ?? 1) - (range?.minimum ?? 0))
        : (categories?.[i % categories.length] ?? 'x'),
    ),
  )
  return { app, names, rows }
}

interface Clarify {
  readonly predictions: { readonly content_type: string; readonly data: string }
  readonly label_headers: readonly string[]
  readonly explanations: {
    readonly kernel_shap: readonly {
      readonly attributions: readonly [{ readonly attribution: readonly number[] }]
    }[][]
  }
  readonly expected_value: readonly number[]
  readonly space: string
}

/** [row][score column]: what the attributions of a Clarify answer add up to. */
const sumsOf = ({ explanations, expected_value: expected }: Clarify) =>
  explanations.kernel_shap.map((columns) =>
    expected.map((base, k) =>
      columns.reduce((sum, { attributions: [{ attribution }] }) => sum + attribution[k]!, base),
    ),
  )

const scoresOf = (data: string) =>
  data
    .trimEnd()
    .split('\n')
    .map((line) => line.split(',').map(Number))

const farthest = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]) =>
  Math.max(...a.flatMap((row, i) => row.map((value, k) => Math.abs(value - b[i]![k]!))))

for (const classes of [
  ['n', 'p'],
  ['a', 'b', 'c'],
]) {
  t.test(
    `attributions of ${classes.length} classes add up to the scores beside them`,
    async (t) => {
      const { app, rows } = await build(classes)
      const csv = rows.map((row) => `${row.join(',')}\n`).join('')
      const asked: [name: string, answer: LightMyRequestResponse][] = [
        ['a query', await post(app, '/explain?format=clarify', CSV_TYPE, csv)],
        [
          'a condition',
          await post(app, '/invocations', CSV_TYPE, csv, { ...CONDITION, accept: CSV_TYPE }),
        ],
        [
          'attributes',
          await post(app, '/invocations', CSV_TYPE, csv, {
            [ATTRIBUTES]: 'explain=shap,format=clarify',
          }),
        ],
        [
          'KServe',
          await post(
            app,
            '/v1/models/model:explain?format=clarify',
            JSON_TYPE,
            JSON.stringify({ instances: rows }),
          ),
        ],
      ]
      for (const [name, answer] of asked) {
        t.equal(answer.statusCode, 200, name)
        const clarify = answer.json() as Clarify
        t.equal(clarify.space, 'probability', name)
        const far = farthest(sumsOf(clarify), scoresOf(clarify.predictions.data))
        t.ok(far <= 1e-12, `${name}: ${far}`)
      }
      const logOdds = await post(app, '/explain?format=clarify&space=log_odds', CSV_TYPE, csv)
      const clarify = logOdds.json() as Clarify
      t.equal(clarify.space, 'log_odds')
      const far = farthest(sumsOf(clarify), scoresOf(clarify.predictions.data))
      t.ok(far > 0.01, 'log-odds are other numbers')
      const own = await post(app, '/explain', CSV_TYPE, csv)
      t.equal(own.json().space, 'log_odds', "the model's own form has the model's own space")
    },
  )
}

const { app, names, rows } = await build(['n', 'p'])
const csv = rows.map((row) => `${row.join(',')}\n`).join('')
const body = (rest: object = {}) => JSON.stringify({ instances: rows, ...rest })
const tensors = (rest: object = {}) =>
  JSON.stringify({
    id: '1',
    inputs: names.map((name, j) => ({
      name,
      shape: [rows.length],
      datatype: typeof rows[0]![j] === 'number' ? 'FP64' : 'BYTES',
      data: rows.map((row) => row[j]),
    })),
    ...rest,
  })
const spaceOfTensors = (answer: LightMyRequestResponse) => {
  const { outputs } = answer.json() as { outputs: { name: string; data: string[] }[] }
  const texts = outputs.find(({ name }) => name === 'explain')?.data ?? []
  return (JSON.parse(texts[0] ?? '{}') as { base_values?: number[] }).base_values
}

/** The base values say which space an answer is in, also where it does not name it. */
const bases = Object.fromEntries(
  await Promise.all(
    ['log_odds', 'probability'].map(async (space) => {
      const answer = await post(app, `/explain?space=${space}`, JSON_TYPE, body())
      return [space, answer.json().base_values as number[]] as const
    }),
  ),
)

type Entrance = (space: string) => Promise<LightMyRequestResponse>
const clarified: [name: string, ask: Entrance][] = [
  [
    'a query beside a condition',
    (space) => post(app, `/invocations?space=${space}`, CSV_TYPE, csv, CONDITION),
  ],
  [
    'an attribute beside a condition',
    (space) =>
      post(app, '/invocations', CSV_TYPE, csv, { ...CONDITION, [ATTRIBUTES]: `space=${space}` }),
  ],
  [
    'parameters beside a condition',
    (space) => post(app, '/invocations', JSON_TYPE, body({ parameters: { space } }), CONDITION),
  ],
  [
    'params before an attribute before a query',
    (space) =>
      post(app, '/invocations?space=x', JSON_TYPE, body({ params: { space, temperature: 1 } }), {
        ...CONDITION,
        [ATTRIBUTES]: 'space=y',
      }),
  ],
  [
    'attributes',
    (space) =>
      post(app, '/invocations', CSV_TYPE, csv, {
        [ATTRIBUTES]: `explain=shap,format=clarify,space=${space}`,
      }),
  ],
  ['a query', (space) => post(app, `/explain?format=clarify&space=${space}`, CSV_TYPE, csv)],
  [
    'a query of /invocations',
    (space) => post(app, `/invocations?explain=shap&format=clarify&space=${space}`, CSV_TYPE, csv),
  ],
  [
    'parameters of /explain',
    (space) => post(app, '/explain', JSON_TYPE, body({ parameters: { format: 'clarify', space } })),
  ],
  [
    'parameters of /invocations',
    (space) =>
      post(
        app,
        '/invocations',
        JSON_TYPE,
        body({ parameters: { explain: true, format: 'clarify', space } }),
      ),
  ],
  [
    'an attribute beside parameters',
    (space) =>
      post(
        app,
        '/invocations',
        JSON_TYPE,
        body({ parameters: { explain: true, format: 'clarify' } }),
        {
          [ATTRIBUTES]: `space=${space}`,
        },
      ),
  ],
  [
    "KServe's query",
    (space) =>
      post(app, `/v1/models/model:explain?format=clarify&space=${space}`, JSON_TYPE, body()),
  ],
  [
    "KServe's parameters",
    (space) =>
      post(
        app,
        '/v1/models/model:explain',
        JSON_TYPE,
        body({ parameters: { format: 'clarify', space } }),
      ),
  ],
]
for (const [name, ask] of clarified) {
  t.test(`the space asked by ${name} is honoured in the form of Clarify`, async (t) => {
    for (const space of ['log_odds', 'probability']) {
      const answer = await ask(space)
      t.equal(answer.statusCode, 200, answer.body)
      const { space: said, expected_value: expected } = answer.json() as Clarify
      t.equal(said, space)
      t.strictSame(expected, bases[space])
    }
    const detail = /space is "log-odds".*did you mean "log_odds"/
    checkProblem(t, await ask('log-odds'), 400, 'invalid_option', detail)
  })
}

const INFER = '/v2/models/model/infer'
const inTensors: [name: string, ask: Entrance][] = [
  ['a query', (space) => post(app, `${INFER}?space=${space}`, JSON_TYPE, tensors())],
  [
    'parameters',
    (space) => post(app, INFER, JSON_TYPE, tensors({ parameters: { space, priority: 1 } })),
  ],
  [
    'parameters of the output, before others',
    (space) =>
      post(
        app,
        `${INFER}?space=x`,
        JSON_TYPE,
        tensors({
          parameters: { space: 'y' },
          outputs: [{ name: 'explain', parameters: { space, binary_data: false } }],
        }),
      ),
  ],
]
for (const [name, ask] of inTensors) {
  t.test(`the space asked by ${name} is honoured in tensors`, async (t) => {
    for (const space of ['log_odds', 'probability']) {
      const answer = await ask(space)
      t.equal(answer.statusCode, 200, answer.body)
      t.strictSame(spaceOfTensors(answer), bases[space])
    }
    checkProblem(t, await ask('nope'), 400, 'invalid_option', /space is "nope"/)
  })
}

t.test(
  'options of explanations in tensors are those of /explain, as far as there is room',
  async (t) => {
    const ask = (parameters: object) =>
      post(app, INFER, JSON_TYPE, tensors({ parameters, outputs: [{ name: 'explain' }] }))
    for (const options of [
      { output: 'all' },
      { top: 1 },
      { level: 'features' },
      { counterfactual: 'p' },
    ]) {
      const answer = await ask(options)
      t.equal(answer.statusCode, 200, answer.body)
      const lines = await post(app, '/explain', JSON_TYPE, body({ parameters: options }), {
        accept: LINES_TYPE,
      })
      t.strictSame(answer.json().outputs[0].data, lines.body.trimEnd().split('\n'))
    }
    for (const format of ['clarify', 'contributions']) {
      checkProblem(t, await ask({ format }), 400, 'invalid_option', /format is .*format=json/)
    }
    checkProblem(t, await ask({ outptu: 'all' }), 400, 'invalid_option', /did you mean "output"/)
  },
)

t.test('a condition is answered in the form of Clarify and in no other', async (t) => {
  const ask = (attributes: string) =>
    post(app, '/invocations', CSV_TYPE, csv, { ...CONDITION, [ATTRIBUTES]: attributes })
  const plain = await post(app, '/invocations', CSV_TYPE, csv, CONDITION)
  for (const attributes of ['trace=1', 'format=clarify', 'scale=log_odds']) {
    t.equal((await ask(attributes)).body, plain.body, attributes)
  }
  const nearly = await ask('spaces=log_odds')
  checkProblem(t, nearly, 400, 'invalid_option', /"spaces"; did you mean "space"/)
  checkProblem(t, await ask('format=json'), 400, 'invalid_option', /format is "json", but/)
  const near = await post(app, '/invocations?spaces=log_odds', CSV_TYPE, csv, CONDITION)
  checkProblem(t, near, 400, 'invalid_option', /"spaces"; did you mean "space"/)
})

t.test('what stands beside predictions changes none of them', async (t) => {
  const plain = await post(app, '/invocations', CSV_TYPE, csv)
  for (const url of [
    '/invocations?space=nope',
    '/invocations?scale=1&x=2',
    '/invocations?explain=0',
  ]) {
    t.equal((await post(app, url, CSV_TYPE, csv, { [ATTRIBUTES]: 'top=0' })).body, plain.body, url)
  }
  for (const explain of ['shop', '', 'shap&explain=shap']) {
    const answer = await post(app, `/invocations?explain=${explain}`, CSV_TYPE, csv)
    checkProblem(t, answer, 400, 'invalid_option', /explain is .* in the query/)
  }
})
