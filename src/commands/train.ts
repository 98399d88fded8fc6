/** `shapserve train`: files in, a model directory out; without files, SageMaker's bare `train`. */
import type { Command } from 'commander'
import { describeReason, UsageError } from './exit-status.ts'
import { isSageMakerTraining, sageMakerPaths } from './sagemaker/directories.ts'
import { removeFailure, writeFailure } from './sagemaker/failure-file.ts'
import { addTrainingFlags, type TrainingFlags } from './training/training-flags.ts'

interface TrainFlags extends TrainingFlags {
  readonly cv?: string
  readonly cvRepeats?: string
}

export function declareTrain(program: Command): void {
  const command = program
    .command('train')
    .description(
      "train a model on CSV, JSON, Parquet or a spreadsheet; without FILE, on SageMaker's /opt/ml layout",
    )
  addTrainingFlags(command)
    .option('--cv <folds>', 'also cross-validate on the training rows, in so many folds')
    .option('--cv-repeats <times>', 'part the rows into folds so many times (default: 1)')
    .action((files: string[], flags: TrainFlags) =>
      files.length > 0 ? trainOnFiles(files, flags) : trainOnSageMaker(),
    )
}

async function trainOnFiles(files: readonly string[], flags: TrainFlags): Promise<void> {
  const { readFolds } = await import('./training/tuning-settings.ts')
  const { readRequest } = await import('./training/read-training-flags.ts')
  const { runTraining } = await import('./training/run-training.ts')
  const crossValidation = readFolds(flags.cv, flags.cvRepeats)
  await runTraining({ ...(await readRequest(files, flags)), crossValidation })
}

async function trainOnSageMaker(): Promise<void> {
  const paths = sageMakerPaths(process.env)
  if (!isSageMakerTraining(paths)) {
    throw new UsageError(
      `which file? shapserve train FILE --target COLUMN (there is no ${paths.data})`,
    )
  }
  await removeFailure(paths.failure)
  try {
    const { readSageMakerRequest } = await import('./sagemaker/read-request.ts')
    const { runTraining } = await import('./training/run-training.ts')
    await runTraining(await readSageMakerRequest(process.env))
  } catch (error) {
    const { refusalOfJob } = await import('./sagemaker/name-hyperparameters.ts')
    const told = refusalOfJob(error)
    await writeFailure(paths.failure, describeReason(told))
    throw told
  }
}
