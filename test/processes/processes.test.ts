/** Several processes behind one port, with the built command: who dies is replaced, a stop loses nothing. */
import { once } from 'node:events'
import { cp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createBackOff } from '../../src/processes/back-off.ts'
import { countProcesses } from '../../src/processes/count.ts'
import { cli, root, type Serving, shapserve, startServing } from '../command.ts'
import { passenger } from '../helper.ts'
import { drainClients, open, readAnswer, requestOf, startLoad } from '../load.ts'

const small = requestOf('/invocations', 'text/csv', passenger.csv)

interface Crew extends Serving {
  readonly port: number
  readonly ended: Promise<unknown[]>
  /** Lines of the log so far. */
  lines(): Record<string, unknown>[]
  /** Resolves with the first line of this message, or of the one after so many. */
  line(msg: string, before?: number): Promise<Record<string, unknown>>
  /** Ids of the processes that answer. */
  pids(): Promise<number[]>
}

async function serve(t: Test, workers: number, ...flags: string[]): Promise<Crew> {
  const model = flags.includes('--model-dir') ? [] : ['--model-dir', 'model_checkpoint']
  const args = [cli, 'serve', ...model, '--port', '0', '--workers', String(workers), ...flags]
  const serving = await startServing(process.execPath, args)
  t.teardown(() => serving.kill('SIGKILL'))
  const port = Number(new URL(serving.url).port)
  const lines = () =>
    serving
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  const crew: Crew = {
    ...serving,
    port,
    ended: once(serving.child, 'exit'),
    lines,
    async line(msg, before = 0) {
      for (;;) {
        const found = lines().filter((line) => line['msg'] === msg)[before]
        if (found) return found
        await sleep(20)
      }
    },
    async pids() {
      const requests = () => lines().filter(({ msg }) => msg === 'request')
      const known = requests().length
      for (let i = 0; i < workers; i++) await fetch(`${serving.url}/no/such/path`, closing)
      while (requests().length < known + workers) await sleep(10)
      return [
        ...new Set(
          requests()
            .map(({ pid }) => pid as number)
            .slice(known),
        ),
      ]
    },
  }
  return crew
}

/** A new connection for every request: they go round. */
const closing = { headers: { connection: 'close' } }

t.test('connections go round, and every process gives the same answer', async (t) => {
  const { url, lines, port } = await serve(t, 3)
  const answers = new Set<string>()
  for (let i = 0; i < 6; i++) {
    const socket = await open(port)
    socket?.write(small)
    answers.add((await readAnswer(socket as NonNullable<typeof socket>)).body.toString())
    socket?.destroy()
  }
  t.equal(answers.size, 1)
  while (lines().filter(({ msg }) => msg === 'request').length < 6) await sleep(10)
  const pids = lines().flatMap(({ msg, pid }) => (msg === 'request' ? [pid] : []))
  const counts = [...new Set(pids)].map((pid) => pids.filter((other) => other === pid).length)
  t.strictSame(counts, [2, 2, 2], 'every line names its process')
  t.match(lines()[0], { url, processes: 3, threads: 1 })
})

t.test('no request is lost under load, whenever the signal comes', async (t) => {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    const crew = await serve(t, 2)
    const load = startLoad(crew.port, drainClients())
    await sleep(Math.random() * 600)
    crew.child.kill(signal)
    await load.done
    t.strictSame(load.tally.lost, [], `${signal}: ${load.tally.answered} answers`)
    t.strictSame(await crew.ended, [0, null])
  }
})

t.test('a client that does not read is given up, and the log says so', async (t) => {
  const crew = await serve(t, 2, '--drain-grace-ms', '0', '--drain-ms', '300')
  const socket = await open(crew.port)
  if (!socket) throw new Error('nobody listens')
  socket.pause()
  socket.write(requestOf('/invocations', 'text/csv', `${passenger.csv}\n`.repeat(90_000)))
  while (socket.readableLength === 0) await once(socket, 'readable')
  crew.child.kill('SIGTERM')
  t.strictSame(await crew.ended, [0, null])
  const last = crew.lines().filter(({ msg }) => msg !== 'serving' && msg !== 'draining')
  t.match(
    last.map(({ msg }) => msg),
    ['stopped', 'request', 'the drain limit cut answers short', 'stopped', 'stopped'],
  )
  t.match(last[1], { status: 499, code: 'drain_limit' })
})

t.test('a signal to the whole group, as a terminal sends it, drains too', async (t) => {
  const crew = await serve(t, 2)
  const socket = await open(crew.port)
  socket?.write(small.subarray(0, -5))
  // A request that was not seen yet is not waited for.
  await sleep(100)
  crew.kill('SIGINT')
  await crew.line('draining', 2)
  socket?.write(small.subarray(-5))
  t.match(await readAnswer(socket as NonNullable<typeof socket>), { status: 200, closes: true })
  t.strictSame(await crew.ended, [0, null])
})

t.test('a process that dies is replaced, and the others go on', async (t) => {
  const crew = await serve(t, 2)
  const before = await crew.pids()
  t.equal(before.length, 2)
  const [victim, other] = before as [number, number]
  process.kill(victim, 'SIGKILL')
  t.match(await crew.line('a process has died'), { died: victim, restart_ms: 1000 })
  for (let i = 0; i < 4; i++)
    t.equal(
      (await fetch(`${crew.url}/ping`, closing)).status,
      200,
      'no connection goes to the dead',
    )
  t.strictSame(await crew.pids(), [other])
  const { started } = await crew.line('a process was replaced')
  t.strictSame((await crew.pids()).sort(), [other, started].sort())
  process.kill(other, 'SIGKILL')
  await crew.line('a process has died', 1)
  process.kill(started as number, 'SIGKILL')
  t.match(await crew.line('a process has died', 2), { died: started, restart_ms: 2000 })
  t.equal((await fetch(`${crew.url}/ping`, closing)).status, 200, 'held until there is a process')
  crew.child.kill('SIGTERM')
  t.strictSame(await crew.ended, [0, null])
})

t.test('processes end with their supervisor, whatever ends it', async (t) => {
  const crew = await serve(t, 2)
  const pids = await crew.pids()
  crew.child.kill('SIGKILL')
  await crew.ended
  for (const pid of pids) {
    while (isAlive(pid)) await sleep(20)
    t.notOk(isAlive(pid), 'ended')
  }
})

t.test('another model in the directory never answers beside the one that is served', async (t) => {
  const model = join(t.testdir(), 'model')
  await cp(join(root, 'model_checkpoint'), model, { recursive: true })
  const crew = await serve(t, 2, '--model-dir', model)
  const [victim, other] = (await crew.pids()) as [number, number]
  await rm(model, { recursive: true })
  const data = join(root, 'data/titanic.csv')
  const plan = ['--plan', join(root, 'data/titanic.plan.json'), '--estimator', 'decision_tree']
  t.equal((await shapserve(['train', data, '--model-dir', model, ...plan])).status, 0)
  process.kill(victim, 'SIGKILL')
  t.match((await crew.line('no replacement'))['err'], { message: /another model/ })
  t.strictSame(await crew.pids(), [other])
  process.kill(other, 'SIGKILL')
  t.strictSame(await crew.ended, [1, null], 'nobody is left who serves it')
  t.match(crew.output(), /shapserve: the model directory holds another model/)
})

t.test('what one process cannot, several say once', async (t) => {
  const several = ['--port', '0', '--workers', '3']
  const missing = await shapserve(['serve', '--model-dir', 'no-such-model', ...several])
  t.strictSame(
    missing,
    { status: 1, stdout: '', stderr: 'shapserve: there is no model directory "no-such-model"\n' },
    'a model',
  )
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const taken = ['serve', '--model-dir', 'model_checkpoint', '--workers', '2', '--port', `${port}`]
  const { status, stderr } = await shapserve(taken)
  server.close()
  t.equal(status, 1)
  t.equal(stderr, `shapserve: cannot listen on 127.0.0.1 port ${port}: it is in use\n`)
})

t.test('pauses grow to half a minute, and begin anew after a steady minute', async (t) => {
  const backOff = createBackOff()
  const pauses = [0, 5, 0, 0, 0, 0, 59_999, 60_000, 0].map((lived) => backOff.after(lived))
  t.strictSame(pauses, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 1000, 2000])
})

t.test('as many processes as the machine has cores and memory for', async (t) => {
  const machine = { cores: 8, memory: 1 << 30 }
  const count = (workers: number, multiModel = false) =>
    countProcesses({ workers, multiModel }, machine)
  t.strictSame(count(1), { processes: 1 })
  t.strictSame(count(12), { processes: 12 }, 'as asked')
  t.strictSame(count(-1), { processes: 4 }, 'by memory')
  t.strictSame(countProcesses({ workers: -1, multiModel: false }, { cores: 1, memory: 1 << 20 }), {
    processes: 1,
  })
  t.strictSame(count(-1, true), { processes: 1 }, 'models that are loaded over HTTP')
  t.match(count(2, true), { processes: 1, warning: /not 2/ })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

t.test('one process has no supervisor', async (t) => {
  const crew = await serve(t, 1)
  const children = `/proc/${crew.child.pid}/task/${crew.child.pid}/children`
  t.equal(await readFile(children, 'utf8'), '')
  t.notOk(crew.lines()[0]?.['pid'])
  crew.child.kill('SIGTERM')
  t.strictSame(await crew.ended, [0, null])
})
