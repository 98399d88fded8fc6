import { type Column, cellAt, countValues, numberColumn } from '../data/frame.ts'
import type { TransformerKind } from './transformer.ts'

/**
 * Turns categories into their position in a given order; an unknown one becomes −1, a missing one its own last level,
 * or stays missing (NaN) where `missing` says so.
 */
export interface OrdinalEncoder {
  readonly kind: 'ordinal_encoder'
  readonly categories: readonly (string | number)[]
  readonly missing?: 'kept'
}

/** Code of a category that training has not seen. */
export const UNKNOWN_CODE = -1

export const ordinalEncoder: TransformerKind<OrdinalEncoder> = {
  build({ categories, missing }) {
    const codeOf = new Map(categories.map((category, code) => [category, code]))
    return {
      names: (name) => [name],
      apply: (column) => [
        numberColumn(encode(column, codeOf, missing ? Number.NaN : categories.length)),
      ],
      cell: {
        makes: 'number',
        apply: (cell) =>
          cell === null ? (missing ? null : categories.length) : (codeOf.get(cell) ?? UNKNOWN_CODE),
      },
    }
  },
  read: (value, reader, where) => ({
    kind: 'ordinal_encoder',
    categories: reader.categories(value.get('categories'), `${where}.categories`),
    ...(value.has('missing')
      ? { missing: reader.choice(value.get('missing'), `${where}.missing`, ['kept']) }
      : {}),
  }),
}

/** Returns the encoder with the given order, or with the column's own values ascending. */
export function fitOrdinalEncoder(
  column: Column,
  order?: readonly (string | number)[],
): OrdinalEncoder {
  return { kind: 'ordinal_encoder', categories: order ?? sortedCategories(column) }
}

/** Returns the distinct values of a column, ascending; texts by code unit. */
export function sortedCategories(column: Column): (string | number)[] {
  return [...countValues(column).keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

/** Returns the code of every cell: its category's number, `missing` where empty, UNKNOWN_CODE where not listed. */
export function encode(
  column: Column,
  codeOf: ReadonlyMap<string | number, number>,
  missing: number,
): Float64Array {
  const length = column.kind === 'number' ? column.values.length : column.codes.length
  const codes = new Float64Array(length)
  for (let row = 0; row < length; row++) {
    const cell = cellAt(column, row)
    codes[row] = cell === null ? missing : (codeOf.get(cell) ?? UNKNOWN_CODE)
  }
  return codes
}
