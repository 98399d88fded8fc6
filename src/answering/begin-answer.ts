/** The beginning of an answer that is made block by block. */
import { joinBytes } from '../data/bytes.ts'
import type { JobResult } from './job.ts'

/**
 * Returns an answer whole where it is no larger than a block, otherwise its beginning and the blocks that follow, each made
 * when it is asked for.
 */
export function beginAnswer(
  blocks: IterableIterator<Uint8Array>,
  blockBytes: number,
): Pick<JobResult, 'body' | 'rest'> {
  const begun: Uint8Array[] = []
  let size = 0
  let isDone = false
  while (!isDone && size <= blockBytes) {
    const next = blocks.next()
    if (next.done) isDone = true
    else {
      begun.push(next.value)
      size += next.value.length
    }
  }
  return { body: joinBytes(begun), rest: isDone ? undefined : blocks }
}
