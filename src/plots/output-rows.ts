/** Rows explained for one output, as plots of many rows show them. */
import { format } from 'd3-format'
import type { Cell } from '../data/frame.ts'
import { InputError, listNames } from '../errors.ts'
import { type Explanations, type Space, spaceLabels } from '../shap/explanation.ts'
import { count } from './numbers.ts'
import { fitParts, sizes } from './text.ts'

/** SHAP values of one output. */
export interface OutputRows {
  readonly space: Space
  readonly target: string
  readonly outputName: string
  readonly baseValue: number
  readonly featureNames: readonly string[]
  /** Rows of the request, of which `rows` may be a part. */
  readonly total: number
  readonly rows: readonly OutputRow[]
}

export interface OutputRow {
  readonly output: number
  /** length = features */
  readonly shapValues: Float64Array
  readonly data: readonly Cell[]
  /** [feature][feature], where interaction values were asked for */
  readonly interactions?: Float64Array
}

/**
 * Returns the rows of explanations that are of one and the same output; of more than `most` rows, as many at even
 * distances.
 * @throws InputError `invalid_option` for several outputs or only the largest values, `empty_data` without a row
 */
export function takeOutput(
  explanations: Explanations,
  most = Number.POSITIVE_INFINITY,
): OutputRows {
  const { rows, target, space, featureNames, classes } = explanations
  const [first] = rows
  if (!first) throw new InputError('empty_data', 'a plot needs at least one row')
  const outputName = first.outputNames[0]!
  for (const row of rows) {
    if (row.outputNames.length !== 1 || row.outputNames[0] !== outputName)
      throw new InputError(
        'invalid_option',
        `a picture shows one output; choose one class with the option output, there are ${listNames(classes)}`,
      )
    if (row.others)
      throw new InputError(
        'invalid_option',
        'this plot is of all columns; leave out the option top and say max_bars for how many it shows',
      )
  }
  const step = Math.max(1, rows.length / most)
  const taken =
    step === 1
      ? rows
      : Array.from({ length: Math.min(most, rows.length) }, (_, i) => rows[Math.floor(i * step)]!)
  return {
    space,
    target,
    outputName,
    baseValue: first.baseValues[0]!,
    featureNames,
    total: rows.length,
    rows: taken.map(({ outputs, shapValues, data, interactions }) => ({
      output: outputs[0]!,
      shapValues: shapValues[0]!,
      data,
      interactions: interactions?.[0],
    })),
  }
}

/** Returns the mean |SHAP value| of every feature. */
export function meanAbsolute({ rows, featureNames }: OutputRows): Float64Array {
  const sums = new Float64Array(featureNames.length)
  for (const { shapValues } of rows)
    shapValues.forEach((value, j) => {
      if (Number.isFinite(value)) sums[j] = sums[j]! + Math.abs(value) / rows.length
    })
  return sums
}

/** Returns how many rows are shown, of how many. */
export function countRows({ rows, total }: OutputRows): string {
  return rows.length < total
    ? `${format(',')(rows.length)} of ${count(total, 'row')}`
    : count(total, 'row')
}

/** Features in the order of their size, as many as fit; the others together take the last place. */
export interface Ranking {
  readonly shown: readonly number[]
  readonly others: readonly number[]
}

/** Returns the features with the largest sizes, at most `most` with the one that stands for all others. */
export function rank(featureSizes: ArrayLike<number>, most: number): Ranking {
  const order = Array.from(featureSizes, (_, j) => j).sort(
    (a, b) => (featureSizes[b] || 0) - (featureSizes[a] || 0) || a - b,
  )
  if (order.length <= most) return { shown: order, others: [] }
  return { shown: order.slice(0, most - 1), others: order.slice(most - 1) }
}

/** Returns what the rest is called. */
export function nameOthers(others: readonly number[]): string {
  return `${others.length} ${others.length === 1 ? 'other' : 'others'}`
}

/** Returns the name of a scale as a sentence begins with it. */
export function spaceTitle(space: Space): string {
  const name = spaceLabels[space]
  return `${name[0]!.toUpperCase()}${name.slice(1)}`
}

/** Returns `Probability of target = class` in a width in which the class is always seen. */
export function outputTitle(
  { space, target, outputName }: Pick<OutputRows, 'space' | 'target' | 'outputName'>,
  width: number,
  before = '',
): string {
  const start = before === '' ? spaceTitle(space) : `${before} ${spaceLabels[space]}`
  return fitParts(
    [`${start} of `, { cut: target }, ' = ', { cut: outputName, at: 'middle' }],
    width,
    sizes.title,
  )
}

/** Returns the same in full, to be read out. */
export function fullTitle(
  { space, target, outputName }: Pick<OutputRows, 'space' | 'target' | 'outputName'>,
  before = '',
): string {
  const start = before === '' ? spaceTitle(space) : `${before} ${spaceLabels[space]}`
  return `${start} of ${target} = ${outputName}`
}
