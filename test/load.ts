/** Clients that keep a server busy and count what became of every request, for tests and soaks of stopping. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface RawAnswer {
  readonly status: number
  /** Its first line and its headers. */
  readonly head: string
  readonly closes: boolean
  readonly type: string | undefined
  readonly body: Buffer
}

/** What became of requests. */
export interface Tally {
  answered: number
  /** Bytes of answers. */
  bytes: number
  /** How each request that was sent and not wholly answered ended. */
  readonly lost: string[]
}

export interface Load {
  readonly tally: Tally
  /** Resolves once every client has been refused a connection. */
  readonly done: Promise<void>
}

/** Returns the bytes of a request. */
export function requestOf(path: string, type: string, body: string, more = ''): Buffer {
  const length = Buffer.byteLength(body)
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n${more}\r\n${body}`,
  )
}

function endsChunked(piece: Buffer): boolean {
  return piece.subarray(-5).toString('latin1') === '0\r\n\r\n'
}

/** Returns a connection; undefined where nobody listens any more. */
export function open(port: number): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      // Whoever waits for an answer hears of it by the end of the connection.
      socket.on('error', () => {})
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNREFUSED' ? resolve(undefined) : reject(error),
    )
  })
}

/**
 * Returns the next answer on a connection; it must have a Content-Length.
 * @param pauseMs pause after every piece read, for a client that is slow
 * @throws Error when the connection ends before the answer does
 */
export function readAnswer(socket: Socket, pauseMs = 0): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let length = 0
    let wanted = Number.POSITIVE_INFINITY
    let head = ''
    let isChunked = false
    const stop = () => {
      socket.off('data', onData)
      socket.off('close', onClose)
    }
    const onClose = () => {
      stop()
      reject(new Error(`the connection ended after ${length} of ${wanted} bytes`))
    }
    const onData = (piece: Buffer) => {
      pieces.push(piece)
      length += piece.length
      if (head === '') {
        const text = Buffer.concat(pieces).toString('latin1')
        const end = text.indexOf('\r\n\r\n')
        if (end < 0) return
        head = text.slice(0, end)
        isChunked = /\r\ntransfer-encoding: *chunked/i.test(head)
        wanted = end + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      }
      // Large answers end with an empty chunk; nothing is sent behind them here.
      if (isChunked)
        wanted = endsChunked(Buffer.concat(pieces.slice(-2))) ? length : Number.POSITIVE_INFINITY
      if (length < wanted) {
        if (pauseMs === 0) return
        socket.pause()
        setTimeout(() => socket.resume(), pauseMs)
        return
      }
      stop()
      const all = Buffer.concat(pieces)
      if (length > wanted) {
        socket.pause()
        socket.unshift(all.subarray(wanted))
      }
      resolve({
        status: Number(head.slice(9, 12)),
        head,
        closes: /\r\nconnection: *close/i.test(head),
        type: /\r\ncontent-type: *(.*)/i.exec(head)?.[1],
        body: all.subarray(head.length + 4, wanted),
      })
    }
    if (socket.destroyed) return onClose()
    socket.on('data', onData)
    socket.on('close', onClose)
    socket.resume()
  })
}

export interface Client {
  readonly request: Buffer
  /** Whether the connection is kept as long as the server keeps it. */
  readonly keeps: boolean
  /** Longest pause before a request. */
  readonly thinkMs?: number
  readonly readPauseMs?: number
  /** The request is written in so many pieces, with a pause of 10 ms between two. */
  readonly pieces?: number
}

/** Starts clients that ask until nobody listens. */
export function startLoad(port: number, clients: readonly Client[]): Load {
  const tally: Tally = { answered: 0, bytes: 0, lost: [] }
  return {
    tally,
    done: Promise.all(clients.map((client) => askUntilRefused(port, client, tally))).then(() => {}),
  }
}

async function askUntilRefused(port: number, client: Client, tally: Tally): Promise<void> {
  const { request, keeps, thinkMs = 0, readPauseMs, pieces = 1 } = client
  let socket: Socket | undefined
  for (;;) {
    if (thinkMs > 0) await sleep(Math.random() * thinkMs)
    const isFresh = !socket || socket.readableEnded || socket.destroyed
    try {
      if (isFresh) socket = await open(port)
    } catch (error) {
      tally.lost.push(`a new connection: ${(error as Error).message}`)
      continue
    }
    if (!socket) return
    const reading = readAnswer(socket, readPauseMs)
    reading.catch(() => {})
    await write(socket, request, pieces)
    try {
      const { status, closes, body } = await reading
      if (status !== 200) tally.lost.push(`status ${status}: ${body}`)
      tally.answered++
      tally.bytes += body.length
      if (keeps && !closes) continue
    } catch (error) {
      tally.lost.push(`${isFresh ? 'a new' : 'a kept'} connection: ${(error as Error).message}`)
    }
    socket.destroy()
    socket = undefined
  }
}

async function write(socket: Socket, bytes: Buffer, pieces: number): Promise<void> {
  const size = Math.ceil(bytes.length / pieces)
  for (let start = 0; start < bytes.length; start += size) {
    if (start > 0) await sleep(10)
    socket.write(bytes.subarray(start, start + size))
  }
}

const ROW = '3,"Mernagh, Mr. Robert",male,28,0,0'

/** Returns clients of all kinds: new and kept connections, busy and idle ones, slow to write and to read, 11 MB. */
export function drainClients(): Client[] {
  const small = requestOf('/invocations', 'text/csv', ROW)
  const large = requestOf('/invocations', 'text/csv', `${ROW}\n`.repeat(90_000))
  const several = (count: number, client: Client) => Array.from({ length: count }, () => client)
  return [
    ...several(6, { request: small, keeps: false }),
    ...several(4, { request: small, keeps: true }),
    ...several(6, { request: small, keeps: true, thinkMs: 60 }),
    ...several(2, { request: small, keeps: true, thinkMs: 60, pieces: 5 }),
    { request: large, keeps: true, thinkMs: 200 },
    { request: large, keeps: false, thinkMs: 200, readPauseMs: 1 },
  ]
}
