/** CSV of any dialect as CSV with commas, row by row, for what reads no other. */

import { joinBytes } from '../../data/bytes.ts'
import { checkRowBytes, INDEX_NAME, scanError } from '../../data/csv.ts'
import { createRowScanner, scanned } from '../../data/csv-scan.ts'
import { hasMark } from '../../data/utf8.ts'
import type { Dialect } from './dialect.ts'

const COMMA = 0x2c
const LF = 0x0a
const QUOTE = 0x22

/**
 * Returns the rows of a text with commas between their fields, every field in quotes; blank lines stay.
 * @throws InputError naming the row, counted from 0 where the first one is a header
 */
export async function* toPlainCsv(
  pieces: AsyncIterable<Uint8Array>,
  { delimiter, isWrapped, hasRowNames }: Dialect,
  hasHeader: boolean,
): AsyncGenerator<Uint8Array> {
  const scanner = createRowScanner(delimiter.charCodeAt(0))
  const inner = createRowScanner(delimiter.charCodeAt(0))
  let rest: Uint8Array = new Uint8Array(0)
  let rows = 0
  const numberOf = () => rows + (hasHeader ? 0 : 1)

  const readRows = (bytes: Uint8Array, isEnd: boolean): Uint8Array => {
    const writer = createWriter(bytes.length)
    let at = rows === 0 && hasMark(bytes) ? 3 : 0
    while (at < bytes.length) {
      const next = scanner.scan(bytes, at, bytes.length, isEnd)
      if (next === scanned.incomplete) break
      if (next < 0) throw scanError(next, numberOf(), bytes[scanner.position]!)
      at = next
      let [source, row] = [bytes, scanner]
      if (isWrapped && scanner.count === 1 && !scanner.isBlank) {
        source = unquoted(bytes.subarray(scanner.starts[0]!, scanner.ends[0]!))
        row = inner
        const end = inner.scan(source, 0, source.length, true)
        if (end < 0) throw scanError(end, numberOf(), source[inner.position]!)
      }
      if (rows === 0 && hasRowNames) writer.name(INDEX_NAME)
      if (!scanner.isBlank)
        for (let j = 0; j < row.count; j++) {
          if (j > 0) writer.byte(COMMA)
          writer.byte(QUOTE)
          // Doubled quotes stay doubled.
          writer.bytes(source, row.starts[j]!, row.ends[j]!)
          writer.byte(QUOTE)
        }
      writer.byte(LF)
      rows++
    }
    rest = bytes.slice(at)
    checkRowBytes(rest.length, numberOf())
    return writer.take()
  }

  let waiting: Uint8Array[] = []
  let length = 0
  let worthwhile = 0
  for await (const piece of pieces) {
    waiting.push(Buffer.from(piece))
    length += piece.length
    // Joining and scanning a row again and again while it arrives would take time quadratic in its length.
    if (length < worthwhile) continue
    const written = readRows(joinBytes(waiting), false)
    worthwhile = rest.length === length ? length * 2 : 0
    waiting = rest.length === 0 ? [] : [rest]
    length = rest.length
    if (written.length > 0) yield written
  }
  const last = readRows(joinBytes(waiting), true)
  if (last.length > 0) yield last
}

function unquoted(bytes: Uint8Array): Uint8Array {
  const single = new Uint8Array(bytes.length)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    single[length++] = bytes[i]!
    if (bytes[i] === QUOTE) i++
  }
  return single.subarray(0, length)
}

/** Bytes that are written one after another. */
function createWriter(expected: number) {
  let bytes = new Uint8Array(expected * 2 + 64)
  let length = 0
  const reserve = (more: number) => {
    if (length + more <= bytes.length) return
    const larger = new Uint8Array((length + more) * 2)
    larger.set(bytes.subarray(0, length))
    bytes = larger
  }
  return {
    byte(byte: number) {
      reserve(1)
      bytes[length++] = byte
    },
    bytes(from: Uint8Array, start: number, end: number) {
      reserve(end - start)
      for (let i = start; i < end; i++) bytes[length++] = from[i]!
    },
    name(text: string) {
      const name = new TextEncoder().encode(`${text},`)
      this.bytes(name, 0, name.length)
    },
    take: () => bytes.subarray(0, length),
  }
}
