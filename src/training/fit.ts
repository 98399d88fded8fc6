/** One fit: a preprocessor and a model learned from some rows of a labelled table. */
import type { ArtifactParts } from '../artifact/artifact.ts'
import type { DataFrame } from '../data/frame.ts'
import { type Matrix, zeros } from '../data/matrix.ts'
import { inTurns } from '../data/steps.ts'
import { quote } from '../errors.ts'
import type { Estimator, FitContext, OutOfBag } from '../estimators/estimator.ts'
import type { Params } from '../estimators/params.ts'
import { kindOf } from '../models/index.ts'
import type { ModelSpec } from '../models/model.ts'
import { fitPreprocessor } from '../preprocess/fit-preprocessor.ts'
import type { ColumnPlan, DroppedColumn } from '../preprocess/plan.ts'
import { buildPreprocessor, type PreprocessorSpec } from '../preprocess/preprocessor.ts'
import { takeWeights } from '../preprocess/weights.ts'
import { fitBackground } from './background.ts'
import type { LabelledTable } from './labelled-table.ts'

/** How a model is learned, whichever rows it is learned from. */
export interface FitSettings {
  readonly plan: ColumnPlan
  readonly estimator: Estimator
  readonly params: Params
  readonly seed: number
  readonly threads?: FitContext['threads']
  /** Rows to explain against, in the place of a sample of the training rows. */
  readonly background?: DataFrame
  /** Columns that stay inputs even if nothing is learned from them. */
  readonly keep: readonly string[]
  /** Reports progress and lets other work run; rejects when the training was cancelled. */
  readonly progress: (done: number, total: number, unit: string) => Promise<void>
  /** Lets other work run between two steps; rejects when the training was cancelled. */
  readonly pause?: () => Promise<void>
  readonly shouldStop?: () => boolean
  readonly warn: (message: string) => void
  /** Told how many bytes a matrix of features will take, before it is made; throws where that is too much. */
  readonly checkMemory?: (bytes: number) => void
}

/** What a feature of one row takes at most: its number, and while a model is fitted its rank and, twice, its bin. */
const BYTES_PER_FEATURE = 14

/** What was learned, and the rows it was learned from. */
export interface Fitted {
  readonly preprocessor: PreprocessorSpec
  /** Columns that had nothing to learn from. */
  readonly dropped: readonly DroppedColumn[]
  readonly model: ModelSpec
  /** Numbers of the rows. */
  readonly rows: Int32Array
  /** The rows as the model sees them; [row][feature]. */
  readonly X: Matrix
  readonly y: Int32Array
  /** The background given, as the model sees it; [row][feature]. */
  readonly background?: Matrix
  /** Of a forest that was asked for it. */
  readonly outOfBag?: OutOfBag
}

/** Fits preprocessor and model on the rows with the given numbers; every class has one of them. */
export async function fitRows(
  { frame, y, classes }: LabelledTable,
  rows: Int32Array,
  settings: FitSettings,
): Promise<Fitted> {
  const { estimator, plan, keep, params, warn } = settings
  const { spec, dropped } = await inTurns(
    fitPreprocessor(frame, rows, plan, estimator, keep),
    settings.pause,
  )
  for (const { column, reason } of dropped) warn(`column ${quote(column)} is dropped: ${reason}`)
  const labels = rows.map((row) => y[row]!)
  let outOfBag: OutOfBag | undefined
  const sampleWeight = plan.weight === undefined ? undefined : takeWeights(frame, plan.weight, rows)
  // Before the fit: a background that cannot be used must not cost a whole training.
  const background =
    settings.background && (await inTurns(fitBackground(spec, settings.background), settings.pause))
  const { featureNamesOut, transformSteps } = buildPreprocessor(spec)
  settings.checkMemory?.(rows.length * featureNamesOut.length * BYTES_PER_FEATURE)
  await settings.pause?.()
  const X = await inTurns(transformSteps(frame, rows), settings.pause)
  await settings.pause?.()
  const learned = await estimator.fit(X, labels, classes.length, params, {
    seed: settings.seed,
    classNames: classes,
    sampleWeight,
    checkpoint: (done, total) => settings.progress(done, total, estimator.unit),
    shouldStop: settings.shouldStop,
    threads: settings.threads,
    outOfBag: (measured) => {
      outOfBag = measured
    },
    warn,
  })
  const model = background ? kindOf(learned).withBackground(learned, background) : learned
  kindOf(model).check(model, { features: X.columns, classes: classes.length })
  return {
    preprocessor: spec,
    dropped,
    model,
    rows,
    X,
    y: labels,
    background,
    outOfBag,
  }
}

/** Returns an artifact of a fit that nothing has been measured of yet. */
export function draftArtifact(
  { classes, numericClasses }: LabelledTable,
  { preprocessor, model, dropped }: Fitted,
  plan: ColumnPlan,
): ArtifactParts {
  return {
    estimator: '',
    engine: '',
    params: {},
    plan: { ...plan, dropped: [...plan.dropped, ...dropped] },
    classes,
    numericClasses,
    preprocessor,
    model,
    training: { rows: 0, trainRows: 0, testRows: 0, sha256: '', seed: 0, warnings: [] },
    metrics: {},
    background: zeros(0, 0),
    importance: {
      rows: 0,
      outputNames: [],
      baseValues: new Float64Array(),
      meanAbsolute: zeros(0, 0),
    },
    selfTest: [],
    versions: {},
  }
}
