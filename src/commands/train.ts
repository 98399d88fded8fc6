import { frameOfCells } from '../preprocess/preprocessor.ts'
/** `shapserve train`: files in, a model directory out; also SageMaker's bare `train`. */

import { sha256 } from '../artifact/store.ts'
import { openModelWriter } from '../artifact/writer.ts'
import { countValues, type DataFrame, findColumn } from '../data/frame.ts'
import { InputError, listNames, quote } from '../errors.ts'
import { buildPredictor } from '../inference.ts'
import { inferPlan, type PlannedColumn, type Role } from '../preprocess/infer-plan.ts'
import type { ColumnPlan } from '../preprocess/plan.ts'
import {
  type EngineName,
  type EstimatorName,
  type TrainReport,
  train,
  writeMetrics,
} from '../train.ts'
import { writeModelCard } from './model-card.ts'
import { createOutput, describePlan, describeResult, describeStart, type Output } from './report.ts'
import { readTables } from './tables.ts'

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
