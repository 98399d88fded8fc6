/** Live rows beside the rows of training: how far every column is away, and whether that is more than chance. */
import { jensenShannon, stabilityIndex } from './distances.ts'
import type { ColumnProfile, PredictionProfile, RowProfile } from './profile.ts'
import { homogeneity, largerShare, otherShare } from './significance.ts'

/** A share of rows on both sides, and how probable such a difference is by chance. */
export interface ShareDrift {
  /** In [0, 1]. */
  readonly reference: number
  readonly live: number
  readonly p: number
}

/** How far counts over the same bins are apart. */
export interface Distances {
  /** Population stability index. */
  readonly psi: number
  /** Jensen-Shannon distance, from 0 to 1. */
  readonly jensenShannon: number
  /** Of the χ² test of homogeneity. */
  readonly p: number
}

export interface ColumnDrift extends Distances {
  readonly column: string
  readonly by: string
  readonly reference: ColumnProfile
  readonly live: ColumnProfile
  readonly missing: ShareDrift
  /** Categories that the model does not know. */
  readonly unknown: ShareDrift
  /** Numbers outside of training's range. */
  readonly outside: ShareDrift
}

export interface PredictionDrift {
  readonly reference: PredictionProfile
  readonly live: PredictionProfile
  readonly score: Distances
  readonly labels: Distances
}

/** Returns how far live columns are from those of the reference, which were counted in the same bins. */
export function compareColumns(reference: RowProfile, live: RowProfile): ColumnDrift[] {
  return reference.columns.map((before, j) => {
    const now = live.columns[j]!
    const share = (
      key: 'missing' | 'unknown' | 'outside',
      test: typeof largerShare,
    ): ShareDrift => ({
      reference: before[key] / Math.max(1, reference.rows),
      live: now[key] / Math.max(1, live.rows),
      p: test({ count: before[key], rows: reference.rows }, { count: now[key], rows: live.rows }),
    })
    return {
      column: before.column,
      by: before.by,
      reference: before,
      live: now,
      ...compareCounts(before.counts, now.counts),
      missing: share('missing', otherShare),
      unknown: share('unknown', largerShare),
      outside: share('outside', largerShare),
    }
  })
}

/** Returns how far predictions are apart that were counted in the same ranges. */
export function comparePredictions(
  reference: PredictionProfile,
  live: PredictionProfile,
): PredictionDrift {
  return {
    reference,
    live,
    score: compareCounts(reference.counts, live.counts),
    labels: compareCounts(reference.labels, live.labels),
  }
}

function compareCounts(reference: readonly number[], live: readonly number[]): Distances {
  return {
    psi: stabilityIndex(reference, live),
    jensenShannon: jensenShannon(reference, live),
    p: homogeneity(reference, live),
  }
}
