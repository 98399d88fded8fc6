/** Containers of one image: run to their end, or served until they are stopped. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { run } from './commands.mjs'

const START_MS = 60_000
const STOP_MS = 40_000

/** What a container is given unless said otherwise. */
const usual = { mounts: [], env: {}, args: [] }

/** Returns how a container ended and what it printed. */
export function runContainer(builder, image, options) {
  const [program, args] = builder.command(image, { ...usual, ...options })
  return run(program, args)
}

/**
 * Starts a server in a container and waits until it answers.
 * `portName` is the variable that says at which port; `stop` sends SIGTERM and resolves to the exit status and the log.
 */
export async function serveInContainer(builder, image, options) {
  const port = await freePort()
  const env = { ...options.env, [options.portName ?? 'PORT']: String(port) }
  const [program, args] = builder.command(image, { ...usual, ...options, env })
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => {
      log += piece
    })
  const ended = once(child, 'close').then(([status]) => status)
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const url = `http://127.0.0.1:${port}`
  const until = Date.now() + START_MS
  while (!(await answers(`${url}/ping`))) {
    if (child.exitCode !== null || Date.now() > until) {
      kill()
      throw new Error(`the container does not serve: ${log.slice(-2000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    url,
    port,
    async stop() {
      const timer = setTimeout(kill, STOP_MS)
      process.kill(builder.signalled(child.pid), 'SIGTERM')
      const status = await ended
      clearTimeout(timer)
      process.off('exit', kill)
      return { status, log }
    },
  }
}

async function answers(url) {
  return await fetch(url).then(
    ({ status }) => status === 200,
    () => false,
  )
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
