/** What the flags of `sagemaker train` say, as they were typed. */
import type { TrainingFlags } from '../../training/training-flags.ts'
import type { ResourceFlags } from './launch-flags.ts'
import type { MachineFlags } from './machine-flags.ts'

export interface LaunchTrainFlags extends TrainingFlags, ResourceFlags, MachineFlags {
  readonly cv?: string
  readonly cvRepeats?: string
  readonly jobName?: string
  readonly wait: boolean
  readonly attach?: string
}
