/** Ids that callers send: of a request, and of the trace that it belongs to. */
import type { IncomingMessage } from 'node:http'

/** The header of ids, in requests and answers. */
export const REQUEST_ID = 'x-request-id'

/** What a caller's id may be: it stands in a header and in the log. */
const CALLERS_ID = /^[A-Za-z0-9._-]{1,64}$/

/** W3C Trace Context, version 00 and what later versions keep of it; `ff` is none. */
const TRACE_PARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/

/** Returns the id that a caller gave to a request; undefined for none, and for one that cannot stand everywhere. */
export function callersIdOf({ headers }: IncomingMessage): string | undefined {
  const sent = headers[REQUEST_ID]
  return typeof sent === 'string' && CALLERS_ID.test(sent) ? sent : undefined
}

/** Returns the id of the trace that a request belongs to. */
export function traceIdOf({ headers }: IncomingMessage): string | undefined {
  const { traceparent } = headers
  if (typeof traceparent !== 'string' || traceparent.length > 256) return undefined
  return TRACE_PARENT.exec(traceparent)?.[1]
}
