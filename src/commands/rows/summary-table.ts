/** A summary as a table for people: how far every column pushes, and its groups that push most. */
import { spaceLabels } from '../../shap/explanation.ts'
import type { ColumnSummary, GlobalSummary, GroupSummary } from '../../shap/global-summary.ts'
import { printable } from '../terminal.ts'

const MOST_NAME = 28
const MOST_VALUE = 32

/** Returns one table per output explained, columns with the largest mean |SHAP value| first. */
export function describeSummary(summary: GlobalSummary, target: string): string {
  const { space, rows, outputNames } = summary
  const lines = outputNames.flatMap((name, k) => {
    const sorted = [...summary.columns].sort((a, b) => b.meanAbsolute[k]! - a.meanAbsolute[k]!)
    const width = Math.min(MOST_NAME, Math.max(...sorted.map(({ column }) => column.length)))
    return [
      `mean |SHAP| over ${rows} rows, ${spaceLabels[space]} of ${printable(target)} = ${printable(name)}`,
      ...sorted.flatMap((column) => describeColumn(column, k, width)),
      '',
    ]
  })
  return `${lines.join('\n')}\n`
}

function describeColumn(
  { column, meanAbsolute, groups }: ColumnSummary,
  k: number,
  width: number,
): string[] {
  return [
    `${printable(column).padEnd(width)}  ${meanAbsolute[k]!.toFixed(4)}`,
    ...groups.map((group) => {
      const push = group.mean[k]!
      const shown = printable(nameOf(group)).slice(0, MOST_VALUE).padEnd(MOST_VALUE)
      const signed = `${push < 0 ? '' : '+'}${push.toFixed(4)}`
      return `${' '.repeat(width)}  ${shown} ${signed.padStart(9)}  ${group.rows} rows`
    }),
  ]
}

function nameOf({ value, from, to, others }: GroupSummary): string {
  if (others) return 'any other'
  if (from === undefined) return to === undefined ? String(value ?? 'missing') : `below ${to}`
  return to === undefined ? `above ${from}` : `${from} to ${to}`
}
