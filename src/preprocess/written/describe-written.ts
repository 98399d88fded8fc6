/** Says how a column is written, for people. */
import { showFormat } from '../../data/number-text.ts'
import type { Written } from '../../data/written.ts'
import { listNames } from '../../errors.ts'

/** Returns how a column is written, for people. */
export function describeWritten({ missing, number, date }: Written): string {
  return [
    ...(number ? [`written as ${showFormat(number)}, (5) and −5 are -5`] : []),
    ...(number?.affix === '%' ? ['12% is the number 12'] : []),
    ...(date ? [`dates (${date}), times as written, in UTC where they have an offset`] : []),
    ...(missing
      ? [`${listNames(missing)} ${missing.length === 1 ? 'means' : 'mean'} missing`]
      : []),
  ].join('; ')
}
