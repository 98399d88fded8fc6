/** Bytes to a server and back, and what must hold of every answer, whatever was sent. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** An answer must be there and the connection closed within this. */
const STALL_MS = 1000
/** Nothing is waited for any longer. */
const LIMIT_MS = 10_000
const SPLIT_MS = 2

export interface WireAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

export interface Received {
  readonly answers: readonly WireAnswer[]
  /** What came and was no whole answer. */
  readonly rest: Buffer
  readonly ms: number
}

/**
 * Writes pieces and returns what came until the server closed.
 * @param waits whether the server closes by itself; else the end of the stream is sent, too
 */
export async function exchange(
  port: number,
  pieces: readonly Buffer[],
  waits = false,
): Promise<Received> {
  const began = performance.now()
  const received: Buffer[] = []
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.setNoDelay(true)
  socket.on('data', (piece: Buffer) => received.push(piece))
  // What came before a reset counts; the answers say whether it was enough.
  socket.on('error', () => {})
  const limit = setTimeout(() => socket.destroy(), LIMIT_MS)
  const closed = once(socket, 'close')
  const ended = once(socket, 'end').catch(() => {})
  for (const [i, piece] of pieces.entries()) {
    if (i > 0) await sleep(SPLIT_MS)
    if (socket.writable) socket.write(piece)
  }
  if (!waits) socket.end()
  await Promise.race([closed, ended])
  const ms = performance.now() - began
  socket.destroy()
  clearTimeout(limit)
  return { ...parseAnswers(Buffer.concat(received)), ms }
}

/** Sends the same again where it took long: a busy machine is no stall. */
export async function exchangeInTime(
  port: number,
  pieces: readonly Buffer[],
  waits = false,
): Promise<Received> {
  const most = STALL_MS + SPLIT_MS * pieces.length
  const first = await exchange(port, pieces, waits)
  if (first.ms <= most) return first
  const second = await exchange(port, pieces, waits)
  if (second.ms <= most) return second
  throw new Error(`it took ${first.ms.toFixed(0)} ms, and again ${second.ms.toFixed(0)} ms`)
}

/** Throws unless an answer is data, a refusal that says why, or 503 that says when to come again. */
export function checkAnswer({ status, headers, body }: WireAnswer): void {
  if (status === 503 && headers.has('retry-after')) return
  // What RFC 9112 has a server answer to a transfer coding that it does not know.
  if (status === 501 && body.includes('"unsupported_transfer_coding"')) return
  if (status >= 500) throw new Error(`status ${status}: ${body.subarray(0, 300)}`)
  const type = headers.get('content-type') ?? ''
  if (status >= 400) {
    if (body.length === 0) return
    if (type !== 'application/problem+json') throw new Error(`${status} of type ${type}`)
    const problem = JSON.parse(body.toString()) as { status: unknown }
    if (problem.status !== status) throw new Error(`${status} says ${String(problem.status)}`)
    return
  }
  if (type === 'application/json') JSON.parse(body.toString())
}

function parseAnswers(bytes: Buffer): { answers: WireAnswer[]; rest: Buffer } {
  const answers: WireAnswer[] = []
  let rest = bytes
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) return { answers, rest }
    const [line = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1])
    if (!status) return { answers, rest }
    const headers = new Map(
      lines.map((header) => {
        const colon = header.indexOf(':')
        return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()]
      }),
    )
    const after = rest.subarray(end + 4)
    // An interim answer has no body and stands before the one that counts.
    if (status === 100) {
      rest = after
      continue
    }
    const found = headers.has('transfer-encoding')
      ? readChunks(after)
      : takeBytes(after, Number(headers.get('content-length') ?? 0))
    if (!found) return { answers, rest }
    answers.push({ status, headers, body: found.body })
    rest = found.rest
  }
}

interface Taken {
  readonly body: Buffer
  readonly rest: Buffer
}

function takeBytes(bytes: Buffer, length: number): Taken | undefined {
  if (bytes.length < length) return undefined
  return { body: bytes.subarray(0, length), rest: bytes.subarray(length) }
}

function readChunks(bytes: Buffer): Taken | undefined {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const line = bytes.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16)
    const next = line + 2 + size + 2
    if (!(size >= 0) || next > bytes.length) return undefined
    chunks.push(bytes.subarray(line + 2, line + 2 + size))
    at = next
    if (size === 0) return { body: Buffer.concat(chunks), rest: bytes.subarray(at) }
  }
}
