/**
 * Exact SHAP values of a logistic model's probability in polynomial time, by the logistic function's Fourier form
 *
 *   σ(z) = 1/2 + ∫₀^∞ sin(wz) / sinh(πw) dw.
 *
 * For a row x and a background row b with changes d_i = coefficient_i (x_i − b_i) from the score c of b, a coalition
 * in which every other feature is present with probability p (independently) has the expectation
 *
 *   φ_j = ∫₀¹ dp ∫₀^∞ dw Im[ e^{iwc} (e^{iw d_j} − 1) Π_{i ≠ j} (1 − p + p e^{iw d_i}) ] / sinh(πw),
 *
 * which is the Shapley value (Owen's multilinear extension). The integrand is a polynomial of degree m − 1 in p, so
 * ⌈m / 2⌉ Gauss-Legendre points are exact; over w the midpoint rule converges exponentially: its error is
 * e^{−(2π/h − Z)} for scores within ±Z, and what is cut off behind W is below e^{−πW}.
 */
import { type Matrix, rowOf } from '../data/matrix.ts'
import { InputError } from '../errors.ts'
import {
  type BackgroundShap,
  createPair,
  hasCoefficient,
  MAX_COALITION_FEATURES,
  meanOutputs,
  meanPairCost,
  type ScoreLink,
  scoreOfRow,
} from './coalition-shap.ts'
import { gaussLegendre } from './gauss-legendre.ts'
import type { LinearScores } from './linear-shap.ts'

/** Up to so many features, enumerating coalitions is faster. */
const FEW_FEATURES = 8
/** e^{−38} and e^{−12π} are below the rounding of a double near 1. */
const MARGIN = 38
const LAST_FREQUENCY = 12
/** Largest |score| that a coalition may reach; the number of frequencies grows with it. */
const MAX_REACH = 4000
/** Rotations of a complex number before it is computed anew, so that rounding does not add up. */
const ROTATIONS = 64

/**
 * Returns the explainer of P(class 1) of a model with one score.
 * @param link writes both classes' probabilities
 */
export function compileLogisticShap(
  model: LinearScores,
  link: ScoreLink,
  background: Matrix,
): BackgroundShap {
  const features = Int32Array.from({ length: model.features }, (_, j) => j).filter((j) =>
    hasCoefficient(model, j),
  )
  const enumerate = createPair(model, link, 2)
  const scratch = createScratch(features.length)
  const one = new Float64Array(model.features)
  return {
    baseValues: meanOutputs(model, link, 2, background),
    explain(x, outputs, phi) {
      one.fill(0)
      for (let row = 0; row < background.rows; row++) {
        const reference = rowOf(background, row)
        const players = findChanges(model, features, x, reference, scratch)
        const reach = reachOf(scratch, players)
        // Written so that a reach that is no number is too far.
        const isFar = !(reach <= MAX_REACH)
        if (players <= (isFar ? MAX_COALITION_FEATURES : FEW_FEATURES)) {
          enumerate(x, reference, CLASS_ONE, 1 / background.rows, one)
        } else if (isFar) {
          throw new InputError(
            'too_expensive',
            'its values lie too far from the training data for exact SHAP values of the probability; ask for space=log_odds',
          )
        } else integrate(scratch, players, reach, 1 / background.rows, one)
      }
      outputs.forEach((output, i) => {
        const at = i * model.features
        for (let j = 0; j < model.features; j++) phi[at + j] = output === 1 ? one[j]! : 0 - one[j]!
      })
    },
    cost: meanPairCost(model, background, (players, reach) =>
      players <= FEW_FEATURES
        ? 2 ** players * (30 + players)
        : frequencies(Math.min(reach, MAX_REACH)) * players * (20 + 13 * Math.ceil(players / 2)),
    ),
  }
}

const CLASS_ONE = [1]

/** Working memory for one pair of rows; arrays are per player, complex numbers as two of them. */
interface Scratch {
  readonly feature: Int32Array
  readonly change: Float64Array
  /** Score of the background row. */
  score: number
  readonly cos: Float64Array
  readonly sin: Float64Array
  readonly stepCos: Float64Array
  readonly stepSin: Float64Array
  readonly prefixRe: Float64Array
  readonly prefixIm: Float64Array
  readonly sum: Float64Array
}

function createScratch(players: number): Scratch {
  const numbers = () => new Float64Array(players + 1)
  return {
    feature: new Int32Array(players),
    change: numbers(),
    score: 0,
    cos: numbers(),
    sin: numbers(),
    stepCos: numbers(),
    stepSin: numbers(),
    prefixRe: numbers(),
    prefixIm: numbers(),
    sum: numbers(),
  }
}

/** Lists the features that change the score; returns how many there are. */
function findChanges(
  model: LinearScores,
  features: Int32Array,
  x: Float64Array,
  reference: Float64Array,
  scratch: Scratch,
): number {
  let players = 0
  for (let i = 0; i < features.length; i++) {
    const j = features[i]!
    const change = model.coefficients[j]! * (x[j]! - reference[j]!)
    if (change === 0) continue
    scratch.feature[players] = j
    scratch.change[players++] = change
  }
  scratch.score = scoreOfRow(model, 0, reference)
  return players
}

/** Largest |score| of any coalition. */
function reachOf({ change, score }: Scratch, players: number): number {
  let up = score
  let down = score
  for (let a = 0; a < players; a++) {
    const step = change[a]!
    if (step > 0) up += step
    else down += step
  }
  return Math.max(Math.abs(up), Math.abs(down))
}

/** How many frequencies the midpoint rule needs for scores within ±reach. */
function frequencies(reach: number): number {
  return Math.ceil((LAST_FREQUENCY * (reach + MARGIN)) / (2 * Math.PI))
}

/** Adds `weight` times the SHAP values of one pair of rows to `phi`; length = features. */
function integrate(
  scratch: Scratch,
  players: number,
  reach: number,
  weight: number,
  phi: Float64Array,
): void {
  const { feature, change, sum } = scratch
  const step = (2 * Math.PI) / (reach + MARGIN)
  const { nodes, weights } = gaussLegendre(Math.ceil(players / 2))
  sum.fill(0)
  for (let a = 0; a < players; a++) {
    scratch.stepCos[a] = Math.cos(step * change[a]!)
    scratch.stepSin[a] = Math.sin(step * change[a]!)
  }
  const count = frequencies(reach)
  for (let k = 0; k < count; k++) {
    const w = (k + 0.5) * step
    if (k % ROTATIONS === 0) turnTo(scratch, players, w)
    else turnOn(scratch, players)
    const scale = step / Math.sinh(Math.PI * w)
    const re = Math.cos(w * scratch.score) * scale
    const im = Math.sin(w * scratch.score) * scale
    for (let q = 0; q < nodes.length; q++) {
      const share = weights[q]!
      addProducts(scratch, players, nodes[q]!, re * share, im * share)
    }
  }
  for (let a = 0; a < players; a++) {
    const j = feature[a]!
    phi[j] = phi[j]! + weight * sum[a]!
  }
}

/** Sets e^{iw d} of every player. */
function turnTo({ change, cos, sin }: Scratch, players: number, w: number): void {
  for (let a = 0; a < players; a++) {
    cos[a] = Math.cos(w * change[a]!)
    sin[a] = Math.sin(w * change[a]!)
  }
}

/** Moves e^{iw d} of every player on to the next frequency. */
function turnOn({ cos, sin, stepCos, stepSin }: Scratch, players: number): void {
  for (let a = 0; a < players; a++) {
    const c = cos[a]!
    const s = sin[a]!
    const dc = stepCos[a]!
    const ds = stepSin[a]!
    cos[a] = c * dc - s * ds
    sin[a] = s * dc + c * ds
  }
}

/** Adds Im[(re + i im) (e_j − 1) Π_{a ≠ j} (1 − p + p e_a)] to every player's sum, by products from both ends. */
function addProducts(
  { cos, sin, prefixRe, prefixIm, sum }: Scratch,
  players: number,
  p: number,
  re: number,
  im: number,
): void {
  const rest = 1 - p
  let frontRe = re
  let frontIm = im
  for (let a = 0; a < players; a++) {
    prefixRe[a] = frontRe
    prefixIm[a] = frontIm
    const fRe = rest + p * cos[a]!
    const fIm = p * sin[a]!
    const kept = frontRe * fRe - frontIm * fIm
    frontIm = frontRe * fIm + frontIm * fRe
    frontRe = kept
  }
  let backRe = 1
  let backIm = 0
  for (let a = players - 1; a >= 0; a--) {
    const c = cos[a]!
    const s = sin[a]!
    const aRe = prefixRe[a]!
    const aIm = prefixIm[a]!
    const allRe = aRe * backRe - aIm * backIm
    const allIm = aRe * backIm + aIm * backRe
    sum[a] = sum[a]! + allRe * s + allIm * (c - 1)
    const fRe = rest + p * c
    const fIm = p * s
    const kept = backRe * fRe - backIm * fIm
    backIm = backRe * fIm + backIm * fRe
    backRe = kept
  }
}
