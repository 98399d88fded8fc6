/** The closed form of linear SHAP against the definition over all subsets of features. */
import t, { type Test } from 'tap'
import { createRandom, type Random } from '../../src/data/random.ts'
import type { LinearSpec } from '../../src/models/model.ts'
import { linearBaseValue, linearShap } from '../../src/shap/linear-shap.ts'
import { defaultExplainer } from '../models/ask-model.ts'
import { shapleyValues } from './brute-force.ts'

const TOLERANCE = 1e-12

t.test('the closed form is the Shapley value with the other features at their means', (t) => {
  const random = createRandom(1, 110)
  for (let features = 1; features <= 10; features++) {
    const score = {
      coefficients: numbers(random, features),
      intercept: random.uniform(),
      means: numbers(random, features),
    }
    const x = numbers(random, features)
    const value = (mask: number) =>
      scoreOf(score, (j) => (mask & (1 << j) ? x : score.means)[j] as number)
    const phi = new Float64Array(features)
    linearShap(score, x, phi)
    isClose(t, phi, shapleyValues(features, value), `${features} features`)
    isClose(t, [linearBaseValue(score)], [value(0)], `${features} features: base value`)
  }
  t.end()
})

t.test('it is the interventional Shapley value over the rows that the means were taken of', (t) => {
  const random = createRandom(2, 111)
  const features = 6
  const background = Array.from({ length: 7 }, () => numbers(random, features))
  const means = Float64Array.from({ length: features }, (_, j) =>
    mean(background.map((row) => row[j] as number)),
  )
  const score = { coefficients: numbers(random, features), intercept: -0.7, means }
  const x = numbers(random, features)
  const phi = new Float64Array(features)
  linearShap(score, x, phi)
  const value = (mask: number) =>
    mean(background.map((row) => scoreOf(score, (j) => (mask & (1 << j) ? x : row)[j] as number)))
  isClose(t, phi, shapleyValues(features, value), 'SHAP values')
  t.end()
})

for (const [link, classes, scores] of [
  ['logit', 2, 1],
  ['softmax', 3, 3],
  ['one_vs_rest', 3, 3],
] as const) {
  t.test(`a model with link ${link} is explained in log-odds, class by class`, (t) => {
    const random = createRandom(scores, 112)
    const features = 5
    const spec: LinearSpec = {
      kind: 'linear',
      features,
      coefficients: numbers(random, scores * features),
      intercepts: numbers(random, scores),
      means: numbers(random, features),
      link,
    }
    const explainer = defaultExplainer(spec, { features, classes })
    t.equal(explainer.space, 'log_odds')
    t.equal(explainer.method, 'linear_interventional')
    const labels = Array.from({ length: classes }, (_, label) => classes - 1 - label)
    for (let repeat = 0; repeat < 10; repeat++) {
      const x = numbers(random, features)
      const phi = new Float64Array(labels.length * features).fill(Number.NaN)
      explainer.explain(x, labels, phi)
      labels.forEach((label, i) => {
        // A binary model has one score; class 0 has its negative.
        const sign = link === 'logit' && label === 0 ? -1 : 1
        const k = link === 'logit' ? 0 : label
        const own = {
          coefficients: spec.coefficients.subarray(k * features, (k + 1) * features),
          intercept: spec.intercepts[k] as number,
        }
        const value = (mask: number) =>
          sign * scoreOf(own, (j) => (mask & (1 << j) ? x : spec.means)[j] as number)
        const found = phi.subarray(i * features, (i + 1) * features)
        isClose(t, found, shapleyValues(features, value), `class ${label}`)
        isClose(t, [explainer.baseValue(label)], [value(0)], `class ${label}: base value`)
        isClose(t, [explainer.output(x, label)], [value(31)], `class ${label}: output`)
        const total = found.reduce((sum, part) => sum + part, explainer.baseValue(label))
        isClose(t, [total], [explainer.output(x, label)], `class ${label} adds up`)
      })
    }
    t.end()
  })
}

t.test('a feature at its mean or without a weight has exactly 0, not −0', (t) => {
  const spec: LinearSpec = {
    kind: 'linear',
    features: 3,
    coefficients: Float64Array.of(-2, 0, -0),
    intercepts: Float64Array.of(1),
    means: Float64Array.of(4, 7, 7),
    link: 'logit',
  }
  const phi = new Float64Array(6)
  const explainer = defaultExplainer(spec, { features: 3, classes: 2 })
  explainer.explain(Float64Array.of(4, 3, 9), [0, 1], phi)
  phi.forEach((found, j) => {
    t.ok(Object.is(found, 0), `value ${j}`)
  })
  t.end()
})

function scoreOf(
  score: { coefficients: Float64Array; intercept: number },
  numberAt: (feature: number) => number,
): number {
  return score.coefficients.reduce(
    (sum, coefficient, j) => sum + coefficient * numberAt(j),
    score.intercept,
  )
}

function numbers(random: Random, length: number): Float64Array {
  return Float64Array.from({ length }, () => random.uniform() * 6 - 3)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function isClose(t: Test, a: ArrayLike<number>, b: ArrayLike<number>, name: string): void {
  const isSame = Array.from(a, (value, i) => Math.abs(value - (b[i] as number)) <= TOLERANCE)
  t.ok(a.length === b.length && isSame.every(Boolean), name, { found: a, wanted: b })
}
