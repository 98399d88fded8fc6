/** Linear memory that the threads of a training share. */
import { InputError } from '../../errors.ts'

const PAGE = 65_536
/** All that 32-bit addresses reach; only what is used takes memory. */
const MAX_PAGES = 65_536

/**
 * Returns memory whose first page is left to the module's constants.
 * @throws InputError `too_large` where the process may not even have the addresses
 */
export function createSharedMemory(): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true })
  } catch {
    throw new InputError(
      'too_large',
      'growing trees needs 4 GiB of address space, which the system does not give: ' +
        'raise the limit of virtual memory (ulimit -v), or choose engine mljs',
    )
  }
}

/** Returns how many times the memory has room for parts of such lengths in bytes. */
export function roomFor(memory: WebAssembly.Memory, parts: readonly number[]): number {
  const pages = parts.reduce((sum, bytes) => sum + Math.ceil(bytes / PAGE), 0)
  return Math.floor((MAX_PAGES - memory.buffer.byteLength / PAGE) / pages)
}

/**
 * Returns the address of so many new bytes at the end of the memory; safe in several threads at once.
 * @throws InputError `too_large`
 */
export function reserve(memory: WebAssembly.Memory, bytes: number): number {
  try {
    return memory.grow(Math.ceil(bytes / PAGE)) * PAGE
  } catch {
    const megabytes = Math.ceil((memory.buffer.byteLength + bytes) / 2 ** 20)
    throw new InputError(
      'too_large',
      `the training table needs ${megabytes} MB for growing trees, ${(MAX_PAGES * PAGE) / 2 ** 20} MB are the limit`,
    )
  }
}
