/** One HTTP request as it stands in a case: no header is added that the case does not name. */
import { request as open } from 'node:http'
import type { Answer, WireRequest } from './exchange.ts'

const TIMEOUT_MS = 60_000

/** Returns the answer to a request to this machine; rejects when there is none in time. */
export function send(port: number, request: WireRequest): Promise<Answer> {
  const started = performance.now()
  const { method, path, body } = request
  const named = Object.keys(request.headers).map((name) => name.toLowerCase())
  const hasLength = named.includes('content-length') || named.includes('transfer-encoding')
  const bodyLength = body?.length ?? (method === 'GET' || method === 'HEAD' ? undefined : 0)
  return new Promise((resolve, reject) => {
    const out = open({
      ...{ host: '127.0.0.1', port, method, path, agent: false },
      headers: {
        ...request.headers,
        ...(hasLength || bodyLength === undefined ? {} : { 'Content-Length': bodyLength }),
      },
    })
    const timer = setTimeout(
      () => out.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)),
      TIMEOUT_MS,
    )
    out.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    out.on('response', (incoming) => {
      const received: Buffer[] = []
      incoming.on('data', (piece: Buffer) => received.push(piece))
      incoming.on('error', reject)
      incoming.on('end', () => {
        clearTimeout(timer)
        resolve({
          status: incoming.statusCode ?? 0,
          headers: new Map(
            Object.entries(incoming.headersDistinct).map(([name, values = []]) => [
              name,
              values.join(', '),
            ]),
          ),
          body: Buffer.concat(received),
          ms: performance.now() - started,
        })
      })
    })
    out.end(body)
  })
}
