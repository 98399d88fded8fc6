/** The request log: one line per answer and per answer that nobody got; never a row. */
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { type Cut, type Exchange, isGone } from './connections.ts'
import { replyOf } from './late-answers.ts'
import { notesOf } from './notes.ts'
import type { OneRowLog } from './one-row.ts'

/** What is logged where the client was gone, or was given up, before its answer was sent; nginx's number. */
const CLIENT_CLOSED = 499

/** Logs an answer that was sent. */
export function logAnswer(request: FastifyRequest, reply: FastifyReply): void {
  // An answer whose connection is gone is logged as lost.
  if (isGone(request.raw.socket) || (reply.statusCode === 200 && isPing(request.url))) return
  logRequest(request, reply, reply.statusCode, notesOf(request))
}

/** Logs an answer that was not, or not wholly, sent. */
export function logLost(exchange: Exchange, cut: Cut | undefined): void {
  exchange.answered?.log(exchange, cut ?? 'client_closed')
  const reply = replyOf(exchange.response)
  if (!reply) return
  const facts = { ...notesOf(reply.request), code: cut ?? 'client_closed' }
  logRequest(reply.request, reply, CLIENT_CLOSED, facts)
}

/** Logs an answer to one row that no route gave; to a logger of ours, by a line that is the same as pino's. */
export function logOneRow(
  logger: FastifyBaseLogger,
  { id, path, ms, answer, lost }: OneRowLog,
  write: ((line: string) => void) | undefined,
): void {
  const { warnings, unknownCategories } = answer
  const status = lost === undefined ? 200 : CLIENT_CLOSED
  if (!write) {
    const facts = {
      ...{ rows: 1, ignored_columns: 0, unknown_categories: unknownCategories, warnings },
      worker: 0,
    }
    const head = { reqId: id, method: 'POST', path, status, ms }
    logger.info({ ...head, ...facts, code: lost }, 'request')
    return
  }
  const code = lost === undefined ? '' : `,"code":"${lost}"`
  write(
    `{"level":30,"time":"${new Date().toISOString()}","reqId":"${id}","method":"POST","path":"${path}",` +
      `"status":${status},"ms":${ms},"rows":1,"ignored_columns":0,"unknown_categories":${unknownCategories},` +
      `"warnings":${warnings},"worker":0${code},"msg":"request"}\n`,
  )
}

function isPing(url: string): boolean {
  return url === '/ping' || url.startsWith('/ping?')
}

function logRequest(
  { log, method, url }: FastifyRequest,
  { elapsedTime }: FastifyReply,
  status: number,
  facts: Readonly<Record<string, number | string>> | undefined,
): void {
  const path = url.split('?')[0]?.slice(0, 128)
  log.info({ method, path, status, ms: Math.round(elapsedTime * 100) / 100, ...facts }, 'request')
}
