/** Selectable inference: which members of a prediction an answer has, as Autopilot's and XGBoost's containers do. */
import { didYouMean, InputError, quote } from '../errors.ts'
import type { Predictions } from '../models/prediction.ts'
import { type Label, writeLabel } from './wire.ts'

/** What may be selected, in the order of JSON answers. */
const selectable = [
  'predicted_label',
  'labels',
  'probability',
  'probabilities',
  'raw_score',
  'raw_scores',
] as const

export type Selected = (typeof selectable)[number]

/**
 * Returns the members that a comma-separated list names, in its order.
 * @throws InputError `invalid_option` for a name that a classifier does not have
 */
export function parseSelection(text: string): readonly Selected[] | undefined {
  const names = text.toLowerCase().replaceAll(' ', '').split(',').filter(Boolean)
  if (names.length === 0) return undefined
  return names.map((name) => {
    const found = selectable.find((known) => known === name)
    if (found !== undefined) return found
    throw new InputError(
      'invalid_option',
      `the inference output ${quote(name)} does not exist; a classifier has ${selectable.join(', ')}${didYouMean(name, selectable)}`,
    )
  })
}

type Value = Label | number | readonly (Label | number)[]

/** Returns one row's selected members; JSON keeps their fixed order. */
export function selectMembers(
  predictions: Predictions,
  row: number,
  selection: readonly Selected[],
): Record<string, Value> {
  const names = selectable.filter((name) => selection.includes(name))
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
      Array.isArray(value) ? `[${value.map(pythonLiteral).join(', ')}]` : String(value),
    )
  })
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
      return writeLabel(classes[labels[row] as number] as string, numericClasses)
    case 'labels':
      return classes.map((label) => writeLabel(label, numericClasses))
    case 'probability':
    case 'raw_score':
      return classes.length === 2 ? (own[1] as number) : Math.max(...own)
    case 'probabilities':
    case 'raw_scores':
      return own
  }
}

function pythonLiteral(value: Label | number): string {
  if (typeof value === 'number') return String(value)
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
