/** From a table and a column plan to a finished artifact; the only file that reaches the estimators. */

import type { Artifact } from '../artifact/artifact.ts'
import { withModelId } from '../artifact/encode.ts'
import { type DataFrame, takeRows } from '../data/frame.ts'
import { takeMatrixRows } from '../data/matrix.ts'
import { stratifiedSample } from '../data/split.ts'
import { InputError, quote } from '../errors.ts'
import type { Estimator, EstimatorName, FitContext, OutOfBag } from '../estimators/estimator.ts'
import { type EngineName, engineLibraries, engines } from '../estimators/index.ts'
import { type Params, type ParamsSchema, parseParams, storedParams } from '../estimators/params.ts'
import { kindOf } from '../models/index.ts'
import { buildPredictor, type Predictor } from '../predictor/predictor.ts'
import { makeSelfTest } from '../predictor/self-test.ts'
import {
  explainColumns,
  planSummary,
  startSummary,
  summaryLabels,
} from '../predictor/summarize-rows.ts'
import { describeDoubts } from '../preprocess/doubts.ts'
import type { ColumnPlan, DroppedColumn } from '../preprocess/plan.ts'
import { VERSION } from '../version.ts'
import { type CrossValidation, crossValidate } from './cross-validation.ts'
import { draftArtifact, type FitSettings, type Fitted, fitRows } from './fit.ts'
import { type LabelledTable, labelTable } from './labelled-table.ts'
import {
  type ChannelName,
  type Evaluation,
  encodeChannel,
  measure,
  measureOutOfBag,
} from './measure.ts'
import { describeMetrics, mainEvaluation, type Part } from './metrics-file.ts'
import {
  type PermutationImportance,
  permutationImportance,
  permutationRows,
} from './permutation-importance.ts'
import { type ImportanceEntry, measureImportance } from './shap-importance.ts'

export { type EstimatorName, estimatorNames } from '../estimators/estimator.ts'
export { DEFAULT_ENGINE, type EngineName, engineNames } from '../estimators/index.ts'
export type { ChannelName, Evaluation } from './measure.ts'

/** Rows of the background that is stored with a model. */
const BACKGROUND_ROWS = 100
/** Rows over which global importance is measured: fewer where explaining them would take longer than this. */
const IMPORTANCE_ROWS = 500
const LEAST_IMPORTANCE_ROWS = 100
const IMPORTANCE_NANOSECONDS = 2e9

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
  /** Threads that a fit may use besides the calling one; they do not change the model. */
  readonly threads?: FitContext['threads']
  /** Cross-validation of the training rows, before the model is trained on all of them. */
  readonly crossValidation?: { readonly folds: number; readonly repeats: number }
  /** The search that the parameters come from. */
  readonly tuning?: {
    /** As it is written to trials.json. */
    readonly trials: Readonly<Record<string, unknown>>
    readonly interrupted: boolean
    /** Of these parameters, when the search got so far. */
    readonly crossValidation?: CrossValidation
  }
  /** Tables to measure the model on, with the training table's columns. */
  readonly channels?: ReadonlyMap<ChannelName, DataFrame>
  /** Rows to explain against, in the place of a sample of the training rows. */
  readonly background?: DataFrame
  readonly warn: (message: string) => void
  /** Told how many rows are for training and for testing, before anything is fitted. */
  readonly onSplit?: (trainRows: number, testRows: number) => void
  /** Told how many bytes the matrix of features will take, before it is made; throws where that is too much. */
  readonly checkMemory?: (bytes: number) => void
}

/** What a training has to tell besides the artifact. */
export interface TrainReport {
  readonly artifact: Artifact
  /** Absent when no row was left for testing. */
  readonly test?: Evaluation
  readonly crossValidation?: CrossValidation
  /** What a forest says of training rows by the trees that had not drawn them. */
  readonly outOfBag?: OutOfBag
  /** Measured on the tables given besides the training table. */
  readonly channels: ReadonlyMap<ChannelName, Evaluation>
  readonly importance: readonly ImportanceEntry[]
  readonly permutation: PermutationImportance
  readonly dropped: readonly DroppedColumn[]
  readonly params: Params
}

/** Returns an estimator's parameters: names, ranges, defaults. */
export function paramsOf(engine: EngineName, estimator: EstimatorName): ParamsSchema {
  return engines[engine][estimator].params
}

/** Whether an estimator takes missing numbers as they are. */
export function acceptsMissing(engine: EngineName, estimator: EstimatorName): boolean {
  const { scale, acceptsMissing } = estimatorOf(engine, estimator)
  return acceptsMissing === true && !scale
}

/** Returns the columns that stay inputs even if nothing is learned from them: all, where rows come by position. */
export function keptColumns(
  { names }: DataFrame,
  { target, weight }: ColumnPlan,
  { positional }: Pick<TrainOptions, 'positional'>,
): string[] {
  return positional ? names.filter((name) => name !== target && name !== weight) : []
}

/** Returns an engine's estimator. */
export function estimatorOf(engine: EngineName, estimator: EstimatorName): Estimator {
  return engines[engine][estimator]
}

/** Throws InputError `invalid_parameter` for a plan with weights that the estimator would not heed. */
export function checkHeedsWeights(
  { weight }: ColumnPlan,
  { engine, estimator }: Pick<TrainOptions, 'engine' | 'estimator'>,
): void {
  if (weight === undefined || estimatorOf(engine, estimator).acceptsWeights === true) return
  throw new InputError(
    'invalid_parameter',
    `${estimator} of the engine ${engine} does not heed weights; leave out the weight ${quote(weight)}, or choose another engine`,
  )
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
  const estimator = estimatorOf(options.engine, options.estimator)
  const params = parseParams(estimator.params, options.params)
  checkHeedsWeights(plan, options)
  const warnings: string[] = []
  const warn = (message: string) => {
    warnings.push(message)
    options.warn(message)
  }
  let interrupted = options.tuning?.interrupted === true
  const shouldStop = () => {
    const asked = options.shouldStop?.() === true
    interrupted ||= asked
    return asked
  }
  const data = labelTable(table, plan, { ...options, warn })
  const { classes, frame, split } = data
  options.onSplit?.(split.train.length, split.test.length)
  for (const doubt of describeDoubts(frame, plan, data.y, classes.length)) warn(doubt)
  // Before the fit: a label that cannot be measured must not cost a whole training.
  const channels = [...(options.channels ?? [])].map(
    ([name, given]) =>
      [
        name,
        encodeChannel(name, given, plan.target, classes, options.dropMissingLabel, warn),
      ] as const,
  )
  const settings: FitSettings = {
    plan,
    estimator,
    params,
    seed: options.seed,
    ...(options.threads ? { threads: options.threads } : {}),
    keep: keptColumns(frame, plan, options),
    progress: options.progress,
    shouldStop,
    warn,
    ...(options.checkMemory ? { checkMemory: options.checkMemory } : {}),
  }
  const crossValidation = options.crossValidation
    ? await crossValidate(
        data,
        split.train,
        { ...options.crossValidation, seed: options.seed },
        settings,
      )
    : options.tuning?.crossValidation
  const { background } = options
  const fitted = await fitRows(
    data,
    split.train,
    background ? { ...settings, background } : settings,
  )
  const draft = {
    ...draftArtifact(data, fitted, plan),
    estimator: options.estimator,
    engine: options.engine,
    params: storedParams(estimator.params, params),
    versions: { shapserve: VERSION, ...engineLibraries[options.engine] },
    background:
      fitted.background ??
      takeMatrixRows(
        fitted.X,
        stratifiedSample(fitted.y, classes.length, BACKGROUND_ROWS, options.seed),
      ),
    training: {
      rows: frame.length,
      trainRows: split.train.length,
      testRows: split.test.length,
      sha256: options.dataSha256,
      seed: options.seed,
      warnings,
      ...(interrupted ? { interrupted } : {}),
    },
    ...(options.tuning ? { trials: options.tuning.trials } : {}),
  }
  const predictor = buildPredictor(draft)
  const shares = classSharesOf(fitted.y, classes.length)
  const heldOut = rowsAt(data, split.test)
  const test = measure(predictor, heldOut.frame, heldOut.y, shares, options.seed)
  const measured = new Map(
    channels.flatMap(([name, { frame, y }]) => {
      const evaluation = measure(predictor, frame, y, shares, options.seed)
      return evaluation ? [[name, evaluation] as const] : []
    }),
  )
  if (!test && measured.size === 0) warn('no row was left for testing: the model is not measured')
  const main = mainEvaluation({ test, channels: measured })
  const { importance, entries, summary, criterion } = explainTraining(
    predictor,
    frame,
    fitted,
    params,
    options.seed,
  )
  const rowsOfMain =
    main && new Map<Part, LabelledRows>([...channels, ['held_out', heldOut]]).get(main.part)
  const permutation = permute(predictor, rowsOfMain ?? { ...fitted, frame }, options.seed)
  const artifact = withModelId(
    {
      ...draft,
      importance,
      summary,
      metrics: describeMetrics(predictor, {
        test,
        channels: measured,
        crossValidation,
        outOfBag: fitted.outOfBag && measureOutOfBag(fitted.outOfBag, fitted.y, classes.length),
        importance: {
          rows: importance.rows,
          outputNames: importance.outputNames,
          entries,
          permutation: { ...permutation, part: main?.part ?? 'training' },
          ...(criterion === undefined ? {} : { criterion }),
        },
        interrupted,
      }),
      selfTest: makeSelfTest(predictor),
    },
    options.sha256,
  )
  return {
    artifact,
    ...(test ? { test } : {}),
    ...(crossValidation ? { crossValidation } : {}),
    ...(fitted.outOfBag ? { outOfBag: fitted.outOfBag } : {}),
    channels: measured,
    importance: entries,
    permutation,
    dropped: fitted.dropped,
    params,
  }
}

/** By the estimated cost of a row, in nanoseconds, so that the same model always gets the same rows. */
function importanceRows(cost: number): number {
  const affordable = Math.floor(IMPORTANCE_NANOSECONDS / cost)
  return Math.max(LEAST_IMPORTANCE_ROWS, Math.min(IMPORTANCE_ROWS, affordable))
}

/** Global importance over a sample of the training rows. */
function explainTraining(
  predictor: Predictor,
  frame: DataFrame,
  fitted: Fitted,
  params: Params,
  seed: number,
) {
  const { model, X, y, rows } = fitted
  const labels = summaryLabels(predictor)
  const sample = stratifiedSample(
    y,
    predictor.classes.length,
    importanceRows(predictor.explainer.cost * labels.length),
    seed,
  )
  const criterion =
    params.criterion === undefined || params.criterion === 'gini' ? 'gini' : 'entropy'
  const impurity = kindOf(model).impurityImportance?.(model, X.columns, criterion)
  const sampled = takeRows(
    frame,
    sample.map((i) => rows[i]!),
  )
  const summary = startSummary(predictor, planSummary(predictor, sampled))
  const phi = explainColumns(predictor, predictor.explainer, sampled, labels)
  summary.add(sampled, phi)
  return {
    ...measureImportance(predictor, sampled, phi, impurity),
    summary: summary.finish(),
    ...(impurity ? { criterion } : {}),
  }
}

/** Rows with the class number of each. */
interface LabelledRows {
  readonly frame: DataFrame
  readonly y: Int32Array
  /** Their numbers in the frame; absent: they are all of it. */
  readonly rows?: Int32Array
}

function permute(predictor: Predictor, { frame, y, rows }: LabelledRows, seed: number) {
  const most = permutationRows(predictor.preprocessor.featureNamesIn.length)
  const sample = stratifiedSample(y, predictor.classes.length, most, seed)
  const labels = sample.map((row) => y[row]!)
  const taken = rows ? sample.map((i) => rows[i]!) : sample
  return permutationImportance(predictor, takeRows(frame, taken), labels, seed)
}

function rowsAt({ frame, y }: LabelledTable, rows: Int32Array) {
  return { frame: takeRows(frame, rows), y: rows.map((row) => y[row]!) }
}

/** Share of every class in the labels. */
function classSharesOf(y: Int32Array, classes: number): number[] {
  const shares = new Array<number>(classes).fill(0)
  for (const label of y) shares[label] = shares[label]! + 1 / y.length
  return shares
}
