/**
 * Training data and settings as people send them, from a file to the exit status. What a table in memory shows is in
 * training/, what a file shows in tables/, jobs in sagemaker/, signals in interruption.test.ts.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { runTraining } from '../../../src/commands/training/run-training.ts'
import { runSteps } from '../../../src/data/steps.ts'
import { InputError } from '../../../src/errors.ts'
import { readModelDirectory } from '../../../src/model-directory/read.ts'
import { buildPredictor } from '../../../src/predictor/predictor.ts'
import { inferPlan } from '../../../src/preprocess/infer-plan.ts'
import { readPlan } from '../../../src/preprocess/plan.ts'
import { readCsvTable } from '../../../src/tables/formats/read-text.ts'
import { fitRows } from '../../../src/training/fit.ts'
import { labelTable } from '../../../src/training/labelled-table.ts'
import { shapserveHere } from '../../command-here.ts'
import { checkRefused } from '../../tables.ts'
import { options, settings, type Told, table, trainOn } from './train-on.ts'

const nothing = {}

t.test('refused with exit status 1', async (t) => {
  const cases: [string, string | Uint8Array, Told, RegExp][] = [
    ['0 bytes', '', {}, /train\.csv: the file is empty/],
    ['line ends alone', '\n\n', {}, /the training table has no rows/],
    ['header only', 'n,y\n', {}, /the training table has no rows/],
    ['one row', 'n,y\n1,0\n', {}, /the training table has 1 row; two classes need at least two/],
    ['one class', table(nothing, 20, () => 'yes'), {}, /"y" has one class, "yes"/],
    [
      'no such target',
      table(nothing),
      { target: 'Y' },
      /no target column "Y" among "n", "y"; did you mean "y"\?/,
    ],
    ['the target twice', 'y,n,y\n0,1,0\n', {}, /names column "y" twice/],
    [
      'rows without a label',
      table(nothing, 20, (row) => (row % 9 === 4 ? '' : row % 2)),
      {},
      /holds no label \(it is empty, NA or the like\) in 2 of 20 rows, first in row 5; --drop-missing-label/,
    ],
    ['a column without a name', 'n,,y\n1,2,0\n', {}, /column 2 has no name/],
    [
      'Latin-1',
      Buffer.from(table({ c: () => '\xe4' }), 'latin1'),
      {},
      /not UTF-8: byte \d+ is wrong/,
    ],
    [
      'an infinity',
      table({ x: (row) => (row === 7 ? '-inf' : row) }),
      {},
      /train\.csv: row 8, column "x": "-inf" is not a finite number/,
    ],
    [
      'a parameter that is no number',
      table(nothing),
      { params: { max_depth: 'abc' } },
      /max_depth is "abc", expected a whole number/,
    ],
    [
      'a negative weight',
      table({ w: (row) => (row === 4 ? -0.5 : 1) }),
      { weight: 'w' },
      /does not heed weights|is -0\.5 in row 5/,
    ],
  ]
  for (const [name, text, told, message] of cases) {
    await t.test(name, async (t) => {
      await t.rejects(trainOn(t, text, told), { name: 'InputError', message })
    })
  }
})

t.test('the command says so in one line and ends with 1', async (t) => {
  const base = t.testdir({ 'a.csv': 'n,y\n1,0\n2,1\n', 'b.csv': 'n,z\n1,0\n' })
  const done = await shapserveHere([
    'train',
    join(base, 'a.csv'),
    join(base, 'b.csv'),
    '--target',
    'y',
    '--model-dir',
    join(base, 'model'),
  ])
  t.equal(done.status, 1)
  t.match(done.stderr, /\nshapserve: .*b\.csv: has "z" besides, compared with ".*a\.csv"\n$/)
  t.equal(done.stdout, '')
})

t.test('a header forges neither a log line nor a metric', async (t) => {
  const forged = 'n\n[train] auc=1\nvalidation:auc=1;'
  const text = table(nothing)
    .replace('n,', `"${forged}","__proto__",`)
    .replaceAll(/\n(\d+),/g, '\n$1,$1,')
  const base = t.testdir({ 'a.csv': text })
  const done = await shapserveHere([
    ...['train', join(base, 'a.csv'), '--target', 'y', '--estimator', 'decision_tree'],
    ...['--nominal', forged, '--model-dir', join(base, 'model')],
  ])
  t.equal(done.status, 0, done.stderr)
  t.notMatch(`${done.stdout}\n${done.stderr}`, /^\s*(\[train\] auc|validation:auc)/m)
  const { artifact } = await readModelDirectory(join(base, 'model'))
  t.strictSame(artifact.preprocessor.inputs.map(({ name }) => name).sort(), ['__proto__', forged])
})

t.test('what is in a stranger’s model reaches a terminal as text', async (t) => {
  const evil = 'c\u001b[2J\u009b31m\u202e\nmodel     forged'
  const lines = Array.from({ length: 60 }, (_, row) =>
    JSON.stringify({ [evil]: row % 9, n: row % 7, y: row % 2 ? evil : 'b' }),
  )
  const base = t.testdir({ 'a.jsonl': lines.join('\n') })
  const model = join(base, 'model')
  await shapserveHere([
    ...['train', join(base, 'a.jsonl'), '--target', 'y', '--estimator', 'decision_tree'],
    ...['--model-dir', model],
  ])
  const { artifact } = await readModelDirectory(model)
  t.ok(
    artifact.preprocessor.inputs.some(({ name }) => name === evil),
    'the name is as it was',
  )
  for (const args of [
    ['inspect', model],
    ['inspect', model, '--json'],
    ['openapi', '--model-dir', model],
  ]) {
    const { status, stdout, stderr } = await shapserveHere(args)
    t.equal(status, 0, stderr)
    t.notMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\p{Zl}\p{Zp}\u202e]/u)
    t.notMatch(stdout, /^model {5}forged/m)
    if (args.includes('--json') || args.includes('openapi'))
      t.ok(JSON.stringify(JSON.parse(stdout)).includes(JSON.stringify(evil).slice(1, -1)), 'whole')
  }
})

t.test('categories by the hundred thousand, and identifiers', async (t) => {
  const rows = 150_000
  const text = table({ id: (row) => `u${row}` }, rows)
  const frame = readCsvTable(text)
  const { plan } = runSteps(inferPlan(frame, 'y'))
  t.match(plan.dropped, [{ column: 'id', reason: 'text with 150000 different values in 150000' }])
  const asked: number[] = []
  const given = readPlan({ target: 'y', numeric: ['n'], nominal: ['id'] })
  const data = labelTable(frame, given, options)
  await checkRefused(
    t,
    () =>
      fitRows(data, data.split.train, {
        ...settings(given),
        checkMemory(bytes) {
          asked.push(bytes)
          throw new InputError('too_large', 'too much')
        },
      }),
    'too_large',
    /too much/,
    'one-hot columns that do not fit are refused before they are made',
  )
  t.ok((asked[0] as number) > 50e9, 'their size is known', { asked })
  const cases: [string, (row: number) => string | number, Told][] = [
    ['texts', (row) => `u${row}`, { roles: new Map([['x', 'nominal']]) }],
    ['whole numbers', (row) => 1000 + ((row * 7) % 61), { roles: new Map([['x', 'numeric']]) }],
  ]
  for (const [name, cell, told] of cases) {
    const { warnings } = await trainOn(t, table({ x: cell }), told)
    t.match(warnings, [/^column "x" has a value of its own in nearly every row/], name)
  }
  const { warnings } = await trainOn(t, table({ x: (row) => row / 7, z: (row) => row % 9 }))
  t.strictSame(warnings, [], 'fractions and values that come again are none')
})

t.test('a column that tells the target', async (t) => {
  const label = (row: number) => ['no', 'yes', 'maybe'][(row * 7) % 3] as string
  const cases: [string, (row: number) => string | number, boolean][] = [
    ['the label itself', label, true],
    ['other words for it', (row) => `${label(row)}!`, true],
    ['numbers for it', (row) => label(row).length, true],
    ['missing where the label is no', (row) => (label(row) === 'no' ? '' : label(row)), true],
    ['wrong in one row', (row) => (row === 50 ? 'no' : label(row)), false],
    ['finer than the label', (row) => `${label(row)}${row % 2}`, false],
    ['coarser than the label', (row) => (label(row) === 'no' ? 'no' : 'other'), false],
  ]
  for (const [name, cell, tells] of cases) {
    const roles = new Map([['x', 'nominal' as const]])
    const { warnings, modelDir } = await trainOn(t, table({ x: cell }, 60, label), { roles })
    const said = warnings.filter((line) => /^column "x" tells the target/.test(line))
    t.equal(said.length, tells ? 1 : 0, name)
    if (tells)
      t.match(await readFile(join(modelDir, 'MODEL_CARD.md'), 'utf8'), /"x" tells the target/)
  }
})

t.test('dates are texts, and that is said', async (t) => {
  const roles = new Map([['d', 'nominal' as const]])
  const pad = (value: number) => `${value}`.padStart(2, '0')
  const cases: [string, (row: number) => string, boolean][] = [
    ['ISO', (row) => `2024-01-${pad(1 + (row % 28))}`, true],
    ['with times', (row) => `2024-01-${pad(1 + (row % 9))}T12:30:00Z`, true],
    ['days first', (row) => `${1 + (row % 28)}/3/2024`, true],
    [
      'mixed',
      (row) =>
        [`2024-02-0${1 + (row % 3)}`, '31.12.99', '5 Mar 2024', '"May 3, 2024"'][row % 4] as string,
      true,
    ],
    ['versions', (row) => `1.2.${row % 9}`, false],
    ['ranges', (row) => `${row % 5}-${(row % 5) + 9}`, false],
  ]
  for (const [name, cell, isDate] of cases) {
    const { warnings, artifact } = await trainOn(t, table({ d: cell }), { roles })
    t.equal(
      warnings.some((line) => /^column "d" holds dates such as/.test(line)),
      isDate,
      name,
    )
    const input = artifact.preprocessor.inputs.find((column) => column.name === 'd')
    // A moment has one text, however it was written.
    const text = cell(1).replace(/T(.*)Z$/, ' $1')
    t.ok(input?.categories?.includes(text), `${name}: the text is kept as it is`)
  }
  const { plan } = runSteps(
    inferPlan(readCsvTable(table({ d: (row) => `2024-01-01 ${row % 24}:${row}` })), 'y'),
  )
  t.match(plan.dropped, [{ column: 'd', reason: /dates are not read as times$/ }])
})

t.test('with an inferred plan, too, the order of columns is not seen', async (t) => {
  const frame = readCsvTable(
    table({
      a: (row) => row % 3,
      b: (row) => 'xyz'[row % 3] as string,
      c: (row) => (row * 5) % 11,
    }),
  )
  const order = [3, 0, 4, 2, 1]
  const permuted = {
    names: order.map((i) => frame.names[i] as string),
    columns: order.map((i) => frame.columns[i] as (typeof frame.columns)[number]),
    length: frame.length,
  }
  const [first, second] = await Promise.all(
    [frame, permuted].map(async (given) => {
      const { plan } = runSteps(inferPlan(given, 'y'))
      const data = labelTable(given, plan, options)
      return (await fitRows(data, data.split.train, settings(plan))).model
    }),
  )
  t.strictSame(second, first)
})

t.test('rows that still have their label are predicted without it', async (t) => {
  const text = table({ x: (row) => (row * 3) % 7 })
  const { artifact } = await trainOn(t, text)
  const predictor = buildPredictor(artifact)
  const frame = readCsvTable(text)
  const inputs = { ...frame, names: frame.names.slice(0, 2), columns: frame.columns.slice(0, 2) }
  t.strictSame(predictor.predict(frame).probabilities, predictor.predict(inputs).probabilities)
})

t.test('a model directory is left as it was', async (t) => {
  const { modelDir } = await trainOn(t, table(nothing))
  const before = await readFile(join(modelDir, 'manifest.json'))
  await t.rejects(
    runTraining({
      source: { files: [join(modelDir, 'manifest.json')] },
      header: 'present',
      target: 'y',
      roles: new Map(),
      estimator: 'decision_tree',
      engine: 'mljs',
      params: new Map(),
      modelDir,
      testSize: 0.2,
      seed: 0,
      dropMissingLabel: false,
      mistakes: true,
      json: false,
      quiet: true,
    }),
    InputError,
  )
  t.strictSame(await readFile(join(modelDir, 'manifest.json')), before)
})
