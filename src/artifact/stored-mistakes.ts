/** Rows that a model predicts as another class than theirs, as JSON in its directory. */
import type { Cell } from '../data/frame.ts'
import type { JsonObject, JsonReader } from '../data/json-fields.ts'

/** Which rows a model was measured on: those held out of the training table, or those of a channel. */
export const measuredParts = ['held_out', 'validation', 'test'] as const
export type MeasuredPart = (typeof measuredParts)[number]

/** One of them, as a request would carry it. */
export interface Mistake {
  /** One per input column; null = missing. */
  readonly cells: readonly Cell[]
  /** Name of the class that the row has. */
  readonly label: string
}

/** Rows that the model was not trained on and predicts wrongly. */
export interface Mistakes {
  readonly part: MeasuredPart
  /** Rows that were predicted. */
  readonly rows: number
  /** How many of them were predicted as another class than theirs. */
  readonly wrong: number
  /** Some of these, those first of whose wrong class the model is most certain. */
  readonly examples: readonly Mistake[]
}

/** Returns mistakes as they are written. */
export function writeMistakes({ part, rows, wrong, examples }: Mistakes): Record<string, unknown> {
  return { part, rows, wrong, examples: examples.map(({ label, cells }) => ({ label, cells })) }
}

/**
 * Returns the mistakes in parsed JSON.
 * @throws what the reader throws, and what `fail` makes for parts that do not fit the model
 */
export function readMistakes(
  json: JsonObject,
  reader: JsonReader,
  fail: (message: string) => Error,
  model: {
    readonly inputs: readonly { readonly name: string; readonly type: 'number' | 'text' }[]
    readonly classes: readonly string[]
  },
): Mistakes {
  const rows = reader.whole(json.get('rows'), 'rows', 1)
  const wrong = reader.whole(json.get('wrong'), 'wrong', 0, rows)
  const listed = reader.list(json.get('examples'), 'examples')
  if (listed.length > wrong) throw fail(`examples are more than the ${wrong} rows that are wrong`)
  const examples = listed.map((item, i) => {
    const where = `examples[${i}]`
    const entry = reader.object(item, where)
    const label = reader.choice(entry.get('label'), `${where}.label`, model.classes)
    const cells = reader.list(entry.get('cells'), `${where}.cells`)
    if (cells.length !== model.inputs.length)
      throw fail(`${where}.cells do not match the model's columns`)
    cells.forEach((cell, j) => {
      if (cell === null) return
      const place = `${where}.cells[${j}]`
      if (model.inputs[j]!.type === 'number') reader.number(cell, place)
      else if (typeof cell !== 'string') throw fail(`${place} must be a text`)
    })
    return { label, cells: cells as Cell[] }
  })
  return { part: reader.choice(json.get('part'), 'part', measuredParts), rows, wrong, examples }
}
