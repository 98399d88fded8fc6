/** What every protocol's routes share: reading a body, running its job, sending the answer. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RowJob } from '../answering/job.ts'
import { classesOf } from '../answering/job-class.ts'
import type { Limits } from '../answering/limits.ts'
import type { MediaType, Operation } from '../answering/media-type.ts'
import { parseJson } from '../codecs/json-text.ts'
import type { Selected } from '../codecs/selection.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import { createAdmission } from './admission.ts'
import { type AnswerJob, answerAdmitted, type Pack } from './answer-admitted.ts'
import { createBodyReader } from './body.ts'
import { negotiateRequest } from './negotiation.ts'
import { readUnpacked } from './request-body.ts'
import { type ServiceLoad, watchLoad } from './service-load.ts'
import type { ServiceOptions } from './service-options.ts'
import { createTurns } from './turns.ts'

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
  readonly answerJob: AnswerJob
  /** Returns the request's body as parsed JSON. */
  readJson(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
}

/** Returns the service behind all routes. */
export function createService(options: ServiceOptions): Service {
  const { limits, pool, maxBodyBytes, hasSpareCore = true } = options
  const offloads = pool !== undefined && !options.isolatesOnly
  const bodies = createBodyReader(maxBodyBytes, options.bodyBudget)
  const turns = createTurns()
  const admission = createAdmission(turns, { pool, offloads, hasSpareCore, maxBodyBytes })
  const readBody = readUnpacked(bodies, maxBodyBytes)
  const parts = { bodies, readBody, turns, admission, offloads }
  const answerNow = answerAdmitted(options, parts)
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
      return answerNow(model, request, reply, expected, build, pack)
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

function hasNoBody({ headers }: FastifyRequest): boolean {
  const length = headers['content-length']
  const empty =
    headers['transfer-encoding'] === undefined && (length === undefined || length === '0')
  return empty && headers['content-type'] === undefined
}
