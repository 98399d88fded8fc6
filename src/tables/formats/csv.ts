/** CSV files into a table, piece by piece. */

import {
  blankRowError,
  checkHeader,
  checkRowBytes,
  raggedRow,
  scanError,
  withIndexName,
} from '../../data/csv.ts'
import { createRowScanner, scanned } from '../../data/csv-scan.ts'
import { isDecimal, isMissingText } from '../../data/number.ts'
import { normalText } from '../../data/text.ts'
import { createUtf8Checker, hasMark } from '../../data/utf8.ts'
import { InputError, listNames } from '../../errors.ts'
import type { ColumnBuilder } from './column-builder.ts'
import { type Dialect, plainDialect } from './dialect.ts'
import type { TableFile } from './table-builder.ts'

/** Reads a file that comes in pieces. */
export interface TableReader {
  /** @throws InputError for anything that is not one clean table */
  write(piece: Uint8Array): void
  /** Reads what is left. */
  end(): void
}

/**
 * Whether CSV files begin with column names. Where they do not, columns are label, f1, f2 …, or c1, c2 … where they are
 * `numbered`; `assumed_absent` is looked into.
 */
export type Header = 'present' | 'absent' | 'assumed_absent' | 'numbered'

/**
 * Returns a reader of CSV. Without a header and without names, columns are label, f1, f2 …
 * @param names column names of a file without a header
 * @param dialect what separates fields, and whether rows stand in quotes or have names
 */
export function createCsvReader(
  file: TableFile,
  header: Header,
  names?: readonly string[],
  { delimiter, isWrapped, hasRowNames }: Dialect = plainDialect,
): TableReader {
  const checker = createUtf8Checker()
  const outer = createRowScanner(delimiter.charCodeAt(0))
  const inner = isWrapped ? createRowScanner(delimiter.charCodeAt(0)) : undefined
  // The scanner that has read the present row.
  let scanner = outer
  const hasHeader = header === 'present' && names === undefined
  let pending = new Uint8Array(0)
  let pendingLength = 0
  // Scanning a row again and again while it arrives would take time quadratic in its length.
  let worthwhile = 0
  let isFirst = true
  let scannedRows = 0
  let width = 0
  let blankRow = -1
  let columns: (ColumnBuilder | undefined)[] = []
  let firstRow: readonly string[] = []
  let scratch = new Uint8Array(0)
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const rowNumber = () => scannedRows + (hasHeader ? 0 : 1)

  const unquote = (bytes: Uint8Array, start: number, end: number): number => {
    if (scratch.length < end - start) scratch = new Uint8Array(end - start)
    let length = 0
    for (let i = start; i < end; i++) {
      scratch[length++] = bytes[i]!
      if (bytes[i] === 0x22) i++
    }
    return length
  }
  const textAt = (bytes: Uint8Array, j: number): string => {
    const [start, end] = [scanner.starts[j]!, scanner.ends[j]!]
    if (scanner.doubled[j] === 0) return decoder.decode(bytes.subarray(start, end))
    // The length comes first: the buffer may be another one afterwards.
    const length = unquote(bytes, start, end)
    return decoder.decode(scratch.subarray(0, length))
  }
  const fields = (bytes: Uint8Array) =>
    Array.from({ length: scanner.count }, (_, j) => textAt(bytes, j))

  const begin = (bytes: Uint8Array) => {
    const read = fields(bytes)
    const first = hasHeader && hasRowNames ? ['', ...read] : read
    width = first.length
    const given = hasHeader
      ? checkHeader(withIndexName(first).map(normalText))
      : (names ?? namesWithoutHeader(header, width))
    if (given.length !== width)
      throw new InputError(
        'wrong_width',
        `the table has ${width} columns, ${given.length} names were given`,
      )
    columns = given.map((name) => file.column(name))
    if (header === 'assumed_absent') firstRow = first
  }
  const addCells = (bytes: Uint8Array) => {
    for (let j = 0; j < width; j++) {
      const column = columns[j]
      if (!column) continue
      if (scanner.doubled[j] === 0) column.addBytes(bytes, scanner.starts[j]!, scanner.ends[j]!)
      else {
        const length = unquote(bytes, scanner.starts[j]!, scanner.ends[j]!)
        column.addBytes(scratch, 0, length)
      }
    }
    file.endRow()
  }
  const addRow = (bytes: Uint8Array) => {
    // A blank line may be one of those that end a file.
    if (scanner.isBlank) {
      if (blankRow < 0) blankRow = rowNumber()
      return
    }
    if (blankRow >= 0) throw blankRowError(blankRow)
    if (scannedRows === 0) begin(bytes)
    else if (scanner.count !== width)
      throw raggedRow(rowNumber(), scanner.count, width, hasHeader ? 0 : 1)
    if (scannedRows === 1 && header === 'assumed_absent') checkNoHeader(firstRow, fields(bytes))
    if (!hasHeader || scannedRows > 0) addCells(bytes)
  }
  /** A row in quotes is one field, which is scanned again. */
  const addWrapped = (bytes: Uint8Array) => {
    if (!inner || outer.count !== 1 || outer.isBlank) {
      addRow(bytes)
      return
    }
    const [start, end] = [outer.starts[0]!, outer.ends[0]!]
    const length = unquote(bytes, start, end)
    const row = scratch.slice(0, length)
    const next = inner.scan(row, 0, length, true)
    if (next < 0) throw scanError(next, rowNumber(), row[inner.position]!)
    scanner = inner
    addRow(row)
    scanner = outer
  }
  const add = inner ? addWrapped : addRow
  /** Reads all whole rows and returns where the rest begins. */
  const readRows = (bytes: Uint8Array, length: number, isEnd: boolean): number => {
    let at = 0
    while (at < length) {
      const next = outer.scan(bytes, at, length, isEnd)
      if (next === scanned.incomplete) break
      if (next < 0) throw scanError(next, rowNumber(), bytes[outer.position]!)
      add(bytes)
      scannedRows++
      at = next
    }
    return at
  }
  const readPending = (isEnd: boolean) => {
    const read = readRows(pending, pendingLength, isEnd)
    pending.copyWithin(0, read, pendingLength)
    pendingLength -= read
    worthwhile = read > 0 ? 0 : pendingLength * 2
    checkRowBytes(pendingLength, rowNumber())
  }

  return {
    write(piece) {
      if (piece.length === 0) return
      checker.check(piece)
      if (pendingLength + piece.length > pending.length) {
        const larger = new Uint8Array(Math.max(pendingLength + piece.length, pending.length * 2))
        larger.set(pending.subarray(0, pendingLength))
        pending = larger
      }
      pending.set(piece, pendingLength)
      pendingLength += piece.length
      if (isFirst && pendingLength < 4) return
      if (isFirst) cutByteOrderMark()
      if (pendingLength >= worthwhile) readPending(false)
    },
    end() {
      checker.end()
      if (isFirst) cutByteOrderMark()
      readPending(true)
      if (header === 'assumed_absent' && scannedRows === 1) checkNoHeader(firstRow, [])
      file.end()
    },
  }

  function cutByteOrderMark(): void {
    isFirst = false
    if (pendingLength < 3 || !hasMark(pending)) return
    pending.copyWithin(0, 3, pendingLength)
    pendingLength -= 3
  }
}

function namesWithoutHeader(header: Header, width: number): readonly string[] {
  return Array.from({ length: width }, (_, i) =>
    header === 'numbered' ? `c${i + 1}` : i === 0 ? 'label' : `f${i}`,
  )
}

/** SageMaker's CSV has no header; one that is there all the same must not become a row. */
function checkNoHeader(first: readonly string[], second: readonly string[]): void {
  const hasNumber = (row: readonly string[]) => row.some(isDecimal)
  const isHeader =
    first.every((cell) => !isMissingText(cell)) && !hasNumber(first) && hasNumber(second)
  if (!isHeader) return
  throw new InputError(
    'invalid_csv',
    `row 1 (${listNames(first, 5)}) has no number and row 2 has, so it may be a header; set the hyperparameter target to the label's column, or header to present or absent`,
    [{ row: 1 }],
  )
}
