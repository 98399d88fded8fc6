import t from 'tap'
import type { Matrix } from '../../../src/data/matrix.ts'
import { createRandom } from '../../../src/data/random.ts'
import { factorCholesky, solveCholesky } from '../../../src/estimators/native/cholesky.ts'
import { bestShift } from '../../../src/estimators/native/common-shift.ts'
import { denseDesign, sparseDesign } from '../../../src/estimators/native/design-matrix.ts'
import { expOfMinus } from '../../../src/estimators/native/exp.ts'

t.test('sparse and dense rows give the products of their definition', (t) => {
  const X = sparseMatrix(23, 7)
  const nonZero = X.data.filter((value) => value !== 0).length
  const weights = ramp(23)
  const values = ramp(69)
  for (const hasIntercept of [true, false]) {
    const x = (row: number, j: number) => (j < 7 ? (X.data[row * 7 + j] as number) : 1)
    const overRows = (of: (row: number) => number, stride = 1) => {
      let total = 0
      for (let row = 0; row < 23; row += stride) total += of(row)
      return total
    }
    const w = (row: number) => weights[row] as number
    for (const design of [denseDesign(X, hasIntercept), sparseDesign(X, hasIntercept, nonZero)]) {
      const { width } = design
      t.equal(width, hasIntercept ? 8 : 7)
      const theta = ramp(3 * width)
      const check = (product: Float64Array, of: (i: number) => number, title: string) => {
        const expected = Float64Array.from(product, (_, i) => of(i))
        t.ok(largestDifference(product, expected) < 1e-12, title, { product, expected })
      }
      const scores = new Float64Array(69)
      design.multiply(theta, 3, scores)
      const score = (i: number) => {
        let sum = 0
        for (let j = 0; j < width; j++)
          sum += (theta[(i % 3) * width + j] as number) * x(Math.floor(i / 3), j)
        return sum
      }
      check(scores, score, 'scores')
      const back = new Float64Array(3 * width)
      design.multiplyTransposed(values, 3, back)
      const component = (i: number) =>
        overRows((row) => (values[row * 3 + Math.floor(i / width)] as number) * x(row, i % width))
      check(back, component, 'transposed')
      const squares = new Float64Array(width)
      design.squares(weights, squares)
      check(squares, (j) => overRows((row) => w(row) * x(row, j) ** 2), 'squares')
      for (const [stride, first] of [
        [1, 0],
        [3, 0],
        [1, 2],
      ] as const) {
        const size = width - first
        const gram = new Float64Array(size * size)
        design.addGram(weights, stride, gram, first, width)
        const product = (i: number) => {
          const [a, b] = [Math.floor(i / size), i % size]
          return a < b
            ? 0
            : overRows((row) => w(row) * x(row, first + a) * x(row, first + b), stride)
        }
        check(gram, product, `gram of every ${stride}. row from column ${first}`)
      }
    }
  }
  t.end()
})

t.test('the best common shift is that of a search', (t) => {
  const random = createRandom(4)
  for (let round = 0; round < 200; round++) {
    const count = 2 + random.below(5)
    const w = Float64Array.from({ length: count }, () => random.below(9) / 2 - 2).sort()
    const [l1, l2] = [
      [1, 0],
      [0.3, 0.7],
      [0, 1],
      [1, 0.01],
    ][round % 4] as [number, number]
    const cost = (c: number) =>
      w.reduce((sum, value) => sum + l1 * Math.abs(value - c) + (l2 / 2) * (value - c) ** 2, 0)
    const found = bestShift(w, l1, l2)
    for (let c = -3; c <= 3; c += 1 / 64) {
      const isBetter = cost(c) < cost(found) - 1e-12
      const isNearer = cost(c) <= cost(found) + 1e-12 && Math.abs(c) < Math.abs(found) - 1e-9
      if (isBetter || isNearer) t.fail('there is a better one', { w, l1, l2, c, found })
    }
  }
  t.equal(bestShift(Float64Array.of(-3, -1, 2, 5), 1, 0), 0, 'of an interval, the number next to 0')
  t.equal(bestShift(Float64Array.of(1, 2, 4, 5), 1, 0), 2)
  t.equal(bestShift(Float64Array.of(-5, -4, -2, -1), 1, 0), -2)
  t.end()
})

t.test('a system is solved by its Cholesky factor, or refused', (t) => {
  const a = Float64Array.of(4, 0, 0, 2, 5, 0, -1, 3, 6)
  const x = [1, -2, 0.5]
  const b = Float64Array.of(9, 4 - 4 + -0.5, 2 - 10 + 1.5, -1 - 6 + 3)
  t.ok(factorCholesky(a, 3))
  solveCholesky(a, 3, b, 1)
  t.ok(largestDifference(b, [9, ...x]) < 1e-14, 'numbers before the offset stay')
  t.notOk(factorCholesky(Float64Array.of(1, 0, 2, 4), 2), 'a singular matrix')
  t.notOk(factorCholesky(Float64Array.of(Number.NaN), 1))
  t.notOk(factorCholesky(Float64Array.of(Number.POSITIVE_INFINITY), 1))
  t.end()
})

t.test('exp(−a) is that of Math.exp', (t) => {
  const random = createRandom(1)
  let worst = 0
  for (let i = 0; i < 20_000; i++) {
    const a = random.uniform() * (i % 2 === 0 ? 2 : 700)
    worst = Math.max(worst, Math.abs(expOfMinus(a) / Math.exp(-a) - 1))
  }
  t.ok(worst < 1e-15, 'relative error', { worst })
  t.equal(expOfMinus(0), 1)
  for (const a of [744, 745.2, 1e300, Number.POSITIVE_INFINITY])
    t.equal(expOfMinus(a), Math.exp(-a), `${a}`)
  t.ok(Number.isNaN(expOfMinus(Number.NaN)))
  t.end()
})

function sparseMatrix(rows: number, columns: number): Matrix {
  const random = createRandom(2)
  const data = Float64Array.from({ length: rows * columns }, () =>
    random.uniform() < 0.3 ? random.uniform() - 0.5 : 0,
  )
  return { rows, columns, data }
}

/** Numbers between −1 and 1 without a pattern that products would hide. */
function ramp(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.sin(3 * i + 1))
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = a.length === b.length ? 0 : Number.NaN
  for (let i = 0; i < a.length; i++)
    most = Math.max(most, Math.abs((a[i] as number) - (b[i] as number)))
  return most
}
