/** What the page is told of its model; made at its first request. */
import { writeSummary } from '../artifact/stored-summary.ts'
import { InputError } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import type { PageModel, PageQuality, PipelineStep } from '../page/wire.ts'
import { readQuality } from '../plots/stored-curves.ts'
import { buildCard } from '../predictor/describe-model.ts'
import { meaningsOf } from '../preprocess/feature-meaning.ts'

/** Features of one column that are listed. */
const MOST_FEATURES = 12

const metricNames: Readonly<Record<string, string>> = {
  accuracy: 'accuracy',
  balanced_accuracy: 'balanced accuracy',
  roc_auc: 'ROC AUC',
  pr_auc: 'PR AUC',
  precision: 'precision',
  recall: 'recall',
  f1: 'F1',
  log_loss: 'log loss',
  brier: 'Brier',
}

/** Returns what the page shows before it asks anything else. */
export function buildPageModel({ artifact, predictor }: LoadedModel): PageModel {
  return {
    card: buildCard(artifact, predictor) as unknown as PageModel['card'],
    summary:
      artifact.summary && (writeSummary(artifact.summary) as unknown as PageModel['summary']),
    quality: describeQuality(artifact),
    pipeline: describePipeline({ artifact, predictor }),
    sampleRows: predictor.sampleRows,
  }
}

/** What was measured; undefined where nothing was, or where it is not in its form. */
function describeQuality(artifact: LoadedModel['artifact']): PageQuality | undefined {
  try {
    const { measuredOn, confusion, curves } = readQuality(artifact)
    return {
      measuredOn,
      confusion,
      metrics: listMetrics(artifact.metrics),
      curves: curves.map(({ name, thresholds, roc }) => ({ name, thresholds, roc })),
    }
  } catch (error) {
    if (error instanceof InputError) return undefined
    throw error
  }
}

function listMetrics(metrics: Readonly<Record<string, unknown>>): PageQuality['metrics'] {
  const { test, majority } = metrics as { test?: Record<string, unknown>; majority?: unknown }
  const intervals = (test?.['intervals'] ?? {}) as Record<string, unknown>
  return Object.entries(metricNames).flatMap(([key, name]) => {
    const value = numberIn(test, key)
    if (value === undefined) return []
    const ends = intervals[key]
    const interval =
      Array.isArray(ends) && ends.length === 2 && ends.every(Number.isFinite)
        ? ([ends[0], ends[1]] as const)
        : undefined
    return [{ name, value, interval, majority: numberIn(majority, key) }]
  })
}

function numberIn(value: unknown, key: string): number | undefined {
  const found = (value as Record<string, unknown> | null | undefined)?.[key]
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined
}

/** Returns every column's way to the features: where it is derived from, its transformers, what they give. */
export function describePipeline({
  artifact,
  predictor,
}: Pick<LoadedModel, 'artifact' | 'predictor'>): PipelineStep[] {
  const { steps, derived } = artifact.preprocessor
  const names = predictor.preprocessor.featureNamesOut
  const featuresOf = new Map<string, string[]>()
  meaningsOf(artifact.preprocessor).forEach(({ column }, j) => {
    const list = featuresOf.get(column)
    if (list) list.push(names[j]!)
    else featuresOf.set(column, [names[j]!])
  })
  return steps.map(({ column, chain }) => {
    const made = derived.find((other) => other.column === column)
    const how = made?.kind === 'date' ? made.part : made?.pattern
    const features = featuresOf.get(column) ?? []
    return {
      column,
      from: made?.from,
      pattern: how,
      chain: chain.map(({ kind }) => kind),
      features: features.slice(0, MOST_FEATURES),
      others: Math.max(0, features.length - MOST_FEATURES),
    }
  })
}
