/** Names of categories in an XGBoost document, from 3.1 on: `cats.enc`, one entry per feature. */
import type { Fields } from '../document-fields.ts'
import { checkNames, invalid } from '../imported-model.ts'

/** Widths of XGBoost's unsigned integers by their number; its signed ones have the numbers between. */
const UNSIGNED: Readonly<Record<number, number>> = { 10: 8, 12: 16, 14: 32, 16: 64 }

/**
 * Stands for names that are not believed. From data frames, XGBoost 3.1 and 3.2 write where names begin in characters of
 * their text and cut the text after so many bytes: all names are wrong then, and nothing tells such a file from a right
 * one but that no name has more bytes than characters.
 */
export const NOT_BELIEVED = 'not believed'

/** Returns the categories of every feature by their code; undefined where a feature has none with names. */
export function readCategories(
  model: Fields,
  features: number,
): readonly ((string | number)[] | typeof NOT_BELIEVED | undefined)[] {
  if (!model.has('cats')) return []
  const cats = model.object('cats')
  if (!cats.has('enc')) return []
  const entries = cats.objects('enc')
  if (entries.length === 0) return []
  if (entries.length !== features)
    throw invalid(`${cats.where}.enc has ${entries.length} entries for ${features} features`)
  return entries.map((entry) => {
    if (!entry.has('values')) return undefined
    const values = entry.numbers('values')
    if (values.length === 0 && !(entry.has('offsets') && entry.numbers('offsets').length > 1))
      return undefined
    if (entry.has('offsets') && Array.from(values).some((byte) => (byte & 255) > 127))
      return NOT_BELIEVED
    const names = entry.has('offsets')
      ? readTexts(entry, values)
      : readIntegers(values, entry.whole('type', 9, 16), entry.where)
    checkNames(names, entry.where)
    return names
  })
}

/** ASCII bytes of all texts, and where each begins. */
function readTexts(entry: Fields, values: ArrayLike<number>): string[] {
  const offsets = entry.numbers('offsets')
  const bytes = Uint8Array.from(values)
  const decoder = new TextDecoder()
  const texts: string[] = []
  for (let i = 0; i + 1 < offsets.length; i++) {
    const [start, end] = [offsets[i]!, offsets[i + 1]!]
    if (
      !(Number.isInteger(start) && Number.isInteger(end)) ||
      start < 0 ||
      start > end ||
      end > bytes.length
    )
      throw invalid(`${entry.where}.offsets leave its values`)
    texts.push(decoder.decode(bytes.subarray(start, end)))
  }
  return texts
}

/** Unsigned integers may be stored as signed ones of their width. */
function readIntegers(values: ArrayLike<number>, type: number, where: string): number[] {
  return Array.from(values, (value) => {
    const width = UNSIGNED[type]
    const number = width !== undefined && value < 0 ? value + 2 ** width : value
    if (Number.isSafeInteger(number)) return number
    throw invalid(
      `${where} holds the category ${value}, which is no whole number that a double holds`,
    )
  })
}
