/** Several processes behind one port: connections go round, a process that dies is replaced, a stop drains all. */
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ArtifactError } from '../errors.ts'
import { createAccess } from '../http/access.ts'
import { closeListeners } from '../http/drain.ts'
import { listenOn, urlOf } from '../http/listen.ts'
import type { Logger } from '../http/logger.ts'
import { serveMetrics } from '../http/metrics-server.ts'
import type { ServerOptions } from '../http/server.ts'
import { createBackOff } from './back-off.ts'
import { createGatherer } from './gather-metrics.ts'
import type { Readiness } from './messages.ts'
import { type ServingProcess, startProcess } from './process.ts'

/** Clients that are held while no process can take them. */
const MOST_WAITING = 1024
/** A start does not wait for more than one listener per address. */
const SOON_MS = 50
/** What a process may need beyond its drain's limit before it is killed. */
const OVERTIME_MS = 6000

export interface Supervisor {
  readonly url: string
  readonly example: Readiness['example']
  /** Throws when the service cannot go on: no process is left, and none can be started. */
  readonly failed: Promise<never>
  /** Answers what is asked, and ends all processes. */
  drain(reason: string, limitMs?: number): Promise<void>
}

/**
 * Starts the processes and, once all can answer, listens.
 * @param blockedMs milliseconds for which a process may stand still before it is replaced
 * @throws what the first process that cannot start throws; InputError for an address that cannot be used
 */
export async function startProcesses(
  options: ServerOptions,
  processes: number,
  log: Logger,
  blockedMs?: number,
): Promise<Supervisor> {
  const { config, warnings } = options
  for (const warning of warnings) log.warn(warning)
  const running = new Set<ServingProcess>()
  const waiting: Socket[] = []
  const gatherer = config.metrics === '' ? undefined : createGatherer()
  let isStopping = false
  let turn = 0

  const dispatch = (socket: Socket) => {
    const taking = [...running].filter(({ takes }) => takes)
    if (taking.length > 0) return taking[turn++ % taking.length]!.give(socket)
    if (waiting.length < MOST_WAITING && !isStopping) return void waiting.push(socket)
    socket.destroy()
  }
  const start = () => {
    const started = startProcess(options, processes, blockedMs)
    running.add(started)
    void started.ended.then(({ left, wasBlocked }) => {
      running.delete(started)
      gatherer?.ended(started, wasBlocked)
      for (const socket of left) dispatch(socket)
    })
    return started
  }
  const endAll = () => {
    isStopping = true
    for (const process of running) process.kill()
  }

  const firsts = Array.from({ length: processes }, start)
  const [first] = await Promise.all(firsts.map(({ ready }) => ready)).catch((error) => {
    endAll()
    throw error
  })
  const { facts, modelId, example } = first as Readiness
  for (const process of firsts) process.open()

  let fail: (error: unknown) => void = () => {}
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => {})
  /** Keeps one process running for as long as the service does. */
  const keep = async (first: ServingProcess) => {
    const backOff = createBackOff()
    for (let current = first; ; ) {
      const { how, livedMs, wasBlocked, failure } = await current.ended
      if (isStopping) return
      if (failure && current === first) {
        endAll()
        return fail(failure)
      }
      const pause = backOff.after(livedMs)
      const why = wasBlocked ? 'a process stood still and was ended' : 'a process has died'
      log.error({ died: current.pid, how, restart_ms: pause }, why)
      await sleep(pause)
      if (isStopping) return
      current = start()
      try {
        checkModel(await current.ready, modelId)
        current.open()
        log.info({ started: current.pid }, 'a process was replaced')
        for (const socket of waiting.splice(0)) dispatch(socket)
      } catch (error) {
        current.kill()
        if (isStopping) return
        if ([...running].some(({ takes }) => takes)) log.error({ err: error }, 'no replacement')
        else {
          endAll()
          fail(error)
        }
      }
    }
  }

  const another = () =>
    createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, dispatch)
  const listening = await listenOn(config, another(), (address) =>
    another().on('error', (error) => log.warn({ address, err: error }, 'not listening')),
  ).catch((error) => {
    endAll()
    throw error
  })
  // Each process checks tokens itself; of the supervisor's own address this is asked here.
  const access =
    gatherer && config.tokenFile !== '' ? await createAccess(config.tokenFile, log) : undefined
  const metrics = await serveMetrics(config, access, log, async () =>
    gatherer ? gatherer.text([...running].filter(({ takes }) => takes)) : '',
  ).catch((error) => {
    endAll()
    throw error
  })
  for (const process of firsts) void keep(process)
  const url = urlOf(listening.servers[0] as Server, config)
  log.info({ url, ...facts, processes }, 'serving')
  const opened = sleep(SOON_MS).then(listening.openDoors)

  return {
    url,
    example,
    failed,
    async drain(reason, limitMs = config.drainMs) {
      if (isStopping) return
      isStopping = true
      const limit = performance.now() + limitMs
      log.info({ reason }, 'draining')
      for (const process of running) process.order({ kind: 'drain', reason, limitMs })
      await sleep(Math.min(limitMs, config.drainGraceMs))
      await opened
      await closeListeners(listening.servers, limit)
      for (const socket of waiting) socket.destroy()
      for (const process of running) process.order({ kind: 'closed' })
      const late = setTimeout(endAll, limit - performance.now() + OVERTIME_MS)
      await Promise.all([...running].map(({ ended }) => ended))
      clearTimeout(late)
      metrics?.close()
      access?.close()
      log.info('stopped')
    },
  }
}

/** A directory whose model was replaced must not answer beside the model that is served. */
function checkModel({ modelId }: Readiness, served: string | undefined): void {
  if (modelId === served) return
  throw new ArtifactError(
    'mismatch',
    'the model directory holds another model than the one that is served; restart the service',
  )
}
