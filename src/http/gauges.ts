/** Numbers of the moment, for metrics: what a serving process is doing and what waits in it. */
import type { Server } from 'node:http'
import type { JobPool } from '../answering/pool.ts'
import { connectionsOf, openExchanges } from './connections.ts'
import type { Gauges } from './metrics.ts'
import type { ServiceLoad } from './service-load.ts'

/**
 * Returns the gauges of a server that is being built.
 * @param server returns it once it is there
 */
export function gaugesOf(
  server: () => Server | undefined,
  pool: JobPool,
  load: ServiceLoad,
): Gauges {
  const connections = () => {
    const found = server()
    return [...((found && connectionsOf(found)?.all) ?? [])]
  }
  return {
    connections: { help: 'Open connections', value: () => connections().length },
    requests_in_flight: {
      help: 'Requests that have arrived, at least in part, and are not wholly answered',
      value: () => connections().reduce((sum, one) => sum + openExchanges(one).length, 0),
    },
    body_bytes: { help: 'Bytes of the bodies that are held', value: () => load.bodyBytes },
    turns_waiting: {
      help: 'Requests that wait for their turn on the event loop',
      value: () => load.waiting,
    },
    jobs_running: {
      help: 'Requests in worker threads',
      label: 'kind',
      value: () => pool.load.running,
    },
    jobs_waiting: {
      help: 'Requests that wait for a worker thread',
      label: 'kind',
      value: () => pool.load.waiting,
    },
    thread_restarts: {
      help: 'Worker threads that died and were replaced',
      value: () => pool.load.restarts,
    },
  }
}
