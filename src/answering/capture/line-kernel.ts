/** What writes pieces of lines one behind the other: WebAssembly, or the readable TypeScript that says the same. */
import { lineKernel as encoded } from './line-kernel.generated.ts'

/** Memory that pieces lie in and lines are written to, and what writes them. */
export interface LineKernel {
  readonly memory: Buffer
  /** Where what belongs to the kernel ends. */
  readonly free: number
  /**
   * Writes pieces and returns the end: the table at an address has two 32-bit numbers for each, its address and its length,
   * which is negative where its bytes, UTF-8, are written as in a JSON string. Up to {@link SLACK} bytes beyond the pieces and
   * the end are read and written over.
   */
  writePieces(table: number, count: number, to: number): number
}

export const SLACK = 16

const PAGE = 64 << 10

/** Returns a kernel with a memory of its own, of so many bytes beside what belongs to it. */
export function createLineKernel(bytes: number, engine: 'wasm' | 'reference' = 'wasm'): LineKernel {
  const kernel = engine === 'wasm' ? instantiate(bytes) : undefined
  return kernel ?? createReference(Buffer.alloc(bytes))
}

let compiled: WebAssembly.Module | undefined

/** Undefined where WebAssembly, its SIMD or the address space for a memory is missing. */
function instantiate(bytes: number): LineKernel | undefined {
  try {
    compiled ??= new WebAssembly.Module(Buffer.from(encoded, 'base64'))
    const { exports } = new WebAssembly.Instance(compiled)
    const { memory, writePieces } = exports as unknown as {
      memory: WebAssembly.Memory
      writePieces: LineKernel['writePieces']
    }
    const free = memory.buffer.byteLength
    memory.grow(Math.ceil(bytes / PAGE))
    return { memory: Buffer.from(memory.buffer), free, writePieces }
  } catch {
    return undefined
  }
}

function createReference(memory: Buffer): LineKernel {
  const numbers = new DataView(memory.buffer, memory.byteOffset, memory.length)
  return {
    memory,
    free: 0,
    writePieces(table, count, to) {
      for (let i = 0; i < count; i++) {
        const from = numbers.getUint32(table + 8 * i, true)
        const length = numbers.getInt32(table + 8 * i + 4, true)
        const bytes = memory.subarray(from, from + Math.abs(length))
        // As Latin-1 every byte is a character, and those that are escaped are the same in UTF-8.
        const text = bytes.toString('latin1')
        to += memory.write(length < 0 ? JSON.stringify(text).slice(1, -1) : text, to, 'latin1')
      }
      return to
    },
  }
}
