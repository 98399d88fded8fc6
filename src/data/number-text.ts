/** Numbers as people write them: separators of thousands and decimals, currencies, units, accounting parentheses. */
import { hasLeadingZero, isDecimal, isInexactInteger } from './number.ts'

/** How all numbers of a column are written. */
export interface NumberFormat {
  readonly decimal: '.' | ','
  /** What parts groups of three digits; absent = nothing. */
  readonly group?: '.' | ',' | ' ' | "'"
  /** What stands before or behind the digits, or is left out: a currency, a percent sign, a unit. */
  readonly affix?: string
}

/** A text taken apart: its digits with their separators, and what stands around them. */
export interface NumberParts {
  readonly isNegative: boolean
  readonly digits: string
  /** Empty where there is none. */
  readonly affix: string
}

/** Longer texts are no numbers that people write, so the expressions below look at few characters. */
const LONGEST = 64
const BLANK = /[\u00a0\u2000-\u200a\u202f]/g
const CURRENCY = String.raw`[A-Z]{0,3}\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|BRL|Rs\.?|kr\.?|Fr\.?`
const UNIT = String.raw`[\p{L}%‰°\p{Sc}][\p{L}\p{No}%°/·]{0,11}`
const NUMBER = new RegExp(
  `^(\\()?([+-])?(${CURRENCY})? ?([+-])?([.,]?[0-9](?:[0-9.,' ]*[0-9])?\\.?(?:[eE][+-]?[0-9]+)?) ?(${UNIT})?(\\))?$`,
  'u',
)

/** Returns the parts of a text that may be a number; undefined for any other, also for codes with zeros in front. */
export function numberParts(text: string): NumberParts | undefined {
  if (text.length > LONGEST) return undefined
  const plain = text.replace(BLANK, ' ').replaceAll('’', "'").replace('\u2212', '-')
  const found = NUMBER.exec(plain)
  if (!found) return undefined
  const [, open, first, currency = '', second, digits = '', unit = '', close] = found
  const isBracketed = open !== undefined
  if (isBracketed !== (close !== undefined)) return undefined
  const signs = [isBracketed ? '-' : undefined, first, second].filter((sign) => sign !== undefined)
  if (signs.length > 1 || (currency !== '' && unit !== '')) return undefined
  return { isNegative: signs[0] === '-', digits, affix: currency || unit }
}

/** Returns the expression of digits in a format. */
function digitsOf({ decimal, group }: NumberFormat): RegExp {
  const part = (mark: string) => `[${mark}]`
  const grouped = group === undefined ? '' : `|[1-9][0-9]{0,2}(?:${part(group)}[0-9]{3})+`
  const fraction = `${part(decimal)}[0-9]+`
  return new RegExp(
    `^(?:(?:0|[1-9][0-9]*${grouped})(?:${fraction})?|${fraction})(?:[eE][+-]?[0-9]+)?$`,
  )
}

const expressions = new Map<string, RegExp>()

/** Returns the number that digits stand for in a format; undefined where they are none. */
export function valueOfParts(
  format: NumberFormat,
  { digits, isNegative }: NumberParts,
): number | undefined {
  const { decimal, group } = format
  let plain = digits
  if (decimal === ',' || group !== undefined || !isDecimal(digits)) {
    const key = `${decimal}${group ?? ''}`
    const expression = expressions.get(key) ?? digitsOf(format)
    expressions.set(key, expression)
    if (!expression.test(digits)) return undefined
    plain = (group === undefined ? digits : digits.replaceAll(group, '')).replace(decimal, '.')
  }
  if (hasLeadingZero(plain) || isInexactInteger(plain)) return undefined
  const value = Number(plain)
  if (!Number.isFinite(value)) return undefined
  return isNegative ? -value : value
}

/** Returns the number that a trimmed text is in a format; undefined where it is none. */
export function numberOfText(format: NumberFormat, text: string): number | undefined {
  const parts = numberParts(text)
  if (!parts || (parts.affix !== '' && parts.affix !== format.affix)) return undefined
  return valueOfParts(format, parts)
}

/** Returns a number as the format has it, for messages: `1.234,5 kg`. */
export function showFormat({ decimal, group, affix }: NumberFormat): string {
  const digits = `1${group ?? ''}234${decimal}5`
  if (affix === undefined) return digits
  return /^\p{Sc}/u.test(affix) ? `${affix}${digits}` : `${digits} ${affix}`
}
