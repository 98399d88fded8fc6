/** Starts a training job, follows it, and fetches its model. */
import { flagWith, quotePath, shellWord } from '../../../errors.ts'
import { checkDestination, type Destination } from '../../../model-directory/check-destination.ts'
import { addToStandardOutput } from '../../output/standard-streams.ts'
import { createOutput, type Output, printableJson } from '../../terminal.ts'
import type { TrainingJobState } from './aws.ts'
import { fetchModel } from './fetch-model.ts'
import { followTraining, tellEnd } from './follow-training.ts'
import { type Account, accountOf, readAccount, readResources } from './launch-flags.ts'
import { readMachine } from './machine-flags.ts'
import { isAbsence } from './made.ts'
import { below, jobNameAt, readResourceName, slugOf } from './names.ts'
import { describeSteps } from './operations.ts'
import { planTraining } from './plan-training.ts'
import { CloudError } from './refusal.ts'
import { type StatusLine, showingStatus } from './status-line.ts'
import { bucketSteps, putStep, uploadAll } from './storage.ts'
import type { LaunchTrainFlags } from './train-flags.ts'
import { trainingJobRequest } from './training-job.ts'
import { untilSignal } from './until-signal.ts'

/**
 * Uploads files, starts the job and waits for its model.
 * @throws InputError for a flag or file that cannot be used, CloudError, StoppedWaiting
 */
export async function runTrainingJob(
  files: readonly string[],
  flags: LaunchTrainFlags,
): Promise<void> {
  const account = readAccount(flags)
  const { aws } = account
  const machine = readMachine(flags)
  const name =
    flags.jobName === undefined
      ? jobNameAt(new Date(), slugOf(files[0] as string))
      : readResourceName('--job-name', flags.jobName)
  const resources = await readResources(flags, aws)
  const planned = await planTraining(files, flags, below(resources.place, name))
  const { hyperparameters, channels } = planned
  const puts = channels.flatMap(({ uploads }) =>
    uploads.map(({ file, place }) => putStep(resources, place, { file })),
  )
  const input = trainingJobRequest({ name, resources, machine, hyperparameters, channels })
  if (account.isDryRun) {
    const steps = [
      ...(puts.length > 0 ? bucketSteps(resources) : []),
      ...puts,
      { operation: 'sagemaker:CreateTrainingJob' as const, input },
    ]
    addToStandardOutput(describeSteps(steps))
    return
  }
  const allowed = flags.force ? 'in_place_of_others' : 'alone'
  if (flags.wait) await checkModelDir(flags.modelDir, allowed)
  const output = createOutput({ quiet: flags.quiet === true })
  try {
    await untilSignal(uploadAll(aws, resources, puts, output), () => 'no job was started')
    await untilSignal(
      aws.send('sagemaker:CreateTrainingJob', input),
      () => `whether the job ${name} was started is not known: ${follows(name, flags)}`,
    )
    output.note(`job       ${name}   ${machine.instance}`)
    if (!flags.wait) {
      output.note(`next      ${attachLine(name, flags)}`)
      if (flags.json) output.result(`${JSON.stringify({ job: name })}\n`)
      return
    }
    await awaitModel(account, name, flags, output)
  } finally {
    output.close()
  }
}

/** Follows a job of before. @throws as {@link runTrainingJob} */
export async function attachToTraining(job: string, flags: LaunchTrainFlags): Promise<void> {
  const account = readAccount(flags)
  const name = readResourceName('--attach', job)
  await checkModelDir(flags.modelDir, flags.force ? 'in_place_of_others' : 'alone')
  const output = createOutput({ quiet: flags.quiet === true })
  try {
    await awaitModel(account, name, flags, output)
  } finally {
    output.close()
  }
}

async function awaitModel(
  account: Account,
  name: string,
  flags: LaunchTrainFlags,
  output: Output,
): Promise<void> {
  const goesOn = () => `the job ${name} goes on: ${follows(name, flags)}`
  const follow = (status: StatusLine) =>
    untilSignal(followTraining(account, name, status), goesOn).catch((error) => {
      // What cannot be asked for a moment goes on all the same.
      if (error instanceof CloudError && error.code !== 'Failed')
        output.note(`next      ${attachLine(name, flags)}`)
      throw error
    })
  const job = await showingStatus(output, follow, flags.quiet === true)
  tellEnd(job, output)
  const uri = job.ModelArtifacts?.S3ModelArtifacts
  const isStopped = job.TrainingJobStatus === 'Stopped'
  const why = stopReasons[job.SecondaryStatus ?? ''] ?? 'somebody stopped it'
  const noModel = `the training job ${name} has no model: ${why} before there was one`
  if (!uri) throw new CloudError('', noModel)
  if (isStopped) output.warn(`${why}: the model is what there was until then`)
  output.note(`model     ${uri}`)
  const allowed = flags.force ? 'in_place_of_others' : 'alone'
  const fetched = fetchModel(account.aws, uri, flags.modelDir, allowed, output)
  const modelId = await fetched.catch((error) => {
    // A stopped job has the address of a model also where there is none.
    if (isStopped && isAbsence(error)) throw new CloudError('', noModel)
    throw error
  })
  output.note(
    `next      shapserve sagemaker deploy ${shellWord(flags.modelDir)}${accountOf(flags)}`,
  )
  if (flags.json) output.result(`${printableJson(JSON.stringify(resultOf(job, modelId, flags)))}\n`)
}

/** Why a job is stopped, by SageMaker's name of the state. */
const stopReasons: Readonly<Record<string, string>> = {
  MaxRuntimeExceeded: 'it ran for as long as --max-runtime lets it',
  MaxWaitTimeExceeded: 'it waited for as long as --max-wait lets it',
  Interrupted: 'the spare capacity was taken away',
}

function resultOf(job: TrainingJobState, modelId: string, { modelDir }: LaunchTrainFlags) {
  const metrics = (job.FinalMetricDataList ?? []).map(({ MetricName, Value }) => [
    MetricName,
    Value,
  ])
  return {
    job: job.TrainingJobName,
    status: job.TrainingJobStatus,
    model_id: modelId,
    model_dir: modelDir,
    model: job.ModelArtifacts?.S3ModelArtifacts,
    metrics: Object.fromEntries(metrics) as Record<string, number>,
    training_seconds: job.TrainingTimeInSeconds,
    billable_seconds: job.BillableTimeInSeconds,
  }
}

function follows(name: string, flags: LaunchTrainFlags): string {
  return `${attachLine(name, flags)} follows it, aws sagemaker stop-training-job ${flagWith('--training-job-name', name)}${accountOf(flags)} stops it`
}

function attachLine(name: string, flags: LaunchTrainFlags): string {
  return `shapserve sagemaker train ${flagWith('--attach', name)} ${flagWith('--model-dir', flags.modelDir)}${accountOf(flags)}`
}

/** A directory that would refuse the model does so before the job. @throws ArtifactError */
export async function checkModelDir(directory: string, allowed: Destination): Promise<void> {
  await checkDestination(directory, allowed).catch((error: NodeJS.ErrnoException) => {
    // It is made when there is something to write.
    if (error.code === 'ENOENT') return
    if (error.code === 'ENOTDIR')
      throw new CloudError('', `${quotePath(directory)} is no directory for a model`)
    throw error
  })
}
