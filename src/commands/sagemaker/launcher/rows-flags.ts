/** What the flags of `sagemaker predict` and `explain` say, as they were typed. */
import type { ReadingFlags } from '../../reading-flags.ts'
import type { AccountFlags } from './launch-flags.ts'

export interface InvokeFlags extends ReadingFlags, AccountFlags {
  readonly inputFormat?: string
  readonly format?: string
  readonly out: string
  readonly jobs: string
  readonly batchBytes: string
  readonly targetModel?: string
  readonly variant?: string
}
