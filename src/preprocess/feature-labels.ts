/** Readable names of a model's features, which are made from columns. */
import type { Labels } from '../data/readable.ts'
import { labelMeaning, meaningsOf } from './feature-meaning.ts'
import type { PreprocessorSpec } from './preprocessor.ts'

/**
 * Returns labels of features as those of columns: `Ticket class = first` for a category that is a feature of its own.
 * Values have none, because a feature's numbers are the model's and not the column's; classes keep theirs.
 * @param names of the features, in the order of the steps
 */
export function labelFeatures(
  labels: Labels,
  spec: PreprocessorSpec,
  names: readonly string[],
  target: string,
): Labels {
  const seen = new Set<string>()
  const columns = meaningsOf(spec).map((meaning, j): readonly [string, string] => {
    const shown = labelMeaning(meaning, labels)
    const name = names[j]!
    const isLabelled =
      shown.column !== meaning.column ||
      (shown.kind === 'level' && meaning.kind === 'level' && shown.level !== meaning.level)
    const label = isLabelled ? nameFeature(shown, name, meaning.column) : name
    // Two that would be called the same keep their own names.
    if (seen.has(label)) return [name, name]
    seen.add(label)
    return [name, label]
  })
  const own = Object.hasOwn(labels.values, target) ? { [target]: labels.values[target]! } : {}
  return {
    columns: { ...Object.fromEntries(columns), ...ownLabel(labels, target) },
    values: own,
  }
}

function nameFeature(shown: ReturnType<typeof labelMeaning>, name: string, column: string): string {
  if (shown.kind !== 'level')
    // Of a column that gives several features the rest of the name says which.
    return name.startsWith(column) ? `${shown.column}${name.slice(column.length)}` : shown.column
  if (shown.level === undefined) return `${shown.column} = any rare value`
  return `${shown.column} = ${shown.level ?? 'missing'}`
}

function ownLabel({ columns }: Labels, column: string): Record<string, string> {
  return Object.hasOwn(columns, column) ? { [column]: columns[column]! } : {}
}
