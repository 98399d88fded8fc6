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
  if (texts.length === 0) return undefined
  const first = texts.slice(0, SAMPLE)
  if (first.filter((text) => numberParts(text) !== undefined).length * 2 <= first.length)
    return undefined
  const strangers: string[] = []
  const numbers: (NumberParts & { readonly text: string })[] = []
  const affixes = new Set<string>()
  for (const text of texts) {
    const parts = numberParts(text)
    if (!parts) {
      strangers.push(text)
      continue
    }
    if (/^0[0-9]/.test(parts.digits)) return undefined
    if (parts.affix !== '') affixes.add(parts.affix)
    if (affixes.size > 1) return undefined
    numbers.push({ ...parts, text })
  }
  const [affix] = affixes
  const tried = SEPARATORS.map((separators) => ({
    separators,
    bad: countBad(separators, numbers.slice(0, SAMPLE)),
  }))
  const least = Math.min(...tried.map(({ bad }) => bad))
  const left = tried
    .filter(({ bad }) => bad === least)
    .map(({ separators }) => ({ separators, bad: countBad(separators, numbers) }))
  const fewest = Math.min(...left.map(({ bad }) => bad))
  const [best, ...others] = left.filter(({ bad }) => bad === fewest)
  if (!best) return undefined
  for (const parts of numbers)
    if (valueOfParts(best.separators, parts) === undefined) strangers.push(parts.text)
  const { separators } = best
  const isPlain = affix === undefined && separators.decimal === '.' && !separators.group
  if (isPlain && numbers.every(({ text }) => isDecimal(text) || strangers.includes(text)))
    return { format: undefined, strangers }
  const format = affix === undefined ? separators : { ...separators, affix }
  const bare =
    affix === '%'
      ? numbers.find(({ affix, digits }) => affix === '' && Number(digits) !== 0)?.text
      : undefined
  const rivals = isPlain ? [] : others
  for (const { separators: other } of rivals) {
    const text = numbers.find(
      (parts) => valueOfParts(separators, parts) !== valueOfParts(other, parts),
    )?.text
    if (text !== undefined)
      return {
        format,
        strangers,
        bare,
        rival: { format: affix === undefined ? other : { ...other, affix }, text },
      }
  }
  return { format, strangers, bare }
}

function countBad(format: NumberFormat, numbers: readonly NumberParts[]): number {
  let bad = 0
  for (const parts of numbers) if (valueOfParts(format, parts) === undefined) bad++
  return bad
}
