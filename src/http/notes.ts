/** What the log says of a request besides its path and status. */
import type { FastifyRequest } from 'fastify'

/** What the log says of a request, collected while it is answered; never its rows. */
const notes = new WeakMap<FastifyRequest, Readonly<Record<string, number | string>>>()

/** Adds to what the log says of a request. */
export function note(
  request: FastifyRequest,
  facts: Readonly<Record<string, number | string>>,
): void {
  const before = notes.get(request)
  notes.set(request, before ? { ...before, ...facts } : facts)
}

/** Returns what was noted of a request. */
export function notesOf(
  request: FastifyRequest,
): Readonly<Record<string, number | string>> | undefined {
  return notes.get(request)
}
