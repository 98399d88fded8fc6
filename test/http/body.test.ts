/** Bodies and the memory that they share: what is announced takes none, large ones shut out no small one. */
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { InputError } from '../../src/errors.ts'
import { type BodyReader, createBodyReader } from '../../src/http/body.ts'
import { createBodyBudget } from '../../src/http/body-budget.ts'

const LIMIT = 1 << 20
const BUDGET = 4 << 20

/** Serves the length of every body, or the code of its error; bodies are kept until the server closes. */
async function serve(t: Test, bodies: BodyReader): Promise<number> {
  const server = createServer(async (request, response) => {
    try {
      response.end(String((await bodies.read(request, response)).length))
    } catch (error) {
      response.end(error instanceof InputError ? error.code : 'defect')
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Sends a part of a body that is announced to have so many bytes. */
function send(t: Test, port: number, announced: number, sent: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${announced}\r\n\r\n`)
  socket.write(Buffer.alloc(sent))
  t.teardown(() => socket.destroy())
  return socket
}

async function answerOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const piece of socket) {
    text += piece
    const [, length, rest] = /content-length: (\d+).*?\r\n\r\n(.*)/is.exec(text) ?? []
    if (rest !== undefined && rest.length >= Number(length)) return rest
  }
  return text
}

/** Waits until bodies hold so many bytes. */
async function untilHeld(bodies: BodyReader, bytes: number): Promise<void> {
  while (bodies.held < bytes) await sleep(1)
}

t.test('P11 a client that announces and does not send holds nothing', async (t) => {
  const bodies = createBodyReader(LIMIT, BUDGET)
  const port = await serve(t, bodies)
  for (let i = 0; i < 20; i++) send(t, port, LIMIT, 0)
  const beside = send(t, port, LIMIT, 1)
  await untilHeld(bodies, 1)
  t.equal(bodies.held, 1, 'of 20 MiB that are announced')
  for (let i = 0; i < 3; i++) {
    t.equal(await answerOf(send(t, port, LIMIT, LIMIT)), String(LIMIT), 'a large body beside them')
  }
  beside.destroy()
})

t.test('P11 large bodies leave room for small ones', async (t) => {
  const bodies = createBodyReader(LIMIT, BUDGET)
  const port = await serve(t, bodies)
  const most = (BUDGET * 7) / 8
  for (let i = 0; i < 3; i++) send(t, port, LIMIT, LIMIT - 1)
  await untilHeld(bodies, 3 * (LIMIT - 1))
  t.equal(await answerOf(send(t, port, LIMIT, LIMIT)), 'overloaded')
  t.equal(bodies.held, 3 * (LIMIT - 1), 'what is refused is given back')
  t.ok(bodies.held + LIMIT > most, 'more than large bodies may have')
  for (let i = 0; i < 10; i++) t.equal(await answerOf(send(t, port, 50_000, 50_000)), '50000')
})

t.test('P11 a body that does not go on gives way where memory is short', async (t) => {
  const bodies = createBodyReader(LIMIT, BUDGET, 0)
  const port = await serve(t, bodies)
  const slow: Socket[] = []
  for (let i = 1; i <= 3; i++) {
    slow.push(send(t, port, LIMIT, LIMIT - 1))
    await untilHeld(bodies, i * (LIMIT - 1))
  }
  t.equal(await answerOf(send(t, port, LIMIT, LIMIT)), String(LIMIT))
  t.equal(await answerOf(slow[0] as Socket), 'overloaded', 'the one that has waited longest')
  t.equal(bodies.held, 2 * (LIMIT - 1) + LIMIT, 'the others and the new one')
})

t.test('pieces that came from a connection are freed at once', async (t) => {
  const bodies = createBodyReader(LIMIT, BUDGET)
  for (const [bytes, expected] of [
    [LIMIT, String(LIMIT)],
    [2 * LIMIT, 'too_large'],
  ] as const) {
    const lengths: number[] = []
    const server = createServer(async (request, response) => {
      const answer = bodies.read(request, response).then(
        (body) => (body.every((byte) => byte === 7) ? body.length : 'other bytes'),
        ({ code }: InputError) => code,
      )
      // Heard behind the reader.
      request.on('data', ({ length }: Buffer) => lengths.push(length))
      const text = String(await answer)
      if (!request.complete) await once(request, 'end')
      response.end(text)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    const answer = await fetch(url, { method: 'POST', body: Buffer.alloc(bytes, 7) })
    t.equal(await answer.text(), expected)
    t.ok(lengths.includes(0), `${lengths}`)
    t.ok(Math.max(...lengths) < 16 << 10, `${lengths}`)
    server.close()
    server.closeAllConnections()
  }
})

t.test('what a caller hands over without a connection stays whole', async (t) => {
  const bodies = createBodyReader(LIMIT, BUDGET)
  const payload = Buffer.alloc(LIMIT, 7)
  const headers = { 'content-length': String(LIMIT) }
  const request = Object.assign(new PassThrough(), { headers, socket: new EventEmitter() })
  const response = Object.assign(new EventEmitter(), { destroyed: false, writableEnded: false })
  const body = bodies.read(
    request as unknown as IncomingMessage,
    response as unknown as ServerResponse,
  )
  request.end(payload)
  t.equal((await body).length, LIMIT)
  t.ok(payload.length === LIMIT && payload.every((byte) => byte === 7))
})

t.test('what is taken is given back, in any order', (t) => {
  const sizes = fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 30 })
  fc.assert(
    fc.property(sizes, fc.infiniteStream(fc.boolean()), (list, frees) => {
      const memory = createBodyBudget(300_000, 1 << 20)
      const taken: number[] = []
      for (const size of list) {
        try {
          memory.take(size)
          taken.push(size)
        } catch (error) {
          if (!(error instanceof InputError)) throw error
        }
        if (frees.next().value && taken.length > 0) memory.give(taken.shift() as number)
        const sum = taken.reduce((all, own) => all + own, 0)
        if (memory.held !== sum || sum > 1 << 20) throw new Error(`${memory.held} of ${sum}`)
      }
      for (const size of taken) memory.give(size)
      memory.take(300_000)
      return memory.held === 300_000
    }),
  )
  t.end()
})
