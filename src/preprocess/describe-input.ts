/** What requests may know of an input: what training saw of its column. */
import { type Column, presentNumbers } from '../data/frame.ts'
import { isAscii } from '../data/text.ts'
import type { Written } from '../data/written.ts'
import { median, mostFrequent } from './impute-number.ts'
import { holdsLongIntegers } from './long-integers.ts'
import { sortedCategories } from './ordinal-encoder.ts'
import type { ColumnRange, InputColumn } from './preprocessor.ts'

/**
 * Returns what requests may know of an input.
 * @param column its training rows; no others are described
 */
export function describeInput(
  name: string,
  nullable: boolean,
  column: Column,
  {
    isCategory,
    isBoolean,
    written: rules,
  }: {
    readonly isCategory: boolean
    readonly isBoolean: boolean
    readonly written: Written | undefined
  },
): InputColumn {
  const categories = isCategory ? { categories: sortedCategories(column) } : {}
  const written = rules ? { written: rules } : {}
  if (column.kind === 'text') {
    const first = column.codes.find((code) => code >= 0)
    const example = (isCategory ? mostFrequent(column) : column.levels[first ?? -1]) ?? ''
    const texts = isBoolean ? 'boolean' : holdsLongIntegers(column) ? 'integer' : undefined
    const isPlain = [example, ...(categories.categories ?? [])].every((text) =>
      isAscii(String(text)),
    )
    return {
      name,
      type: 'text',
      ...(texts ? { texts } : {}),
      ...(isPlain ? {} : { unicode: 'NFC' as const }),
      ...written,
      nullable,
      ...categories,
      example,
    }
  }
  const present = presentNumbers(column.values)
  if (present.length === 0)
    return { name, type: 'number', ...written, nullable: true, ...categories, example: 0 }
  const { minimum, maximum, integer } = rangeOf(present)
  const middle = median(present)
  const range = { minimum, median: middle, maximum, deviation: deviation(present), integer }
  const example = isCategory ? (mostFrequent(column) as number) : range.median
  return { name, type: 'number', ...written, nullable, ...categories, range, example }
}

function rangeOf(values: Float64Array): Pick<ColumnRange, 'minimum' | 'maximum' | 'integer'> {
  let [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let integer = true
  for (let i = 0; i < values.length; i++) {
    minimum = Math.min(minimum, values[i]!)
    maximum = Math.max(maximum, values[i]!)
    integer &&= Number.isInteger(values[i]!)
  }
  return { minimum, maximum, integer }
}

/** Population standard deviation, scaled by the largest distance so that squares of large numbers stay finite. */
function deviation(values: Float64Array): number {
  const { length } = values
  let [mean, most, squares] = [0, 0, 0]
  for (let i = 0; i < length; i++) mean += values[i]! / length
  for (let i = 0; i < length; i++) most = Math.max(most, Math.abs(values[i]! - mean))
  if (most === 0) return 0
  // The distance between the ends may exceed the largest double, what values deviate on average never does.
  if (most === Number.POSITIVE_INFINITY) return 2 * deviation(values.map((value) => value / 2))
  for (let i = 0; i < length; i++) squares += ((values[i]! - mean) / most) ** 2
  return Math.min(most * Math.sqrt(squares / length), Number.MAX_VALUE)
}
