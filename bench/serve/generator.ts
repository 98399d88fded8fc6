/** What makes the load: wrk where it is installed, because it costs least, otherwise the client beside it. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { load } from './client.ts'
import { HOST, type Scenario } from './scenarios.ts'
import type { Server } from './servers.ts'

/** What a load has measured. */
export interface Measured {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  /** Microseconds of the server's processor time a request; undefined where the system does not say. */
  readonly serverMicros: number | undefined
}

/** Keeps so many connections busy for some seconds; fails for an answer that is none of 2xx. */
export type MakeLoad = (
  server: Server,
  scenario: Scenario,
  connections: number,
  seconds: number,
) => Promise<Measured>

/** Returns the load generator of this machine, and its name. */
export function findGenerator(): { name: string; makeLoad: MakeLoad } {
  // It exits with 1 after it has shown its version.
  const hasWrk = spawnSync('wrk', ['-v']).error === undefined
  if (hasWrk) return { name: 'wrk', makeLoad: loadByWrk }
  console.log('wrk is not installed (Debian: apt-get install wrk); the own client makes the load\n')
  const makeLoad: MakeLoad = (server, scenario, connections, seconds) =>
    load(server, scenario, connections, { warmUp: 0, seconds })
  return { name: 'the own client', makeLoad }
}

async function loadByWrk(
  { port, cpuMicros }: Server,
  { method, path, type = '', body = '', accept = '' }: Scenario,
  connections: number,
  seconds: number,
): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'shapserve-wrk-'))
  try {
    const script = join(directory, 'request.lua')
    const bodyFile = join(directory, 'body')
    await writeFile(bodyFile, body)
    const headers = Object.entries({ 'content-type': type, accept })
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `wrk.headers["${name}"] = "${value}"\n`)
      .join('')
    await writeFile(
      script,
      `wrk.method = "${method}"\n${headers}wrk.body = io.open("${bodyFile}"):read("*all")\n`,
    )
    const before = cpuMicros()
    const child = spawn(
      'wrk',
      [
        ...['-t', '1', '-c', `${connections}`, '-d', `${seconds}s`, '--latency', '-s', script],
        `http://${HOST}:${port}${path}`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const output = await text(child.stdout)
    const after = cpuMicros()
    const requests = Number(/(\d+) requests in/.exec(output)?.[1])
    const [, p50, unit] = /50%\s+([\d.]+)(us|ms|s)/.exec(output) ?? []
    const lost = /Non-2xx.*|Socket errors.*/.exec(output)?.[0]
    if (!(requests > 0) || lost !== undefined)
      throw new Error(`${method} ${path}: ${lost ?? output}`)
    const milliseconds = { us: 1e-3, ms: 1, s: 1e3 }[unit ?? 's'] as number
    return {
      perSecond: requests / seconds,
      p50: Number(p50) * milliseconds,
      serverMicros:
        before === undefined || after === undefined ? undefined : (after - before) / requests,
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
