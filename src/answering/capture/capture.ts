/** Keeps requests and answers in files, beside answering them: what the disk is too slow or too full for is left out. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom } from '../../data/random.ts'
import type { Predictor } from '../../predictor/predictor.ts'
import type { MediaType, Operation } from '../media-type.ts'
import type { CaptureFiles } from './capture-files.ts'
import { createLineQueue } from './line-queue.ts'
import { createLineWriter } from './line-writer.ts'
import { maskAnswer, maskRows } from './mask.ts'
import { type CapturedExchange, writeRecord } from './record.ts'

/** A request and its answer, as they wait for the disk. */
export interface Exchange extends CapturedExchange {
  readonly predictor: Predictor
  readonly operation: Operation | 'infer'
  readonly media: MediaType
}

/** Why a request is not captured although it was chosen. */
export type Dropped = 'queue_full' | 'too_large' | 'disk' | 'masked'

export interface CaptureCounts {
  readonly records: number
  readonly bytes: number
  readonly dropped: Readonly<Record<Dropped, number>>
}

export interface Capture {
  /** Whether the next request is captured. */
  chooses(): boolean
  /** Whether so many bytes of a request are kept; what are not is counted. */
  takes(bytes: number): boolean
  /** Keeps an exchange until it is written; its bytes must not change any more. */
  add(exchange: Exchange): void
  readonly counts: CaptureCounts
  /** Writes what waits, for so many milliseconds at most, and returns how many exchanges are lost. */
  close(ms: number): Promise<number>
}

export interface CaptureOptions {
  readonly files: CaptureFiles
  /** Per cent of the requests. */
  readonly sample: number
  readonly seed: number
  readonly mask: readonly string[]
  readonly queueBytes: number
  /** Told of the first exchange that is left out, and again at most once a minute. */
  readonly warn: (facts: Readonly<Record<string, unknown>>) => void
}

/**
 * Exchanges are written as lines so many at a time, or so many bytes: between two answers the processor has forgotten how,
 * and one alone costs four times as much.
 */
const TOGETHER = 64
const TOGETHER_BYTES = 64 << 10
/** Lines wait so long for others: a write costs as much as many. */
const WAIT_MS = 200
/** Largest exchange. */
const MOST_BYTES = 1 << 20
/** About what a line has besides the bodies. */
const BESIDE = 400
/** After a failure the disk is left alone for so long. */
const PAUSE_MS = 1000
const WARN_MS = 60_000
/** How often files are looked at that may be old enough, or gone. */
const ROTATE_MS = 1000
const STREAM = 0x63617074

/** Returns what captures exchanges into files. */
export function createCapture(options: CaptureOptions): Capture {
  const { files, mask, queueBytes, warn } = options
  const random = createRandom(options.seed, STREAM)
  const bound = (options.sample / 100) * 2 ** 32
  const dropped: Record<Dropped, number> = { queue_full: 0, too_large: 0, disk: 0, masked: 0 }
  let [records, bytes, warnedAt, pausedUntil] = [0, 0, Number.NEGATIVE_INFINITY, 0]
  /** Whether files are to be looked at. */
  let isDue = true
  const queue = createLineQueue()
  const { sink, endLine, flush: writeLines } = createLineWriter(queue.add)
  const waiting: Exchange[] = []
  let waitingBytes = 0
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined

  const drop = (reason: Dropped, count = 1, error?: unknown) => {
    dropped[reason] += count
    const now = performance.now()
    // Bodies that cannot be masked, or are long, are no trouble of the disk's.
    if (reason === 'too_large' || reason === 'masked' || now - warnedAt < WARN_MS) return
    warnedAt = now
    const { code } = (error ?? {}) as NodeJS.ErrnoException
    warn({ reason, code, dropped: { ...dropped } })
  }
  const write = async (): Promise<void> => {
    for (let block = queue.first(); block; block = queue.first()) {
      try {
        await files.write(block.bytes)
        records += block.lines
        bytes += block.bytes.length
      } catch (error) {
        pausedUntil = performance.now() + PAUSE_MS
        drop('disk', block.lines, error)
      }
      queue.shift()
    }
    if (!isDue) return
    isDue = false
    await files.rotate()
  }
  const start = () => {
    writing ??= write()
      .catch((error: unknown) => drop('disk', 0, error))
      .finally(() => {
        writing = undefined
        if (queue.isReady) start()
      })
  }
  const encode = () => {
    for (const exchange of waiting) {
      const written = mask.length === 0 ? exchange : maskExchange(exchange, mask)
      if (!written) {
        drop('masked')
        continue
      }
      writeRecord(written, sink)
      endLine()
    }
    writeLines()
    waiting.length = 0
    waitingBytes = 0
  }
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    encode()
    queue.seal()
    start()
  }
  // A file that nobody writes to any more is finished, too.
  const ticking = setInterval(() => {
    isDue = true
    flush()
  }, ROTATE_MS).unref()
  return {
    counts: {
      get records() {
        return records
      },
      get bytes() {
        return bytes
      },
      dropped,
    },
    chooses: () => bound >= 2 ** 32 || random.next() < bound,
    takes(size) {
      if (size <= MOST_BYTES) return true
      drop('too_large')
      return false
    },
    add(exchange) {
      const size = exchange.body.length + (exchange.answer?.length ?? 0)
      if (size > MOST_BYTES) return drop('too_large')
      if (queue.bytes + waitingBytes + size + BESIDE > queueBytes) return drop('queue_full')
      if (pausedUntil > 0) {
        if (performance.now() < pausedUntil) return drop('disk')
        pausedUntil = 0
      }
      waiting.push(exchange)
      waitingBytes += size
      if (waiting.length >= TOGETHER || waitingBytes >= TOGETHER_BYTES) encode()
      if (queue.isReady) start()
      else timer ??= setTimeout(flush, WAIT_MS).unref()
    },
    async close(ms) {
      clearInterval(ticking)
      const end = (async () => {
        flush()
        while (writing) await writing
        await files.close()
      })().catch((error: unknown) => drop('disk', 0, error))
      const late = new AbortController()
      const { signal } = late
      await Promise.race([end, sleep(ms, undefined, { signal }).catch(() => {})])
      late.abort()
      return queue.lines
    },
  }
}

/** Undefined where the columns cannot be left out of a body. */
function maskExchange(exchange: Exchange, mask: readonly string[]): CapturedExchange | undefined {
  const { predictor, operation, media, body, answerType, answer } = exchange
  if (operation === 'infer') return undefined
  try {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const rows = maskRows(predictor, bytes, media, mask)
    return (
      rows && {
        ...exchange,
        bodyType: rows.type,
        body: rows.data,
        answer: maskAnswer(operation, answerType, answer),
        masked: mask,
      }
    )
  } catch {
    // What was answered can be read; whatever else it is, it is not written.
    return undefined
  }
}
