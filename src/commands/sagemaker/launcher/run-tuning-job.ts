/** Starts a tuning job, follows it, and fetches the model of its best training. */
import { flagWith, shellWord } from '../../../errors.ts'
import { searchSpaceOf } from '../../../training/choose-estimator.ts'
import { addToStandardOutput } from '../../output/standard-streams.ts'
import { readName, readWhole } from '../../setting-values.ts'
import { createOutput, type Output, printableJson } from '../../terminal.ts'
import { objectives } from '../metric-lines.ts'
import type { TuningJobState } from './aws.ts'
import { fetchModel } from './fetch-model.ts'
import { type Account, accountOf, readAccount, readResources } from './launch-flags.ts'
import { readMachine } from './machine-flags.ts'
import { below, jobNameAt, MAX_TUNING_NAME, readResourceName, slugOf } from './names.ts'
import { describeSteps } from './operations.ts'
import { planTraining } from './plan-training.ts'
import { CloudError } from './refusal.ts'
import { checkModelDir } from './run-training-job.ts'
import { type StatusLine, showingStatus } from './status-line.ts'
import { bucketSteps, putStep, uploadAll } from './storage.ts'
import { type LaunchTuneFlags, strategies } from './tune-flags.ts'
import { type Tuning, tuningJobRequest } from './tuning-job.ts'
import { pause, untilSignal } from './until-signal.ts'

/**
 * Searches parameters and writes the best model.
 * @throws InputError for a flag or file that cannot be used, CloudError, StoppedWaiting
 */
export async function runTuningJob(
  files: readonly string[],
  flags: LaunchTuneFlags,
): Promise<void> {
  const account = readAccount(flags)
  const { aws } = account
  const machine = readMachine(flags)
  const tuning = readTuning(flags)
  const name =
    flags.jobName === undefined
      ? jobNameAt(new Date(), slugOf(files[0] as string), MAX_TUNING_NAME)
      : readResourceName('--job-name', flags.jobName, MAX_TUNING_NAME)
  const resources = await readResources(flags, aws)
  const planned = await planTraining(files, flags, below(resources.place, name))
  const { hyperparameters, channels, request } = planned
  const puts = channels.flatMap(({ uploads }) =>
    uploads.map(({ file, place }) => putStep(resources, place, { file })),
  )
  const job = { name, resources, machine, hyperparameters, channels }
  const input = tuningJobRequest(job, tuning, await searchSpaceOf(request))
  if (account.isDryRun) {
    addToStandardOutput(
      describeSteps([
        ...(puts.length > 0 ? bucketSteps(resources) : []),
        ...puts,
        { operation: 'sagemaker:CreateHyperParameterTuningJob', input },
      ]),
    )
    return
  }
  const allowed = flags.force ? 'in_place_of_others' : 'alone'
  if (flags.wait) await checkModelDir(flags.modelDir, allowed)
  const output = createOutput({ quiet: flags.quiet === true })
  try {
    await untilSignal(uploadAll(aws, resources, puts, output), () => 'no job was started')
    await untilSignal(
      aws.send('sagemaker:CreateHyperParameterTuningJob', input),
      () => `whether the tuning job ${name} was started is not known: ${follows(name, flags)}`,
    )
    output.note(`tuning    ${name}   ${tuning.maxJobs} jobs on ${machine.instance}`)
    if (flags.wait) return await awaitBest(account, name, flags, output)
    output.note(`next      ${attachLine(name, flags)}`)
    if (flags.json) output.result(`${JSON.stringify({ tuning_job: name })}\n`)
  } finally {
    output.close()
  }
}

/** Follows a tuning job of before. @throws as {@link runTuningJob} */
export async function attachToTuning(job: string, flags: LaunchTuneFlags): Promise<void> {
  const account = readAccount(flags)
  const name = readResourceName('--attach', job, MAX_TUNING_NAME)
  await checkModelDir(flags.modelDir, flags.force ? 'in_place_of_others' : 'alone')
  const output = createOutput({ quiet: flags.quiet === true })
  try {
    await awaitBest(account, name, flags, output)
  } finally {
    output.close()
  }
}

function attachLine(name: string, flags: LaunchTuneFlags): string {
  return `shapserve sagemaker tune ${flagWith('--attach', name)} ${flagWith('--model-dir', flags.modelDir)}${accountOf(flags)}`
}

function follows(name: string, flags: LaunchTuneFlags): string {
  return `${attachLine(name, flags)} follows it, aws sagemaker stop-hyper-parameter-tuning-job ${flagWith('--hyper-parameter-tuning-job-name', name)}${accountOf(flags)} stops it`
}

function readTuning(flags: LaunchTuneFlags): Tuning {
  const names = objectives.map(({ name }) => name)
  const metric = readName('--metric', flags.metric, names)
  const maxJobs = readWhole('--max-jobs', flags.maxJobs, 1, 1000)
  const strategy = readName('--strategy', flags.strategy, strategies)
  return {
    metric: `${flags.cv === undefined ? 'validation' : 'cv'}:${metric}`,
    isLargerBetter: objectives.find(({ name }) => name === metric)!.isLargerBetter,
    maxJobs,
    parallelJobs: Math.min(maxJobs, readWhole('--parallel-jobs', flags.parallelJobs, 1, 100)),
    strategy,
  }
}

async function awaitBest(
  account: Account,
  name: string,
  flags: LaunchTuneFlags,
  output: Output,
): Promise<void> {
  const { aws } = account
  const goesOn = () => `the tuning job ${name} goes on: ${follows(name, flags)}`
  const follow = (line: StatusLine) =>
    untilSignal(followTuning(account, name, line), goesOn).catch((error) => {
      // What cannot be asked for a moment goes on all the same.
      if (error instanceof CloudError && error.code !== 'Failed')
        output.note(`next      ${attachLine(name, flags)}`)
      throw error
    })
  const tuned = await showingStatus(output, follow, flags.quiet === true)
  const { BestTrainingJob: best } = tuned
  if (!best?.TrainingJobName) throw new CloudError('', describeNoBest(name, tuned, flags))
  if (tuned.HyperParameterTuningJobStatus === 'Stopped')
    output.warn('the search was stopped: the model is the best one until then')
  const { MetricName, Value } = best.FinalHyperParameterTuningJobObjectiveMetric ?? {}
  const params = best.TunedHyperParameters ?? {}
  const shown = Object.entries(params).map(([param, value]) => `${param}=${value}`)
  output.note(`best      ${best.TrainingJobName}   ${MetricName ?? ''} ${Value ?? ''}`.trimEnd())
  output.note(`          ${shown.join(' · ')}`)
  const job = await aws.send('sagemaker:DescribeTrainingJob', {
    TrainingJobName: best.TrainingJobName,
  })
  const uri = job.ModelArtifacts?.S3ModelArtifacts
  if (!uri) throw new CloudError('', `the training job ${best.TrainingJobName} has no model`)
  const allowed = flags.force ? 'in_place_of_others' : 'alone'
  const modelId = await fetchModel(aws, uri, flags.modelDir, allowed, output)
  output.note(
    `next      shapserve sagemaker deploy ${shellWord(flags.modelDir)}${accountOf(flags)}`,
  )
  if (!flags.json) return
  const result = {
    tuning_job: name,
    job: best.TrainingJobName,
    metric: MetricName,
    value: Value,
    params,
    model_id: modelId,
    model_dir: flags.modelDir,
    model: uri,
  }
  output.result(`${printableJson(JSON.stringify(result))}\n`)
}

/** Where no training has a metric, the trainings themselves say why. */
function describeNoBest(
  name: string,
  { TrainingJobStatusCounters: counts = {} }: TuningJobState,
  flags: LaunchTuneFlags,
) {
  const { NonRetryableError = 0, RetryableError = 0, Stopped = 0 } = counts
  const failed = NonRetryableError + RetryableError
  return `the tuning job ${name} has no best training: ${failed} failed, ${Stopped} were stopped; aws sagemaker list-training-jobs-for-hyper-parameter-tuning-job ${flagWith('--hyper-parameter-tuning-job-name', name)}${accountOf(flags)} says why`
}

const ENDED: readonly string[] = ['Completed', 'Failed', 'Stopped']

async function followTuning(
  { aws, pollMs }: Account,
  name: string,
  line: StatusLine,
): Promise<TuningJobState> {
  for (;;) {
    const job = await aws.send('sagemaker:DescribeHyperParameterTuningJob', {
      HyperParameterTuningJobName: name,
    })
    const {
      Completed = 0,
      InProgress = 0,
      NonRetryableError = 0,
    } = job.TrainingJobStatusCounters ?? {}
    const failed = NonRetryableError > 0 ? `, ${NonRetryableError} failed` : ''
    const status = job.HyperParameterTuningJobStatus ?? 'Unknown'
    line.show(status, `${Completed} jobs done, ${InProgress} running${failed}`)
    if (status === 'Failed')
      throw new CloudError(
        'Failed',
        `the tuning job ${name} failed: ${(job.FailureReason ?? 'SageMaker gives no reason').replace(/\s+/g, ' ')}`,
      )
    if (ENDED.includes(status)) return job
    await pause(pollMs)
  }
}
