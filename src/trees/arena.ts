/** Memory of a WebAssembly instance, as the writers of what kernels read see it: all addresses are in bytes. */
import { DOUBLE, WORD } from './layout.generated.ts'

/** Memory handed out piece by piece, never returned. */
export interface Arena {
  /** Views of the whole memory; new ones after every `take`. */
  readonly i32: Int32Array
  readonly f64: Float64Array
  /** Bytes handed out. */
  readonly size: number
  /** Returns the address of so many new bytes, all zero, aligned to 16. */
  take(bytes: number): number
  /** Writes one integer of 4 bytes: a number or an address. */
  putInt(address: number, value: number): void
  putDouble(address: number, value: number): void
  putInts(address: number, values: ArrayLike<number>): void
  putDoubles(address: number, values: ArrayLike<number>): void
  /** Writes fields of a record, each an offset and an integer. */
  putFields(record: number, fields: readonly (readonly [offset: number, value: number])[]): void
  /** Takes memory for the integers, writes them and returns their address. */
  storeInts(values: ArrayLike<number>): number
  storeDoubles(values: ArrayLike<number>): number
  /** Writes zeros over so many bytes, a multiple of 8. */
  clear(address: number, bytes: number): void
}

const PAGE = 65536
/** Bytes at the beginning that stay unused: address 0 means nothing. */
const START = 1024
/** What SIMD reads best. */
const ALIGNMENT = 16

/** Returns the arena of a memory that nothing else hands out; `take` throws RangeError when it cannot grow. */
export function createArena(memory: WebAssembly.Memory): Arena {
  let size = START
  let i32 = new Int32Array(memory.buffer)
  let f64 = new Float64Array(memory.buffer)
  const take = (bytes: number): number => {
    const address = size
    size += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
    const missing = size - memory.buffer.byteLength
    if (missing > 0) {
      memory.grow(Math.ceil(missing / PAGE))
      // Growing detaches the old views.
      i32 = new Int32Array(memory.buffer)
      f64 = new Float64Array(memory.buffer)
    }
    return address
  }
  return {
    get i32() {
      return i32
    },
    get f64() {
      return f64
    },
    get size() {
      return size
    },
    take,
    putInt(address, value) {
      i32[address / WORD] = value
    },
    putDouble(address, value) {
      f64[address / DOUBLE] = value
    },
    putInts(address, values) {
      i32.set(values, address / WORD)
    },
    putDoubles(address, values) {
      f64.set(values, address / DOUBLE)
    },
    putFields(record, fields) {
      for (const [offset, value] of fields) i32[(record + offset) / WORD] = value
    },
    storeInts(values) {
      const address = take(values.length * WORD)
      i32.set(values, address / WORD)
      return address
    },
    storeDoubles(values) {
      const address = take(values.length * DOUBLE)
      f64.set(values, address / DOUBLE)
      return address
    },
    clear(address, bytes) {
      f64.fill(0, address / DOUBLE, (address + bytes) / DOUBLE)
    },
  }
}
