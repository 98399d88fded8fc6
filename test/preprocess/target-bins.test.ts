/** Classes made of numbers: as many rows in each as ties allow, in the order of their names. */
import fc from 'fast-check'
import t from 'tap'
import { findColumn, numberColumn, type TextColumn } from '../../src/data/frame.ts'
import { applyTargetBins, fitTargetBins } from '../../src/preprocess/target-bins.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import { checkRefused } from '../tables.ts'

const tableOf = (values: readonly number[]) => ({
  names: ['y'],
  columns: [numberColumn(Float64Array.from(values))],
  length: values.length,
})

t.test('every row stands in the range of its class, and classes are as large as can be', (t) => {
  const number = fc.oneof(
    fc.integer({ min: -50, max: 50 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  )
  fc.assert(
    fc.property(
      fc.array(number, { minLength: 2, maxLength: 60 }),
      fc.integer({ min: 2, max: 20 }),
      (values, count) => {
        fc.pre(new Set(values).size === values.length)
        const bins = fitTargetBins(tableOf(values), 'y', count)
        const { codes, levels } = applyTargetBins(tableOf(values), bins).columns[0] as TextColumn
        t.strictSame(levels.toSorted(), levels, 'names sort as ranges do')
        values.forEach((value, row) => {
          const code = codes[row] as number
          const { [code - 1]: least = -Infinity, [code]: most = Infinity } = bins.edges
          if (!(value >= least && value < most)) throw new Error(`${value} in ${levels[code]}`)
        })
        const sizes = levels.map((_, code) => codes.filter((own) => own === code).length)
        return Math.max(...sizes) - Math.min(...sizes) <= 1 || values.length < count
      },
    ),
    { numRuns: 300 },
  )
  t.end()
})

t.test('names, ties and gaps', async (t) => {
  const bins = (text: string, count: number) =>
    fitTargetBins(readCsvTable(`x,y\n${text}`), 'y', count)
  const rows = Array.from({ length: 100 }, (_, i) => `1,${(i * 1.37).toFixed(3)}\n`).join('')
  t.strictSame(bins(rows, 4).names, ['Q1 <34', 'Q2 34 to 68', 'Q3 68 to 102', 'Q4 >=102'])
  t.equal(bins(rows, 12).names[1]?.slice(0, 3), 'Q02')
  t.strictSame(bins('1,0\n1,0\n1,0\n1,5\n1,7\n', 4).edges, [5], 'equal numbers stay together')
  const table = readCsvTable('x,y\n1,1\n2,\n3,3\n')
  const made = findColumn(applyTargetBins(table, bins('1,1\n2,3\n', 2)), 'y') as TextColumn
  t.strictSame([...made.codes], [0, -1, 1])
  await checkRefused(t, () => bins('1,4\n2,4\n', 2), 'invalid_label', /most .* are the same/, 'one')
  await checkRefused(t, () => bins('1,a\n2,b\n', 2), 'invalid_label', /leave out --bins/, 'texts')
})
