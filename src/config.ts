/** Settings of `serve`: one table that reads them, prints `--help` and documents them in `docs/serving.md`. */
import { didYouMean, InputError, quote } from './errors.ts'

/** The process's environment, passed in so that nothing else reads it. */
export type Env = Readonly<Record<string, string | undefined>>

export interface Config {
  readonly modelDir: string
  readonly host: string
  readonly port: number
  readonly logLevel: string
  readonly maxBodyBytes: number
  readonly maxRows: number
  readonly workers: number
  readonly deadlineMs: number
  readonly explainSeconds: number
  readonly drainMs: number
  readonly drainGraceMs: number
  readonly defaultAccept: string
  /** Whether SageMaker's batch transform asks: it joins answers to records line by line. */
  readonly batch: boolean
  readonly inferenceOutput: string
  readonly enableExplanations: string
  readonly modelName: string
  readonly predictProbabilities: boolean
  readonly inferOutputs: string
  readonly multiModel: boolean
  readonly modelMemory: number
}

/** One setting: a flag, the environment variables that stand in for it, and what it means. */
export interface Setting {
  readonly key: keyof Config
  readonly flag: string
  readonly env: readonly string[]
  readonly default: string
  readonly description: string
  readonly parse: (text: string, name: string) => string | number | boolean
}

const DAY_SECONDS = 86_400
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export const settings: readonly Setting[] = [
  {
    key: 'modelDir',
    flag: '--model-dir',
    env: ['SM_MODEL_DIR'],
    default: 'model',
    description: 'directory of the model',
    parse: (text) => text,
  },
  {
    key: 'host',
    flag: '--host',
    env: ['SHAPSERVE_HOST'],
    default: '127.0.0.1',
    description: 'address to listen on',
    parse: (text) => text,
  },
  {
    key: 'port',
    flag: '--port',
    env: ['SAGEMAKER_BIND_TO_PORT', 'PORT'],
    default: '8080',
    description: 'port to listen on; 0 = any free one',
    parse: (text, name) => parseWhole(text, name, 0, 65535),
  },
  {
    key: 'logLevel',
    flag: '--log-level',
    env: ['LOG_LEVEL', 'SAGEMAKER_CONTAINER_LOG_LEVEL'],
    default: 'info',
    description: `${logLevels.join(', ')}, or Python's names and numbers, such as WARNING and 30`,
    parse: parseLogLevel,
  },
  {
    key: 'maxBodyBytes',
    flag: '--max-body',
    env: ['MAX_CONTENT_LENGTH', 'SAGEMAKER_MAX_PAYLOAD_IN_MB'],
    default: '26214400',
    description: 'largest request body in bytes (104857600 when SAGEMAKER_BATCH is set)',
    // SageMaker's 0 means chunks without an end, which never hold more than its largest payload.
    parse: (text, name) =>
      name.endsWith('_IN_MB')
        ? (parseWhole(text, name, 0, 100) || 100) * (1 << 20)
        : parseWhole(text, name, 1, 2 ** 30),
  },
  {
    key: 'maxRows',
    flag: '--max-rows',
    env: ['SHAPSERVE_MAX_ROWS'],
    default: '100000000',
    description: 'most rows in a request; what they may take is bounded without it',
    parse: (text, name) => parseWhole(text, name, 1, 100_000_000),
  },
  {
    key: 'workers',
    flag: '--workers',
    env: ['SAGEMAKER_MODEL_SERVER_WORKERS'],
    default: 'auto',
    description:
      'worker threads for large requests; auto = one less than the cores; 0 = none but one for Parquet',
    parse: (text, name) => (text === 'auto' ? -1 : parseWhole(text, name, 0, 256)),
  },
  {
    key: 'deadlineMs',
    flag: '--deadline-ms',
    env: [
      'SHAPSERVE_DEADLINE_MS',
      'SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS',
      'SAGEMAKER_MODEL_SERVER_TIMEOUT',
    ],
    default: '55000',
    description:
      'milliseconds in which a request must have arrived and its answer begun (595000 when SAGEMAKER_BATCH is set); SageMaker counts its own in seconds, 0 = a day',
    parse: (text, name) =>
      name.startsWith('SAGEMAKER_')
        ? (parseWhole(text, name, 0, DAY_SECONDS) || DAY_SECONDS) * 1000
        : parseWhole(text, name, 1, DAY_SECONDS * 1000),
  },
  {
    key: 'explainSeconds',
    flag: '--explain-seconds',
    env: ['SHAPSERVE_EXPLAIN_SECONDS'],
    default: 'auto',
    description:
      'largest estimated time of one explanation request; auto = 5 s less than the deadline',
    parse: (text, name) => (text === 'auto' ? -1 : parseWhole(text, name, 1, DAY_SECONDS)),
  },
  {
    key: 'drainMs',
    flag: '--drain-ms',
    env: ['DRAIN_MS'],
    default: '25000',
    description: 'milliseconds that running requests get after SIGTERM',
    parse: (text, name) => parseWhole(text, name, 0, 3_600_000),
  },
  {
    key: 'drainGraceMs',
    flag: '--drain-grace-ms',
    env: ['SHAPSERVE_DRAIN_GRACE_MS'],
    default: '1000',
    description:
      'milliseconds after SIGTERM in which new connections are still answered, for load balancers to notice',
    parse: (text, name) => parseWhole(text, name, 0, 3_600_000),
  },
  {
    key: 'defaultAccept',
    flag: '--default-accept',
    env: ['SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT'],
    default: 'application/json',
    description:
      'type of predictions for requests without Accept; lines = a line per record, JSON Lines of JSON Lines and CSV of other tables (default when SAGEMAKER_BATCH is set)',
    parse: (text) => text,
  },
  {
    key: 'inferenceOutput',
    flag: '--inference-output',
    env: ['SAGEMAKER_INFERENCE_OUTPUT'],
    default: '',
    description:
      'members of predictions, comma-separated: predicted_label, labels, probability, probabilities, raw_score, raw_scores',
    parse: (text) => text,
  },
  {
    key: 'enableExplanations',
    flag: '--enable-explanations',
    env: ['SHAPSERVE_ENABLE_EXPLANATIONS'],
    default: '',
    description: 'JMESPath condition on which /invocations answers explanations beside predictions',
    parse: (text) => text,
  },
  {
    key: 'modelName',
    flag: '--model-name',
    env: ['SHAPSERVE_MODEL_NAME'],
    default: 'model',
    description: "name of the model in KServe's and the Open Inference Protocol's paths",
    parse: (text) => text,
  },
  {
    key: 'predictProbabilities',
    flag: '--predict-proba',
    env: ['PREDICT_PROBA'],
    default: 'false',
    description: "whether KServe's :predict answers probabilities instead of labels",
    parse: parseTruth,
  },
  {
    key: 'inferOutputs',
    flag: '--infer-outputs',
    env: ['SHAPSERVE_INFER_OUTPUTS'],
    default: 'predict,predict_proba,explain',
    description:
      "outputs in the Open Inference Protocol's metadata, and of requests that name none; without explain these cost less",
    parse: (text) => text,
  },
  {
    key: 'multiModel',
    flag: '--multi-model',
    env: ['SAGEMAKER_MULTI_MODEL'],
    default: 'false',
    description: 'serve a multi-model endpoint: models are loaded and unloaded over HTTP',
    parse: parseTruth,
  },
  {
    key: 'modelMemory',
    flag: '--model-memory',
    env: ['SHAPSERVE_MODEL_MEMORY'],
    default: 'auto',
    description:
      'bytes of model files that a multi-model endpoint holds at most; auto = what the memory of its container allows',
    parse: (text, name) =>
      text === 'auto' ? Number.POSITIVE_INFINITY : parseWhole(text, name, 1, 10 ** 15 - 1),
  },
]

/** Limits of batch transform, whose payloads are larger. */
const batchDefaults: Partial<Record<keyof Config, string>> = {
  maxBodyBytes: '104857600',
  defaultAccept: 'lines',
  // What a transform waits for, less what the answer needs to be sent.
  deadlineMs: '595000',
}

/**
 * Returns the settings: flags before environment variables before defaults.
 * @param flags values by the settings' keys, as the command line has them
 * @throws InputError `invalid_parameter` naming the flag or variable
 */
export function loadConfig(
  env: Env,
  flags: Readonly<Partial<Record<keyof Config, string>>>,
): Config {
  const isBatch = parseTruth(env.SAGEMAKER_BATCH ?? '', 'SAGEMAKER_BATCH')
  const values = settings.map((setting) => {
    const flag = flags[setting.key]
    const variable = setting.env.find((name) => (env[name] ?? '') !== '')
    const usual = (isBatch ? batchDefaults[setting.key] : undefined) ?? setting.default
    const text = flag ?? (variable === undefined ? usual : env[variable]!)
    const name = flag !== undefined ? setting.flag : (variable ?? setting.flag)
    return [setting.key, setting.parse(text, name)]
  })
  const config = { ...Object.fromEntries(values), batch: isBatch } as Config
  const explainSeconds =
    config.explainSeconds < 0 ? secondsWithin(config.deadlineMs) : config.explainSeconds
  return Object.freeze({ ...config, explainSeconds })
}

/** What is left of a deadline for one computation, in seconds. */
function secondsWithin(deadlineMs: number): number {
  return Math.max(deadlineMs / 2, deadlineMs - 5000) / 1000
}

/** Returns what is to be said of variables that look like settings and are none. */
export function strayVariables(env: Env): string[] {
  const known = settings.flatMap((setting) => setting.env)
  return Object.keys(env)
    .filter((name) => /^SHAPSERVE_/i.test(name) && !known.includes(name))
    .sort()
    .map((name) => `there is no setting ${quote(name)}${didYouMean(name, known)}`)
}

/** What users write for yes and no; SageMaker's own containers take even "false" for yes. */
function parseTruth(text: string, name: string): boolean {
  const value = text.trim().toLowerCase()
  if (['true', '1', 'yes', 'on'].includes(value)) return true
  if (['false', '0', 'no', 'off', ''].includes(value)) return false
  throw new InputError('invalid_parameter', `${name} is ${quote(text)}, expected true or false`)
}

function parseWhole(text: string, name: string, least: number, most: number): number {
  const value = /^[0-9]{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new InputError(
    'invalid_parameter',
    `${name} is ${quote(text)}, expected a whole number from ${least} to ${most}`,
  )
}

/** Python's names of levels; its numbers, which SageMaker's SDK sets, are ten times ours. */
const pythonLevels = new Map([
  ['notset', 'trace'],
  ['warning', 'warn'],
  ['critical', 'fatal'],
])

function parseLogLevel(text: string, name: string): string {
  const written = text.trim().toLowerCase()
  const named = pythonLevels.get(written) ?? written
  const level = /^(0|[1-5]0)$/.test(named) ? logLevels[Number(named) / 10]! : named
  if (logLevels.some((known) => known === level)) return level
  throw new InputError(
    'invalid_parameter',
    `${name} is ${quote(text)}, expected ${logLevels.join(', ')}, or Python's names and numbers, such as WARNING and 30`,
  )
}
