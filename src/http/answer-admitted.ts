/** The way of a request that was admitted: its body becomes a job, which runs here or in a worker, and its answer is sent. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Job } from '../answering/job.ts'
import { BLOCK_BYTES } from '../answering/limits.ts'
import type { JobPool } from '../answering/pool.ts'
import { runJob } from '../answering/run-job.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import { type Admission, type ExpectedJob, INLINE_BYTES } from './admission.ts'
import type { BodyReader } from './body.ts'
import { captureRequest } from './capture.ts'
import { note } from './notes.ts'
import { asBuffer } from './replies.ts'
import type { ReadBody } from './request-body.ts'
import { nobodyWaits, runInPool } from './run-in-pool.ts'
import { sendBlocks } from './send-blocks.ts'
import type { ServiceOptions } from './service-options.ts'
import type { Turns } from './turns.ts'

/** Makes of an answer what its protocol sends instead; may set headers. */
export type Pack = (body: Buffer, reply: FastifyReply) => Buffer

/** Reads a request's body, runs the job that is made of it and sends the answer. */
export type AnswerJob = (
  model: LoadedModel,
  request: FastifyRequest,
  reply: FastifyReply,
  expected: ExpectedJob,
  build: (body: Buffer) => Job,
  pack?: Pack,
) => Promise<FastifyReply>

/** What answering rests on. */
export interface AnsweringParts {
  readonly bodies: BodyReader
  readonly readBody: ReadBody
  readonly turns: Turns
  readonly admission: Admission
  /** Whether the pool is for more than isolated formats. */
  readonly offloads: boolean
}

/** Says of every answered request how much of its rows was not understood. */
const WARNINGS = 'x-shapserve-warnings'

/** Returns what answers requests that were admitted. */
export function answerAdmitted(
  options: ServiceOptions,
  { bodies, readBody, turns, admission, offloads }: AnsweringParts,
): AnswerJob {
  const { pool, deadlineMs, blockBytes = BLOCK_BYTES } = options
  return async (model, request, reply, expected, build, pack) => {
    const deadline = performance.now() + deadlineMs
    options.memory?.enter()
    // A body that is handed over to a worker has no length any more.
    let held = 0
    try {
      const body = await readBody(request.raw, reply.raw)
      held = body.length
      const job = build(body)
      const captured = captureRequest(options.capture, model, request, job)
      const isSmall = held <= INLINE_BYTES
      // What is packed into another document is made at once.
      const large = () => (pack ? job : inBlocks(job, blockBytes))
      const runHere = () => {
        if (reply.raw.writableEnded || reply.raw.destroyed) throw nobodyWaits()
        return runJob(model.predictor, isSmall ? job : large(), offloads)
      }
      const { operation } = job
      const ms = admission.estimate(model, operation, held)
      const isHere = admission.isForHere(expected, held, ms)
      const inline = isHere
        ? await turns.run(ms, runHere, (took) => admission.learn(model, operation, held, took))
        : undefined
      // Made when it is needed: it costs more than all else here.
      let controller: AbortController | undefined
      const stop = () => {
        controller ??= new AbortController()
        return controller
      }
      const transfer = isSmall ? [] : [body.buffer as ArrayBuffer]
      const result =
        inline ??
        (await runInPool(pool as JobPool, model, large(), {
          response: reply.raw,
          controller: stop(),
          transfer,
          ms,
        }))
      // Otherwise what once took long, as a model's first answers do, would never be tried here again.
      if (!isHere) admission.learn(model, operation, held, Math.min(ms, result.ms ?? ms))
      if (reply.sent) {
        controller?.abort()
        return reply
      }
      note(request, {
        rows: result.rows,
        ignored_columns: result.ignoredColumns,
        unknown_categories: result.unknownCategories,
        warnings: result.warnings,
        worker: inline ? 0 : 1,
      })
      captured?.(result)
      if (result.jsonLength !== undefined)
        reply.header('inference-header-content-length', String(result.jsonLength))
      reply.header('content-type', result.contentType).header(WARNINGS, String(result.warnings))
      if (result.rest) {
        await sendBlocks(request, reply, result, { stop, deadline })
        return reply
      }
      const answer = asBuffer(result.body)
      return reply.send(pack ? pack(answer, reply) : answer)
    } catch (error) {
      // Somebody else may have answered: the deadline, or the end of a drain.
      if (reply.sent) return reply
      throw error
    } finally {
      options.memory?.leave()
      bodies.release(held)
    }
  }
}

/** Large bodies and answers are read and made in blocks. */
function inBlocks(job: Job, blockBytes: number): Job {
  return { ...job, blockBytes }
}
