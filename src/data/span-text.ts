/** Times of day, durations and parts of years as the numbers that they stand for. */

/** What the texts of a column say, all in one unit. */
export type Span = 'time_of_day' | 'duration' | 'quarter' | 'week' | 'season'

interface SpanKind {
  /** Returns the number that a text stands for; undefined for any other text. */
  readonly read: (text: string) => number | undefined
  /** What the number is. */
  readonly unit: string
  readonly example: string
}

/** Longer texts are none. */
const LONGEST = 40

const CLOCK = /^(\d{1,2}):(\d\d)(?::(\d\d(?:[.,]\d{1,9})?))? ?(?:([ap])\.?m\.?)?$/i
const COLONS = /^(-)?(?:(\d{1,6}) days?,? )?(\d{1,6}):(\d\d)(?::(\d\d(?:[.,]\d{1,9})?))?$/i
const WORDS =
  /^(-)?(?:(\d{1,6}) ?d(?:ays?)?)?,? ?(?:(\d{1,6}) ?h(?:(?:ou)?rs?)?)?,? ?(?:(\d{1,6}) ?m(?:in(?:ute)?s?)?)?,? ?(?:(\d{1,6}(?:[.,]\d{1,9})?) ?s(?:ec(?:ond)?s?)?)?$/i
const ISO =
  /^(-)?P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6}(?:[.,]\d{1,9})?)S)?)?$/
const QUARTER = /^(?:(\d{4})[ /-]?Q([1-4])|Q([1-4])[ /-]?(\d{4})|([1-4])Q[ /-]?(\d{4}))$/i
const WEEK = /^(?:(\d{4})[ -]?W(\d\d)|W(\d{1,2})[ /-](\d{4}))$/i
const SEASON = /^(\d\d(\d\d))[-/](\d\d|\d{4})$/

/** All kinds, the narrower first: a time of day is a duration, too. */
const kinds: Readonly<Record<Span, SpanKind>> = {
  time_of_day: {
    unit: 'hours since midnight',
    example: '14:30',
    read(text) {
      const [, hours, minutes, seconds, half] = CLOCK.exec(text) ?? []
      if (hours === undefined) return undefined
      const hour = half === undefined ? Number(hours) : hourOfHalf(Number(hours), half)
      return hour > 23 ? undefined : hoursOf([0, hour, minutes, seconds])
    },
  },
  duration: {
    unit: 'hours',
    example: '26:30',
    read(text) {
      // Of words one at least stands there.
      const found =
        COLONS.exec(text) ?? ISO.exec(text) ?? (/\d/.test(text) ? WORDS.exec(text) : null)
      if (!found || found.slice(2).every((part) => part === undefined)) return undefined
      const hours = hoursOf(found.slice(2), !COLONS.test(text))
      return hours !== undefined && found[1] === '-' ? -hours : hours
    },
  },
  quarter: {
    unit: 'years, a quarter is 0.25',
    example: '2020Q1',
    read(text) {
      const [, a, b, c, d, e, f] = QUARTER.exec(text) ?? []
      const [year, quarter] = [a ?? d ?? f, b ?? c ?? e]
      return year === undefined ? undefined : Number(year) + (Number(quarter) - 1) / 4
    },
  },
  week: {
    unit: 'years, a week is 1/53',
    example: '2020-W07',
    read(text) {
      const [, a, b, c, d] = WEEK.exec(text) ?? []
      const [year, week] = [a ?? d, Number(b ?? c)]
      if (year === undefined || week < 1 || week > 53) return undefined
      return Number(year) + (week - 1) / 53
    },
  },
  season: {
    unit: 'the first of two years',
    example: '2020/21',
    read(text) {
      const [, year, short, next] = SEASON.exec(text) ?? []
      if (year === undefined || next === undefined) return undefined
      const isNext =
        next.length === 4
          ? Number(next) === Number(year) + 1
          : Number(next) === (Number(short) + 1) % 100
      return isNext ? Number(year) : undefined
    },
  },
}

/** All kinds of spans. */
export const spans = Object.keys(kinds) as readonly Span[]

/** Returns the number that a trimmed text stands for; undefined where it is no such text. */
export function numberOfSpan(span: Span, text: string): number | undefined {
  return text.length > LONGEST ? undefined : kinds[span].read(text)
}

/** Returns what a span is in, for people, and how it is written. */
export function describeSpan(span: Span): { readonly unit: string; readonly example: string } {
  const { unit, example } = kinds[span]
  return { unit, example }
}

function hourOfHalf(hour: number, half: string): number {
  if (hour < 1 || hour > 12) return Number.NaN
  return (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
}

/** Returns days, hours, minutes and seconds as hours; undefined where minutes or seconds go on beyond 59 without being asked. */
function hoursOf(
  [days = 0, hours = 0, minutes = 0, seconds = 0]: readonly (string | number | undefined)[],
  isOpen = false,
): number | undefined {
  const [d, h, m, s] = [days, hours, minutes, seconds].map((part) =>
    Number(String(part).replace(',', '.')),
  ) as [number, number, number, number]
  const total = d * 24 + h + m / 60 + s / 3600
  return Number.isFinite(total) && (isOpen || (m < 60 && s < 60)) ? total : undefined
}
