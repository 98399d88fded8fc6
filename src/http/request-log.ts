/** The request log: one line per answer and per answer that nobody got; never a row. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Cut, type Exchange, isGone } from './connections.ts'
import { replyOf } from './late-answers.ts'
import { notesOf } from './notes.ts'

/** What is logged where the client was gone, or was given up, before its answer was sent; nginx's number. */
export const CLIENT_CLOSED = 499

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
