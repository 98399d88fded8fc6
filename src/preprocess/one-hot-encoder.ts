import { type Column, countMissing, countValues, numberColumn } from '../data/frame.ts'
import { encode, sortedCategories, UNKNOWN_CODE } from './ordinal-encoder.ts'
import type { TransformerKind } from './transformer.ts'

/**
 * Turns a category into one 0/1 column per level. Infrequent categories share one level, which also takes
 * categories that training has not seen; without such a level an unknown category is all zeros.
 */
export interface OneHotEncoder {
  readonly kind: 'one_hot_encoder'
  readonly categories: readonly (string | number)[]
  /** Categories of the shared level; empty = there is none. */
  readonly infrequent: readonly (string | number)[]
  /** Whether missing values have a level of their own; otherwise they are all zeros. */
  readonly missingLevel: boolean
  /** `zeros`: an unknown category is all zeros although there is a shared level. */
  readonly unknown?: 'zeros'
}

export const oneHotEncoder: TransformerKind<OneHotEncoder> = {
  build({ categories, infrequent, missingLevel, unknown }) {
    const shared = infrequent.length > 0
    const codeOf = new Map(categories.map((category, code) => [category, code]))
    for (const category of infrequent) codeOf.set(category, categories.length)
    const missing = categories.length + (shared ? 1 : 0)
    const levels = missing + (missingLevel ? 1 : 0)
    const suffixes = [
      ...categories.map(String),
      ...(shared ? ['(other)'] : []),
      ...(missingLevel ? ['(missing)'] : []),
    ]
    return {
      names: (name) => suffixes.map((suffix) => `${name}=${suffix}`),
      apply(column) {
        const codes = encode(column, codeOf, missing)
        const made = Array.from({ length: levels }, () => new Float64Array(codes.length))
        codes.forEach((code, row) => {
          const level = code === UNKNOWN_CODE && shared && !unknown ? categories.length : code
          const values = made[level]
          if (values) values[row] = 1
        })
        return made.map(numberColumn)
      },
      cell: {
        makes: 'levels',
        apply: (cell) =>
          cell === null
            ? missingLevel
              ? missing
              : -1
            : (codeOf.get(cell) ?? (shared && !unknown ? categories.length : -1)),
      },
    }
  },
  read: (value, reader, where) => ({
    kind: 'one_hot_encoder',
    categories: reader.categories(value.get('categories'), `${where}.categories`),
    infrequent: reader.categories(value.get('infrequent'), `${where}.infrequent`),
    missingLevel: reader.boolean(value.get('missingLevel'), `${where}.missingLevel`),
    ...(value.has('unknown')
      ? { unknown: reader.choice(value.get('unknown'), `${where}.unknown`, ['zeros']) }
      : {}),
  }),
}

/** Returns the encoder of a column; categories seen less than `minFrequency` times share a level. */
export function fitOneHotEncoder(column: Column, minFrequency: number): OneHotEncoder {
  const counts = countValues(column)
  const categories = sortedCategories(column)
  const isFrequent = (category: string | number) => (counts.get(category) as number) >= minFrequency
  return {
    kind: 'one_hot_encoder',
    categories: categories.filter(isFrequent),
    infrequent: categories.filter((category) => !isFrequent(category)),
    missingLevel: countMissing(column) > 0,
  }
}
