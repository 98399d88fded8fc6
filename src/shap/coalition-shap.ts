/**
 * Shapley values by their definition: a game's value for all 2^m coalitions of the features in which a row and a
 * background row differ, averaged over the background. Exact for any function of linear scores, and dear: 2^m.
 */
import { type Matrix, rowOf } from '../data/matrix.ts'
import type { LinearScores } from './linear-shap.ts'

/** Most features, of those with a coefficient, over which coalitions are enumerated. */
export const MAX_COALITION_FEATURES = 15

/** Exact SHAP values of a model's outputs against a background (interventional). */
export interface BackgroundShap {
  /** Mean output over the background rows; length = outputs. */
  readonly baseValues: Float64Array
  /** Writes the SHAP values of one row into `phi`, [output asked][feature]. */
  explain(x: Float64Array, outputs: readonly number[], phi: Float64Array): void
  /** Estimated elementary steps (about a nanosecond each) for one output of a usual row. */
  readonly cost: number
}

/** Writes the outputs that a model makes of its scores. */
export type ScoreLink = (scores: Float64Array, out: Float64Array) => void

/**
 * Returns the explainer of outputs that are a function of linear scores.
 * @param outputs how many outputs the link writes
 */
export function compileCoalitionShap(
  model: LinearScores,
  link: ScoreLink,
  outputs: number,
  background: Matrix,
): BackgroundShap {
  const scores = model.intercepts.length
  const pair = createPair(model, link, outputs)
  return {
    baseValues: meanOutputs(model, link, outputs, background),
    explain(x, asked, phi) {
      phi.fill(0)
      for (let row = 0; row < background.rows; row++) {
        pair(x, rowOf(background, row), asked, 1 / background.rows, phi)
      }
    },
    cost: meanPairCost(model, background, (players) => 2 ** players * (8 + 22 * scores + players)),
  }
}

/** Adds `weight` times the SHAP values of one row against one background row to `phi`, [output asked][feature]. */
type PairShap = (
  x: Float64Array,
  reference: Float64Array,
  asked: readonly number[],
  weight: number,
  phi: Float64Array,
) => void

/** Returns the sum over all coalitions for one pair of rows, with working memory that grows to what it needs. */
export function createPair(model: LinearScores, link: ScoreLink, outputs: number): PairShap {
  const { features, coefficients } = model
  const scores = model.intercepts.length
  const feature = new Int32Array(features)
  const change = new Float64Array(features * scores)
  const own = new Float64Array(scores)
  const out = new Float64Array(outputs)
  let table = new Float64Array()
  return (x, reference, asked, weight, phi) => {
    const players = findPlayers(model, x, reference, feature, change)
    const coalitions = 2 ** players
    if (table.length < coalitions * scores) table = new Float64Array(coalitions * scores)
    for (let k = 0; k < scores; k++) table[k] = scoreOfRow(model, k, reference)
    const weights = coalitionWeights(players)
    for (let mask = 0; mask < coalitions; mask++) {
      fillScores(table, change, mask, scores, own)
      link(own, out)
      let size = 0
      for (let rest = mask; rest; rest &= rest - 1) size++
      const joined = weights[size]!
      const left = weights[size + 1]!
      for (let i = 0; i < asked.length; i++) {
        const value = weight * out[asked[i]!]!
        const at = i * features
        for (let a = 0; a < players; a++) {
          const j = at + feature[a]!
          phi[j] = phi[j]! + value * (mask & (1 << a) ? joined : -left)
        }
      }
    }
  }

  /** The scores of a coalition are those without its first member, plus what that member changes. */
  function fillScores(
    table: Float64Array,
    change: Float64Array,
    mask: number,
    scores: number,
    own: Float64Array,
  ): void {
    if (mask > 0) {
      const before = (mask & (mask - 1)) * scores
      const first = (31 - Math.clz32(mask & -mask)) * scores
      for (let k = 0; k < scores; k++) {
        table[mask * scores + k] = table[before + k]! + change[first + k]!
      }
    }
    for (let k = 0; k < scores; k++) own[k] = table[mask * scores + k]!
  }

  /** Lists the features that change a score, and by how much; returns how many there are. */
  function findPlayers(
    { intercepts }: LinearScores,
    x: Float64Array,
    reference: Float64Array,
    feature: Int32Array,
    change: Float64Array,
  ): number {
    let players = 0
    for (let j = 0; j < features; j++) {
      const distance = x[j]! - reference[j]!
      if (distance === 0) continue
      let isPlayer = false
      for (let k = 0; k < intercepts.length; k++) {
        const step = coefficients[k * features + j]! * distance
        change[players * intercepts.length + k] = step
        isPlayer ||= step !== 0
      }
      if (isPlayer) feature[players++] = j
    }
    return players
  }
}

/**
 * Returns Shapley's weight of a coalition by its size: entry s + 1 = s! (m − 1 − s)! / m! for a player who joins s
 * others; both ends are 0, because nobody joins a full coalition and none of its members joins an empty one.
 */
function coalitionWeights(players: number): Float64Array {
  const weights = new Float64Array(players + 2)
  let binomial = 1
  for (let size = 0; size < players; size++) {
    weights[size + 1] = 1 / (players * binomial)
    binomial = (binomial * (players - 1 - size)) / (size + 1)
  }
  return weights
}

/** Returns the score k of one row. */
export function scoreOfRow(model: LinearScores, k: number, x: Float64Array): number {
  let sum = model.intercepts[k]!
  for (let j = 0; j < model.features; j++)
    sum += model.coefficients[k * model.features + j]! * x[j]!
  return sum
}

/** Returns the mean of every output over the background rows. */
export function meanOutputs(
  model: LinearScores,
  link: ScoreLink,
  outputs: number,
  background: Matrix,
): Float64Array {
  const scores = new Float64Array(model.intercepts.length)
  const out = new Float64Array(outputs)
  const means = new Float64Array(outputs)
  for (let row = 0; row < background.rows; row++) {
    for (let k = 0; k < scores.length; k++) scores[k] = scoreOfRow(model, k, rowOf(background, row))
    link(scores, out)
    for (let k = 0; k < outputs; k++) means[k] = means[k]! + out[k]!
  }
  return means.map((sum) => sum / background.rows)
}

/**
 * Returns what a usual row costs: the background's size times the mean cost of a pair of its rows.
 * @param pairCost gets how many features change a score, and the largest |score| that a coalition may reach
 */
export function meanPairCost(
  model: LinearScores,
  background: Matrix,
  pairCost: (players: number, reach: number) => number,
): number {
  let sum = 0
  for (let row = 0; row < background.rows; row++) {
    const x = rowOf(background, row)
    const reference = rowOf(background, (row + 1) % background.rows)
    let players = 0
    let up = scoreOfRow(model, 0, reference)
    let down = up
    for (let j = 0; j < model.features; j++) {
      const distance = x[j]! - reference[j]!
      const step = distance * model.coefficients[j]!
      if (distance !== 0 && hasCoefficient(model, j)) players++
      if (step > 0) up += step
      else down += step
    }
    sum += pairCost(players, Math.max(Math.abs(up), Math.abs(down)))
  }
  return sum
}

/** Whether a feature changes any score. */
export function hasCoefficient(model: LinearScores, feature: number): boolean {
  for (let k = 0; k < model.intercepts.length; k++)
    if (model.coefficients[k * model.features + feature] !== 0) return true
  return false
}
