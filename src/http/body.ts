/** Request bodies: read into one buffer with bounds on bytes, pieces and what all requests hold together. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { freeMemory } from '../answering/collect-garbage.ts'
import { InputError } from '../errors.ts'
import { createBodyBudget } from './body-budget.ts'

/** More pieces than this are an attack: a body of 25 MiB arrives in a few hundred. */
const MAX_CHUNKS = 65_536
/** First memory of a large body, what is announced need not come, and of one whose size is not known. */
const FIRST_BYTES = { announced: 64 << 10, unknown: 4096 } as const
/** Where memory is short, a body is given up of which fewer bytes than these have come for so long. */
const SLOW_BYTES = 64 << 10
const SLOW_MS = 2000

export interface BodyReader {
  /** Bytes that bodies hold. */
  readonly held: number
  /**
   * Returns a request's body. What comes of a body that is refused, or whose request is answered already, is thrown away.
   * @throws InputError `too_large`, `overloaded` or `invalid_request`
   */
  read(request: IncomingMessage, response: ServerResponse): Promise<Buffer>
  /** Takes memory for what is made of a body; throws InputError `overloaded` when there is none left. */
  reserve(bytes: number): void
  /** Gives back what a body, or one reservation, has taken. */
  release(bytes: number): void
}

/** A body on its way. */
interface Reading {
  /** When it had so many bytes as `seenBytes`. */
  seenAt: number
  seenBytes: number
  giveUp(): void
}

/**
 * Returns a reader of bodies up to `limit` bytes; all bodies held at once together up to `budget` bytes. Only what has
 * arrived counts.
 * @param slowMs milliseconds after which a body is given up that does not go on, where memory is short
 */
export function createBodyReader(limit: number, budget: number, slowMs = SLOW_MS): BodyReader {
  const memory = createBodyBudget(limit, budget)
  const readings = new Set<Reading>()
  /** Gives up the body that has waited longest for its next bytes; returns false where none is slow. */
  const giveUpSlowest = (but?: Reading): boolean => {
    let slowest: Reading | undefined
    for (const reading of readings) {
      if (reading !== but && !(slowest && slowest.seenAt <= reading.seenAt)) slowest = reading
    }
    if (!slowest || performance.now() - slowest.seenAt < slowMs) return false
    slowest.giveUp()
    return true
  }
  const grow = (before: number, bytes: number, own?: Reading): void => {
    for (;;) {
      try {
        memory.grow(before, bytes)
        return
      } catch (error) {
        if (!giveUpSlowest(own)) throw error
      }
    }
  }
  return {
    get held() {
      return memory.held
    },
    reserve: (bytes) => grow(0, bytes),
    release: (bytes) => memory.give(bytes),
    read(request, response) {
      return new Promise((resolve, reject) => {
        const announced = Number(request.headers['content-length'] ?? 0)
        let buffer: Buffer = Buffer.alloc(0)
        let length = 0
        let chunks = 0
        let isOver = false
        const reading: Reading = {
          seenAt: performance.now(),
          seenBytes: 0,
          giveUp: () => refuse(new InputError('overloaded', TOO_SLOW)),
        }
        const refuse = (error: unknown) => {
          if (isOver) return
          isOver = true
          readings.delete(reading)
          memory.give(length)
          freeMemory(buffer)
          buffer = Buffer.alloc(0)
          reject(error as Error)
        }
        const lost = () =>
          refuse(new InputError('invalid_request', 'the connection ended before the body did'))
        const take = (chunk: Buffer) => {
          const needed = length + chunk.length
          grow(length, needed, reading)
          const before = length
          length = needed
          if (needed > buffer.length) buffer = withRoom(buffer, before, needed, announced, limit)
          chunk.copy(buffer, before)
          if (length - reading.seenBytes < SLOW_BYTES) return
          reading.seenAt = performance.now()
          reading.seenBytes = length
        }
        // What has closed before will not say so again.
        if (request.destroyed || response.destroyed) return lost()
        if (announced > limit) refuse(tooLarge(limit))
        else readings.add(reading)
        // What Node's parser hands over is nobody else's; an injected request has memory of its caller's.
        const isOwn = request.socket instanceof Socket
        request.on('data', (chunk: Buffer) => {
          accept(chunk)
          // Hundreds of pieces that wait for the collector part the heap of the C library, which then keeps all of it.
          if (isOwn) freeMemory(chunk)
        })
        const accept = (chunk: Buffer) => {
          chunks++
          if (isOver) return
          if (response.writableEnded) return lost()
          if (chunks > MAX_CHUNKS) {
            // Reading on costs as much for every piece: the connection ends with this answer.
            if (!response.headersSent) response.setHeader('connection', 'close')
            const text = `the body came in more than ${MAX_CHUNKS} pieces`
            return refuse(new InputError('invalid_request', text))
          }
          if (length + chunk.length > limit) return refuse(tooLarge(limit))
          try {
            take(chunk)
          } catch (error) {
            refuse(error)
          }
        }
        request.on('end', () => {
          if (isOver) return
          isOver = true
          readings.delete(reading)
          resolve(buffer.subarray(0, length))
        })
        request.on('error', lost)
        request.on('close', lost)
        // Who was answered before the body was whole, as one whose client has left, may stay connected for a while.
        response.on('finish', lost)
        // Node forgets a request whose answer is sent: it does not tell then that the connection has closed.
        response.on('close', lost)
      })
    },
  }
}

/** Returns the error of a body that is longer than so many bytes. */
export function tooLarge(limit: number): InputError {
  return new InputError('too_large', `the body is larger than ${limit} bytes`)
}

const TOO_SLOW =
  'the body came too slowly while the bodies being read fill the memory set aside; try again'

/**
 * Returns a buffer with room for at least so many bytes that begins with what the first one holds, which is freed at once.
 * @param announced bytes that the body is said to have, 0 = unknown
 * @param limit bytes that it can have
 */
function withRoom(
  buffer: Buffer,
  length: number,
  needed: number,
  announced: number,
  limit: number,
): Buffer {
  const first = announced > 0 ? FIRST_BYTES.announced : FIRST_BYTES.unknown
  const wanted = Math.min(announced || limit, Math.max(first, 4 * buffer.length))
  const size = Math.max(needed, wanted)
  if (length === 0 && size <= FIRST_BYTES.announced) return Buffer.allocUnsafe(size)
  if (buffer.length === buffer.buffer.byteLength && length > 0)
    return Buffer.from((buffer.buffer as ArrayBuffer).transfer(size))
  // Memory of its own, which can be freed and handed over; what is not written of it is not taken from the system.
  const larger = Buffer.from(new ArrayBuffer(size))
  buffer.copy(larger, 0, 0, length)
  return larger
}
