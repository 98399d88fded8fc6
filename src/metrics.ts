/** What was measured, with the names that files and answers use. */
import type { GlobalImportance } from './artifact/artifact.ts'
import type { ChannelName, Evaluation } from './channels.ts'
import type { Metrics } from './evaluation.ts'
import type { ImportanceEntry } from './importance.ts'
import type { Predictor } from './inference.ts'

/** What a training measured its model on. */
interface Measured {
  readonly test: Evaluation | undefined
  readonly channels: ReadonlyMap<ChannelName, Evaluation>
}

/** Returns everything measured, as it is written to metrics.json. */
export function describeMetrics(
  predictor: Predictor,
  { test, channels }: Measured,
  entries: readonly ImportanceEntry[],
  importance: GlobalImportance,
): Record<string, unknown> {
  return {
    test: test ? writeMetrics(test.model) : null,
    majority: test ? writeMetrics(test.majority) : null,
    ...(channels.size > 0
      ? { channels: Object.fromEntries([...channels].map(writeEvaluation)) }
      : {}),
    importance: {
      space: predictor.explainer.space,
      method: predictor.explainer.method,
      rows: importance.rows,
      output_names: importance.outputNames,
      columns: entries.map(({ column, meanAbsShap, direction }) => ({
        column,
        mean_abs_shap: meanAbsShap,
        direction,
      })),
    },
  }
}

function writeEvaluation([name, { model, majority }]: readonly [string, Evaluation]) {
  return [name, { model: writeMetrics(model), majority: writeMetrics(majority) }] as const
}

/** Returns metrics with the names that metrics.json and `--json` use. */
export function writeMetrics(metrics: Metrics): Record<string, unknown> {
  return {
    rows: metrics.rows,
    accuracy: metrics.accuracy,
    balanced_accuracy: metrics.balancedAccuracy,
    log_loss: metrics.logLoss,
    roc_auc: metrics.rocAuc,
    pr_auc: metrics.prAuc,
    f1: metrics.f1,
    brier: metrics.brier,
    confusion: metrics.confusion,
  }
}
