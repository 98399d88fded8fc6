/** Where the server is: its model, address, processes, and what it says. */
import { InputError, quote } from '../errors.ts'
import { parseWhole, type Setting } from './setting.ts'

export interface ListeningConfig {
  readonly modelDir: string
  readonly host: string
  readonly port: number
  /** Processes that serve; -1 = as many as suit the machine. */
  readonly workers: number
  readonly logLevel: string
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export const listeningSettings: readonly Setting<keyof ListeningConfig>[] = [
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
    key: 'workers',
    flag: '--workers',
    env: ['SAGEMAKER_MODEL_SERVER_WORKERS', 'MODEL_SERVER_WORKERS'],
    default: '1',
    description:
      'processes that serve, each with the model; auto = one per core, as far as there are 256 MiB of memory for each; a multi-model endpoint has one',
    parse: (text, name) => (text === 'auto' ? -1 : parseWhole(text, name, 1, 256)),
  },
  {
    key: 'logLevel',
    flag: '--log-level',
    env: ['LOG_LEVEL', 'SAGEMAKER_CONTAINER_LOG_LEVEL'],
    default: 'info',
    description: `${logLevels.join(', ')}, or Python's names and numbers, such as WARNING and 30`,
    parse: parseLogLevel,
  },
]

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
