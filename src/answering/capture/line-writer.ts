/** Writes lines of JSON from their pieces, many at a time. */
import { isUtf8 } from 'node:buffer'
import { createLineKernel, type LineKernel, SLACK } from './line-kernel.ts'

/** Bytes that are the same in many lines: they are laid out once for all lines that are written together. */
export interface Constant {
  readonly bytes: Buffer
  /** Where they lie, in a round of lines. */
  place: number
  round: number
}

/** Returns bytes for many lines. */
export function constant(text: string): Constant {
  return { bytes: Buffer.from(text), place: 0, round: -1 }
}

/** Where the pieces of a line go. */
export interface LineSink {
  constant(piece: Constant): void
  /** A piece that JSON needs not escape. */
  plain(text: string): void
  /** Writes text or bytes as the inside of a JSON string; false, and nothing is written, for bytes that are no UTF-8. */
  escaped(data: string | Uint8Array): boolean
}

export interface LineWriter {
  readonly sink: LineSink
  /** Ends a line. */
  endLine(): void
  /** Hands on all lines that have ended. */
  flush(): void
}

/** Bytes of pieces that are laid out at once, with their last one's slack. */
const STAGED = 64 << 10
/** Pieces that are written at once. */
const MOST_PIECES = 1024
/** Bytes that one becomes at most, as JSON escapes it. */
const WIDEST = 6
/** Bytes of all lines that are written at once, at most. */
const MOST_WRITTEN = WIDEST * STAGED
/** Bytes of UTF-8 that a unit of UTF-16 takes at most. */
const UNIT = 3
/** Longest text that is copied character by character, which costs less than a call. */
const SHORT = 48

/** Rounds of all writers, so that none takes another's places for its own. */
let rounds = 0

/**
 * Returns a writer of lines.
 * @param emit takes whole lines, and how many they are; the bytes are its own only until it returns
 */
export function createLineWriter(
  emit: (bytes: Uint8Array, lines: number) => void,
  engine?: Parameters<typeof createLineKernel>[1],
): LineWriter {
  const size = 8 * MOST_PIECES + STAGED + MOST_WRITTEN + 2 * SLACK
  const { memory, free: table, writePieces }: LineKernel = createLineKernel(size, engine)
  const [staged, to] = [table + 8 * MOST_PIECES, table + 8 * MOST_PIECES + STAGED + SLACK]
  const numbers = new Int32Array(memory.buffer, memory.byteOffset, to >> 2)
  /** End of what is laid out, bytes that it becomes at most, and the round of lines that it is for. */
  let [end, most, round] = [staged, 0, ++rounds]
  /** The number of pieces, of those of lines that have ended, and of these lines. */
  let [pieces, endedPieces, lines] = [0, 0, 0]
  /** The beginning of a line that is longer than what is laid out at once. */
  let held: Buffer[] = []

  const begin = () => {
    end = staged
    most = pieces = endedPieces = lines = 0
    round = ++rounds
  }
  const write = () => {
    const middle = writePieces(table, endedPieces, to)
    if (lines > 0) emit(memory.subarray(to, middle), lines)
    if (endedPieces < pieces) {
      const last = writePieces(table + 8 * endedPieces, pieces - endedPieces, to)
      held.push(Buffer.from(memory.subarray(to, last)))
    }
    begin()
  }
  /** Makes room for a piece of so many bytes, each of which becomes so many at most. */
  const reserve = (bytes: number, widest: number) => {
    const isFull = end + bytes > staged + STAGED || most + widest * bytes > MOST_WRITTEN
    if (pieces === MOST_PIECES || isFull) write()
  }
  const addPiece = (from: number, length: number, widest: number) => {
    const at = (table >> 2) + 2 * pieces++
    numbers[at] = from
    numbers[at + 1] = widest === 1 ? length : -length
    most += widest * length
  }
  /** Lays bytes out, as many at once as there is room for. */
  const layOut = (bytes: Uint8Array, widest: number) => {
    for (let from = 0; from < bytes.length; ) {
      const count = Math.min(STAGED, bytes.length - from)
      reserve(count, widest)
      memory.set(count === bytes.length ? bytes : bytes.subarray(from, from + count), end)
      addPiece(end, count, widest)
      end += count
      from += count
    }
  }
  const layOutText = (text: string, widest: number) => {
    if (UNIT * text.length > STAGED) return layOut(Buffer.from(text), widest)
    reserve(UNIT * text.length, widest)
    const length = copyShort(text, memory, end) || memory.write(text, end)
    addPiece(end, length, widest)
    end += length
  }
  return {
    sink: {
      constant(piece) {
        const { bytes } = piece
        if (bytes.length > STAGED) return layOut(bytes, 1)
        reserve(bytes.length, 1)
        if (piece.round !== round) {
          piece.round = round
          piece.place = end
          memory.set(bytes, end)
          end += bytes.length
        }
        addPiece(piece.place, bytes.length, 1)
      },
      plain: (text) => layOutText(text, 1),
      escaped(data) {
        if (typeof data === 'string') layOutText(data, WIDEST)
        else if (!isUtf8(data)) return false
        else layOut(data, WIDEST)
        return true
      },
    },
    endLine() {
      lines++
      endedPieces = pieces
      if (held.length === 0) return
      const line = held
      held = []
      const last = writePieces(table, pieces, to)
      emit(Buffer.concat([...line, memory.subarray(to, last)]), lines)
      begin()
    },
    flush: write,
  }
}

/** Copies a short text of ASCII and returns its length; 0 for any other. */
function copyShort(text: string, memory: Uint8Array, at: number): number {
  if (text.length > SHORT) return 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 127) return 0
    memory[at + i] = unit
  }
  return text.length
}
