/** Counterfactuals: the smallest change of a row's columns after which the model predicts a given class. */
import { type Cell, type Column, cellAt, type DataFrame } from '../data/frame.ts'
import { InputError, listNames } from '../errors.ts'
import type { DecisionBounds } from '../models/model.ts'
import type { Predictions } from '../models/prediction.ts'
import { frameOfCells, type Preprocessor } from '../preprocess/preprocessor.ts'
import type { Counterfactual } from '../shap/explanation.ts'
import { listCandidates } from './candidates.ts'
import { searchCounterfactual } from './search.ts'

/** Most columns that a counterfactual may change, and how many it may where nothing is said. */
export const MAX_CHANGES = 5
export const DEFAULT_CHANGES = 3

/** Estimated seconds that the search for one row's counterfactual may take. */
export const SEARCH_SECONDS = 1

/** What a counterfactual is asked of. */
export interface CounterfactualModel {
  readonly classes: readonly string[]
  readonly preprocessor: Preprocessor
  readonly bounds: DecisionBounds
  /** Returns the class number that one row of features is predicted as. */
  readonly predictRow: (x: Float64Array) => number
  /** Predicts whole rows, as requests are. */
  readonly predict: (frame: DataFrame) => Predictions
}

export interface CounterfactualOptions {
  /** The class that is wanted. */
  readonly label: number
  readonly maxChanges: number
  /** Columns that stay as they are. */
  readonly frozen: readonly string[]
  /** Estimated seconds that the search may take; default {@link SEARCH_SECONDS}. */
  readonly seconds?: number
}

/**
 * Returns the smallest change of one row that makes the model predict the class.
 * @param frame one row; columns are the model's inputs
 * @param x its features
 */
export function findCounterfactual(
  model: CounterfactualModel,
  frame: DataFrame,
  x: Float64Array,
  options: CounterfactualOptions,
): Counterfactual {
  const { preprocessor, bounds, classes, predictRow } = model
  const { inputs } = preprocessor.spec
  const targetClass = classes[options.label]!
  if (predictRow(x) === options.label) {
    return {
      ...rescore(model, frame),
      targetClass,
      found: true,
      changes: [],
      distance: 0,
      bound: 0,
      optimal: true,
    }
  }
  const result = searchCounterfactual({
    bounds,
    x,
    label: options.label,
    columns: listCandidates(preprocessor, bounds, frame, options.frozen),
    maxChanges: options.maxChanges,
    predict: predictRow,
    isInteger: (column) => inputs[column]?.range?.integer ?? false,
    isComplete: bounds.solve === undefined || classes.length === 2,
    budget: (options.seconds ?? SEARCH_SECONDS) * 1e9,
  })
  const none = {
    targetClass,
    found: false,
    changes: [],
    distance: null,
    // Where there is none at all, no distance is a bound of it.
    bound: Number.isFinite(result.bound) ? result.bound : null,
    optimal: result.isOptimal,
  }
  if (!result.changes) return none
  const changes = result.changes.map(({ column, cell }) => ({
    column: column.column,
    from: column.own,
    to: cell as Cell,
  }))
  changes.sort((a, b) => a.column - b.column)
  const scored = rescore(model, frame, changes)
  // What the search has found is believed only if the whole row, as it would be sent, is predicted so.
  if (scored.predictedLabel !== targetClass) return { ...none, bound: null, optimal: false }
  return {
    ...scored,
    targetClass,
    found: true,
    changes: changes.map(({ column, from, to }) => ({
      column: inputs[column]?.name as string,
      from,
      to,
    })),
    distance: result.distance,
    bound: result.bound,
    optimal: result.isOptimal,
  }
}

/** Predicts the row with its changes through the door that requests come through. */
function rescore(
  { preprocessor, predict, classes }: CounterfactualModel,
  frame: DataFrame,
  changes: readonly { readonly column: number; readonly to: Cell }[] = [],
) {
  const { inputs } = preprocessor.spec
  const cells = inputs.map((_, j) => {
    const change = changes.find(({ column }) => column === j)
    return change ? change.to : cellAt(frame.columns[j] as Column, 0)
  })
  const { labels, probabilities } = predict(frameOfCells(inputs, [cells]))
  return { predictedLabel: classes[labels[0]!]!, probabilities }
}

/**
 * Returns the columns that a request wants to stay as they are.
 * @param given column names, or several in one text with commas or bars between them
 * @throws InputError `unknown_column`
 */
export function readFrozen(given: readonly string[], names: readonly string[]): string[] {
  return given.flatMap((text) => {
    if (names.includes(text)) return [text]
    const parts = text.split(/[,|]/).map((part) => part.trim())
    const stranger = parts.find((part) => !names.includes(part))
    if (stranger === undefined) return parts
    throw new InputError(
      'unknown_column',
      `freeze names a column that the model does not have: ${listNames([stranger])}; there are ${listNames(names, 20)}`,
    )
  })
}
