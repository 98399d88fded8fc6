/** Follows a training job to its end: its states, its log and its metrics. */
import { isProgressLine } from '../../output/progress.ts'
import type { Output } from '../../terminal.ts'
import type { Aws, TrainingJobState } from './aws.ts'
import type { Account } from './launch-flags.ts'
import { CloudError } from './refusal.ts'
import { describeSeconds, type StatusLine } from './status-line.ts'
import { pause } from './until-signal.ts'

const LOG_GROUP = '/aws/sagemaker/TrainingJobs'

/** What a job's end is called. */
const ENDED: readonly string[] = ['Completed', 'Failed', 'Stopped']

/**
 * Waits until a job has ended and tells its states and its log on the way.
 * @throws CloudError with the job's own reason where it failed, or for a state that cannot be asked
 */
export async function followTraining(
  { aws, pollMs }: Pick<Account, 'aws' | 'pollMs'>,
  name: string,
  status: StatusLine,
): Promise<TrainingJobState> {
  const log = createLogReader(aws, name, status)
  for (;;) {
    const job = await aws.send('sagemaker:DescribeTrainingJob', { TrainingJobName: name })
    const { StatusMessage: detail } = job.SecondaryStatusTransitions?.at(-1) ?? {}
    status.show(job.SecondaryStatus ?? job.TrainingJobStatus ?? 'Unknown', detail)
    await log.read()
    if (ENDED.includes(job.TrainingJobStatus ?? '')) {
      // Lines arrive a little later than the end.
      await pause(Math.min(pollMs, 2000))
      await log.read()
      return checkEnd(name, job)
    }
    await pause(pollMs)
  }
}

/** A job that was stopped has a model where training had come that far. */
function checkEnd(name: string, job: TrainingJobState): TrainingJobState {
  if (job.TrainingJobStatus !== 'Failed') return job
  const reason = job.FailureReason ?? 'SageMaker gives no reason'
  throw new CloudError(
    'Failed',
    `the training job ${name} failed: ${reason.replace(/\s+/g, ' ').trim()}`,
  )
}

/** Tells metrics and what is billed. */
export function tellEnd(job: TrainingJobState, output: Output): void {
  const metrics = (job.FinalMetricDataList ?? []).map(
    ({ MetricName, Value }) => `${MetricName} ${Number((Value ?? Number.NaN).toPrecision(4))}`,
  )
  if (metrics.length > 0) output.note(`metrics   ${metrics.join(' · ')}`)
  const { TrainingTimeInSeconds: ran, BillableTimeInSeconds: billed } = job
  if (ran !== undefined)
    output.note(
      `time      ${describeSeconds(ran)} of training${billed === undefined || billed === ran ? '' : `, ${describeSeconds(billed)} billed`}`,
    )
}

/** Tells a line of a log: how far a step is stands in the line of the state. */
export function tellLine(line: string, status: StatusLine): void {
  if (isProgressLine(line)) status.advance(line)
  else status.note(`log       ${line}`)
}

/** Reads what is new of a job's log, stream by stream; that it cannot be read is told once. */
function createLogReader(aws: Aws, name: string, status: StatusLine) {
  const tokens = new Map<string, string | undefined>()
  let isReadable = true
  async function readStream(stream: string): Promise<void> {
    for (;;) {
      const token = tokens.get(stream)
      const { events = [], nextForwardToken } = await aws.send('logs:GetLogEvents', {
        logGroupName: LOG_GROUP,
        logStreamName: stream,
        startFromHead: true,
        ...(token === undefined ? {} : { nextToken: token }),
      })
      for (const { message = '' } of events) tellLine(message.trimEnd(), status)
      tokens.set(stream, nextForwardToken ?? token)
      // At the end of a stream the token stays what it is.
      if (events.length === 0 || nextForwardToken === token || nextForwardToken === undefined)
        return
    }
  }
  return {
    async read(): Promise<void> {
      if (!isReadable) return
      try {
        const { logStreams = [] } = await aws.send('logs:DescribeLogStreams', {
          logGroupName: LOG_GROUP,
          logStreamNamePrefix: `${name}/`,
        })
        for (const { logStreamName } of logStreams)
          if (logStreamName) await readStream(logStreamName)
      } catch (error) {
        if (!(error instanceof CloudError)) throw error
        // The group appears with the first line of the account's first job.
        if (error.code === 'ResourceNotFoundException') return
        isReadable = false
        status.note(`warning   the log is not shown: ${error.message}`)
      }
    },
  }
}
