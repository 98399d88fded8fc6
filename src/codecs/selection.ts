/** Selectable inference: which members of a prediction an answer has, as Autopilot's and XGBoost's containers do. */
import { didYouMean, InputError, quote } from '../errors.ts'
import type { Predictions } from '../models/prediction.ts'
import { type Label, writeLabel } from './wire.ts'

/** What a classifier has, in the order of JSON answers. */
export const selectable = [
  'predicted_label',
  'labels',
  'probability',
  'probabilities',
  'raw_score',
  'raw_scores',
] as const

/** A member's name; one that a classifier does not have is answered as missing, as XGBoost's container does. */
export type Selected = string

/** Returns the members that a comma-separated list names, in its order; undefined for none. */
export function parseSelection(text: string): readonly Selected[] | undefined {
  const names = text.toLowerCase().replaceAll(' ', '').split(',').filter(Boolean)
  return names.length === 0 ? undefined : names
}

/**
 * Returns the members that a list names, all of which a classifier has.
 * @param what names the list in messages
 * @throws InputError `invalid_option`
 */
export function readSelection(what: string, text: string): readonly Selected[] {
  const names = parseSelection(text) ?? ['']
  const stranger = names.find((name) => !isMember(name))
  if (stranger === undefined) return names
  throw new InputError(
    'invalid_option',
    `${what} is ${quote(stranger)}, expected ${selectable.join(', ')}${didYouMean(stranger, selectable)}`,
  )
}

/** Returns the names of the columns that predictions have in CSV. */
export function predictionColumns(
  classes: readonly string[],
  selection: readonly Selected[] | undefined,
): readonly string[] {
  if (selection) return selection
  return classes.length === 2 ? ['score'] : classes.map((name) => `probability_${name}`)
}

/** Returns what is to be said of selected members that a classifier does not have. */
export function selectionWarnings(selection: readonly Selected[]): string[] {
  return selection
    .filter((name) => !isMember(name))
    .map(
      (name) =>
        `the inference output ${quote(name)} does not exist and is answered as null; a classifier has ${selectable.join(', ')}${didYouMean(name, selectable)}`,
    )
}

function isMember(name: Selected): boolean {
  return selectable.some((known) => known === name)
}

/** A member of a prediction: a label, a number, or one of them per class. */
type Value = Label | readonly Label[] | null

/** Returns one row's selected members; JSON keeps their fixed order. */
export function selectMembers(
  predictions: Predictions,
  row: number,
  selection: readonly Selected[],
): Record<string, Value> {
  const known: readonly Selected[] = selectable.filter((name) => selection.includes(name))
  const names = [...known, ...selection.filter((name) => !isMember(name))]
  return Object.fromEntries(names.map((name) => [name, readMember(predictions, row, name)]))
}

/** Returns one row's selected members as CSV fields in the order asked; lists as Python writes them, in quotes. */
export function selectFields(
  predictions: Predictions,
  row: number,
  selection: readonly Selected[],
  writeField: (text: string) => string,
): string[] {
  return selection.map((name) => {
    const value = readMember(predictions, row, name)
    return writeField(
      Array.isArray(value) ? `[${value.map(pythonLiteral).join(', ')}]` : String(value ?? ''),
    )
  })
}

/** Returns one row's selected members as lists, each with its name, in the order asked. */
export function selectLists(
  predictions: Predictions,
  row: number,
  selection: readonly Selected[],
): (readonly [name: Selected, values: readonly Label[]])[] {
  return selection.map((name) => {
    const value = readMember(predictions, row, name)
    if (value === null) return [name, [Number.NaN]]
    return [name, Array.isArray(value) ? (value as readonly Label[]) : [value as Label]]
  })
}

/**
 * Returns all rows' selected members as numbers in the order asked, [row][number].
 * @throws InputError `not_acceptable` for labels that are texts
 */
export function selectNumbers(
  predictions: Predictions,
  selection: readonly Selected[],
  mediaType: string,
): { width: number; values: Float64Array } {
  const { rows, classes, numericClasses } = predictions
  const text = selection.find((name) => name === 'predicted_label' || name === 'labels')
  if (text !== undefined && !numericClasses) {
    throw new InputError(
      'not_acceptable',
      `${mediaType} holds numbers only, but the selected ${text} of this model is text; accept JSON, JSON Lines, CSV or RecordIO`,
    )
  }
  const isList = (name: Selected) => isMember(name) && /s$/.test(name)
  const width = selection.reduce((sum, name) => sum + (isList(name) ? classes.length : 1), 0)
  const values = new Float64Array(rows * width)
  for (let row = 0; row < rows; row++) {
    const lists = selectLists(predictions, row, selection)
    values.set(lists.flatMap(([, list]) => list) as number[], row * width)
  }
  return { width, values }
}

/** `probability` is P(positive class) of two, otherwise the largest; raw scores of a classifier are its probabilities. */
function readMember(
  { classes, numericClasses, labels, probabilities }: Predictions,
  row: number,
  name: Selected,
): Value {
  const own = Array.from(probabilities.subarray(row * classes.length, (row + 1) * classes.length))
  switch (name) {
    case 'predicted_label':
      return writeLabel(classes[labels[row]!]!, numericClasses)
    case 'labels':
      return classes.map((label) => writeLabel(label, numericClasses))
    case 'probability':
    case 'raw_score':
      return classes.length === 2 ? own[1]! : Math.max(...own)
    case 'probabilities':
    case 'raw_scores':
      return own
    default:
      return null
  }
}

function pythonLiteral(value: Label): string {
  if (typeof value === 'number') return String(value)
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
