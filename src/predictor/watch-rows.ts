/** Live rows of a model, block by block, and how far they are from what they are compared with. */
import type { DataFrame } from '../data/frame.ts'
import { type Attributions, driftOfAttribution } from '../evaluation/drift/attribution.ts'
import { compareColumns, comparePredictions } from '../evaluation/drift/compare.ts'
import type { RowProfile } from '../evaluation/drift/profile.ts'
import type { Drift, OutputAttribution } from '../evaluation/drift/violations.ts'
import type { Reference } from './drift-reference.ts'
import type { Predictor } from './predictor.ts'
import { countPredictions, plansOfProfile, startProfile } from './profile-rows.ts'
import { attributionsOfRows, headOf, type SampleSizes, sampleRows } from './sample-rows.ts'

/** What was found of live rows. */
export interface Watched extends Omit<Drift, 'unreadable' | 'target'> {
  readonly rows: number
  /** Rows whose predictions and explanations were compared. */
  readonly predicted: number
  readonly explained: number
}

export interface RowWatch {
  add(frame: DataFrame): void
  /** @param unseen columns whose cells were not to be seen: they are not compared, and no row is predicted without them */
  finish(unseen: ReadonlySet<string>): Watched
}

/** Returns a comparison of live rows with a reference, in constant memory. */
export function watchRows(
  predictor: Predictor,
  reference: Reference,
  sizes: SampleSizes,
): RowWatch {
  const builder = startProfile(predictor, plansOfProfile(predictor, reference.profile))
  const sampler = sampleRows(predictor, sizes)
  return {
    add(frame) {
      builder.add(frame)
      sampler.add(frame)
    },
    finish(unseen) {
      const live = builder.finish()
      const sample = unseen.size > 0 ? headOf(sampler.drawn(), 0) : sampler.drawn()
      const attributions = attributionsOfRows(predictor, sample, sizes)
      return {
        rows: live.rows,
        predicted: sample.length,
        explained: attributions?.rows ?? 0,
        columns: compareColumns(
          ...seenColumns(
            reference.profile,
            live,
            new Set([...unseen, ...(reference.unsure ?? [])]),
          ),
        ),
        predictions: watchPredictions(predictor, reference, sample),
        attributions: watchAttributions(predictor, reference, attributions, sizes.seed),
      }
    },
  }
}

function seenColumns(
  reference: RowProfile,
  live: RowProfile,
  unseen: ReadonlySet<string>,
): [RowProfile, RowProfile] {
  const seen = ({ rows, columns }: RowProfile): RowProfile => ({
    rows,
    columns: columns.filter(({ column }) => !unseen.has(column)),
  })
  return [seen(reference), seen(live)]
}

/** Predictions of rows that a model was trained on are surer than any others: they are no measure. */
function watchPredictions(
  predictor: Predictor,
  { profile: { predictions } }: Reference,
  sample: DataFrame,
) {
  if (!predictions || predictions.part === 'training' || sample.length === 0) return undefined
  const counter = countPredictions(predictor.classes.length, predictions.bins)
  counter.add(predictor.predict(sample))
  return comparePredictions(predictions, counter.finish('live'))
}

function watchAttributions(
  { classes }: Predictor,
  { attribution }: Reference,
  attributions: Attributions | undefined,
  seed: number,
): OutputAttribution[] {
  if (!attribution || !attributions) return []
  const outputs = classes.length === 2 ? [1] : classes.map((_, label) => label)
  return outputs.flatMap((label, k) => {
    const output = classes[label] as string
    const training = attribution.mean[attribution.outputNames.indexOf(output)]
    if (!training) return []
    return [{ output, training, ...driftOfAttribution(training, attributions, k, seed) }]
  })
}
