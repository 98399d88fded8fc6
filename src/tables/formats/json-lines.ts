/** JSON Lines files into a table, piece by piece. */

import { createUtf8Checker } from '../../data/utf8.ts'
import { InputError } from '../../errors.ts'
import type { TableReader } from './csv.ts'
import { createObjectReader } from './json-objects.ts'
import type { TableFile } from './table-builder.ts'

/** Longest line, in bytes. */
const MAX_LINE = 2 ** 28

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Returns a reader of JSON Lines: one object a line, columns in order of first appearance, absent keys missing; the keys
 * of an object in an object stand behind its own and a point. Booleans become the texts "true" and "false"; a column
 * has one type.
 */
export function createJsonLinesReader(file: TableFile): TableReader {
  const checker = createUtf8Checker()
  const objects = createObjectReader(file, 'line')
  let pending = new Uint8Array(0)
  let length = 0
  let line = 0
  let blankLine = 0

  const addLine = (bytes: Uint8Array) => {
    line++
    let text = decoder.decode(bytes)
    if (line === 1 && text.charCodeAt(0) === 0xfeff) text = text.slice(1)
    if (text.trim() === '') {
      // It may be one of those that end a file.
      if (blankLine === 0) blankLine = line
      return
    }
    if (blankLine > 0)
      throw new InputError('blank_row', `line ${blankLine} is empty`, [{ row: blankLine }])
    objects.add(text, line)
  }

  return {
    write(piece) {
      checker.check(piece)
      let from = 0
      for (;;) {
        const end = piece.indexOf(0x0a, from)
        if (end < 0) break
        if (length > 0) {
          append(piece.subarray(from, end))
          addLine(pending.subarray(0, length))
          length = 0
        } else addLine(piece.subarray(from, end))
        from = end + 1
      }
      append(piece.subarray(from))
    },
    end() {
      checker.end()
      if (length > 0) addLine(pending.subarray(0, length))
      file.end()
    },
  }

  function append(bytes: Uint8Array): void {
    if (length + bytes.length > MAX_LINE)
      throw new InputError('too_large', `line ${line + 1} is longer than ${MAX_LINE} bytes`, [
        { row: line + 1 },
      ])
    if (length + bytes.length > pending.length) {
      const larger = new Uint8Array(Math.max(length + bytes.length, pending.length * 2))
      larger.set(pending.subarray(0, length))
      pending = larger
    }
    pending.set(bytes, length)
    length += bytes.length
  }
}
