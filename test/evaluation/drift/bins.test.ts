/** Bins of columns: what has one of its own, and that every cell is in one. */
import fc from 'fast-check'
import t from 'tap'
import { numberColumn, textColumn } from '../../../src/data/frame.ts'
import { countBins, countInto, planBins } from '../../../src/evaluation/drift/bins.ts'
import { countColumn, countSeenOnce } from '../../../src/evaluation/drift/profile.ts'

const column = (values: readonly number[]) => numberColumn(Float64Array.from(values))
const repeat = (value: number, times: number): number[] => new Array<number>(times).fill(value)

function cutsOf(values: readonly number[]): readonly number[] {
  const bins = planBins(column(values))
  return bins.kind === 'ranges' ? bins.cuts : []
}

function countsOf(values: readonly number[], live: readonly number[]): number[] {
  const counter = countInto(planBins(column(values)))
  counter.add(column(live))
  return Array.from(counter.counts)
}

t.test('ranges hold a tenth each; a frequent number has one of its own', (t) => {
  const even = Array.from({ length: 100 }, (_, i) => i)
  t.strictSame(cutsOf(even), [10, 20, 30, 40, 50, 60, 70, 80, 90])
  t.strictSame(countsOf(even, even), repeat(10, 10))
  const binary = [...repeat(0, 50), ...repeat(1, 50)]
  t.strictSame(countsOf(binary, binary), [0, 50, 0, 50, 0])
  t.strictSame(countsOf(binary, [-1, 0.4, 0.9, 1.1, Number.NaN]), [1, 0, 2, 0, 1], 'beside them')
  t.strictSame(countsOf(binary, [1 + 2 ** -24]), [0, 0, 0, 1, 0], 'in single precision')
  const mostly = [...repeat(0, 90), ...Array.from({ length: 10 }, (_, i) => 100 + i)]
  t.strictSame(countsOf(mostly, mostly), [0, 90, 10])
  t.strictSame(countsOf([], [1, 2]), [2], 'a column of gaps')
  t.strictSame(countsOf([7], [7, 8, Number.MAX_VALUE, -Number.MAX_VALUE]), [1, 1, 2])
  t.end()
})

t.test('every number is in one bin, whatever the numbers were', (t) => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true })
  const few = fc.integer({ min: -3, max: 3 })
  const numbers = fc.array(fc.oneof(number, few), { maxLength: 200 })
  fc.assert(
    fc.property(numbers, numbers, (values, live) => {
      const cuts = cutsOf(values)
      t.ok(cuts.every((cut, i) => i === 0 || cut > cuts[i - 1]!) && cuts.every(Number.isFinite))
      t.ok(countBins(planBins(column(values))) <= 40)
      const counts = countsOf(values, live)
      t.equal(
        counts.reduce((sum, count) => sum + count, 0),
        live.length,
      )
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('a category that few rows have is one of the others', (t) => {
  const texts = textColumn([
    ...new Array<string>(30).fill('b'),
    ...new Array<string>(20).fill('c'),
    ...new Array<string>(20).fill('a'),
    ...new Array<string>(19).fill('d'),
    null,
  ])
  const bins = planBins(texts)
  t.strictSame(bins, { kind: 'values', values: ['b', 'a', 'c'] })
  const counter = countInto(bins)
  counter.add(texts)
  counter.add(textColumn(['a', 'new', null]))
  t.strictSame(Array.from(counter.counts), [30, 21, 20, 20])
  const many = textColumn(Array.from({ length: 3000 }, (_, i) => `t${i % 100}`))
  t.equal(countBins(planBins(many)), 51)
  t.strictSame(planBins(column([...repeat(3, 20), ...repeat(1, 25)]), true), {
    kind: 'values',
    values: [1, 3],
  })
  t.end()
})

t.test('moments of blocks are those of the whole; extreme numbers have none', (t) => {
  const value = fc.double({ noNaN: true, min: -1e6, max: 1e6 })
  const counting = {
    column: 'x',
    by: 'x',
    bins: { kind: 'ranges', cuts: [0] },
    known: undefined,
    range: { minimum: -1, maximum: 1 },
  } as const
  fc.assert(
    fc.property(fc.array(fc.array(fc.oneof(value, fc.constant(Number.NaN)))), (blocks) => {
      const counter = countColumn(counting)
      for (const block of blocks) counter.add(column(block), column(block))
      const found = counter.finish()
      const all = blocks.flat().filter((one) => !Number.isNaN(one))
      t.equal(found.missing, blocks.flat().length - all.length)
      t.equal(found.outside, all.filter((one) => one < -1 || one > 1).length)
      if (all.length === 0) return void t.equal(found.numbers, undefined)
      const mean = all.reduce((sum, one) => sum + one, 0) / all.length
      const deviation = Math.sqrt(all.reduce((sum, one) => sum + (one - mean) ** 2, 0) / all.length)
      t.ok(Math.abs((found.numbers?.mean as number) - mean) < 1e-6)
      t.ok(Math.abs((found.numbers?.deviation as number) - deviation) < 1e-6)
      t.equal(
        found.numbers?.minimum,
        all.reduce((least, one) => Math.min(least, one)),
      )
    }),
    { numRuns: 200 },
  )
  const counter = countColumn(counting)
  const extreme = column([Number.MAX_VALUE, -Number.MAX_VALUE])
  counter.add(extreme, extreme)
  t.equal(counter.finish().numbers, undefined)
  t.end()
})

t.test('values seen once', (t) => {
  t.equal(countSeenOnce(textColumn(['a', 'b', 'a', null, 'c', null])), 2)
  t.equal(countSeenOnce(column([1, 2, 2, Number.NaN])), 1)
  t.end()
})
