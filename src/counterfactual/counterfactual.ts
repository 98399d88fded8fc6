/** Counterfactuals: the smallest change of a row's columns after which the model predicts a given class. */
import { type Cell, type Column, cellAt, type DataFrame } from '../data/frame.ts'
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import type { DecisionBounds } from '../models/model.ts'
import type { Predictions } from '../models/prediction.ts'
import { frameOfCells, type Preprocessor } from '../preprocess/preprocessor.ts'
import type { Counterfactual } from '../shap/explanation.ts'
import type { Change } from './best.ts'
import { listCandidates } from './candidates.ts'
import type { ChangeableColumn } from './changeable-columns.ts'
import { addDistances, distanceOf, spreadOf } from './distance.ts'
import { readableNumber } from './readable-number.ts'
import { searchCounterfactual } from './search.ts'
import { INSIDE } from './solve-change.ts'

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
  /** What the columns may be changed to: `listChangeableColumns` of the preprocessor and the bounds. */
  readonly columns: readonly ChangeableColumn[]
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
  readonly frozen: ReadonlySet<string>
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
  const targetClass = classes[options.label]!
  const own = preprocessor.spec.inputs.map((_, j) => cellAt(frame.columns[j] as Column, 0))
  if (predictRow(x) === options.label) {
    const none = { changes: [], distance: 0, bound: 0, optimal: true }
    return { ...rescore(model, own), targetClass, found: true, ...none }
  }
  const { changes, bound, isWhole } = searchCounterfactual({
    bounds,
    x,
    label: options.label,
    columns: listCandidates(model.columns, own, x, options.frozen),
    maxChanges: options.maxChanges,
    predict: predictRow,
    isComplete: bounds.solve === undefined || classes.length === 2,
    budget: (options.seconds ?? SEARCH_SECONDS) * 1e9,
  })
  // Where there is none at all, no distance is a bound of it.
  const known = Number.isFinite(bound) ? bound : null
  const none = { targetClass, found: false, changes: [], distance: null, bound: known }
  if (!changes) return { ...none, optimal: isWhole }
  // What the search has found is believed only if the whole row, as it would be sent, is predicted so.
  for (const write of [readableCell, ({ cell }: Change) => cell]) {
    const made = changes
      .map((change) => ({ ...change.column.source, from: change.column.own, to: write(change) }))
      .sort((a, b) => a.column - b.column)
    const cells = made.reduce<readonly Cell[]>((row, { column, to }) => row.with(column, to), own)
    const scored = rescore(model, cells)
    if (scored.predictedLabel !== targetClass) continue
    const distance = made
      .map(({ input, from, to }) => distanceOf(input, from, to))
      .reduce(addDistances, 0)
    return {
      ...scored,
      targetClass,
      found: true,
      changes: made.map(({ input, from, to }) => ({ column: input.name, from, to })),
      distance,
      bound: known,
      optimal: isWhole && distance - bound <= INSIDE * made.length + 1e-9 * distance,
    }
  }
  return { ...none, bound: null, optimal: false }
}

/** A value that is answered as the candidate is, and can be read: at most {@link INSIDE} spreads beyond it. */
function readableCell({ column, cell, end }: Change): Cell {
  const { input } = column.source
  if (typeof cell !== 'number' || typeof end !== 'number' || input.range?.integer) return cell
  return readableNumber(cell, end, INSIDE * spreadOf(input))
}

/** Predicts a row of cells through the door that requests come through. */
function rescore(
  { preprocessor, predict, classes }: CounterfactualModel,
  cells: readonly Cell[],
): { predictedLabel: string; probabilities: Float64Array } {
  const { labels, probabilities } = predict(frameOfCells(preprocessor.spec.inputs, [cells]))
  return { predictedLabel: classes[labels[0]!]!, probabilities }
}

/**
 * Returns the columns that a request wants to stay as they are.
 * @param given column names, or several in one text with commas or bars between them
 * @throws InputError `unknown_column`
 */
export function readFrozen(
  given: readonly string[],
  names: readonly string[],
): ReadonlySet<string> {
  const known = new Set(names)
  const frozen = given.flatMap((text) => {
    if (known.has(text)) return [text]
    const parts = text.split(/[,|]/).map((part) => part.trim())
    const stranger = parts.find((part) => !known.has(part))
    if (stranger === undefined) return parts
    throw new InputError(
      'unknown_column',
      `freeze names a column that the model does not have: ${quote(stranger)}${didYouMean(stranger, names)}; there are ${listNames(names, 20)}`,
    )
  })
  return new Set(frozen)
}
