/** The part of the WebAssembly API that the compiled kernels need: the compiler's own types of it come with the DOM only. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean })
  }
  class Instance {
    readonly exports: Record<string, unknown>
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>)
  }
}
