/** What `sagemaker train` and `sagemaker tune` ask for: checked here, where it costs nothing, not in the container. */
import { InputError } from '../../../errors.ts'
import { readInputFile } from '../../../tables/read-tables.ts'
import { checkParams } from '../../../training/choose-estimator.ts'
import { readRequest } from '../../training/read-training-flags.ts'
import type { TrainRequest } from '../../training/train-request.ts'
import { readFolds } from '../../training/tuning-settings.ts'
import { type PlannedChannel, planChannel } from './channels-of-files.ts'
import { checkColumns } from './check-columns.ts'
import { hyperparametersOf } from './hyperparameters-of-flags.ts'
import { isS3, type S3Place } from './names.ts'
import { sizeOfFile } from './storage.ts'
import type { LaunchTrainFlags } from './train-flags.ts'

export interface PlannedTraining {
  readonly request: TrainRequest
  readonly hyperparameters: Record<string, string>
  readonly channels: readonly PlannedChannel[]
}

/**
 * Returns what a training job is told and given.
 * @param place folder of the job
 * @throws InputError for what `train` would refuse before it reads a row, and for a file that is not there
 */
export async function planTraining(
  files: readonly string[],
  flags: LaunchTrainFlags,
  place: S3Place,
): Promise<PlannedTraining> {
  if (flags.background !== undefined)
    throw new InputError(
      'invalid_option',
      '--background has no channel in a training job; a sample of the training rows is explained against',
    )
  if (flags.labels !== undefined)
    throw new InputError(
      'invalid_option',
      '--labels has no channel in a training job; train here, or leave the names out',
    )
  const request = await readRequest(files, flags)
  if (request.target === undefined && request.plan === undefined)
    throw new InputError('no_target', 'which column is to be predicted? add --target COLUMN')
  await checkParams(request, request.params)
  readFolds(flags.cv, flags.cvRepeats)
  for (const file of [...files, ...(flags.validation ?? [])])
    if (!isS3(file)) await sizeOfFile(file)
  const [first] = files
  if (first !== undefined && !isS3(first)) await checkColumns(first, request)
  const plan = flags.plan === undefined ? undefined : (await readInputFile(flags.plan)).toString()
  const hyperparameters = hyperparametersOf(flags, plan, request.params)
  const channels = [planChannel('train', files, place)]
  if (flags.validation) channels.push(planChannel('validation', flags.validation, place))
  return { request, hyperparameters, channels }
}
