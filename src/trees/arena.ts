/** Memory of a WebAssembly instance handed out piece by piece, never returned. */
export interface Arena {
  /** Views of the whole memory; new ones after every `take`. */
  readonly i32: Int32Array
  readonly f64: Float64Array
  /** Bytes handed out. */
  readonly size: number
  /** Returns the address of so many new bytes, all zero, aligned to 16. */
  take(bytes: number): number
}

const PAGE = 65536
/** Bytes at the beginning that stay unused: address 0 means nothing. */
const START = 1024

/** Returns the arena of a memory that nothing else hands out; `take` throws RangeError when it cannot grow. */
export function createArena(memory: WebAssembly.Memory): Arena {
  let size = START
  const arena = {
    i32: new Int32Array(memory.buffer),
    f64: new Float64Array(memory.buffer),
    get size() {
      return size
    },
    take(bytes: number): number {
      const address = size
      size += Math.ceil(bytes / 16) * 16
      const missing = size - memory.buffer.byteLength
      if (missing > 0) {
        memory.grow(Math.ceil(missing / PAGE))
        // Growing detaches the old views.
        arena.i32 = new Int32Array(memory.buffer)
        arena.f64 = new Float64Array(memory.buffer)
      }
      return address
    },
  }
  return arena
}
