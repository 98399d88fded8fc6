/** Names of categories in an XGBoost document, from 3.1 on: `cats.enc`, one entry per feature. */
import type { Fields } from '../document-fields.ts'
import { checkNames, invalid } from '../imported-model.ts'

/** Widths of XGBoost's unsigned integers by their number; its signed ones have the numbers between. */
const UNSIGNED: Readonly<Record<number, number>> = { 10: 8, 12: 16, 14: 32, 16: 64 }

/** Returns the categories of every feature by their code; undefined where a feature has none with names. */
export function readCategories(
  model: Fields,
  features: number,
): readonly ((string | number)[] | undefined)[] {
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
    const names = entry.has('offsets')
      ? readTexts(entry, values)
      : readIntegers(values, entry.whole('type', 9, 16), entry.where)
    checkNames(names, entry.where)
    return names
  })
}

/** UTF-8 bytes of all texts, signed or not, and where each begins. */
function readTexts(entry: Fields, values: ArrayLike<number>): string[] {
  const offsets = entry.numbers('offsets')
  const bytes = Uint8Array.from(values, (value) => value & 255)
  const decoder = new TextDecoder('utf-8', { fatal: true })
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
    try {
      texts.push(decoder.decode(bytes.subarray(start, end)))
    } catch {
      throw invalid(`${entry.where} holds a category that is not UTF-8`)
    }
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
