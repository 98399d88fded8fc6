/** What `train` says when it is done. */
import { buildPredictor } from '../inference.ts'
import { writeCrossValidation, writeEvaluation, writeMetrics } from '../metrics.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import type { TrainReport } from '../train.ts'
import { describeResult, type Output } from './report.ts'
import type { TrainRequest } from './train.ts'

/** Writes the result: metric lines for SageMaker, then the table for people or one JSON object. */
export function writeResult(
  request: TrainRequest,
  report: TrainReport,
  seconds: number,
  output: Output,
): void {
  const { artifact, test, channels, crossValidation } = report
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
      ...(validation ? { validation: writeEvaluation(validation, artifact.classes) } : {}),
      ...(crossValidation ? { cross_validation: writeCrossValidation(crossValidation) } : {}),
      importance: artifact.metrics.importance,
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

/**
 * Returns the lines that SageMaker's metric definitions read, one metric each. No tabs: its logs show them as #011.
 * Rows kept apart from the training stand in for a validation channel, and beside one for a test channel.
 */
function metricLines({ test: heldOut, channels }: TrainReport): string[] {
  const validation = channels.get('validation') ?? heldOut
  const test = channels.get('test') ?? (channels.has('validation') ? heldOut : undefined)
  return Object.entries({ validation, test }).flatMap(([channel, evaluation]) => {
    if (!evaluation) return []
    const { accuracy, rocAuc, logLoss, f1 } = evaluation.model
    return Object.entries({ accuracy, auc: rocAuc, log_loss: logLoss, f1 }).flatMap(
      ([name, value]) => (value === null ? [] : [`${channel}:${name}=${value};`]),
    )
  })
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
