import t from 'tap'
import { createRandom, shuffle } from '../../src/data/random.ts'
import { stratifiedSample, stratifiedSplit } from '../../src/data/split.ts'

/** Class numbers in mixed order: `sizes[k]` rows of class k. */
function labels(...sizes: number[]): Int32Array {
  const random = createRandom(9, 300)
  const y = sizes.flatMap((size, label) => new Array<number>(size).fill(label))
  return Int32Array.from(
    y.map((label) => ({ label, at: random.next() })).sort((a, b) => a.at - b.at),
    ({ label }) => label,
  )
}

function countOf(y: Int32Array, rows: Int32Array, label: number): number {
  return rows.filter((row) => y[row] === label).length
}

t.test('a split has every row once, in order, and every class in its share', (t) => {
  for (const [sizes, testSize, expected] of [
    [[50, 50], 0.2, [10, 10]],
    [[90, 10], 0.2, [18, 2]],
    [[60, 30, 9], 0.3, [18, 9, 3]],
    [[60, 40], 0, [0, 0]],
    [[60, 40], 0.999, [59, 39]],
    // Halves are rounded up; one row of every class stays in the training part.
    [[5, 4], 0.5, [3, 2]],
    [[2, 3], 0.9, [1, 2]],
    // T4: a class with one member is not tested.
    [[10, 1], 0.5, [5, 0]],
    [[10, 2], 0.5, [5, 1]],
    [[10, 2], 0.2, [2, 0]],
  ] as const) {
    const y = labels(...sizes)
    for (const seed of [0, 1, 4294967295]) {
      const { train, test } = stratifiedSplit(y, sizes.length, testSize, seed)
      const name = `${sizes.join(' + ')} rows, ${testSize}`
      t.strictSame(
        [...train, ...test].sort((a, b) => a - b),
        [...y.keys()],
        `${name}: complete`,
      )
      t.strictSame(
        [...train],
        [...train].sort((a, b) => a - b),
        `${name}: train ascends`,
      )
      t.strictSame(
        [...test],
        [...test].sort((a, b) => a - b),
        `${name}: test ascends`,
      )
      t.strictSame(
        sizes.map((_, label) => countOf(y, test, label)),
        expected,
        `${name}: test rows of each class`,
      )
    }
  }
  t.end()
})

t.test('a split is chosen by its seed', (t) => {
  const y = labels(50, 50)
  const test = (seed: number) => [...stratifiedSplit(y, 2, 0.2, seed).test]
  t.strictSame(test(5), test(5))
  const all = Array.from({ length: 20 }, (_, seed) => test(seed).join())
  t.equal(new Set(all).size, 20, 'every seed another one')
  const times = new Array<number>(100).fill(0)
  for (let seed = 0; seed < 500; seed++)
    for (const row of test(seed)) times[row] = (times[row] as number) + 1
  // 500 draws of 20 in 100: mean 100, deviation 8.9.
  t.ok(Math.min(...times) > 60 && Math.max(...times) < 140, 'no row is favoured', {
    least: Math.min(...times),
    most: Math.max(...times),
  })
  t.end()
})

t.test('a sample has its size, no row twice, and every class in its share', (t) => {
  for (const [sizes, count, expected] of [
    [[50, 50], 10, [5, 5]],
    [[90, 10], 10, [9, 1]],
    // 6.6 + 2.64 + 0.76 of 10: the largest remainders are filled up.
    [[66, 26, 8], 10, [6, 3, 1]],
    // Equal remainders go to the first class.
    [[25, 25], 5, [3, 2]],
    [[3, 4], 100, [3, 4]],
    [[3, 4], 7, [3, 4]],
  ] as const) {
    const y = labels(...sizes)
    const rows = stratifiedSample(y, sizes.length, count, 3)
    const name = `${count} of ${sizes.join(' + ')}`
    t.strictSame(
      sizes.map((_, label) => countOf(y, rows, label)),
      expected,
      name,
    )
    t.strictSame(
      [...rows],
      [...new Set(rows)].sort((a, b) => a - b),
      `${name}: ascending, once each`,
    )
    t.strictSame([...stratifiedSample(y, sizes.length, count, 3)], [...rows], `${name}: by seed`)
  }
  const y = labels(50, 50)
  t.strictNotSame([...stratifiedSample(y, 2, 10, 1)], [...stratifiedSample(y, 2, 10, 2)])
  t.end()
})

t.test('the random generator', (t) => {
  const draw = (seed: number, stream: number) => {
    const random = createRandom(seed, stream)
    return Array.from({ length: 50 }, () => random.next())
  }
  t.strictSame(draw(1, 1), draw(1, 1), 'the same seed and stream, the same numbers')
  const all = [0, 1, 2, 4294967295].flatMap((seed) =>
    [0, 1, 2, 3].map((stream) => draw(seed, stream).join()),
  )
  t.equal(new Set(all).size, 16, 'another seed or stream, others')
  const random = createRandom(3, 301)
  const counts = new Array<number>(7).fill(0)
  let sum = 0
  for (let i = 0; i < 7000; i++) {
    const number = random.below(7)
    counts[number] = (counts[number] ?? Number.NaN) + 1
    const share = random.uniform()
    if (!(share >= 0 && share < 1)) t.fail(`uniform ${share}`)
    sum += share / 7000
  }
  t.ok(
    counts.length === 7 && counts.every((count) => Math.abs(count - 1000) < 150),
    'integers below a bound come up equally often',
    { counts },
  )
  t.ok(Math.abs(sum - 0.5) < 0.02, 'doubles lie around a half', { sum })
  t.equal(createRandom(1).below(1), 0)
  const orders = new Map<string, number>()
  for (let i = 0; i < 6000; i++) {
    const order = shuffle(Int32Array.of(0, 1, 2), random).join()
    orders.set(order, (orders.get(order) ?? 0) + 1)
  }
  t.ok(
    orders.size === 6 && [...orders.values()].every((count) => Math.abs(count - 1000) < 150),
    'every order comes up equally often',
    { orders: [...orders] },
  )
  t.end()
})
