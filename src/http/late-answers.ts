/** Answers that no handler gives: to bytes that are not HTTP, after the deadline, at the end of a drain. */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import { InputError } from '../errors.ts'
import { callersIdOf, REQUEST_ID } from './caller-ids.ts'
import { type Connections, type Exchange, endConnection } from './connections.ts'
import { describeProblem, PROBLEM_TYPE } from './errors.ts'
import { note } from './notes.ts'
import { nextRequestId } from './request-id.ts'

const REPLY = Symbol('reply')

/** Remembers which reply a response belongs to: whoever answers in its place must take it over. */
export function rememberReply(reply: FastifyReply): void {
  ;(reply.raw as Remembered)[REPLY] = reply
}

/** Returns the reply of a response; undefined before its request was routed. */
export function replyOf(response: ServerResponse): FastifyReply | undefined {
  return (response as Remembered)[REPLY]
}

type Remembered = ServerResponse & { [REPLY]?: FastifyReply }

/** Answers an exchange by a problem, whatever its handler is doing; an answer that has begun goes on. */
export function refuseExchange(exchange: Exchange, error: InputError, isLast: boolean) {
  const { response, request } = exchange
  if (response.headersSent) return
  exchange.refusedBy = error.code
  const reply = replyOf(response)
  reply?.hijack()
  if (reply) note(reply.request, { code: error.code })
  const id = reply?.request.id ?? nextRequestId()
  exchange.id = id
  const { status, body, headers } = describeProblem(error, id)
  const isOver = isLast || !request.complete
  response.writeHead(status, {
    ...headers,
    'content-type': PROBLEM_TYPE,
    'content-length': body.length,
    'x-content-type-options': 'nosniff',
    [REQUEST_ID]: callersIdOf(request) ?? id,
    ...(isOver ? { connection: 'close' } : {}),
  })
  response.end(body)
}

/** Answers an exchange whose deadline has passed. */
export function refuseLate(exchange: Exchange, deadlineMs: number): void {
  const seconds = `${deadlineMs / 1000} s`
  const error = exchange.request.complete
    ? new InputError('timeout', `the answer took longer than ${seconds}; send fewer rows`)
    : new InputError('request_timeout', `the request took longer than ${seconds} to arrive`)
  refuseExchange(exchange, error, false)
}

/** Returns a problem as the bytes of a whole answer, for connections that carry no request. */
export function rawProblem(error: InputError): Buffer {
  const { status, body, headers } = describeProblem(error, nextRequestId())
  const lines = [
    `HTTP/1.1 ${status} Error`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${body.length}`,
    'connection: close',
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body])
}

/** Answers bytes that are not HTTP and requests that do not arrive, as far as there is somebody to answer. */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  connections: Connections | undefined,
): void {
  const { code } = error
  // Bytes behind a request that asked to close: its own answer may still be on the way.
  if (code === 'HPE_CLOSED_CONNECTION') return
  const connection = connections?.of(socket)
  if (code === 'ECONNRESET' || !connection) {
    socket.destroy()
    return
  }
  // What is thrown away need not be HTTP.
  if (connection.isEnding) return
  const problem = problemOf(code)
  const last = connection.exchanges.at(-1)
  // Of a request that arrived in part, this is the answer, unless it has one already.
  const isOwn = last?.request.complete === false
  if (isOwn) refuseExchange(last, problem, true)
  const end = () => endConnection(connection, isOwn ? undefined : rawProblem(problem))
  // The answers before these bytes are sent first.
  if (!last || last.isFlushed) end()
  else last.response.once('finish', end)
}

function problemOf(code: string | undefined): InputError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new InputError('request_timeout', 'the request took too long to arrive')
  if (code === 'HPE_HEADER_OVERFLOW')
    return new InputError('too_many_headers', 'the headers are larger than 16 KiB')
  return new InputError('invalid_request', 'this is not a valid HTTP/1.1 request')
}
