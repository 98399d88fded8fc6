/** A training from its request to the model directory: reads, trains, writes, and tells. */
import { inTurns } from '../../data/steps.ts'
import { normalText } from '../../data/text.ts'
import { CARD_FILE, REPORT_FILE } from '../../model-directory/papers.ts'
import { sha256 } from '../../model-directory/read.ts'
import { openModelWriter } from '../../model-directory/write.ts'
import { INDEX, type PlannedColumn } from '../../preprocess/infer-plan.ts'
import type { Report } from '../../report/report.ts'
import { createMemoryBudget } from '../../tables/memory.ts'
import { acceptsMissing, checkParams, loadEstimator } from '../../training/choose-estimator.ts'
import { writeModelCard } from '../../training/model-card.ts'
import type { MeasuringStep } from '../../training/pace.ts'
import { markPhase } from '../../training/phases.ts'
import { createTrainingThreads } from '../../training/threads.ts'
import { train } from '../../training/train.ts'
import type { TrainOptions } from '../../training/train-options.ts'
import type { TrainReport } from '../../training/train-report.ts'
import { type TuneReport, tune } from '../../training/tuning/tune.ts'
import { namesOfTable } from '../labels/known-names.ts'
import { readLabelsFile } from '../labels/read-labels.ts'
import { metricLine } from '../sagemaker/metric-lines.ts'
import { nameHyperparameters } from '../sagemaker/name-hyperparameters.ts'
import { writeOutputData } from '../sagemaker/output-data.ts'
import { createOutput, type Output } from '../terminal.ts'
import { choosePlan } from './choose-plan.ts'
import {
  describeEstimator,
  describeFiles,
  describePlan,
  describePositive,
  describeSplit,
  describeStart,
  describeTarget,
} from './data-lines.ts'
import { type StopWatch, watchSignals } from './interruption.ts'
import { prepareTarget } from './prepare-target.ts'
import { readData } from './read-data.ts'
import type { TrainRequest } from './train-request.ts'
import { writeResult } from './write-result.ts'

/** Trains and writes the model directory; throws InputError, ArtifactError or Interrupted. */
export async function runTraining(request: TrainRequest): Promise<void> {
  const output = outputOf(request)
  const stop = watchSignals(request.modelDir)
  try {
    const writer = await openModelWriter(request.modelDir, request.destination)
    try {
      const started = performance.now()
      const report = await fit(request, output, stop)
      markPhase('made')
      const { html, omission } = await draw(report, output, stop)
      const papers = {
        [CARD_FILE]: writeModelCard(report),
        [REPORT_FILE]: html,
      }
      markPhase('described')
      await nextTurn()
      const files = await writer.commit(report.artifact, papers)
      markPhase('saved')
      if (request.sageMaker)
        await writeOutputData(request.sageMaker.outputData, report, papers, output.warn)
      const seconds = (performance.now() - started) / 1000
      writeResult(request, report, { files, seconds, omission }, output)
    } finally {
      await writer.release()
    }
  } finally {
    stop.end()
    output.close()
  }
}

/** Returns where a training speaks, in the words of whoever asked for it. */
function outputOf({ quiet, sageMaker }: TrainRequest): Output {
  const output = createOutput({ quiet })
  if (!sageMaker) return output
  return {
    ...output,
    note: (line, paint) => output.note(nameHyperparameters(line), paint),
    warn: (line) => output.warn(nameHyperparameters(line)),
  }
}

/** Longest computation of all pictures of the report: of large models they show fewer rows. */
const PICTURES_SECONDS = 0.07

async function draw(
  { artifact, predictor }: TrainReport | TuneReport,
  output: Output,
  stop: StopWatch,
): Promise<Report> {
  const { makeReport } = await import('../../report/report.ts')
  // Whoever has asked for an end waits for the model.
  const seconds = stop.isAsked() ? 0 : PICTURES_SECONDS
  return makeReport(artifact, predictor, seconds, async (done, total) => {
    await output.progress('report', done, total, 'pictures')
    await nextTurn()
  })
}

async function fit(
  request: TrainRequest,
  output: Output,
  stop: StopWatch,
): Promise<TrainReport | TuneReport> {
  const command = request.tuning ? 'tune' : 'train'
  for (const line of describeStart(command, request.seed, request.sageMaker?.notes))
    output.note(line)
  const estimator = await loadEstimator(request)
  // A misspelled parameter is told before a large table is read.
  await checkParams(request, request.params)
  markPhase('started')
  const budget = createMemoryBudget()
  const { data, notes, merge } = prepareTarget(request, await stop.race(readData(request, budget)))
  markPhase('read')
  for (const line of describeFiles(data.files)) output.note(line)
  for (const line of data.warnings) output.warn(line)
  const { table } = data.training
  const { plan, columns, positive } = await inTurns(
    choosePlan({ ...request, merge }, data.training, acceptsMissing(estimator)),
    async () => {
      await nextTurn()
      stop.check()
    },
  )
  output.note(describeTarget(plan, table))
  for (const line of notes) output.note(line)
  const isSetting = request.sageMaker !== undefined
  if (positive) output.note(describePositive(positive, isSetting))
  for (const line of describePlan(columns ?? [])) output.note(line)
  output.note(describeEstimator(request, isSetting))
  const labels =
    request.labels === undefined
      ? undefined
      : await readLabelsFile(request.labels, namesOfTable(table, plan.derived, plan.written))
  markPhase('planned')
  await nextTurn()
  stop.check()
  let hasSomething = false
  const options: TrainOptions = {
    estimator: request.estimator,
    engine: request.engine,
    params: request.params,
    testSize: request.testSize,
    crossValidation: request.crossValidation,
    seed: request.seed,
    dropMissingLabel: request.dropMissingLabel,
    mistakes: request.mistakes,
    positional: !data.training.isNamed,
    labels,
    leftOut: columns?.filter((own) => isLeftOutByGuess(own, request)).map(({ column }) => column),
    columns: columns?.map(({ column, role, reason, why = reason }) => ({
      column,
      role,
      reason: why,
    })),
    dataSha256: data.training.sha,
    sha256,
    channels: data.channels,
    background: data.background,
    async pause() {
      await nextTurn()
      if (!keepsWhatIsDone(request) || !hasSomething) stop.check()
    },
    async progress(done, total, unit) {
      await output.progress(stepNames[unit] ?? estimator.shortName, done, total, unit)
      await nextTurn()
      hasSomething ||= done > 0
      // There is nothing to keep before the first step, and a whole model after the last.
      const isLast = done === total
      if (!isLast && (!keepsWhatIsDone(request) || !hasSomething)) stop.check()
    },
    async measuring(step, done, total) {
      await output.progress(measuringNames[step], done, total, step)
      await nextTurn()
    },
    shouldStop: () => stop.isAsked(),
    threads: createTrainingThreads(),
    warn: output.warn,
    onSplit(trainRows, testRows) {
      const rows = { train: trainRows, test: testRows }
      output.note(describeSplit(rows, data.channels, isSetting))
    },
    checkMemory: budget.check,
  }
  return request.tuning
    ? tune(table, plan, {
        ...options,
        ...request.tuning,
        shouldStopFinal: () => stop.isUrgent(),
        onScore(score, best) {
          if (!request.sageMaker) return
          output.result(`${metricLine('tune:score', score)}\n${metricLine('tune:best', best)}\n`)
        },
      })
    : train(table, plan, options)
}

/** A column without information has no flag that would bring it back; an index counts rows, whatever it tells of a file that is sorted. */
function isLeftOutByGuess(
  { column, role, override, reason }: PlannedColumn,
  { roles }: TrainRequest,
): boolean {
  if (role !== 'id' && role !== 'drop') return false
  const isAsked = [...roles.keys()].some((name) => normalText(name) === column)
  return override !== undefined && !isAsked && reason !== INDEX.reason
}

/** A training job keeps the trees that are done, a search its best so far; otherwise the old model stays. */
function keepsWhatIsDone({ sageMaker, tuning }: TrainRequest): boolean {
  return sageMaker !== undefined || tuning !== undefined
}

/** Lets the event loop turn, so that signals are heard. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** What the steps of measuring are called on a terminal; at most 9 characters. */
const measuringNames: Readonly<Record<MeasuringStep, string>> = {
  'rows predicted': 'test',
  resamples: 'intervals',
  'rows explained': 'explain',
  'columns shuffled': 'permute',
}

/** Names of steps in progress lines that are not an estimator's. */
const stepNames: Readonly<Record<string, string>> = { folds: 'cv', fits: 'search' }
