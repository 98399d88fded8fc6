/** The application: routes, limits, errors and the request log, put together in one place. */
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { requestTypes } from '../codecs/index.ts'
import { InputError, listNames, quote } from '../errors.ts'
import { asInputError, describeProblem, PROBLEM_TYPE } from './errors.ts'
import { readEncodings } from './gzip-body.ts'
import { headerValues } from './negotiation.ts'
import { createDocsHandler } from './openapi/document.ts'
import { patternOf, type Route } from './route.ts'
import type { ServiceOptions } from './service.ts'
import { note, notesOf } from './service.ts'

export interface AppOptions extends ServiceOptions {
  readonly logger?: FastifyBaseLogger
}

const MAX_HEADER_PAIRS = 100

/** Returns the application of the given routes. */
export function buildApp(routes: readonly Route[], options: AppOptions): FastifyInstance {
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
  app.addHook('onRequest', (request, reply, done) => {
    if (options.isDraining?.()) reply.header('connection', 'close')
    reply.header('x-content-type-options', 'nosniff')
    checkHeaders(request)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    if (reply.statusCode !== 200 || !isPing(request.url)) logRequest(request, reply)
    done()
  })
  app.setErrorHandler((thrown, request, reply) => {
    const error = asInputError(thrown)
    const { status, body, headers } = describeProblem(error, request.id)
    if (status === 500) request.log.error({ err: thrown }, 'internal error')
    note(request, { code: error.code })
    if (error.code === 'unsupported_encoding') reply.header('accept-encoding', readEncodings)
    if (error.code === 'unsupported_media_type') reply.header('accept', requestTypes.join(', '))
    return reply.code(status).headers(headers).header('content-type', PROBLEM_TYPE).send(body)
  })

  for (const { method, url, handler } of routes) app.route({ method, url, handler })
  const docs = createDocsHandler(() => routes)
  for (const url of docsUrls) app.get(url, docs)

  const known = [
    ...routes.map((route) => ({ ...route, pattern: patternOf(route) })),
    ...docsUrls.map((url) => ({ url, method: 'GET', pattern: patternOf({ url }) })),
  ]
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]!
    const methods = known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
    if (methods.length === 0) {
      const urls = [...new Set(known.map(({ url }) => url))].filter(
        (url) => !url.includes(':') && !url.includes('*'),
      )
      throw new InputError(
        'not_found',
        `there is no ${quote(path, 128)}; there are ${listNames(urls)}`,
      )
    }
    const allowed = methods
      .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
      .join(', ')
    reply.header('allow', allowed)
    throw new InputError(
      'method_not_allowed',
      `${quote(path, 128)} takes ${allowed}, not ${request.method}`,
    )
  })
  return app
}

const docsUrls = ['/openapi.json', '/docs', '/docs/*']

function isPing(url: string): boolean {
  return url === '/ping' || url.startsWith('/ping?')
}

function logRequest(request: FastifyRequest, reply: FastifyReply): void {
  request.log.info(
    {
      method: request.method,
      path: request.url.split('?')[0]?.slice(0, 128),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 100) / 100,
      ...notesOf(request),
    },
    'request',
  )
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
