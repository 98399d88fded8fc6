/** What `train` says when it is done. */
import { format } from 'd3-format'
import type { DataFrame } from '../../data/frame.ts'
import { flagWith, shellWord } from '../../errors.ts'
import { frameOfCells } from '../../preprocess/preprocessor.ts'
import { type Omission, omissionLine } from '../../report/left-out.ts'
import { writeCrossValidation, writeEvaluation, writeMetrics } from '../../training/metrics-file.ts'
import type { TrainReport } from '../../training/train-report.ts'
import type { TuneReport } from '../../training/tuning/tune.ts'
import { sizeOf } from '../output/file-size.ts'
import { columnsOf } from '../output/standard-streams.ts'
import { metricLines } from '../sagemaker/metric-lines.ts'
import type { Output } from '../terminal.ts'
import { describeResult, describeTrials } from './result-tables.ts'
import type { TrainRequest } from './train-request.ts'

/** Writes the result: metric lines for SageMaker, then tables for people or one JSON object. */
export function writeResult(
  request: TrainRequest,
  report: TrainReport | TuneReport,
  saved: {
    readonly files: ReadonlyMap<string, number>
    readonly seconds: number
    readonly omission: Omission
  },
  output: Output,
): void {
  const { artifact, test, channels, crossValidation } = report
  const { seconds, omission } = saved
  const validation = channels.get('validation')
  if (request.sageMaker) for (const line of metricLines(report)) output.result(`${line}\n`)
  if (request.json) {
    const object = {
      model_id: artifact.modelId,
      model_dir: request.modelDir,
      estimator: artifact.estimator,
      engine: artifact.engine,
      params: artifact.params,
      target: artifact.plan.target,
      classes: artifact.classes,
      rows: artifact.training.rows,
      train_rows: artifact.training.trainRows,
      test_rows: artifact.training.testRows,
      test: test ? writeEvaluation(test, artifact.classes) : null,
      majority: test ? writeMetrics(test.majority, artifact.classes) : null,
      validation: validation && writeEvaluation(validation, artifact.classes),
      cross_validation: crossValidation && writeCrossValidation(crossValidation),
      importance: artifact.metrics.importance,
      tuning: artifact.trials,
      warnings: artifact.training.warnings,
      interrupted: artifact.training.interrupted || undefined,
      seconds: Math.round(seconds * 1000) / 1000,
    }
    output.result(`${JSON.stringify(object)}\n`)
    return
  }
  if (request.quiet) return
  const cells = columnsOf(process.stdout)
  output.result(`\n${describeTrials(report, cells)}${describeResult(report, cells)}\n`)
  output.foldWarnings()
  const interrupted = artifact.training.interrupted === true ? '   (interrupted)' : ''
  output.note(
    `saved     ${request.modelDir}/   model ${artifact.modelId}   ${seconds.toFixed(1)} s${interrupted}`,
  )
  const sizes = [...saved.files].map(([name, bytes]) => `${name} ${sizeOf(bytes)}`)
  output.note(`          ${sizes.join(' · ')}`)
  const directory = request.sageMaker ? 'DIR' : shellWord(request.modelDir)
  if (omission.pictures.length > 0)
    output.note(omissionLine(omission, `npx shapserve report ${directory}`))
  if (artifact.training.interrupted !== true) output.note(describeSpeed(report))
  output.note(`next      npx shapserve serve ${flagWith('--model-dir', request.modelDir)}`)
}

/** Cells of the table that is timed. */
const MOST_CELLS = 1_000_000

/** Times one usual row, and many at once; rough figures for people, not a benchmark. */
function describeSpeed({ artifact, predictor }: TrainReport): string {
  const { inputs } = artifact.preprocessor
  const row = inputs.map(({ example }) => example)
  const rows = Math.max(1, Math.min(500, Math.floor(MOST_CELLS / row.length)))
  const [one, many] = [1, rows].map((count) => frameOfCells(inputs, new Array(count).fill(row)))
  const predict = timeOf(() => predictor.predict(one as DataFrame))
  const explain = timeOf(() => predictor.explain(one as DataFrame))
  const perSecond = (1000 * rows) / timeOf(() => predictor.predict(many as DataFrame))
  const rate = format(',')(Number(perSecond.toPrecision(2)))
  return `speed     one row ${predict.toFixed(3)} ms predict, ${explain.toFixed(3)} ms explain · ${rate} rows/s`
}

/** Returns the shortest of some runs in milliseconds, after some to warm up; about 8 ms in all, or two runs. */
function timeOf(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (const until of [performance.now() + 4, performance.now() + 8]) {
    best = Number.POSITIVE_INFINITY
    for (let i = 0; i < 100 && (i === 0 || performance.now() < until); i++) {
      const start = performance.now()
      run()
      best = Math.min(best, performance.now() - start)
    }
  }
  return best
}
