/** What flags and hyperparameters say of how values are written. */
import { type DateOrder, dateOrders } from '../../data/date-text.ts'
import { type NumberFormat, numberParts } from '../../data/number-text.ts'
import { normalText } from '../../data/text.ts'
import { InputError, quote } from '../../errors.ts'
import type { ColumnPlan } from '../../preprocess/plan.ts'
import type { WrittenSettings } from '../../preprocess/written/recognise.ts'
import { readName } from '../setting-values.ts'
import { readOnce } from './read-role-flags.ts'
import type { TrainingFlags } from './training-flags.ts'

/**
 * Returns what the flags say; undefined where they say nothing.
 * @throws InputError `invalid_parameter`
 */
export function readWrittenSettings(
  flags: Pick<
    TrainingFlags,
    'missingValues' | 'treatAsMissing' | 'numberFormat' | 'dateFormat' | 'cyclic'
  >,
): WrittenSettings | undefined {
  const { missingValues, treatAsMissing, numberFormat, dateFormat, cyclic } = flags
  const given = [missingValues, treatAsMissing, numberFormat, dateFormat, cyclic]
  if (given.every((value) => value === undefined)) return undefined
  return {
    missingValues: missingValues
      ?.split(',')
      .map((text) => normalText(text.trim()))
      .filter((text) => text !== ''),
    treatAsMissing: (treatAsMissing ?? []).map((text) => normalText(text.trim())),
    numbers: readPairs('--number-format', numberFormat, readExample),
    dates: readPairs(
      '--date-format',
      dateFormat,
      (order): DateOrder => readName('--date-format', order, dateOrders),
    ),
    cyclic: new Set(cyclic?.map(normalText)),
  }
}

/** Returns the columns of CSV that are read as texts, because it is said how they write their numbers. */
export function columnsAsTexts(
  said: WrittenSettings | undefined,
  plan: ColumnPlan | undefined,
): string[] {
  return [
    ...(said?.numbers.keys() ?? []),
    ...(plan?.written ?? []).flatMap(({ column, number, span }) =>
      (number ?? span) === undefined ? [] : [column],
    ),
  ]
}

function readPairs<T>(
  flag: string,
  given: readonly string[] | undefined,
  read: (value: string) => T,
): Map<string, T> {
  const pairs = (given ?? []).map((text) => {
    const at = text.lastIndexOf('=')
    if (at > 0)
      return [normalText(text.slice(0, at)), read(text.slice(at + 1)), `${flag} ${text}`] as const
    throw new InputError('invalid_parameter', `${flag} takes column=…, not ${quote(text)}`)
  })
  return readOnce(pairs, 'column')
}

/** Returns the format that the number 1234.5 is written in; without the 5, a separator is one of thousands. */
function readExample(text: string): NumberFormat {
  const parts = numberParts(normalText(text.trim()))
  const found = parts && /^1([.,' ])?234(?:([.,])5)?$/.exec(parts.digits)
  if (!parts || !found || (found[1] !== undefined && found[1] === found[2]))
    throw new InputError(
      'invalid_parameter',
      `--number-format takes the number 1234.5 as the column writes it, such as 1.234,5 or "1,234.5 kg", not ${quote(text)}`,
    )
  const group = found[1] as NumberFormat['group']
  const decimal = (found[2] ?? (group === '.' ? ',' : '.')) as NumberFormat['decimal']
  return {
    decimal,
    ...(group === undefined ? {} : { group }),
    ...(parts.affix === '' ? {} : { affix: parts.affix }),
  }
}
