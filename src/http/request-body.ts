/** The body of a request as its sender had it: read ahead or now, and unpacked. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { freeMemory } from '../answering/collect-garbage.ts'
import type { BodyReader } from './body.ts'
import { isPacked, unpackBody } from './gzip-body.ts'
import { bodyReadAhead } from './read-ahead.ts'

/** Returns a request's body; what it holds is released by its length. */
export type ReadBody = (request: IncomingMessage, response: ServerResponse) => Promise<Buffer>

/** Returns what reads bodies up to so many bytes, unpacked ones too. */
export function readUnpacked(bodies: BodyReader, maxBodyBytes: number): ReadBody {
  return async (request, response) => {
    const packed = isPacked(request)
    const early = bodyReadAhead(request)
    if (early) bodies.reserve(early.length)
    const body = early ?? (await bodies.read(request, response))
    const packedBytes = body.length
    if (!packed || body.length === 0) return body
    const parts: number[] = []
    const reserve = (bytes: number) => {
      bodies.reserve(bytes)
      parts.push(bytes)
    }
    try {
      const unpacked = await unpackBody(body, maxBodyBytes, reserve)
      for (const part of parts.splice(0)) bodies.release(part)
      bodies.reserve(unpacked.length)
      // Only now: what is given up may still be read by a thread of zlib's.
      freeMemory(body)
      return unpacked
    } finally {
      for (const part of [packedBytes, ...parts]) bodies.release(part)
    }
  }
}
