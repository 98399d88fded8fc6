/** Predicts or explains a file by an endpoint, part by part, and writes the answers in their order. */
import type { Operation } from '../../../answering/media-type.ts'
import { InputError } from '../../../errors.ts'
import { openRowFile, type Part } from '../../../tables/row-files.ts'
import { openOutputFile } from '../../output/output-file.ts'
import { checkOutputIsNoInput } from '../../output/same-file.ts'
import { addToStandardOutput } from '../../output/standard-streams.ts'
import { readReading } from '../../reading-flags.ts'
import { createProgress } from '../../rows/file-progress.ts'
import {
  type AnswerFormat,
  chooseFormat,
  inputFormats,
  isWholeDocument,
  readFormat,
} from '../../rows/formats.ts'
import { inOrder } from '../../rows/part-runner.ts'
import { readWhole } from '../../setting-values.ts'
import { createOutput } from '../../terminal.ts'
import { openEndpoint, type Target } from './endpoint.ts'
import {
  attributesOf,
  type Invocation,
  invocationOf,
  numberAnswer,
  numberMessage,
} from './invocation.ts'
import { readAccount } from './launch-flags.ts'
import { readResourceName } from './names.ts'
import { CloudError } from './refusal.ts'
import type { InvokeFlags } from './rows-flags.ts'

/** What is asked of which endpoint. */
export interface InvokeRequest {
  readonly operation: Operation
  readonly endpoint: string
  readonly file: string
  /** Options of explanations, by their names in requests. */
  readonly options: readonly (readonly [string, unknown])[]
}

interface Asked {
  readonly invocation: Invocation
  readonly rowOffset: number
}

/**
 * Sends the rows of a file to an endpoint and writes what it answers, as `predict` and `explain` do with a model here.
 * @throws InputError for a file, format or option that cannot be used, CloudError for what the endpoint refuses
 */
export async function runInvoke(request: InvokeRequest, flags: InvokeFlags): Promise<void> {
  const { operation, file: path, options } = request
  const account = readAccount(flags)
  const target: Target = {
    EndpointName: readResourceName('ENDPOINT', request.endpoint),
    ...(flags.targetModel === undefined ? {} : { TargetModel: flags.targetModel }),
    ...(flags.variant === undefined ? {} : { TargetVariant: flags.variant }),
  }
  const attributes = operation === 'explain' ? attributesOf(options) : undefined
  const width = readWhole('--jobs', flags.jobs, 1, 256)
  const batchBytes = readWhole('--batch-bytes', flags.batchBytes, 1, 5 << 20)
  const given =
    flags.inputFormat === undefined
      ? undefined
      : readFormat('--input-format', flags.inputFormat, inputFormats)
  await checkOutputIsNoInput(flags.out, path)
  const reading = readReading(flags)
  const file = await openRowFile(path, {
    format: given,
    reading,
    hasHeader: flags.header ? undefined : false,
  })
  const { format: named, out } = flags
  const format = chooseFormat({ operation, format: named, out, options }, file.format)
  if (format === 'text')
    throw new InputError(
      'invalid_option',
      'an endpoint answers csv, json, jsonl, svg or png; text is made by explain',
    )
  const parts = file.parts(
    undefined,
    isWholeDocument(format) ? Number.POSITIVE_INFINITY : batchBytes,
  )
  const jobs = jobsOf(parts, operation, attributes, format)
  if (account.isDryRun) return await describeFirst(jobs, target)
  if (file.notes.length > 0)
    createOutput({ quiet: false }).note(`data      ${[path, ...file.notes].join(' · ')}`)
  const ask = await openEndpoint(account, target)
  const run = ({ invocation, rowOffset }: Asked) =>
    ask(invocation).catch((error) => {
      throw inFile(error, rowOffset)
    })
  await writeAnswers(jobs, { width, run }, format, flags.out, operation)
}

async function* jobsOf(
  parts: AsyncIterable<Part>,
  operation: Operation,
  attributes: string | undefined,
  format: AnswerFormat,
): AsyncGenerator<{ readonly part: Part; readonly job: Asked }> {
  let isFirst = true
  for await (const part of parts) {
    const invocation = invocationOf(operation, attributes, part, format, isFirst)
    isFirst = false
    yield { part, job: { invocation, rowOffset: part.rowOffset } }
  }
}

async function writeAnswers(
  jobs: AsyncIterable<{ readonly part: Part; readonly job: Asked }>,
  runner: { readonly width: number; run(asked: Asked): Promise<Uint8Array> },
  format: AnswerFormat,
  out: string,
  operation: Operation,
): Promise<void> {
  const sink = await openOutputFile(out)
  const progress = createProgress(operation, out === '-' && process.stdout.isTTY === true)
  try {
    for await (const { result, part } of inOrder(jobs, runner)) {
      const body = numberAnswer(result, format, part.rowOffset)
      if (body.length > 0) await sink.write(body)
      // Rows of the next part must not go on with the last line of this one.
      if (format !== 'png' && body.length > 0 && body.at(-1) !== 10)
        await sink.write(Buffer.from('\n'))
      await progress.show(part)
    }
    await sink.finish()
  } catch (error) {
    await sink.abandon()
    throw error
  } finally {
    progress.close()
  }
}

/** Names the row of the file where the container names that of its request. */
function inFile(error: unknown, rowOffset: number): unknown {
  if (!(error instanceof CloudError) || error.code !== 'ModelError') return error
  return new CloudError(error.code, numberMessage(error.message, rowOffset), { cause: error })
}

/** The first request; the others differ in their rows. */
async function describeFirst(
  jobs: AsyncIterable<{ readonly job: Asked }>,
  target: Target,
): Promise<void> {
  for await (const { job } of jobs) {
    const { Body: body, ...headers } = job.invocation
    const input = { ...target, ...headers, Body: `${body.length} bytes` }
    const shown = [{ service: 'sagemaker-runtime', action: 'InvokeEndpoint', input }]
    addToStandardOutput(`${JSON.stringify(shown, null, 2)}\n`)
    return
  }
}
