/** Metrics, curves and intervals; scikit-learn's numbers are made by test/fixtures/evaluation.py. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { InputError } from '../../src/errors.ts'
import { bootstrapIntervals, intervalMetrics } from '../../src/evaluation/bootstrap.ts'
import { calibrationBins } from '../../src/evaluation/calibration.ts'
import {
  classesWithoutRows,
  evaluate,
  evaluateMajority,
  type Metrics,
  measureAnswers,
  rankAnswers,
} from '../../src/evaluation/metrics.ts'
import { quantile } from '../../src/evaluation/quantile.ts'
import { precisionRecallCurve, rank, rocCurve, thinCurve } from '../../src/evaluation/ranking.ts'
import { tabulateThresholds } from '../../src/evaluation/thresholds.ts'

const TOLERANCE = 1e-12

interface Case {
  readonly name: string
  readonly classes: number
  readonly y: number[]
  readonly probabilities: number[][]
  readonly predicted: number[]
  readonly metrics: Metrics
  readonly weights?: number[]
  readonly weightedMetrics?: Metrics
  readonly curves?: {
    readonly roc: Record<string, number[]>
    readonly pr: Record<string, number[]>
    readonly calibration: Record<'uniform' | 'quantile', Record<string, number[]>>
  }
}

const { cases } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/evaluation.json'), 'utf8'),
) as { cases: Case[] }

function answersOf({ classes, y, probabilities, predicted }: Case) {
  return {
    y: Int32Array.from(y),
    probabilities: Float64Array.from(probabilities.flat()),
    predicted: Int32Array.from(predicted),
    classes,
  }
}

for (const one of cases) {
  t.test(`as scikit-learn: ${one.name}`, (t) => {
    const { y, probabilities, predicted, classes } = answersOf(one)
    check(t, evaluate(y, probabilities, predicted, classes), one.metrics)
    t.test('in another order of rows', (t) => {
      // A step that shares no factor with the number of rows visits all of them.
      const step = y.length % 7 === 0 ? 11 : 7
      const rows = one.y.map((_, row) => (row * step + 3) % y.length)
      t.equal(new Set(rows).size, y.length)
      const pick = (values: readonly number[]) =>
        Int32Array.from(rows, (row) => values[row] as number)
      const mixed = Float64Array.from(rows.flatMap((row) => one.probabilities[row] as number[]))
      check(t, evaluate(pick(one.y), mixed, pick(one.predicted), classes), one.metrics)
      t.end()
    })
    if (one.weights && one.weightedMetrics) {
      const weights = Float64Array.from(one.weights)
      const ranked = rankAnswers(answersOf(one))
      check(t, measureAnswers(ranked, weights), one.weightedMetrics)
    }
    if (one.curves) checkCurves(t, one, one.curves)
    t.end()
  })
}

function checkCurves(t: Test, one: Case, wanted: NonNullable<Case['curves']>): void {
  const scores = Float64Array.from(one.probabilities, (row) => row[1] as number)
  const isPositive = Uint8Array.from(one.y)
  const ranking = rank(scores, isPositive)
  checkArrays(t, rocCurve(ranking) as object, wanted.roc)
  checkArrays(t, precisionRecallCurve(ranking) as object, wanted.pr)
  for (const strategy of ['uniform', 'quantile'] as const) {
    const bins = calibrationBins(scores, isPositive, 10, strategy)
    const found = {
      observed: bins.map(({ observed }) => observed),
      meanPredicted: bins.map(({ meanPredicted }) => meanPredicted),
    }
    checkArrays(t, found, wanted.calibration[strategy])
    t.equal(
      bins.reduce((sum, { rows }) => sum + rows, 0),
      one.y.length,
    )
  }
}

/** JSON has no infinity: the first threshold of a ROC curve is null there. */
function checkArrays(t: Test, found: object, wanted: Record<string, (number | null)[]>): void {
  t.strictSame(Object.keys(found).sort(), Object.keys(wanted).sort())
  for (const [name, values] of Object.entries(found) as [string, Float64Array][]) {
    const expected = wanted[name] as (number | null)[]
    t.equal(values.length, expected.length, `${name}: points`)
    const same = expected.every((value, i) =>
      value === null
        ? values[i] === Number.POSITIVE_INFINITY
        : Math.abs((values[i] as number) - value) <= TOLERANCE,
    )
    t.ok(same, name, { found: values, expected })
  }
}

t.test('worked out by hand: ties count half', (t) => {
  // Scores 0.9 | 0.5 0.5 | 0.5 0.1: positives at 0.9 and one 0.5.
  const scores = [0.9, 0.5, 0.5, 0.5, 0.1]
  const found = evaluate(
    Int32Array.of(1, 1, 0, 0, 0),
    Float64Array.from(scores.flatMap((p) => [1 - p, p])),
    Int32Array.of(1, 0, 0, 0, 0),
    2,
  )
  checkSome(t, found, {
    rows: 5,
    accuracy: 4 / 5,
    balancedAccuracy: (1 + 1 / 2) / 2,
    logLoss: -(Math.log(0.9) + 3 * Math.log(0.5) + Math.log(0.9)) / 5,
    // Pairs: 0.9 beats all three; 0.5 ties with two and beats one.
    rocAuc: (3 + 2 / 2 + 1) / 6,
    // Recall 1/2 at precision 1, then 1 at precision 2/4.
    prAuc: 1 / 2 + (1 / 2) * (2 / 4),
    precision: 1,
    recall: 1 / 2,
    f1: 2 / 3,
    brier: (0.01 + 3 * 0.25 + 0.01) / 5,
  })
  t.strictSame(found.confusion, [
    [3, 0],
    [1, 1],
  ])
  t.end()
})

t.test('a class without rows has no curve, and does not count in the balance', (t) => {
  const P = Float64Array.of(0.8, 0.2, 0.3, 0.7)
  const positive = evaluate(Int32Array.of(1, 1), P, Int32Array.of(0, 1), 2)
  t.equal(positive.rocAuc, null, 'no negative row')
  t.equal(positive.prAuc, 1, 'every row is positive')
  t.equal(positive.balancedAccuracy, 0.5)
  const negative = evaluate(Int32Array.of(0, 0), P, Int32Array.of(0, 1), 2)
  t.equal(negative.rocAuc, null, 'no positive row')
  t.equal(negative.prAuc, null)
  t.equal(negative.f1, 0)
  const none = rank(Float64Array.of(0.2, 0.7), new Uint8Array(2))
  t.equal(rocCurve(none), null)
  t.equal(precisionRecallCurve(none), null)
  t.end()
})

t.test('the areas of many classes are those of the classes with rows', (t) => {
  // [row][class] of four classes, the last two without a row.
  const P = Float64Array.from(
    [
      [0.6, 0.2, 0.1, 0.1],
      [0.3, 0.4, 0.2, 0.1],
      [0.4, 0.3, 0.1, 0.2],
      [0.2, 0.5, 0.2, 0.1],
    ].flat(),
  )
  const y = Int32Array.of(0, 0, 1, 1)
  const found = evaluate(y, P, Int32Array.of(0, 1, 0, 1), 4)
  // Pairs of a row of the class and another one that are in order: 3 of 4 and 3 of 4.
  t.equal(found.perClass[0]!.rocAuc, 3 / 4)
  t.equal(found.perClass[1]!.rocAuc, 3 / 4)
  t.equal(found.perClass[2]!.rocAuc, null)
  t.equal(found.rocAuc, 3 / 4)
  t.equal(found.macro.rocAuc, 3 / 4)
  t.equal(found.weighted.rocAuc, 3 / 4)
  t.equal(found.prAuc, (found.perClass[0]!.prAuc! + found.perClass[1]!.prAuc!) / 2)
  t.equal(found.f1, (found.perClass[0]!.f1 + found.perClass[1]!.f1) / 4, 'F1 is of all classes')
  t.strictSame(classesWithoutRows(found), [2, 3])
  t.strictSame(classesWithoutRows(evaluate(y, P, y, 2)), [], 'two classes are one question')
  const single = evaluate(Int32Array.of(1, 1), P, Int32Array.of(1, 1), 4)
  t.equal(single.rocAuc, null, 'one class with rows is told from nothing')
  // A resample without a class that has rows has no area.
  const answers = rankAnswers({ y, probabilities: P, predicted: y, classes: 4 })
  t.equal(measureAnswers(answers, Float64Array.of(0, 0, 1, 1)).rocAuc, null)
  t.end()
})

t.test('no row cannot be measured', (t) => {
  t.throws(
    () => evaluate(new Int32Array(), new Float64Array(), new Int32Array(), 2),
    new InputError('empty_data', 'there is no row to measure a model on'),
  )
  t.end()
})

t.test('a certain mistake costs no more than 36 nats', (t) => {
  const { logLoss } = evaluate(Int32Array.of(0), Float64Array.of(0, 1), Int32Array.of(1), 2)
  t.equal(logLoss, -Math.log(Number.EPSILON))
  t.end()
})

t.test('the majority answers with the training shares', (t) => {
  const y = Int32Array.of(0, 1, 1, 2)
  const found = evaluateMajority(y, [0.2, 0.5, 0.3])
  checkSome(t, found, {
    rows: 4,
    accuracy: 2 / 4,
    balancedAccuracy: 1 / 3,
    logLoss: -(Math.log(0.2) + 2 * Math.log(0.5) + Math.log(0.3)) / 4,
    rocAuc: 0.5,
    // Every precision is the class's share of the rows.
    prAuc: (1 / 4 + 2 / 4 + 1 / 4) / 3,
    // Of class 1: 2 hits, 2 true, 4 said.
    f1: 4 / 6 / 3,
    precision: 2 / 4 / 3,
    recall: 1 / 3,
    brier: (0.98 + 2 * 0.38 + 0.78) / 4,
  })
  t.end()
})

t.test('weights that count rows are those rows repeated', (t) => {
  const one = cases[1] as Case
  const weights = (one.weights as number[]).map(Math.round)
  const rows = weights.flatMap((count, row) => new Array<number>(count).fill(row))
  const repeated = evaluate(
    Int32Array.from(rows, (row) => one.y[row] as number),
    Float64Array.from(rows.flatMap((row) => one.probabilities[row] as number[])),
    Int32Array.from(rows, (row) => one.predicted[row] as number),
    2,
  )
  const counted = measureAnswers(rankAnswers(answersOf(one)), Float64Array.from(weights))
  check(t, { ...counted, rows: repeated.rows }, repeated)
  t.end()
})

t.test('intervals', (t) => {
  const answers = rankAnswers(answersOf(cases[0] as Case))
  const found = bootstrapIntervals(answers, { seed: 1 })
  t.strictSame(bootstrapIntervals(answers, { seed: 1 }), found, 'the same seed')
  t.notSame(bootstrapIntervals(answers, { seed: 2 }), found, 'another seed')
  t.equal(found.resamples, 1000)
  const metrics = evaluate(answers.y, answers.probabilities, answers.predicted, 2)
  for (const name of intervalMetrics) {
    const [low, high] = found.of[name] as [number, number]
    const value = metrics[name] as number
    t.ok(low < value && value < high, `${name}: ${low} < ${value} < ${high}`)
  }
  // Accuracy is a mean of zeros and ones: its interval is about the binomial's.
  const [low, high] = found.of.accuracy as [number, number]
  const deviation = Math.sqrt((metrics.accuracy * (1 - metrics.accuracy)) / answers.y.length)
  t.ok(Math.abs((high - low) / (2 * 1.96 * deviation) - 1) < 0.15, 'width', { low, high })
  const held = bootstrapIntervals(answers, { seed: 1, stratified: true, resamples: 200 })
  t.match(held, { resamples: 200, stratified: true })
  t.notSame(held.of, found.of)
  t.end()
})

t.test('an interval that most resamples lack is none', (t) => {
  const answers = rankAnswers({
    y: Int32Array.of(0, 0),
    probabilities: Float64Array.of(0.8, 0.2, 0.3, 0.7),
    predicted: Int32Array.of(0, 1),
    classes: 2,
  })
  const { of } = bootstrapIntervals(answers, { seed: 0 })
  t.equal(of.rocAuc, null)
  t.strictSame(of.accuracy, [0, 1])
  const one = bootstrapIntervals(rankAnswers({ ...answers, y: Int32Array.of(0, 1) }), {
    seed: 0,
    stratified: true,
  })
  t.strictSame(one.of.rocAuc, [1, 1], 'each class keeps its row')
  t.end()
})

t.test('thresholds are tabulated at twentieths', (t) => {
  const rows = tabulateThresholds(
    Float64Array.of(0.05, 0.3, 0.5, 0.5, 0.96),
    Uint8Array.of(0, 1, 0, 1, 1),
  )
  t.equal(rows.length, 19)
  const at = (threshold: number) => rows.find((row) => row.threshold === threshold)
  t.strictSame(at(0.05), {
    threshold: 0.05,
    truePositives: 3,
    falsePositives: 1,
    falseNegatives: 0,
    trueNegatives: 1,
  })
  // Of two classes as likely as each other the first is predicted.
  t.strictSame(at(0.5), {
    threshold: 0.5,
    truePositives: 1,
    falsePositives: 0,
    falseNegatives: 2,
    trueNegatives: 2,
  })
  t.match(at(0.95), { truePositives: 1, falsePositives: 0, falseNegatives: 2, trueNegatives: 2 })
  t.end()
})

t.test('curves of a large table have as many points as it has scores', (t) => {
  const rows = 500_000
  const scores = Float64Array.from({ length: rows }, (_, row) => row / rows)
  const ranking = rank(
    scores,
    Uint8Array.from(scores, (_, row) => row % 2),
  )
  t.equal(rocCurve(ranking)?.thresholds.length, rows + 1)
  t.equal(precisionRecallCurve(ranking)?.thresholds.length, rows)
  t.end()
})

t.test('a curve is thinned to points along it, both ends kept', (t) => {
  const x = Float64Array.from({ length: 5000 }, (_, i) => (i / 4999) ** 3)
  const y = Float64Array.from({ length: 5000 }, (_, i) => Math.sqrt(i / 4999))
  const points = thinCurve(x, y, 200)
  t.ok(points.length <= 200 && points.length > 190, `${points.length} points`)
  t.equal(points[0], 0)
  t.equal(points.at(-1), 4999)
  t.ok(
    points.every((point, i) => i === 0 || point > (points[i - 1] as number)),
    'ascending',
  )
  const steps = Array.from(points.subarray(1), (point, i) => {
    const before = points[i] as number
    return (
      Math.abs((x[point] as number) - (x[before] as number)) +
      Math.abs((y[point] as number) - (y[before] as number))
    )
  })
  t.ok(Math.max(...steps) < 0.05, 'no gap')
  t.strictSame([...thinCurve(x.subarray(0, 5), y.subarray(0, 5), 200)], [0, 1, 2, 3, 4])
  const jump = Float64Array.from({ length: 300 }, (_, i) => (i < 299 ? 0 : 1))
  t.strictSame([...thinCurve(jump, jump, 200)], [0, 299], 'points on top of each other are one')
  t.end()
})

t.test('quantiles lie between the two nearest numbers', (t) => {
  const sorted = Float64Array.of(1, 2, 4, 8)
  t.strictSame(
    [0, 0.5, 1, 0.25].map((share) => quantile(sorted, share)),
    [1, 3, 8, 1.75],
  )
  t.end()
})

function check(t: Test, found: Metrics, wanted: Metrics): void {
  t.strictSame(Object.keys(found).sort(), Object.keys(wanted).sort())
  checkSome(t, found, wanted)
}

function checkSome(t: Test, found: object, wanted: object, where = ''): void {
  for (const [name, expected] of Object.entries(wanted) as [string, unknown][]) {
    const value = (found as Record<string, unknown>)[name]
    const path = `${where}${name}`
    if (expected !== null && typeof expected === 'object') {
      if (Array.isArray(expected)) t.equal((value as unknown[]).length, expected.length, path)
      checkSome(t, value as object, expected, `${path}.`)
    } else if (expected === null) t.equal(value, null, path)
    else
      t.ok(Math.abs((value as number) - (expected as number)) <= TOLERANCE, path, {
        value,
        expected,
      })
  }
}
