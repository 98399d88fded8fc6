/** What the flags of `sagemaker transform` say, as they were typed. */
import type { ReadingFlags } from '../../reading-flags.ts'
import type { ResourceFlags } from './launch-flags.ts'

export interface TransformFlags extends ResourceFlags, ReadingFlags {
  readonly instance: string
  readonly instanceCount: string
  readonly inputFormat?: string
  readonly format?: string
  readonly explain?: true
  readonly join?: true
  readonly inputFilter?: string
  readonly outputFilter?: string
  readonly maxPayload?: string
  readonly maxConcurrent?: string
  readonly env?: readonly string[]
  readonly jobName?: string
  readonly publicKey?: string
  readonly out?: string
  readonly attach?: string
  readonly wait: boolean
  readonly json?: true
}
