/** Where the rows of a JSON body stand, found without parsing it: a list that can be read in blocks. */
import { joinBytes } from '../data/bytes.ts'
import { hasMark } from '../data/utf8.ts'

/** A list of rows in a body, and what stands around it. */
export interface RowList {
  /** Blocks of whole rows as bytes of the body: from the first row's start to the last row's end. */
  readonly blocks: readonly { readonly from: number; readonly to: number }[]
  /** What stands before and behind the list's rows, once per body: with one block in between it is a body of its own. */
  readonly head: Uint8Array
  readonly tail: Uint8Array
  /** The same with an index that pandas wrote beside the rows, where that was left out above. */
  readonly shell: Uint8Array
}

/** Most bytes around the rows: they are read again with every block. */
const MAX_AROUND = 64 << 10

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Keys of lists of rows, and of the object that holds such a list under a key of its own. */
const LISTS = ['instances', 'dataframe_records', 'inputs']
const SPLIT = 'dataframe_split'
/** Where an event has its rows, whatever stands beside them. */
const EVENT_DATA = ['data', 'data_base64']

/**
 * Returns the list of rows of a JSON body, or undefined where there is none whose rows can be told apart in this way:
 * rows that are neither lists nor objects, columns instead of rows, keys that are written with escapes or occur twice,
 * data of an event or much else beside the rows, or text that is no JSON. Says nothing about what stands inside the rows.
 */
export function findRowList(body: Uint8Array, blockBytes: number): RowList | undefined {
  try {
    return readBody(createReader(body), body, blockBytes)
  } catch (error) {
    if (error === undecided) return undefined
    throw error
  }
}

/** Thrown where the quick look does not understand what it sees. */
const undecided = Symbol('undecided')

interface Span {
  readonly from: number
  readonly to: number
}

interface Found {
  rows?: Span & { readonly blocks: Span[] }
  index?: Span
}

function readBody(reader: Reader, body: Uint8Array, blockBytes: number): RowList {
  const found: Found = {}
  if (reader.peek() === OPEN_LIST) found.rows = reader.rows(blockBytes)
  else {
    reader.members((key) => {
      if (LISTS.includes(key)) takeRows(found, reader, blockBytes)
      else if (key === SPLIT) readSplit(found, reader, blockBytes)
      else if (EVENT_DATA.includes(key)) throw undecided
      else reader.skipValue()
    })
  }
  reader.end()
  const { rows, index } = found
  if (!rows) throw undecided
  const cut = (from: number, to: number) =>
    index && index.from >= from && index.to <= to
      ? [body.subarray(from, index.from), body.subarray(index.to, to)]
      : [body.subarray(from, to)]
  const head = joinBytes(cut(0, rows.from))
  const tail = joinBytes(cut(rows.to, body.length))
  if (head.length + tail.length > MAX_AROUND) throw undecided
  const shell = joinBytes([body.subarray(0, rows.from), body.subarray(rows.to)])
  return { blocks: rows.blocks, head, tail, shell }
}

function takeRows(found: Found, reader: Reader, blockBytes: number): void {
  if (found.rows) throw undecided
  found.rows = reader.rows(blockBytes)
}

/** pandas' split form; its index is as long as its rows and says nothing of them. */
function readSplit(found: Found, reader: Reader, blockBytes: number): void {
  reader.members((key) => {
    if (key === 'data') takeRows(found, reader, blockBytes)
    else if (key === 'index' && reader.peek() === OPEN_LIST) {
      if (found.index) throw undecided
      const from = reader.position() + 1
      reader.skipValue()
      found.index = { from, to: reader.position() - 1 }
    } else reader.skipValue()
  })
}

interface Reader {
  position(): number
  /** Returns the next byte that is not a blank. */
  peek(): number | undefined
  /** Reads an object member by member; the callback reads the value. */
  members(read: (key: string) => void): void
  skipValue(): void
  /** Reads a list of lists and objects. */
  rows(blockBytes: number): Span & { readonly blocks: Span[] }
  /** Nothing but blanks is left. */
  end(): void
}

function createReader(body: Uint8Array): Reader {
  // A byte order mark is no part of the text.
  let at = hasMark(body) ? 3 : 0
  const peek = () => {
    for (; at < body.length; at++) {
      const byte = body[at]!
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte
    }
    return undefined
  }
  const take = (byte: number) => {
    if (peek() !== byte) throw undecided
    at++
  }
  const readKey = () => {
    take(QUOTE)
    const from = at
    for (; body[at] !== QUOTE; at++)
      if (at >= body.length || body[at] === BACKSLASH) throw undecided
    at++
    return at - from > 64 ? '' : String.fromCharCode(...body.subarray(from, at - 1))
  }
  const skipValue = () => {
    const first = peek()
    if (first === OPEN_LIST || first === OPEN_OBJECT) at = skipContainer(body, at)
    else if (first === QUOTE) at = skipString(body, at)
    else while (at < body.length && !isEnd(body[at]!)) at++
  }
  return {
    position: () => at,
    peek,
    skipValue,
    members(read) {
      take(OPEN_OBJECT)
      for (;;) {
        const key = readKey()
        take(COLON)
        peek()
        read(key)
        if (peek() !== COMMA) break
        at++
      }
      take(CLOSE_OBJECT)
    },
    rows(blockBytes) {
      take(OPEN_LIST)
      const blocks: Span[] = []
      const from = at
      let start = -1
      for (;;) {
        const first = peek()
        if (first !== OPEN_LIST && first !== OPEN_OBJECT) throw undecided
        if (start < 0) start = at
        at = skipContainer(body, at)
        const to = at
        const isLast = peek() !== COMMA
        if (isLast || to - start >= blockBytes) {
          blocks.push({ from: start, to })
          start = -1
        }
        if (isLast) break
        at++
      }
      const to = at
      take(CLOSE_LIST)
      return { from, to, blocks }
    },
    end() {
      if (peek() !== undefined) throw undecided
    },
  }
}

function isEnd(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_LIST || byte === CLOSE_OBJECT || byte <= 0x20
}

/** Returns the position behind a list or object that begins here. */
function skipContainer(body: Uint8Array, start: number): number {
  let depth = 0
  for (let at = start; at < body.length; ) {
    const byte = body[at]!
    if (byte === QUOTE) {
      at = skipString(body, at)
      continue
    }
    at++
    // The brackets of lists and of objects differ in one bit.
    if ((byte | 0x20) === OPEN_OBJECT) depth++
    else if ((byte | 0x20) === CLOSE_OBJECT && --depth === 0) return at
  }
  throw undecided
}

/** Returns the position behind a string that begins here. */
function skipString(body: Uint8Array, start: number): number {
  for (let at = start + 1; at < body.length; at++) {
    const byte = body[at]!
    if (byte === BACKSLASH) at++
    else if (byte === QUOTE) return at + 1
  }
  throw undecided
}
