/** Rows that a model is measured on and predicts wrongly, to be looked at one by one. */
import type { MeasuredPart, Mistake, Mistakes } from '../artifact/stored-mistakes.ts'
import { type Cell, type Column, cellAt, type DataFrame, findColumn } from '../data/frame.ts'
import type { Predictions } from '../models/prediction.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { frameOfCells, type InputColumn } from '../preprocess/preprocessor.ts'
import { buildSpeller } from '../preprocess/spell-text.ts'

/** Rows that are stored, of wide tables fewer. */
const MOST_ROWS = 100
const MOST_CELLS = 20_000
/** Longer texts are left out with their rows. */
const MOST_LENGTH = 200
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
 * Returns wrongly predicted rows as requests would carry them. Nothing of them is told that the training rows have not:
 * of a text that is read through patterns, what they find is put into the example of its column; rows with texts
 * that training has not seen are left out.
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
    const speller = buildSpeller(spec, input)
    const told = (cell: Cell): Cell | undefined => {
      if (cell === null) return input.nullable ? null : undefined
      if (speller) return speller.spell(speller.read(cell))
      return isKnown(input, cell) ? cell : undefined
    }
    return (row: number) => (column ? told(cellAt(column as Column, row)) : undefined)
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

/** Whether a cell is one that training may have seen. */
function isKnown({ categories, type, texts }: InputColumn, cell: string | number): boolean {
  if (type === 'number') return true
  if (categories && texts === undefined) return categories.includes(cell)
  return String(cell).length <= MOST_LENGTH
}

/** What was put in the place of a text must not have made a row right. */
function stillWrong(predictor: Predictor, found: readonly Mistake[]): readonly Mistake[] {
  if (found.length === 0) return found
  const { inputs } = predictor.preprocessor.spec
  const cells = found.map((own) => [...own.cells])
  const { labels } = predictor.predict(frameOfCells(inputs, cells))
  return found.filter(({ label }, i) => predictor.classes[labels[i]!] !== label)
}
