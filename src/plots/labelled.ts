/** What a plot is drawn from, in readable names: they are put in its place before it is drawn. */
import type { Cell } from '../data/frame.ts'
import { classLabel, columnLabel, type Labels, valueLabel } from '../data/readable.ts'
import type { Explanation, Explanations } from '../shap/explanation.ts'
import type { PlotOptions } from './plot.ts'

/** Returns explanations in readable names; the same where the model has none. */
export function labelExplanations(explanations: Explanations): Explanations {
  const { labels, target, shared } = explanations
  if (!labels) return explanations
  const classOf = (name: string) => classLabel(labels, target, name)
  const isText = explanations.featureNames.map((name, j) =>
    explanations.rows.every(
      ({ data }) => isAsItIs(data[j]) || valueLabel(labels, name, data[j]!) !== undefined,
    ),
  )
  const isWhole = new Map(explanations.featureNames.map((name, j) => [name, isText[j]!]))
  const cellOf = (column: string, cell: Cell) => {
    // A column of numbers stays one unless all that is shown of it has labels.
    const isShown = typeof cell === 'string' || isWhole.get(column) === true
    return (isShown ? valueLabel(labels, column, cell) : undefined) ?? cell
  }
  return {
    ...explanations,
    target: columnLabel(labels, target),
    classes: explanations.classes.map(classOf),
    numericClasses:
      explanations.numericClasses && explanations.classes.every((name) => classOf(name) === name),
    featureNames: explanations.featureNames.map((name) => columnLabel(labels, name)),
    ...(shared ? { shared: { ...shared, outputNames: shared.outputNames.map(classOf) } } : {}),
    rows: explanations.rows.map(
      (row): Explanation => ({
        ...row,
        predictedLabel: classOf(row.predictedLabel),
        outputNames: row.outputNames.map(classOf),
        featureNames: row.featureNames.map((name) => columnLabel(labels, name)),
        data: row.data.map((cell, j) => cellOf(row.featureNames[j]!, cell)),
        ...(row.imputed
          ? {
              imputed: new Map(
                [...row.imputed].map(([name, cell]) => [
                  columnLabel(labels, name),
                  cellOf(name, cell),
                ]),
              ),
            }
          : {}),
      }),
    ),
  }
}

function isAsItIs(cell: Cell | undefined): boolean {
  return cell === null || cell === undefined
}

/** Returns options in which names of the model's are readable ones, too: either may be asked for. */
export function labelOptions(
  given: ReadonlyMap<string, string>,
  options: PlotOptions,
  { labels, target }: { labels: Labels | undefined; target: string },
): ReadonlyMap<string, string> {
  if (!labels) return given
  return new Map(
    [...given].map(([name, text]) => {
      if (options[name]?.kind !== 'text') return [name, text]
      return [
        name,
        name === 'output' ? classLabel(labels, target, text) : columnLabel(labels, text),
      ]
    }),
  )
}
