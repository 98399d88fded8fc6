/** What every protocol's routes share: reading a body, running its job, sending the answer. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Job, JobResult, RowJob } from '../answering/job.ts'
import type { Limits } from '../answering/limits.ts'
import type { MediaType, Operation } from '../answering/media-type.ts'
import type { JobPool } from '../answering/pool.ts'
import { runJob } from '../answering/run-job.ts'
import type { OutputName } from '../answering/tensor-outputs.ts'
import { parseJson } from '../codecs/json-text.ts'
import type { Selected } from '../codecs/selection.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import { createBodyReader } from './body.ts'
import { isPacked, unpackBody } from './gzip-body.ts'
import { negotiateRequest } from './negotiation.ts'

export interface ServiceOptions {
  /** Answers heavy requests; without it, everything runs on the event loop. */
  readonly pool?: JobPool
  readonly limits: Limits
  readonly maxBodyBytes: number
  /** Bytes of bodies held at once. */
  readonly bodyBudget: number
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
  /** Reads the request's body in its own type, runs the job and sends the answer. */
  answer(
    model: LoadedModel,
    request: FastifyRequest,
    reply: FastifyReply,
    ask: Ask,
  ): Promise<FastifyReply>
  /** Reads the request's body, whatever its type, runs the job that is made of it and sends the answer. */
  answerJob(
    model: LoadedModel,
    request: FastifyRequest,
    reply: FastifyReply,
    build: (body: Buffer) => Job,
    pack?: Pack,
  ): Promise<FastifyReply>
  /** Returns the request's body as parsed JSON. */
  readJson(request: FastifyRequest): Promise<unknown>
}

/** Bodies up to this size are decoded on the event loop: a millisecond or two. */
const INLINE_BYTES = 64 << 10

/** What the log says of a request, collected while it is answered; never its rows. */
const notes = new WeakMap<FastifyRequest, Readonly<Record<string, number | string>>>()

/** Adds to what the log says of a request. */
export function note(
  request: FastifyRequest,
  facts: Readonly<Record<string, number | string>>,
): void {
  const before = notes.get(request)
  notes.set(request, before ? { ...before, ...facts } : facts)
}

/** Returns what was noted of a request. */
export function notesOf(
  request: FastifyRequest,
): Readonly<Record<string, number | string>> | undefined {
  return notes.get(request)
}

/** Returns the service behind all routes. */
export function createService(options: ServiceOptions): Service {
  const { limits, pool, deadlineMs } = options
  const bodies = createBodyReader(options.maxBodyBytes, options.bodyBudget)
  /** Returns a request's body as its sender had it; what it holds is released by its length. */
  const readBody = async (request: IncomingMessage): Promise<Buffer> => {
    const packed = isPacked(request)
    const body = await bodies.read(request)
    if (!packed || body.length === 0) return body
    let reserved = 0
    const reserve = (bytes: number) => {
      bodies.reserve(bytes)
      reserved += bytes
    }
    try {
      const unpacked = await unpackBody(body, options.maxBodyBytes, reserve)
      reserved -= unpacked.length
      return unpacked
    } finally {
      bodies.release(body.length + reserved)
    }
  }
  const service: Service = {
    options,
    answer(model, request, reply, ask) {
      if (hasNoBody(request)) throw new InputError('empty_body', 'the request has no body')
      const { media } = negotiateRequest(request.raw, ask.readAs)
      const build = (body: Buffer) => buildRowJob(ask, body, media, limits)
      return service.answerJob(model, request, reply, build, ask.pack)
    },
    async answerJob(model, request, reply, build, pack) {
      const body = await readBody(request.raw)
      try {
        const job = build(body)
        const isInline = !pool || body.length <= INLINE_BYTES
        const inline = isInline ? await runJob(model.predictor, job, pool !== undefined) : undefined
        const result =
          inline ?? (await runInPool(pool as JobPool, model, job, reply.raw, deadlineMs))
        note(request, {
          rows: result.rows,
          ignored_columns: result.ignoredColumns,
          unknown_categories: result.unknownCategories,
          worker: inline ? 0 : 1,
        })
        if (result.jsonLength !== undefined)
          reply.header('inference-header-content-length', String(result.jsonLength))
        reply.header('content-type', result.contentType)
        const answer = asBuffer(result.body)
        return reply.send(pack ? pack(answer, reply) : answer)
      } finally {
        bodies.release(body.length)
      }
    },
    async readJson(request) {
      const body = await readBody(request.raw)
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
  return reply.header('content-type', 'application/json').send(Buffer.from(JSON.stringify(value)))
}

/** Runs a job in a worker until its deadline, or until nobody waits for the answer any more. */
async function runInPool(
  pool: JobPool,
  model: LoadedModel,
  job: Job,
  response: ServerResponse,
  deadlineMs: number,
): Promise<JobResult> {
  const controller = new AbortController()
  const onClose = () => {
    if (!response.writableFinished) controller.abort()
  }
  let late = false
  const timer = setTimeout(() => {
    late = true
    controller.abort()
  }, deadlineMs)
  response.on('close', onClose)
  try {
    return await pool.run(model, job, controller.signal)
  } catch (error) {
    if (late)
      throw new InputError(
        'timeout',
        `the answer took longer than ${deadlineMs / 1000} s; send fewer rows`,
      )
    if (controller.signal.aborted) throw new InputError('request_timeout', 'the client went away')
    throw error
  } finally {
    clearTimeout(timer)
    response.off('close', onClose)
  }
}

function hasNoBody({ headers }: FastifyRequest): boolean {
  const length = headers['content-length']
  const empty =
    headers['transfer-encoding'] === undefined && (length === undefined || length === '0')
  return empty && headers['content-type'] === undefined
}
