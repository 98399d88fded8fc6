/** `shapserve sagemaker train`: the training of `train`, as a job of SageMaker. */
import type { Command } from 'commander'
import { UsageError } from '../../exit-status.ts'
import { addTrainingFlags } from '../../training/training-flags.ts'
import { addResourceFlags, checkAttached } from './launch-flags.ts'
import { addMachineFlags } from './machine-flags.ts'
import type { LaunchTrainFlags } from './train-flags.ts'

export function declareLaunchTrain(group: Command): void {
  const command = group
    .command('train')
    .description('train as a job of SageMaker, with the flags of train, and fetch the model')
  addTrainingFlags(command)
    .option('--cv <folds>', 'also cross-validate on the training rows, in so many folds')
    .option('--cv-repeats <times>', 'part the rows into folds so many times (default: 1)')
  addResourceFlags(addMachineFlags(command))
    .option('--job-name <name>', 'name of the job (default: by the file and the time)')
    .option('--attach <job>', 'follow a job that was started before, and fetch its model')
    .option('--no-wait', 'start the job and end')
    .action(launchTrain)
}

async function launchTrain(files: readonly string[], flags: LaunchTrainFlags): Promise<void> {
  const { attachToTraining, runTrainingJob } = await import('./run-training-job.ts')
  if (flags.attach !== undefined) {
    checkAttached(flags, files.length > 0 ? 'file' : undefined)
    return await attachToTraining(flags.attach, flags)
  }
  if (files.length === 0)
    throw new UsageError('which file? shapserve sagemaker train FILE --target COLUMN')
  await runTrainingJob(files, flags)
}
