import {
  type Column,
  countValues,
  type NumberColumn,
  numberColumn,
  presentNumbers,
} from '../data/frame.ts'
import type { NumberImputation } from './plan.ts'
import type { TransformerKind } from './transformer.ts'

/** Fills missing numbers with one value. */
export interface ImputeNumber {
  readonly kind: 'impute_number'
  readonly value: number
}

export const imputeNumber: TransformerKind<ImputeNumber> = {
  build: ({ value }) => ({
    names: (name) => [name],
    apply: (column) => [
      numberColumn(
        (column as NumberColumn).values.map((number) => (Number.isNaN(number) ? value : number)),
      ),
    ],
    cell: { makes: 'number', apply: (cell) => cell ?? value },
  }),
  read: (value, reader, where) => ({
    kind: 'impute_number',
    value: reader.number(value.get('value'), `${where}.value`),
  }),
}

/** Returns the imputer of a number column that has at least one value. */
export function fitImputeNumber(
  column: NumberColumn,
  how: Exclude<NumberImputation, 'none'>,
): ImputeNumber {
  const present = presentNumbers(column.values)
  const value =
    how === 'mean'
      ? mean(present)
      : how === 'median'
        ? median(present)
        : Number(mostFrequent(column))
  return { kind: 'impute_number', value }
}

/** Returns the most frequent value of a column, the smaller one of equally frequent ones. */
export function mostFrequent(column: Column): string | number | undefined {
  let best: string | number | undefined
  let bestCount = 0
  for (const [value, count] of countValues(column)) {
    if (count > bestCount || (count === bestCount && best !== undefined && value < best)) {
      best = value
      bestCount = count
    }
  }
  return best
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Returns the middle value, or the mean of the two middle ones. */
export function median(values: Float64Array): number {
  const sorted = values.slice().sort()
  const middle = sorted.length >> 1
  const upper = sorted[middle]!
  return sorted.length % 2 === 1 ? upper : sorted[middle - 1]! / 2 + upper / 2
}
