import { type Matrix, rowOf } from '../data/matrix.ts'
import { f64 } from '../data/tensor.ts'
import { ArtifactError, counted } from '../errors.ts'
import {
  compileCoalitionShap,
  hasCoefficient,
  MAX_COALITION_FEATURES,
  scoreOfRow,
} from '../shap/coalition-shap.ts'
import { type LinearScore, linearBaseValue, linearShap } from '../shap/linear-shap.ts'
import { compileLogisticShap } from '../shap/logistic-shap.ts'
import { applyLink, scoreCount, scoreOf } from './link.ts'
import {
  explainEachRow,
  type LinearSpec,
  type ModelExplainer,
  type ModelKind,
  offerLazily,
  outputEachRow,
} from './model.ts'
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

  buildPredict: (spec) => (X, out) => {
    const classes = out.length / X.rows
    const scores = new Float64Array(spec.intercepts.length)
    for (let row = 0; row < X.rows; row++) {
      for (let k = 0; k < scores.length; k++) scores[k] = scoreOfRow(spec, k, rowOf(X, row))
      applyLink(spec.link, scores, out.subarray(row * classes, (row + 1) * classes))
    }
  },

  usedFeatures: (spec, features) =>
    Uint8Array.from({ length: features }, (_, j) => (hasCoefficient(spec, j) ? 1 : 0)),
  prepareCost: () => 0,
  predictCost: ({ coefficients, intercepts }) => 2 * coefficients.length + 50 * intercepts.length,

  offerExplainers(spec, { classes }, background) {
    const method = 'linear_interventional'
    const logOdds = offerLazily(
      { space: 'log_odds', method, hasInteractions: true, buildSeconds: () => 0 },
      () => buildLogOdds(spec),
    )
    if (background.rows === 0) return [logOdds]
    const used = countUsed(spec)
    const refusal =
      spec.link !== 'logit' && used > MAX_COALITION_FEATURES ? { refusal: describeWidth(used) } : {}
    const probability = offerLazily(
      { space: 'probability', method, buildSeconds: () => 0, ...refusal },
      () => buildProbability(spec, classes, background),
    )
    return [logOdds, probability]
  },

  buildBounds(spec) {
    const work = { steps: 0 }
    return {
      cuts: () => undefined,
      lead(label, low, high) {
        work.steps += spec.intercepts.length * spec.features
        let least = Number.POSITIVE_INFINITY
        for (const { weights, constant } of rivals(spec, label)) {
          let sum = constant
          let size = Math.abs(constant)
          for (let j = 0; j < spec.features; j++) {
            const weight = weights[j]!
            sum += weight * ((weight > 0 ? high[j] : low[j]) as number)
            size += Math.abs(weight) * Math.max(Math.abs(low[j]!), Math.abs(high[j]!))
          }
          least = Math.min(least, sum + (spec.features + 16) * Number.EPSILON * size)
        }
        return mayTie(spec, label, low, high) ? Math.max(least, 0) : least
      },
      solve(label, x, feature) {
        // The last of the rivals to be overtaken decides.
        let farthest: number | undefined
        let matters = false
        for (const { weights, constant } of rivals(spec, label)) {
          const lead = weights.reduce((sum, weight, j) => sum + weight * x[j]!, constant)
          const weight = weights[feature]!
          matters ||= weight !== 0
          if (lead > 0) continue
          const value = x[feature]! - lead / weight
          if (!Number.isFinite(value)) return undefined
          const from = x[feature]!
          if (farthest !== undefined && (value - from) * (farthest - from) < 0) return undefined
          if (farthest === undefined || Math.abs(value - from) > Math.abs(farthest - from))
            farthest = value
        }
        return farthest ?? (matters ? x[feature] : undefined)
      },
      work,
    }
  },

  withBackground: (spec, { rows, columns, data }) => ({
    ...spec,
    means: Float64Array.from({ length: columns }, (_, j) => {
      let sum = 0
      for (let row = 0; row < rows; row++) sum += data[row * columns + j]! / rows
      return sum
    }),
  }),

  describeSize: ({ intercepts }) => counted(intercepts.length, 'score'),

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
    intercept: spec.intercepts[k]!,
    means: spec.means,
  }
}

function writeProbabilities(spec: LinearSpec, x: Float64Array, out: Float64Array): void {
  const scores = new Float64Array(spec.intercepts.length)
  for (let k = 0; k < scores.length; k++) scores[k] = scoreOfRow(spec, k, x)
  applyLink(spec.link, scores, out)
}

/** SHAP values of the scores: the closed form. */
function buildLogOdds(spec: LinearSpec): ModelExplainer {
  const parts = Array.from(spec.intercepts, (_, k) => linearScore(spec, k))
  const part = (label: number) => {
    const { score, sign } = scoreOf(spec.link, label)
    return { score, sign, linear: parts[score] as LinearScore }
  }
  const explain: ModelExplainer['explain'] = (x, labels, phi) => {
    labels.forEach((label, i) => {
      const { sign, linear: score } = part(label)
      const own = phi.subarray(i * spec.features, (i + 1) * spec.features)
      linearShap(score, x, own)
      // Adding zero turns −0 into 0.
      for (let j = 0; j < own.length; j++) own[j] = sign * own[j]! + 0
    })
  }
  const outputOf = (x: Float64Array, label: number) =>
    part(label).sign * scoreOfRow(spec, part(label).score, x)
  return {
    space: 'log_odds',
    method: 'linear_interventional',
    baseValue: (label) => part(label).sign * linearBaseValue(part(label).linear),
    output: outputOf,
    outputRows: outputEachRow(outputOf),
    explain,
    explainRows: explainEachRow(explain, spec.features),
    // A sum of functions of one feature each has no interactions: all is on the diagonal.
    interactions(x, labels, out) {
      const { features } = spec
      const phi = new Float64Array(labels.length * features)
      explain(x, labels, phi)
      out.fill(0)
      phi.forEach((value, i) => {
        out[i * features + (i % features)] = value
      })
    },
    cost: spec.features * 3,
    interactionCost: spec.features * spec.features,
  }
}

/** SHAP values of the probabilities, over the background. */
function buildProbability(spec: LinearSpec, classes: number, background: Matrix): ModelExplainer {
  const link = (scores: Float64Array, out: Float64Array) => applyLink(spec.link, scores, out)
  const shap =
    spec.link === 'logit'
      ? compileLogisticShap(spec, link, background)
      : compileCoalitionShap(spec, link, classes, background)
  const probabilities = new Float64Array(classes)
  const output = (x: Float64Array, label: number) => {
    writeProbabilities(spec, x, probabilities)
    return probabilities[label]!
  }
  const explain: ModelExplainer['explain'] = (x, labels, phi) => shap.explain(x, labels, phi)
  return {
    space: 'probability',
    method: 'linear_interventional',
    baseValue: (label) => shap.baseValues[label]!,
    output,
    outputRows: outputEachRow(output),
    explain,
    explainRows: explainEachRow(explain, spec.features),
    cost: shap.cost,
    interactionCost: 0,
  }
}

function countUsed(spec: LinearSpec): number {
  let used = 0
  for (let j = 0; j < spec.features; j++) if (hasCoefficient(spec, j)) used++
  return used
}

function describeWidth(used: number): string {
  return `exact SHAP values of the probabilities of more than two classes are computed up to ${MAX_COALITION_FEATURES} model features, this model has ${used}; ask for space=log_odds`
}

/** A class's lead over each of its rivals as a linear function of the features. */
function rivals(spec: LinearSpec, label: number): { weights: Float64Array; constant: number }[] {
  const { score, sign } = scoreOf(spec.link, label)
  const own = linearScore(spec, score)
  if (spec.link === 'logit')
    return [{ weights: own.coefficients.map((w) => sign * w), constant: sign * own.intercept }]
  return Array.from(spec.intercepts, (_, k) => linearScore(spec, k)).flatMap((other, k) =>
    k === label
      ? []
      : [
          {
            weights: own.coefficients.map((w, j) => w - other.coefficients[j]!),
            constant: own.intercept - other.intercept,
          },
        ],
  )
}

/** Scores of separate regressions beyond which their probabilities are rounded to the same number, 1 or 0. */
const SATURATED = [-700, 30] as const

/** Whether a class may be chosen without a lead because its probability is rounded to that of a rival. */
function mayTie(spec: LinearSpec, label: number, low: Float64Array, high: Float64Array): boolean {
  if (spec.link !== 'one_vs_rest') return false
  const { coefficients, intercept } = linearScore(spec, label)
  let [least, most] = [intercept, intercept]
  coefficients.forEach((weight, j) => {
    least += weight * ((weight > 0 ? low[j] : high[j]) as number)
    most += weight * ((weight > 0 ? high[j] : low[j]) as number)
  })
  return least < SATURATED[0] || most > SATURATED[1]
}

function invalid(detail: string): ArtifactError {
  return new ArtifactError('invalid', `the linear model is not valid: ${detail}`)
}
