/** Dates as people write them, read as the one text of their moment. */

import { momentText } from './moment.ts'
import { isDecimal } from './number.ts'

/**
 * In which order a date has its parts: year, month, day in any separators; day or month first; digits without
 * separators; or seconds and milliseconds since 1970. A month with a name needs no order.
 */
export const dateOrders = ['YMD', 'DMY', 'MDY', 'YYYYMMDD', 'epoch_s', 'epoch_ms'] as const
export type DateOrder = (typeof dateOrders)[number]

/** Longer texts are no dates, so the expressions below look at few characters. */
const LONGEST = 48
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const MONTH = `(${MONTHS.join('|')})[a-z]{0,6}\\.?`
const CLOCK = String.raw`(?:(?:[Tt]|,? )(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?(?: ?([AaPp])\.?[Mm]\.?)?( ?[Zz]| ?[+-]\d\d(?::?\d\d)?)?)?`
const YEAR_FIRST = new RegExp(String.raw`^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})${CLOCK}$`)
const YEAR_LAST = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)${CLOCK}$`)
const DAY_MONTH_NAME = new RegExp(
  String.raw`^(\d{1,2})(?:st|nd|rd|th)?\.?[- /]?${MONTH}[- /,]{0,2}(\d{4}|\d\d)${CLOCK}$`,
  'i',
)
const MONTH_NAME_DAY = new RegExp(
  String.raw`^${MONTH} (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})${CLOCK}$`,
  'i',
)
/** Months without a day, of years that no other number before a month is. */
const YEAR = String.raw`((?:1[89]|20|21)\d\d)`
const MONTH_ALONE = new RegExp(String.raw`^(?:${YEAR}[-/](\d\d?)|(\d\d?)[-/]${YEAR})$`)
const MONTH_NAME_ALONE = new RegExp(`^(?:${MONTH}[- /,]{1,2}${YEAR}|${YEAR}[- /]?${MONTH})$`, 'i')
const DAY = 86_400_000

type Clock = readonly (string | undefined)[]

/**
 * Returns the text of a moment ({@link momentText}) for a date in that order; undefined for any other text, also for
 * days that no calendar has. A month
 * without a day is its first day. Offsets from UTC are taken off; without one a time is taken as it is written.
 */
export function dateOfText(order: DateOrder, text: string): string | undefined {
  if (text.length > LONGEST) return undefined
  if ((order === 'epoch_s' || order === 'epoch_ms') && isDecimal(text))
    return dateOfEpoch(Number(text) * (order === 'epoch_s' ? 1000 : 1))
  if (order === 'YYYYMMDD') {
    const digits = /^(\d{4})(\d\d)(\d\d)$/.exec(text)
    if (digits) return dateOf(digits[1]!, digits[2]!, digits[3]!, [])
  }
  const yearFirst = YEAR_FIRST.exec(text)
  if (yearFirst) return dateOf(yearFirst[1]!, yearFirst[3]!, yearFirst[4]!, yearFirst.slice(5))
  const yearLast = YEAR_LAST.exec(text)
  if (yearLast) {
    const [, first = '', mark, second = '', year = '', ...clock] = yearLast
    // With points, the day is first everywhere.
    const isDayFirst = order === 'DMY' || (mark === '.' && order !== 'MDY')
    if (!isDayFirst && order !== 'MDY') return undefined
    return isDayFirst ? dateOf(year, second, first, clock) : dateOf(year, first, second, clock)
  }
  const dayFirst = DAY_MONTH_NAME.exec(text)
  if (dayFirst) return dateOf(dayFirst[3]!, monthOf(dayFirst[2]!), dayFirst[1]!, dayFirst.slice(4))
  const monthFirst = MONTH_NAME_DAY.exec(text)
  if (monthFirst)
    return dateOf(monthFirst[3]!, monthOf(monthFirst[1]!), monthFirst[2]!, monthFirst.slice(4))
  const month = MONTH_ALONE.exec(text)
  if (month) return dateOf(month[1] ?? month[4]!, month[2] ?? month[3]!, '1', [])
  const named = MONTH_NAME_ALONE.exec(text)
  return named ? dateOf(named[2] ?? named[3]!, monthOf(named[1] ?? named[4]!), '1', []) : undefined
}

function monthOf(name: string): string {
  return String(MONTHS.indexOf(name.toLowerCase().slice(0, 3)) + 1)
}

function dateOf(year: string, month: string, day: string, clock: Clock): string | undefined {
  // Two digits as POSIX reads them.
  const full = year.length > 2 ? year : `${Number(year) < 69 ? 20 : 19}${year}`
  const date = `${full}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const midnight = Date.parse(`${date}T00:00:00Z`)
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== date)
    return undefined
  const [hour, minute, second = '00', fraction = '', half, offset = ''] = clock
  if (hour === undefined || minute === undefined) return date
  let hours = Number(hour)
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return undefined
    hours = (hours % 12) + (/p/i.test(half) ? 12 : 0)
  }
  if (hours > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const digits = fraction === '' ? '' : `.${fraction}`
  const written = `${date}T${String(hours).padStart(2, '0')}:${minute}:${second}${digits}${offset}`
  const moment = momentText(written)
  return moment === written ? undefined : moment
}

function dateOfEpoch(milliseconds: number): string | undefined {
  const rounded = Math.round(milliseconds)
  // Years of four digits, as texts have them.
  if (!(rounded >= -62_135_596_800_000 && rounded < 253_402_300_800_000)) return undefined
  return momentText(new Date(rounded).toISOString())
}

/** What is made of a date: numbers, and the sine and cosine of those that go round. */
export const dateParts = {
  days: (ms: number) => ms / DAY,
  year: (ms: number) => new Date(ms).getUTCFullYear(),
  month: (ms: number) => monthIn(ms) + 1,
  day_of_week: (ms: number) => weekdayIn(ms) + 1,
  hour: (ms: number) => hourIn(ms),
  month_sin: (ms: number) => Math.sin((2 * Math.PI * monthIn(ms)) / 12),
  month_cos: (ms: number) => Math.cos((2 * Math.PI * monthIn(ms)) / 12),
  day_of_week_sin: (ms: number) => Math.sin((2 * Math.PI * weekdayIn(ms)) / 7),
  day_of_week_cos: (ms: number) => Math.cos((2 * Math.PI * weekdayIn(ms)) / 7),
  hour_sin: (ms: number) => Math.sin((2 * Math.PI * hourIn(ms)) / 24),
  hour_cos: (ms: number) => Math.cos((2 * Math.PI * hourIn(ms)) / 24),
} as const satisfies Record<string, (ms: number) => number>
export type DatePart = keyof typeof dateParts

const monthIn = (ms: number) => new Date(ms).getUTCMonth()
/** From Monday, 0. */
const weekdayIn = (ms: number) => (new Date(ms).getUTCDay() + 6) % 7
const hourIn = (ms: number) => new Date(ms).getUTCHours()

/** Returns milliseconds since 1970 of the text of a moment; undefined for any other text. */
export function momentOf(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d{1,12})?)?$/.test(text)) return undefined
  const ms = text.length === 10 ? Date.parse(text) : Date.parse(`${text.replace(' ', 'T')}Z`)
  return Number.isNaN(ms) ? undefined : ms
}
