/** How far a file of rows is answered, for a person who waits. */
import type { Part } from '../../tables/row-files.ts'
import { createOutput } from '../terminal.ts'

export interface Progress {
  show(part: Part): Promise<void>
  close(): void
}

/** Returns a bar on a terminal; nothing elsewhere, and nothing where answers are `watched` as they come. */
export function createProgress(name: string, watched: boolean): Progress {
  if (!process.stderr.isTTY || watched) return { show: async () => {}, close: () => {} }
  const output = createOutput({ quiet: false })
  return {
    async show({ done, total }) {
      if (total > 0) await output.progress(name, done, total, 'bytes')
    },
    close: () => output.close(),
  }
}
