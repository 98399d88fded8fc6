/** What is stored of a model, in readable names: the one place where they are put in for people. */
import type { Cell } from '../data/frame.ts'
import {
  cellLabel,
  classLabel,
  columnLabel,
  type Labels,
  valueLabel,
  withOwn,
} from '../data/readable.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import type { ColumnSummary } from '../shap/global-summary.ts'
import type { ArtifactParts } from './artifact.ts'

/** What of a model has names. */
type Named = Pick<ArtifactParts, 'plan' | 'classes' | 'preprocessor' | 'summary' | 'labels'>

/** A model that is shown, and predicts nothing. */
export type LabelledModel<T extends Named> = T & {
  /** What classes are called, by their names in `metrics`. */
  readonly classNames?: ReadonlyMap<string, string>
}

/**
 * Returns a model in readable names, the same where it has none. Columns that requests carry, and their values, have
 * both names, `Ticket class (Pclass)`: whoever reads of them has to send them.
 */
export function labelModel<T extends Named>(model: T): LabelledModel<T> {
  const { labels, plan, classes, preprocessor, summary } = model
  if (!labels) return model
  const classOf = (name: string) => classLabel(labels, plan.target, name)
  const columnOf = (name: string) => columnLabel(labels, name)
  return {
    ...model,
    plan: {
      ...plan,
      target: columnOf(plan.target),
      dropped: plan.dropped.map((own) => ({ ...own, column: columnOf(own.column) })),
    },
    classes: classes.map(classOf),
    classNames: new Map(classes.map((name) => [name, classOf(name)])),
    preprocessor: {
      ...preprocessor,
      inputs: preprocessor.inputs.map((input) => labelInput(input, labels)),
      otherColumns: preprocessor.otherColumns.map((name) => withOwn(columnOf(name), name)),
      derived: preprocessor.derived.map((own) => ({
        ...own,
        column: columnOf(own.column),
        from: columnOf(own.from),
      })),
      steps: preprocessor.steps.map((step) => ({ ...step, column: columnOf(step.column) })),
    },
    ...(summary
      ? {
          summary: {
            ...summary,
            outputNames: summary.outputNames.map(classOf),
            columns: summary.columns.map((column) => labelColumn(column, labels)),
          },
        }
      : {}),
  }
}

function labelInput(input: InputColumn, labels: Labels): InputColumn {
  const { name, categories, example } = input
  const shown = <T extends Cell>(cell: T): T | string => {
    const label = valueLabel(labels, name, cell)
    return label === undefined ? cell : withOwn(label, String(cell))
  }
  return {
    ...input,
    name: withOwn(columnLabel(labels, name), name),
    example: shown(example),
    ...(categories ? { categories: categories.map(shown) } : {}),
  }
}

/** Returns a column of a summary in readable names. */
export function labelColumn(summary: ColumnSummary, labels: Labels | undefined): ColumnSummary {
  const { column, by, groups } = summary
  return {
    ...summary,
    column: columnLabel(labels, column),
    by: columnLabel(labels, by),
    groups: groups.map((group) =>
      group.value === undefined ? group : { ...group, value: cellLabel(labels, by, group.value) },
    ),
  }
}
