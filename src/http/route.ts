/** One route: what it does, and how the OpenAPI document describes it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OneRowRoute } from './one-row.ts'

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** A parameter may carry an expression, and a colon that is none of a parameter is doubled. */
  readonly url: string
  /** Whether the name in its path ends at a colon, because a verb of another route may stand there. */
  readonly nameEndsAtColon?: true
  /** Whose route it is; absent = the service's own. */
  readonly protocol?: string
  /** Whether it is answered without a token: probes cannot send one. */
  readonly isOpen?: true
  /** Whether its answer is 200 without a body while requests are taken, and nothing else can be asked. */
  readonly isHealth?: true
  readonly schema: Readonly<Record<string, unknown>>
  /** How it answers one row when nothing else is asked; absent = as everything else. */
  readonly oneRow?: OneRowRoute | undefined
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => unknown
}

/** Returns what the paths of a route look like. */
export function patternOf({
  url,
  nameEndsAtColon,
}: Pick<Route, 'url' | 'nameEndsAtColon'>): RegExp {
  const literal = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const pattern = literal
    .replace(/:name\\\(.*?\\\)/g, '[^/:]+')
    .replace(/::/g, ':')
    .replace(/:version/g, '[^/]+')
    .replace(/:name/g, nameEndsAtColon ? '[^/:]+' : '[^/]+')
    .replace(/\\\*/g, '.*')
  return new RegExp(`^${pattern}$`)
}

/** Returns a route's path as OpenAPI writes it: `/v1/models/{name}:predict`. */
export function templateOf({ url }: Pick<Route, 'url'>): string {
  // A doubled colon is one of the path.
  const [first = '', ...others] = url.split('::')
  return [first, ...others].map((part) => part.replace(/:(\w+)(\(.*\))?/g, '{$1}')).join(':')
}
