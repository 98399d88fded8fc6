import { InputError, listNames, type Place, placed } from '../errors.ts'
import { createRowScanner, MAX_FIELDS, type RowScanner, scanned } from './csv-scan.ts'

const QUOTE = 0x22

/** CSV text as rows of trimmed fields, in file order. */
export type CsvRows = readonly (readonly string[])[]

/**
 * Returns the rows of a CSV text (RFC 4180; LF, CR LF, CR or a mix of them as line ends; blank lines at the end ignored).
 * Fields are trimmed, so that `3, male` means the same as `3,male`.
 * @param options.before where the text is a part of a larger one: how many rows stand before it, and how many fields
 *   the first of all has; the number of that one is 0 for a header
 * @throws InputError `invalid_csv`, `ragged_row`, `blank_row` or `control_character`, naming the row.
 *   Row 1 is the first row of the text, or the row after the header when `header` is set.
 */
export function parseCsv(
  text: string,
  options: { header: boolean; maxRows?: number; before?: RowsBefore | undefined },
): CsvRows {
  const { before } = options
  const rowNumber = (index: number) => index + (before?.rows ?? 0) + (options.header ? 0 : 1)
  const lastRow = (options.maxRows ?? Number.POSITIVE_INFINITY) + (options.header ? 2 : 1)
  const bytes = new TextEncoder().encode(text)
  const positions = createPositions(text, bytes)
  const scanner = createRowScanner()
  const rows: string[][] = []
  // A blank line may be one of those that end a text.
  let isBlank = false
  for (let at = 0; at < bytes.length && rows.length < lastRow; ) {
    const next = scanner.scan(bytes, at, bytes.length, true)
    if (next < 0) throw scanError(next, rowNumber(rows.length), bytes[scanner.position]!)
    at = next
    if (!scanner.isBlank && isBlank) throw blankRowError(rowNumber(rows.length))
    isBlank = scanner.isBlank
    if (!isBlank) rows.push(readFields(text, bytes, scanner, positions))
  }
  checkWidths(rows, rowNumber, before ?? { width: rows[0]?.length ?? 0, firstRow: rowNumber(0) })
  return rows
}

/** What a part of a CSV text follows. */
export interface RowsBefore {
  readonly rows: number
  /** Fields of the first row or the header. */
  readonly width: number
  /** The number of the row that has them; 0 is the header. */
  readonly firstRow: number
}

/**
 * Returns where a block of whole rows ends that begins at `from` and has about so many bytes. Blank lines begin a block
 * and never end one, so that whoever reads the block sees them. A block that begins with a row that cannot be read is
 * all the rest.
 */
export function findBlockEnd(bytes: Uint8Array, from: number, blockBytes: number): number {
  const scanner = createRowScanner()
  let at = from
  for (let rows = 0; at < bytes.length; rows++) {
    const next = scanner.scan(bytes, at, bytes.length, true)
    if (next < 0) return rows > 0 ? at : bytes.length
    at = next
    if (at - from >= blockBytes && !scanner.isBlank) break
  }
  return at
}

function readFields(
  text: string,
  bytes: Uint8Array,
  scanner: RowScanner,
  positions: (byte: number) => number,
): string[] {
  const fields = new Array<string>(scanner.count)
  for (let j = 0; j < scanner.count; j++) {
    const from = scanner.starts[j]!
    const to = scanner.ends[j]!
    const start = positions(from)
    const field = text.slice(start, positions(to))
    fields[j] = scanner.doubled[j] === 0 ? field : withSingleQuotes(field, bytes.subarray(from, to))
  }
  return fields
}

/** Longer fields are rewritten by hand: the engine keeps a node per replacement, thirty times the text where all are quotes. */
const LONG_FIELD = 1 << 16

/** Returns a field in which every two quotes stand for one. */
function withSingleQuotes(field: string, bytes: Uint8Array): string {
  if (bytes.length <= LONG_FIELD) return field.replaceAll('""', '"')
  const single = new Uint8Array(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    single[length++] = byte
    if (byte === QUOTE) at++
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(single.subarray(0, length))
}

/** Returns where in the text a byte stands; to be asked in ascending order. */
function createPositions(text: string, bytes: Uint8Array): (byte: number) => number {
  // ASCII alone has one byte a character.
  if (bytes.length === text.length) return (byte) => byte
  let at = 0
  let position = 0
  return (byte) => {
    for (; at < byte; at++) {
      const first = bytes[at]!
      if (first < 0x80 || first >= 0xc0) position += first >= 0xf0 ? 2 : 1
    }
    return position
  }
}

/** What pandas calls the index of a table that it reads back, which it wrote without a name. */
export const INDEX_NAME = 'Unnamed: 0'

/** Whether a column is the index that pandas writes in front of a table: the first one, without a name of its own. */
export function isIndexName(name: string, at: number): boolean {
  return at === 0 && (name === '' || name === INDEX_NAME)
}

/** Returns a header in which an unnamed first column has the name that pandas gives it. */
export function withIndexName(names: readonly string[]): readonly string[] {
  return names[0] === '' && names.length > 1 ? [INDEX_NAME, ...names.slice(1)] : names
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

function checkWidths(
  rows: CsvRows,
  rowNumber: (index: number) => number,
  { width, firstRow }: Omit<RowsBefore, 'rows'>,
): void {
  rows.forEach((row, index) => {
    if (row.length !== width) throw raggedRow(rowNumber(index), row.length, width, firstRow)
  })
}

/** Returns the error for an empty line between rows; row 0 is the header. */
export function blankRowError(row: number): InputError {
  return new InputError('blank_row', placed`${rowName(row)} is an empty line`)
}

/** Returns the error for a row with another number of fields than the first one. */
export function raggedRow(
  row: number,
  fields: number,
  width: number,
  firstRow: number,
): InputError {
  return new InputError(
    'ragged_row',
    placed`${rowName(row)} has ${fields} fields, ${rowName(firstRow)} has ${width}`,
  )
}

/** Longest row of a file, in bytes: a quote that is never closed must not collect all of it. */
const MAX_ROW = 2 ** 28

/** @throws InputError `too_large` for a row beyond all measure */
export function checkRowBytes(bytes: number, row: number): void {
  if (bytes <= MAX_ROW) return
  throw new InputError(
    'too_large',
    placed`${rowName(row)} is longer than ${MAX_ROW} bytes; is a quote never closed?`,
  )
}

/** Returns the error for what a scanner stopped at. */
export function scanError(what: number, row: number, byte: number): InputError {
  if (what === scanned.controlCharacter) {
    const code = byte.toString(16).padStart(4, '0')
    return new InputError(
      'control_character',
      placed`${rowName(row)} holds the control character U+${code}`,
    )
  }
  if (what === scanned.tooManyFields)
    return new InputError('invalid_csv', placed`${rowName(row)} has more than ${MAX_FIELDS} fields`)
  const why =
    what === scanned.unclosedQuote
      ? 'a quoted field that begins here never ends'
      : 'a quote stands inside a field; put the field in quotes and double the quote'
  return new InputError('invalid_csv', placed`${rowName(row)}: ${why}`)
}

/** Returns what a row is called; row 0 is the header. */
export function rowName(row: number): string | Place {
  return row === 0 ? 'the header' : { row }
}
