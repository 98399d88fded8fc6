import { type Column, cellAt, countValues, lengthOf, numberColumn } from '../data/frame.ts'
import type { TransformerKind } from './transformer.ts'

/**
 * Turns categories into their position in a given order; an unknown one becomes −1, a missing one its own last level.
 * `missing` says another number for a missing one, or that it stays missing (NaN); `unknown` the same for an unknown one.
 */
export interface OrdinalEncoder {
  readonly kind: 'ordinal_encoder'
  readonly categories: readonly (string | number)[]
  readonly missing?: 'kept' | number
  readonly unknown?: 'missing' | number
}

/** Code of a category that training has not seen. */
export const UNKNOWN_CODE = -1

export const ordinalEncoder: TransformerKind<OrdinalEncoder> = {
  build({ categories, missing = categories.length, unknown = UNKNOWN_CODE }) {
    const codeOf = new Map(categories.map((category, code) => [category, code]))
    const numberOf = (rule: number | string) => (typeof rule === 'number' ? rule : Number.NaN)
    const [gap, stranger] = [numberOf(missing), numberOf(unknown)]
    const cellOf = (code: number) => (Number.isNaN(code) ? null : code)
    return {
      names: (name) => [name],
      apply: (column) => [numberColumn(encode(column, codeOf, gap, stranger))],
      cell: {
        makes: 'number',
        apply: (cell) => (cell === null ? cellOf(gap) : (codeOf.get(cell) ?? cellOf(stranger))),
      },
    }
  },
  read(value, reader, where) {
    const rule = <T extends string>(key: string, word: T): number | T | undefined => {
      const found = value.get(key)
      if (found === undefined) return undefined
      const place = `${where}.${key}`
      return typeof found === 'number'
        ? reader.number(found, place)
        : reader.choice(found, place, [word])
    }
    const [missing, unknown] = [rule('missing', 'kept'), rule('unknown', 'missing')]
    return {
      kind: 'ordinal_encoder',
      categories: reader.categories(value.get('categories'), `${where}.categories`),
      ...(missing === undefined ? {} : { missing }),
      ...(unknown === undefined ? {} : { unknown }),
    }
  },
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

/** Returns the code of every cell: its category's number, `missing` where empty, `unknown` where not listed. */
export function encode(
  column: Column,
  codeOf: ReadonlyMap<string | number, number>,
  missing: number,
  unknown = UNKNOWN_CODE,
): Float64Array {
  const length = lengthOf(column)
  const codes = new Float64Array(length)
  for (let row = 0; row < length; row++) {
    const cell = cellAt(column, row)
    codes[row] = cell === null ? missing : (codeOf.get(cell) ?? unknown)
  }
  return codes
}
