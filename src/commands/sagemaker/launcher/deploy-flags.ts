/** What the flags of `sagemaker deploy` say, as they were typed. */
import type { ResourceFlags } from './launch-flags.ts'

/** How an update moves traffic to the new machines, by the names of its kinds. */
export const trafficKinds = ['all-at-once', 'canary', 'linear'] as const

export interface DeployFlags extends ResourceFlags {
  readonly endpointName?: string
  readonly instance?: string
  readonly count?: string
  readonly serverless?: true
  readonly memory?: string
  readonly maxConcurrency?: string
  readonly provisioned?: string
  readonly async?: true
  readonly multiModel?: true
  readonly capture?: true
  readonly capturePercent?: string
  readonly env?: readonly string[]
  readonly traffic?: string
  readonly stepSize?: string
  readonly stepWait?: string
  readonly alarm?: readonly string[]
  readonly again?: true
  readonly publicKey?: string
  readonly wait: boolean
  readonly json?: true
}
