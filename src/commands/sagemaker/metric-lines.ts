/** Metric lines of a training job, and the definitions by which SageMaker reads them from the log. */

import type { MetricName } from '../../evaluation/metric-names.ts'
import { metricNames } from '../../evaluation/metric-names.ts'
import type { Metrics } from '../../evaluation/metrics.ts'
import { summariseFolds } from '../../training/cross-validation.ts'
import type { TrainReport } from '../../training/train-report.ts'

/** Metrics that are printed, by the names that they have in lines. */
const printed: Readonly<Record<string, MetricName>> = {
  accuracy: 'accuracy',
  balanced_accuracy: 'balanced_accuracy',
  auc: 'roc_auc',
  pr_auc: 'pr_auc',
  log_loss: 'log_loss',
  f1: 'f1',
  brier: 'brier',
}

/** Names of the metrics in lines, and whether the larger value is the better one. */
export const objectives: readonly { readonly name: string; readonly isLargerBetter: boolean }[] =
  Object.keys(printed).map((name) => ({
    name,
    isLargerBetter: name !== 'log_loss' && name !== 'brier',
  }))

const channels = ['validation', 'test', 'cv'] as const

/** How a metric definition finds a number. Nothing but a line's beginning may stand before the name. */
const NUMBER = '([0-9.eE+-]+)'

/** One entry of `AlgorithmSpecification.MetricDefinitions`. */
export interface MetricDefinition {
  readonly Name: string
  readonly Regex: string
}

/** Returns the definitions of everything that `train` and `tune` print; SageMaker takes at most 40. */
export function metricDefinitions(): MetricDefinition[] {
  const names = [
    ...channels.flatMap((channel) => Object.keys(printed).map((name) => `${channel}:${name}`)),
    'tune:score',
    'tune:best',
  ]
  return names.map((name) => ({ Name: name, Regex: `${name}=${NUMBER};` }))
}

/** Returns one metric's line. No tabs: SageMaker's logs show them as #011. */
export function metricLine(name: string, value: number): string {
  return `${name}=${value};`
}

/**
 * Returns a training's metric lines. Rows kept apart from the training stand in for a validation channel, and beside
 * one for a test channel; `cv` is the mean over the folds.
 */
export function metricLines({ test: heldOut, channels, crossValidation }: TrainReport): string[] {
  const validation = channels.get('validation') ?? heldOut
  const test = channels.get('test') ?? (channels.has('validation') ? heldOut : undefined)
  return [
    ...linesOf('validation', validation?.model),
    ...linesOf('test', test?.model),
    ...(crossValidation
      ? writeLines('cv', (name) => summariseFolds(crossValidation)[name]?.mean ?? null)
      : []),
  ]
}

function linesOf(channel: string, metrics: Metrics | undefined): string[] {
  return metrics ? writeLines(channel, (name) => metrics[metricNames[name]]) : []
}

function writeLines(channel: string, read: (name: MetricName) => number | null): string[] {
  return Object.entries(printed).flatMap(([shown, name]) => {
    const value = read(name)
    return value === null ? [] : [metricLine(`${channel}:${shown}`, value)]
  })
}
