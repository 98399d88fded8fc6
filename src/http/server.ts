/** The serving process: loads the model, listens, and stops without losing a request. */
import type { Server } from 'node:http'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { collectWhenIdle } from '../answering/collect-garbage.ts'
import { createInlineLoader, createThreadLoader } from '../answering/loader.ts'
import { createModelMemory } from '../answering/model-memory.ts'
import { createJobPool, defaultWorkers, hasSpareCore } from '../answering/pool.ts'
import { createTally, readTally, withTally } from '../answering/tally.ts'
import { parseOutputNames } from '../answering/tensor-outputs.ts'
import { checkCondition } from '../codecs/clarify.ts'
import { parseSelection, selectionWarnings } from '../codecs/selection.ts'
import type { Config } from '../config.ts'
import { InputError } from '../errors.ts'
import { readPublicKey } from '../model-directory/keys.ts'
import { type LoadedModel, readModelDirectory } from '../model-directory/read.ts'
import { exampleRow } from '../predictor/describe-model.ts'
import { memoryLimit } from '../tables/memory-limit.ts'
import { type Access, checkExposure, createAccess } from './access.ts'
import { mostConnections } from './descriptor-limit.ts'
import { closeListeners, type DrainOptions, drainConnections } from './drain.ts'
import { createEdge } from './edge.ts'
import { gaugesOf } from './gauges.ts'
import { listenOn, urlOf } from './listen.ts'
import { createLogger, type Logger } from './logger.ts'
import { createMemoryGuard } from './memory-guard.ts'
import { createMetrics, joinSamples, type Metrics } from './metrics.ts'
import { serveMetrics } from './metrics-server.ts'
import { multiModelRoutes } from './multi-model.ts'
import { checkDefaultAccept } from './negotiation.ts'
import { buildRoutes } from './routes.ts'
import { createService } from './service.ts'
import type { ServiceOptions } from './service-options.ts'

/** How long a stop waits for what is captured to be written. */
const CAPTURE_MS = 1000

/**
 * A server that answers who asks for health, and ordinary requests for one row, and listens nowhere yet. What else comes
 * waits until it is completed.
 */
export interface PreparedServer {
  readonly server: Server
  readonly log: Logger
  /** What the log says of the server when it begins to serve. */
  readonly facts: Readonly<Record<string, unknown>>
  /** What was counted; absent = nobody asks for it. */
  readonly metrics: Metrics | undefined
  /** Asks who calls; absent = nobody is asked. */
  readonly access: Access | undefined
  /** Id of the one model; undefined on a multi-model endpoint. */
  readonly modelId: string | undefined
  /** Example row of the model, for the lines that a person sees. */
  readonly example: Readonly<Record<string, unknown>> | undefined
  /** Builds all other routes, soon or as soon as a request waits for them; throws where they cannot be built. */
  complete(): Promise<void>
  /** Answers what is asked, refuses what is left at the drain's limit, and closes everything. */
  drain(reason: string, limits: DrainLimits): Promise<void>
}

export interface DrainLimits extends Pick<DrainOptions, 'close' | 'graceMs' | 'limitMs'> {}

export interface RunningServer extends Pick<PreparedServer, 'log' | 'example'> {
  readonly url: string
  /** Throws when the service cannot go on. */
  readonly failed: Promise<never>
  /**
   * Stops accepting, lets running requests finish, closes what is left at the drain limit.
   * @param limitMs that limit in milliseconds, instead of the one that is set
   */
  drain(reason: string, limitMs?: number): Promise<void>
}

/** The router and what belongs to it take as long as all else of a start; health is answered before. */
const SOON_MS = 50

/** What a server is made of. */
export interface ServerOptions {
  readonly config: Config
  /** Directory that a multi-model endpoint's models lie in. */
  readonly modelsRoot: string
  /** What is to be said of the settings. */
  readonly warnings: readonly string[]
}

/**
 * Loads the model and listens.
 * @throws ArtifactError for a model that is refused, InputError for an address that cannot be used
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config } = options
  const prepared = await prepareServer(options, createLogger(config.logLevel))
  const { server, log, facts, example } = prepared
  // Connections of all addresses meet in one server, which knows of every one when it stops.
  const listening = await listenOn(config, server, (address) =>
    createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      server.emit('connection', socket),
    ).on('error', (error) => log.warn({ address, err: error }, 'not listening')),
  )
  const url = urlOf(server, config)
  const metrics = await serveMetrics(config, prepared.access, log, async () =>
    joinSamples([(await prepared.metrics?.samples()) ?? []]),
  )
  log.info({ url, ...facts }, 'serving')
  const completed = prepared.complete().then(listening.openDoors)
  const failed = new Promise<never>((_, reject) => completed.catch(reject))
  failed.catch(() => {})
  const close = async (limit: number) => {
    await completed
    await closeListeners(listening.servers, limit)
  }
  return {
    url,
    log,
    example,
    failed,
    async drain(reason, limitMs = config.drainMs) {
      const graceMs = Math.min(limitMs, config.drainGraceMs)
      await prepared.drain(reason, { close, graceMs, limitMs })
      metrics?.close()
    },
  }
}

/**
 * Loads the model and builds what answers.
 * @param processes how many processes share the machine
 * @throws ArtifactError for a model that is refused, InputError for a setting that means nothing
 */
export async function prepareServer(
  { config, modelsRoot, warnings }: ServerOptions,
  log: Logger,
  processes = 1,
): Promise<PreparedServer> {
  checkExposure('--host', config.host, config)
  const access = config.tokenFile === '' ? undefined : await createAccess(config.tokenFile, log)
  const threads =
    config.threads < 0 ? Math.max(1, Math.floor(defaultWorkers() / processes)) : config.threads
  if (config.enableExplanations !== '') {
    await checkCondition(config.enableExplanations).catch((error: InputError) => {
      throw new InputError(error.code, `--enable-explanations: ${error.message}`)
    })
  }
  const publicKey = config.publicKey === '' ? undefined : await readPublicKey(config.publicKey)
  const selection = parseSelection(config.inferenceOutput)
  for (const warning of [...warnings, ...selectionWarnings(selection ?? [])]) log.warn(warning)
  const pool = createJobPool(Math.max(1, threads))
  let server: Server | undefined
  let draining = false
  const loader = threads > 0 ? createThreadLoader(publicKey) : createInlineLoader(publicKey)
  const facts = {
    limit: memoryLimit(),
    used: () => process.memoryUsage.rss(),
    collect: () => loader.collect(),
  }
  const read = config.multiModel
    ? undefined
    : await readModelDirectory(config.modelDir, undefined, publicKey)
  const capture =
    config.capture === ''
      ? undefined
      : await (await import('./open-capture.ts')).openCapture(config, read?.predictor, log)
  const options = {
    ...serviceOptions(config, threads, processes),
    capture,
    selection,
    pool,
    memory: createMemoryGuard({ ...facts, limit: facts.limit / processes }),
    isDraining: () => draining,
  }
  const service = createService(options)
  const counted = read && config.metrics !== '' ? countPredictions(read) : undefined
  const model = counted?.model ?? read
  const metrics =
    config.metrics === ''
      ? undefined
      : await createMetrics(
          gaugesOf(() => server, pool, service.load),
          counted?.counts,
          capture && (() => capture.counts),
        )
  const routes = model
    ? buildRoutes(model, service)
    : multiModelRoutes(service, {
        root: modelsRoot,
        memoryBudget: config.modelMemory,
        memory: createModelMemory({ ...facts, kept: options.bodyBudget / 2 }),
        loader,
      })
  const appOptions = {
    ...options,
    access,
    observer: metrics,
    connectionLimits: { most: mostConnections() },
    logger: log as FastifyBaseLogger,
  }
  const edge = createEdge(routes, appOptions)
  server = edge.server
  let building: Promise<FastifyInstance> | undefined
  const build = async () => {
    const { buildApp } = await import('./app.ts')
    const app = buildApp(routes, appOptions, edge)
    await app.ready()
    return app
  }
  const stopCollecting = collectWhenIdle()
  if (model && model.extraFiles.length > 0) {
    log.info(
      { files: model.extraFiles.slice(0, 10) },
      'files of the model directory that are not read',
    )
  }
  return {
    server,
    log,
    metrics,
    access,
    facts: { ...(model ? describeModel(model) : { multi_model: modelsRoot }), threads },
    modelId: model?.artifact.modelId,
    example: model && exampleRow(model.artifact),
    async complete() {
      await Promise.race([edge.wanted, sleep(SOON_MS, undefined, { ref: false })])
      building = build()
      await building
    },
    async drain(reason, limits) {
      if (draining) return
      draining = true
      log.info({ reason }, 'draining')
      const lost = await drainConnections({
        ...limits,
        connections: edge.connections,
        error: new InputError('shutting_down', 'the service is stopping; ask again elsewhere'),
      })
      if (lost > 0) log.warn({ requests: lost }, 'the drain limit cut answers short')
      access?.close()
      stopCollecting()
      await (await building?.catch(() => undefined))?.close()
      edge.server.close()
      const uncaptured = await capture?.close(CAPTURE_MS)
      if (uncaptured) log.warn({ requests: uncaptured }, 'the disk was too slow to capture them')
      await pool.close()
      await loader.close()
      log.info('stopped')
    },
  }
}

function serviceOptions(config: Config, threads: number, processes: number): ServiceOptions {
  return {
    isolatesOnly: threads === 0,
    hasSpareCore: hasSpareCore(processes),
    limits: {
      maxRows: config.maxRows,
      maxAnswerBytes: config.maxBodyBytes,
      maxSeconds: config.explainSeconds,
    },
    maxBodyBytes: config.maxBodyBytes,
    bodyBudget: Math.max(
      config.maxBodyBytes,
      Math.min(256 << 20, memoryLimit() * 0.15) / processes,
    ),
    defaultAccept: checkDefaultAccept(config.defaultAccept),
    isBatch: config.batch,
    deadlineMs: config.deadlineMs,
    maxConcurrent: Math.max(1, threads) * processes,
    modelName: config.modelName,
    page: config.page,
    predictProbabilities: config.predictProbabilities,
    inferOutputs: parseOutputNames(config.inferOutputs),
    enableExplanations: config.enableExplanations || undefined,
  }
}

function describeModel({ artifact }: LoadedModel): Record<string, unknown> {
  const { modelId, estimator, engine, preprocessor } = artifact
  return { model_id: modelId, estimator, engine, columns: preprocessor.inputs.length }
}

/** Returns a model that counts what it predicts, also in threads. */
function countPredictions(model: LoadedModel) {
  const { classes } = model.artifact
  const memory = createTally(classes.length)
  return {
    model: { ...model, predictor: withTally(model.predictor, memory) },
    counts: () => readTally(memory, classes.map(String)),
  }
}
