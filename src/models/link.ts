import type { Link } from './model.ts'

/** Returns how many scores a model with this link has. */
export function scoreCount(link: Link, classes: number): number {
  return link === 'logit' ? 1 : classes
}

/** Returns which score, with which sign, is the output of a class: a binary logit has one score for two classes. */
export function scoreOf(link: Link, label: number): { score: number; sign: 1 | -1 } {
  return link === 'logit' ? { score: 0, sign: label === 1 ? 1 : -1 } : { score: label, sign: 1 }
}

/** Writes the class probabilities of a row's scores into `out`; length of `out` = classes. */
export function applyLink(link: Link, scores: Float64Array, out: Float64Array): void {
  switch (link) {
    case 'identity':
      out.set(scores)
      return
    case 'logit':
      out[0] = sigmoid(-scores[0]!)
      out[1] = sigmoid(scores[0]!)
      return
    case 'softmax': {
      const largest = scores.reduce(
        (most, score) => Math.max(most, score),
        Number.NEGATIVE_INFINITY,
      )
      for (let k = 0; k < out.length; k++) out[k] = Math.exp(scores[k]! - largest)
      normalise(out)
      return
    }
    case 'one_vs_rest':
      sigmoids(scores, out)
      normalise(out)
      return
    case 'sigmoid_each':
      sigmoids(scores, out)
  }
}

function sigmoids(scores: Float64Array, out: Float64Array): void {
  for (let k = 0; k < out.length; k++) out[k] = sigmoid(scores[k]!)
}

/** The logistic function, exact to rounding for large |z| too. */
function sigmoid(z: number): number {
  if (z >= 0) return 1 / (1 + Math.exp(-z))
  const e = Math.exp(z)
  return e / (1 + e)
}

function normalise(out: Float64Array): void {
  const sum = out.reduce((total, value) => total + value, 0)
  if (sum > 0) for (let k = 0; k < out.length; k++) out[k] = out[k]! / sum
  else out.fill(1 / out.length)
}
