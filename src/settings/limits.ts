/** What a request may take, and what a stop waits for. */
import { parseWhole, type Setting } from './setting.ts'

export interface LimitConfig {
  readonly maxBodyBytes: number
  readonly maxRows: number
  readonly threads: number
  readonly deadlineMs: number
  readonly explainSeconds: number
  readonly drainMs: number
  readonly drainGraceMs: number
}

const DAY_SECONDS = 86_400

export const limitSettings: readonly Setting<keyof LimitConfig>[] = [
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
    key: 'threads',
    flag: '--threads',
    env: ['SHAPSERVE_THREADS'],
    default: 'auto',
    description:
      'worker threads of each process for large requests; auto = one less than the cores, shared among the processes; 0 = none but one for Parquet',
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
]
