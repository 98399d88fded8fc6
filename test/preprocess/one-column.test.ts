/** How much one column alone tells: by brute force, on random tables, and what is said of it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { type Column, type DataFrame, numberColumn, textColumn } from '../../src/data/frame.ts'
import { runSteps } from '../../src/data/steps.ts'
import { describeDoubts } from '../../src/preprocess/doubts.ts'
import { inferPlan } from '../../src/preprocess/infer-plan.ts'
import { describeDuplicates, describeLosses } from '../../src/preprocess/leaks.ts'
import {
  areaOnUnseen,
  fewestErrors,
  missingTellsTarget,
  rowsToLookAt,
} from '../../src/preprocess/one-column.ts'
import { readPlan } from '../../src/preprocess/plan.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { labelTable } from '../../src/training/labelled-table.ts'

const numbers = (values: readonly (number | null)[]) =>
  numberColumn(Float64Array.from(values, (value) => value ?? Number.NaN))
const all = (rows: number) => Int32Array.from({ length: rows }, (_, i) => i)

/** Tries every way to cut the distinct values into intervals, each of any class. */
function bruteErrors(values: readonly (number | null)[], y: readonly number[], classes: number) {
  const distinct = [...new Set(values)].filter((v) => v !== null).sort((a, b) => a - b)
  const errorsOf = (members: readonly (number | null)[]) => {
    const counts = new Array<number>(classes).fill(0)
    values.forEach((value, i) => {
      if (members.includes(value)) counts[y[i]!]! += 1
    })
    return counts.reduce((a, b) => a + b, 0) - Math.max(...counts)
  }
  const best = (from: number, intervals: number): number => {
    if (from === distinct.length) return 0
    if (intervals === 0) return Number.POSITIVE_INFINITY
    let least = Number.POSITIVE_INFINITY
    for (let to = from + 1; to <= distinct.length; to++)
      least = Math.min(least, errorsOf(distinct.slice(from, to)) + best(to, intervals - 1))
    return least
  }
  return errorsOf([null]) + best(0, classes)
}

t.test('the fewest errors of intervals are those of brute force', (t) => {
  const row = fc.tuple(fc.option(fc.integer({ min: 0, max: 6 })), fc.integer({ min: 0, max: 2 }))
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 25 }), (rows) => {
      const values = rows.map(([value]) => value)
      const y = rows.map(([, label]) => label)
      const found = fewestErrors(numbers(values), false, Int32Array.from(y), 3, all(y.length))
      return found === bruteErrors(values, y, 3)
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('the area on unseen rows', (t) => {
  const y = Int32Array.from({ length: 400 }, (_, i) => (i >> 1) % 2)
  const told = numbers([...y].map((label, i) => label * 100 + (i % 90)))
  t.ok(areaOnUnseen(told, y, 2, all(400)).area > 0.95, 'a number that tells')
  const texts = textColumn([...y].map((label, i) => `${label}${(i >> 2) % 20}`))
  const { area } = areaOnUnseen(texts, y, 2, all(400))
  t.ok(area > 0.95, `texts that tell: ${area}`)
  // Texts of rows with even numbers stand in no others.
  const round = textColumn([...y].map((label, i) => `${label}${i % 40}`))
  const found = areaOnUnseen(round, y, 2, all(400))
  t.ok(found.area > 0.9 && found.deviations > 5, `texts that go round with the rows: ${found.area}`)
  const own = textColumn([...y].map((_, i) => `t${i}`))
  t.equal(areaOnUnseen(own, y, 2, all(400)).area, 0.5, 'a text of its own in every row')
  const noise = numbers([...y].map((_, i) => (i * 48_271) % 65_537))
  t.ok(areaOnUnseen(noise, y, 2, all(400)).deviations < 4, 'noise')
  t.end()
})

t.test('the work is bounded, the rows are spread', (t) => {
  t.equal(rowsToLookAt(1e6, 10).length, 4000)
  t.equal(rowsToLookAt(1000, 2000).length, 200)
  t.equal(rowsToLookAt(1e6, 1e6).length, 100)
  t.strictSame([...rowsToLookAt(3, 1)], [0, 1, 2])
  const rows = rowsToLookAt(1e6, 10)
  t.ok((rows.at(-1) as number) > 999_000)
  t.ok(
    rows.every((row, i) => i === 0 || row > rows[i - 1]!),
    'each once',
  )
  const odd = rowsToLookAt(8000, 1).filter((row) => row % 2 === 1).length
  t.ok(odd > 1600 && odd < 2400, 'labels that alternate are not all of one class', { odd })
  t.end()
})

t.test('gaps that tell the target', (t) => {
  const column = (isMissing: (row: number) => boolean, rows = 200): Column =>
    numbers(Array.from({ length: rows }, (_, i) => (isMissing(i) ? null : i)))
  const y = numbers(Array.from({ length: 200 }, (_, i) => i % 2))
  t.equal(
    missingTellsTarget(
      column((i) => i % 2 === 0),
      y,
    ),
    true,
    'always',
  )
  t.equal(
    missingTellsTarget(
      column((i) => i % 2 === 0 && i % 6 !== 0),
      y,
    ),
    true,
    'mostly',
  )
  t.equal(
    missingTellsTarget(
      column((i) => i % 4 < 2),
      y,
    ),
    false,
    'never',
  )
  t.equal(
    missingTellsTarget(
      column(() => true),
      y,
    ),
    false,
    'all missing',
  )
  t.equal(
    missingTellsTarget(
      column(() => false),
      y,
    ),
    false,
    'none missing',
  )
  t.end()
})

const doubtsOf = (frame: DataFrame, target: string) => {
  const { plan } = runSteps(inferPlan(frame, target))
  const { y, classes } = labelTable(frame, plan, {
    ...{ testSize: 0, seed: 0, dropMissingLabel: true },
    warn() {},
  })
  return runSteps(describeDoubts(frame, plan, y, classes.length))
}

t.test('columns that tell the target, and those that do not quite', (t) => {
  const label = (i: number) => (i * 7) % 3
  const noise = (i: number) => (i * 48_271) % 101
  const two = (i: number) => (noise(i) > 50 ? 1 : 0)
  const rare = (i: number) => (noise(i) > 75 ? 1 : 0)
  const cases: [string, (i: number) => string | number, (i: number) => number, RegExp | null][] = [
    ['a threshold', (i) => noise(i), two, /"x" tells the target: it alone gets all of 300/],
    ['a code per class', (i) => `c${label(i)}`, label, /"x" tells the target/],
    ['two codes per class', (i) => `c${label(i)}${i % 2}`, label, /"x" tells the target/],
    ['a copy with one error', (i) => (i === 7 ? 'c9' : `c${two(i)}`), two, /"x" (nearly )?tells/],
    ['a number with one error', (i) => (i === 7 ? 0 : label(i) * 10), label, /all but 1 of 300/],
    ['gaps', (i) => (two(i) ? '' : noise(i)), two, /"x" tells the target/],
    ['texts where it is 1', (i) => (rare(i) ? `t${i}` : ''), rare, /^column "x" tells the target/],
    ['some texts where it is 1', (i) => (two(i) && i % 2 ? `t${i}` : ''), two, null],
    ['one of ten wrong', (i) => (i % 10 === 0 ? (i * 37) % 211 : two(i) * 200), two, null],
    ['noise', (i) => (i * i * 31) % 97, two, null],
  ]
  for (const [name, cell, y, message] of cases) {
    const lines = Array.from({ length: 300 }, (_, i) => `${cell(i)},${(i * 13) % 17},${y(i)}\n`)
    const doubts = doubtsOf(readCsvTable(`x,n,y\n${lines.join('')}`), 'y')
    if (message === null) t.strictSame(doubts, [], name)
    else t.match(doubts, [message], name)
  }
  t.end()
})

t.test('nothing is said of data sets that have nothing', (t) => {
  for (const [file, target] of [
    ['titanic.csv', 'Survived'],
    ['penguins.csv', 'species'],
    ['credit-g.csv', 'class'],
  ] as const) {
    const table = readCsvTable(readFileSync(join(import.meta.dirname, '../../data', file), 'utf8'))
    t.strictSame(doubtsOf(table, target), [], file)
    const { plan, columns } = runSteps(inferPlan(table, target))
    const data = labelTable(table, plan, {
      ...{ testSize: 0.2, seed: 0, dropMissingLabel: true },
      warn() {},
    })
    const { frame, y, classes, split } = data
    const left = columns.filter(({ role }) => role === 'id' || role === 'drop')
    const names = left.map(({ column }) => column)
    t.strictSame(describeLosses(frame, names, y, classes.length), [], file)
    t.strictSame(describeDuplicates(frame, plan, y, split), [], file)
  }
  t.end()
})

t.test('columns left out in vain', (t) => {
  const lines = Array.from({ length: 600 }, (_, i) => {
    const shop = (i * 48_271) % 211
    return `shop${shop},${600 - i},word${i},${shop < 105 ? 1 : 0}\n`
  })
  const frame = readCsvTable(`shop,down,word,y\n${lines.join('')}`)
  const y = Int32Array.from(lines, (line) => Number(line.trimEnd().at(-1)))
  t.match(describeLosses(frame, ['shop', 'down', 'word'], y, 2), [
    /^column "shop" is left out, though it alone predicts the target with a ROC AUC of (1\.00|0\.9\d); .*--nominal shop uses it$/,
  ])
  const sorted = Int32Array.from({ length: 600 }, (_, i) => (i < 300 ? 0 : 1))
  t.strictSame(describeLosses(frame, ['down'], sorted, 2), [], 'a file sorted by class')
  t.end()
})

t.test('rows on both sides of the split', (t) => {
  const split = (rows: number) => ({
    train: all(rows).filter((i) => i % 5 > 0),
    test: all(rows).filter((i) => i % 5 === 0),
  })
  const table = (cell: (i: number) => string) =>
    readCsvTable(`a,b\n${Array.from({ length: 400 }, (_, i) => `${cell(i)}\n`).join('')}`)
  const plan = readPlan({ target: 'y', numeric: ['a'], nominal: ['b'] })
  const y = new Int32Array(400)
  const said = (cell: (i: number) => string, labels = y) =>
    describeDuplicates(table(cell), plan, labels, split(400))
  t.match(
    said((i) => `${(i % 199) + 0.25},x${i % 199}`),
    [/^80 of 80 test rows are training rows, too/],
    'every row twice',
  )
  t.strictSame(
    said((i) => `${i / 7},x${i % 3}`),
    [],
    'rows of their own',
  )
  t.strictSame(
    said((i) => `${i % 3},x${i % 3}`),
    [],
    'few different ones',
  )
  const labels = Int32Array.from(y, (_, i) => (i < 199 ? 0 : i < 398 ? 1 : 0))
  t.strictSame(
    said((i) => `${(i % 199) + 0.25},x${i % 199}`, labels),
    [],
    'with other labels',
  )
  t.match(
    said((i) => `${i % 199 === 0 ? '' : i % 199},x`),
    [/of 80 test rows/],
    'missing is equal',
  )
  t.end()
})
