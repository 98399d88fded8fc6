/** A service that is asked as a client asks it: with a deadline, and with a token where one is needed. */
import { CheckFailure } from './check.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly ms: number
}

export interface Service {
  readonly url: string
  /** Throws CheckFailure when nothing answers within so many seconds. */
  ask(path: string, seconds: number, init?: RequestInit): Promise<Answer>
}

/** Bytes of an answer that are looked at. */
const MOST_BYTES = 2 ** 24

/** @param token a bearer token that every request carries */
export function createService(url: string, token?: string): Service {
  const base = url.replace(/\/+$/, '')
  return {
    url: base,
    async ask(path, seconds, init = {}) {
      const headers = new Headers(init.headers)
      if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
      const started = performance.now()
      try {
        const response = await fetch(`${base}${path}`, {
          ...init,
          headers,
          redirect: 'manual',
          signal: AbortSignal.timeout(seconds * 1000),
        })
        const text = await readText(response)
        return {
          status: response.status,
          headers: response.headers,
          text,
          ms: performance.now() - started,
        }
      } catch (error) {
        throw new CheckFailure(`${path} ${describe(error, seconds)}`)
      }
    },
  }
}

async function readText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of response.body ?? []) {
    bytes += piece.length
    if (bytes > MOST_BYTES) throw new CheckFailure(`answers with more than ${MOST_BYTES} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

/** What the system's words mean to whoever named the address. */
const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ECONNRESET: 'the connection was cut off',
  EHOSTUNREACH: 'there is no way to that host',
}

function describe(error: unknown, seconds: number): string {
  if (error instanceof CheckFailure) return error.message
  const { name, message, cause } = error as Error
  if (name === 'TimeoutError') return `did not answer within ${seconds} s`
  const { code, message: why } = (cause ?? {}) as Partial<NodeJS.ErrnoException>
  const known = code === undefined ? undefined : meanings[code]
  return `could not be asked: ${known ? `${known} (${code})` : (code ?? why ?? message)}`
}
