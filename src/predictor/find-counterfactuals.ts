/** The smallest change of each row that makes the model predict a class, where one is asked for. */
import {
  type CounterfactualModel,
  DEFAULT_CHANGES,
  findCounterfactual,
  readFrozen,
} from '../counterfactual/counterfactual.ts'
import { type DataFrame, takeRows } from '../data/frame.ts'
import type { Counterfactual } from '../shap/explanation.ts'
import type { ExplainOptions } from './options.ts'

/** Finds the counterfactual of a row, whose features are `x`. */
export type RowCounterfactual = (row: number, x: Float64Array) => Counterfactual

/** Returns what finds the counterfactuals that are asked for of a frame's rows; undefined = none. */
export function findCounterfactuals(
  model: () => CounterfactualModel,
  frame: DataFrame,
  { counterfactual, maxChanges = DEFAULT_CHANGES, freeze = [] }: ExplainOptions,
): RowCounterfactual | undefined {
  if (counterfactual === undefined) return undefined
  const searched = model()
  const asked = {
    label: searched.classes.indexOf(counterfactual),
    maxChanges,
    frozen: readFrozen(freeze, searched.preprocessor.featureNamesIn),
  }
  return (row, x) =>
    findCounterfactual(searched, takeRows(frame, Int32Array.of(row)), x.slice(), asked)
}
