/** Says how a column is written, for people. */
import type { DateOrder } from '../../data/date-text.ts'
import { showFormat } from '../../data/number-text.ts'
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

/** Returns how a column is written, for people. */
export function describeWritten({ missing, number, date }: Written): string {
  return [
    ...(number ? [`written as ${showFormat(number)}, (5) and −5 are -5`] : []),
    ...(number?.affix === '%' ? ['12% is the number 12'] : []),
    ...(date
      ? [`dates, ${orderTexts[date]} (${date}); times as written, in UTC with an offset`]
      : []),
    ...(missing
      ? [`${listNames(missing)} ${missing.length === 1 ? 'means' : 'mean'} missing`]
      : []),
  ].join('; ')
}
