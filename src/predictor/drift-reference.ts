/** What live rows are compared with: the training, or rows that stand for it. */
import type { Artifact } from '../artifact/artifact.ts'
import type { DataFrame } from '../data/frame.ts'
import { type Attributions, meanAttribution } from '../evaluation/drift/attribution.ts'
import type { TrainingProfile } from '../evaluation/drift/profile.ts'
import { meaningsOf, restoreCells } from '../preprocess/feature-meaning.ts'
import { frameOfCells, type PreprocessorSpec } from '../preprocess/preprocessor.ts'
import type { Predictor } from './predictor.ts'
import { planProfile, profilePredictions, startProfile } from './profile-rows.ts'
import { attributionsOf, attributionsOfRows, type SampleSizes, sampleRows } from './sample-rows.ts'
import { summaryLabels } from './summarize-rows.ts'

/** What live rows are compared with. */
export interface Reference {
  readonly kind: 'training' | 'baseline' | 'background'
  readonly profile: TrainingProfile
  /** Mean |SHAP value|, output by output and column by column; absent where nothing was explained. */
  readonly attribution:
    | { readonly outputNames: readonly string[]; readonly mean: readonly (readonly number[])[] }
    | undefined
  /** Columns whose values are not known well enough to be compared. */
  readonly unsure?: readonly string[]
}

/** Returns what is stored of a model's training; undefined without a profile. */
export function referenceOfTraining({ profile, importance }: Artifact): Reference | undefined {
  if (!profile) return undefined
  const { rows, outputNames, meanAbsolute } = importance
  const { columns, data } = meanAbsolute
  const mean = outputNames.map((_, k) => Array.from(data.subarray(k * columns, (k + 1) * columns)))
  return {
    kind: 'training',
    profile,
    attribution: rows > 0 ? { outputNames, mean } : undefined,
  }
}

/** Returns a reference of rows that stand for those of training. */
export function referenceOfRows(
  predictor: Predictor,
  rows: DataFrame,
  sizes: SampleSizes,
): Reference {
  const builder = startProfile(predictor, planProfile(predictor, rows))
  builder.add(rows)
  const sampler = sampleRows(predictor, sizes)
  sampler.add(rows)
  const sample = sampler.drawn()
  const predictions =
    sample.length === 0 ? undefined : profilePredictions(predictor.predict(sample), 'baseline')
  return {
    kind: 'baseline',
    profile: { ...builder.finish(), predictions },
    attribution: meansOf(predictor, attributionsOfRows(predictor, sample, sizes)),
  }
}

/**
 * Returns a reference of the rows that an imported model is explained against. They are stored as features, from which not
 * every column's values can be told: a filled gap is no gap any more, and a text may be gone.
 */
export function referenceOfBackground(predictor: Predictor, sizes: SampleSizes): Reference {
  const { artifact, preprocessor } = predictor
  const { background } = artifact
  const { spec, imputed } = preprocessor
  const rows = frameOfCells(spec.inputs, restoreCells(spec, background))
  const builder = startProfile(predictor, planProfile(predictor, rows))
  builder.add(rows)
  const profile = builder.finish()
  const predictions = profilePredictions(predictor.predictFeatures(background), 'baseline')
  const headOf = (rows: number) => ({
    ...background,
    rows,
    data: background.data.subarray(0, rows * background.columns),
  })
  const vague = vagueColumns(spec)
  return {
    kind: 'background',
    profile: { ...profile, predictions },
    attribution: meansOf(predictor, attributionsOf(predictor, background.rows, headOf, sizes)),
    unsure: profile.columns
      .filter(
        ({ column, missing }) =>
          imputed.has(column) || vague.has(column) || missing === profile.rows,
      )
      .map(({ column }) => column),
  }
}

/** Columns of which features tell some values alike: rare categories are one level, an indicator is all that there is. */
function vagueColumns(spec: PreprocessorSpec): ReadonlySet<string> {
  const sourceOf = new Map(spec.derived.map(({ column, from }) => [column, from]))
  const meanings = meaningsOf(spec)
  const told = new Set(
    meanings
      .filter((own) => own.kind !== 'level' || own.level !== null)
      .map(({ column }) => column),
  )
  return new Set(
    meanings
      .filter((own) => (own.kind === 'level' && own.level === undefined) || !told.has(own.column))
      .map(({ column }) => sourceOf.get(column) ?? column),
  )
}

function meansOf(
  predictor: Predictor,
  attributions: Attributions | undefined,
): Reference['attribution'] {
  const labels = summaryLabels(predictor)
  return (
    attributions && {
      outputNames: labels.map((label) => predictor.classes[label]!),
      mean: labels.map((_, k) => Array.from(meanAttribution(attributions, k))),
    }
  )
}
