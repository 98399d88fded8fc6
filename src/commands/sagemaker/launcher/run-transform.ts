/** Uploads rows, runs a batch transform, and fetches its answers. */
import { flagWith, InputError } from '../../../errors.ts'
import { readPublicKey } from '../../../model-directory/keys.ts'
import { checkOutputIsNoInput } from '../../output/same-file.ts'
import { addToStandardOutput } from '../../output/standard-streams.ts'
import { readWhole } from '../../setting-values.ts'
import { createOutput } from '../../terminal.ts'
import { readEnvironment } from './deployment.ts'
import { fetchAnswers } from './fetch-answers.ts'
import { type Account, readAccount, readResources } from './launch-flags.ts'
import { readInstance } from './machine-flags.ts'
import { createMade } from './made.ts'
import { planModel } from './model-archives.ts'
import { below, isS3, jobNameAt, readResourceName, slugOf } from './names.ts'
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
    await made.model(requests.model)
    try {
      await account.aws.send('sagemaker:CreateTransformJob', requests.job)
    } catch (error) {
      await made.takeBack()
      throw error
    }
    output.note(`job       ${name}   ${count} × ${instance}`)
    const answers = answersOf(place, name)
    if (flags.wait) {
      const goesOn = () =>
        `the job ${name} goes on; aws sagemaker stop-transform-job ${flagWith('--transform-job-name', name)} stops it`
      try {
        await showingStatus(output, (line) =>
          untilSignal(followTransform(account, name, line), goesOn),
        )
      } catch (error) {
        if (error instanceof CloudError && error.code === 'Failed') await made.takeBack()
        throw error
      }
      // Only the job needed it.
      await made.takeBack()
      if (flags.out !== undefined) await fetchAnswers(account.aws, answers, flags.out, output)
    }
    output.note(`answers   s3://${answers.bucket}/${answers.key}/`)
    if (flags.json)
      output.result(
        `${JSON.stringify({ job: name, answers: `s3://${answers.bucket}/${answers.key}/` })}\n`,
      )
  } finally {
    output.close()
  }
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
