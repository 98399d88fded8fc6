/** From a table and a column plan to a finished artifact. */
import type { ArtifactParts } from '../artifact/artifact.ts'
import { withModelId } from '../artifact/encode.ts'
import { type DataFrame, takeRows } from '../data/frame.ts'
import { takeMatrixRows } from '../data/matrix.ts'
import { stratifiedSample } from '../data/split.ts'
import { inTurns } from '../data/steps.ts'
import { engines } from '../estimators/index.ts'
import { parseParams, storedParams } from '../estimators/params.ts'
import { buildPredictor } from '../predictor/predictor.ts'
import { makeSelfTest } from '../predictor/self-test.ts'
import { planBooleans, spellBooleans } from '../preprocess/booleans.ts'
import { describeDoubts } from '../preprocess/doubts.ts'
import { describeDuplicates, describeLosses } from '../preprocess/leaks.ts'
import type { ColumnPlan } from '../preprocess/plan.ts'
import { applyWrittenSteps } from '../preprocess/written/apply-written.ts'
import { describeSentinels } from '../preprocess/written/sentinels.ts'
import { VERSION } from '../version.ts'
import { checkHeedsWeights, loadEstimator } from './choose-estimator.ts'
import { crossValidate } from './cross-validation.ts'
import { describeUnseen } from './describe-unseen.ts'
import { explainTraining, permuteSample } from './explain-training.ts'
import { describeMistakes, findWrongRows, type WrongRows } from './find-mistakes.ts'
import { draftArtifact, type FitSettings, type Fitted, fitRows } from './fit.ts'
import { type LabelledTable, labelTable } from './labelled-table.ts'
import {
  type ChannelName,
  classShares,
  type Evaluation,
  encodeChannel,
  type LabelledRows,
  measure,
  measureOutOfBag,
} from './measure.ts'
import { openMeasuring } from './measuring-threads.ts'
import { describeMetrics, mainEvaluation, type Part } from './metrics-file.ts'
import { measuringTime, type Pace, timeLeft } from './pace.ts'
import { markPhase } from './phases.ts'
import { profileTraining } from './profile-training.ts'
import type { TrainOptions } from './train-options.ts'
import type { TrainReport } from './train-report.ts'

/** Rows of the background that is stored with a model. */
const BACKGROUND_ROWS = 100

/** Returns the columns that stay inputs even if nothing is learned from them: all, where rows come by position. */
export function keptColumns(
  { names }: DataFrame,
  { target, weight }: ColumnPlan,
  { positional }: Pick<TrainOptions, 'positional'>,
): string[] {
  return positional ? names.filter((name) => name !== target && name !== weight) : []
}

/**
 * Trains a model on a table; the same table, plan, options and seed give the same artifact, byte for byte.
 * @throws InputError for a table, plan or parameter that cannot be used
 */
export async function train(
  raw: DataFrame,
  given: ColumnPlan,
  options: TrainOptions,
): Promise<TrainReport> {
  const { seed, tuning } = options
  const table = await inTurns(applyWrittenSteps(raw, given.written), options.pause)
  const plan = planBooleans(given, table)
  const estimator = await loadEstimator(options)
  const params = parseParams(estimator.params, options.params)
  checkHeedsWeights(plan, estimator, options)
  const warnings: string[] = []
  const warn = (message: string) => {
    warnings.push(message)
    options.warn(message)
  }
  let interrupted = tuning?.interrupted === true
  const data = labelTable(table, plan, { ...options, warn })
  const { classes, frame, split } = data
  options.onSplit?.(split.train.length, split.test.length)
  const leftOut = options.leftOut ?? []
  const doubts = describeDoubts(frame, plan, data.y, classes.length, leftOut)
  for (const doubt of await inTurns(doubts, options.pause)) warn(doubt)
  await options.pause?.()
  for (const loss of describeLosses(frame, leftOut, data.y, classes.length)) warn(loss)
  for (const duplicates of describeDuplicates(frame, plan, data.y, split)) warn(duplicates)
  await options.pause?.()
  const numbers = plan.numeric.map(({ column }) => column)
  for (const doubt of describeSentinels(frame, numbers)) warn(doubt)
  // Before the fit: a label that cannot be measured must not cost a whole training.
  const channels: [ChannelName, LabelledRows][] = []
  for (const [name, given] of options.channels ?? []) {
    const { dropMissingLabel } = options
    const read = await inTurns(applyWrittenSteps(given, plan.written), options.pause)
    const channel = spellBooleans(read, data.booleans)
    const rows = encodeChannel(name, channel, plan.target, classes, dropMissingLabel, warn)
    channels.push([name, rows])
  }
  const settings: FitSettings = {
    plan,
    estimator,
    params,
    seed,
    threads: options.threads,
    keep: keptColumns(frame, plan, options),
    progress: options.progress,
    pause: options.pause,
    shouldStop() {
      const isAsked = options.shouldStop?.() === true
      interrupted ||= isAsked
      return isAsked
    },
    warn,
    checkMemory: options.checkMemory,
  }
  const crossValidation = options.crossValidation
    ? await crossValidate(data, split.train, { ...options.crossValidation, seed }, settings)
    : tuning?.crossValidation
  const { background } = options
  markPhase('checked')
  await options.pause?.()
  const fitted = await fitRows(data, split.train, { ...settings, background })
  markPhase('fitted')
  const draft: ArtifactParts = {
    ...draftArtifact(data, fitted, plan),
    estimator: options.estimator,
    engine: options.engine,
    params: storedParams(estimator.params, params),
    versions: { shapserve: VERSION, ...engines[options.engine].libraries },
    background: fitted.background ?? sampleBackground(fitted, classes.length, seed),
    training: {
      rows: frame.length,
      trainRows: split.train.length,
      testRows: split.test.length,
      sha256: options.dataSha256,
      seed,
      warnings,
    },
    trials: tuning?.trials,
    ...(options.columns && { columns: options.columns }),
    ...(options.labels && { labels: options.labels }),
  }
  const predictor = buildPredictor(draft)
  for (const [name, rows] of channels)
    for (const line of describeUnseen(name, rows.frame, predictor.preprocessor)) warn(line)
  const wasInterrupted = interrupted
  const testRows = channels.reduce((sum, [, { y }]) => sum + y.length, split.test.length)
  const allowed = measuringTime(settings, fitted.model, fitted.X)
  const pace: Pace = {
    nanoseconds: timeLeft(allowed, fitted.model, testRows),
    turn: async (step, done, total) => await options.measuring?.(step, done, total),
    isCut: () => settings.shouldStop?.() === true,
  }
  const shares = classShares(fitted.y, classes.length)
  const heldOut = rowsAt(data, split.test)
  const parts = channels.length + 1
  const { evaluation: test, predictions } =
    (await measure(predictor, heldOut, shares, seed, pace, parts)) ?? {}
  const wrongRows = new Map<Part, WrongRows>()
  if (predictions) wrongRows.set('held_out', findWrongRows(predictions, heldOut.y))
  const measured = new Map<ChannelName, Evaluation>()
  for (const [name, rows] of channels) {
    const found = await measure(predictor, rows, shares, seed, pace, parts)
    if (!found) continue
    measured.set(name, found.evaluation)
    wrongRows.set(name, findWrongRows(found.predictions, rows.y))
  }
  if (!test && measured.size === 0) warn('no row was left for testing: the model is not measured')
  markPhase('tested')
  const main = mainEvaluation({ test, channels: measured })
  const { n_jobs: jobs } = params
  const most = typeof jobs === 'number' && jobs > 0 ? jobs : Number.POSITIVE_INFINITY
  const rowsOfMain =
    main && new Map<Part, LabelledRows>([...channels, ['held_out', heldOut]]).get(main.part)
  const wrong = main && options.mistakes !== false ? wrongRows.get(main.part) : undefined
  const mistakes = wrong && describeMistakes(predictor, main!.part, rowsOfMain!, wrong)
  const measuring = openMeasuring(predictor, draft, options.threads, most)
  const shuffled = rowsOfMain ?? { ...fitted, frame }
  const { explained, permutation } = await (async () => {
    const explained = await explainTraining(predictor, frame, fitted, params, seed, pace, measuring)
    markPhase('explained')
    const ranked = explained.entries.map(({ column }) => column)
    const permutation = await permuteSample(
      predictor,
      fitted,
      shuffled,
      ranked,
      seed,
      pace,
      measuring,
    )
    markPhase('shuffled')
    return { explained, permutation }
  })().finally(measuring.close)
  const { importance, entries, summary, criterion } = explained
  if (interrupted && !wasInterrupted)
    warn(
      `stopped after the fit: the model is whole, its importance is measured over ${importance.rows} rows${permutation ? '' : ', without permutation'}`,
    )
  const metrics = describeMetrics(predictor, {
    test,
    channels: measured,
    crossValidation,
    outOfBag: fitted.outOfBag && measureOutOfBag(fitted.outOfBag, fitted.y, classes.length),
    importance: {
      rows: importance.rows,
      outputNames: importance.outputNames,
      entries,
      permutation: permutation && { ...permutation, part: main?.part ?? 'training' },
      criterion,
    },
    interrupted,
  })
  const selfTest = makeSelfTest(predictor)
  return {
    artifact: withModelId(
      {
        ...draft,
        training: { ...draft.training, interrupted: interrupted || undefined },
        importance,
        summary,
        profile: profileTraining(predictor, frame, fitted.rows, predictions, seed),
        mistakes,
        metrics,
        selfTest,
      },
      options.sha256,
    ),
    predictor,
    estimator,
    test,
    crossValidation,
    outOfBag: fitted.outOfBag,
    channels: measured,
    importance: entries,
    space: predictor.explainer.space,
    permutation,
    dropped: fitted.dropped,
    params,
  }
}

/** A sample of the fitted rows, in which classes have their shares. */
function sampleBackground({ X, y }: Fitted, classes: number, seed: number) {
  return takeMatrixRows(X, stratifiedSample(y, classes, BACKGROUND_ROWS, seed))
}

function rowsAt({ frame, y }: LabelledTable, rows: Int32Array): LabelledRows {
  return { frame: takeRows(frame, rows), y: rows.map((row) => y[row]!) }
}
