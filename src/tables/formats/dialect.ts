/** How a file of CSV is written: what separates its fields, and what stands where its header should be. */

import { createRowScanner, scanned } from '../../data/csv-scan.ts'
import { isDecimal, isMissingText } from '../../data/number.ts'
import { hasMark } from '../../data/utf8.ts'
import { InputError, listNames } from '../../errors.ts'

/** What may separate fields, in the order in which it is tried, with its name in messages. Blanks come in runs. */
export const delimiters = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'bars',
  ' ': 'blanks',
} as const

export type Delimiter = keyof typeof delimiters

/** Prose has blanks, too: they are asked last, and more is asked of them. */
const candidates = (Object.keys(delimiters) as Delimiter[]).filter((name) => name !== ' ')

export interface Dialect {
  readonly delimiter: Delimiter
  /** Whether whole rows stand in quotes, as one field that is a row of its own; some programs leave the rest bare. */
  readonly isWrapped: boolean
  /** Whether the header lacks the name of the first column, which holds names of rows, as R writes them. */
  readonly hasRowNames: boolean
}

/** CSV as requests have it. */
export const plainDialect: Dialect = { delimiter: ',', isWrapped: false, hasRowNames: false }

/** Rows of a sample that are looked at. */
const MOST_ROWS = 200
/** Lines above a header that are taken for a title. */
const MOST_TITLES = 20

type Row = readonly string[]

/** The first rows of a file, as one delimiter parts them. */
interface Sampled {
  readonly delimiter: Delimiter
  readonly isWrapped: boolean
  readonly rows: readonly Row[]
}

/** How a text is written, and what stands in the place of its header. */
export interface Examined extends Dialect {
  /** Lines that look like a title, and what the first of them says. */
  readonly titles: number
  readonly title: string
  /** Whether the first row looks like one of values, and that row. */
  readonly isData: boolean
  readonly first: readonly string[]
  /** The row below the title, or the first. */
  readonly header: readonly string[]
}

/**
 * Returns how a text is written: with commas where every row of the sample has the same number of fields with them, and
 * otherwise with the first delimiter of which that is true, or most nearly. Depends on nothing but the sample.
 * @param sample the beginning of a text in UTF-8
 * @param isWhole whether that is all of it
 * @param given the delimiter, where it is known
 */
export function examineCsv(sample: Uint8Array, isWhole: boolean, given?: Delimiter): Examined {
  const found = (given === undefined ? candidates : [given]).flatMap((delimiter) => {
    const rows = readSample(sample, isWhole, delimiter)
    return rows === undefined ? [] : withWrapped({ delimiter, isWrapped: false, rows })
  })
  const blanks = given === undefined ? readBlanks(sample, isWhole, found) : undefined
  const { delimiter, isWrapped, rows } = blanks ??
    found.find(isEven) ??
    found.find(({ rows }) => hasRowNames(rows)) ??
    found.find(({ rows }) => countTitles(rows) > 0) ??
    nearest(found) ?? { delimiter: given ?? ',', isWrapped: false, rows: [] }
  const titles = countTitles(rows)
  return {
    delimiter,
    isWrapped,
    hasRowNames: hasRowNames(rows),
    titles,
    title: rows.slice(0, titles).flat().find(Boolean) ?? '',
    isData: looksLikeData(rows),
    first: rows[0] ?? [],
    header: rows[titles] ?? [],
  }
}

/** @throws InputError `invalid_csv` that names the title and how to leave it out */
export function refuseTitle({ titles, title }: Examined, flag: string | undefined): void {
  if (titles === 0) return
  const what = titles === 1 ? 'the first line looks' : `the first ${titles} lines look`
  const how =
    flag === undefined ? `leave ${titles === 1 ? 'it' : 'them'} out` : `add ${flag} ${titles}`
  throw new InputError(
    'invalid_csv',
    `${what} like a title above the header${title === '' ? '' : ` (${listNames([title])})`}; ${how}`,
  )
}

/** Returns the whole rows of a sample, a last one that may go on left out; undefined for what is no CSV so separated. */
function readSample(
  bytes: Uint8Array,
  isWhole: boolean,
  delimiter: Delimiter,
): readonly Row[] | undefined {
  const scanner = createRowScanner(delimiter.charCodeAt(0))
  const decoder = new TextDecoder()
  const rows: Row[] = []
  for (let at = hasMark(bytes) ? 3 : 0; at < bytes.length && rows.length < MOST_ROWS; ) {
    let next = scanner.scan(bytes, at, bytes.length, isWhole)
    if (next === scanned.incomplete) {
      if (rows.length > 0) break
      // A header may be longer than all that is looked at.
      next = scanner.scan(bytes, at, bytes.length, true)
    }
    if (next < 0) return undefined
    rows.push(
      Array.from({ length: scanner.count }, (_, j) => {
        const text = decoder.decode(bytes.subarray(scanner.starts[j]!, scanner.ends[j]!))
        return scanner.doubled[j] === 0 ? text : text.replaceAll('""', '"')
      }),
    )
    at = next
  }
  while (rows.length > 0 && isBlank(rows.at(-1) as Row)) rows.pop()
  return rows
}

function isBlank(row: Row): boolean {
  return row.length === 1 && row[0] === ''
}

/** Returns a reading, before it the one in which rows of a single field are rows of their own, where some are. */
function withWrapped(plain: Sampled): Sampled[] {
  const { delimiter, rows } = plain
  let isWrapped = false
  const unwrapped = rows.map((row) => {
    if (row.length !== 1) return row
    const inner = readSample(new TextEncoder().encode(row[0]), true, delimiter)
    if (inner?.length !== 1 || inner[0]!.length < 2) return row
    // A field with the delimiter in it is common, one with quoted fields in it is not.
    isWrapped ||= row[0]!.includes('"')
    return inner[0]!
  })
  const wrapped = { delimiter, isWrapped, rows: unwrapped }
  // A bare text in quotes is a field; what makes it a row is that all rows come out alike.
  return isWrapped && isEven(wrapped) ? [wrapped, plain] : [plain]
}

/**
 * Returns a sample as fields between runs of blanks: where all of its rows have the same number of them, and no other
 * delimiter parts any. A tab does not count in columns that are filled up with blanks.
 */
function readBlanks(
  sample: Uint8Array,
  isWhole: boolean,
  others: readonly Sampled[],
): Sampled | undefined {
  const isParted = others.some(
    ({ delimiter, rows }) =>
      rows.some((row) => row.length > 1) && !(delimiter === '\t' && rows.every(isFilledUp)),
  )
  if (isParted) return undefined
  const rows = readSample(sample, isWhole, ' ')
  if (rows === undefined || rows.length < 2) return undefined
  const read = { delimiter: ' ', isWrapped: false, rows } as const
  return isEven(read) || hasRowNames(rows) ? read : undefined
}

function isFilledUp(row: Row): boolean {
  return row.some((field) => field.includes('  '))
}

/** Whether all rows have the same number of fields, and more than one, and the first is no title. */
function isEven({ rows }: Sampled): boolean {
  const width = rows[0]?.length ?? 0
  return width > 1 && rows.every((row) => row.length === width) && countTitles(rows) === 0
}

/** Whether every row has a field more than the header, and the first ones look like names of rows. */
function hasRowNames([header = [], ...rows]: readonly Row[]): boolean {
  const width = header.length + 1
  if (width < 3 || rows.length === 0 || rows.some((row) => row.length !== width)) return false
  // Rows that end in a delimiter have an empty field more, and no names.
  if (rows.every((row) => row.at(-1) === '')) return false
  const names = new Set(rows.map((row) => row[0]))
  return !header.includes('') && !names.has('') && names.size === rows.length
}

/** Returns how many lines with one field filled, or none, stand above a header that has two or more. */
function countTitles(rows: readonly Row[]): number {
  const filled = (row: Row) => row.reduce((count, field) => count + (field === '' ? 0 : 1), 0)
  const header = rows.findIndex((row) => filled(row) > 1)
  if (header <= 0 || header > MOST_TITLES) return 0
  const width = rows[header]!.length
  const body = rows.slice(header + 1)
  if (body.length === 0 || body.some((row) => row.length !== width)) return 0
  // An index without a name beside one more column is no title.
  const isHeader = rows[0]!.length === width && width === 2
  return isHeader ? 0 : header
}

/** Returns the reading in which most rows have as many fields as the first one, more than one. */
function nearest(found: readonly Sampled[]): Sampled | undefined {
  let best: Sampled | undefined
  let most = 0
  for (const reading of found) {
    const width = reading.rows[0]?.length ?? 0
    const alike = reading.rows.filter((row) => row.length === width).length
    const share = width > 1 ? alike / reading.rows.length : 0
    if (share > most) [best, most] = [reading, share]
  }
  return best
}

/**
 * Whether the first row looks like the others: where they have numbers it has some, and where they have texts, one of
 * theirs.
 */
function looksLikeData([first = [], ...rows]: readonly Row[]): boolean {
  if (rows.length < 2) return false
  let alike = 0
  let asked = 0
  for (const [j, field] of first.entries()) {
    const cells = rows.map((row) => row[j] ?? '').filter((cell) => !isMissingText(cell))
    if (cells.length === 0) continue
    asked++
    if (isMissingText(field)) continue
    if (cells.every(isDecimal) ? isDecimal(field) : cells.includes(field)) alike++
  }
  return asked > 0 && alike * 2 > asked
}
