/** What the page is told of its model; made at its first request. */

import { readMeasures } from '../artifact/stored-measures.ts'
import type { Mistakes } from '../artifact/stored-mistakes.ts'
import { writeSummary } from '../artifact/stored-summary.ts'
import type { Cell } from '../data/frame.ts'
import { cellLabel, columnLabel } from '../data/readable.ts'
import { InputError } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import type { PageModel, PageQuality, PipelineStep } from '../page/wire.ts'
import { cellText, count, number } from '../plots/numbers.ts'
import { readQuality } from '../plots/stored-curves.ts'
import { buildCard } from '../predictor/describe-model.ts'
import { meaningsOf } from '../preprocess/feature-meaning.ts'
import type { AnyTransformer } from '../preprocess/index.ts'

/** Features of one column that are listed. */
const MOST_FEATURES = 12

/** Returns what the page shows before it asks anything else. */
export function buildPageModel({ artifact, predictor }: LoadedModel): PageModel {
  return {
    card: buildCard(artifact, predictor) as unknown as PageModel['card'],
    summary:
      artifact.summary && (writeSummary(artifact.summary) as unknown as PageModel['summary']),
    quality: describeQuality(artifact),
    pipeline: describePipeline({ artifact, predictor }),
    sampleRows: predictor.sampleRows,
    mistakes: artifact.mistakes && describeMistakes(artifact.mistakes),
  }
}

function describeMistakes({ part, rows, wrong, examples }: Mistakes): PageModel['mistakes'] {
  return { part, rows, wrong, listed: examples.length }
}

/** What was measured; undefined where nothing was, or where it is not in its form. */
function describeQuality(artifact: LoadedModel['artifact']): PageQuality | undefined {
  try {
    const { measuredOn, confusion, curves } = readQuality(artifact)
    return {
      measuredOn,
      confusion,
      metrics: listMetrics(artifact.metrics),
      curves: curves.map(({ name, thresholds, roc, precisionRecall, calibration, ...areas }) => ({
        name,
        thresholds,
        roc,
        precisionRecall,
        calibration: calibration.quantile,
        rocAuc: areas.rocAuc,
        prAuc: areas.prAuc,
      })),
    }
  } catch (error) {
    if (error instanceof InputError) return undefined
    throw error
  }
}

function listMetrics(metrics: Readonly<Record<string, unknown>>): PageQuality['metrics'] {
  const { measures = [] } = readMeasures({ metrics }) ?? {}
  return measures.map(({ title, value, interval, majority }) => ({
    name: title,
    value,
    interval,
    majority,
  }))
}

/** Returns every column's way to the features in readable names: where it is derived from, its transformers, what they give. */
export function describePipeline({
  artifact,
  predictor,
}: Pick<LoadedModel, 'artifact' | 'predictor'>): PipelineStep[] {
  const { steps, derived } = artifact.preprocessor
  const { labels } = artifact
  const ofFeatures = predictor.labelsFor({ level: 'features' })
  const names = predictor.preprocessor.featureNamesOut.map((name) => columnLabel(ofFeatures, name))
  const derivedOf = new Map(derived.map((own) => [own.column, own]))
  const featuresOf = new Map<string, string[]>()
  meaningsOf(artifact.preprocessor).forEach(({ column }, j) => {
    const list = featuresOf.get(column)
    if (list) list.push(names[j]!)
    else featuresOf.set(column, [names[j]!])
  })
  return steps.map(({ column, chain }) => {
    const made = derivedOf.get(column)
    const how = made?.kind === 'date' ? made.part : made?.pattern
    const features = featuresOf.get(column) ?? []
    return {
      column: columnLabel(labels, column),
      from: made && columnLabel(labels, made.from),
      pattern: how,
      chain: chain.map((step) => ({
        kind: step.kind,
        detail: describeStep(step, (value) => cellText(cellLabel(labels, column, value))),
      })),
      features: features.slice(0, MOST_FEATURES),
      others: Math.max(0, features.length - MOST_FEATURES),
    }
  })
}

/** Returns what a transformer has learned, in a few words; undefined where its kind says all. */
function describeStep(step: AnyTransformer, textOf: (value: Cell) => string): string | undefined {
  switch (step.kind) {
    case 'impute_number':
    case 'impute_category':
      return `with ${textOf(step.value)}`
    case 'standard_scaler':
      return `by mean ${number(step.mean)}, scale ${number(step.scale)}`
    case 'ordinal_encoder':
      return `of ${count(step.categories.length, 'value')}`
    default:
      return undefined
  }
}
