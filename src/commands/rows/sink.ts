/** Where answers go: standard output, or a file that has its name once it is whole. */
import { once } from 'node:events'
import { open, rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { InputError, quote } from '../../errors.ts'
import { createOutput } from '../terminal.ts'

export interface Sink {
  /** Returns when there is room for more: memory stays what it is when the reader is behind. */
  write(bytes: Uint8Array): Promise<void>
  finish(): Promise<void>
  /** Leaves no half answer in a file. */
  abandon(): Promise<void>
}

/**
 * Opens what a path means; `-` is standard output.
 * @throws InputError `invalid_file`, now or later, where a file cannot be written
 */
export function openSink(path: string): Promise<Sink> {
  return path === '-' ? openStandardOutput() : openFile(path)
}

async function openStandardOutput(): Promise<Sink> {
  // Its listener for a closed pipe is what is needed of it.
  createOutput({ quiet: true })
  return {
    write: (bytes) => writeAll(process.stdout, bytes),
    finish: async () => {},
    abandon: async () => {},
  }
}

async function writeAll(stream: Writable, bytes: Uint8Array): Promise<void> {
  if (!stream.write(bytes)) await once(stream, 'drain')
}

async function openFile(path: string): Promise<Sink> {
  const part = `${path}.part`
  const guard = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new InputError(
        'invalid_file',
        `the file ${quote(path, 256)} cannot be written: ${code}`,
      )
    }
  }
  const handle = await guard(() => open(part, 'w'))
  return {
    write: (bytes) => guard(() => handle.appendFile(bytes)),
    finish: () =>
      guard(async () => {
        await handle.close()
        await rename(part, path)
      }),
    async abandon() {
      await handle.close()
      await rm(part, { force: true })
    },
  }
}
