import { CsvError, parse } from 'csv-parse/sync'
import { InputError, listNames } from '../errors.ts'

/** CSV text as rows of trimmed fields, in file order. */
export type CsvRows = readonly (readonly string[])[]

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/

/**
 * Returns the rows of a CSV text (RFC 4180; LF, CR LF, CR or a mix of them as line ends; blank lines at the end ignored).
 * Fields are trimmed, so that `3, male` means the same as `3,male`.
 * @throws InputError `invalid_csv`, `ragged_row`, `blank_row` or `control_character`, naming the row.
 *   Row 1 is the first row of the text, or the row after the header when `header` is set.
 */
export function parseCsv(text: string, options: { header: boolean; maxRows?: number }): CsvRows {
  const firstRow = options.header ? 0 : 1
  const control = CONTROL.exec(text)
  if (control) throw controlCharacter(text, control.index, firstRow)
  const body = withoutBlankEnd(text)
  if (body === '') return []
  const lastRow =
    options.maxRows === undefined ? undefined : options.maxRows + (options.header ? 2 : 1)
  let rows: string[][]
  try {
    rows = parse(body, {
      relax_column_count: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      skip_empty_lines: false,
      trim: true,
      ...(lastRow === undefined ? {} : { to: lastRow }),
    })
  } catch (error) {
    throw asInputError(error, firstRow)
  }
  checkWidths(rows, firstRow)
  // The parser trims around quotes only; JSON's texts are trimmed whole.
  return rows.map((row) => row.map((field) => field.trim()))
}

/** Returns a byte order mark's text without it. */
export function withoutByteOrderMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/**
 * Returns the column names of a header row.
 * @throws InputError `empty_column_name` or `duplicate_column`.
 */
export function checkHeader(names: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  names.forEach((name, index) => {
    if (name === '')
      throw new InputError('empty_column_name', `the header's column ${index + 1} has no name`)
    if (seen.has(name)) {
      throw new InputError(
        'duplicate_column',
        `the header names column ${listNames([name])} twice`,
        [{ column: name }],
      )
    }
    seen.add(name)
  })
  return names
}

function withoutBlankEnd(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === '\n' || text[end - 1] === '\r')) end--
  return text.slice(0, end)
}

function checkWidths(rows: readonly (readonly string[])[], firstRow: number): void {
  const width = rows[0]?.length ?? 0
  rows.forEach((row, index) => {
    if (row.length === 1 && row[0] === '' && rows.length > 1) {
      throw new InputError(
        'blank_row',
        `${rowName(index + firstRow)} is an empty line`,
        placeOf(index + firstRow),
      )
    }
    if (row.length !== width) {
      const before = firstRow === 0 ? 'the header has' : 'row 1 has'
      throw new InputError(
        'ragged_row',
        `${rowName(index + firstRow)} has ${row.length} fields, ${before} ${width}`,
        placeOf(index + firstRow),
      )
    }
  })
}

function controlCharacter(text: string, index: number, firstRow: number): InputError {
  const row = text.slice(0, index).split(/\r\n|\n|\r/).length - 1 + firstRow
  const code = text.charCodeAt(index).toString(16).padStart(4, '0')
  return new InputError(
    'control_character',
    `${rowName(row)} holds the control character U+${code}`,
    placeOf(row),
  )
}

function asInputError(error: unknown, firstRow: number): unknown {
  if (!(error instanceof CsvError)) return error
  const row = Number(error.records ?? 0) + firstRow
  const what =
    error.code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'a quoted field that begins here never ends'
      : error.code === 'INVALID_OPENING_QUOTE' || error.code === 'CSV_INVALID_CLOSING_QUOTE'
        ? 'a quote stands inside a field; put the field in quotes and double the quote'
        : 'this is not CSV'
  return new InputError('invalid_csv', `${rowName(row)}: ${what}`, placeOf(row))
}

function rowName(row: number): string {
  return row === 0 ? 'the header' : `row ${row}`
}

function placeOf(row: number): { row: number }[] {
  return row === 0 ? [] : [{ row }]
}
