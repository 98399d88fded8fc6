/** The native logistic regression: the battery, scikit-learn's coefficients, what a minimum is, and hostile data. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { rowOf } from '../../../src/data/matrix.ts'
import { createRandom } from '../../../src/data/random.ts'
import type { FitContext } from '../../../src/estimators/estimator.ts'
import { logisticRegression } from '../../../src/estimators/native/logistic-regression.ts'
import { parseParams } from '../../../src/estimators/params.ts'
import type { LinearSpec } from '../../../src/models/model.ts'
import { blobs, bytesOf, fit, type Labelled, predict } from '../../contract.ts'

const TIGHT = { tol: 1e-10, max_iter: 10_000 }
const PENALTIES = [
  { penalty: 'l2' },
  { penalty: 'l1' },
  { penalty: 'elasticnet', l1_ratio: 0.5 },
  { penalty: 'none' },
]

t.test('coefficients are those of scikit-learn', async (t) => {
  const fixture = readFixture()
  for (const { data, params, weighted, coefficients, intercepts } of fixture.cases) {
    const set = fixture.sets.find(({ name }) => name === data) as FixtureSet
    const warnings: string[] = []
    const spec = await fitLinear(
      labelled(set.X, set.y),
      { ...params, ...TIGHT },
      {
        classNames: set.classes,
        warn: (message) => warnings.push(message),
        ...(weighted ? { sampleWeight: Float64Array.from(set.sampleWeight) } : {}),
      },
    )
    const title = `${data}, ${JSON.stringify(params)}${weighted ? ', weighted' : ''}`
    t.ok(largestDifference(spec.coefficients, coefficients.flat()) < 1e-7, title)
    t.ok(largestDifference(spec.intercepts, intercepts) < 1e-7, `${title}: intercepts`)
    t.strictSame(warnings, [], `${title}: it has converged`)
  }
  t.equal(fixture.cases.length, 63)
})

t.test('a column that l1 leaves out has a coefficient of exactly 0', async (t) => {
  const data = blobs(2, 40, { spread: 4 })
  const counts = []
  for (const C of [1e-3, 0.02, 1]) {
    const spec = await fitLinear(data, { penalty: 'l1', C, ...TIGHT })
    counts.push(spec.coefficients.filter((weight) => weight !== 0).length)
  }
  t.strictSame(counts, [0, 1, 3])
})

t.test('every fit ends at the minimum of its definition', async (t) => {
  const sets: Record<string, Labelled> = {
    'two classes': blobs(2, 40, { spread: 4 }),
    'four classes': blobs(4, 30, { spread: 4 }),
    'one column': labelled([[-1], [0.5], [1], [2], [-3], [0]], [0, 0, 1, 1, 0, 1]),
    'a constant column': drawn(60, 2, ([a, b]) => [a, 7, b]),
    'a column of zeros': drawn(60, 2, ([a, b]) => [a, 0, b]),
    'collinear columns': drawn(60, 2, ([a, b]) => [a, a, -2 * a, b]),
    'one-hot columns': drawn(90, 4, ([a, b]) => [Number(b < -0.3), Number(b >= -0.3), a]),
    'more columns than rows': drawn(20, 30, (x) => x),
    'many classes': { ...drawn(200, 3, (x) => x), ...classesOf(200, 40) },
    'sizes from 1e-4 to 1e4': drawn(60, 3, ([a, b, c]) => [a * 1e4, b, c * 1e-4]),
    // Correlations from a sample of the rows.
    'many rows': drawn(24_000, 30, (x) => x),
    // Only the Hessian's diagonal is kept; l1 goes part by part.
    'many columns': drawn(40, 1300, (x) => x),
    'many classes and columns': { ...drawn(120, 60, (x) => x), ...classesOf(120, 30) },
  }
  for (const [title, data] of Object.entries(sets)) {
    for (const params of PENALTIES) {
      // Without a penalty these have no minimum.
      if (params.penalty === 'none' && data.X.columns > 25) continue
      const tol = title.startsWith('sizes') ? 1e-6 : 1e-8
      const warnings: string[] = []
      const warn = (message: string) => warnings.push(message)
      const spec = await fitLinear(data, { ...params, tol, max_iter: 1000 }, { warn })
      const size = subgradientSize(data, spec, params)
      t.ok(size < 2 * tol, `${title}, ${params.penalty}`, { size, warnings })
      t.strictSame(warnings, [], `${title}, ${params.penalty}: no warning`)
    }
  }
})

t.test('weights mean repeated rows, and rows without weight mean nothing', async (t) => {
  const data = blobs(3, 30, { spread: 4 })
  const counts = Float64Array.from(data.y, (_, row) => Math.floor(row / 3) % 3)
  const repeated = [...data.y.keys()].flatMap((row) =>
    Array.from({ length: counts[row] as number }, () => row),
  )
  const taken = labelled(
    repeated.map((row) => [...rowOf(data.X, row)]),
    repeated.map((row) => data.y[row] as number),
  )
  for (const penalty of PENALTIES) {
    for (const class_weight of ['none', 'balanced', '{"0":2,"1":0.5}']) {
      const params = { ...penalty, class_weight, ...TIGHT }
      const weighted = await fitLinear(data, params, { sampleWeight: counts })
      const plain = await fitLinear(taken, params)
      const title = `${penalty.penalty}, ${class_weight}`
      t.ok(largestDifference(weighted.coefficients, plain.coefficients) < 1e-6, title)
      t.ok(largestDifference(weighted.intercepts, plain.intercepts) < 1e-6, title)
    }
  }
})

t.test('a class without weight leaves a model with numbers', async (t) => {
  for (const classes of [2, 3]) {
    const data = blobs(classes, 20, { spread: 4 })
    for (const penalty of PENALTIES) {
      const spec = await fitLinear(data, { ...penalty, class_weight: '{"1":0}' })
      t.ok(isWhole(spec), `${penalty.penalty}, ${classes} classes`)
      const shares = predict(spec, rowOf(data.X, 1), classes)
      t.ok((shares[1] as number) < 0.01, 'its share is next to nothing', { shares })
    }
  }
  await t.rejects(fitLinear(blobs(2, 20), { class_weight: '{"0":0,"1":0}' }), {
    code: 'invalid_parameter',
    message: /the rows' weights add up to 0, .* change class_weight/,
  })
})

t.test('classes that can be separated, without a penalty: numbers and a warning', async (t) => {
  for (const data of [blobs(2, 20), blobs(3, 20), blobs(2, 1)]) {
    for (const tol of [1e-4, 1e-10]) {
      const warnings: string[] = []
      const warn = (message: string) => warnings.push(message)
      const spec = await fitLinear(data, { penalty: 'none', tol, max_iter: 1000 }, { warn })
      t.ok(isWhole(spec))
      t.match(warnings, [/^the classes can be separated .* use penalty l2$/])
      t.equal(warnings.length, 1)
    }
  }
})

t.test('numbers near the limits of doubles leave a model with numbers', async (t) => {
  for (const size of [1e-300, 1e-150, 1e150, 1e200, 1e300]) {
    const data = drawn(40, 2, ([a, b]) => [a * size, b])
    for (const penalty of PENALTIES) {
      t.ok(isWhole(await fitLinear(data, penalty)), `${size}, ${penalty.penalty}`)
    }
  }
})

t.test('a fit that did not converge says what to do', async (t) => {
  for (const [penalty, classes] of [
    ['l2', 2],
    ['l1', 3],
  ] as const) {
    const warnings: string[] = []
    const data = blobs(classes, 40, { spread: 4 })
    const params = { penalty, max_iter: 1, tol: 1e-8 }
    const spec = await fitLinear(data, params, { warn: (message) => warnings.push(message) })
    t.ok(isWhole(spec))
    t.match(warnings, [/not converged after 1 iterations .*tol is 1e-8\): raise max_iter/])
    t.equal(warnings.length, 1)
  }
})

t.test('a fit that is stopped leaves a whole model of what is done', async (t) => {
  const data = blobs(3, 40, { spread: 4 })
  for (const penalty of ['l2', 'l1']) {
    const warnings: string[] = []
    let asked = 0
    const spec = await fitLinear(
      data,
      { penalty, ...TIGHT },
      {
        warn: (message) => warnings.push(message),
        shouldStop: () => ++asked === 2,
      },
    )
    t.ok(isWhole(spec))
    t.strictSame(warnings, ['interrupted after 2 of at most 10000 iterations'])
    const two = await fitLinear(data, { penalty, ...TIGHT, max_iter: 2 })
    t.strictSame(bytesOf(spec), bytesOf(two), 'the model of two iterations')
  }
})

t.test('parameters that contradict each other are refused or warned about', async (t) => {
  const data = blobs(2, 5)
  const refuse = (params: object, message: RegExp) =>
    t.rejects(fitLinear(data, params), { code: 'invalid_parameter', message })
  await refuse({ penalty: 'elasticnet' }, /elasticnet needs l1_ratio/)
  await refuse({ l1_ratio: 0.5 }, /l1_ratio is 0.5 but penalty is l2; only penalty elasticnet/)
  await refuse({ penalty: 'none', l1_ratio: 0 }, /l1_ratio is 0 but penalty is none/)
  await refuse({ class_weight: '{"2":1}' }, /class_weight names class "2"/)
  const warnings: string[] = []
  await fitLinear(data, { penalty: 'none', C: 2 }, { warn: (message) => warnings.push(message) })
  t.match(warnings, [/^C is 2 but penalty is none/, /separated/])
  for (const [name, value] of Object.entries({
    penalty: 'L3',
    C: 0,
    l1_ratio: 1.1,
    class_weight: 'fair',
    fit_intercept: 'maybe',
    tol: 0,
    max_iter: 0.5,
  })) {
    t.throws(() => parseParams(logisticRegression.params, new Map([[name, value]])), {
      code: 'invalid_parameter',
      message: new RegExp(`^parameter ${name} is .*, expected `),
    })
  }
  t.match(parseParams(logisticRegression.params, new Map()), {
    penalty: 'l2',
    C: 1,
    l1_ratio: null,
    class_weight: 'none',
    fit_intercept: true,
    tol: 1e-4,
    max_iter: 100,
  })
})

t.test('without an intercept it is 0', async (t) => {
  for (const classes of [2, 3]) {
    const spec = await fitLinear(blobs(classes, 20), { fit_intercept: false })
    t.ok(spec.intercepts.every((intercept) => intercept === 0))
  }
})

t.test('the background is the mean of every column', async (t) => {
  for (const data of [blobs(2, 30), drawn(60, 2, ([a, b]) => [Number(a > 0.7), b, 0, 0, 0])]) {
    const { X } = data
    const spec = await fitLinear(data, {})
    const means = Array.from({ length: X.columns }, (_, j) => {
      let sum = 0
      for (let row = 0; row < X.rows; row++) sum += X.data[row * X.columns + j] as number
      return sum / X.rows
    })
    t.ok(largestDifference(spec.means, means) < 1e-14)
  }
})

interface FixtureSet {
  readonly name: string
  readonly classes: readonly string[]
  readonly X: readonly (readonly number[])[]
  readonly y: readonly number[]
  readonly sampleWeight: readonly number[]
}

interface Fixture {
  readonly sets: readonly FixtureSet[]
  readonly cases: readonly {
    readonly data: string
    readonly params: Readonly<Record<string, unknown>>
    readonly weighted: boolean
    readonly coefficients: readonly (readonly number[])[]
    readonly intercepts: readonly number[]
  }[]
}

/** Coefficients of scikit-learn; logistic-regression.py makes them. */
function readFixture(): Fixture {
  const file = new URL('../../fixtures/logistic-regression.json', import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}

async function fitLinear(
  data: Labelled,
  params: object,
  context: Partial<FitContext> = {},
): Promise<LinearSpec> {
  return (await fit(logisticRegression, data, context, { ...params })) as LinearSpec
}

/** Largest component of the smallest subgradient of mean loss + penalty / rows, C = 1. */
function subgradientSize(
  { X, y }: Labelled,
  { coefficients, intercepts }: LinearSpec,
  { penalty, l1_ratio }: { penalty: string; l1_ratio?: number },
): number {
  const { rows, columns } = X
  const outputs = intercepts.length
  const gradient = new Float64Array(outputs * (columns + 1))
  for (let row = 0; row < rows; row++) {
    const x = rowOf(X, row)
    const scores = Array.from(intercepts, (intercept, k) =>
      x.reduce(
        (sum, value, j) => sum + value * (coefficients[k * columns + j] as number),
        intercept,
      ),
    )
    const all = outputs === 1 ? [0, ...scores] : scores
    const largest = Math.max(...all)
    const total = all.reduce((sum, score) => sum + Math.exp(score - largest), 0)
    for (let k = 0; k < outputs; k++) {
      const label = outputs === 1 ? 1 : k
      const p = Math.exp((scores[k] as number) - largest) / total
      const residual = (p - Number(y[row] === label)) / rows
      for (let j = 0; j <= columns; j++) {
        const at = k * (columns + 1) + j
        gradient[at] = (gradient[at] as number) + residual * (j < columns ? (x[j] as number) : 1)
      }
    }
  }
  const share = penalty === 'l1' ? 1 : penalty === 'elasticnet' ? (l1_ratio as number) : 0
  const strength = penalty === 'none' ? 0 : 1 / rows
  return gradient.reduce((most, g, at) => {
    const k = Math.floor(at / (columns + 1))
    const j = at % (columns + 1)
    if (j === columns) return Math.max(most, Math.abs(g))
    const weight = coefficients[k * columns + j] as number
    const smooth = g + (1 - share) * strength * weight
    const l1 = share * strength
    return Math.max(
      most,
      weight === 0 ? Math.abs(smooth) - l1 : Math.abs(smooth + Math.sign(weight) * l1),
    )
  }, 0)
}

function labelled(rows: readonly (readonly number[])[], y: readonly number[]): Labelled {
  const columns = rows[0]?.length ?? 0
  const X = { rows: rows.length, columns, data: Float64Array.from(rows.flat()) }
  return { X, y: Int32Array.from(y), classes: Math.max(...y) + 1 }
}

/** Rows made from numbers from −1 to 1; the class hangs on the first of them and on chance. */
function drawn(
  rows: number,
  numbers: number,
  make: (numbers: readonly [number, number, number]) => readonly number[],
): Labelled {
  const random = createRandom(rows, 1)
  const draw = () => 2 * random.uniform() - 1
  const raw = Array.from({ length: rows }, () => Array.from({ length: numbers }, draw))
  return labelled(
    raw.map((row) => make(row as unknown as [number, number, number])),
    raw.map((row, i) => (i < 2 ? i : Number((row[0] as number) + draw() > 0))),
  )
}

function classesOf(rows: number, classes: number): { y: Int32Array; classes: number } {
  return { y: Int32Array.from({ length: rows }, (_, row) => row % classes), classes }
}

function isWhole({ coefficients, intercepts, means }: LinearSpec): boolean {
  return [...coefficients, ...intercepts, ...means].every(Number.isFinite)
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = a.length === b.length ? 0 : Number.NaN
  for (let i = 0; i < a.length; i++)
    most = Math.max(most, Math.abs((a[i] as number) - (b[i] as number)))
  return most
}
