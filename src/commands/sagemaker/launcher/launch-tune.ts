/** `shapserve sagemaker tune`: a tuning job over the search space of an estimator. */
import type { Command } from 'commander'
import { UsageError } from '../../exit-status.ts'
import { listChoices } from '../../shared-flags.ts'
import { addTrainingFlags } from '../../training/training-flags.ts'
import { objectives } from '../metric-lines.ts'
import { addResourceFlags, checkAttached } from './launch-flags.ts'
import { addMachineFlags } from './machine-flags.ts'
import { type LaunchTuneFlags, strategies } from './tune-flags.ts'

export function declareLaunchTune(group: Command): void {
  const command = group
    .command('tune')
    .description('search parameters by a tuning job of SageMaker, and fetch the best model')
  addTrainingFlags(command)
    .option('--cv <folds>', 'measure by cross-validation in so many folds')
    .option('--cv-repeats <times>', 'part the rows into folds so many times (default: 1)')
    .option('--metric <name>', listChoices(objectives.map(({ name }) => name)), 'log_loss')
    .option('--max-jobs <number>', 'trainings in all', '20')
    .option('--parallel-jobs <number>', 'trainings at a time', '2')
    .option('--strategy <name>', listChoices(strategies), 'bayesian')
  addResourceFlags(addMachineFlags(command))
    .option('--job-name <name>', 'name of the tuning job, at most 32 characters')
    .option('--attach <job>', 'follow a tuning that was started before, and fetch its best model')
    .option('--no-wait', 'start the tuning and end')
    .action(async (files: string[], flags: LaunchTuneFlags) => {
      const { attachToTuning, runTuningJob } = await import('./run-tuning-job.ts')
      if (flags.attach !== undefined) {
        checkAttached(flags, files.length > 0 ? 'file' : undefined)
        return await attachToTuning(flags.attach, flags)
      }
      if (files.length === 0)
        throw new UsageError('which file? shapserve sagemaker tune FILE --target COLUMN')
      await runTuningJob(files, flags)
    })
}
