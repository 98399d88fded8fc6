/** `shapserve tune`: searches parameters, then trains as `train` does with the best. */
import type { Command } from 'commander'
import { UsageError } from './exit-status.ts'
import { addTrainingFlags, type TrainingFlags } from './training/training-flags.ts'

interface TuneFlags extends TrainingFlags {
  readonly trials: string
  readonly metric?: string
  readonly folds: string
  readonly search: string
}

export function declareTune(program: Command): void {
  const command = program
    .command('tune')
    .description('search parameters by cross-validation and train a model with the best')
  addTrainingFlags(command)
    .option('--trials <number>', 'parameter settings to try', '30')
    .option(
      '--metric <name>',
      'what to search for (default: roc_auc of two classes, otherwise log_loss)',
    )
    .option('--folds <number>', 'folds of the cross-validation', '5')
    .option(
      '--search <method>',
      'halving: many trials on little, the best on more; random',
      'halving',
    )
    .action(tuneOnFiles)
}

async function tuneOnFiles(files: readonly string[], flags: TuneFlags): Promise<void> {
  if (files.length === 0) throw new UsageError('which file? shapserve tune FILE --target COLUMN')
  const { readTuning } = await import('./training/tuning-settings.ts')
  const { readRequest } = await import('./training/read-training-flags.ts')
  const { runTraining } = await import('./training/run-training.ts')
  const tuning = readTuning(flags)
  await runTraining({ ...(await readRequest(files, flags)), tuning })
}
