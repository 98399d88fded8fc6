/** What the page is told of its model; made at its first request. */
import { readMeasures } from '../artifact/stored-measures.ts'
import { writeSummary } from '../artifact/stored-summary.ts'
import { columnLabel } from '../data/readable.ts'
import { InputError } from '../errors.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import type { PageModel, PageQuality, PipelineStep } from '../page/wire.ts'
import { readQuality } from '../plots/stored-curves.ts'
import { buildCard } from '../predictor/describe-model.ts'
import { meaningsOf } from '../preprocess/feature-meaning.ts'

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
      chain: chain.map(({ kind }) => kind),
      features: features.slice(0, MOST_FEATURES),
      others: Math.max(0, features.length - MOST_FEATURES),
    }
  })
}
