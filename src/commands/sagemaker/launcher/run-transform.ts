/** Uploads rows, runs a batch transform, and fetches its answers. */
import { flagWith, InputError } from '../../../errors.ts'
import { readPublicKey } from '../../../model-directory/keys.ts'
import { checkOutputIsNoInput } from '../../output/same-file.ts'
import { addToStandardOutput } from '../../output/standard-streams.ts'
import { readWhole } from '../../setting-values.ts'
import { createOutput, type Output } from '../../terminal.ts'
import { readEnvironment } from './deployment.ts'
import { fetchAnswers } from './fetch-answers.ts'
import { type Account, accountOf, readAccount, readResources } from './launch-flags.ts'
import { readInstance } from './machine-flags.ts'
import { createMade, isAbsence, type Made } from './made.ts'
import { planModel } from './model-archives.ts'
import {
  below,
  isS3,
  jobNameAt,
  readResourceName,
  readS3,
  type S3Place,
  s3Uri,
  slugOf,
} from './names.ts'
import { describeSteps, type Step } from './operations.ts'
import { CloudError } from './refusal.ts'
import { planLocalRows, planRowsInS3 } from './rows-of-transform.ts'
import { type StatusLine, showingStatus } from './status-line.ts'
import { bucketSteps, ensureBucket, putStep, uploadAll } from './storage.ts'
import type { TransformFlags } from './transform-flags.ts'
import { answersOf, transformRequests } from './transform-job.ts'
import { pause, untilSignal } from './until-signal.ts'

/**
 * Answers the rows of files by a batch transform.
 * @throws InputError, ArtifactError for a model that is refused, CloudError, StoppedWaiting
 */
export async function runTransform(
  modelPath: string,
  input: string,
  flags: TransformFlags,
): Promise<void> {
  const account = readAccount(flags)
  const instance = readInstance(flags.instance)
  const count = readWhole('--instance-count', flags.instanceCount, 1, 1000)
  const environment = readEnvironment(flags.env)
  const name =
    flags.jobName === undefined
      ? jobNameAt(new Date(), slugOf(input))
      : readResourceName('--job-name', flags.jobName)
  if (flags.out !== undefined && !flags.wait)
    throw new InputError('invalid_option', '--out waits for the answers; leave out --no-wait')
  if (flags.out !== undefined && !isS3(input))
    await checkOutputIsNoInput(flags.out, input, modelPath)
  const resources = await readResources(flags, account.aws)
  const { place } = resources
  const planned = isS3(input)
    ? planRowsInS3(input, flags)
    : await planLocalRows(input, flags, below(place, name))
  const answer = readAnswerFormat(flags, planned.format)
  if (flags.join && (answer === 'csv') !== (planned.format === 'csv'))
    throw new InputError(
      'invalid_option',
      `--join puts an answer behind its row, both in one format: the rows are ${planned.format}, the answers ${answer}`,
    )
  const key = flags.publicKey ? await readPublicKey(flags.publicKey) : undefined
  const model = await planModel(modelPath, below(place, 'models'), key)
  const modelPuts = model.uploads.map((upload) => putStep(resources, upload.place, upload.body))
  const requests = transformRequests({
    name,
    resources,
    modelData: model.uri,
    instance,
    count,
    rows: planned.rows,
    processing: planned.processing,
    answer,
    explains: flags.explain === true,
    environment,
  })
  if (account.isDryRun) {
    const parts: Step[] = []
    for await (const { place, part } of planned.parts())
      parts.push(putStep(resources, place, { bytes: Buffer.alloc(part.body.length) }))
    const puts = [...modelPuts, ...parts]
    addToStandardOutput(
      describeSteps([
        ...(puts.length > 0 ? bucketSteps(resources) : []),
        ...puts,
        { operation: 'sagemaker:CreateModel', input: requests.model },
        { operation: 'sagemaker:CreateTransformJob', input: requests.job },
      ]),
    )
    return
  }
  const output = createOutput({ quiet: false })
  const made = createMade(account)
  try {
    if (planned.notes.length > 0) output.note(`data      ${[input, ...planned.notes].join(' · ')}`)
    const upload = async () => {
      await uploadAll(account.aws, resources, modelPuts, output)
      if (modelPuts.length === 0 && !isS3(input)) await ensureBucket(account.aws, resources, output)
      for await (const { place, part } of planned.parts()) {
        const { input: put } = putStep(resources, place, { bytes: part.body })
        await account.aws.upload(put, () => {})
        if (part.total > 0) await output.progress('upload', part.done, part.total, 'bytes')
      }
    }
    await untilSignal(upload(), () => 'no job was started')
    const start = async () => {
      await made.model(requests.model)
      try {
        await account.aws.send('sagemaker:CreateTransformJob', requests.job)
      } catch (error) {
        await tellLeft(made, output)
        throw error
      }
    }
    await untilSignal(
      start(),
      () => `whether the job ${name} was started is not known: ${follows(name, flags)}`,
    )
    output.note(`job       ${name}   ${count} × ${instance}`)
    const job = { name, answers: answersOf(place, name), takeBack: () => tellLeft(made, output) }
    if (flags.wait) return await awaitAnswers(account, job, flags, output)
    output.note(`next      ${attachLine(name, flags)}`)
    tellAnswers(job, flags, output)
  } finally {
    output.close()
  }
}

/**
 * Follows a job of before, and fetches its answers.
 * @throws InputError, CloudError, StoppedWaiting
 */
export async function attachToTransform(given: string, flags: TransformFlags): Promise<void> {
  const account = readAccount(flags)
  const { aws } = account
  const name = readResourceName('--attach', given)
  const asked = { TransformJobName: name }
  const { ModelName, TransformOutput } = await aws.send('sagemaker:DescribeTransformJob', asked)
  const answers = readS3('the place of answers', TransformOutput?.S3OutputPath ?? '')
  const output = createOutput({ quiet: false })
  const takeBack = async () => {
    // A model of another name was there before the job.
    if (ModelName !== name) return
    await aws.send('sagemaker:DeleteModel', { ModelName }).catch((error: unknown) => {
      if (!isAbsence(error)) output.warn(`left over: model ${name}`)
    })
  }
  try {
    await awaitAnswers(account, { name, answers, takeBack }, flags, output)
  } finally {
    output.close()
  }
}

/** A job that is under way. */
interface RunningTransform {
  readonly name: string
  readonly answers: S3Place
  /** Deletes the model, which only the job needed. */
  readonly takeBack: () => Promise<void>
}

async function awaitAnswers(
  account: Account,
  job: RunningTransform,
  flags: TransformFlags,
  output: Output,
): Promise<void> {
  const { name } = job
  try {
    await showingStatus(output, (line) =>
      untilSignal(
        followTransform(account, name, line),
        () => `the job ${name} goes on: ${follows(name, flags)}`,
      ),
    )
  } catch (error) {
    const isEnded = error instanceof CloudError && error.code === 'Failed'
    if (isEnded) await job.takeBack()
    // What cannot be asked for a moment goes on all the same.
    else if (error instanceof CloudError) output.note(`next      ${attachLine(name, flags)}`)
    throw error
  }
  await job.takeBack()
  if (flags.out !== undefined) await fetchAnswers(account.aws, job.answers, flags.out, output)
  tellAnswers(job, flags, output)
}

function tellAnswers(
  { name, answers }: RunningTransform,
  { json }: TransformFlags,
  output: Output,
): void {
  const uri = `${s3Uri(answers)}/`
  output.note(`answers   ${uri}`)
  if (json) output.result(`${JSON.stringify({ job: name, answers: uri })}\n`)
}

async function tellLeft(made: Made, output: Output): Promise<void> {
  const left = await made.takeBack()
  if (left.length > 0) output.warn(`left over: ${left.join(', ')}`)
}

function attachLine(name: string, flags: TransformFlags): string {
  return `shapserve sagemaker transform ${flagWith('--attach', name)} ${flagWith('--out', flags.out ?? 'answers')}${accountOf(flags)}`
}

function follows(name: string, flags: TransformFlags): string {
  return `${attachLine(name, flags)} follows it, aws sagemaker stop-transform-job ${flagWith('--transform-job-name', name)}${accountOf(flags)} stops it`
}

function readAnswerFormat(
  { format, explain }: TransformFlags,
  input: string,
): 'csv' | 'json' | 'jsonl' {
  if (explain && format !== undefined && format !== 'jsonl')
    throw new InputError(
      'invalid_option',
      'explanations of a transform are jsonl; leave out --format',
    )
  if (explain) return 'jsonl'
  if (format === undefined) return input === 'csv' || input === 'json' ? input : 'jsonl'
  if (format === 'csv' || format === 'jsonl') return format
  throw new InputError(
    'invalid_option',
    `--format is "${format.slice(0, 40)}", expected csv or jsonl`,
  )
}

async function followTransform(
  { aws, pollMs }: Account,
  name: string,
  line: StatusLine,
): Promise<void> {
  for (;;) {
    const job = await aws.send('sagemaker:DescribeTransformJob', { TransformJobName: name })
    const status = job.TransformJobStatus ?? 'Unknown'
    line.show(status)
    if (status === 'Completed') return
    if (status === 'Failed' || status === 'Stopped') {
      const reason = (job.FailureReason ?? 'SageMaker gives no reason').replace(/\s+/g, ' ').trim()
      const told = status === 'Stopped' ? 'was stopped' : `failed: ${reason}`
      throw new CloudError('Failed', `the transform job ${name} ${told}`)
    }
    await pause(pollMs)
  }
}
