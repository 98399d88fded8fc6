/** The serving process: loads the model, listens, and stops without losing a request. */
import { lookup } from 'node:dns/promises'
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { createInlineLoader, createThreadLoader } from '../answering/loader.ts'
import { createModelMemory } from '../answering/model-memory.ts'
import { createJobPool, defaultWorkers } from '../answering/pool.ts'
import { parseOutputNames } from '../answering/tensor-outputs.ts'
import { checkCondition } from '../codecs/clarify.ts'
import { parseSelection, selectionWarnings } from '../codecs/selection.ts'
import type { Config } from '../config.ts'
import { InputError } from '../errors.ts'
import { type LoadedModel, readModelDirectory } from '../model-directory/read.ts'
import { exampleRow } from '../predictor/describe-model.ts'
import { memoryLimit } from '../tables/memory-limit.ts'
import { buildApp } from './app.ts'
import { type Connections, connectionsOf } from './connections.ts'
import { drainConnections } from './drain.ts'
import { multiModelRoutes } from './multi-model.ts'
import { checkDefaultAccept } from './negotiation.ts'
import { buildRoutes } from './routes.ts'
import { createService, type ServiceOptions } from './service.ts'

export interface RunningServer {
  readonly url: string
  readonly app: FastifyInstance
  /** Example row of the model, for the lines that a person sees. */
  readonly example?: Readonly<Record<string, unknown>>
  /** Stops accepting, lets running requests finish, closes what is left at the drain limit. */
  drain(reason: string): Promise<void>
}

/**
 * Loads the model and listens.
 * @param modelsRoot directory that a multi-model endpoint's models lie in
 * @param warnings what is to be said of the settings
 * @throws ArtifactError for a model that is refused, InputError for an address that cannot be used
 */
export async function startServer(
  config: Config,
  modelsRoot: string,
  warnings: readonly string[],
): Promise<RunningServer> {
  const time = pino.stdTimeFunctions.isoTime
  const logger = pino({ level: config.logLevel, base: null, timestamp: time }, logStream())
  const workers = config.workers < 0 ? defaultWorkers() : config.workers
  if (config.enableExplanations !== '') {
    await checkCondition(config.enableExplanations).catch((error: InputError) => {
      throw new InputError(error.code, `--enable-explanations: ${error.message}`)
    })
  }
  const selection = parseSelection(config.inferenceOutput)
  for (const warning of [...warnings, ...selectionWarnings(selection ?? [])]) logger.warn(warning)
  const pool = createJobPool(Math.max(1, workers))
  let draining = false
  const options = {
    ...serviceOptions(config, workers),
    selection,
    pool,
    isDraining: () => draining,
  }
  const service = createService(options)
  const loader = workers > 0 ? createThreadLoader() : createInlineLoader()
  const model = config.multiModel ? undefined : await readModelDirectory(config.modelDir)
  const routes = model
    ? buildRoutes(model, service)
    : multiModelRoutes(service, {
        root: modelsRoot,
        memoryBudget: config.modelMemory,
        memory: createModelMemory({
          limit: memoryLimit(),
          kept: options.bodyBudget / 2,
          used: () => process.memoryUsage.rss(),
          collect: () => loader.collect(),
        }),
        loader,
      })
  const app = buildApp(routes, { ...options, logger: logger as FastifyBaseLogger })
  if (model && model.extraFiles.length > 0) {
    logger.info(
      { files: model.extraFiles.slice(0, 10) },
      'files of the model directory that are not read',
    )
  }
  const extra = await listen(app, config)
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  const url = `http://${host}:${port}`
  logger.info(
    { url, ...(model ? describeModel(model) : { multi_model: modelsRoot }), workers },
    'serving',
  )
  return {
    url,
    app,
    ...(model ? { example: exampleRow(model.artifact) } : {}),
    async drain(reason) {
      if (draining) return
      draining = true
      logger.info({ reason }, 'draining')
      const lost = await drainConnections({
        listeners: [app.server, ...extra],
        connections: connectionsOf(app.server) as Connections,
        graceMs: config.drainGraceMs,
        limitMs: config.drainMs,
        error: new InputError('shutting_down', 'the service is stopping; ask again elsewhere'),
      })
      if (lost > 0) logger.warn({ requests: lost }, 'the drain limit cut answers short')
      await app.close()
      await pool.close()
      await loader.close()
      logger.info('stopped')
    },
  }
}

function serviceOptions(config: Config, workers: number): ServiceOptions {
  return {
    isolatesOnly: workers === 0,
    limits: {
      maxRows: config.maxRows,
      maxAnswerBytes: config.maxBodyBytes,
      maxSeconds: config.explainSeconds,
    },
    maxBodyBytes: config.maxBodyBytes,
    bodyBudget: Math.max(config.maxBodyBytes, Math.min(256 << 20, memoryLimit() * 0.15)),
    defaultAccept: checkDefaultAccept(config.defaultAccept),
    isBatch: config.batch,
    deadlineMs: config.deadlineMs,
    maxConcurrent: Math.max(1, workers),
    modelName: config.modelName,
    predictProbabilities: config.predictProbabilities,
    inferOutputs: parseOutputNames(config.inferOutputs),
    enableExplanations: config.enableExplanations || undefined,
  }
}

function describeModel({ artifact }: LoadedModel): Record<string, unknown> {
  const { modelId, estimator, engine, preprocessor } = artifact
  return { model_id: modelId, estimator, engine, columns: preprocessor.inputs.length }
}

/** Listens on every address of the host; returns the listeners beside the application's own. */
async function listen(app: FastifyInstance, { host, port }: Config): Promise<NetServer[]> {
  const found = host === 'localhost' ? await lookup(host, { all: true }).catch(() => []) : []
  const [first = host, ...others] = new Set(found.map(({ address }) => address))
  try {
    await app.listen({
      host: first,
      port,
      listenTextResolver: (address) => `listening on ${address}`,
    })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'EADDRINUSE'
        ? 'it is in use'
        : code === 'EACCES'
          ? 'it may not be used'
          : (code ?? String(error))
    throw new InputError('invalid_parameter', `cannot listen on ${host} port ${port}: ${why}`)
  }
  // Connections of all addresses meet in one server, which knows of every one when it stops.
  const { port: own } = app.server.address() as AddressInfo
  return others.map((address) =>
    createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      app.server.emit('connection', socket),
    )
      .on('error', (error) => app.log.warn({ address, err: error }, 'not listening'))
      .listen(own, address),
  )
}

/** Standard output that outlives its reader: a closed pipe loses log lines, not requests. */
function logStream(): NodeJS.WritableStream {
  process.stdout.on('error', () => {})
  return process.stdout
}
