/** The largest requests that platforms send: answered, in how much memory and processor time. */
import { request } from 'node:http'
import { BODY_LIMIT } from './abusive.ts'
import { type Large, largeRequests } from './large.ts'
import { trainModel } from './models.ts'
import { aim, type Figure, mustBe, type Part, tell } from './part.ts'
import { type Server, startServer } from './server.ts'

const MIB = 1 << 20
const LIMIT_MS = 120_000

interface Answer {
  readonly status: number
  readonly bytes: number
  readonly text: string
}

function post(port: number, { path, type, accept, headers }: Large, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        headers: { 'content-type': type, accept, 'content-length': body.length, ...headers },
      },
      (response) => {
        let bytes = 0
        let text = ''
        response.on('data', (piece: Buffer) => {
          bytes += piece.length
          if (text.length < 200) text += piece.toString('latin1')
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes, text }))
        response.on('error', reject)
      },
    )
    sent.setTimeout(LIMIT_MS, () => sent.destroy(new Error(`nothing for ${LIMIT_MS} ms`)))
    sent.on('error', reject)
    sent.end(body)
  })
}

async function ask(server: Server, large: Large, idle: number): Promise<Figure[]> {
  const body = large.body()
  await server.collect()
  server.resetPeak()
  const cpu = server.readCpu()
  const began = performance.now()
  const { status, bytes, text } = await post(server.port, large, body).catch((error: Error) => ({
    status: 0,
    bytes: 0,
    text: error.message,
  }))
  const seconds = (performance.now() - began) / 1000
  if (status !== 200) console.log(`${large.name}: ${status} ${text.slice(0, 300)}`)
  const what = `${large.name} (${(body.length / MIB).toFixed(1)} MiB)`
  return [
    mustBe(`${what}: status`, status, 200),
    tell('answer', bytes / MIB, 'MiB'),
    tell('time', seconds, 's'),
    tell('processor', server.readCpu() - cpu, 's'),
    aim(
      'memory, peak above idle',
      (server.readMemory().peak - idle) / MIB,
      (4 * BODY_LIMIT) / MIB,
      'MiB',
    ),
  ]
}

export const big: Part = {
  what: 'requests of 6 to 99 MiB in every format: answered; memory and processor time',
  seconds: 300,
  async run({ cli, seconds, directory }) {
    const modelDir = trainModel(cli, directory, 'logistic')
    const end = performance.now() + seconds * 1000
    const figures: Figure[] = []
    for (const isBatch of [false, true]) {
      const env: Record<string, string> = isBatch ? { SAGEMAKER_BATCH: 'true' } : {}
      const server = await startServer({ cli, modelDir, env })
      const idle = server.readMemory().rss
      try {
        for (const large of largeRequests) {
          if ((large.isBatch ?? false) !== isBatch) continue
          if (performance.now() > end) figures.push(tell(large.name, 'no time left'))
          else figures.push(...(await ask(server, large, idle)))
        }
        figures.push(mustBe('server runs', String(server.isAlive()), 'true'))
      } finally {
        await server.stop()
      }
    }
    return figures
  },
}
