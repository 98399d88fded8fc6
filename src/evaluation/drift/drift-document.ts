/** Everything that a comparison of live rows found, as it is written in JSON. */
import type { ColumnDrift, Distances, PredictionDrift, ShareDrift } from './compare.ts'
import type { ColumnProfile } from './profile.ts'
import type { OutputAttribution, Thresholds, Violation } from './violations.ts'

/** A finished comparison. */
export interface DriftReport {
  readonly modelId: string
  readonly target: string
  readonly classes: readonly string[]
  readonly reference: { readonly kind: string; readonly rows: number }
  readonly rows: number
  readonly records: {
    readonly read: number
    readonly unreadable: number
    readonly otherModel: number
    readonly withoutInput: number
    readonly firstProblem: string | undefined
  }
  /** Columns that were not compared, and why. */
  readonly unseen: readonly string[]
  readonly predicted: number
  readonly explained: number
  readonly columns: readonly ColumnDrift[]
  readonly predictions: PredictionDrift | undefined
  readonly attributions: readonly OutputAttribution[]
  /** Names of the columns that attributions are of. */
  readonly columnNames: readonly string[]
  readonly thresholds: Thresholds
  readonly tests: number
  readonly violations: readonly Violation[]
  /** What limits the comparison. */
  readonly warnings: readonly string[]
}

/** Returns the violations in the form of Model Monitor's constraint_violations.json. */
export function writeViolations({ violations }: Pick<DriftReport, 'violations'>) {
  return { version: '1.0', violations }
}

/** Returns a comparison as it is written. */
export function writeDrift(report: DriftReport): Record<string, unknown> {
  const { records, thresholds, predictions } = report
  return {
    model_id: report.modelId,
    reference: report.reference,
    rows: report.rows,
    records: {
      read: records.read,
      unreadable: records.unreadable,
      other_model: records.otherModel,
      without_input: records.withoutInput,
      first_problem: records.firstProblem,
    },
    columns_left_out: report.unseen,
    predicted_rows: report.predicted,
    explained_rows: report.explained,
    thresholds: {
      psi: thresholds.psi,
      js: thresholds.jensenShannon,
      missing: thresholds.missing,
      unknown: thresholds.unknown,
      out_of_range: thresholds.outside,
      prediction_psi: thresholds.prediction,
      ndcg: thresholds.ndcg,
      unreadable: thresholds.unreadable,
      alpha: thresholds.alpha,
    },
    tests: report.tests,
    columns: report.columns.map(writeColumn),
    predictions: predictions && {
      part: predictions.reference.part,
      score: writeDistances(predictions.score),
      labels: writeDistances(predictions.labels),
      classes: report.classes.map((label, k) => ({
        class: label,
        reference: predictions.reference.labels[k]! / predictions.reference.rows,
        live: predictions.live.labels[k]! / predictions.live.rows,
      })),
    },
    attribution: report.attributions.map((own) => ({
      output: own.output,
      ndcg: own.ndcg,
      highest_of_resamples: own.highest,
      columns: report.columnNames.map((column, j) => ({
        column,
        reference: own.training[j],
        live: own.live[j],
      })),
    })),
    violations: report.violations,
    warnings: report.warnings,
  }
}

function writeColumn(drift: ColumnDrift): Record<string, unknown> {
  const { column, by, reference, live, missing, unknown, outside } = drift
  return {
    column,
    by: by === column ? undefined : by,
    ...writeDistances(drift),
    missing: writeShare(missing),
    unknown: writeShare(unknown),
    out_of_range: writeShare(outside),
    ...(live.bins.kind === 'ranges' ? { cuts: live.bins.cuts } : { values: live.bins.values }),
    reference: writeCounts(reference),
    live: writeCounts(live),
  }
}

function writeCounts({ counts, numbers }: ColumnProfile) {
  const { minimum, maximum, mean, deviation: sd } = numbers ?? {}
  return { counts, minimum, maximum, mean, sd }
}

function writeDistances({ psi, jensenShannon, p }: Distances) {
  return { psi, js: jensenShannon, p_value: p }
}

function writeShare({ reference, live, p }: ShareDrift) {
  return { reference, live, p_value: p }
}
