/** Global importance as people read it: columns, and the values that push, in readable names. */
import { columnLabel, type Labels, valueLabel } from '../data/readable.ts'
import type { ImportanceEntry } from './shap-importance.ts'
import type { TrainReport } from './train-report.ts'

/** A column's weight with what the column is called. */
export type LabelledImportance = ImportanceEntry & { readonly name: string }

/** Returns a report's importance, in its order. */
export function labelImportance({
  artifact: { labels, preprocessor },
  importance,
}: Pick<TrainReport, 'artifact' | 'importance'>): readonly LabelledImportance[] {
  return importance.map((entry) => ({
    ...entry,
    name: columnLabel(labels, entry.column),
    direction: labelDirection(
      entry,
      preprocessor.derived.flatMap(({ column, from }) => (from === entry.column ? [column] : [])),
      labels,
    ),
  }))
}

/** A direction names a value, behind the name of the derived column that it is of, and where it pushes. */
function labelDirection(
  { column, direction }: ImportanceEntry,
  derived: readonly string[],
  labels: Labels | undefined,
): string {
  const [, value = '', way = ''] = /^(.*)( (?:up|down))$/.exec(direction) ?? []
  const label = valueLabel(labels, column, value)
  if (label !== undefined) return `${label}${way}`
  const source = derived.find((name) => value.startsWith(`${name} `))
  if (source === undefined) return direction
  const own = value.slice(source.length + 1)
  return `${columnLabel(labels, source)} ${valueLabel(labels, source, own) ?? own}${way}`
}
