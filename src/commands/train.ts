/** `shapserve train`: files in, a model directory out; also SageMaker's bare `train`. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { openModelWriter, sha256 } from '../artifact/store.ts'
import type { Env } from '../config.ts'
import { countValues, type DataFrame, findColumn } from '../data/frame.ts'
import { concatTables, readCsvTable, readJsonLinesTable } from '../data/table.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import { buildPredictor, frameOfCells } from '../inference.ts'
import { inferPlan, type PlannedColumn, type Role } from '../preprocess/infer-plan.ts'
import { type ColumnPlan, parsePlan, readPlan } from '../preprocess/plan.ts'
import { findTrainingChannel, readHyperparameters, sageMakerPaths } from '../sagemaker.ts'
import {
  type EngineName,
  type EstimatorName,
  engineNames,
  estimatorNames,
  type TrainReport,
  train,
  writeMetrics,
} from '../train.ts'
import { writeModelCard } from './model-card.ts'
import { createOutput, describePlan, describeResult, describeStart, type Output } from './report.ts'

/** Everything a training is told, wherever it was told it. */
export interface TrainRequest {
  readonly files: readonly string[]
  /** Column names of files without a header, in SageMaker's order: the label first. */
  readonly headerless: boolean
  readonly target?: string
  readonly plan?: ColumnPlan
  readonly roles: ReadonlyMap<string, Role>
  readonly estimator: EstimatorName
  readonly engine: EngineName
  readonly params: ReadonlyMap<string, unknown>
  readonly modelDir: string
  readonly testSize: number
  readonly seed: number
  readonly dropMissingLabel: boolean
  readonly json: boolean
  readonly quiet: boolean
  /** Whether metrics are printed as SageMaker's metric definitions read them. */
  readonly metricLines: boolean
}

/** Trains and writes the model directory; throws InputError or ArtifactError. */
export async function runTraining(request: TrainRequest): Promise<void> {
  const output = createOutput({ quiet: request.quiet })
  const writer = await openModelWriter(request.modelDir)
  try {
    const started = performance.now()
    const { report, plan } = await fit(request, output)
    await writer.commit(report.artifact, writeModelCard(report))
    const seconds = (performance.now() - started) / 1000
    writeResult(request, report, plan, seconds, output)
  } finally {
    await writer.release()
  }
}

async function fit(
  request: TrainRequest,
  output: Output,
): Promise<{ report: TrainReport; plan: ColumnPlan }> {
  const { table, files, sha } = await readTables(request)
  for (const line of describeStart(request.seed, files)) output.note(line)
  const { plan, columns } = choosePlan(request, table)
  output.note(describeTarget(plan.target, table))
  for (const line of describePlan(columns ?? [])) output.note(line)
  const report = await train(table, plan, {
    estimator: request.estimator,
    engine: request.engine,
    params: request.params,
    testSize: request.testSize,
    seed: request.seed,
    dropMissingLabel: request.dropMissingLabel,
    positional: request.headerless,
    dataSha256: sha,
    sha256,
    async progress(done, total, unit) {
      await output.progress(shortNames[request.estimator], done, total, unit)
      await new Promise((resolve) => setImmediate(resolve))
    },
    warn: output.warn,
  })
  const { training } = report.artifact
  output.note(`split     ${training.trainRows} train · ${training.testRows} test`)
  return { report, plan }
}

/** Names of estimators in progress lines. */
const shortNames: Readonly<Record<EstimatorName, string>> = {
  logistic_regression: 'logistic',
  decision_tree: 'tree',
  random_forest: 'forest',
}

/** Returns the target's line: its classes with their shares. */
function describeTarget(target: string, table: DataFrame): string {
  const column = findColumn(table, target)
  const counts = column ? [...countValues(column)] : []
  const total = counts.reduce((sum, [, count]) => sum + count, 0)
  const shares = counts
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, 8)
    .map(([name, count]) => `${name} ${((100 * count) / total).toFixed(1)} %`)
  return `target    ${target}   ${counts.length} classes: ${shares.join('  ')}${counts.length > 8 ? '  …' : ''}`
}

/** Reads the files; SageMaker's CSV has no header and its label first. */
async function readTables(request: TrainRequest) {
  const parts: { name: string; frame: DataFrame }[] = []
  const files: { name: string; rows: number; columns: number; bytes: number }[] = []
  const hashes: string[] = []
  for (const path of request.files) {
    const name = basename(path)
    const bytes = await readInputFile(path)
    hashes.push(sha256(bytes))
    const frame = readTable(path, bytes, request.headerless)
    parts.push({ name, frame })
    files.push({ name: path, rows: frame.length, columns: frame.names.length, bytes: bytes.length })
  }
  const sha = hashes.length === 1 ? (hashes[0] as string) : sha256(Buffer.from(hashes.join('\n')))
  return { table: concatTables(parts), files, sha }
}

function readTable(path: string, bytes: Uint8Array, headerless: boolean): DataFrame {
  try {
    if (bytes.length === 0) throw new InputError('empty_data', 'the file is empty')
    const text = decodeUtf8(bytes)
    if (/\.(jsonl|ndjson)$/i.test(path)) return readJsonLinesTable(text)
    if (!/\.(csv|txt)$/i.test(path) && /\.[a-z0-9]+$/i.test(path)) {
      throw new InputError('invalid_file', 'this kind of file is not read; .csv and .jsonl are')
    }
    if (!headerless) return readCsvTable(text)
    const width = (text.split(/\r|\n/, 1)[0] as string).split(',').length
    return readCsvTable(text, [
      'label',
      ...Array.from({ length: width - 1 }, (_, i) => `f${i + 1}`),
    ])
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new InputError(error.code, `${path}: ${error.message}`, error.places)
  }
}

/** Returns a file's bytes; `-` is standard input. */
export async function readInputFile(path: string): Promise<Buffer> {
  try {
    if (path !== '-') return await readFile(path)
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EISDIR'
          ? 'is a directory'
          : `cannot be read: ${code}`
    throw new InputError('invalid_file', `the file ${quote(path, 256)} ${why}`)
  }
}

function choosePlan(
  request: TrainRequest,
  table: DataFrame,
): { plan: ColumnPlan; columns?: readonly PlannedColumn[] } {
  if (request.plan) {
    if (request.target !== undefined && request.target !== request.plan.target) {
      throw new InputError(
        'invalid_plan',
        `the plan's target is ${quote(request.plan.target)}, --target says ${quote(request.target)}`,
      )
    }
    return { plan: withUnplanned(request.plan, table) }
  }
  const target = request.target ?? (request.headerless ? 'label' : undefined)
  if (target === undefined)
    throw new InputError(
      'no_target',
      `which column is the target? --target one of ${listNames(table.names)}`,
    )
  return inferPlan(table, target, request.headerless ? allNumeric(table, target) : request.roles)
}

/** Without names there are no identifiers to see: every number is a feature, as SageMaker's algorithms take it. */
function allNumeric(table: DataFrame, target: string): ReadonlyMap<string, Role> {
  const numbers = table.names.filter(
    (name) => name !== target && findColumn(table, name)?.kind === 'number',
  )
  return new Map(numbers.map((name) => [name, 'numeric']))
}

/** Columns that a plan does not mention are recorded as dropped. */
function withUnplanned(plan: ColumnPlan, table: DataFrame): ColumnPlan {
  const mentioned = new Set([
    plan.target,
    ...plan.id,
    ...[...plan.numeric, ...plan.ordinal, ...plan.nominal, ...plan.dropped].map(
      ({ column }) => column,
    ),
    ...plan.derived.map(({ from }) => from),
  ])
  const rest = table.names
    .filter((name) => !mentioned.has(name))
    .map((column) => ({ column, reason: 'not in the plan' }))
  return { ...plan, dropped: [...plan.dropped, ...rest] }
}

function writeResult(
  request: TrainRequest,
  report: TrainReport,
  plan: ColumnPlan,
  seconds: number,
  output: Output,
): void {
  const { artifact, test } = report
  if (request.metricLines && test) {
    const { accuracy, rocAuc, logLoss, f1 } = test.model
    for (const [name, value] of Object.entries({ accuracy, auc: rocAuc, log_loss: logLoss, f1 })) {
      if (value !== null) output.result(`validation:${name}=${value};\n`)
    }
  }
  if (request.json) {
    const object = {
      model_id: artifact.modelId,
      model_dir: request.modelDir,
      estimator: artifact.estimator,
      engine: artifact.engine,
      params: artifact.params,
      target: plan.target,
      classes: artifact.classes,
      rows: artifact.training.rows,
      train_rows: artifact.training.trainRows,
      test_rows: artifact.training.testRows,
      test: test ? writeMetrics(test.model) : null,
      majority: test ? writeMetrics(test.majority) : null,
      importance: report.importance.map(({ column, meanAbsShap, direction }) => ({
        column,
        mean_abs_shap: meanAbsShap,
        direction,
      })),
      warnings: artifact.training.warnings,
      seconds: Math.round(seconds * 1000) / 1000,
    }
    output.result(`${JSON.stringify(object)}\n`)
    return
  }
  if (!request.quiet) output.result(`\n${describeResult(report)}\n`)
  output.note(
    `saved     ${request.modelDir}/   model ${artifact.modelId}   ${seconds.toFixed(1)} s`,
  )
  output.note(describeSpeed(report))
}

/** Times one usual row; a rough figure for people, not a benchmark. */
function describeSpeed({ artifact }: TrainReport): string {
  const predictor = buildPredictor(artifact)
  const { inputs } = artifact.preprocessor
  const frame = frameOfCells(inputs, [inputs.map(({ example }) => example)])
  const time = (run: () => unknown) => {
    for (let i = 0; i < 30; i++) run()
    const start = performance.now()
    for (let i = 0; i < 30; i++) run()
    return (performance.now() - start) / 30
  }
  const predict = time(() => predictor.predict(frame))
  const explain = time(() => predictor.explain(frame))
  return `speed     one row ${predict.toFixed(3)} ms predict, ${explain.toFixed(3)} ms explain        next: npx shapserve serve`
}

/**
 * Returns what SageMaker's files ask for.
 * @throws InputError naming everything wrong in the hyperparameters
 */
export async function readSageMakerRequest(env: Env): Promise<TrainRequest> {
  const paths = sageMakerPaths(env)
  const given = await readHyperparameters(paths.hyperparameters)
  const take = (...names: string[]) => {
    const name = names.find((known) => given.has(known))
    const value = name === undefined ? undefined : given.get(name)
    for (const known of names) given.delete(known)
    return value
  }
  const target = take('target')
  const plan = take('plan')
  const estimator = readName(
    'estimator',
    take('estimator', 'algorithm') ?? 'random_forest',
    estimatorNames,
  )
  const engine = readName('engine', take('engine') ?? 'mljs', engineNames)
  const testSize = readNumber('test_size', take('test_size') ?? 0.2, 0, 0.99)
  const seed = readSeed(take('seed') ?? 0)
  const dropMissingLabel = take('drop_missing_label') === true
  const channel = await findTrainingChannel(paths)
  return {
    files: channel.files,
    headerless: target === undefined && plan === undefined,
    ...(target === undefined ? {} : { target: String(target) }),
    ...(plan === undefined
      ? {}
      : { plan: typeof plan === 'string' ? parsePlan(plan) : readPlan(plan) }),
    roles: new Map(),
    estimator,
    engine,
    params: given,
    modelDir: paths.model,
    testSize,
    seed,
    dropMissingLabel,
    json: false,
    quiet: false,
    metricLines: true,
  }
}

/** Returns a name if it is one of the choices; throws InputError `invalid_parameter`. */
export function readName<const T extends string>(
  what: string,
  value: unknown,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  const hint = typeof value === 'string' ? didYouMean(value, choices) : ''
  throw new InputError(
    'invalid_parameter',
    `${what} is ${quote(value)}, expected ${choices.join(', ')}${hint}`,
  )
}

/** Returns a number in a range; throws InputError `invalid_parameter`. */
export function readNumber(what: string, value: unknown, least: number, most: number): number {
  const text = String(value).trim()
  const number = text === '' ? Number.NaN : Number(text)
  if (number >= least && number <= most) return number
  throw new InputError(
    'invalid_parameter',
    `${what} is ${quote(value)}, expected a number from ${least} to ${most}`,
  )
}

/** Returns a seed: a whole number of 32 bits; throws InputError `invalid_parameter`. */
export function readSeed(value: unknown): number {
  const seed = readNumber('seed', value, 0, 2 ** 32 - 1)
  if (Number.isInteger(seed)) return seed
  throw new InputError('invalid_parameter', `seed is ${quote(value)}, expected a whole number`)
}
