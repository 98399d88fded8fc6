import type { FastifyReply, FastifyRequest } from 'fastify'

/** One route: what it does and how the OpenAPI document describes it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly schema: Readonly<Record<string, unknown>>
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => unknown
}
