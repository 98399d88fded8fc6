import { kernels as encoded } from './kernels.generated.ts'

/** Who computes: WebAssembly with 128-bit SIMD, or the readable TypeScript that says the same. */
export type Engine = 'wasm' | 'reference'

/** One instance of the kernels with a memory of its own; addresses and sizes in bytes. */
export interface Kernels {
  readonly memory: WebAssembly.Memory
  explainRow(context: number): void
  explainRows(context: number): void
  explainPairs(context: number): void
  explainSets(context: number): void
  explainTables(context: number): void
  predictRow(context: number): void
  predictRows(context: number): void
  /** The same for nodes with a mask. */
  predictMaskedRow(context: number): void
  predictMaskedRows(context: number): void
  prepareLeaf(
    masks: number,
    count: number,
    width: number,
    rule: number,
    size: number,
    C: number,
    A: number,
    B: number,
  ): void
  addLeaf(
    A: number,
    B: number,
    width: number,
    conditions: number,
    table: number,
    bits: number,
    entry: number,
    value: number,
  ): void
}

let compiled: WebAssembly.Module | 'unavailable' | undefined

/** Returns a new instance of the kernels, or undefined where WebAssembly or its SIMD is missing. */
export function instantiateKernels(): Kernels | undefined {
  compiled ??= compileKernels()
  if (compiled === 'unavailable') return undefined
  try {
    return new WebAssembly.Instance(compiled).exports as unknown as Kernels
  } catch {
    // No address space left for another memory.
    return undefined
  }
}

function compileKernels(): WebAssembly.Module | 'unavailable' {
  const text = atob(encoded)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  try {
    return new WebAssembly.Module(bytes)
  } catch {
    return 'unavailable'
  }
}
