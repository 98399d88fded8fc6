/** The one row that some plots show, explained for one output. */
import { InputError } from '../errors.ts'
import type { Explanation, Explanations, Space } from '../shap/explanation.ts'
import { cutNamedCells } from './cut-apart.ts'
import { cellText } from './numbers.ts'
import { fitText, sizes, textWidth } from './text.ts'

/** A row's explanation for one output, with what stands in its title. */
export interface PlottedRow {
  readonly row: Explanation
  readonly space: Space
  readonly target: string
  readonly outputName: string
  readonly baseValue: number
  readonly output: number
}

/**
 * Returns the only row of explanations for the only output.
 * @throws InputError `one_row` for none or more rows, `invalid_option` for more outputs
 */
export function takeRow({ rows, space, target }: Explanations): PlottedRow {
  const [row, ...others] = rows
  if (!row || others.length > 0)
    throw new InputError(
      'one_row',
      `a picture shows one row, the request has ${rows.length}${others.length > 0 ? '; choose one with the option row' : ''}`,
    )
  if (row.outputNames.length !== 1)
    throw new InputError(
      'invalid_option',
      'a picture shows one output; choose one class with the option output',
    )
  return {
    row,
    space,
    target,
    outputName: row.outputNames[0]!,
    baseValue: row.baseValues[0]!,
    output: row.outputs[0]!,
  }
}

/** Returns `column = value`; of a missing value also what the model takes for it. */
export function nameCell({ featureNames, data, imputed }: Explanation, feature: number): string {
  const name = featureNames[feature]!
  const taken = data[feature] === null ? imputed?.get(name) : undefined
  const value = cellText(data[feature])
  return `${name} = ${taken === undefined ? value : `${value}, taken as ${cellText(taken)}`}`
}

/** Returns texts `column = value` that are no wider than so many pixels, see {@link cutNamedCells}. */
export function fitNamedCells(
  texts: readonly string[],
  roomOf: (index: number) => number,
): string[] {
  return cutNamedCells(texts, roomOf, {
    widthOf: textWidth,
    cut: (text, width, at) => fitText(text, width, sizes.text, at),
    least: { value: 0, name: Number.NEGATIVE_INFINITY },
  })
}
