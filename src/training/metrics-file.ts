/** What was measured, with the names that metrics.json and `--json` use. */

import type { Intervals } from '../evaluation/bootstrap.ts'
import type { CalibrationBin } from '../evaluation/calibration.ts'
import type { ClassCurves } from '../evaluation/curves.ts'
import { type MetricName, metricNames } from '../evaluation/metric-names.ts'
import { type Averages, classesWithoutRows, type Metrics } from '../evaluation/metrics.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { type CrossValidation, summariseFolds } from './cross-validation.ts'
import type { ChannelName, Evaluation } from './measure.ts'
import type { PermutationImportance } from './permutation-importance.ts'
import type { ImportanceEntry } from './shap-importance.ts'

/** Rows that a model was measured on. */
export type Part = 'held_out' | ChannelName

/** Everything that a training measured. */
export interface Measured {
  /** Of rows of the training table held out; absent when no row was left. */
  readonly test: Evaluation | undefined
  readonly channels: ReadonlyMap<ChannelName, Evaluation>
  readonly crossValidation: CrossValidation | undefined
  /** Of training rows, by the trees of a forest that had not drawn them. */
  readonly outOfBag: Metrics | undefined
  readonly importance: {
    /** Training rows explained. */
    readonly rows: number
    readonly outputNames: readonly string[]
    readonly entries: readonly ImportanceEntry[]
    readonly permutation?: PermutationImportance & { readonly part: Part | 'training' }
    /** What the impurity importance was computed with; absent where there is none. */
    readonly criterion?: string
  }
  readonly interrupted: boolean
}

/** Returns the rows that stand for a model's quality: those held out, or else a channel's. */
export function mainEvaluation({
  test,
  channels,
}: Pick<Measured, 'test' | 'channels'>): { part: Part; evaluation: Evaluation } | undefined {
  if (test) return { part: 'held_out', evaluation: test }
  for (const part of ['validation', 'test'] as const) {
    const evaluation = channels.get(part)
    if (evaluation) return { part, evaluation }
  }
  return undefined
}

/** Returns everything measured, as it is written to metrics.json. */
export function describeMetrics(predictor: Predictor, measured: Measured): Record<string, unknown> {
  const { test, channels, crossValidation, outOfBag, interrupted } = measured
  const { classes } = predictor
  const main = mainEvaluation(measured)
  const metrics = {
    interrupted: interrupted || undefined,
    test: test ? writeEvaluation(test, classes) : null,
    majority: test ? writeMetrics(test.majority, classes) : null,
    channels: channels.size > 0 ? writeChannels(channels, classes) : undefined,
    cross_validation: crossValidation && writeCrossValidation(crossValidation),
    out_of_bag: outOfBag && writeMetrics(outOfBag, classes),
    importance: writeImportance(predictor, measured.importance),
    curves: main && { part: main.part, classes: writeCurves(main.evaluation.curves, classes) },
  }
  // As the file gives it back: without what was not measured.
  return JSON.parse(JSON.stringify(metrics)) as Record<string, unknown>
}

function writeChannels(
  channels: ReadonlyMap<ChannelName, Evaluation>,
  classes: readonly string[],
): Record<string, unknown> {
  const written = [...channels].map(([name, evaluation]) => [
    name,
    {
      model: writeEvaluation(evaluation, classes),
      majority: writeMetrics(evaluation.majority, classes),
    },
  ])
  return Object.fromEntries(written)
}

/** Returns a cross-validation: every metric's mean and standard deviation, and every fold. */
export function writeCrossValidation(result: CrossValidation) {
  const { folds, repeats, seed, rows, scores } = result
  return {
    folds,
    repeats,
    seed,
    rows,
    interrupted: scores.length < folds * repeats || undefined,
    metrics: summariseFolds(result),
    per_fold: scores.map(({ repeat, fold, metrics }) => ({
      repeat,
      fold,
      rows: metrics.rows,
      ...writeNumbers(metrics),
    })),
  }
}

function writeImportance(predictor: Predictor, importance: Measured['importance']) {
  const { rows, outputNames, entries, permutation, criterion } = importance
  const permuted = new Map((permutation?.columns ?? []).map((entry) => [entry.column, entry]))
  return {
    space: predictor.explainer.space,
    method: predictor.explainer.method,
    rows,
    output_names: outputNames,
    permutation: permutation && {
      metric: permutation.metric,
      part: permutation.part,
      rows: permutation.rows,
      repeats: permutation.repeats,
      columns: permuted.size,
    },
    impurity: criterion === undefined ? undefined : { criterion },
    columns: entries.map(({ column, meanAbsShap, direction, impurity }) => ({
      column,
      mean_abs_shap: meanAbsShap,
      direction,
      permutation_mean: permuted.get(column)?.mean,
      permutation_sd: permuted.get(column)?.sd,
      impurity,
    })),
  }
}

/** Returns metrics with the names that files use. */
export function writeMetrics(metrics: Metrics, classes: readonly string[]) {
  const absent = classesWithoutRows(metrics).map((label) => classes[label])
  return {
    rows: metrics.rows,
    ...writeNumbers(metrics),
    // Their areas are in no mean.
    classes_without_rows: absent.length > 0 ? absent : undefined,
    macro: writeAverages(metrics.macro),
    weighted: writeAverages(metrics.weighted),
    per_class: metrics.perClass.map((scores, k) => ({
      class: classes[k],
      rows: scores.rows,
      ...writeAverages(scores),
    })),
    confusion: metrics.confusion,
  }
}

function writeNumbers(metrics: Metrics): Record<MetricName, number | null> {
  const entries = Object.entries(metricNames).map(([name, key]) => [name, metrics[key]])
  return Object.fromEntries(entries)
}

function writeAverages({ precision, recall, f1, rocAuc, prAuc }: Averages) {
  return { precision, recall, f1, roc_auc: rocAuc, pr_auc: prAuc }
}

/** Returns a model's metrics on some rows, with their intervals. */
export function writeEvaluation({ model, intervals }: Evaluation, classes: readonly string[]) {
  return { ...writeMetrics(model, classes), intervals: writeIntervals(intervals) }
}

function writeIntervals({ level, resamples, stratified, of }: Intervals) {
  return {
    level,
    method: 'percentile bootstrap',
    resamples,
    stratified,
    ...Object.fromEntries(Object.entries(metricNames).map(([name, key]) => [name, of[key]])),
  }
}

/** Returns what a page draws: shares to six decimals, thresholds exactly, since scores are compared with them. */
export function writeCurves(curves: readonly ClassCurves[], classes: readonly string[]) {
  return curves.map(({ label, roc, precisionRecall, calibration, thresholds }) => ({
    class: classes[label],
    roc: roc && {
      false_positive_rate: round(roc.falsePositiveRate),
      true_positive_rate: round(roc.truePositiveRate),
      // JSON has no infinity: the first point says nothing to be positive, whatever the score.
      thresholds: Array.from(roc.thresholds, (value) => (Number.isFinite(value) ? value : null)),
    },
    precision_recall: precisionRecall && {
      precision: round(precisionRecall.precision),
      recall: round(precisionRecall.recall),
      thresholds: Array.from(precisionRecall.thresholds),
    },
    calibration: {
      uniform: calibration.uniform.map(writeBin),
      quantile: calibration.quantile.map(writeBin),
    },
    thresholds: thresholds.map((row) => ({
      threshold: row.threshold,
      true_positives: row.truePositives,
      false_positives: row.falsePositives,
      false_negatives: row.falseNegatives,
      true_negatives: row.trueNegatives,
    })),
  }))
}

function writeBin({ rows, meanPredicted, observed }: CalibrationBin) {
  const [predicted, seen] = round([meanPredicted, observed])
  return { rows, mean_predicted: predicted, observed: seen }
}

function round(values: ArrayLike<number>): number[] {
  return Array.from(values, (value) => Math.round(value * 1e6) / 1e6)
}
