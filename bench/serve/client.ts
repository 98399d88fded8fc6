/** A cheap client of keep-alive connections: what it measures of a load, and what that cost either side. */
import { connect } from 'node:net'
import { HOST, type Scenario } from './scenarios.ts'
import type { Server } from './servers.ts'

/** What one load run has measured; milliseconds. */
export interface Load {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** Microseconds of processor time that a request takes the server; undefined where /proc does not say. */
  readonly serverMicros: number | undefined
  /** The same of this client. */
  readonly clientMicros: number
}

/** Returns the bytes of a keep-alive request. */
function requestBytes({ method, path, type, body = '', accept }: Scenario): Buffer {
  const length = Buffer.byteLength(body)
  const head = [
    `${method} ${path} HTTP/1.1`,
    `host: ${HOST}`,
    ...(accept === undefined ? [] : [`accept: ${accept}`]),
    ...(type === undefined ? [] : [`content-type: ${type}`, `content-length: ${length}`]),
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * Reads one answer after another on a keep-alive connection. It is a socket because node:http's own
 * client takes twice the time of the bare server: it would be measured instead of the servers.
 */
function openConnection(port: number, request: Buffer, onAnswer: (bytes: number) => boolean) {
  const socket = connect(port, HOST)
  socket.setNoDelay(true)
  const done = new Promise<void>((resolve, reject) => {
    let pending = Buffer.alloc(0)
    let isOver = false
    socket.on('connect', () => socket.write(request))
    socket.on('data', (piece) => {
      pending = pending.length === 0 ? piece : Buffer.concat([pending, piece])
      const end = pending.indexOf(HEAD_END)
      if (end < 0) return
      const head = pending.toString('latin1', 0, end)
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1])
      if (!head.startsWith('HTTP/1.1 200 ') || Number.isNaN(length)) {
        isOver = true
        socket.destroy()
        reject(new Error(`unexpected answer: ${pending.toString('latin1', 0, 300)}`))
        return
      }
      if (pending.length < end + HEAD_END.length + length) return
      pending = Buffer.alloc(0)
      if (onAnswer(length)) {
        socket.write(request)
        return
      }
      isOver = true
      socket.end()
      resolve()
    })
    socket.on('error', reject)
    socket.on('close', () => {
      if (!isOver) reject(new Error('the server closed a connection'))
    })
  })
  return done
}

/** Keeps so many requests on their way for some seconds; answers to the first ones do not count. */
export async function load(
  { port, cpuMicros }: Server,
  scenario: Scenario,
  concurrency: number,
  { warmUp, seconds }: { warmUp: number; seconds: number },
): Promise<Load> {
  const request = requestBytes(scenario)
  const latencies: number[] = []
  const from = performance.now() + warmUp * 1000
  const until = from + seconds * 1000
  const readUsage = () => ({ client: process.cpuUsage(), server: cpuMicros() })
  /** At the first answer that counts and at the first that comes after them. */
  const usages: Usage[] = []
  let isOver = false
  const connections = Array.from({ length: concurrency }, () => {
    let sent = performance.now()
    return openConnection(port, request, () => {
      const now = performance.now()
      if (now >= from && !isOver) {
        isOver = now >= until
        if (usages.length === 0 || isOver) usages.push(readUsage())
        if (!isOver) latencies.push(now - sent)
      }
      sent = now
      return now < until
    })
  })
  await Promise.all(connections)
  const sorted = Float64Array.from(latencies).sort()
  const [first, last] = usages
  if (!first || !last) throw new Error(`${scenario.name}: too few answers in ${seconds} s`)
  const client = last.client.user + last.client.system - first.client.user - first.client.system
  return {
    perSecond: sorted.length / seconds,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    serverMicros:
      first.server === undefined || last.server === undefined
        ? undefined
        : (last.server - first.server) / sorted.length,
    clientMicros: client / sorted.length,
  }
}

interface Usage {
  readonly client: NodeJS.CpuUsage
  readonly server: number | undefined
}

/** Returns how many bytes one answer has. */
export async function answerSize(port: number, scenario: Scenario): Promise<number> {
  let size = 0
  await openConnection(port, requestBytes(scenario), (bytes) => {
    size = bytes
    return false
  })
  return size
}

export function quantile(sorted: ArrayLike<number>, share: number): number {
  const index = Math.ceil(sorted.length * share) - 1
  return sorted[Math.max(0, Math.min(sorted.length - 1, index))] ?? Number.NaN
}
