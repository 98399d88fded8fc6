/** Lines that wait to be written, as bytes, in blocks of memory that are used again. */
import type { LineSink } from './record.ts'

/** Bytes of a block: as much as a disk likes to get at once. */
const BLOCK = 512 << 10
/** Bytes that a character takes at most, as JSON escapes it, and those of a line besides. */
const WIDEST = 6
const BESIDE = 4096
/** Blocks that are kept for later. */
const MOST_FREE = 2

/** Lines that are written together. */
export interface LineBlock {
  readonly bytes: Buffer
  readonly lines: number
}

export interface LineQueue {
  /**
   * Adds a line that `write` writes piece by piece.
   * @param length characters of what is not the same in all lines
   */
  add(length: number, write: (sink: LineSink) => void): void
  /** Lets the lines that are there be written, however few they are. */
  seal(): void
  /** Whether a block can be written. */
  readonly isReady: boolean
  /** Returns the block to be written next; it stays in the queue until {@link shift}. */
  first(): LineBlock | undefined
  shift(): void
  /** What waits. */
  readonly bytes: number
  readonly lines: number
}

/** Returns an empty queue. */
export function createLineQueue(): LineQueue {
  const free: Buffer[] = []
  let blocks: { memory: Buffer; bytes: Buffer; lines: number }[] = []
  let memory: Buffer = Buffer.allocUnsafeSlow(BLOCK)
  let [end, count, bytes, lines] = [0, 0, 0, 0]
  const seal = () => {
    if (count === 0) return
    blocks.push({ memory, bytes: memory.subarray(0, end), lines: count })
    memory = free.pop() ?? Buffer.allocUnsafeSlow(BLOCK)
    end = 0
    count = 0
  }
  const sink: LineSink = {
    text(piece) {
      end += memory.write(piece, end)
    },
    bytes(piece) {
      memory.set(piece, end)
      end += piece.length
    },
  }
  return {
    add(length, write) {
      const most = WIDEST * length + BESIDE
      if (end + most > memory.length) seal()
      if (most > memory.length) memory = Buffer.allocUnsafeSlow(most)
      const from = end
      write(sink)
      bytes += end - from
      count++
      lines++
    },
    seal,
    get isReady() {
      return blocks.length > 0
    },
    first: () => blocks[0],
    shift() {
      const done = blocks[0]
      if (!done) return
      blocks = blocks.slice(1)
      bytes -= done.bytes.length
      lines -= done.lines
      if (done.memory.length === BLOCK && free.length < MOST_FREE) free.push(done.memory)
    },
    get bytes() {
      return bytes
    },
    get lines() {
      return lines
    },
  }
}
