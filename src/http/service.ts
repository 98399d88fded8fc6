/** What every protocol's routes share: reading a body, running its job, sending the answer. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { freeMemory } from '../answering/collect-garbage.ts'
import type { Job, RowJob } from '../answering/job.ts'
import { classesOf } from '../answering/job-class.ts'
import { BLOCK_BYTES, type Limits } from '../answering/limits.ts'
import type { MediaType, Operation } from '../answering/media-type.ts'
import type { JobPool } from '../answering/pool.ts'
import { runJob } from '../answering/run-job.ts'
import type { OutputName } from '../answering/tensor-outputs.ts'
import { parseJson } from '../codecs/json-text.ts'
import type { Selected } from '../codecs/selection.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import { createAdmission, type ExpectedJob, INLINE_BYTES } from './admission.ts'
import { createBodyReader } from './body.ts'
import { type Capture, captureRequest } from './capture.ts'
import { isPacked, unpackBody } from './gzip-body.ts'
import type { MemoryGuard } from './memory-guard.ts'
import { negotiateRequest } from './negotiation.ts'
import { note } from './notes.ts'
import { bodyReadAhead } from './read-ahead.ts'
import { nobodyWaits, runInPool } from './run-in-pool.ts'
import { sendBlocks } from './send-blocks.ts'
import { type ServiceLoad, watchLoad } from './service-load.ts'
import { createTurns } from './turns.ts'

export interface ServiceOptions {
  /** Answers heavy requests and reads isolated formats; without it, everything runs on the event loop. */
  readonly pool?: JobPool
  /** Whether the event loops of all processes leave a core to workers; true by default. */
  readonly hasSpareCore?: boolean
  /** Whether the pool is for isolated formats alone. */
  readonly isolatesOnly?: boolean
  readonly limits: Limits
  readonly maxBodyBytes: number
  /** Bytes of bodies held at once. */
  readonly bodyBudget: number
  /** Refuses bodies where memory is short. */
  readonly memory?: MemoryGuard
  /** About so many bytes of a large body are read, and of a large answer sent, at a time; 1 MiB by default. */
  readonly blockBytes?: number
  /** Answer to requests without an Accept header. */
  readonly defaultAccept: string
  /** A request is given up after so many milliseconds. */
  readonly deadlineMs: number
  /** Members of predictions that the operator selected. */
  readonly selection?: readonly Selected[]
  /** Condition on which predictions come with explanations when a request says nothing. */
  readonly enableExplanations?: string
  /** Name of the model in KServe's and the Open Inference Protocol's paths. */
  readonly modelName: string
  /** Outputs of the Open Inference Protocol's metadata, and of requests that name none; absent = all. */
  readonly inferOutputs?: readonly OutputName[]
  /** Whether KServe's :predict answers probabilities instead of labels. */
  readonly predictProbabilities?: boolean
  /** Whether batch transform asks, which joins answers to records line by line. */
  readonly isBatch?: boolean
  /** Requests that batch transform may send at once. */
  readonly maxConcurrent: number
  /** Keeps requests and answers in files. */
  readonly capture?: Capture | undefined
  /** Whether `/` answers the model's page. */
  readonly page?: boolean
  /** Whether the service is stopping. */
  readonly isDraining?: () => boolean
}

/** One request's job as far as its protocol decides it. */
export interface Ask {
  readonly operation: Operation
  readonly answer: MediaType
  readonly options?: RowJob['options']
  readonly dialect?: RowJob['dialect']
  readonly selection?: readonly Selected[] | undefined
  readonly enableExplanations?: string | undefined
  readonly explainByBody?: boolean | undefined
  readonly linePerRecord?: boolean
  /** Types that are read as others; the empty one is that of a request that names none. */
  readonly readAs?: Readonly<Record<string, string>>
  readonly pack?: Pack | undefined
}

/** Makes of an answer what its protocol sends instead; may set headers. */
export type Pack = (body: Buffer, reply: FastifyReply) => Buffer

export interface Service {
  readonly options: ServiceOptions
  readonly load: ServiceLoad
  /** Reads the request's body in its own type, runs the job and sends the answer. */
  answer(
    model: LoadedModel,
    request: FastifyRequest,
    reply: FastifyReply,
    ask: Ask,
  ): Promise<FastifyReply>
  /**
   * Reads the request's body, whatever its type, runs the job that is made of it and sends the answer.
   * @throws InputError at once for what is refused by its headers, as {@link answer} does
   */
  answerJob(
    model: LoadedModel,
    request: FastifyRequest,
    reply: FastifyReply,
    expected: ExpectedJob,
    build: (body: Buffer) => Job,
    pack?: Pack,
  ): Promise<FastifyReply>
  /** Returns the request's body as parsed JSON. */
  readJson(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
}

/** Says of every answered request how much of its rows was not understood. */
const WARNINGS = 'x-shapserve-warnings'

/** Returns the service behind all routes. */
export function createService(options: ServiceOptions): Service {
  const { limits, pool, deadlineMs, maxBodyBytes, blockBytes = BLOCK_BYTES } = options
  const offloads = pool !== undefined && !options.isolatesOnly
  const bodies = createBodyReader(maxBodyBytes, options.bodyBudget)
  const turns = createTurns()
  const { hasSpareCore = true } = options
  const admission = createAdmission(turns, { pool, offloads, hasSpareCore, maxBodyBytes })
  /** Returns a request's body as its sender had it; what it holds is released by its length. */
  const readBody = async (request: IncomingMessage, response: ServerResponse): Promise<Buffer> => {
    const packed = isPacked(request)
    const early = bodyReadAhead(request)
    if (early) bodies.reserve(early.length)
    const body = early ?? (await bodies.read(request, response))
    const packedBytes = body.length
    if (!packed || body.length === 0) return body
    const parts: number[] = []
    const reserve = (bytes: number) => {
      bodies.reserve(bytes)
      parts.push(bytes)
    }
    try {
      const unpacked = await unpackBody(body, maxBodyBytes, reserve)
      for (const part of parts.splice(0)) bodies.release(part)
      bodies.reserve(unpacked.length)
      // Only now: what is given up may still be read by a thread of zlib's.
      freeMemory(body)
      return unpacked
    } finally {
      for (const part of [packedBytes, ...parts]) bodies.release(part)
    }
  }
  const answerAdmitted: Service['answerJob'] = async (
    model,
    request,
    reply,
    expected,
    build,
    pack,
  ) => {
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
  const service: Service = {
    options,
    load: watchLoad(bodies, turns, options),
    answer(model, request, reply, ask) {
      if (hasNoBody(request)) throw new InputError('empty_body', 'the request has no body')
      const { codec, media } = negotiateRequest(request.raw, ask.readAs)
      const build = (body: Buffer) => buildRowJob(ask, body, media, limits)
      const expected = {
        operation: ask.operation,
        isIsolated: codec.isIsolated === true,
        // Only a document of JSON can ask so.
        classes: classesOf(codec.name === 'json' ? ask : { ...ask, explainByBody: false }),
      }
      return service.answerJob(model, request, reply, expected, build, ask.pack)
    },
    answerJob(model, request, reply, expected, build, pack) {
      // Thrown at once: a promise for each would cost as much as all else of a refusal.
      admission.check(model, request.raw, expected)
      return answerAdmitted(model, request, reply, expected, build, pack)
    },
    async readJson(request, reply) {
      const body = await readBody(request.raw, reply.raw)
      try {
        if (body.length === 0) throw new InputError('empty_body', 'the request has no body')
        return parseJson(decodeUtf8(body))
      } finally {
        bodies.release(body.length)
      }
    },
  }
  return service
}

/** Written out member by member: rest and spread cost several microseconds in every request. */
function buildRowJob(ask: Ask, body: Buffer, media: MediaType, limits: Limits): RowJob {
  const { operation, answer, options = [], dialect } = ask
  const { selection, enableExplanations, explainByBody, linePerRecord } = ask
  return {
    operation,
    body,
    media,
    answer,
    options,
    limits,
    dialect,
    selection,
    enableExplanations,
    explainByBody,
    linePerRecord,
  }
}

/** Returns bytes as a Buffer over the same memory: Fastify sends those as they are, without a charset. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}

/** Sends a value as JSON with the bare media type. */
export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  if (reply.sent) return reply
  return reply.header('content-type', 'application/json').send(Buffer.from(JSON.stringify(value)))
}

/** Large bodies and answers are read and made in blocks. */
function inBlocks(job: Job, blockBytes: number): Job {
  return { ...job, blockBytes }
}

function hasNoBody({ headers }: FastifyRequest): boolean {
  const length = headers['content-length']
  const empty =
    headers['transfer-encoding'] === undefined && (length === undefined || length === '0')
  return empty && headers['content-type'] === undefined
}
