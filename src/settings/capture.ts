/** Which requests and answers are kept in files, and how much of them. */
import { InputError, quote } from '../errors.ts'
import { parseWhole, type Setting } from './setting.ts'

export interface CaptureConfig {
  /** Directory of the files; empty = nothing is captured. */
  readonly capture: string
  /** Per cent of the requests. */
  readonly captureSample: number
  /** Which of them are chosen; -1 = others at every start. */
  readonly captureSeed: number
  /** Names of columns, comma-separated. */
  readonly captureMask: string
  readonly captureFileBytes: number
  readonly captureFileSeconds: number
  readonly captureBytes: number
  readonly captureQueueBytes: number
}

export const captureSettings: readonly Setting<keyof CaptureConfig>[] = [
  {
    key: 'capture',
    flag: '--capture',
    env: ['SHAPSERVE_CAPTURE'],
    default: '',
    description:
      "directory of files that requests and answers are kept in, in the form of SageMaker's data capture",
    parse: (text) => text,
  },
  {
    key: 'captureSample',
    flag: '--capture-sample',
    env: ['SHAPSERVE_CAPTURE_SAMPLE'],
    default: '100',
    description: 'per cent of the requests that are captured',
    parse: parsePercent,
  },
  {
    key: 'captureSeed',
    flag: '--capture-seed',
    env: ['SHAPSERVE_CAPTURE_SEED'],
    default: 'random',
    description: 'seed of which requests are captured; random = others at every start',
    parse: (text, name) => (text === 'random' ? -1 : parseWhole(text, name, 0, 2 ** 32 - 1)),
  },
  {
    key: 'captureMask',
    flag: '--capture-mask',
    env: ['SHAPSERVE_CAPTURE_MASK'],
    default: '',
    description:
      'columns whose cells are left out of captured rows, comma-separated; what they cannot be left out of is not captured',
    parse: (text) => text,
  },
  {
    key: 'captureFileBytes',
    flag: '--capture-file-bytes',
    env: ['SHAPSERVE_CAPTURE_FILE_BYTES'],
    default: '67108864',
    description: 'bytes after which a captured file is finished and the next begins',
    parse: (text, name) => parseWhole(text, name, 1 << 10, 2 ** 40),
  },
  {
    key: 'captureFileSeconds',
    flag: '--capture-file-seconds',
    env: ['SHAPSERVE_CAPTURE_FILE_SECONDS'],
    default: '600',
    description: 'seconds after which it is finished all the same',
    parse: (text, name) => parseWhole(text, name, 1, 86_400),
  },
  {
    key: 'captureBytes',
    flag: '--capture-bytes',
    env: ['SHAPSERVE_CAPTURE_BYTES'],
    default: '1073741824',
    description: 'bytes of all captured files, at least two files; the oldest are removed',
    parse: (text, name) => parseWhole(text, name, 1 << 11, 2 ** 50),
  },
  {
    key: 'captureQueueBytes',
    flag: '--capture-queue-bytes',
    env: ['SHAPSERVE_CAPTURE_QUEUE_BYTES'],
    default: '8388608',
    description: 'bytes that wait for the disk in each process; what comes beyond is not captured',
    parse: (text, name) => parseWhole(text, name, 1 << 10, 2 ** 30),
  },
]

function parsePercent(text: string, name: string): number {
  const value = /^[0-9]{1,3}(\.[0-9]{1,9})?$/.test(text.trim()) ? Number(text) : Number.NaN
  if (value > 0 && value <= 100) return value
  throw new InputError(
    'invalid_parameter',
    `${name} is ${quote(text)}, expected a number above 0 and up to 100`,
  )
}
