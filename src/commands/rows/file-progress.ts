/** How far a file of rows is answered, for a person who waits. */
import type { Part } from '../../tables/row-files.ts'
import { createOutput } from '../terminal.ts'

export interface Progress {
  show(part: Part): Promise<void>
  close(): void
}

/** Returns a bar on a terminal, for files of more than one part; nothing elsewhere. */
export function createProgress(name: string): Progress {
  if (!process.stderr.isTTY) return { show: async () => {}, close: () => {} }
  const output = createOutput({ quiet: false })
  let isFirst = true
  return {
    async show({ done, total }) {
      const isOnly = isFirst && done >= total
      isFirst = false
      if (!isOnly && total > 0) await output.progress(name, done, total, 'bytes')
    },
    close: () => output.close(),
  }
}
