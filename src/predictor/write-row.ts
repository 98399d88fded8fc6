/** One row's explanation, as all formats of answers read it. */
import type { Cell } from '../data/frame.ts'
import { type Matrix, rowOf } from '../data/matrix.ts'
import type { ModelExplainer } from '../models/model.ts'
import type { Predictions } from '../models/prediction.ts'
import type { Preprocessor } from '../preprocess/preprocessor.ts'
import {
  additivityError,
  type Explanation,
  foldInteractions,
  foldToColumns,
  keepTop,
} from '../shap/explanation.ts'
import type { RowCounterfactual } from './find-counterfactuals.ts'
import { beyondDoubles } from './most-probable.ts'
import { type ExplainOptions, namesOf } from './options.ts'

/** What the rows of one answer have in common. */
export interface RowWriter {
  readonly X: Matrix
  readonly predictions: Predictions
  readonly preprocessor: Preprocessor
  readonly explainer: ModelExplainer
  readonly options: ExplainOptions
  /** Returns a row's cells in the order of the inputs. */
  cellsOf(row: number): readonly Cell[]
  readonly counterfactual: RowCounterfactual | undefined
}

/** Returns one row's explanation; `phi` is [class asked][feature]. */
export function writeRow(
  { X, predictions, preprocessor, explainer, options, cellsOf, counterfactual }: RowWriter,
  row: number,
  labels: readonly number[],
  baseValues: readonly number[],
  phi: Float64Array,
  outputs: readonly number[],
): Explanation {
  const { classes } = predictions
  const byColumn = options.level !== 'features'
  const featureNames = namesOf(preprocessor, options)
  const features = X.columns
  const x = rowOf(X, row)
  const shapValues = labels.map((_, k) => {
    const own = labels.length === 1 ? phi : phi.subarray(k * features, (k + 1) * features)
    if (!byColumn) return own
    const folded = new Float64Array(featureNames.length)
    foldToColumns(own, preprocessor.inputOf, folded)
    return folded
  })
  const error = additivityError(baseValues, shapValues, outputs)
  if (!Number.isFinite(error)) throw beyondDoubles(row)
  const data = byColumn ? cellsOf(row) : Array.from(x, cellOf)
  const imputed = byColumn ? imputedCells(preprocessor, data) : undefined
  const explanation: Explanation = {
    row: row + 1,
    predictedLabel: classes[predictions.labels[row]!]!,
    probabilities: predictions.probabilities.slice(
      row * classes.length,
      (row + 1) * classes.length,
    ),
    outputNames: labels.map((label) => classes[label]!),
    baseValues,
    outputs,
    featureNames,
    data,
    imputed,
    shapValues,
    interactions: options.interactions
      ? writeInteractions(explainer, preprocessor, x, labels, byColumn)
      : undefined,
    counterfactual: counterfactual?.(row, x),
    additivityError: error,
  }
  return options.top === undefined ? explanation : keepTop(explanation, options.top)
}

function writeInteractions(
  explainer: ModelExplainer,
  { inputOf, featureNamesIn }: Preprocessor,
  x: Float64Array,
  labels: readonly number[],
  byColumn: boolean,
): Float64Array[] {
  const size = x.length * x.length
  const values = new Float64Array(labels.length * size)
  explainer.interactions?.(x, labels, values)
  return labels.map((_, k) => {
    const own = values.subarray(k * size, (k + 1) * size)
    if (!byColumn) return own
    const folded = new Float64Array(featureNamesIn.length ** 2)
    foldInteractions(own, inputOf, folded)
    return folded
  })
}

/** Returns what missing cells are taken for, or undefined when none is. */
function imputedCells(
  { featureNamesIn, imputed }: Preprocessor,
  data: readonly Cell[],
): Map<string, Cell> | undefined {
  let found: Map<string, Cell> | undefined
  for (let j = 0; j < data.length; j++) {
    if (data[j] !== null) continue
    const name = featureNamesIn[j]!
    const value = imputed.get(name)
    if (value === undefined) continue
    found ??= new Map()
    found.set(name, value)
  }
  return found
}

/** A feature as a cell: null = missing. */
function cellOf(value: number): Cell {
  return Number.isNaN(value) ? null : value
}
