/** Some of the rows that come, and their SHAP values, within bounds on time and memory. */
import { type Cell, cellAt, type DataFrame } from '../data/frame.ts'
import type { Matrix } from '../data/matrix.ts'
import { createReservoir } from '../data/reservoir.ts'
import type { Attributions } from '../evaluation/drift/attribution.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import type { Predictor } from './predictor.ts'
import { explainFeatures, summaryLabels } from './summarize-rows.ts'

/** Cells that are kept of sampled rows at most. */
const SAMPLE_CELLS = 4e6
/** Estimated nanoseconds that the explanations take at most, and how many SHAP values there are. */
const EXPLAIN_NANOSECONDS = 2e10
const SHAP_VALUES = 1e7

/** How many rows of those that come are looked at one by one. */
export interface SampleSizes {
  readonly seed: number
  /** Rows whose predictions are compared. */
  readonly rows: number
  /** Rows whose explanations are; fewer of models that take long. */
  readonly explained: number
}

/** Returns a sampler of the rows of frames. */
export function sampleRows({ preprocessor }: Predictor, { rows, seed }: SampleSizes) {
  const { inputs } = preprocessor.spec
  const most = Math.max(1, Math.min(rows, Math.floor(SAMPLE_CELLS / Math.max(1, inputs.length))))
  const reservoir = createReservoir<Cell[]>(most, seed)
  return {
    add({ columns, length }: DataFrame) {
      for (let row = 0; row < length; row++)
        reservoir.offer(() => columns.map((column) => cellAt(column, row)))
    },
    /** Those of the sampled rows that the model answers. */
    drawn: (): DataFrame => frameOfCells(inputs, reservoir.drawn().filter(answerable(inputs))),
  }
}

/** A model refuses rows with a gap where training had none, and with an unknown category where it knows all. */
function answerable(inputs: Predictor['preprocessor']['spec']['inputs']) {
  const known = inputs.map(({ closed, categories }) =>
    closed ? new Set<Cell>(categories) : undefined,
  )
  return (cells: readonly Cell[]) =>
    inputs.every(({ nullable }, j) => {
      const cell = cells[j] as Cell
      return cell === null ? nullable : (known[j]?.has(cell) ?? true)
    })
}

/**
 * Returns the SHAP values of as many rows as there is time for; undefined for none, and for a model that cannot be
 * explained.
 * @param headOf returns the features of so many of the rows
 */
export function attributionsOf(
  predictor: Predictor,
  available: number,
  headOf: (rows: number) => Matrix,
  { explained }: SampleSizes,
): Attributions | undefined {
  if (predictor.offers[0]?.refusal !== undefined) return undefined
  const { explainer, preprocessor } = predictor
  const labels = summaryLabels(predictor)
  const columns = preprocessor.featureNamesIn.length
  const affordable = Math.min(
    EXPLAIN_NANOSECONDS / (explainer.cost * labels.length),
    SHAP_VALUES / (columns * labels.length),
  )
  const rows = Math.min(available, explained, Math.max(1, Math.floor(affordable)))
  if (rows === 0) return undefined
  const absolute = explainFeatures(predictor, explainer, headOf(rows), labels).map(Math.abs)
  return { rows, outputs: labels.length, columns, absolute }
}

/** The same of rows as they came. */
export function attributionsOfRows(
  predictor: Predictor,
  sample: DataFrame,
  sizes: SampleSizes,
): Attributions | undefined {
  const { transform } = predictor.preprocessor
  return attributionsOf(predictor, sample.length, (rows) => transform(headOf(sample, rows)), sizes)
}

/** Returns the first rows of a table. */
export function headOf(frame: DataFrame, rows: number): DataFrame {
  if (rows === frame.length) return frame
  const columns = frame.columns.map((column) =>
    column.kind === 'number'
      ? { ...column, values: column.values.subarray(0, rows) }
      : { ...column, codes: column.codes.subarray(0, rows) },
  )
  return { ...frame, columns, length: rows }
}
