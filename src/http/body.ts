/** Request bodies: read into one buffer with bounds on bytes, pieces and what all requests hold together. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { InputError } from '../errors.ts'

/** More pieces than this are an attack: a body of 25 MiB arrives in a few hundred. */
const MAX_CHUNKS = 65_536

export interface BodyReader {
  /**
   * Returns a request's body. What comes of a body that is refused, or whose request is answered already, is thrown away.
   * @throws InputError `too_large`, `overloaded` or `invalid_request`
   */
  read(request: IncomingMessage, response: ServerResponse): Promise<Buffer>
  /** Takes memory for what is made of a body; throws InputError `overloaded` when there is none left. */
  reserve(bytes: number): void
  /** Gives memory of bodies back to the budget. */
  release(bytes: number): void
}

/**
 * Returns a reader of bodies up to `limit` bytes; all bodies held at once together up to `budget` bytes.
 */
export function createBodyReader(limit: number, budget: number): BodyReader {
  let held = 0
  return {
    reserve(bytes) {
      if (held + bytes > budget) throw noMemory()
      held += bytes
    },
    release(bytes) {
      held -= bytes
    },
    read(request, response) {
      return new Promise((resolve, reject) => {
        const announced = Number(request.headers['content-length'] ?? 0)
        let buffer = Buffer.allocUnsafe(announced > 0 && announced <= limit ? announced : 4096)
        let length = 0
        let chunks = 0
        let refused = false
        let ended = false
        let reserved = 0
        const reserve = (bytes: number) => {
          reserved += bytes
          held += bytes
          if (held > budget) refuse(noMemory())
        }
        const refuse = (error: Error) => {
          if (refused) return
          refused = true
          held -= reserved
          buffer = Buffer.alloc(0)
          reject(error)
        }
        const lost = () => {
          if (!ended)
            refuse(new InputError('invalid_request', 'the connection ended before the body did'))
        }
        const tooLarge = () =>
          refuse(new InputError('too_large', `the body is larger than ${limit} bytes`))
        if (announced > limit) tooLarge()
        else reserve(announced)
        request.on('data', (chunk: Buffer) => {
          chunks++
          if (refused) return
          if (response.writableEnded) return lost()
          if (chunks > MAX_CHUNKS)
            return refuse(
              new InputError('invalid_request', `the body came in more than ${MAX_CHUNKS} pieces`),
            )
          if (length + chunk.length > limit) return tooLarge()
          if (length + chunk.length > reserved) reserve(length + chunk.length - reserved)
          if (refused) return
          if (length + chunk.length > buffer.length) {
            const larger = Buffer.allocUnsafe(
              Math.min(limit, Math.max(buffer.length * 2, length + chunk.length)),
            )
            buffer.copy(larger, 0, 0, length)
            buffer = larger
          }
          chunk.copy(buffer, length)
          length += chunk.length
        })
        request.on('end', () => {
          ended = true
          if (!refused) resolve(buffer.subarray(0, length))
        })
        request.on('error', lost)
        request.on('close', lost)
        // Node forgets a request whose answer is sent: it does not tell then that the connection has closed.
        response.on('close', lost)
      })
    },
  }
}

function noMemory(): InputError {
  return new InputError('overloaded', 'the bodies being read fill the memory set aside; try again')
}
