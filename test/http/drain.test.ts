/** What a signal to stop does to the requests on their way, with the built command as a process. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { cli, root, type Serving, shapserve, startServing } from '../command.ts'
import { passenger } from '../helper.ts'
import { drainClients, open, type RawAnswer, readAnswer, requestOf, startLoad } from '../load.ts'

const CSV = 'text/csv'
const small = requestOf('/invocations', CSV, passenger.csv)
const ping = Buffer.from('GET /ping HTTP/1.1\r\nhost: x\r\n\r\n')

interface Draining extends Serving {
  readonly port: number
  readonly ended: Promise<unknown[]>
  /** Sends a signal and resolves once the log says that it has arrived. */
  stop(): Promise<void>
}

function serve(t: Test, ...flags: string[]): Promise<Draining> {
  return serveModel(t, 'model_checkpoint', ...flags)
}

async function serveModel(t: Test, model: string, ...flags: string[]): Promise<Draining> {
  const args = [cli, 'serve', '--model-dir', model, '--port', '0', ...flags]
  const serving = await startServing(process.execPath, args)
  t.teardown(() => serving.kill('SIGKILL'))
  const { child, output } = serving
  return {
    ...serving,
    port: Number(new URL(serving.url).port),
    ended: once(child, 'exit'),
    async stop() {
      child.kill('SIGTERM')
      while (!output().includes('"draining"'))
        await once(child.stdout as NodeJS.ReadableStream, 'data')
    },
  }
}

async function connectTo(port: number): Promise<Socket> {
  const socket = await open(port)
  if (!socket) throw new Error('nobody listens')
  return socket
}

async function ask(socket: Socket, request: Buffer): Promise<RawAnswer> {
  socket.write(request)
  return readAnswer(socket)
}

const codeOf = ({ body }: RawAnswer) => (JSON.parse(body.toString()) as { code: string }).code

t.test('no request is lost under load, whenever the signal comes', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const serving = await serve(t)
    const load = startLoad(serving.port, drainClients())
    await sleep(Math.random() * 600)
    serving.child.kill(signal)
    await load.done
    t.strictSame(load.tally.lost, [], `${signal}: ${load.tally.answered} answers`)
    t.strictSame(await serving.ended, [0, null])
  }
})

t.test('in the grace everybody is answered, and told to go', async (t) => {
  const serving = await serve(t, '--drain-grace-ms', '60000', '--drain-ms', '60000')
  const { port } = serving
  const [kept, fresh, piped] = await Promise.all([
    connectTo(port),
    connectTo(port),
    connectTo(port),
  ])
  t.match(await ask(kept, small), { status: 200, closes: false })
  await serving.stop()
  t.match(await ask(kept, small), { status: 200, closes: true }, 'a kept connection')
  t.match(await ask(fresh, small), { status: 200, closes: true }, 'one without a request so far')
  t.match(await ask(await connectTo(port), small), { status: 200, closes: true }, 'a new one')
  const answer = await ask(await connectTo(port), ping)
  t.match(answer, { status: 503, closes: true }, '/ping')
  t.equal(codeOf(answer), 'shutting_down')
  const answers: RawAnswer[] = []
  piped.write(Buffer.concat([small, small, small, ping, small]))
  for (let i = 0; i < 5; i++) answers.push(await readAnswer(piped))
  t.strictSame(
    answers.map(({ status, closes }) => [status, closes]),
    [
      [200, false],
      [200, false],
      [200, false],
      [503, false],
      [200, true],
    ],
    'requests in a row: the last answer closes',
  )
})

t.test(
  'a request that has begun to arrive is answered after the listener has closed',
  async (t) => {
    const serving = await serve(t, '--drain-grace-ms', '0')
    const { port } = serving
    const [early, halfHead, halfBody] = await Promise.all([
      connectTo(port),
      connectTo(port),
      connectTo(port),
    ])
    t.match(await ask(early, small), { status: 200, closes: false })
    early.write(small.subarray(0, 30))
    halfBody.write(small.subarray(0, -5))
    t.match(await ask(halfHead, small), { status: 200, closes: false })
    await serving.stop()
    halfHead.write(small.subarray(0, 30))
    // A connection that the listener's end meets on its way is reset by the system; a pause lets it end between two.
    for (let more = await open(port); more; more = await open(port)) {
      more.destroy()
      await sleep(200)
    }
    // Longer than a connection without a request is kept.
    await sleep(1500)
    early.write(small.subarray(30))
    t.match(
      await readAnswer(early),
      { status: 200, closes: true },
      'headers begun before the signal',
    )
    halfHead.write(small.subarray(30))
    t.match(await readAnswer(halfHead), { status: 200, closes: true }, 'half of the headers')
    halfBody.write(small.subarray(-5))
    t.match(await readAnswer(halfBody), { status: 200, closes: true }, 'half of the body')
    t.strictSame(await serving.ended, [0, null])
  },
)

/** Trains a forest that takes some 30 ms for the counterfactual of a row, so that thousands of rows outlast any limit. */
async function trainLargeForest(t: Test): Promise<string> {
  const model = join(t.testdir(), 'model')
  const data = (name: string) => join(root, 'data', name)
  const plan = ['--plan', data('titanic.plan.json'), '--set', 'n_estimators=300']
  const made = await shapserve(['train', data('titanic.csv'), '--model-dir', model, ...plan])
  t.equal(made.status, 0, made.stderr)
  return model
}

t.test('at the limit a refusal says why', async (t) => {
  // The work is bounded by nothing but the drain: it is refused neither as too expensive nor at the deadline.
  const unbounded = ['--explain-seconds', '80000', '--deadline-ms', '86400000']
  const limits = ['--drain-grace-ms', '0', '--drain-ms', '300']
  const serving = await serveModel(t, await trainLargeForest(t), ...limits, ...unbounded)
  const { port } = serving
  const [halfHead, headAlone, halfBody, working, idle] = await Promise.all([
    connectTo(port),
    connectTo(port),
    connectTo(port),
    connectTo(port),
    connectTo(port),
  ])
  halfHead.write(small.subarray(0, 30))
  headAlone.write(
    requestOf('/explain', CSV, passenger.csv, 'x-request-id: mine\r\n').subarray(
      0,
      -passenger.csv.length,
    ),
  )
  halfBody.write(small.subarray(0, -5))
  const path = '/explain?counterfactual=1&max_changes=5&freeze=Sex'
  const rows = `${passenger.csv}\n`.repeat(3000)
  working.write(requestOf(path, CSV, rows, 'accept: application/json\r\n'))
  t.match(await ask(idle, small), { status: 200 })
  await serving.stop()
  const instances: Record<string, string> = {}
  for (const [name, socket] of Object.entries({ halfHead, headAlone, halfBody, working })) {
    const answer = await readAnswer(socket)
    t.match(answer, { status: 503, closes: true, type: 'application/problem+json' }, name)
    t.match(answer.head, /\r\nretry-after: 1\r\n/i, name)
    t.equal(codeOf(answer), 'shutting_down')
    instances[name] = JSON.parse(answer.body.toString()).instance
    t.equal(
      /\r\nx-request-id: mine\r\n/.test(answer.head),
      name === 'headAlone',
      `${name}: the id of its caller`,
    )
    socket.destroy()
  }
  t.strictSame(await serving.ended, [0, null])
  const lines = serving
    .output()
    .split('\n')
    .filter((line) => line.includes('"shutting_down"'))
    .map((line) => JSON.parse(line))
  t.strictSame(
    lines.map(({ reqId }) => `urn:uuid:${reqId}`).sort(),
    [instances['headAlone'], instances['halfBody'], instances['working']].sort(),
    'a line for each request, with the id of its answer',
  )
  t.match(
    lines.find(({ request_id }) => request_id === 'mine'),
    { method: 'POST', path: '/explain', status: 503 },
  )
})

t.test('deadlines hold while the service stops', async (t) => {
  const serving = await serve(t, '--drain-grace-ms', '0', '--deadline-ms', '1000')
  const half = await connectTo(serving.port)
  half.write(small.subarray(0, -1))
  await serving.stop()
  t.match(await readAnswer(half), { status: 408 })
  t.strictSame(await serving.ended, [0, null])
})

t.test('a client that does not read cannot keep the process', async (t) => {
  const serving = await serve(t, '--drain-grace-ms', '0', '--drain-ms', '300')
  const socket = await connectTo(serving.port)
  socket.pause()
  socket.write(requestOf('/invocations', CSV, `${passenger.csv}\n`.repeat(90_000)))
  while (socket.readableLength === 0) await once(socket, 'readable')
  await serving.stop()
  t.strictSame(await serving.ended, [0, null])
  t.match(serving.output(), /"status":499.*"code":"drain_limit"/)
  t.match(serving.output(), /"requests":1,"msg":"the drain limit cut answers short"/)
})
