/** Load on a server: as fast as some connections can, or at a rate of its own, as callers who do not wait for each other. */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { open, readAnswer, requestOf } from '../../test/load.ts'

/** One request, and the statuses that are right. */
export interface Ask {
  readonly name: string
  readonly bytes: Buffer
  readonly expected: readonly number[]
}

/** What became of a request; status 0 where the connection ended. */
export interface Outcome {
  readonly ask: Ask
  readonly status: number
  readonly ms: number
  /** Whether the answer says when to come again. */
  readonly retries: boolean
  readonly why: string
}

/** Returns a request of rows. */
export function asking(
  name: string,
  path: string,
  type: string,
  body: string | Buffer,
  { expected = [200], more = '' }: { expected?: readonly number[]; more?: string } = {},
): Ask {
  const head = requestOf(path, type, '', more)
    .toString()
    .replace('length: 0', `length: ${Buffer.byteLength(body)}`)
  return { name, bytes: Buffer.concat([Buffer.from(head), Buffer.from(body)]), expected }
}

/** Sends one request on a connection, a new one where there is none, and tells what became of it. */
export async function send(
  port: number,
  ask: Ask,
  kept?: Socket,
): Promise<{ outcome: Outcome; socket: Socket | undefined }> {
  const began = performance.now()
  let socket = kept
  const done = (status: number, why: string, retries = false): Outcome => ({
    ask,
    status,
    ms: performance.now() - began,
    retries,
    why,
  })
  try {
    if (!socket || socket.destroyed || socket.readableEnded) socket = await open(port)
    if (!socket) return { outcome: done(0, 'refused'), socket: undefined }
    const reading = readAnswer(socket)
    socket.write(ask.bytes)
    const { status, closes, head, body } = await reading
    const outcome = done(
      status,
      ask.expected.includes(status) ? '' : body.subarray(0, 200).toString(),
      /\r\nretry-after: *\d/i.test(head),
    )
    if (!closes) return { outcome, socket }
    socket.destroy()
    return { outcome, socket: undefined }
  } catch (error) {
    socket?.destroy()
    return { outcome: done(0, (error as Error).message), socket: undefined }
  }
}

/** Keeps some connections busy for a time; returns how many requests a second were answered as expected. */
export async function closedLoop(
  port: number,
  connections: number,
  seconds: number,
  next: () => Ask,
  onOutcome: (outcome: Outcome) => void = () => {},
): Promise<number> {
  const began = performance.now()
  const end = began + seconds * 1000
  let right = 0
  const work = async () => {
    let socket: Socket | undefined
    while (performance.now() < end) {
      const sent = await send(port, next(), socket)
      socket = sent.socket
      if (sent.outcome.ask.expected.includes(sent.outcome.status)) right++
      onOutcome(sent.outcome)
      if (sent.outcome.status === 0) await sleep(10)
    }
    socket?.destroy()
  }
  await Promise.all(Array.from({ length: connections }, work))
  return (right * 1000) / (performance.now() - began)
}

/**
 * Sends requests at a rate for a time, whether or not those before are answered, on at most so many connections.
 * @returns how many were not sent in that time because all connections waited, and when the last was answered
 */
export async function openLoop(
  port: number,
  { perSecond, seconds, connections }: { perSecond: number; seconds: number; connections: number },
  next: () => Ask,
  onOutcome: (outcome: Outcome) => void,
): Promise<{ readonly unsent: number; readonly seconds: number }> {
  const began = performance.now()
  const idle: Socket[] = []
  const waiting = new Set<Promise<void>>()
  let sent = 0
  for (;;) {
    const now = (performance.now() - began) / 1000
    if (now >= seconds) break
    for (; sent < now * perSecond && waiting.size < connections; sent++) {
      const one = send(port, next(), idle.pop()).then(({ outcome, socket }) => {
        onOutcome(outcome)
        if (socket) idle.push(socket)
        waiting.delete(one)
      })
      waiting.add(one)
    }
    await sleep(5)
  }
  await Promise.all(waiting)
  for (const socket of idle) socket.destroy()
  return {
    unsent: Math.max(0, Math.floor(seconds * perSecond) - sent),
    seconds: (performance.now() - began) / 1000,
  }
}
