/** `--keep`: columns of the file, as they stand in its rows, for whoever wants to know which row an answer is of. */
import type { DecodeContext } from '../../codecs/codec.ts'
import { readForm } from '../../codecs/json-forms.ts'
import { parseJson } from '../../codecs/json-text.ts'
import { parseCsv, withIndexName } from '../../data/csv.ts'
import { normalText } from '../../data/text.ts'
import { decodeUtf8 } from '../../data/utf8.ts'
import { didYouMean, InputError, listNames, quote } from '../../errors.ts'
import type { Predictor } from '../../predictor/predictor.ts'
import type { Part } from '../../tables/row-files.ts'
import type { RowsRequest } from './rows-request.ts'

/** What stands in a row under the names that are kept: texts of CSV, values of JSON, null where there is nothing. */
export type KeptRow = readonly unknown[]

/**
 * Returns the names that flags list, with commas between them; a name with a comma stands in quotes, as in CSV.
 * @throws InputError `invalid_option` for a name that is none, or twice there
 */
export function readKeep(lists: readonly string[]): readonly string[] {
  const names = lists.flatMap((list) => parseCsv(list, { header: true })[0] ?? []).map(normalText)
  if (names.length === 0 || names.includes(''))
    throw new InputError('invalid_option', '--keep takes names of columns with commas between them')
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined)
    throw new InputError('invalid_option', `--keep names ${quote(twice)} twice`)
  return names
}

/** What is kept of the rows of a part. */
export interface Kept {
  readonly names: readonly string[]
  readonly rows: readonly KeptRow[]
  /** Rows of the file before them. */
  readonly rowOffset: number
  /** Whether CSV says in its first field which row of the file a record is of, as explanations do. */
  readonly isNumbered: boolean
}

/**
 * Returns what is kept of a part; undefined where nothing is.
 * @param isFirst whether the file begins with it, so that a name that no row of it has is none
 * @throws InputError `unknown_column` for a name that the file does not have
 */
export function keptOf(
  { keep, operation }: Pick<RowsRequest, 'keep' | 'operation'>,
  { preprocessor }: Predictor,
  part: Part,
  isFirst: boolean,
): Kept | undefined {
  if (!keep) return undefined
  const context = { ...preprocessor.spec, maxRows: Number.POSITIVE_INFINITY }
  return {
    names: keep,
    rows: readKept(part, keep, context, isFirst),
    rowOffset: part.rowOffset,
    isNumbered: operation === 'explain',
  }
}

function readKept(
  part: Part,
  names: readonly string[],
  context: DecodeContext,
  isFirst: boolean,
): readonly KeptRow[] {
  if (part.kept) return readTable(part.kept, names)
  const text = decodeUtf8(part.body)
  if (part.format === 'csv') return readCsv(text, part, names, context)
  const rows =
    part.format === 'jsonl'
      ? text
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map((line) => parseJson(line, context))
      : readForm(parseJson(text, context), context).rows
  if (isFirst) checkMembers(rows, names, context)
  return rows.map((row) => names.map((name) => memberOf(row, name, context) ?? null))
}

function readCsv(
  text: string,
  part: Part,
  names: readonly string[],
  { inputs }: DecodeContext,
): KeptRow[] {
  const hasHeader = part.parameters.get('header') === 'present'
  const rows = parseCsv(text, { header: hasHeader })
  const header = hasHeader
    ? withIndexName(rows[0] ?? []).map(normalText)
    : inputs.map(({ name }) => normalText(name))
  const positions = names.map((name) => {
    const at = header.indexOf(name)
    if (at < 0) throw noColumn(name, header, hasHeader ? '' : ' (it has no header)')
    return at
  })
  return rows
    .slice(hasHeader ? 1 : 0)
    .map((fields) => positions.map((at) => (fields[at] === '' ? null : fields[at])))
}

function readTable(
  { names: own, cells }: NonNullable<Part['kept']>,
  names: readonly string[],
): KeptRow[] {
  const columns = names.map((name) => {
    const column = cells.get(name)
    if (!column) throw noColumn(name, own, '')
    return column
  })
  return (columns[0] ?? []).map((_, row) => columns.map((column) => column[row] ?? null))
}

/** JSON has a name where a row has it; what none of the first rows has is a mistake. */
function checkMembers(
  rows: readonly unknown[],
  names: readonly string[],
  context: DecodeContext,
): void {
  const stranger = names.find((name) =>
    rows.every((row) => memberOf(row, name, context) === undefined),
  )
  if (stranger === undefined || rows.length === 0) return
  const there = rows.slice(0, 100).flatMap((row) => namesOf(row, context))
  throw noColumn(stranger, [...new Set(there)], '')
}

/** Returns what a row has under a name; undefined where it has nothing. */
function memberOf(row: unknown, name: string, context: DecodeContext): unknown {
  if (Array.isArray(row)) {
    const at = context.inputs.findIndex((input) => normalText(input.name) === name)
    return at < 0 ? undefined : row[at]
  }
  if (row === null || typeof row !== 'object') return undefined
  const object = row as Readonly<Record<string, unknown>>
  if (Object.hasOwn(object, name)) return object[name]
  // A member of an object in it, as training calls it; or a name in another form.
  for (const [key, value] of Object.entries(object)) {
    const own = normalText(key)
    if (own === name) return value
    if (name.startsWith(`${own}.`)) return memberOf(value, name.slice(own.length + 1), context)
  }
  return undefined
}

function namesOf(row: unknown, { inputs }: DecodeContext): string[] {
  return Array.isArray(row) ? inputs.map(({ name }) => name) : Object.keys(row ?? {})
}

function noColumn(name: string, names: readonly string[], note: string): InputError {
  return new InputError(
    'unknown_column',
    `--keep: the file has no column ${quote(name)}${note}${didYouMean(name, names) || `; it has ${listNames(names)}`}`,
    [{ column: name }],
  )
}
