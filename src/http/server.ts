import type { LoadedModel } from '../model-directory/read.ts'
import { exampleRow } from '../predictor/describe-model.ts'
import { multiModelRoutes } from './multi-model.ts'
import type { ServiceOptions } from './service.ts'
import { createService } from './service.ts'
/** The serving process: loads the model, listens, and stops without losing a request. */

import { totalmem } from 'node:os'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { createInlineLoader, createThreadLoader } from '../answering/loader.ts'
import { createJobPool, defaultWorkers } from '../answering/pool.ts'
import { parseOutputNames } from '../answering/tensor-outputs.ts'
import { parseSelection } from '../codecs/selection.ts'
import type { Config } from '../config.ts'
import { InputError } from '../errors.ts'
import { readModelDirectory } from '../model-directory/read.ts'
import { buildApp } from './app.ts'
import { checkDefaultAccept } from './negotiation.ts'
import { buildRoutes } from './routes.ts'

/** How often idle connections are closed while requests still run. */
const SWEEP_MS = 100

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
 * @throws ArtifactError for a model that is refused, InputError for an address that cannot be used
 */
export async function startServer(config: Config, modelsRoot: string): Promise<RunningServer> {
  const time = pino.stdTimeFunctions.isoTime
  const logger = pino({ level: config.logLevel, base: null, timestamp: time }, logStream())
  const workers = config.workers < 0 ? defaultWorkers() : config.workers
  const pool = workers > 0 ? createJobPool(workers) : undefined
  let draining = false
  const options = {
    ...serviceOptions(config, workers),
    ...(pool ? { pool } : {}),
    isDraining: () => draining,
  }
  const service = createService(options)
  const loader = workers > 0 ? createThreadLoader() : createInlineLoader()
  const model = config.multiModel ? undefined : await readModelDirectory(config.modelDir)
  const routes = model
    ? buildRoutes(model, service)
    : multiModelRoutes(service, { root: modelsRoot, memoryBudget: config.modelMemory, loader })
  const app = buildApp(routes, { ...options, logger: logger as FastifyBaseLogger })
  if (model && model.extraFiles.length > 0) {
    logger.info(
      { files: model.extraFiles.slice(0, 10) },
      'files of the model directory that are not read',
    )
  }
  await listen(app, config)
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
      // A keep-alive connection without a request would otherwise hold the process until its client closes it.
      const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
      const limit = setTimeout(() => app.server.closeAllConnections(), config.drainMs)
      await app.close()
      clearInterval(sweep)
      clearTimeout(limit)
      await pool?.close()
      await loader.close()
      logger.info('stopped')
    },
  }
}

function serviceOptions(config: Config, workers: number): ServiceOptions {
  const selection = parseSelection(config.inferenceOutput)
  return {
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
    ...(selection ? { selection } : {}),
    ...(config.enableExplanations === '' ? {} : { enableExplanations: config.enableExplanations }),
  }
}

function describeModel({ artifact }: LoadedModel): Record<string, unknown> {
  const { modelId, estimator, engine, preprocessor } = artifact
  return { model_id: modelId, estimator, engine, columns: preprocessor.inputs.length }
}

async function listen(app: FastifyInstance, config: Config): Promise<void> {
  try {
    await app.listen({
      host: config.host,
      port: config.port,
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
    throw new InputError(
      'invalid_parameter',
      `cannot listen on ${config.host} port ${config.port}: ${why}`,
    )
  }
}

/** Standard output that outlives its reader: a closed pipe loses log lines, not requests. */
function logStream(): NodeJS.WritableStream {
  process.stdout.on('error', () => {})
  return process.stdout
}

/** Memory that this process may use: the container's limit where there is one. */
function memoryLimit(): number {
  const limit = (process as { constrainedMemory?: () => number }).constrainedMemory?.() ?? 0
  return limit > 0 && limit < totalmem() ? limit : totalmem()
}
