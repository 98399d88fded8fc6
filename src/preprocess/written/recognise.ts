/** Decides how the columns of a table are written, or asks which of two readings is meant. */
import { type DateOrder, dateOfText } from '../../data/date-text.ts'
import type { Column, DataFrame, NumberColumn, TextColumn } from '../../data/frame.ts'
import { isDecimal } from '../../data/number.ts'
import { type NumberFormat, numberOfText, showFormat } from '../../data/number-text.ts'
import type { Steps } from '../../data/steps.ts'
import type { Written } from '../../data/written.ts'
import { didYouMean, flagWith, InputError, quote } from '../../errors.ts'
import type { Role } from '../guess-role.ts'
import { firstRowOf } from './apply-written.ts'
import { spanTexts } from './describe-written.ts'
import { isMarker } from './markers.ts'
import type { WrittenColumn } from './read-written.ts'
import { recogniseDates, recogniseEpoch } from './recognise-dates.ts'
import { type FoundNumbers, recogniseNumbers } from './recognise-numbers.ts'
import { recogniseSpans } from './recognise-spans.ts'

/** What a user said of how values are written; wins over what they look like. */
export interface WrittenSettings {
  /** The texts that mean missing among numbers and dates, instead of the known ones; in texts, too. */
  readonly missingValues?: readonly string[]
  /** More of them. */
  readonly treatAsMissing: readonly string[]
  readonly numbers: ReadonlyMap<string, NumberFormat>
  readonly dates: ReadonlyMap<string, DateOrder>
  /** Columns of dates whose month, day of week and hour go round. */
  readonly cyclic: ReadonlySet<string>
}

export const nothingSaid: WrittenSettings = {
  treatAsMissing: [],
  numbers: new Map(),
  dates: new Map(),
  cyclic: new Set(),
}

/** Fewer different numbers than this may as well be categories. */
const LEAST_NUMBERS = 3
/** With more different numbers than this, a few other texts do not make categories of them. */
const MANY_NUMBERS = 20
/** Most other texts that are a few. */
const FEW_STRANGERS = 5

/**
 * Returns how the columns are written that need it.
 * @param keep columns that are read as they are: the target, the weight
 * @throws InputError `invalid_number` or `invalid_text` for a column with two readings, or with a text among its
 * numbers or dates that is none; `unknown_column`
 */
export function* recogniseWritten(
  { names, columns }: DataFrame,
  keep: ReadonlySet<string>,
  roles: ReadonlyMap<string, Role>,
  said: WrittenSettings,
): Steps<WrittenColumn[]> {
  for (const name of [...said.numbers.keys(), ...said.dates.keys(), ...said.cyclic]) {
    if (!names.includes(name))
      throw new InputError(
        'unknown_column',
        `the table has no column ${quote(name)}${didYouMean(name, names)}`,
        [{ column: name }],
      )
    const role = roles.get(name)
    const isOther = keep.has(name) || (role !== undefined && role !== 'numeric')
    if (isOther)
      throw new InputError(
        'invalid_plan',
        `column ${quote(name)} is ${keep.has(name) ? 'the target or the weight' : `said to be ${role}`}, so it is not read as numbers or dates`,
        [{ column: name }],
      )
  }
  const written: WrittenColumn[] = []
  for (const [at, name] of names.entries()) {
    const role = roles.get(name)
    if (keep.has(name) || role === 'drop' || role === 'id') continue
    yield
    const column = columns[at] as Column
    const found =
      column.kind === 'number'
        ? readNumbers(name, column, role, said)
        : readTexts(name, column, role, said)
    if (found) written.push(found)
  }
  return written
}

function readNumbers(
  name: string,
  column: NumberColumn,
  role: Role | undefined,
  said: WrittenSettings,
): WrittenColumn | undefined {
  const told = [...(said.missingValues ?? []), ...said.treatAsMissing]
  const gaps = new Set(told.filter(isDecimal).map(Number))
  const present = new Set(gaps.size === 0 ? [] : column.values.filter((value) => gaps.has(value)))
  const missing = present.size === 0 ? undefined : [...present].map(String)
  const number = said.numbers.get(name)
  const date = said.dates.get(name) ?? (role ? undefined : recogniseEpoch(name, column))
  if (!(missing || number || date)) return undefined
  return asWritten(name, missing, { number, date })
}

function readTexts(
  name: string,
  column: TextColumn,
  role: Role | undefined,
  said: WrittenSettings,
): WrittenColumn | undefined {
  const { levels } = column
  if (levels.length === 0) return undefined
  const told = new Set([...(said.missingValues ?? []), ...said.treatAsMissing])
  const asTold = levels.filter((text) => told.has(text))
  const isText = role === 'nominal' || role === 'ordinal'
  const format = said.numbers.get(name)
  const order = said.dates.get(name)
  const isKnown = (text: string) =>
    told.has(text) || (said.missingValues === undefined && isMarker(text))
  if (format || order) {
    const missing = levels.filter(isKnown)
    return asWritten(name, missing, { number: format, date: order })
  }
  if (!isText) {
    const missing = levels.filter(isKnown)
    const rest = missing.length === 0 ? levels : levels.filter((text) => !isKnown(text))
    const spans = recogniseSpans(rest)
    if (spans && (rest.length >= LEAST_NUMBERS || role === 'numeric')) {
      const { span, strangers } = spans
      const isColumn =
        strangers.length === 0 || role === 'numeric' || isFew(rest.length, strangers.length)
      if (isColumn && strangers[0] !== undefined)
        throw stranger(name, column, strangers[0], spanTexts[span])
      if (isColumn) return asWritten(name, missing, { span })
    }
    const dates = role === 'numeric' ? undefined : recogniseDates(rest)
    if (dates) {
      const { order, strangers, rival } = dates
      const isColumn = strangers.length === 0 || isFew(rest.length, strangers.length)
      if (isColumn && rival) throw twoDates(name, column, order, rival)
      if (isColumn && strangers[0] !== undefined)
        throw stranger(name, column, strangers[0], 'dates')
      if (isColumn) return asWritten(name, missing, { date: order })
    }
    const numbers = recogniseNumbers(rest)
    const enough = rest.length >= LEAST_NUMBERS || role === 'numeric'
    if (numbers && enough) {
      const { strangers, format } = numbers
      const isColumn =
        strangers.length === 0 || role === 'numeric' || isFew(rest.length, strangers.length)
      if (isColumn) refuseDoubt(name, column, numbers)
      if (isColumn && (format || missing.length > 0))
        return asWritten(name, missing, { number: format })
    }
  }
  return asTold.length === 0 ? undefined : asWritten(name, asTold, {})
}

function isFew(all: number, strangers: number): boolean {
  return strangers <= FEW_STRANGERS && all - strangers > MANY_NUMBERS
}

function asWritten(
  column: string,
  missing: readonly string[] | undefined,
  {
    number,
    span,
    date,
  }: { readonly [Rule in 'number' | 'span' | 'date']?: Written[Rule] | undefined },
): WrittenColumn {
  return {
    column,
    ...(missing && missing.length > 0 ? { missing } : {}),
    ...(number ? { number } : {}),
    ...(span ? { span } : {}),
    ...(date ? { date } : {}),
  }
}

function refuseDoubt(
  name: string,
  column: TextColumn,
  { strangers, rival, bare, format }: FoundNumbers,
): void {
  if (strangers[0] !== undefined) throw stranger(name, column, strangers[0], 'numbers')
  if (rival && format) {
    const readings = [format, rival.format].map(
      (one) =>
        `${numberOfText(one, rival.text)} with ${flagWith('--number-format', `${name}=${showFormat(one)}`)}`,
    )
    throw new InputError(
      'invalid_number',
      `column ${quote(name)}: ${firstRowOf(column, rival.text)} may be ${readings.join(' or ')}`,
      [{ column: name }],
    )
  }
  if (bare === undefined || !format) return
  throw new InputError(
    'invalid_number',
    `column ${quote(name)} has some numbers with a percent sign and others without, such as ${firstRowOf(column, bare)}, which may be ${bare} percent or ${bare} of one; ${flagWith('--number-format', `${name}=${showFormat(format)}`)} if all are percent, otherwise write them in one way`,
    [{ column: name }],
  )
}

function twoDates(
  name: string,
  column: TextColumn,
  order: DateOrder,
  rival: { readonly order: DateOrder; readonly text: string },
): InputError {
  const readings = [order, rival.order].map(
    (one) => `${dateOfText(one, rival.text)} with ${flagWith('--date-format', `${name}=${one}`)}`,
  )
  return new InputError(
    'invalid_text',
    `column ${quote(name)}: ${firstRowOf(column, rival.text)} may be ${readings.join(' or ')}`,
    [{ column: name }],
  )
}

function stranger(name: string, column: TextColumn, text: string, what: string): InputError {
  return new InputError(
    what === 'dates' ? 'invalid_text' : 'invalid_number',
    `column ${quote(name)} holds ${what}, but ${firstRowOf(column, text)}; ${flagWith('--treat-as-missing', text)} if it means no value, ${flagWith('--nominal', name)} to take all texts as categories, ${flagWith('--drop', name)} to leave the column out`,
    [{ row: column.codes.indexOf(column.levels.indexOf(text)) + 1, column: name }],
  )
}
