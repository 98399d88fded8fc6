/** Keeps requests and answers in files, beside answering them: what the disk is too slow or too full for is left out. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom } from '../../data/random.ts'
import type { Predictor } from '../../predictor/predictor.ts'
import type { MediaType, Operation } from '../media-type.ts'
import type { CaptureFiles } from './capture-files.ts'
import { maskAnswer, maskRows } from './mask.ts'
import { type CapturedData, writeMedia, writeRecord } from './record.ts'

/** A request and its answer, as they wait for the disk. */
export interface Exchange {
  readonly predictor: Predictor
  readonly operation: Operation | 'infer'
  readonly media: MediaType
  readonly body: string | Uint8Array
  readonly answerType: string
  readonly answer: string | Uint8Array
  readonly id: string
  readonly inferenceId: string | undefined
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

/** Exchanges wait so long for others, or until there are so many bytes of them: a write costs as much as many. */
const WAIT_MS = 100
const MANY = 128 << 10
/** Text that is made before the event loop turns and the disk writes. */
const CHUNK = 128 << 10
/** Largest exchange. */
const MOST_BYTES = 1 << 20
/** About what a line has besides the bodies, and a queued exchange besides its bytes. */
const BESIDE = 400
/** After a failure the disk is left alone for so long. */
const PAUSE_MS = 1000
const WARN_MS = 60_000
const ROTATE_MS = 1000
const STREAM = 0x63617074

/** Returns what captures exchanges into files. */
export function createCapture(options: CaptureOptions): Capture {
  const { files, mask, queueBytes, warn } = options
  const random = createRandom(options.seed, STREAM)
  const bound = (options.sample / 100) * 2 ** 32
  const dropped: Record<Dropped, number> = { queue_full: 0, too_large: 0, disk: 0, masked: 0 }
  let [records, bytes, warnedAt, pausedUntil] = [0, 0, Number.NEGATIVE_INFINITY, 0]
  let queue: (Exchange & { readonly time: number })[] = []
  let queued = 0
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined
  let [inFlight, isClosing] = [0, false]

  const drop = (reason: Dropped, count = 1, error?: unknown) => {
    dropped[reason] += count
    const now = performance.now()
    // Bodies that cannot be masked, or are long, are no trouble of the disk's.
    if (reason === 'too_large' || reason === 'masked' || now - warnedAt < WARN_MS) return
    warnedAt = now
    const { code } = (error ?? {}) as NodeJS.ErrnoException
    warn({ reason, code, dropped: { ...dropped } })
  }
  const lineOf = (exchange: (typeof queue)[number]): string | undefined => {
    const { id, inferenceId, predictor, time } = exchange
    const data = mask.length === 0 ? plainData(exchange) : maskedData(exchange, mask)
    if (!data) return undefined
    return writeRecord({
      ...data,
      id,
      inferenceId,
      modelId: predictor.modelId,
      masked: mask,
      time,
    })
  }
  const writeChunk = async (): Promise<void> => {
    let text = ''
    let count = 0
    let done = 0
    while (done < queue.length && text.length < CHUNK) {
      const exchange = queue[done++]!
      queued -= sizeOf(exchange)
      const line = lineOf(exchange)
      if (line === undefined) drop('masked')
      else {
        text += line
        count++
      }
    }
    queue = done === queue.length ? [] : queue.slice(done)
    if (count === 0) return
    const lines = Buffer.from(text)
    inFlight = count
    try {
      await files.write(lines)
      records += count
      bytes += lines.length
    } catch (error) {
      pausedUntil = performance.now() + PAUSE_MS
      drop('disk', count, error)
    } finally {
      inFlight = 0
    }
  }
  /** What comes meanwhile waits for more of its kind, unless nothing more will come. */
  const write = async (): Promise<void> => {
    do await writeChunk()
    while (queued >= MANY || (isClosing && queue.length > 0))
    await files.rotate()
  }
  const wait = () => {
    timer ??= setTimeout(() => flush(), WAIT_MS).unref()
  }
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    writing ??= write()
      .catch((error: unknown) => drop('disk', 0, error))
      .finally(() => {
        writing = undefined
        if (queue.length > 0) wait()
      })
  }
  // A file that nobody writes to any more is finished, too.
  const ticking = setInterval(flush, ROTATE_MS).unref()
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
      const size = sizeOf(exchange)
      if (size > MOST_BYTES + BESIDE) return drop('too_large')
      if (queued + size > queueBytes) return drop('queue_full')
      if (pausedUntil > 0) {
        if (performance.now() < pausedUntil) return drop('disk')
        pausedUntil = 0
      }
      const { predictor, operation, media, body, answerType, answer, id, inferenceId } = exchange
      const time = Date.now()
      queue.push({
        predictor,
        operation,
        media,
        body,
        answerType,
        answer,
        id,
        inferenceId,
        time,
      })
      queued += size
      if (writing) return
      if (queued >= MANY) flush()
      else wait()
    },
    async close(ms) {
      clearInterval(ticking)
      isClosing = true
      const end = (async () => {
        while (queue.length > 0 || writing) {
          flush()
          await writing
        }
        clearTimeout(timer)
        await files.close()
      })().catch((error: unknown) => drop('disk', 0, error))
      await Promise.race([end, sleep(ms, undefined, { ref: false })])
      return queue.length + inFlight
    },
  }
}

function sizeOf({ body, answer }: Pick<Exchange, 'body' | 'answer'>): number {
  return body.length + answer.length + BESIDE
}

interface Data {
  readonly input: CapturedData
  readonly output: CapturedData | undefined
}

function plainData({ media, body, answerType, answer }: Exchange): Data {
  return {
    input: { type: writeMedia(media), data: body },
    output: { type: answerType, data: answer },
  }
}

/** Undefined where the columns cannot be left out of a body. */
function maskedData(exchange: Exchange, mask: readonly string[]): Data | undefined {
  const { predictor, operation, media, body, answerType, answer } = exchange
  if (operation === 'infer') return undefined
  try {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const input = maskRows(predictor, bytes, media, mask)
    return input && { input, output: maskAnswer(operation, { type: answerType, data: answer }) }
  } catch {
    // What was answered can be read; whatever else it is, it is not written.
    return undefined
  }
}
