/** The address of metrics: apart from that of requests, so that who may ask for one need not see the other. */
import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { Config } from '../config.ts'
import { InputError } from '../errors.ts'
import { type Access, checkExposure, isReachable } from './access.ts'
import { asInputError, describeProblem, PROBLEM_TYPE } from './errors.ts'
import { listenOn, type Place, urlOf } from './listen.ts'

/** Prometheus' text format, version 0.0.4. */
const TEXT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
/** Scrapers come one at a time. */
const MAX_CONNECTIONS = 16

export interface MetricsServer {
  readonly url: string
  close(): void
}

/**
 * Listens for GET /metrics.
 * @param access asks who calls where others than this machine reach the address
 * @throws InputError `invalid_parameter` for an address that cannot be used
 */
async function startMetricsServer(
  place: Place,
  access: Access | undefined,
  text: () => Promise<string>,
): Promise<MetricsServer> {
  const asked = isReachable(place.host) ? access : undefined
  const create = (): Server => {
    const server = createServer(async (request, response) => {
      request.resume()
      const send = (status: number, headers: Record<string, string>, body: string | Buffer) =>
        response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body)
      const refuse = (error: InputError) => {
        const { status, body, headers } = describeProblem(error, randomUUID())
        send(status, { ...headers, 'content-type': PROBLEM_TYPE }, body)
      }
      try {
        asked?.check(request)
        const isRead = request.method === 'GET' || request.method === 'HEAD'
        if (!isRead || request.url?.split('?')[0] !== '/metrics')
          throw new InputError('not_found', 'there is GET /metrics only')
        send(200, { 'content-type': TEXT_TYPE }, await text())
      } catch (error) {
        refuse(asInputError(error))
      }
    })
    server.maxConnections = MAX_CONNECTIONS
    server.headersTimeout = 10_000
    server.requestTimeout = 10_000
    return server
  }
  const { servers } = await listenOn(place, create(), create)
  return {
    url: urlOf(servers[0] as Server, place),
    close() {
      for (const listener of servers as readonly Server[]) {
        listener.close()
        listener.closeAllConnections()
      }
    },
  }
}

/**
 * Starts what answers metrics, where it is asked for.
 * @throws InputError `invalid_parameter` for an address that others reach when nobody asks who calls
 */
export async function serveMetrics(
  config: Config,
  access: Access | undefined,
  log: { info(facts: object, text: string): void },
  text: () => Promise<string>,
): Promise<MetricsServer | undefined> {
  if (config.metrics === '') return undefined
  const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(config.metrics) ?? []
  checkExposure('--metrics', host, config)
  const server = await startMetricsServer({ host, port: Number(port) }, access, text)
  log.info({ metrics_url: `${server.url}/metrics` }, 'metrics')
  return server
}
