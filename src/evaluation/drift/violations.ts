/** What of a drift is a violation: what is beyond its threshold and beyond chance, in the form of SageMaker's Model Monitor. */
import type { AttributionDrift } from './attribution.ts'
import type { ColumnDrift, Distances, PredictionDrift, ShareDrift } from './compare.ts'

/** How much is too much. */
export interface Thresholds {
  /** Population stability index of a column. */
  readonly psi: number
  /** Jensen-Shannon distance of a column; 1 = whatever it is. */
  readonly jensenShannon: number
  /** Difference of the share of missing cells. */
  readonly missing: number
  /** How much larger the share of unknown categories, and of numbers out of range, may be. */
  readonly unknown: number
  readonly outside: number
  /** Population stability index of scores and of predicted classes. */
  readonly prediction: number
  /** Least score of the order of attributions. */
  readonly ndcg: number
  /** Share of rows that cannot be read. */
  readonly unreadable: number
  /** Probability of any false alarm: each of m tests must have a p-value of at most alpha / m (Bonferroni's correction). */
  readonly alpha: number
}

export const defaultThresholds: Thresholds = {
  psi: 0.1,
  jensenShannon: 1,
  missing: 0.05,
  unknown: 0.05,
  outside: 0.05,
  prediction: 0.1,
  ndcg: 0.9,
  unreadable: 0.01,
  alpha: 0.01,
}

/** What was compared. */
export interface Drift {
  readonly columns: readonly ColumnDrift[]
  /** Absent where nothing was predicted, or the reference's predictions are of rows that the model was trained on. */
  readonly predictions: PredictionDrift | undefined
  readonly attributions: readonly OutputAttribution[]
  /** Rows that could not be read, of how many. */
  readonly unreadable: {
    readonly rows: number
    readonly of: number
    readonly column: string | undefined
  }
  /** The column that the model predicts. */
  readonly target: string
}

/** The attribution drift of one output of the model. */
export interface OutputAttribution extends AttributionDrift {
  readonly output: string
  readonly training: readonly number[]
}

export type CheckType =
  | 'baseline_drift_check'
  | 'completeness_check'
  | 'categorical_values_check'
  | 'range_check'
  | 'data_type_check'
  | 'feature_attribution_drift_check'

/** One violation, as `constraint_violations.json` has it. */
export type Violation = {
  readonly constraint_check_type: CheckType
  readonly description: string
} & ({ readonly feature_name: string } | { readonly label: string; readonly metric_name: 'shap' })

interface Check {
  readonly isBeyond: boolean
  /** Undefined for what is no matter of chance. */
  readonly p: number | undefined
  readonly violation: Violation
}

/** Returns how many tests were made, and the violations in the order of the columns. */
export function findViolations(
  drift: Drift,
  thresholds: Thresholds,
): { readonly tests: number; readonly violations: readonly Violation[] } {
  const checks = [
    ...drift.columns.flatMap((column) => checkColumn(column, thresholds)),
    ...checkPredictions(drift, thresholds),
    ...checkAttributions(drift, thresholds),
    ...checkReading(drift, thresholds),
  ]
  // A p-value of 1 comes from where there was nothing to compare, too.
  const tests = checks.filter(({ p }) => p !== undefined && p < 1).length
  const most = thresholds.alpha / Math.max(1, tests)
  return {
    tests,
    violations: checks
      .filter(({ isBeyond, p }) => isBeyond && (p === undefined || p <= most))
      .map(({ violation }) => violation),
  }
}

function checkColumn(drift: ColumnDrift, thresholds: Thresholds): Check[] {
  const { column, by, missing, unknown, outside } = drift
  const what = by === column ? '' : ` of ${by}`
  const name = (type: CheckType, description: string) =>
    ({ feature_name: column, constraint_check_type: type, description }) as const
  return [
    checkDistances(column, drift, thresholds.psi, thresholds.jensenShannon, what),
    {
      isBeyond: Math.abs(missing.live - missing.reference) > thresholds.missing,
      p: missing.p,
      violation: name(
        'completeness_check',
        `${shares(missing)} of the cells are missing; a difference of ${percent(thresholds.missing)} is allowed`,
      ),
    },
    {
      isBeyond: unknown.live - unknown.reference > thresholds.unknown,
      p: unknown.p,
      violation: name(
        'categorical_values_check',
        `${shares(unknown)} of the cells have a category that the model does not know; ${percent(thresholds.unknown)} more are allowed`,
      ),
    },
    {
      isBeyond: outside.live - outside.reference > thresholds.outside,
      p: outside.p,
      violation: name(
        'range_check',
        `${shares(outside)} of the cells are outside of the range before; ${percent(thresholds.outside)} more are allowed`,
      ),
    },
  ]
}

function checkDistances(
  feature: string,
  { psi, jensenShannon, p }: Distances,
  mostPsi: number,
  mostJensenShannon: number,
  what: string,
): Check {
  const isPsi = psi > mostPsi
  const [distance, threshold] = isPsi ? [psi, mostPsi] : [jensenShannon, mostJensenShannon]
  const measure = isPsi ? 'population stability index' : 'Jensen-Shannon distance'
  return {
    isBeyond: isPsi || jensenShannon > mostJensenShannon,
    p,
    violation: {
      feature_name: feature,
      constraint_check_type: 'baseline_drift_check',
      description: `Baseline drift distance: ${digits(distance)} exceeds threshold: ${threshold} (${measure}${what})`,
    },
  }
}

function checkPredictions({ predictions, target }: Drift, { prediction }: Thresholds): Check[] {
  if (!predictions) return []
  return [
    checkDistances(target, predictions.score, prediction, 1, ' of the scores'),
    checkDistances(target, predictions.labels, prediction, 1, ' of the predicted classes'),
  ]
}

function checkAttributions({ attributions }: Drift, { ndcg: least }: Thresholds): Check[] {
  return attributions.map(({ output, ndcg, highest }) => ({
    // In all resamples: what one row in a few would change is chance.
    isBeyond: ndcg < least && highest < least,
    p: undefined,
    violation: {
      label: output,
      metric_name: 'shap',
      constraint_check_type: 'feature_attribution_drift_check',
      description: `Feature attribution drift ${digits(ndcg)} exceeds threshold ${least}`,
    },
  }))
}

function checkReading({ unreadable, target }: Drift, thresholds: Thresholds): Check[] {
  const { rows, of, column } = unreadable
  const share = rows / Math.max(1, of)
  return [
    {
      isBeyond: share > thresholds.unreadable,
      p: undefined,
      violation: {
        feature_name: column ?? target,
        constraint_check_type: 'data_type_check',
        description: `${percent(share)} of the records cannot be read as rows of this model; ${percent(thresholds.unreadable)} are allowed`,
      },
    },
  ]
}

function shares({ live, reference }: ShareDrift): string {
  return `${percent(live)} (${percent(reference)} before)`
}

/** Returns a share in per cent, with three digits that count. */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`
}

/** Returns a number with four digits that count. */
export function digits(value: number): string {
  return String(Number(value.toPrecision(4)))
}
