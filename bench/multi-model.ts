/**
 * A multi-model endpoint while it loads, explains and unloads a large forest and many small models: how late the
 * event loop is, how long others' requests wait, how much memory is taken and given back.
 * `npm run bench -- multi-model [--cli FILE] [--trees N] [--leaves N] [--models N]`
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { freePort } from './free-port.ts'
import { writeGrownForest } from './grown-forest.ts'

const HOST = '127.0.0.1'
const CHECKPOINT = 'model_checkpoint'
const ROW = '3,"Doe, Mr. John",male,28,0,0'

interface Answer {
  readonly status: number
  readonly body: string
}

interface State {
  readonly maxMs: number
  readonly rssBytes: number
}

interface Endpoint {
  ask(method: string, path: string, type?: string, body?: string): Promise<Answer>
  /** What the event loop and the memory of the server were since the last call. */
  readState(): Promise<State>
  stop(): Promise<void>
}

async function startEndpoint(cli: string, base: string): Promise<Endpoint> {
  const port = await freePort()
  const preload = pathToFileURL('bench/loop-delay.mjs').href
  const flags = [
    '--host',
    HOST,
    '--port',
    String(port),
    '--multi-model',
    'true',
    '--log-level',
    'warn',
  ]
  const child = spawn(process.execPath, ['--import', preload, cli, 'serve', ...flags], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, SAGEMAKER_BASE_DIR: base },
  })
  const agent = new Agent({ keepAlive: true })
  const ask: Endpoint['ask'] = (method, path, type, body) =>
    new Promise((resolve, reject) => {
      const headers = type === undefined ? {} : { 'content-type': type }
      const sent = request({ host: HOST, port, method, path, agent, headers }, (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString() })
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
  await untilReady(child, ask)
  return {
    ask,
    async readState() {
      child.send('')
      const [state] = await once(child, 'message')
      return state as State
    },
    async stop() {
      agent.destroy()
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      await closed
    },
  }
}

async function untilReady(child: ChildProcess, ask: Endpoint['ask']): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error('the server did not start')
    const answer = await ask('GET', '/ping').catch(() => undefined)
    if (answer?.status === 200) return
    await sleep(20)
  }
}

/** Runs a step while another model is asked all the time, and prints what that was like. */
async function during(name: string, endpoint: Endpoint, step: () => Promise<void>): Promise<void> {
  await endpoint.readState()
  let isOver = false
  let slowest = 0
  let answers = 0
  const others = (async () => {
    while (!isOver) {
      const sent = performance.now()
      const { status } = await endpoint.ask('POST', '/models/other/invoke', 'text/csv', ROW)
      if (status !== 200) throw new Error(`another model answers ${status}`)
      slowest = Math.max(slowest, performance.now() - sent)
      answers++
    }
  })()
  const started = performance.now()
  await step()
  const seconds = (performance.now() - started) / 1000
  isOver = true
  await others
  const { maxMs, rssBytes } = await endpoint.readState()
  const cells = [
    name,
    seconds.toFixed(2),
    maxMs.toFixed(0),
    slowest.toFixed(0),
    answers,
    (rssBytes / 1e6).toFixed(0),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

async function expectOk(answer: Promise<Answer>): Promise<void> {
  const { status, body } = await answer
  if (status !== 200) throw new Error(`answer ${status}: ${body}`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cli: { type: 'string', default: 'dist/cli.js' },
      trees: { type: 'string', default: '100' },
      leaves: { type: 'string', default: '85000' },
      models: { type: 'string', default: '200' },
    },
  })
  const [trees, leaves, models] = [values.trees, values.leaves, values.models].map(Number) as [
    number,
    number,
    number,
  ]
  const base = await mkdtemp(join(tmpdir(), 'shapserve-models-'))
  const pathOf = (name: string) => join(base, 'models', name)
  try {
    const bytes = await writeGrownForest(pathOf('large'), CHECKPOINT, { trees, leaves })
    await cp(CHECKPOINT, pathOf('small'), { recursive: true })
    const endpoint = await startEndpoint(values.cli, base)
    const load = (name: string, directory: string) =>
      expectOk(
        endpoint.ask(
          'POST',
          '/models',
          'application/json',
          JSON.stringify({ model_name: name, url: pathOf(directory) }),
        ),
      )
    const remove = (name: string) => expectOk(endpoint.ask('DELETE', `/models/${name}`))
    try {
      await load('other', 'small')
      await during('warm-up', endpoint, () => sleep(2000))
      const forest = `${trees} trees, ${leaves} leaves, ${(bytes / 1e6).toFixed(0)} MB`
      console.log(`\nThe large model: ${forest}.\n`)
      const head = ['step', 's', 'loop max ms', 'slowest other ms', 'other answers', 'RSS MB']
      console.log(`| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`)
      await during('nothing', endpoint, () => sleep(2000))
      await during('load the large model', endpoint, () => load('large', 'large'))
      const ask = (path: string) =>
        expectOk(endpoint.ask('POST', `/models/large/${path}`, 'text/csv', ROW))
      await during('its first prediction', endpoint, () => ask('invoke'))
      await during('its first explanation', endpoint, () => ask('explain'))
      await during('its second explanation', endpoint, () => ask('explain'))
      await during('unload it', endpoint, () => remove('large'))
      await during('load and unload it five times', endpoint, async () => {
        for (let i = 0; i < 5; i++) {
          await load('large', 'large')
          await remove('large')
        }
      })
      const names = Array.from({ length: models }, (_, i) => `m${i}`)
      await during(`load ${models} small models`, endpoint, async () => {
        for (const name of names) await load(name, 'small')
      })
      await during('unload them', endpoint, async () => {
        for (const name of names) await remove(name)
      })
    } finally {
      await endpoint.stop()
    }
  } finally {
    await rm(base, { recursive: true, force: true })
  }
}

await main()
