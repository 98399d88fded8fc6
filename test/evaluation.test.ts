/** Metrics against scikit-learn's; how test/fixtures/evaluation.json was made stands in its note. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { evaluate, evaluateMajority, type Metrics } from '../src/evaluation.ts'

const TOLERANCE = 1e-12

interface Case {
  readonly name: string
  readonly classes: number
  readonly y: number[]
  readonly probabilities: number[][]
  readonly predicted: number[]
  readonly metrics: Metrics
}

const { cases } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures/evaluation.json'), 'utf8'),
) as { cases: Case[] }

for (const { name, classes, y, probabilities, predicted, metrics } of cases) {
  t.test(`as scikit-learn: ${name}`, (t) => {
    const flat = Float64Array.from(probabilities.flat())
    check(t, evaluate(Int32Array.from(y), flat, Int32Array.from(predicted), classes), metrics)
    t.test('in another order of rows', (t) => {
      const rows = y.map((_, row) => (row * 7 + 3) % y.length)
      const pick = (values: readonly number[]) =>
        Int32Array.from(rows, (row) => values[row] as number)
      const mixed = Float64Array.from(rows.flatMap((row) => probabilities[row] as number[]))
      check(t, evaluate(pick(y), mixed, pick(predicted), classes), metrics)
      t.end()
    })
    t.end()
  })
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
  check(t, found, {
    rows: 5,
    accuracy: 4 / 5,
    balancedAccuracy: (1 + 1 / 2) / 2,
    logLoss: -(Math.log(0.9) + 3 * Math.log(0.5) + Math.log(0.9)) / 5,
    // Pairs: 0.9 beats all three; 0.5 ties with two and beats one.
    rocAuc: (3 + 2 / 2 + 1) / 6,
    // Recall 1/2 at precision 1, then 1 at precision 2/4.
    prAuc: 1 / 2 + (1 / 2) * (2 / 4),
    f1: 2 / 3,
    brier: (0.01 + 3 * 0.25 + 0.01) / 5,
    confusion: [
      [3, 0],
      [1, 1],
    ],
  })
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
  const three = evaluate(
    Int32Array.of(0, 1),
    Float64Array.of(0.6, 0.3, 0.1, 0.2, 0.7, 0.1),
    Int32Array.of(0, 1),
    3,
  )
  t.equal(three.rocAuc, null, 'the third of three is absent')
  t.equal(three.balancedAccuracy, 1)
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
  check(t, found, {
    rows: 4,
    accuracy: 2 / 4,
    balancedAccuracy: 1 / 3,
    logLoss: -(Math.log(0.2) + 2 * Math.log(0.5) + Math.log(0.3)) / 4,
    rocAuc: 0.5,
    // Every precision is the class's share of the rows.
    prAuc: (1 / 4 + 2 / 4 + 1 / 4) / 3,
    // Of class 1: 2 hits, 2 true, 4 said.
    f1: 4 / 6 / 3,
    brier: (0.98 + 2 * 0.38 + 0.78) / 4,
    confusion: [
      [0, 1, 0],
      [0, 2, 0],
      [0, 1, 0],
    ],
  })
  t.end()
})

function check(t: Test, found: Metrics, wanted: Metrics): void {
  t.strictSame(Object.keys(found), Object.keys(wanted))
  t.strictSame(found.confusion, wanted.confusion, 'confusion')
  for (const [name, number] of Object.entries(found)) {
    if (name === 'confusion') continue
    const expected = wanted[name as keyof Metrics] as number
    t.ok(Math.abs((number as number) - expected) <= TOLERANCE, name, { number, expected })
  }
}
