/** The service of a model directory, started as SageMaker starts it, with this very program. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createService, type Service } from './asked-service.ts'
import { CheckFailure } from './check.ts'

/** SageMaker gives a container so long until its first 200. */
const START_SECONDS = 480
/** Docker, and SageMaker with it, kills what has not ended so long after SIGTERM. */
const STOP_SECONDS = 30
const LOOK_MS = 10
/** Characters of the log's end that are kept. */
const KEPT = 4000

export interface OwnServer {
  readonly service: Service
  /** Time from the start of the process to its first 200. */
  readonly startMs: number
  /** Returns the time from SIGTERM to the end; throws CheckFailure for another end than exit 0. */
  stop(): Promise<number>
  kill(): void
}

/**
 * Starts the service on a free port of this machine.
 * @throws CheckFailure with what the process said last, when it ends or does not answer
 */
export async function startOwnServer(directory: string): Promise<OwnServer> {
  const port = await freePort()
  const started = performance.now()
  const child = spawn(
    process.execPath,
    [
      process.argv[1]!,
      'serve',
      '--model-dir',
      directory,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const said = keepEnd(child)
  const service = createService(`http://127.0.0.1:${port}`)
  try {
    await firstPing(service, child, started)
  } catch (error) {
    child.kill('SIGKILL')
    await exited
    throw error instanceof CheckFailure && said() !== ''
      ? new CheckFailure(`${error.message}; it said: ${lastWords(said())}`)
      : error
  }
  return {
    service,
    startMs: performance.now() - started,
    async stop() {
      const signalled = performance.now()
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS * 1000)
      const [code, signal] = await exited
      clearTimeout(timer)
      if (code !== 0)
        throw new CheckFailure(
          `SIGTERM ended it with ${signal ?? `exit status ${code}`}, not with 0`,
        )
      return performance.now() - signalled
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

async function firstPing(service: Service, child: ChildProcess, started: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new CheckFailure(
        `the service ended with ${child.signalCode ?? `exit status ${child.exitCode}`}`,
      )
    if (performance.now() - started > START_SECONDS * 1000)
      throw new CheckFailure(`no 200 of /ping within ${START_SECONDS} s`)
    const status = await service.ask('/ping', START_SECONDS).then(
      (answer) => answer.status,
      () => 0,
    )
    if (status === 200) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function keepEnd(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (piece: Buffer) => {
      text = (text + piece.toString()).slice(-KEPT)
    })
  return () => text.trim()
}

function lastWords(text: string): string {
  return text.split('\n').slice(-1)[0]!.slice(0, 500)
}
