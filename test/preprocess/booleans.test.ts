/** Columns of truth values and of long integers: how they are found, planned, learnt and asked. */
import t from 'tap'
import { csv } from '../../src/codecs/csv.ts'
import { json } from '../../src/codecs/json.ts'
import type { DataFrame } from '../../src/data/frame.ts'
import { runSteps } from '../../src/data/steps.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { inferPlan, type RoleOverrides } from '../../src/preprocess/infer-plan.ts'
import { type ColumnPlan, readPlan, writePlan } from '../../src/preprocess/plan.ts'
import { alignTable } from '../../src/tables/align.ts'
import { readCsvTable, readJsonLinesTable } from '../../src/tables/formats/read-text.ts'
import type { ReadTable } from '../../src/tables/read-tables.ts'
import { train } from '../../src/training/train.ts'
import type { TrainOptions } from '../../src/training/train-options.ts'
import { decodeBody, rowsOf } from '../helper.ts'
import { checkRefused } from '../tables.ts'
import { quick } from '../training/fit-table.ts'

function fit(table: DataFrame, plan: ColumnPlan, told: Partial<TrainOptions> = {}) {
  return train(table, plan, { ...quick, engine: 'native', testSize: 0, ...told })
}

/** A CSV table of a number, a column x and a label y. */
const tableOf = (x: (row: number) => string, y: (row: number) => string, rows = 40) =>
  readCsvTable(
    `n,x,y\n${Array.from({ length: rows }, (_, i) => `${(i * 7) % 11},${x(i)},${y(i)}\n`).join('')}`,
  )
const truth = (i: number) => (i % 3 === 0 ? 'True' : 'False')
const label = (i: number) => (i % 3 === 0 ? 'yes' : 'no')

const infer = (table: DataFrame, roles: RoleOverrides = new Map()) =>
  runSteps(inferPlan(table, 'y', roles))

t.test('a column of truth values is found, with the reason', (t) => {
  const { plan, columns } = infer(tableOf(truth, label))
  t.match(
    columns.find(({ column }) => column === 'x'),
    { role: 'nominal', reason: 'boolean, written as True and False', override: '--nominal x' },
  )
  t.match(plan.nominal, [{ column: 'x', boolean: true }])
  const mixed = infer(
    tableOf((i) => (i === 5 ? '' : (['True', 'FALSE', 'true'][i % 3] ?? '')), label),
  )
  t.match(mixed.plan.nominal, [{ column: 'x', boolean: true }], 'in all spellings, with gaps')
  for (const other of ['yes', '1', 'T', 'tRue']) {
    const { plan } = infer(tableOf((i) => (i === 5 ? other : truth(i)), label))
    t.notOk(plan.nominal[0]?.boolean, `${other} is no truth`)
  }
  t.end()
})

t.test('what training and requests make of it', async (t) => {
  const table = tableOf(truth, label)
  const { artifact } = await fit(table, infer(table).plan)
  const input = artifact.preprocessor.inputs.find(({ name }) => name === 'x')
  t.match(input, { type: 'text', texts: 'boolean', categories: ['false', 'true'] })
  const stored = readPlan(writePlan(artifact.plan))
  t.strictSame(stored, artifact.plan, 'the plan says so')
  const predictor = buildPredictor(artifact)
  const context = { ...artifact.preprocessor, maxRows: 10 }
  const expected = predictor.predict(decodeBody(csv, '3,True\n3,False', context).frame)
  for (const [name, codec, body] of [
    ['JSON', json, '[[3,true],[3,false]]'],
    ['texts in JSON', json, '[[3,"TRUE"],[3,"false"]]'],
    ['numbers', json, '[[3,1],[3,0]]'],
    ['R', csv, '3,TRUE\n3,FALSE'],
    ['numbers in CSV', csv, '3,1\n3,0.0'],
  ] as const)
    t.strictSame(predictor.predict(decodeBody(codec, body, context).frame), expected, name)
  t.not(expected.probabilities[0], expected.probabilities[2], 'it matters')
})

t.test('whoever asks for categories gets the texts as they are', async (t) => {
  const table = tableOf(truth, label)
  const { plan } = infer(table, new Map([['x', 'nominal']]))
  t.match(plan.nominal, [{ column: 'x', boolean: false }])
  const { artifact } = await fit(table, plan)
  const input = artifact.preprocessor.inputs.find(({ name }) => name === 'x')
  t.strictSame(input?.categories, ['False', 'True'])
  t.equal(input?.texts, undefined)
  const ordinal = infer(table, new Map([['x', 'ordinal']])).plan
  const ordered = (await fit(table, ordinal)).artifact.preprocessor.inputs
  t.match(
    ordered.find(({ name }) => name === 'x'),
    { texts: 'boolean' },
    'an order may be boolean',
  )
})

t.test('a plan that is given', async (t) => {
  const table = tableOf(truth, label)
  const plan = (x: object) => readPlan({ target: 'y', numeric: ['n'], ...x })
  const open = (await fit(table, plan({ nominal: ['x'] }))).artifact
  t.match(open.plan.nominal, [{ boolean: true }], 'what it leaves open is as the table has it')
  const ordered = await fit(
    table,
    plan({ ordinal: [{ column: 'x', categories: ['True', 'False'] }] }),
  )
  t.match(ordered.artifact.plan.ordinal, [{ boolean: true, categories: ['true', 'false'] }])
  const kept = await fit(table, plan({ nominal: [{ column: 'x', boolean: false }] }))
  t.strictSame(kept.artifact.preprocessor.inputs[1]?.categories, ['False', 'True'])
  const words = tableOf(label, label)
  await checkRefused(
    t,
    () => fit(words, plan({ nominal: [{ column: 'x', boolean: true }] })),
    'invalid_plan',
    /"x" is planned as boolean, but holds "yes"/,
    'no truth values',
  )
  t.throws(() => plan({ nominal: [{ column: 'x', boolean: 1 }] }), { code: 'invalid_plan' })
})

t.test('labels and files to measure on, in another spelling', async (t) => {
  const table = tableOf(label, truth)
  const lines = Array.from({ length: 40 }, (_, i) =>
    JSON.stringify({ n: (i * 7) % 11, x: label(i), y: i % 3 === 0 }),
  )
  const read = (table: DataFrame): ReadTable => ({
    table,
    files: [],
    sha: '',
    name: 'x.csv',
    isNamed: true,
    warnings: [],
  })
  const other = readJsonLinesTable(lines.join('\n'))
  const { plan } = infer(table)
  for (const [name, channel] of [
    ['the same file', table],
    ['JSON', other],
    ['numbers', tableOf(label, (i) => String(Number(i % 3 === 0)))],
  ] as const) {
    const aligned = alignTable(read(table), read(channel))
    const { artifact, channels } = await fit(table, plan, {
      channels: new Map([['validation', aligned]]),
    })
    t.strictSame([artifact.classes, artifact.numericClasses], [['false', 'true'], false])
    t.equal(channels.get('validation')?.model.accuracy, 1, name)
  }
  const positive = await fit(table, { ...plan, positiveClass: 'False' })
  t.strictSame(positive.artifact.classes, ['true', 'false'], 'the positive class in any spelling')
  const features = tableOf(truth, label)
  const numbers = tableOf((i) => String(Number(i % 3 === 0)), label)
  for (const [a, b] of [
    [features, numbers],
    [numbers, features],
  ] as const) {
    const aligned = alignTable(read(a), read(b))
    const { artifact, channels } = await fit(a, infer(a).plan, {
      channels: new Map([['test', aligned]]),
      background: b,
    })
    t.equal(channels.get('test')?.model.accuracy, 1)
    t.equal(artifact.background.rows, 40)
  }
})

t.test('whole numbers that no double holds are kept as texts', async (t) => {
  const ids = ['9007199254740993', '9007199254740992', '9007199254740995', '17']
  const table = tableOf(
    (i) => ids[i % 4] ?? '',
    (i) => ids[i % 2] ?? '',
  )
  const { plan, columns } = infer(table)
  t.match(
    columns.find(({ column }) => column === 'x'),
    { role: 'nominal', reason: 'whole number beyond 2^53, kept as text, with 4 categories' },
  )
  const told: string[] = []
  const { artifact } = await fit(table, plan, { warn: (message) => told.push(message) })
  t.strictSame([artifact.classes, artifact.numericClasses], [ids.slice(0, 2).sort(), false])
  t.match(artifact.preprocessor.inputs[1], { texts: 'integer', categories: ids.toSorted() })
  t.equal(told.filter((message) => /beyond 2\^53, such as "9007/.test(message)).length, 2)
  const context = { ...artifact.preprocessor, maxRows: 10 }
  const expected = [
    [1, '9007199254740993'],
    [1, '17'],
  ]
  for (const [codec, body] of [
    [csv, '1,9007199254740993\n1,17'],
    [json, '[[1,9007199254740993],[1,17]]'],
    [json, '{"instances":[{"n":1,"x":"9007199254740993"},{"n":1,"x":17}]}'],
  ] as const)
    t.strictSame(rowsOf(decodeBody(codec, body, context).frame), expected, body)
  await checkRefused(
    t,
    () => infer(table, new Map([['x', 'numeric']])),
    'invalid_number',
    /"x" cannot be numeric: it holds "9007199254740993", a whole number that a 64-bit float does not hold/,
    'asked for as numbers',
  )
  const exact = tableOf((i) => String(2 ** 53 + 2 * i), label)
  t.equal(exact.columns[1]?.kind, 'number', 'what doubles hold are numbers')
  const lines = ['{"x":1}', '{"x":9007199254740993}', '{"x":-0.5}']
  t.strictSame(rowsOf(readJsonLinesTable(lines.join('\n'))).flat(), [
    '1',
    '9007199254740993',
    '-0.5',
  ])
})

t.test('categories that look alike are told of', async (t) => {
  const table = tableOf((i) => ['Zürich', 'Zu\u0308rich', 'zürich'][i % 3] ?? '', label)
  t.strictSame(table.columns[1]?.kind === 'text' && table.columns[1].levels, ['Zürich', 'zürich'])
  const told: string[] = []
  const { artifact } = await fit(table, infer(table).plan, { warn: (m) => told.push(m) })
  t.match(told, [/column "x" tells "Zürich" and "zürich" apart, which look alike/])
  t.match(artifact.preprocessor.inputs[1], { unicode: 'NFC' })
})

t.test('the index that pandas writes is left out', (t) => {
  const rows = (head: string) =>
    readCsvTable(
      `${head},a,y\n${Array.from({ length: 30 }, (_, i) => `${i % 9},${i % 4},${i % 2}\n`).join('')}`,
    )
  for (const head of ['', 'Unnamed: 0']) {
    const { columns, plan } = infer(rows(head))
    t.match(columns[0], { column: 'Unnamed: 0', role: 'drop', reason: /index that pandas writes/ })
    t.match(plan.dropped, [{ column: 'Unnamed: 0' }])
  }
  const asked = infer(rows(''), new Map([['Unnamed: 0', 'numeric']]))
  t.equal(asked.columns[0]?.role, 'numeric', 'unless it is asked for')
  t.equal(infer(rows('id')).columns[0]?.role, 'numeric', 'a name is no index')
  t.end()
})
