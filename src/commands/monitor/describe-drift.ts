/** A comparison of live rows for people: what has drifted, then a line per column. */

import { counted } from '../../errors.ts'
import type { ColumnDrift } from '../../evaluation/drift/compare.ts'
import type { DriftReport } from '../../evaluation/drift/drift-document.ts'
import { digits, percent, type Violation } from '../../evaluation/drift/violations.ts'
import { alignColumns, cut } from '../output/layout.ts'

/** Columns that have a line; those that have moved most come first. */
const MOST_COLUMNS = 40
/** Cells of a name in the table; what has drifted is named in full below it. */
const MOST_NAME = 40
/** Cells below which shares are left out. */
const WIDE = 72

/** Returns the lines of a comparison, for so many cells in a line. */
export function describeDrift(report: DriftReport, cells: number): string[] {
  const { violations, columns, predictions, attributions, reference, tests, thresholds } = report
  const violated = new Set(violations.flatMap((own) => ('label' in own ? [] : [own.feature_name])))
  const sorted = [...columns].sort((a, b) => b.psi - a.psi)
  const rows = sorted.slice(0, MOST_COLUMNS).map((drift) => describeColumn(drift, violated))
  const head = ['', 'PSI', 'JS', 'missing', 'unknown', 'out of range', '']
  const isWide = cells >= WIDE
  const table = [head, ...rows].map((row) =>
    isWide ? row : [...row.slice(0, 3), row.at(-1) as string],
  )
  const kinds: Readonly<Record<string, string>> = {
    training: 'training rows',
    baseline: 'rows of the baseline',
    background: 'rows that it is explained against',
  }
  return [
    `model     ${report.modelId}`,
    `rows      ${report.rows} live, ${reference.rows} ${kinds[reference.kind]}`,
    ...alignColumns(
      table.map(([first = '', ...rest], i) => [i === 0 ? 'columns' : first, ...rest]),
    ),
    ...(sorted.length > MOST_COLUMNS ? [`          and ${sorted.length - MOST_COLUMNS} more`] : []),
    ...(predictions
      ? [
          `scores    PSI ${digits(predictions.score.psi)}, predicted classes ${digits(predictions.labels.psi)}; ${counted(report.predicted, 'row')}, ${predictions.reference.rows} before`,
        ]
      : []),
    ...attributions.map(
      ({ output, ndcg }) =>
        `reasons   NDCG ${digits(ndcg)} for ${output}; ${counted(report.explained, 'row')} explained`,
    ),
    ...violations.map((violation) => `drift     ${nameOf(violation)}: ${violation.description}`),
    violations.length === 0
      ? `no drift  beyond its threshold and beyond chance (${counted(tests, 'test')}, alpha ${thresholds.alpha})`
      : `${counted(violations.length, 'violation')} (${counted(tests, 'test')}, alpha ${thresholds.alpha})`,
  ]
}

function nameOf(violation: Violation): string {
  return 'label' in violation ? violation.label : violation.feature_name
}

function describeColumn(
  { column, by, psi, jensenShannon, missing, unknown, outside }: ColumnDrift,
  violated: ReadonlySet<string>,
): string[] {
  return [
    cut(by === column ? column : `${column} (${by})`, MOST_NAME),
    digits(psi),
    digits(jensenShannon),
    percent(missing.live),
    percent(unknown.live),
    percent(outside.live),
    violated.has(column) ? 'drift' : '',
  ]
}
