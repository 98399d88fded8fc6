/** Programs that send a body and read what is answered: those of Node, curl, and Python's where they are installed. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface Upload {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: number
}

/** What a client could read of an answer; status 0 and why where it could not. */
export interface Read {
  readonly client: string
  readonly status: number
  readonly text: string
}

const LIMIT_MS = 60_000
const PYTHON = process.env['PYTHON'] ?? 'python3'

/** A client, or several that one program has. */
export type Client = (upload: Upload, directory: string) => Promise<readonly Read[]>

async function byFetch({ method, url, headers, bytes }: Upload): Promise<Read[]> {
  const client = 'fetch'
  try {
    const body = Buffer.alloc(bytes, '1')
    const signal = AbortSignal.timeout(LIMIT_MS)
    const answer = await fetch(url, { method, headers, body, signal })
    return [{ client, status: answer.status, text: await answer.text() }]
  } catch (error) {
    const { message, cause } = error as Error
    return [{ client, status: 0, text: `${message}: ${String(cause)}` }]
  }
}

function byHttp({ method, url, headers, bytes }: Upload): Promise<Read[]> {
  return new Promise((resolve) => {
    const done = (status: number, text: string) => resolve([{ client: 'node:http', status, text }])
    const sent = request(url, { method, headers: { ...headers, 'content-length': bytes } })
    sent.setTimeout(LIMIT_MS, () => sent.destroy(new Error('no answer')))
    sent.on('response', (response) => {
      text(response).then(
        (body) => done(response.statusCode ?? 0, body),
        (error: Error) => done(0, error.message),
      )
    })
    sent.on('error', (error) => done(0, error.message))
    sent.end(Buffer.alloc(bytes, '1'))
  })
}

/** Once as it is, which waits for 100 Continue, and once without. */
async function byCurl(upload: Upload, directory: string): Promise<Read[]> {
  const file = join(directory, 'body')
  writeFileSync(file, Buffer.alloc(upload.bytes, '1'))
  const reads: Read[] = []
  for (const [client, more] of [
    ['curl', []],
    ['curl without Expect', ['-H', 'Expect:']],
  ] as const) {
    const headers = Object.entries(upload.headers).flatMap(([k, v]) => ['-H', `${k}: ${v}`])
    const child = spawn('curl', [
      ...['-sS', '--noproxy', '*', '-X', upload.method, ...headers, ...more],
      ...['--data-binary', `@${file}`, '-w', '\n%{http_code}', upload.url],
    ])
    const closed = once(child, 'close')
    const [out, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
    const [status] = await closed
    const at = out.lastIndexOf('\n')
    const read = Number(out.slice(at + 1))
    reads.push({ client, status: status === 0 ? read : 0, text: complaint || out.slice(0, at) })
  }
  return reads
}

async function byPython(upload: Upload): Promise<Read[]> {
  const child = spawn(PYTHON, ['bench/soak/clients.py'], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(`${JSON.stringify(upload)}\n`)
  const out = await text(child.stdout)
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Read)
}

/** Whether a program can be run; says so where it cannot. */
export function isInstalled(command: string, flag = '--version'): boolean {
  const { error } = spawnSync(command, [flag], { stdio: 'ignore' })
  if (error) console.log(`notice: no ${command}, its checks are left out`)
  return !error
}

/** Returns the clients that this machine has. */
export function findClients(): Client[] {
  return [
    byFetch,
    byHttp,
    ...(isInstalled('curl') ? [byCurl] : []),
    ...(isInstalled(PYTHON) ? [byPython] : []),
  ]
}
