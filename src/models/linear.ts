import { f64 } from '../data/tensor.ts'
import { ArtifactError } from '../errors.ts'
import { type LinearScore, linearBaseValue, linearShap } from '../shap/linear-shap.ts'
import { applyLink, scoreCount, scoreOf } from './link.ts'
import type { LinearSpec, ModelKind } from './model.ts'
import { readChoice, readTensor } from './stored.ts'

/** Models whose scores are linear in the features: logistic regression. */
export const linear: ModelKind<LinearSpec> = {
  acceptsMissing: false,

  check(spec, { features, classes }) {
    const scores = scoreCount(spec.link, classes)
    if (spec.link === 'logit' && classes !== 2)
      throw invalid(`link logit needs 2 classes, there are ${classes}`)
    if (spec.features !== features)
      throw invalid(`it has ${spec.features} features, the preprocessor makes ${features}`)
    if (spec.intercepts.length !== scores)
      throw invalid(`it has ${spec.intercepts.length} scores, expected ${scores}`)
    if (spec.coefficients.length !== scores * features)
      throw invalid('coefficients do not match scores × features')
    if (spec.means.length !== features) throw invalid('means do not match the features')
    for (const [name, values] of Object.entries({
      coefficients: spec.coefficients,
      intercepts: spec.intercepts,
      means: spec.means,
    })) {
      if (!values.every(Number.isFinite)) throw invalid(`${name} hold a number that is not finite`)
    }
  },

  probabilities(spec, x, out) {
    const scores = new Float64Array(spec.intercepts.length)
    for (let k = 0; k < scores.length; k++) scores[k] = scoreAt(spec, k, x)
    applyLink(spec.link, scores, out)
  },

  buildExplainer(spec) {
    const parts = Array.from(spec.intercepts, (_, k) => linearScore(spec, k))
    const part = (label: number) => {
      const { score, sign } = scoreOf(spec.link, label)
      return { score, sign, linear: parts[score] as LinearScore }
    }
    return {
      space: 'log_odds',
      method: 'linear_interventional',
      baseValue: (label) => part(label).sign * linearBaseValue(part(label).linear),
      output: (x, label) => part(label).sign * scoreAt(spec, part(label).score, x),
      explain(x, labels, phi) {
        labels.forEach((label, i) => {
          const { sign, linear: score } = part(label)
          const own = phi.subarray(i * spec.features, (i + 1) * spec.features)
          linearShap(score, x, own)
          // Adding zero turns −0 into 0.
          for (let j = 0; j < own.length; j++) own[j] = sign * (own[j] as number) + 0
        })
      },
      cost: spec.features * 3,
    }
  },

  prepareSeconds: () => 0,

  store: (spec) => ({
    metadata: new Map([['link', spec.link]]),
    tensors: new Map([
      ['coefficients', f64(spec.coefficients, spec.intercepts.length, spec.features)],
      ['intercepts', f64(spec.intercepts)],
      ['means', f64(spec.means)],
    ]),
  }),

  restore(file) {
    const means = readTensor(file, 'means', 'F64')
    return {
      kind: 'linear',
      features: means.data.length,
      coefficients: readTensor(file, 'coefficients', 'F64').data,
      intercepts: readTensor(file, 'intercepts', 'F64').data,
      means: means.data,
      link: readChoice(file, 'link', ['logit', 'softmax', 'one_vs_rest']),
    }
  },
}

function linearScore(spec: LinearSpec, k: number): LinearScore {
  return {
    coefficients: spec.coefficients.subarray(k * spec.features, (k + 1) * spec.features),
    intercept: spec.intercepts[k] as number,
    means: spec.means,
  }
}

function scoreAt(spec: LinearSpec, k: number, x: Float64Array): number {
  let sum = spec.intercepts[k] as number
  for (let j = 0; j < spec.features; j++)
    sum += (spec.coefficients[k * spec.features + j] as number) * (x[j] as number)
  return sum
}

function invalid(detail: string): ArtifactError {
  return new ArtifactError('invalid', `the linear model is not valid: ${detail}`)
}
