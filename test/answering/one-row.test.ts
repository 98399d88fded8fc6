/** The way of one row against the general one: the same text, the same counts, over random plans, models and bodies. */
import fc from 'fast-check'
import t from 'tap'
import type { JobResult, RowJob } from '../../src/answering/job.ts'
import { type OneRowAsk, oneRowOf } from '../../src/answering/one-row.ts'
import { runJob } from '../../src/answering/run-job.ts'
import { createRandom, type Random } from '../../src/data/random.ts'
import { InputError } from '../../src/errors.ts'
import type { ModelSpec } from '../../src/models/model.ts'
import { buildPredictor, type Predictor } from '../../src/predictor/predictor.ts'
import type { AnyTransformer } from '../../src/preprocess/index.ts'
import type {
  ColumnStep,
  InputColumn,
  PreprocessorSpec,
} from '../../src/preprocess/preprocessor.ts'
import { buildPreprocessor } from '../../src/preprocess/preprocessor.ts'
import { loadCheckpoint, mutants, passenger } from '../helper.ts'
import { randomEnsemble } from '../trees/random-ensembles.ts'

const limits = { maxRows: 10, maxAnswerBytes: 1 << 20, maxSeconds: 50 }
const JSON_TYPE = 'application/json'
const CSV_TYPE = 'text/csv'

/** What the general way makes of a body; it is asked by a parameter that only it takes. */
async function answerGenerally(
  predictor: Predictor,
  body: string,
  { operation, sent, accepted, limits }: OneRowAsk,
): Promise<JobResult | InputError> {
  const job: RowJob = {
    operation,
    body: Buffer.from(body),
    media: { essence: sent, parameters: new Map() },
    answer: { essence: accepted, parameters: new Map([['in', 'general']]) },
    options: [],
    limits,
  }
  try {
    return (await runJob(predictor, job, false)) as JobResult
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
}

/** Whether the way of one row took a body; throws where it answers otherwise than the general way. */
async function compare(predictor: Predictor, body: string, ask: OneRowAsk): Promise<boolean> {
  const found = oneRowOf(predictor)(body, ask)
  if (!found) return false
  const expected = await answerGenerally(predictor, body, ask)
  if (expected instanceof InputError)
    throw new Error(`answered what is refused: ${expected.message}: ${body}`)
  const text = Buffer.from(expected.body).toString()
  if (found.text !== text) throw new Error(`${body}: ${found.text} instead of ${text}`)
  const counts = [found.warnings, found.unknownCategories, 1, 0]
  const others = [
    ...[expected.warnings, expected.unknownCategories, expected.rows, expected.ignoredColumns],
  ]
  if (counts.join() !== others.join())
    throw new Error(`${body}: counts ${counts} instead of ${others}`)
  return true
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)] as T
}

const WORDS = ['red', 'green', 'Ünïcode', '12', 'true', 'a, b', 'x'] as const

function makeInput(random: Random, name: string): InputColumn {
  const nullable = random.below(2) === 0
  if (random.below(2) === 0) {
    const isCategory = random.below(4) === 0
    return {
      name,
      type: 'number',
      nullable,
      categories: isCategory ? [1, 2, 3] : undefined,
      closed: isCategory && random.below(3) === 0 ? true : undefined,
      range: {
        minimum: pick(random, [0, -1, -1]),
        median: 1,
        maximum: pick(random, [1, 3, 1e5, 1e5]),
        deviation: 1,
        integer: random.below(2) === 0,
      },
      example: 1,
    } as InputColumn
  }
  const texts = pick(random, [undefined, undefined, 'boolean', 'integer'] as const)
  return {
    name,
    type: 'text',
    texts,
    raw: random.below(4) === 0 ? true : undefined,
    nullable,
    categories: random.below(3) > 0 ? WORDS.slice(0, 4) : undefined,
    closed: random.below(6) === 0 ? true : undefined,
    example: 'red',
  } as InputColumn
}

/** Transformers for a column of a type, ending in numbers. */
function makeChain(random: Random, type: 'number' | 'text'): AnyTransformer[] {
  const categories = type === 'number' ? [1, 2, 3] : WORDS.slice(0, 4)
  const impute: AnyTransformer[] =
    random.below(2) === 0
      ? []
      : [
          random.below(2) === 0 && type === 'number'
            ? { kind: 'impute_number', value: 1.5 }
            : { kind: 'impute_category', value: categories[0]! },
        ]
  const ordinal: AnyTransformer = {
    kind: 'ordinal_encoder',
    categories,
    ...(random.below(2) === 0 ? { missing: 'kept' } : {}),
  }
  const oneHot: AnyTransformer = {
    kind: 'one_hot_encoder',
    categories: categories.slice(0, 2),
    infrequent: random.below(2) === 0 ? [] : categories.slice(2),
    missingLevel: random.below(2) === 0,
  }
  const scaler: AnyTransformer = { kind: 'standard_scaler', mean: 0.3, scale: 1.7 }
  const mark: AnyTransformer = { kind: 'missing_number', value: 0.1 }
  if (type === 'text') return [...impute, pick(random, [ordinal, oneHot])]
  return pick(random, [
    impute,
    [mark],
    [mark, ...impute, scaler],
    [...impute, scaler],
    [...impute, ordinal],
    [...impute, ordinal, { kind: 'impute_category', value: 2 }, scaler],
    [...impute, oneHot],
    [oneHot, scaler],
  ])
}

function makeSpec(random: Random): PreprocessorSpec {
  const names = ['a', 'b b', 'c', 'né', 'Total', 'e'].slice(0, 2 + random.below(5))
  const inputs = names.map((name) => makeInput(random, name))
  const derived = inputs
    .filter(() => random.below(4) === 0)
    .map(({ name }) => ({
      column: `first of ${name}`,
      from: name,
      pattern: pick(random, ['^(\\w)', '(\\d+)', '(r|gr)e']),
      group: pick(random, [0, 1]),
      map: { r: 'red', '1': 'green' },
    }))
  const steps: ColumnStep[] = [
    ...inputs
      .filter(({ type }) => type === 'number' || random.below(4) > 0)
      .map(({ name, type }) => ({ column: name, chain: makeChain(random, type) })),
    ...derived.map(({ column }) => ({ column, chain: makeChain(random, 'text') })),
  ]
  return { inputs, otherColumns: ['id'], derived, steps }
}

function makeModel(random: Random, features: number, classes: number): ModelSpec {
  const numbers = (length: number) => Float64Array.from({ length }, () => random.uniform() - 0.5)
  if (random.below(2) === 0) {
    const scores = classes === 2 ? 1 : classes
    return {
      kind: 'linear',
      features,
      coefficients: numbers(scores * features),
      intercepts: numbers(scores),
      means: numbers(features),
      link: classes === 2 ? 'logit' : 'softmax',
    }
  }
  const trees = randomEnsemble(random, { name: '', outputs: classes, features, count: 4, depth: 4 })
  return { ...trees, kind: 'trees', link: 'identity', vote: 'soft' }
}

/** The predictor of a random plan and model; undefined for a plan that makes no feature, or one twice. */
function makePredictor(random: Random): Predictor | undefined {
  const preprocessor = makeSpec(random)
  const classes = pick(random, [
    ['0', '1'],
    ['10', '9'],
    ['no', 'yes "sir"'],
    ['b', 'a', 'ç'],
  ])
  const features = buildPreprocessor(preprocessor).featureNamesOut.length
  if (features === 0) return undefined
  return buildPredictor({
    modelId: 'model',
    classes,
    numericClasses: classes.every((name) => /^\d+$/.test(name)),
    plan: { target: 'y', id: [], numeric: [], ordinal: [], nominal: [], derived: [], dropped: [] },
    preprocessor,
    model: makeModel(random, features, classes.length),
    background: { rows: 0, columns: features, data: new Float64Array(0) },
  } as unknown as Parameters<typeof buildPredictor>[0])
}

/** A cell as clients send it: usually one that fits. */
function makeCell(random: Random, { type, texts, nullable, categories }: InputColumn): unknown {
  const odd = [null, '', ' red ', 'NA', 5, -0, 0.1, 1e21, '1', true, 'e\u0301', [], {}, '"', 'a\nb']
  if (random.below(40) === 0) return pick(random, odd)
  if (random.below(nullable ? 6 : 60) === 0) return null
  if (categories && random.below(15) > 0) return pick(random, categories)
  if (type === 'number') return pick(random, [0, 1, 2, 3, 1, 2, 0.5, 0.1, 4, -1, 1e-7, 12345.678])
  if (texts === 'boolean') return pick(random, ['true', 'False', true, 1, '0'])
  if (texts === 'integer') return pick(random, ['12', 12, '90071992547409931', 1])
  return pick(random, WORDS)
}

/** One row in one of the forms that are sent, now and then with something else in it. */
function makeBody(random: Random, inputs: readonly InputColumn[]): string {
  const cells = inputs.map((input) => makeCell(random, input))
  const entries = inputs.map(({ name }, j) => [name, cells[j]] as [string, unknown])
  if (random.below(16) === 0) entries.splice(random.below(entries.length), 1)
  if (random.below(20) === 0) entries.push([pick(random, ['id', 'other', 'A', 'toString']), 1])
  if (random.below(2) === 0) entries.sort(() => random.uniform() - 0.5)
  const row = Object.fromEntries(entries)
  const sent = Object.keys(row)
  const values = sent.map((name) => row[name])
  const body = pick<unknown>(random, [
    row,
    { instances: [row] },
    { instances: [cells] },
    { dataframe_records: [row] },
    { dataframe_split: { columns: sent, data: [values], index: [0] } },
    { inputs: [row] },
    { inputs: Object.fromEntries(sent.map((name) => [name, [row[name]]])) },
    { instances: [row, row] },
    [row],
    { ...row, parameters: {} },
  ])
  const text = JSON.stringify(body)
  return random.below(12) === 0 ? text.replace('1', '12345678901234567890') : text
}

/** One line of CSV, now and then with something else in it. */
function makeLine(random: Random, inputs: readonly InputColumn[]): string {
  const fields = inputs.map((input) => {
    const cell = String(makeCell(random, input) ?? '')
    if (/[",\n]/.test(cell) || random.below(3) === 0) return `"${cell.replaceAll('"', '""')}"`
    return pick(random, ['', '', '', ' ']) + cell
  })
  if (random.below(15) === 0) fields.push('1')
  if (random.below(15) === 0) fields[0] = inputs[0]!.name
  return (
    fields.join(pick(random, [',', ',', ',', ',', ';'])) + pick(random, ['', '\n', '\r\n', '\n\n'])
  )
}

t.test('random plans, models and rows', async (t) => {
  const random = createRandom(11)
  const taken = { predict: 0, explain: 0, csv: 0 }
  const asked = { predict: 0, explain: 0, csv: 0 }
  for (let plan = 0; plan < 150; plan++) {
    const predictor = makePredictor(random)
    if (!predictor) continue
    const { inputs } = predictor.preprocessor.spec
    for (let row = 0; row < 12; row++) {
      const body = makeBody(random, inputs)
      const accepted = pick(random, [JSON_TYPE, JSON_TYPE, JSON_TYPE, CSV_TYPE])
      for (const operation of ['predict', 'explain'] as const) {
        asked[operation]++
        const ask = { operation, sent: JSON_TYPE, accepted, limits }
        if (await compare(predictor, body, ask)) taken[operation]++
      }
      asked.csv++
      const ask = { operation: 'predict', sent: CSV_TYPE, accepted, limits } as const
      if (await compare(predictor, makeLine(random, inputs), ask)) taken.csv++
    }
  }
  t.comment(JSON.stringify({ asked, taken }))
  // Every third body is in no usual form; explanations with warnings are the general way's.
  t.ok(taken.predict > asked.predict / 4, `${taken.predict} of ${asked.predict} predictions`)
  t.ok(taken.explain > asked.explain / 12, `${taken.explain} of ${asked.explain} explanations`)
  t.ok(taken.csv > asked.csv / 8, `${taken.csv} of ${asked.csv} lines of CSV`)
})

const row = passenger.object
const names = Object.keys(row)

/** Bodies of one row that are usual: the general way is not needed for them. */
const usual: readonly (readonly [what: string, type: string, body: string])[] = [
  ['an object', JSON_TYPE, JSON.stringify(row)],
  [
    'in another order',
    JSON_TYPE,
    JSON.stringify(Object.fromEntries(Object.entries(row).reverse())),
  ],
  ['without what may be missing', JSON_TYPE, JSON.stringify({ ...row, Age: undefined })],
  ['with null', JSON_TYPE, JSON.stringify({ ...row, Age: null })],
  ['instances of an object', JSON_TYPE, JSON.stringify({ instances: [row] })],
  ['instances of a list', JSON_TYPE, JSON.stringify({ instances: [passenger.list] })],
  ['records', JSON_TYPE, JSON.stringify({ dataframe_records: [row] })],
  [
    'a split frame',
    JSON_TYPE,
    JSON.stringify({ dataframe_split: { columns: names, data: [passenger.list] } }),
  ],
  ['inputs', JSON_TYPE, JSON.stringify({ inputs: [row] })],
  [
    'inputs by column',
    JSON_TYPE,
    JSON.stringify({
      inputs: Object.fromEntries(names.map((name, j) => [name, [passenger.list[j]]])),
    }),
  ],
  ['a line', CSV_TYPE, passenger.csv],
  ['a line with its end', CSV_TYPE, `${passenger.csv}\r\n`],
]

t.test('usual bodies are answered by the way of one row', async (t) => {
  const { predictor } = await loadCheckpoint()
  for (const [what, sent, body] of usual) {
    for (const operation of ['predict', 'explain'] as const) {
      const ask = { operation, sent, accepted: JSON_TYPE, limits }
      t.equal(await compare(predictor, body, ask), true, `${operation}: ${what}`)
    }
  }
  const unknown = JSON.stringify({ ...row, Sex: 'other', SibSp: 99 })
  const ask = { operation: 'predict', sent: JSON_TYPE, accepted: JSON_TYPE, limits } as const
  t.equal(await compare(predictor, unknown, ask), true, 'an unknown category and a number outside')
})

t.test('what is asked of an answer is left to the general way', async (t) => {
  const answer = oneRowOf((await loadCheckpoint()).predictor)
  const [, sent, body] = usual[0]!
  const ask = { operation: 'predict', sent, accepted: JSON_TYPE, limits } as const
  t.ok(answer(body, ask))
  t.notOk(answer(body, { ...ask, limits: { ...limits, maxAnswerBytes: 100 } }), 'too large')
  t.notOk(answer(body, { ...ask, limits: { ...limits, maxRows: 0 } }), 'too many rows')
  t.notOk(answer(body, { ...ask, accepted: 'application/x-npy' }), 'another type')
  const explain = { ...ask, operation: 'explain' } as const
  t.ok(answer(body, explain))
  t.notOk(answer(body, { ...explain, limits: { ...limits, maxSeconds: 0 } }), 'too expensive')
  t.notOk(answer(JSON.stringify({ ...row, Sex: 'other' }), explain), 'warnings to list')
})

t.test('damaged bodies are answered alike', async () => {
  const { predictor } = await loadCheckpoint()
  const byType = [JSON_TYPE, CSV_TYPE].map((type) => ({
    type,
    bodies: usual.filter(([, sent]) => sent === type).map(([, , body]) => body),
  }))
  for (const { type, bodies } of byType) {
    await fc.assert(
      fc.asyncProperty(mutants(bodies), async (bytes) => {
        const body = bytes.toString()
        // Bytes that are no text do not come this far.
        if (body.includes('\ufffd')) return
        await compare(predictor, body, {
          operation: 'predict',
          sent: type,
          accepted: JSON_TYPE,
          limits,
        })
      }),
      { numRuns: 2000 },
    )
  }
})
