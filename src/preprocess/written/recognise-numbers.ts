/** Finds how the numbers of a column of texts are written. */
import { isDecimal } from '../../data/number.ts'
import {
  type NumberFormat,
  type NumberParts,
  numberParts,
  valueOfParts,
} from '../../data/number-text.ts'

/** What texts are as numbers. */
export interface FoundNumbers {
  /** Undefined where all are plain decimals. */
  readonly format: NumberFormat | undefined
  /** Texts that are no numbers of that format. */
  readonly strangers: readonly string[]
  /** Another format that reads all of them, but as other numbers. */
  readonly rival?: { readonly format: NumberFormat; readonly text: string }
  /** Where some have a percent sign and others have none, one of the others. */
  readonly bare?: string
}

/** Separators that are tried, the usual ones of programs first. */
const SEPARATORS: readonly NumberFormat[] = [
  { decimal: '.' },
  { decimal: '.', group: ',' },
  { decimal: '.', group: ' ' },
  { decimal: '.', group: "'" },
  { decimal: ',' },
  { decimal: ',', group: '.' },
  { decimal: ',', group: ' ' },
  { decimal: ',', group: "'" },
]
/** How many texts are looked at before all are. */
const SAMPLE = 200

/**
 * Returns how the texts are written as numbers; undefined where they are rather something else: few are numbers, their
 * units differ, or they are codes, with zeros in front or more digits than a number keeps.
 * @param texts different ones, without those that mean no value
 */
export function recogniseNumbers(texts: readonly string[]): FoundNumbers | undefined {
  const sample = texts.slice(0, SAMPLE).flatMap((text) => numberParts(text) ?? [])
  if (sample.length * 2 <= Math.min(texts.length, SAMPLE)) return undefined
  const bad = SEPARATORS.map(
    (format) => sample.filter((parts) => valueOfParts(format, parts) === undefined).length,
  )
  const least = Math.min(...bad)
  const tried = SEPARATORS.filter((_, i) => bad[i] === least).map(tryFormat)
  const affixes = new Set<string>()
  const noNumbers: string[] = []
  let bare: string | undefined
  let isPlain = true
  for (const text of texts) {
    const parts = numberParts(text)
    if (!parts) {
      noNumbers.push(text)
      continue
    }
    if (/^0[0-9]/.test(parts.digits)) return undefined
    if (parts.affix !== '') affixes.add(parts.affix)
    else if (bare === undefined && Number(parts.digits) !== 0) bare = text
    if (affixes.size > 1) return undefined
    isPlain &&= isDecimal(text)
    for (const one of tried) one.add(parts, text)
  }
  const fewest = Math.min(...tried.map(({ strangers }) => strangers.length))
  const [best, ...others] = tried.filter(({ strangers }) => strangers.length === fewest)
  if (!best) return undefined
  const [affix] = affixes
  const strangers = [...noNumbers, ...best.strangers]
  const isUsual = affix === undefined && best.format.decimal === '.' && !best.format.group
  if (isUsual) return { format: isPlain ? undefined : best.format, strangers }
  const withAffix = (format: NumberFormat) => (affix === undefined ? format : { ...format, affix })
  const found = {
    format: withAffix(best.format),
    strangers,
    bare: affix === '%' ? bare : undefined,
  }
  for (const { format } of others) {
    const text = texts.find((text) => {
      const parts = numberParts(text)
      return parts && valueOfParts(format, parts) !== valueOfParts(best.format, parts)
    })
    if (text !== undefined) return { ...found, rival: { format: withAffix(format), text } }
  }
  return found
}

/** Collects what is no number of a format, as long as that may be the best one. */
function tryFormat(format: NumberFormat) {
  const strangers: string[] = []
  return {
    format,
    strangers,
    add(parts: NumberParts, text: string) {
      if (valueOfParts(format, parts) === undefined) strangers.push(text)
    },
  }
}
