/** The application behind the edge: routes, checks of headers, errors and the request log, put together in one place. */
import type { RequestListener } from 'node:http'
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { requestTypes } from '../codecs/index.ts'
import { InputError, listNames, quote } from '../errors.ts'
import { callersIdOf, REQUEST_ID } from './caller-ids.ts'
import { boundRest, freeRest, isLast } from './connections.ts'
import { createEdge, type Edge, type EdgeOptions, isSpoken } from './edge.ts'
import { asInputError, describeProblem, PROBLEM_TYPE } from './errors.ts'
import { readEncodings } from './gzip-body.ts'
import { rememberReply } from './late-answers.ts'
import { headerValues } from './negotiation.ts'
import { note } from './notes.ts'
import { createDocsHandler } from './openapi/document.ts'
import { nextRequestId } from './request-id.ts'
import { patternOf, type Route } from './route.ts'
import { schemaController } from './schema-compilers.ts'
import type { ServiceOptions } from './service-options.ts'

export interface AppOptions extends ServiceOptions, EdgeOptions {}

const MAX_HEADER_PAIRS = 100

/** Returns the application of the given routes; from when it is ready, its edge hands requests on to it. */
export function buildApp(
  routes: readonly Route[],
  options: AppOptions,
  edge: Edge = createEdge(routes, options),
): FastifyInstance {
  const { server, connections, room, requestLog } = edge
  let useRoutes: RequestListener = () => {}
  const app = fastify({
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
    schemaController,
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false,
    genReqId: nextRequestId,
    trustProxy: false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 1024 },
    serverFactory(listener) {
      useRoutes = listener
      return server
    },
    // The edge answers to what is not HTTP.
    clientErrorHandler() {},
    frameworkErrors(error, request, reply) {
      const { status, body } = describeProblem(asInputError(error), request.id)
      void (reply as FastifyReply).code(status).header('content-type', PROBLEM_TYPE).send(body)
    },
  })
  app.addHook('onReady', (done) => {
    edge.open(useRoutes)
    done()
  })
  const { access } = options
  const openUrls = new Set(routes.flatMap(({ isOpen, url }) => (isOpen ? [url] : [])))
  // Bodies stay streams until a route reads them with its own bounds.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  app.addHook('onRequest', (request, reply, done) => {
    // What comes after the last answer of a connection could not be answered any more.
    if (request.raw.socket.writableEnded) return void reply.hijack()
    rememberReply(reply)
    reply.header('x-content-type-options', 'nosniff')
    const callersId = callersIdOf(request.raw)
    if (callersId !== undefined) note(request, { request_id: callersId })
    reply.header(REQUEST_ID, callersId ?? request.id)
    checkHeaders(request, reply)
    if (access && !openUrls.has(request.routeOptions.url ?? '')) access.check(request.raw)
    if (request.method === 'POST') room.check(request.raw)
    done()
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (!options.isDraining?.() && !room.isScarce) return done()
    // Once all that has arrived is parsed: what was sent behind this request is answered before the connection closes.
    setImmediate(() => {
      if (isLast(connections, request.raw)) reply.header('connection', 'close')
      done()
    })
  })
  app.addHook('onResponse', (request, reply, done) => {
    requestLog.answered(request, reply)
    done()
  })
  app.setErrorHandler((thrown, request, reply) => {
    const error = asInputError(thrown)
    const { status, body, headers } = describeProblem(error, request.id)
    if (status === 500) request.log.error({ err: thrown }, 'internal error')
    note(request, { code: error.code })
    if (error.code === 'unsupported_encoding') reply.header('accept-encoding', readEncodings)
    freeRest(connections, request.raw)
    reply.raw.once('finish', () => boundRest(connections, request.raw))
    if (error.code === 'unsupported_media_type') reply.header('accept', requestTypes.join(', '))
    return reply.code(status).headers(headers).header('content-type', PROBLEM_TYPE).send(body)
  })

  for (const { method, url, handler } of routes) app.route({ method, url, handler })
  const docs = createDocsHandler(() => routes, access !== undefined)
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

/** What Node's parser lets pass and a service behind proxies must not. */
function checkHeaders(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request
  if (raw.rawHeaders.length > 2 * MAX_HEADER_PAIRS) {
    throw new InputError('too_many_headers', `there are more than ${MAX_HEADER_PAIRS} headers`)
  }
  if (headerValues(raw, 'host').length > 1)
    throw new InputError('invalid_request', 'there is more than one Host header')
  const { httpVersion, headers } = raw
  if (!isSpoken(raw))
    throw new InputError('invalid_request', `HTTP/${httpVersion} is not spoken here; use HTTP/1.1`)
  const coding = headers['transfer-encoding']
  if (coding === undefined) return
  if (httpVersion === '1.0') {
    // Whoever stands in front may have seen another end of this body.
    reply.header('connection', 'close')
    throw new InputError('invalid_request', 'HTTP/1.0 has no Transfer-Encoding')
  }
  const last = coding.toLowerCase().split(',').at(-1)?.trim()
  if (last !== 'chunked')
    throw new InputError('invalid_request', 'Transfer-Encoding does not end with chunked')
  if (coding.length > last.length) {
    throw new InputError(
      'unsupported_transfer_coding',
      `Transfer-Encoding ${quote(coding)} is not read; send chunked, and gzip as Content-Encoding`,
    )
  }
}
