/** The serving process as a guest: with no rights, no reader of its log, and a defect, as the built command. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, readdir, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { dropWhenFull } from '../../src/http/logger.ts'
import { atEnd } from '../at-end.ts'
import { cli, root, run, startServing } from '../command.ts'
import { checkpoint, passenger } from '../helper.ts'
import { open, readAnswer, requestOf } from '../load.ts'

const small = requestOf('/invocations', 'text/csv', passenger.csv)
const ping = Buffer.from('GET /ping HTTP/1.1\r\nhost: x\r\n\r\n')
const defect = join(root, 'test/fixtures/defect.mjs')

interface Guest {
  readonly child: ChildProcess
  readonly port: number
  readonly ended: Promise<unknown[]>
  /** Text of standard output and error so far. */
  readonly output: () => string
}

/** Starts a server with exactly this environment. */
async function serve(
  t: Test,
  flags: readonly string[] = [],
  options: {
    node?: readonly string[]
    env?: Record<string, string>
    uid?: number
    gid?: number
    model?: string
  } = {},
): Promise<Guest> {
  const { node = [], env = {}, model = 'model_checkpoint', ...user } = options
  const args = [...node, cli, 'serve', '--model-dir', model, '--port', '0', ...flags]
  // Nothing else in the environment: tests put a loader there.
  const only = ['-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)]
  const child = spawn('env', [...only, process.execPath, ...args], { cwd: root, ...user })
  const forget = atEnd(`kill -s KILL ${child.pid} 2>/dev/null`)
  child.on('exit', forget)
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => {
      text += piece
    })
  const ended = once(child, 'exit')
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  const url = () => /"url":"(http:[^"]+)"/.exec(text)?.[1]
  while (!url()) {
    if (isOver) throw new Error(`it did not start: ${text}`)
    await sleep(10)
  }
  return { child, port: Number(new URL(url() as string).port), ended, output: () => text }
}

const ask = (port: number, path: string, type: string, body: string) =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  })

t.test('any user, no home, no room for temporary files, nothing written', async (t) => {
  // A place that every user may read.
  const base = join(tmpdir(), `shapserve-guest-${process.pid}`)
  await cp(checkpoint, base, { recursive: true })
  atEnd(`rm -rf ${base}`)
  await chmod(base, 0o755)
  // Without the permission to write, every attempt would be an error.
  const node = ['--permission', '--allow-fs-read=*', '--allow-worker', '--allow-child-process']
  const env = { TMPDIR: '/no/such/directory' }
  const isOther = process.getuid?.() === 0 && (await isReadableByAll())
  const others = [
    { user: { uid: 65532, gid: 65532 }, workers: '2' },
    { user: { uid: 1234567, gid: 0 }, workers: '1' },
  ]
  for (const { user, workers } of [{ user: {}, workers: '1' }, ...(isOther ? others : [])]) {
    const options = { ...user, node, env, model: base }
    const { child, port, ended, output } = await serve(t, ['--workers', workers], options)
    const rows = `${passenger.csv}\n`.repeat(5000)
    for (const [path, body] of [
      ['/invocations', passenger.csv],
      ['/explain', passenger.csv],
      ['/invocations', rows],
    ] as const) {
      const answer = await ask(port, path, 'text/csv', body)
      t.equal(answer.status, 200, `${path} ${body.length}`)
      // Who does not read his answer is waited for.
      await answer.arrayBuffer()
    }
    child.kill('SIGTERM')
    t.strictSame(await ended, [0, null], output())
  }
})

/** A checkout may lie where only its owner may look. */
async function isReadableByAll(): Promise<boolean> {
  const command = ['-i', process.execPath, cli, '--version']
  const child = spawn('env', command, { cwd: '/', uid: 65532, gid: 65532 })
  child.on('error', () => {})
  const [status] = await once(child, 'close')
  return status === 0
}

t.test('a log that nobody reads loses lines, not requests', async (t) => {
  for (const workers of ['1', '2']) {
    const { child, port, ended } = await serve(t, ['--workers', workers])
    child.stdout?.pause()
    const socket = await open(port)
    if (!socket) throw new Error('nobody listens')
    let answered = 0
    // More than a pipe holds and more than waits: 250 bytes a line.
    for (let i = 0; i < 60; i++) {
      socket.write(Buffer.concat(Array.from({ length: 100 }, () => small)))
      for (let j = 0; j < 100; j++) if ((await readAnswer(socket)).status === 200) answered++
    }
    t.equal(answered, 6000)
    socket.destroy()
    child.kill('SIGTERM')
    t.strictSame(await ended, [0, null], 'and it ends')
  }
})

t.test('dropped lines are counted in their place', async (t) => {
  const written: string[] = []
  const to = { writableLength: 0, write: (text: string) => written.push(text) }
  const stream = dropWhenFull(to)
  stream.write('a\n')
  to.writableLength = (1 << 20) + 1
  stream.write('b\n')
  stream.write('c\nd\n')
  to.writableLength = 1 << 20
  stream.write('e\n')
  stream.write('f\n')
  t.strictSame([written[0], ...written.slice(2)], ['a\n', 'e\n', 'f\n'])
  t.match(JSON.parse(written[1] as string), { level: 40, dropped: 3, msg: /dropped/ })
})

t.test('a log whose reader has gone', async (t) => {
  for (const workers of ['1', '2']) {
    const { child, port, ended } = await serve(t, ['--workers', workers])
    child.stdout?.destroy()
    child.stderr?.destroy()
    for (let i = 0; i < 20; i++)
      t.equal((await ask(port, '/invocations', 'text/csv', passenger.csv)).status, 200)
    child.kill('SIGTERM')
    t.strictSame(await ended, [0, null])
  }
})

t.test('what nobody caught ends the process once it has answered', async (t) => {
  for (const kind of ['error', 'rejection']) {
    const env = { DEFECT: kind }
    const { child, port, ended, output } = await serve(t, [], { node: ['--import', defect], env })
    const [half, kept] = [await open(port), await open(port)]
    if (!half || !kept) throw new Error('nobody listens')
    half.write(small.subarray(0, -5))
    kept.write(ping)
    t.match(await readAnswer(kept), { status: 200 })
    child.kill('SIGUSR2')
    while (!output().includes('"draining"')) await sleep(5)
    kept.write(ping)
    t.match(await readAnswer(kept), { status: 503 }, 'it says that it is unwell')
    half.write(small.subarray(-5))
    t.match(await readAnswer(half), { status: 200 }, 'what was begun is answered')
    t.strictSame(await ended, [1, null])
    t.match(output(), /"level":60.*a defect/)
    t.equal(output().match(/a defect/g)?.length, 2, 'once: message and stack')
  }
})

t.test('a defect is not waited for without end', async (t) => {
  const { child, port, ended } = await serve(t, [], { node: ['--import', defect] })
  const stuck = await open(port)
  stuck?.write(small.subarray(0, -5))
  await sleep(50)
  child.kill('SIGUSR2')
  t.match(await readAnswer(stuck as NonNullable<typeof stuck>), { status: 503 })
  t.strictSame(await ended, [1, null])
})

t.test('of several processes the one with the defect ends and is replaced', async (t) => {
  const serving = await startServing(process.execPath, [
    ...['--import', defect, cli, 'serve', '--model-dir', 'model_checkpoint'],
    ...['--port', '0', '--workers', '2'],
  ])
  t.teardown(() => serving.kill('SIGKILL'))
  const port = Number(new URL(serving.url).port)
  const socket = await open(port)
  socket?.write(small.subarray(0, -5))
  await fetch(`${serving.url}/no-such`, { headers: { connection: 'close' } })
  while (!/"pid":\d+,"reqId"/.test(serving.output())) await sleep(10)
  const pid = Number(/"pid":(\d+),"reqId"/.exec(serving.output())?.[1])
  process.kill(pid, 'SIGUSR2')
  // A connection that was on its way to it when the defect came is refused there; no later one is.
  const statuses: number[] = []
  while (!statuses.slice(-6).every((status) => status === 200) || statuses.length < 6) {
    const answer = await fetch(`${serving.url}/ping`, { headers: { connection: 'close' } })
    statuses.push(answer.status)
  }
  t.ok(statuses.length <= 12, `new connections go elsewhere: ${statuses}`)
  socket?.write(small.subarray(-5))
  t.match(await readAnswer(socket as NonNullable<typeof socket>), { status: 200 })
  while (!serving.output().includes('a process was replaced')) await sleep(20)
  t.match(serving.output(), new RegExp(`"died":${pid},"how":"status 1"`))
  serving.child.kill('SIGTERM')
  t.strictSame(await once(serving.child, 'exit'), [0, null])
})

t.test('routes that cannot be built end it', async (t) => {
  const broken = t.testdir()
  for (const name of await readdir(join(root, 'dist')))
    if (!/^app-.*\.js$/.test(name)) await symlink(join(root, 'dist', name), join(broken, name))
  for (const workers of ['1', '2']) {
    const args = ['serve', '--model-dir', 'model_checkpoint', '--port', '0', '--workers', workers]
    const node = ['--preserve-symlinks', '--preserve-symlinks-main']
    const { status, stderr } = await run(process.execPath, [
      ...node,
      join(broken, 'cli.js'),
      ...args,
    ])
    t.equal(status, 70)
    t.match(stderr, /shapserve: internal error: .*Cannot find module '[^']*app-/)
  }
})

t.test('a signal before it serves', async (t) => {
  for (const workers of ['1', '2']) {
    for (const pause of [150, 300]) {
      const args = [cli, 'serve', '--model-dir', 'model_checkpoint', '--port', '0']
      const child = spawn('env', ['-i', process.execPath, ...args, '--workers', workers], {
        cwd: root,
      })
      t.teardown(() => child.kill('SIGKILL'))
      const ended = once(child, 'exit')
      await sleep(pause)
      child.kill('SIGTERM')
      const [status, signal] = await ended
      // Before a handler is there, the signal itself ends it.
      t.ok(status === 0 || signal === 'SIGTERM', `${workers}, ${pause} ms: ${status}, ${signal}`)
    }
  }
})
