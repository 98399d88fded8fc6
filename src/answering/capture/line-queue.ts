/** Lines that wait to be written, in blocks of memory that are used again. */

/** Bytes of a block: so few that the processor's caches hold other things still, so many that a write is worth its while. */
const BLOCK = 128 << 10
/** Blocks that are kept for later. */
const MOST_FREE = 8

/** Lines that are written together. */
export interface LineBlock {
  readonly bytes: Buffer
  readonly lines: number
}

export interface LineQueue {
  /** Adds a copy of whole lines. */
  add(bytes: Uint8Array, lines: number): void
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
  return {
    add(added, addedLines) {
      if (end + added.length > memory.length) seal()
      if (added.length > memory.length) memory = Buffer.allocUnsafeSlow(added.length)
      memory.set(added, end)
      end += added.length
      bytes += added.length
      count += addedLines
      lines += addedLines
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
