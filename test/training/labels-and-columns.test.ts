import t from 'tap'
import type { Artifact } from '../../src/artifact/artifact.ts'
import { type DataFrame, takeRows } from '../../src/data/frame.ts'
import { runSteps } from '../../src/data/steps.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { inferPlan } from '../../src/preprocess/infer-plan.ts'
import { readCsvTable, readJsonLinesTable } from '../../src/tables/formats/read-text.ts'
import { checkRefused } from '../tables.ts'
import { bytesOf, fit, plan, reload, tableOf } from './fit-table.ts'

t.test('a table without rows', async (t) => {
  await checkRefused(t, () => fit(readCsvTable('n,c,y\n'), plan), 'empty_data', /no rows/, 'header')
  await checkRefused(t, () => fit(readCsvTable(''), plan), 'empty_data', /no rows/, '0 bytes')
})

t.test('too few rows', async (t) => {
  await checkRefused(t, () => fit(tableOf(1), plan), 'too_few_rows', /1 row/, 'one row')
})

t.test('a row of each class is all training and no test', async (t) => {
  const told: string[] = []
  const report = await fit(readCsvTable('n,c,y\n1,a,0\n2,b,1\n'), plan, {
    warn: (m) => told.push(m),
  })
  t.strictSame(
    [report.artifact.training.trainRows, report.artifact.training.testRows, report.test],
    [2, 0, undefined],
  )
  t.match(told, [/class "0" has a single row/, /class "1" has a single row/, /not measured/])
  t.equal(report.artifact.metrics['test'], null)
})

t.test('one class', async (t) => {
  await checkRefused(
    t,
    () =>
      fit(
        tableOf(20, () => 'yes'),
        plan,
      ),
    'one_class',
    /"y" has one class, "yes"; two are needed/,
    'one class',
  )
})

t.test('a class with one member trains, warns, and is not tested', async (t) => {
  const told: string[] = []
  const table = tableOf(30, (i) => (i === 17 ? 'rare' : i % 2 ? 'odd' : 'even'))
  for (const seed of [0, 1, 2]) {
    const { artifact, test } = await fit(table, plan, { seed, warn: (m) => told.push(m) })
    t.strictSame(artifact.classes, ['even', 'odd', 'rare'])
    t.match(told.splice(0), [/^class "rare" has a single row; it is used for training only$/])
    t.strictSame(test?.model.confusion[2], [0, 0, 0], 'no test row of it')
    t.match(artifact.training.warnings, [/"rare"/], 'the manifest keeps the warning')
  }
})

t.test('the label column', async (t) => {
  const table = tableOf(20)
  await checkRefused(
    t,
    () => fit(table, { ...plan, target: 'label' }),
    'no_target',
    /no target column "label" among "n", "c", "y"/,
    'missing',
  )
  await checkRefused(
    t,
    () => readCsvTable('y,n,y\n0,1,0\n'),
    'duplicate_column',
    /column "y" twice/,
    'twice',
  )
})

t.test('rows without a label', async (t) => {
  const table = tableOf(30, (i) => (i === 4 || i === 11 ? (['', 'NA'][i % 2] ?? '') : `${i % 2}`))
  await checkRefused(
    t,
    () => fit(table, plan),
    'invalid_label',
    /"y" holds no label \(it is empty, NA or the like\) in 2 of 30 rows, first in row 5; --drop-missing-label/,
    'counted',
  )
  const told: string[] = []
  const { artifact } = await fit(table, plan, { dropMissingLabel: true, warn: (m) => told.push(m) })
  t.match(told, [/^2 rows without a label are left out$/])
  t.equal(artifact.training.rows, 28)
  t.strictSame(artifact.classes, ['0', '1'], 'there is no class of them')
  const without = tableOf(30)
  const rows = Int32Array.from([...Array(30).keys()].filter((i) => i !== 4 && i !== 11))
  const { artifact: clean } = await fit(takeRows(without, rows), plan)
  t.strictSame(artifact.model, clean.model, 'the same model as without these rows')
  await checkRefused(
    t,
    () =>
      fit(
        tableOf(5, () => ''),
        plan,
        { dropMissingLabel: true },
      ),
    'empty_data',
    /holds no label \(it is empty, NA or the like\) in every row/,
    'all of them',
  )
})

t.test('one name per class, however it is written', async (t) => {
  const spellings: Record<string, DataFrame> = {
    digits: tableOf(30),
    'quoted digits': tableOf(30, (i) => `"${i % 2}"`),
    decimals: tableOf(30, (i) => `${i % 2}.0`),
    'a mixture': tableOf(
      30,
      (i) => (i % 2 ? ['1', '1.0', '1e0', '+1'] : ['0', '0.0', '-0', '0e5'])[i % 4] ?? '',
    ),
    'JSON numbers': jsonOf(30, (i) => i % 2),
  }
  const expected = bytesOf(await fit(tableOf(30), plan))
  for (const [name, table] of Object.entries(spellings)) {
    const report = await fit(table, plan)
    const { artifact } = report
    t.strictSame([artifact.classes, artifact.numericClasses], [['0', '1'], true], name)
    t.strictSame(bytesOf(report), expected, `${name}: the same artifact`)
  }
  const { artifact } = await fit(
    jsonOf(30, (i) => `${i % 2}`),
    plan,
  )
  t.strictSame(
    [artifact.classes, artifact.numericClasses],
    [['0', '1'], false],
    'JSON texts stay texts',
  )
  const again = reload(artifact)
  t.strictSame([again.classes, again.numericClasses], [['0', '1'], false], 'also when stored')
})

t.test('classes stand in their own order, the positive one last', async (t) => {
  for (const [name, label, classes] of [
    ['texts by code unit', (i) => ['b', 'a', 'B'][i % 3] ?? '', ['B', 'a', 'b']],
    ['numbers by size', (i) => ['10', '9', '-1'][i % 3] ?? '', ['-1', '9', '10']],
    ['booleans', (i) => `${i % 2 === 0}`, ['false', 'true']],
  ] as const satisfies [string, (row: number) => string, string[]][]) {
    const { artifact } = await fit(tableOf(30, label), plan)
    t.strictSame(artifact.classes, classes, name)
  }
  const { artifact } = await fit(tableOf(30), { ...plan, positive_class: 0 })
  t.strictSame([artifact.classes, artifact.numericClasses], [['1', '0'], true], 'as the plan says')
  const all = { testSize: 0 }
  const { artifact: last } = await fit(tableOf(30), { ...plan, positive_class: 0 }, all)
  const { artifact: usual } = await fit(tableOf(30), plan, all)
  const score = (a: Artifact, label: number) =>
    [...buildPredictor(a).predict(tableOf(30)).probabilities].filter((_, i) => i % 2 === label)
  t.strictSame(score(last, 1), score(usual, 0), 'the probability of class 0 is the same')
  await checkRefused(
    t,
    () => fit(tableOf(30), { ...plan, positive_class: 'yes' }),
    'invalid_plan',
    /positive class "yes" is not in the target "y"/,
    'an unknown positive class',
  )
  await checkRefused(
    t,
    () =>
      fit(
        tableOf(101, (i) => `${i}`),
        plan,
      ),
    'invalid_label',
    /101 different values; at most 100/,
    'a number is not a class',
  )
})

t.test('columns without information are dropped and recorded', async (t) => {
  const lines = Array.from({ length: 30 }, (_, i) => `${i % 7},,same,NA,5,${i % 2}\n`)
  const table = readCsvTable(`n,empty,text,nothing,five,y\n${lines.join('')}`)
  const told: string[] = []
  const { artifact, dropped } = await fit(
    table,
    { target: 'y', numeric: ['n', 'five'], nominal: ['empty', 'text'], ordinal: ['nothing'] },
    { warn: (m) => told.push(m) },
  )
  const expected = [
    { column: 'five', reason: 'one value only in the training rows' },
    { column: 'nothing', reason: 'no values in the training rows' },
    { column: 'empty', reason: 'no values in the training rows' },
    { column: 'text', reason: 'one value only in the training rows' },
  ]
  t.strictSame(dropped, expected)
  t.strictSame(reload(artifact).plan.dropped, expected, 'the manifest keeps them')
  t.strictSame(
    told.slice(0, 4),
    expected.map(({ column, reason }) => `column "${column}" is dropped: ${reason}`),
  )
  t.strictSame(
    artifact.preprocessor.inputs.map(({ name }) => name),
    ['n'],
    'a request needs only the others',
  )
  const { plan: inferred } = runSteps(inferPlan(table, 'y'))
  t.strictSame(
    inferred.dropped.map(({ column }) => column),
    ['empty', 'text', 'nothing', 'five'],
    'an inferred plan leaves them out',
  )
})

t.test('strange names are plain names and forge no line', async (t) => {
  const names = [
    'x'.repeat(1000),
    'a\n[train] auc=1',
    '__proto__',
    'constructor',
    '\u202e\u2028é😀',
    'a,b',
    'validation:auc=1;',
  ]
  const rows = Array.from({ length: 30 }, (_, i) => [
    ...names.map((_, j) => (i * (j + 2) + j) % 11),
    1,
  ])
  const header = [...names, `x${'y'.repeat(1000)}\n[train] auc=1`, '__proto__ label']
  const table = readCsvTable(
    `${header.map((name) => `"${name}"`).join(',')}\n${rows
      .map((row, i) => `${row.join(',')},${i % 2 ? '__proto__' : 'constructor'}\n`)
      .join('')}`,
  )
  const told: string[] = []
  const { artifact } = await fit(
    table,
    { target: '__proto__ label', numeric: header.slice(0, -1) },
    { warn: (m) => told.push(m) },
  )
  t.strictSame(
    artifact.preprocessor.inputs.map(({ name }) => name),
    names,
  )
  t.strictSame(artifact.classes, ['__proto__', 'constructor'])
  t.equal(told.length, 1, 'a constant column is told of')
  t.match(told[0], /^[\x20-\x7e…]{1,140}$/, 'in one short printable line')
  const again = reload(artifact)
  t.strictSame(again.preprocessor, artifact.preprocessor, 'the stored model has the same names')
  const frames = [artifact, again].map((a) => buildPredictor(a).explain(table).rows)
  t.strictSame(frames[1], frames[0], 'and the same explanations')
})

function jsonOf(rows: number, label: (row: number) => unknown): DataFrame {
  const lines = Array.from({ length: rows }, (_, i) =>
    JSON.stringify({ n: (i * 7) % 11, c: 'abc'[i % 3], y: label(i) }),
  )
  return readJsonLinesTable(lines.join('\n'))
}
