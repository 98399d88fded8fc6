import type { Cell } from '../data/frame.ts'
import type { Labels } from '../data/readable.ts'

/** The scales in which SHAP values add up. */
export const spaces = ['probability', 'log_odds'] as const
export type Space = (typeof spaces)[number]

/** What a scale is called in sentences. */
export const spaceLabels: Readonly<Record<Space, string>> = {
  probability: 'probability',
  log_odds: 'log-odds',
}

/** How SHAP values are computed. */
export const methods = [
  'tree_path_dependent',
  'tree_interventional',
  'linear_interventional',
] as const
export type Method = (typeof methods)[number]

/** One row's SHAP values: baseValues[k] + Σ shapValues[k] (+ others[k]) = outputs[k]. */
export interface Explanation {
  /** Row number in the request, from 1. */
  readonly row: number
  readonly predictedLabel: string
  /** Probability of every class, in the model's order. */
  readonly probabilities: Float64Array
  /** Classes explained; every array below has one entry per class. */
  readonly outputNames: readonly string[]
  readonly baseValues: readonly number[]
  /** The model's output in the answer's space, computed without the SHAP values. */
  readonly outputs: readonly number[]
  readonly featureNames: readonly string[]
  /** The values as they came in: null = missing. With `level=features`, the model's numbers. */
  readonly data: readonly Cell[]
  /** [output][feature] */
  readonly shapValues: readonly Float64Array[]
  /** For columns whose cell is missing: what the model takes instead, where it is a value of the column. */
  readonly imputed?: ReadonlyMap<string, Cell>
  /** SHAP interaction values, [output][feature · features + feature]; every row of one sums to its SHAP value. */
  readonly interactions?: readonly Float64Array[]
  readonly counterfactual?: Counterfactual
  /** Sum of the SHAP values left out by `top`, per output. */
  readonly others?: readonly number[]
  /** Largest |baseValue + Σ SHAP values − output| over the outputs. */
  readonly additivityError: number
}

/** The smallest change of a row after which the model predicts another class. */
export interface Counterfactual {
  /** The class that was wanted. */
  readonly targetClass: string
  readonly found: boolean
  readonly changes: readonly { readonly column: string; readonly from: Cell; readonly to: Cell }[]
  /** Sum of the changes in units of their columns; null without one. */
  readonly distance: number | null
  /** Every smaller change was ruled out; null when nothing is to be bounded. */
  readonly bound: number | null
  /** Whether the search was complete: no smaller change, or none at all. */
  readonly optimal: boolean
  /** What the changed row is predicted as, and with which probabilities. */
  readonly predictedLabel?: string
  readonly probabilities?: Float64Array
}

/** SHAP values of several rows of one model. */
export interface Explanations {
  readonly modelId: string
  /** The column that the model predicts. */
  readonly target: string
  /** Class names in the model's order, and whether labels are written as numbers. */
  readonly classes: readonly string[]
  readonly numericClasses: boolean
  readonly space: Space
  readonly method: Method
  readonly featureNames: readonly string[]
  /** The classes explained, where they are the same for all rows. */
  readonly shared?: {
    readonly outputNames: readonly string[]
    readonly baseValues: readonly number[]
  }
  readonly rows: readonly Explanation[]
  /** What people are shown in the place of names and values; wire formats have the names of data. */
  readonly labels?: Labels
}

/**
 * Sums SHAP values of model features to the columns they were made from.
 * @param inputOf length = features: the column of every feature
 * @param folded length = columns, overwritten
 */
export function foldToColumns(phi: Float64Array, inputOf: Int32Array, folded: Float64Array): void {
  folded.fill(0)
  for (let j = 0; j < phi.length; j++) {
    const column = inputOf[j]!
    folded[column] = folded[column]! + phi[j]!
  }
}

/**
 * Sums interaction values of model features to those of the columns they were made from.
 * @param values [feature][feature]
 * @param folded [column][column], overwritten
 */
export function foldInteractions(
  values: Float64Array,
  inputOf: Int32Array,
  folded: Float64Array,
): void {
  const features = inputOf.length
  const columns = Math.sqrt(folded.length)
  folded.fill(0)
  for (let i = 0; i < features; i++) {
    const from = inputOf[i]! * columns
    for (let j = 0; j < features; j++) {
      const at = from + inputOf[j]!
      folded[at] = folded[at]! + values[i * features + j]!
    }
  }
}

/** Returns the largest |base value + Σ SHAP values − output| over the outputs. */
export function additivityError(
  baseValues: readonly number[],
  shapValues: readonly Float64Array[],
  outputs: readonly number[],
): number {
  return outputs.reduce((most, output, k) => {
    const sum = (shapValues[k] as Float64Array).reduce(
      (total, value) => total + value,
      baseValues[k]!,
    )
    return Math.max(most, Math.abs(sum - output))
  }, 0)
}

/** Keeps the k columns with the largest |SHAP value| over the outputs, largest first, and sums up the others. */
export function keepTop(explanation: Explanation, top: number): Explanation {
  const size = (j: number) =>
    explanation.shapValues.reduce((most, values) => Math.max(most, Math.abs(values[j]!)), 0)
  const order = explanation.featureNames.map((_, j) => j).sort((a, b) => size(b) - size(a) || a - b)
  const kept = order.slice(0, top)
  const left = order.slice(top)
  const featureNames = kept.map((j) => explanation.featureNames[j]!)
  const imputed = [...(explanation.imputed ?? [])].filter(([name]) => featureNames.includes(name))
  const { imputed: _, ...rest } = explanation
  return {
    ...rest,
    featureNames,
    ...(imputed.length > 0 ? { imputed: new Map(imputed) } : {}),
    data: kept.map((j) => explanation.data[j] as Cell),
    shapValues: explanation.shapValues.map((values) => Float64Array.from(kept, (j) => values[j]!)),
    others: explanation.shapValues.map((values) => left.reduce((sum, j) => sum + values[j]!, 0)),
  }
}
