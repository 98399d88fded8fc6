/** Spreadsheets (.xlsx) as CSV: the first sheet, read by `read-excel-file`, which nothing else knows. */
import { writeField } from '../codecs/csv.ts'
import type { ZipEntry } from '../data/zip.ts'
import { InputError } from '../errors.ts'
import type { InputFile } from './input-files.ts'
import { readZipEntry } from './zip.ts'

/** A sheet as a text of CSV. */
export interface Sheet {
  readonly name: string
  /** About how many bytes. */
  readonly size: number
  pieces(): AsyncGenerator<Uint8Array>
}

/** Most bytes that the parts of a spreadsheet may unpack to, and cells that a sheet may span. */
const MOST_UNPACKED = 2 ** 28
const MOST_CELLS = 2 ** 25

/** Whether the files of an archive are those of a spreadsheet. */
export function isSpreadsheet(entries: readonly ZipEntry[]): boolean {
  return entries.some(({ name }) => name === 'xl/workbook.xml')
}

/**
 * Returns the first sheet: numbers with the digits that are stored, dates as ISO 8601, truth values as true and false,
 * errors of formulas as missing. Empty rows and columns around the cells are left out.
 * @throws InputError `invalid_file` for a damaged file, `too_large` for one that unpacks to too much
 */
export async function readSpreadsheet(
  file: InputFile,
  entries: readonly ZipEntry[],
): Promise<Sheet> {
  const parts: Record<string, [Uint8Array, { level: 0 }]> = {}
  let left = MOST_UNPACKED
  for (const entry of entries) {
    if (!/\.xml(\.rels)?$/.test(entry.name)) continue
    const bytes = await collect(readZipEntry(file, entry, left))
    left -= bytes.length
    if (/^xl\/worksheets\//.test(entry.name)) checkSpan(bytes)
    parts[entry.name] = [bytes, { level: 0 }]
  }
  const [{ default: readWorkbook }, { zipSync }] = await Promise.all([
    import('read-excel-file/universal'),
    import('fflate/browser'),
  ])
  // Unpacked within bounds here, so that nothing is left to unpack there.
  const archive = zipSync(parts)
  try {
    // The package hands every option on to what reads the sheets; its types do not know this one.
    const options = { sheets: [1], trim: false, parseNumber: (digits: string) => digits }
    const [sheet] = await readWorkbook(archive.buffer as ArrayBuffer, options)
    if (!sheet) throw new InputError('empty_data', 'the spreadsheet has no sheet')
    const rows = withoutEdges(sheet.data as readonly (readonly unknown[])[])
    return { name: sheet.sheet, size: sizeOf(rows), pieces: () => writeRows(rows) }
  } catch (error) {
    if (error instanceof InputError) throw error
    throw new InputError(
      'invalid_file',
      `the spreadsheet cannot be read: ${(error as Error).message}`,
    )
  }
}

/** A few far cells would span a sheet of empty ones. @throws InputError `too_large` */
function checkSpan(bytes: Uint8Array): void {
  let [rows, columns] = [0, 0]
  const text = new TextDecoder().decode(bytes)
  for (const [, letters = '', digits] of text.matchAll(/\br\s*=\s*["']([A-Z]{1,4})(\d+)["']/g)) {
    rows = Math.max(rows, Number(digits))
    columns = Math.max(columns, columnOf(letters))
  }
  if (rows * columns > MOST_CELLS)
    throw new InputError(
      'too_large',
      `the sheet spans ${rows} rows of ${columns} columns, more than ${MOST_CELLS} cells; save it as CSV`,
    )
}

/** A is 1, Z is 26, AA is 27. */
function columnOf(letters: string): number {
  let column = 0
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64
  return column
}

type Rows = readonly (readonly unknown[])[]

function withoutEdges(rows: Rows): Rows {
  const isEmpty = (cell: unknown) => cell === null || cell === undefined || cell === ''
  const top = rows.findIndex((row) => row.some((cell) => !isEmpty(cell)))
  if (top < 0) return []
  let left = Number.POSITIVE_INFINITY
  for (const row of rows) {
    const at = row.findIndex((cell) => !isEmpty(cell))
    if (at >= 0) left = Math.min(left, at)
  }
  return rows.slice(top).map((row) => row.slice(left))
}

/** As long as its first rows are, on average. */
function sizeOf(rows: Rows): number {
  const some = rows.slice(0, 100)
  const length = some.reduce((sum, row) => sum + row.map(writeCell).join(',').length + 1, 0)
  return Math.ceil((length / Math.max(1, some.length)) * rows.length)
}

/** Rows that are written at a time. */
const BLOCK = 1024

async function* writeRows(rows: Rows): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < rows.length; at += BLOCK) {
    const lines = rows.slice(at, at + BLOCK).map((row) => `${row.map(writeCell).join(',')}\n`)
    yield new TextEncoder().encode(lines.join(''))
  }
}

function writeCell(cell: unknown): string {
  if (cell === null || cell === undefined) return ''
  return writeField(cell instanceof Date ? writeDate(cell) : String(cell))
}

/** Dates are stored as days with a fraction: what is within a hundredth of a second of a whole one is that. */
function writeDate(date: Date): string {
  const time = date.getTime()
  const second = Math.round(time / 1000) * 1000
  const text = new Date(Math.abs(time - second) < 10 ? second : time).toISOString()
  return text.endsWith('T00:00:00.000Z')
    ? text.slice(0, 10)
    : text.slice(0, -1).replace(/\.000$/, '')
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(Buffer.from(piece))
  return Buffer.concat(all)
}
