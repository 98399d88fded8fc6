/** A summary as a table for people: how far every column pushes, and its groups that push most. */

import type { ArtifactParts } from '../../artifact/artifact.ts'
import { labelColumn } from '../../artifact/labelled-model.ts'
import { classLabel, columnLabel } from '../../data/readable.ts'
import { counted } from '../../errors.ts'
import { spaceLabels } from '../../shap/explanation.ts'
import type { ColumnSummary, GlobalSummary, GroupSummary } from '../../shap/global-summary.ts'
import { fit, widthOf, wrap } from '../output/layout.ts'
import { printable } from '../terminal.ts'

const MOST_NAME = 28
const [LEAST_VALUE, MOST_VALUE] = [8, 32]
/** Cells of a mean and of a number of rows, with what parts them. */
const NUMBERS = 26

/**
 * Returns one table per output explained, columns with the largest mean |SHAP value| first.
 * @param cells of a line; infinite = nobody looks at it
 */
export function describeSummary(
  summary: GlobalSummary,
  { plan, labels }: Pick<ArtifactParts, 'plan' | 'labels'>,
  cells: number,
): string {
  const { space, rows, outputNames } = summary
  const target = columnLabel(labels, plan.target)
  const lines = outputNames.flatMap((output, k) => {
    const named = summary.columns.map((column) => labelColumn(column, labels))
    const sorted = named.sort((a, b) => b.meanAbsolute[k]! - a.meanAbsolute[k]!)
    const widest = Math.max(...sorted.map(({ column }) => widthOf(printable(column))))
    const name = Math.min(MOST_NAME, widest, Math.max(LEAST_VALUE, Math.floor(cells / 3)))
    const value = Math.max(LEAST_VALUE, Math.min(MOST_VALUE, cells - name - NUMBERS))
    return [
      ...wrap(
        printable(
          `mean |SHAP| over ${counted(rows, 'row')}, ${spaceLabels[space]} of ${target} = ${classLabel(labels, plan.target, output)}`,
        ),
        cells,
        2,
      ),
      ...sorted.flatMap((column) => describeColumn(column, k, { name, value })),
      '',
    ]
  })
  return `${lines.join('\n')}\n`
}

function describeColumn(
  { column, meanAbsolute, groups }: ColumnSummary,
  k: number,
  width: { readonly name: number; readonly value: number },
): string[] {
  return [
    `${fit(printable(column), width.name)}  ${meanAbsolute[k]!.toFixed(4)}`,
    ...groups.map((group) => {
      const push = group.mean[k]!
      const shown = fit(printable(nameOf(group)), width.value)
      const signed = `${push < 0 ? '' : '+'}${push.toFixed(4)}`
      return `${' '.repeat(width.name)}  ${shown} ${signed.padStart(9)}  ${counted(group.rows, 'row')}`
    }),
  ]
}

function nameOf({ value, from, to, others }: GroupSummary): string {
  if (others) return 'any other'
  if (from === undefined) return to === undefined ? String(value ?? 'missing') : `below ${to}`
  return to === undefined ? `above ${from}` : `${from} to ${to}`
}
