import { kindOf } from './models/index.ts'
/** From a table and a column plan to a finished artifact; the only file that reaches the estimators. */

import type { Artifact } from './artifact/artifact.ts'
import { withModelId } from './artifact/encode.ts'
import { type ChannelName, type Evaluation, encodeChannel, measure } from './channels.ts'
import { type Column, type DataFrame, findColumn, takeRows } from './data/frame.ts'
import { takeMatrixRows } from './data/matrix.ts'
import { stratifiedSample, stratifiedSplit } from './data/split.ts'
import { InputError, quote } from './errors.ts'
import type { EstimatorName } from './estimators/estimator.ts'
import { type EngineName, engineLibraries, engines } from './estimators/index.ts'
import { type Params, type ParamsSchema, parseParams, storedParams } from './estimators/params.ts'
import { buildPredictor } from './inference.ts'
import { describeMetrics } from './metrics.ts'
import { fitPreprocessor } from './preprocess/fit-preprocessor.ts'
import { type ColumnPlan, checkPlan, type DroppedColumn } from './preprocess/plan.ts'
import { buildPreprocessor } from './preprocess/preprocessor.ts'
import { VERSION } from './version.ts'

export type { ChannelName, Evaluation } from './channels.ts'
export { type EstimatorName, estimatorNames } from './estimators/estimator.ts'
export { type EngineName, engineNames } from './estimators/index.ts'

import { type ImportanceEntry, measureImportance } from './importance.ts'
import { encodeLabels, withLabels } from './preprocess/labels.ts'
import { makeSelfTest } from './self-test.ts'

/** Rows of the background that is stored with a model. */
const BACKGROUND_ROWS = 100
/** Rows over which global importance is measured. */
const IMPORTANCE_ROWS = 500

export interface TrainOptions {
  readonly estimator: EstimatorName
  readonly engine: EngineName
  /** Estimator parameters as given; texts are read as numbers where a number is due. */
  readonly params: ReadonlyMap<string, unknown>
  readonly testSize: number
  readonly seed: number
  readonly dropMissingLabel: boolean
  /** Whether rows will come by position: then every column but the target stays an input. */
  readonly positional?: boolean
  /** SHA-256 of the training data's bytes. */
  readonly dataSha256: string
  readonly sha256: (bytes: Uint8Array) => string
  /** Shows progress and lets other work run; rejects when the training was cancelled. */
  readonly progress: (done: number, total: number, unit: string) => Promise<void>
  /** Whether to end early with a model of what is done so far. */
  readonly shouldStop?: () => boolean
  /** Tables to measure the model on, with the training table's columns. */
  readonly channels?: ReadonlyMap<ChannelName, DataFrame>
  readonly warn: (message: string) => void
}

/** What a training has to tell besides the artifact. */
export interface TrainReport {
  readonly artifact: Artifact
  /** Absent when no row was left for testing. */
  readonly test?: Evaluation
  /** Measured on the tables given besides the training table. */
  readonly channels: ReadonlyMap<ChannelName, Evaluation>
  readonly importance: readonly ImportanceEntry[]
  readonly dropped: readonly DroppedColumn[]
  readonly params: Params
}

/** Returns an estimator's parameters: names, ranges, defaults. */
export function paramsOf(engine: EngineName, estimator: EstimatorName): ParamsSchema {
  return engines[engine][estimator].params
}

/** Throws InputError `invalid_parameter` for parameters that an estimator does not take. */
export function checkParams(
  engine: EngineName,
  estimator: EstimatorName,
  given: ReadonlyMap<string, unknown>,
): void {
  parseParams(paramsOf(engine, estimator), given)
}

/**
 * Trains a model on a table; the same table, plan, options and seed give the same artifact, byte for byte.
 * @throws InputError for a table, plan or parameter that cannot be used
 */
export async function train(
  table: DataFrame,
  plan: ColumnPlan,
  options: TrainOptions,
): Promise<TrainReport> {
  const estimator = engines[options.engine][options.estimator]
  const params = parseParams(estimator.params, options.params)
  if (!(options.testSize >= 0 && options.testSize < 1)) {
    throw new InputError(
      'invalid_parameter',
      `test_size is ${options.testSize}, expected a share from 0 to below 1`,
    )
  }
  if (table.length === 0) throw new InputError('empty_data', 'the training table has no rows')
  if (table.length < 2) {
    throw new InputError(
      'too_few_rows',
      'the training table has 1 row; two classes need at least two',
    )
  }
  checkPlan(plan, table.names)
  const warnings: string[] = []
  const warn = (message: string) => {
    warnings.push(message)
    options.warn(message)
  }
  const frame = withLabels(table, plan.target, options.dropMissingLabel, warn)
  const labels = encodeLabels(findColumn(frame, plan.target) as Column, plan)
  labels.counts.forEach((count, label) => {
    if (count === 1)
      warn(`class ${quote(labels.classes[label])} has a single row; it is used for training only`)
  })
  const classes = labels.classes.length
  // Before the fit: a label that cannot be measured must not cost a whole training.
  const channels = [...(options.channels ?? [])].map(
    ([name, given]) =>
      [
        name,
        encodeChannel(name, given, plan.target, labels.classes, options.dropMissingLabel, warn),
      ] as const,
  )
  const split = stratifiedSplit(labels.y, classes, options.testSize, options.seed)
  if (split.train.length < 2)
    throw new InputError('too_few_rows', `${frame.length} rows are too few to train on`)
  const keep = options.positional ? frame.names.filter((name) => name !== plan.target) : []
  const { spec: preprocessor, dropped } = fitPreprocessor(
    frame,
    split.train,
    plan,
    estimator.scale,
    keep,
  )
  for (const { column, reason } of dropped) warn(`column ${quote(column)} is dropped: ${reason}`)

  const base = {
    estimator: options.estimator,
    engine: options.engine,
    params: storedParams(estimator.params, params),
    plan: { ...plan, dropped: [...plan.dropped, ...dropped] },
    classes: labels.classes,
    numericClasses: labels.numeric,
    preprocessor,
    versions: { shapserve: VERSION, ...engineLibraries[options.engine] },
  }
  const training = takeRows(frame, split.train)
  const yTrain = split.train.map((row) => labels.y[row] as number)
  const X = buildPreprocessor(preprocessor).transform(training)
  const model = await estimator.fit(X, yTrain, classes, params, {
    seed: options.seed,
    classNames: labels.classes,
    checkpoint: (done, total) => options.progress(done, total, estimator.unit),
    ...(options.shouldStop ? { shouldStop: options.shouldStop } : {}),
    warn,
  })
  kindOf(model).check(model, { features: X.columns, classes })
  const background = takeMatrixRows(
    X,
    stratifiedSample(yTrain, classes, BACKGROUND_ROWS, options.seed),
  )
  const draft = {
    ...base,
    model,
    background,
    training: {
      rows: frame.length,
      trainRows: split.train.length,
      testRows: split.test.length,
      sha256: options.dataSha256,
      seed: options.seed,
      warnings,
    },
    metrics: {},
    importance: {
      rows: 0,
      outputNames: [],
      baseValues: new Float64Array(),
      meanAbsolute: { rows: 0, columns: 0, data: new Float64Array() },
    },
    selfTest: [],
  }
  const predictor = buildPredictor(draft)
  const sample = stratifiedSample(yTrain, classes, IMPORTANCE_ROWS, options.seed)
  const { importance, entries } = measureImportance(predictor, takeRows(training, sample))
  const shares = new Array<number>(classes).fill(0)
  for (const label of yTrain) shares[label] = (shares[label] as number) + 1 / yTrain.length
  const test = measure(
    predictor,
    takeRows(frame, split.test),
    split.test.map((row) => labels.y[row] as number),
    shares,
  )
  const measured = new Map(
    channels.flatMap(([name, { frame, y }]) => {
      const evaluation = measure(predictor, frame, y, shares)
      return evaluation ? [[name, evaluation] as const] : []
    }),
  )
  if (!test && measured.size === 0) warn('no row was left for testing: the model is not measured')
  const artifact = withModelId(
    {
      ...draft,
      importance,
      metrics: describeMetrics(predictor, { test, channels: measured }, entries, importance),
      selfTest: makeSelfTest(predictor),
    },
    options.sha256,
  )
  return {
    artifact,
    ...(test ? { test } : {}),
    channels: measured,
    importance: entries,
    dropped,
    params,
  }
}
