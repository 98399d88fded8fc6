/** What warnings say. */
import type { Cell } from '../data/frame.ts'
import { quote } from '../errors.ts'
import { indexNames, type NameIndex } from '../near-names.ts'
import type { ColumnCheck } from './column-checks.ts'
import type { InputColumn } from './preprocessor.ts'
import type { RowWarning, WarningCode } from './row-warnings.ts'

/** Returns what makes the warnings of one column; a category is looked for among the known ones once. */
export function describer(
  { column, input, derived, known, range, imputed }: ColumnCheck,
  inputs: readonly InputColumn[],
  nearestOf: (index: NameIndex, name: string) => string | undefined,
): (code: WarningCode, value: Cell) => RowWarning {
  // What is sent carries the name of its column; what is made of it is named in the message.
  const name = inputs[input]?.name ?? column
  const made = derived >= 0 ? `${quote(column)}, which is made of ${quote(name)}, ` : ''
  let index: NameIndex | undefined
  const unknown = new Map<Cell, RowWarning>()
  const describeCategory = (value: Cell): RowWarning => {
    index ??= indexNames([...(known ?? [])].map(String))
    const nearest = typeof value === 'string' ? nearestOf(index, value) : undefined
    const hint = nearest === undefined ? '' : `; did you mean ${quote(nearest)}?`
    const message = made
      ? `${made}is ${quote(value)}, a category that training has not seen${hint}`
      : `${quote(value)} is a category that training has not seen${hint}`
    return { code: 'unknown_category', column: name, value, nearest, message }
  }
  return (code, value) => {
    switch (code) {
      case 'unknown_category': {
        const warning = unknown.get(value) ?? describeCategory(value)
        unknown.set(value, warning)
        return warning
      }
      case 'outside_range': {
        const message = `${value} is outside the range of training, ${range?.minimum} to ${range?.maximum}`
        return { code, column: name, value, message }
      }
      case 'imputed_value': {
        const message = `${made || 'the value '}is missing; ${quote(imputed)} was taken instead`
        return { code, column: name, imputed, message }
      }
      default: {
        const message = `${made || 'the value '}is missing, which training has not seen; it counts as no category`
        return { code, column: name, message }
      }
    }
  }
}
