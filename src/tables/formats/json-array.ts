/** JSON files that are one list of objects into a table, piece by piece. */

import { joinBytes } from '../../data/bytes.ts'
import { createUtf8Checker, hasMark } from '../../data/utf8.ts'
import { InputError, quote } from '../../errors.ts'
import type { TableReader } from './csv.ts'
import { createObjectReader } from './json-objects.ts'
import type { TableFile } from './table-builder.ts'

/** Longest object, in bytes. */
const MAX_OBJECT = 2 ** 28

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN = 0x5b
const CLOSE = 0x5d
const decoder = new TextDecoder()

/**
 * Returns a reader of a list of objects, which are read as those of JSON Lines; errors name them by their place in it.
 */
export function createJsonArrayReader(file: TableFile): TableReader {
  const checker = createUtf8Checker()
  const objects = createObjectReader(file, 'object')
  let state: 'before' | 'first' | 'value' | 'between' | 'after' = 'before'
  let count = 0
  let depth = 0
  let inString = false
  let isEscaped = false
  let pending: Uint8Array[] = []
  let pendingLength = 0
  let isFirst = true

  const misplaced = (byte: number) =>
    new InputError(
      'invalid_json',
      state === 'before'
        ? 'the file is no list of JSON objects'
        : `${quote(String.fromCharCode(byte))} stands behind ${count === 0 ? 'the beginning' : `object ${count}`} of the list`,
    )
  const keep = (bytes: Uint8Array) => {
    pendingLength += bytes.length
    if (pendingLength > MAX_OBJECT)
      throw new InputError('too_large', `object ${count + 1} is longer than ${MAX_OBJECT} bytes`)
    pending.push(bytes.slice())
  }
  const add = (bytes: Uint8Array) => {
    let whole = bytes
    if (pending.length > 0) {
      keep(bytes)
      whole = joinBytes(pending)
      pending = []
      pendingLength = 0
    }
    objects.add(decoder.decode(whole), ++count)
    state = 'between'
  }
  /** Returns where a value ends that is open at `at`, or -1. */
  const findEnd = (piece: Uint8Array, at: number): number => {
    for (let i = at; i < piece.length; i++) {
      const byte = piece[i]!
      if (inString) {
        if (isEscaped) isEscaped = false
        else if (byte === BACKSLASH) isEscaped = true
        else if (byte === QUOTE) inString = false
        continue
      }
      if (byte === QUOTE) inString = true
      // "{" and "[" differ in one bit, "}" and "]" likewise.
      else if ((byte | 0x20) === 0x7b) depth++
      else if ((byte | 0x20) === 0x7d) {
        depth--
        if (depth === 0) return i + 1
      }
    }
    return -1
  }
  /** Reads a byte between values; returns whether a value begins with it. */
  const step = (byte: number): boolean => {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return false
    if (state === 'before' && byte === OPEN) state = 'first'
    else if (byte === CLOSE && (state === 'first' || state === 'between')) state = 'after'
    else if (byte === COMMA && state === 'between') state = 'value'
    else if ((state === 'first' || state === 'value') && byte === 0x7b) return true
    else if (state === 'first' || state === 'value')
      throw new InputError('invalid_shape', `object ${count + 1} is not a JSON object`, [
        { row: count + 1 },
      ])
    else throw misplaced(byte)
    return false
  }

  return {
    write(piece) {
      checker.check(piece)
      const isMarked = isFirst && hasMark(piece)
      isFirst = false
      for (let at = isMarked ? 3 : 0; at < piece.length; ) {
        if (depth === 0 && !step(piece[at]!)) {
          at++
          continue
        }
        const end = findEnd(piece, at)
        if (end < 0) {
          keep(piece.subarray(at))
          return
        }
        add(piece.subarray(at, end))
        at = end
      }
    },
    end() {
      checker.end()
      if (state !== 'after')
        throw new InputError(
          'invalid_json',
          state === 'before' ? 'the file is no list of JSON objects' : 'the list never ends',
        )
      file.end()
    },
  }
}
