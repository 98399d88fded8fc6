/** Bodies that were read before a route asks for them. */
import type { IncomingMessage } from 'node:http'

const bodies = new WeakMap<IncomingMessage, Buffer>()

/** Keeps a request's whole body for whoever reads it. */
export function keepBody(request: IncomingMessage, body: Buffer): void {
  bodies.set(request, body)
}

/** Returns the body that was read of a request, if it was. */
export function bodyReadAhead(request: IncomingMessage): Buffer | undefined {
  return bodies.get(request)
}
