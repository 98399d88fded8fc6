/** Sends an answer block by block, as fast as its client reads. */
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { JobResult } from '../answering/job.ts'
import { note } from './notes.ts'

/** What ends an answer before it is whole. */
export interface AnswerEnd {
  /** Stops whoever makes the blocks. */
  readonly stop: () => AbortController
  /** When the client must have read all of it, as performance.now() has it. */
  readonly deadline: number
}

/**
 * Sends an answer's beginning and what follows, and returns when all is sent, or the connection closed: an answer that
 * has begun cannot become an error any more, so that it is cut off where its end is missing. The log says why.
 */
export async function sendBlocks(
  request: FastifyRequest,
  reply: FastifyReply,
  { body, rest = [] }: JobResult,
  { stop, deadline }: AnswerEnd,
): Promise<void> {
  const response = reply.raw
  const stream = Readable.from(behind(body, rest), { objectMode: false })
  const timer = setTimeout(
    () => {
      note(request, { cut_off: 'timeout' })
      response.destroy()
    },
    Math.max(0, deadline - performance.now()),
  )
  reply.send(stream)
  try {
    await finished(response)
  } catch {
    stop().abort()
    stream.destroy()
  } finally {
    clearTimeout(timer)
  }
}

async function* behind(
  body: Uint8Array,
  rest: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield body
  yield* rest
}
