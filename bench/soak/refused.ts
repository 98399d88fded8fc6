/** Requests that are refused before their body was read: whether every client can read why, also through a proxy. */
import { findClients, type Upload } from './clients.ts'
import { trainModel } from './models.ts'
import { type ProxyServer, startNginx } from './nginx.ts'
import { type Figure, mustReach, type Part } from './part.ts'
import { startServer } from './server.ts'

const ROUNDS = 100
const MB = 1_000_000
const csv = { 'content-type': 'text/csv' }

interface Refusal {
  readonly status: number
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly megabytes: readonly number[]
}

const refusals: readonly Refusal[] = [
  { status: 404, method: 'POST', path: '/nowhere', headers: csv, megabytes: [1, 50] },
  { status: 405, method: 'POST', path: '/ping', headers: csv, megabytes: [1, 50] },
  {
    status: 406,
    method: 'POST',
    path: '/invocations',
    headers: { ...csv, accept: 'image/png' },
    megabytes: [1, 50],
  },
  // Twice and eight times the limit.
  { status: 413, method: 'POST', path: '/invocations', headers: csv, megabytes: [50, 200] },
  {
    status: 415,
    method: 'POST',
    path: '/invocations',
    headers: { 'content-type': 'text/xml' },
    megabytes: [1, 50],
  },
]

/** Whether what was read is the problem document of a status. */
function isProblem(text: string, status: number): boolean {
  try {
    return (JSON.parse(text) as { status: unknown }).status === status
  } catch {
    return false
  }
}

interface Count {
  tried: number
  read: number
}

export const refused: Part = {
  what: 'early refusals of 1 to 200 MB, directly and through nginx: every client reads them',
  seconds: 600,
  async run({ cli, seconds, directory }) {
    const server = await startServer({ cli, modelDir: trainModel(cli, directory, 'logistic') })
    let proxy: ProxyServer | undefined
    try {
      proxy = await startNginx(server.port, directory)
      const ways: readonly (readonly [string, number])[] = [
        ['directly', server.port],
        ...(proxy
          ? ([
              ['nginx', proxy.buffering],
              ['nginx, streaming', proxy.streaming],
            ] as const)
          : []),
      ]
      const clients = findClients()
      const counts = new Map<string, Count>()
      const tryAll = async (upload: Upload, way: string, status: number) => {
        for (const client of clients) {
          for (const read of await client(upload, directory)) {
            const what = `${read.client}, ${way}: read`
            const count = counts.get(what) ?? { tried: 0, read: 0 }
            counts.set(what, count)
            count.tried++
            if (read.status === status && isProblem(read.text, status)) count.read++
            else {
              const { method, url, bytes } = upload
              const text = read.text.slice(0, 160).replaceAll('\n', ' ')
              console.log(`${what}: ${method} ${url}, ${bytes} bytes: ${read.status} ${text}`)
            }
          }
        }
      }
      const end = performance.now() + seconds * 1000
      for (let round = 0; round < ROUNDS && performance.now() < end; round++) {
        for (const { status, megabytes, path, ...rest } of refusals) {
          for (const size of megabytes) {
            for (const [way, port] of ways) {
              const url = `http://127.0.0.1:${port}${path}`
              // The first round is made whole, whatever it takes.
              if (round > 0 && performance.now() > end) break
              await tryAll({ ...rest, url, bytes: size * MB }, way, status)
            }
          }
        }
      }
      return [...counts].map(([what, { tried, read }]): Figure => mustReach(what, read, tried))
    } finally {
      await proxy?.stop()
      await server.stop()
    }
  },
}
