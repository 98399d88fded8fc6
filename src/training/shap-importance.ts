/** Global importance: mean |SHAP value| per column, and the way a column pushes. */
import type { GlobalImportance } from '../artifact/artifact.ts'
import { type Cell, type Column, cellAt, type DataFrame, findColumn } from '../data/frame.ts'
import { directionOf } from '../plots/direction.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { summaryLabels } from '../predictor/summarize-rows.ts'
import { foldToColumns } from '../shap/explanation.ts'

/** A column's weight in the model, and which way it pushes. */
export interface ImportanceEntry {
  readonly column: string
  readonly meanAbsShap: number
  readonly direction: string
  /** Share in the trees' decrease of impurity; absent where there is none. */
  readonly impurity?: number
}

/**
 * Returns global importance over sample rows: mean |SHAP| per column, and the way a column pushes.
 * @param phi SHAP values of the sample, as `explainColumns` gives them
 * @param impurity share of every feature in the decrease of impurity, to be summed up by column
 */
export function measureImportance(
  predictor: Predictor,
  sample: DataFrame,
  phi: Float64Array,
  impurity?: Float64Array,
): { importance: GlobalImportance; entries: ImportanceEntry[] } {
  const { classes, preprocessor, explainer } = predictor
  const labels = summaryLabels(predictor)
  const columns = preprocessor.featureNamesIn.length
  const rows = sample.length
  const sums = new Float64Array(labels.length * columns)
  // SHAP values of the last class, for the direction; [column][row]
  const pushes = Array.from({ length: columns }, () => new Float64Array(rows))
  for (let row = 0; row < rows; row++) {
    labels.forEach((_, k) => {
      for (let j = 0; j < columns; j++) {
        const value = phi[(row * labels.length + k) * columns + j]!
        sums[k * columns + j] = sums[k * columns + j]! + Math.abs(value) / rows
        ;(pushes[j] as Float64Array)[row] = value
      }
    })
  }
  const sources = findSources(predictor, sample)
  const impurityOf = impurity && new Float64Array(columns)
  if (impurity && impurityOf) foldToColumns(impurity, preprocessor.inputOf, impurityOf)
  const entries = preprocessor.spec.inputs.map((input, j) => ({
    column: input.name,
    meanAbsShap: labels.reduce((sum, _, k) => sum + sums[k * columns + j]!, 0) / labels.length,
    direction:
      classes.length > 2
        ? '-'
        : describeDirection(sources.get(input.name) as Source, pushes[j] as Float64Array),
    impurity: impurityOf?.[j],
  }))
  entries.sort((a, b) => b.meanAbsShap - a.meanAbsShap || (a.column < b.column ? -1 : 1))
  return {
    entries,
    importance: {
      rows,
      outputNames: labels.map((label) => classes[label]!),
      baseValues: Float64Array.from(labels, (label) => explainer.baseValue(label)),
      meanAbsolute: { rows: labels.length, columns, data: sums },
    },
  }
}

/** What an input column's effect is described by: its own values, or those of the column derived from it. */
interface Source {
  readonly column: Column
  readonly isCategory: boolean
  /** Written before a category: the derived column's name. */
  readonly prefix: string
}

function findSources({ preprocessor }: Predictor, sample: DataFrame): Map<string, Source> {
  const { inputs, derived } = preprocessor.spec
  const made = preprocessor.derive(sample)
  const firstFrom = new Map(derived.toReversed().map((entry) => [entry.from, entry]))
  return new Map(
    inputs.map(({ name, type, categories }): [string, Source] => {
      const own = findColumn(sample, name) as Column
      const from = firstFrom.get(name)
      if (type === 'text' && !categories && from) {
        const column = made.get(from.column) as Column
        return [name, { column, isCategory: true, prefix: `${from.column} ` }]
      }
      return [name, { column: own, isCategory: categories !== undefined, prefix: '' }]
    }),
  )
}

/** Returns, for a number column, whether higher values push up or down; for categories, which one pushes most. */
function describeDirection({ column, isCategory, prefix }: Source, pushes: Float64Array): string {
  if (column.kind === 'number' && !isCategory) {
    const cells = Array.from(column.values, (value) => (Number.isNaN(value) ? null : value))
    const { kind } = directionOf(cells, pushes)
    return kind === 'neutral' ? '-' : `higher ${kind}`
  }
  if (!isCategory) return '-'
  const sums = new Map<Cell, { total: number; count: number }>()
  pushes.forEach((push, row) => {
    const cell = cellAt(column, row)
    const sum = sums.get(cell) ?? { total: 0, count: 0 }
    sums.set(cell, { total: sum.total + push, count: sum.count + 1 })
  })
  let strongest: { cell: Cell; push: number } | undefined
  for (const [cell, { total, count }] of sums) {
    // A category seen once or twice in the sample says little about the column.
    if (count < Math.min(5, pushes.length)) continue
    const push = total / count
    if (!strongest || Math.abs(push) > Math.abs(strongest.push)) strongest = { cell, push }
  }
  if (!strongest || strongest.push === 0) return '-'
  return `${prefix}${strongest.cell ?? 'missing'} ${strongest.push > 0 ? 'up' : 'down'}`
}
