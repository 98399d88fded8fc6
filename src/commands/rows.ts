/** `shapserve predict` and `shapserve explain`: the routes' answers for files, without a server. */
import { once } from 'node:events'
import { open, rename, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { Writable } from 'node:stream'
import { parseExplainOptions } from '../answering/explain-options.ts'
import type { JobResult, RowJob } from '../answering/job.ts'
import type { MediaType, Operation } from '../answering/media-type.ts'
import { createJobPool, type JobPool } from '../answering/pool.ts'
import { decodeRows, runRowJob } from '../answering/row-job.ts'
import { writeSummary } from '../artifact/stored-summary.ts'
import { InputError, quote } from '../errors.ts'
import { type LoadedModel, readModelDirectory } from '../model-directory/read.ts'
import { planSummary, startSummary } from '../predictor/summarize-rows.ts'
import { type GlobalSummary, type GroupPlan, plansOf } from '../shap/global-summary.ts'
import { type InputFormat, openRowFile, PART_BYTES, type Part } from '../tables/row-files.ts'
import { createOutput } from './terminal.ts'

const typeOfFormat = {
  csv: 'text/csv',
  json: 'application/json',
  jsonl: 'application/jsonlines',
  svg: 'image/svg+xml',
} as const

export type Format = keyof typeof typeOfFormat

export interface RowsRequest {
  readonly operation: Operation
  readonly file: string
  readonly modelDir: string
  readonly inputFormat?: string
  readonly format?: string
  /** File to write; `-` is standard output. */
  readonly out: string
  /** Options of an explanation, as on the query string. */
  readonly options: readonly (readonly [string, unknown])[]
  /** Threads that answer parts of the file; absent = one per core. */
  readonly jobs?: number
  /** Sums up the explanations instead of writing them. */
  readonly summary?: boolean
  /** Bytes of a part of the file. */
  readonly partBytes?: number
}

const inputFormats = ['csv', 'json', 'jsonl', 'parquet'] as const satisfies readonly InputFormat[]

/** Reads the rows of a file, answers them part by part and writes the answers in their order. */
export async function runRows(request: RowsRequest): Promise<void> {
  const model = await readModelDirectory(request.modelDir)
  const given =
    request.inputFormat === undefined
      ? undefined
      : readFormat('--input-format', request.inputFormat, inputFormats)
  const file = await openRowFile(request.file, given)
  const formats = request.operation === 'predict' ? predictFormats : explainFormats
  const usual = file.format === 'parquet' ? 'csv' : file.format
  const format = readFormat('--format', request.format ?? usual, formats)
  // JSON and pictures are one document: there is nothing to write before all rows are answered.
  const isWhole = !request.summary && (format === 'json' || format === 'svg')
  const partBytes = isWhole ? Number.POSITIVE_INFINITY : (request.partBytes ?? PART_BYTES)
  const runner = createRunner(model, request.jobs ?? availableParallelism())
  const progress = createProgress(request.operation)
  try {
    const parts = file.parts(model.predictor, partBytes)
    if (request.summary) await summarise(request, model, parts, runner, progress)
    else await answerParts(request, format, parts, runner, progress)
  } finally {
    progress.close()
    await runner.close()
  }
}

const predictFormats = ['csv', 'json', 'jsonl'] as const
const explainFormats = ['csv', 'json', 'jsonl', 'svg'] as const

async function answerParts(
  request: RowsRequest,
  format: Format,
  parts: AsyncIterable<Part>,
  runner: Runner,
  progress: Progress,
): Promise<void> {
  const sink = await openSink(request.out)
  try {
    let isFirst = true
    const jobs = mapParts(parts, (part) => {
      const job = jobOf(request, part, format, isFirst)
      isFirst = false
      return job
    })
    for await (const { result, part } of inOrder(jobs, runner)) {
      if (result.body.length > 0) await sink.write(withLineEnd(result.body))
      await progress.show(part)
    }
    await sink.finish()
  } catch (error) {
    await sink.abandon()
    throw error
  }
}

/** Sums up the rows in the groups of training where the model has some, or in those of the first part. */
async function summarise(
  request: RowsRequest,
  { artifact, predictor }: LoadedModel,
  parts: AsyncIterable<Part>,
  runner: Runner,
  progress: Progress,
): Promise<void> {
  const options = parseExplainOptions(request.options)
  const stranger = request.options.find(([name]) => name !== 'space' && name !== 'method')
  if (stranger)
    throw new InputError('invalid_option', `a summary takes space and method, not ${stranger[0]}`)
  predictor.checkOptions(options)
  let plans: readonly GroupPlan[] | undefined = artifact.summary && plansOf(artifact.summary)
  const jobs = mapParts(parts, async (part) => {
    const job = jobOf(request, part, 'json', true)
    plans ??= planSummary(predictor, (await decodeRows(predictor, job)).frame)
    return { ...job, summary: plans }
  })
  let total: ReturnType<typeof startSummary> | undefined
  for await (const { result, part } of inOrder(jobs, runner)) {
    total ??= startSummary(predictor, plans as readonly GroupPlan[], options)
    if (result.sums) total.builder.merge(result.sums)
    await progress.show(part)
  }
  if (!total || total.builder.sums.rows === 0)
    throw new InputError('empty_data', 'there are no rows to sum up')
  const summary = total.finish()
  const asJson = `${JSON.stringify({ model_id: artifact.modelId, ...writeSummary(summary) })}\n`
  const isTable = request.out === '-' && request.format === undefined && process.stdout.isTTY
  const sink = await openSink(request.out)
  await sink.write(Buffer.from(isTable ? describeSummary(summary, artifact.plan.target) : asJson))
  await sink.finish()
}

/** A table for people: how far every column pushes, and its groups that push most. */
export function describeSummary(summary: GlobalSummary, target: string): string {
  const { space, rows, outputNames } = summary
  const lines = outputNames.flatMap((name, k) => {
    const sorted = [...summary.columns].sort((a, b) => b.meanAbsolute[k]! - a.meanAbsolute[k]!)
    const width = Math.min(28, Math.max(...sorted.map(({ column }) => column.length)))
    return [
      `mean |SHAP| over ${rows} rows, ${space.replace('_', '-')} of ${target} = ${name}`,
      ...sorted.flatMap(({ column, meanAbsolute, groups }) => [
        `${printable(column).padEnd(width)}  ${meanAbsolute[k]!.toFixed(4)}`,
        ...groups.map(({ value, from, to, others, rows, mean }) => {
          const shown = others
            ? 'any other'
            : from === undefined
              ? (value ?? 'missing')
              : `${from} to ${to}`
          const push = mean[k]!
          return `${' '.repeat(width)}  ${printable(String(shown)).slice(0, 32).padEnd(32)} ${`${push < 0 ? '' : '+'}${push.toFixed(4)}`.padStart(9)}  ${rows} rows`
        }),
      ]),
      '',
    ]
  })
  return `${lines.join('\n')}\n`
}

function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '?')
}

interface PartJob {
  readonly job: RowJob
  readonly part: Part
}

async function* mapParts(
  parts: AsyncIterable<Part>,
  build: (part: Part) => RowJob | Promise<RowJob>,
): AsyncGenerator<PartJob> {
  for await (const part of parts) yield { part, job: await build(part) }
}

/** A part's job; only the first part's answer has a header. */
function jobOf(request: RowsRequest, part: Part, format: Format, isFirst: boolean): RowJob {
  const unlimited = Number.POSITIVE_INFINITY
  const header = isFirst ? [] : ([['header', 'absent']] as const)
  return {
    operation: request.operation,
    body: part.body,
    media: { essence: typeOfFormat[part.format], parameters: part.parameters },
    answer: { essence: typeOfFormat[format], parameters: new Map(header) } satisfies MediaType,
    options: request.options,
    rowOffset: part.rowOffset,
    limits: {
      maxRows: Number.MAX_SAFE_INTEGER,
      maxAnswerBytes: unlimited,
      maxSeconds: unlimited,
    },
  }
}

interface Runner {
  /** Parts that may be under way at a time. */
  readonly width: number
  run(job: RowJob): Promise<JobResult>
  close(): Promise<void>
}

/** The first part is answered here, so that a small file starts no thread; what follows goes to workers. */
function createRunner(model: LoadedModel, jobs: number): Runner {
  let pool: JobPool | undefined
  let isFirst = true
  return {
    width: jobs > 1 ? 2 * jobs : 1,
    async run(job) {
      if (isFirst || jobs <= 1) {
        isFirst = false
        return (await runRowJob(model.predictor, job, false)) as JobResult
      }
      pool ??= createJobPool(jobs)
      return pool.run(model, job, new AbortController().signal)
    },
    close: async () => pool?.close(),
  }
}

/** Runs jobs side by side and yields their results in order. */
async function* inOrder(jobs: AsyncIterable<PartJob>, runner: Runner) {
  const running: { readonly part: Part; readonly result: Promise<JobResult> }[] = []
  for await (const { job, part } of jobs) {
    const result = runner.run(job)
    // Whoever waits for it hears of a failure; until then it must not end the process.
    result.catch(() => {})
    running.push({ part, result })
    if (running.length < runner.width) continue
    const next = running.shift() as (typeof running)[number]
    yield { part: next.part, result: await next.result }
  }
  for (const next of running) yield { part: next.part, result: await next.result }
}

function withLineEnd(body: Uint8Array): Uint8Array {
  return body.at(-1) === 10 ? body : Buffer.concat([body, Buffer.from('\n')])
}

interface Sink {
  write(bytes: Uint8Array): Promise<void>
  finish(): Promise<void>
  /** Leaves no half answer in a file. */
  abandon(): Promise<void>
}

/** Standard output, or a file that has its name once it is whole. */
async function openSink(path: string): Promise<Sink> {
  if (path === '-') {
    // Its listener for a closed pipe is what is needed of it.
    createOutput({ quiet: true })
    return {
      write: (bytes) => writeAll(process.stdout, bytes),
      finish: async () => {},
      abandon: async () => {},
    }
  }
  const part = `${path}.part`
  const unwritable = (error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    return new InputError('invalid_file', `the file ${quote(path, 256)} cannot be written: ${code}`)
  }
  const guard = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch (error) {
      throw unwritable(error)
    }
  }
  const handle = await guard(() => open(part, 'w'))
  return {
    write: (bytes) => guard(() => handle.appendFile(bytes)),
    finish: () =>
      guard(async () => {
        await handle.close()
        await rename(part, path)
      }),
    async abandon() {
      await handle.close()
      await rm(part, { force: true })
    },
  }
}

/** Waits while the reader is behind: memory stays what it is. */
async function writeAll(stream: Writable, bytes: Uint8Array): Promise<void> {
  if (!stream.write(bytes)) await once(stream, 'drain')
}

interface Progress {
  show(part: Part): Promise<void>
  close(): void
}

/** A bar on a terminal, for files of more than one part; nothing elsewhere. */
function createProgress(name: string): Progress {
  if (!process.stderr.isTTY) return { show: async () => {}, close: () => {} }
  const output = createOutput({ quiet: false })
  let isFirst = true
  return {
    async show({ done, total }) {
      const isOnly = isFirst && done >= total
      isFirst = false
      if (!isOnly && total > 0) await output.progress(name, done, total, 'bytes')
    },
    close: () => output.close(),
  }
}

function readFormat<const T extends string>(flag: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  throw new InputError(
    'invalid_option',
    `${flag} is ${quote(value)}, expected ${choices.join(', ')}`,
  )
}
