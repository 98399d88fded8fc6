/** The application: routes, limits, errors and the request log, put together in one place. */
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { LoadedModel } from '../artifact/store.ts'
import { InputError, listNames, quote } from '../errors.ts'
import { createBodyReader } from './body.ts'
import { buildCard } from './card.ts'
import { createDocsHandler } from './docs.ts'
import { asInputError, describeProblem, PROBLEM_TYPE } from './errors.ts'
import { type Job, type Limits, runJob } from './job.ts'
import { headerValues, negotiateAnswer, negotiateRequest, type Operation } from './negotiation.ts'
import type { JobPool } from './pool.ts'
import type { Route } from './route.ts'
import { cardSchema, pingSchema, rowsSchema } from './schemas.ts'

export interface AppOptions {
  readonly logger?: FastifyBaseLogger
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
  /** Whether the service is stopping. */
  readonly isDraining?: () => boolean
}

/** Bodies up to this size are decoded on the event loop: a millisecond or two. */
const INLINE_BYTES = 64 << 10
const MAX_HEADER_PAIRS = 100

/** What the log says of a request, collected while it is answered; never its rows. */
const notes = new WeakMap<FastifyRequest, Record<string, number | string>>()

/** Returns the routes of a loaded model. */
export function buildRoutes(model: LoadedModel, options: AppOptions): Route[] {
  const { artifact, predictor } = model
  const bodies = createBodyReader(options.maxBodyBytes, options.bodyBudget)
  const card = Buffer.from(JSON.stringify(buildCard(artifact, predictor)))

  const answerRows =
    (operation: Operation): Route['handler'] =>
    async (request, reply) => {
      const { raw } = request
      if (hasNoBody(request)) throw new InputError('empty_body', 'the request has no body')
      const { media } = negotiateRequest(raw)
      const preferred = operation === 'predict' ? options.defaultAccept : 'application/json'
      const answer = negotiateAnswer(request.headers.accept, operation, preferred)
      const given = Object.entries(request.query as Record<string, unknown>)
      const body = await bodies.read(raw)
      try {
        const job: Job = {
          operation,
          body,
          media,
          answer,
          options: operation === 'explain' ? given : [],
          limits: options.limits,
        }
        const inline =
          options.pool === undefined
            ? await runJob(predictor, job, false)
            : body.length <= INLINE_BYTES
              ? await runJob(predictor, job, true)
              : undefined
        const result =
          inline ?? (await runInPool(options.pool as JobPool, job, reply.raw, options.deadlineMs))
        notes.set(request, {
          rows: result.rows,
          ignored_columns: result.ignoredColumns,
          unknown_categories: result.unknownCategories,
          worker: inline ? 0 : 1,
        })
        const { buffer, byteOffset, byteLength } = result.body
        return await reply
          .header('content-type', answer.essence)
          .send(Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength))
      } finally {
        bodies.release(body)
      }
    }

  return [
    {
      method: 'GET',
      url: '/ping',
      schema: pingSchema,
      handler(_request, reply) {
        if (options.isDraining?.()) throw new InputError('shutting_down', 'the service is stopping')
        return reply.code(200).send()
      },
    },
    {
      method: 'POST',
      url: '/invocations',
      schema: rowsSchema('predict', artifact),
      handler: answerRows('predict'),
    },
    {
      method: 'POST',
      url: '/explain',
      schema: rowsSchema('explain', artifact),
      handler: answerRows('explain'),
    },
    {
      method: 'GET',
      url: '/model',
      schema: cardSchema,
      handler: (_request, reply) => reply.header('content-type', 'application/json').send(card),
    },
  ]
}

/** Returns the application of a loaded model. */
export function buildApp(model: LoadedModel, options: AppOptions): FastifyInstance {
  const app = fastify({
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    trustProxy: false,
    return503OnClosing: false,
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    connectionTimeout: 75_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1_000 },
    routerOptions: { maxParamLength: 1024 },
    clientErrorHandler: answerClientError,
    frameworkErrors(error, request, reply) {
      const { status, body } = describeProblem(asInputError(error), request.id)
      void (reply as FastifyReply).code(status).header('content-type', PROBLEM_TYPE).send(body)
    },
  })
  app.server.maxConnections = 1024
  // Bodies stay streams until a route reads them with its own bounds.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  app.addHook('onRequest', async (request, reply) => {
    if (options.isDraining?.()) reply.header('connection', 'close')
    reply.header('x-content-type-options', 'nosniff')
    checkHeaders(request)
  })
  app.addHook('onResponse', async (request, reply) => {
    if (request.routeOptions.url === '/ping' && reply.statusCode === 200) return
    request.log.info(
      {
        method: request.method,
        path: request.url.split('?')[0]?.slice(0, 128),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 100) / 100,
        ...notes.get(request),
      },
      'request',
    )
  })
  app.setErrorHandler((thrown, request, reply) => {
    const error = asInputError(thrown)
    const { status, body, headers } = describeProblem(error, request.id)
    if (status === 500) request.log.error({ err: thrown }, 'internal error')
    notes.set(request, { code: error.code })
    const allowed =
      status === 415 && error.code === 'unsupported_encoding'
        ? { 'accept-encoding': 'identity' }
        : {}
    return reply
      .code(status)
      .headers({ ...headers, ...allowed })
      .header('content-type', PROBLEM_TYPE)
      .send(body)
  })

  const routes = buildRoutes(model, options)
  for (const { method, url, handler } of routes) app.route({ method, url, handler })
  const docs = createDocsHandler(() => routes)
  for (const url of ['/openapi.json', '/docs', '/docs/*']) app.get(url, docs)

  const methodsOf = new Map(
    routes.map(({ url, method }) => [url, method === 'GET' ? ['GET', 'HEAD'] : [method]]),
  )
  for (const url of ['/openapi.json', '/docs']) methodsOf.set(url, ['GET', 'HEAD'])
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] as string
    const allowed = methodsOf.get(path)
    if (!allowed) {
      throw new InputError(
        'not_found',
        `there is no ${quote(path, 128)}; there are ${listNames([...methodsOf.keys()])}`,
      )
    }
    reply.header('allow', allowed.join(', '))
    throw new InputError(
      'method_not_allowed',
      `${path} takes ${allowed.join(', ')}, not ${request.method}`,
    )
  })
  return app
}

/** Runs a job in a worker until its deadline, or until nobody waits for the answer any more. */
async function runInPool(pool: JobPool, job: Job, response: ServerResponse, deadlineMs: number) {
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
    return await pool.run(job, controller.signal)
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

function hasNoBody({ headers, raw }: FastifyRequest): boolean {
  const length = headers['content-length']
  const empty =
    headers['transfer-encoding'] === undefined && (length === undefined || length === '0')
  return empty && headerValues(raw, 'content-type').length === 0
}

/** What Node's parser lets pass and a service behind proxies must not. */
function checkHeaders(request: FastifyRequest): void {
  const { raw } = request
  if (raw.rawHeaders.length > 2 * MAX_HEADER_PAIRS) {
    throw new InputError('too_many_headers', `there are more than ${MAX_HEADER_PAIRS} headers`)
  }
  if (headerValues(raw, 'host').length > 1)
    throw new InputError('invalid_request', 'there is more than one Host header')
}

/** Answers bytes that are not HTTP, as far as there is somebody to answer. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  const { code } = error
  // Bytes behind a request that asked to close: its own answer may still be on the way.
  if (code === 'HPE_CLOSED_CONNECTION') return
  if (code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const known =
    code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? new InputError('request_timeout', 'the request took too long to arrive')
      : code === 'HPE_HEADER_OVERFLOW'
        ? new InputError('too_many_headers', 'the headers are larger than 16 KiB')
        : new InputError('invalid_request', 'this is not a valid HTTP/1.1 request')
  const { status, body } = describeProblem(known, randomUUID())
  const head = `HTTP/1.1 ${status} Error\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`
  socket.end(Buffer.concat([Buffer.from(head), body]))
}
