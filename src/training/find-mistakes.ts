/** Rows that a model is measured on and predicts wrongly, to be looked at one by one. */
import type { MeasuredPart, Mistake, Mistakes } from '../artifact/stored-mistakes.ts'
import { type Cell, cellAt, type DataFrame, findColumn } from '../data/frame.ts'
import type { Predictions } from '../models/prediction.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { buildDerivation } from '../preprocess/derive.ts'
import {
  frameOfCells,
  type InputColumn,
  type PreprocessorSpec,
} from '../preprocess/preprocessor.ts'
import { buildSpeller } from '../preprocess/spell-text.ts'

/** Rows that are stored, of wide tables fewer. */
const MOST_ROWS = 100
const MOST_CELLS = 20_000
/** No date is longer. */
const MOST_LENGTH = 64
/** Rows that are looked at for one that is stored: not every one can be told by what the model knows. */
const CANDIDATES = 4

/** Rows that are predicted as another class than theirs. */
export interface WrongRows {
  readonly wrong: number
  /** Numbers of some of them, those first of whose wrong class the model is most certain. */
  readonly rows: Int32Array
}

/** Returns which rows are predicted wrongly. */
export function findWrongRows(
  { labels, probabilities, classes }: Predictions,
  y: Int32Array,
): WrongRows {
  const wrong = Int32Array.from(y.keys()).filter((row) => labels[row] !== y[row])
  const certainty = (row: number) => probabilities[row * classes.length + labels[row]!]!
  const rows = Int32Array.from(wrong).sort((a, b) => certainty(b) - certainty(a) || a - b)
  return { wrong: wrong.length, rows: rows.slice(0, CANDIDATES * MOST_ROWS) }
}

/**
 * Returns wrongly predicted rows as requests would carry them, with no text but dates and those that training has seen: of
 * a text that is read through patterns, what they find is put into the example of its column; rows with another category
 * are left out.
 */
export function describeMistakes(
  predictor: Predictor,
  part: MeasuredPart,
  { frame, y }: { readonly frame: DataFrame; readonly y: Int32Array },
  { wrong, rows }: WrongRows,
): Mistakes {
  const { spec } = predictor.preprocessor
  const { inputs } = spec
  const readers = inputs.map((input) => {
    const column = findColumn(frame, input.name)
    const tell = buildTeller(spec, input)
    return (row: number): Cell | undefined => {
      if (!column) return undefined
      const cell = cellAt(column, row)
      if (cell === null) return input.nullable ? null : undefined
      return tell(cell)
    }
  })
  const most = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_CELLS / inputs.length)))
  const found: Mistake[] = []
  for (const row of rows.subarray(0, CANDIDATES * most)) {
    const cells = readers.map((read) => read(row))
    if (!cells.every((cell) => cell !== undefined)) continue
    found.push({ cells, label: predictor.classes[y[row]!]! })
  }
  return { part, rows: y.length, wrong, examples: stillWrong(predictor, found).slice(0, most) }
}

/** Returns what is told of a cell that is there; undefined where nothing can be. */
function buildTeller(
  spec: PreprocessorSpec,
  input: InputColumn,
): (cell: string | number) => Cell | undefined {
  const { type, categories, example } = input
  if (type === 'number') return (cell) => cell
  if (categories) return (cell) => (categories.includes(cell) ? cell : undefined)
  const speller = buildSpeller(spec, input)
  if (speller) return (cell) => speller.spell(speller.read(cell))
  const used = new Set(spec.steps.map(({ column }) => column))
  const made = spec.derived.filter(({ from, column }) => from === input.name && used.has(column))
  // The model does not look at it.
  if (made.length === 0) return () => example
  if (!made.every(({ kind }) => kind === 'date')) return () => undefined
  const parts = made.map(buildDerivation)
  const isDate = (cell: string | number) => parts.every((part) => part.cell(cell) !== null)
  return (cell) => (isDate(cell) && String(cell).length <= MOST_LENGTH ? cell : undefined)
}

/** What was put in the place of a text must not have made a row right. */
function stillWrong(predictor: Predictor, found: readonly Mistake[]): readonly Mistake[] {
  if (found.length === 0) return found
  const { inputs } = predictor.preprocessor.spec
  const cells = found.map((own) => [...own.cells])
  const { labels } = predictor.predict(frameOfCells(inputs, cells))
  return found.filter(({ label }, i) => predictor.classes[labels[i]!] !== label)
}
