/** SHAP values of linear models' probabilities against the definition. */
import t from 'tap'
import type { Matrix } from '../../src/data/matrix.ts'
import { createRandom } from '../../src/data/random.ts'
import { linear } from '../../src/models/linear.ts'
import type { ExplainerOffer, LinearSpec } from '../../src/models/model.ts'
import { writeProbabilities } from '../models/ask-model.ts'
import { shapleyValues } from './brute-force.ts'

const random = createRandom(7)
const normal = () => {
  let sum = -6
  for (let i = 0; i < 12; i++) sum += random.uniform()
  return sum
}

interface Case {
  readonly spec: LinearSpec
  readonly classes: number
  readonly background: Matrix
  readonly x: Float64Array
}

function randomCase(
  link: LinearSpec['link'],
  features: number,
  classes: number,
  scale: number,
  rows = 5,
): Case {
  const scores = link === 'logit' ? 1 : classes
  const numbers = (length: number, size: number) =>
    Float64Array.from({ length }, () => normal() * size)
  return {
    spec: {
      kind: 'linear',
      features,
      coefficients: numbers(scores * features, scale),
      intercepts: numbers(scores, 1),
      means: new Float64Array(features),
      link,
    },
    classes,
    background: { rows, columns: features, data: numbers(rows * features, 1) },
    x: numbers(features, 1),
  }
}

function offerOf({ spec, classes, background }: Case): ExplainerOffer {
  const offers = linear.offerExplainers(spec, { features: spec.features, classes }, background)
  return offers.find(({ space }) => space === 'probability') as ExplainerOffer
}

function explain(c: Case): { base: number[]; phi: number[][] } {
  const explainer = offerOf(c).build()
  const labels = Array.from({ length: c.classes }, (_, k) => k)
  const phi = new Float64Array(c.classes * c.spec.features)
  explainer.explain(c.x, labels, phi)
  return {
    base: labels.map((label) => explainer.baseValue(label)),
    phi: labels.map((k) => [...phi.subarray(k * c.spec.features, (k + 1) * c.spec.features)]),
  }
}

/** Mean probability over the background rows with the features in the mask taken from the row. */
function gameOf({ spec, classes, background, x }: Case, label: number) {
  const mixed = new Float64Array(spec.features)
  const out = new Float64Array(classes)
  return (mask: number) => {
    let sum = 0
    for (let row = 0; row < background.rows; row++) {
      for (let j = 0; j < spec.features; j++)
        mixed[j] = (mask & (1 << j) ? x[j] : background.data[row * spec.features + j]) as number
      writeProbabilities(spec, mixed, out)
      sum += out[label] as number
    }
    return sum / background.rows
  }
}

/** Largest difference to the definition, over all classes and features. */
function errorOf(c: Case): number {
  const { phi } = explain(c)
  let most = 0
  for (let label = 0; label < c.classes; label++) {
    const expected = shapleyValues(c.spec.features, gameOf(c, label))
    expected.forEach((value, j) => {
      most = Math.max(most, Math.abs(value - (phi[label]?.[j] as number)))
    })
  }
  return most
}

t.test('binary: the definition, to rounding', (t) => {
  for (const features of [1, 2, 8, 9, 10, 12, 13]) {
    for (const scale of [0.1, 1, 5]) {
      const error = errorOf(randomCase('logit', features, 2, scale))
      t.ok(error <= 1e-12, `${features} features, coefficients about ${scale}: ${error}`)
    }
  }
  t.end()
})

t.test('several classes: the definition, to rounding', (t) => {
  for (const link of ['softmax', 'one_vs_rest'] as const) {
    for (const [features, classes] of [
      [1, 3],
      [4, 4],
      [8, 3],
      [3, 2],
    ] as const) {
      const error = errorOf(randomCase(link, features, classes, 1.5))
      t.ok(error <= 1e-12, `${link}, ${features} features, ${classes} classes: ${error}`)
    }
  }
  t.end()
})

t.test('many features: additive, and features that change nothing have exactly 0', (t) => {
  for (const scale of [0.3, 3, 30]) {
    const c = randomCase('logit', 40, 2, scale, 8)
    c.spec.coefficients[3] = 0
    for (let row = 0; row < c.background.rows; row++)
      c.background.data[row * 40 + 5] = c.x[5] as number
    const { base, phi } = explain(c)
    const out = new Float64Array(2)
    writeProbabilities(c.spec, c.x, out)
    for (const label of [0, 1]) {
      const own = phi[label] as number[]
      const sum = own.reduce((a, b) => a + b, base[label] as number)
      t.ok(Math.abs(sum - (out[label] as number)) <= 1e-12, `coefficients about ${scale}: ${sum}`)
      t.ok(Object.is(own[3], 0) && Object.is(own[5], 0), 'no effect is 0, not −0')
    }
  }
  t.end()
})

t.test('rows far from the background: exact with few features, refused with many', (t) => {
  const few = randomCase('logit', 10, 2, 1)
  few.x[2] = 1e7
  t.ok(errorOf(few) <= 1e-12)
  const many = randomCase('logit', 20, 2, 1)
  many.x[2] = 1e7
  t.throws(() => explain(many), { code: 'too_expensive', message: /ask for space=log_odds/ })
  many.x[2] = 1e308
  many.x[3] = -1e308
  t.throws(() => explain(many), { code: 'too_expensive' }, 'a score that is no number')
  t.end()
})

t.test('several classes of more features than can be enumerated are refused', (t) => {
  t.match(
    offerOf(randomCase('softmax', 16, 3, 1)).refusal,
    /up to 15 model features.*has 16.*log_odds/,
  )
  t.equal(offerOf(randomCase('softmax', 15, 3, 1)).refusal, undefined)
  t.equal(offerOf(randomCase('logit', 60, 2, 1)).refusal, undefined, 'two classes have no bound')
  t.end()
})
