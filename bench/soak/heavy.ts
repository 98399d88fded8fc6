/** Requests that cost milliseconds, here and in a worker, for load that no server of this size can answer. */
import { type Ask, asking } from './load.ts'

const ROW = '1.5,2.5,3.5\n'
/** As large as a body may be that is answered without a worker. */
const INLINE_ROWS = Math.floor((64 << 10) / ROW.length)
/** The first goes to a worker for its size, the second for its cost. */
const BATCH_ROWS = 10_000
const EXPLAINED_ROWS = 2000
/** An explanation of some seconds, whose answer stays below the limit. */
const LARGEST_ROWS = 100_000

/** Returns one heavy request after another; 503 is an answer where there are too many. */
export function createHeavy(expected: readonly number[]): () => Ask {
  const kinds = [
    asking('inline', '/invocations', 'text/csv', ROW.repeat(INLINE_ROWS), { expected }),
    asking('inline', '/invocations', 'text/csv', ROW.repeat(INLINE_ROWS / 4), { expected }),
    asking('batch', '/invocations', 'text/csv', ROW.repeat(BATCH_ROWS), { expected }),
    asking('explain', '/explain', 'text/csv', ROW.repeat(EXPLAINED_ROWS), { expected }),
  ]
  let count = 0
  return () => kinds[count++ % kinds.length]!
}

/** Returns an explanation of many rows, which keeps a worker busy. */
export function largestExplanation(expected: readonly number[]): Ask {
  return asking('largest explanation', '/explain', 'text/csv', ROW.repeat(LARGEST_ROWS), {
    expected,
    more: 'accept: text/csv\r\n',
  })
}
