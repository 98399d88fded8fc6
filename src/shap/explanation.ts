import type { Cell } from '../data/frame.ts'

/** The scale in which SHAP values add up. */
export type Space = 'probability' | 'log_odds'

/** How SHAP values were computed. */
export type Method = 'tree_path_dependent' | 'tree_interventional' | 'linear_interventional'

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
  /** Sum of the SHAP values left out by `top`, per output. */
  readonly others?: readonly number[]
  /** Largest |baseValue + Σ SHAP values − output| over the outputs. */
  readonly additivityError: number
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
}

/**
 * Sums SHAP values of model features to the columns they were made from.
 * @param inputOf length = features: the column of every feature
 * @param folded length = columns, overwritten
 */
export function foldToColumns(phi: Float64Array, inputOf: Int32Array, folded: Float64Array): void {
  folded.fill(0)
  for (let j = 0; j < phi.length; j++) {
    const column = inputOf[j] as number
    folded[column] = (folded[column] as number) + (phi[j] as number)
  }
}
