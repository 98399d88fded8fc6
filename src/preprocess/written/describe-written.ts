/** Says how a column is written, for people. */
import type { DateOrder } from '../../data/date-text.ts'
import { showFormat } from '../../data/number-text.ts'
import { describeSpan, type Span } from '../../data/span-text.ts'
import type { Written } from '../../data/written.ts'
import { listNames } from '../../errors.ts'

/** What an order means; points and names of months leave no choice. */
const orderTexts: Readonly<Record<DateOrder, string>> = {
  YMD: 'year first or day.month.year',
  DMY: 'day first',
  MDY: 'month first',
  YYYYMMDD: 'eight digits',
  epoch_s: 'seconds since 1970',
  epoch_ms: 'milliseconds since 1970',
}

/** What the texts of a column are, also for whoever is told of one that is not. */
export const spanTexts: Readonly<Record<Span, string>> = {
  time_of_day: 'times of day',
  duration: 'durations',
  quarter: 'quarters',
  week: 'weeks',
  season: 'pairs of years',
}

/** Returns how a column is written, for people. */
export function describeWritten({ missing, number, span, date }: Written): string {
  return [
    ...(number ? [`written as ${showFormat(number)}, (5) and −5 are -5`] : []),
    ...(number?.affix === '%' ? ['12% is the number 12'] : []),
    ...(span ? [`${spanTexts[span]} as numbers: ${describeSpan(span).unit}`] : []),
    ...(date
      ? [`dates, ${orderTexts[date]} (${date}); times as written, in UTC with an offset`]
      : []),
    ...(missing
      ? [`${listNames(missing)} ${missing.length === 1 ? 'means' : 'mean'} missing`]
      : []),
  ].join('; ')
}
