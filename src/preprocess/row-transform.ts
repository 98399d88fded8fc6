/** The way of one row: from its cells straight to the model's features, without a frame and columns on the way. */
import type { Cell } from '../data/frame.ts'
import type { Derivation } from './derivation.ts'
import type { CellTransform, Transform } from './transformer.ts'

/** Turns the cells of one row into features, bit for bit as the preprocessor does in a frame. */
export interface RowTransform {
  /** Returns the cells of the derived columns, in the plan's order. */
  derive(cells: readonly Cell[]): readonly Cell[]
  /**
   * Writes the features of a row.
   * @param cells in the order of the inputs, null = missing
   * @param derived what `derive` made of them
   * @returns false for a cell that is refused where it stands in a frame
   */
  write(cells: readonly Cell[], derived: readonly Cell[], features: Float64Array): boolean
}

/** A derived column: the number of its source among the inputs, and what makes it. */
export interface DerivedCell {
  readonly input: number
  readonly derivation: Derivation
}

/** One column's way to its features: an input, or the derived column of that number. */
export interface CellStep {
  readonly input: number
  /** -1 = the input itself. */
  readonly derived: number
  readonly transforms: readonly Transform[]
}

type CellsTransform = Extract<CellTransform, { makes: 'cell' | 'number' }>
type LevelsTransform = Extract<CellTransform, { makes: 'levels' }>

interface CompiledStep extends CellStep {
  readonly at: number
  readonly cells: readonly { readonly transform: CellsTransform; readonly type: InputType }[]
  readonly levels: LevelsTransform | undefined
}

/** What is to be known of an input column. */
export interface CellInput {
  readonly type: 'number' | 'text'
  readonly categories?: readonly (string | number)[]
  /** Whether a category that is not listed is refused. */
  readonly closed?: true
}

type InputType = CellInput['type']

/**
 * Returns the way of one row through a plan; undefined where a step goes on behind 0/1 columns, or hands over a text.
 * @param steps in the order of the features
 */
export function compileRow(
  inputs: readonly CellInput[],
  derived: readonly DerivedCell[],
  steps: readonly CellStep[],
): RowTransform | undefined {
  const compiled: CompiledStep[] = []
  let at = 0
  for (const step of steps) {
    let type: InputType =
      step.derived < 0
        ? (inputs[step.input]?.type ?? 'number')
        : (derived[step.derived]?.derivation.type ?? 'text')
    const cells: CompiledStep['cells'][number][] = []
    let levels: LevelsTransform | undefined
    for (const { cell } of step.transforms) {
      if (levels) return undefined
      if (cell.makes === 'levels') {
        levels = cell
        continue
      }
      cells.push({ transform: cell, type })
      if (cell.makes === 'number') type = 'number'
    }
    compiled.push({ ...step, at, cells, levels })
    at += step.transforms.reduce(
      (names, transform) => names.flatMap((name) => transform.names(name)),
      [''],
    ).length
  }
  const closed = inputs.flatMap(({ closed, categories }, input) =>
    closed ? [{ input, known: new Set<Cell>([null, ...(categories ?? [])]) }] : [],
  )
  const none: readonly Cell[] = []
  return {
    derive: (cells) =>
      derived.length === 0
        ? none
        : derived.map(({ input, derivation }) => derivation.cell(cells[input] as Cell)),
    write(cells, made, features) {
      for (const { input, known } of closed) if (!known.has(cells[input] as Cell)) return false
      features.fill(0)
      for (const step of compiled) {
        let cell = (step.derived < 0 ? cells[step.input] : made[step.derived]) as Cell
        for (const { transform, type } of step.cells) cell = transform.apply(cell, type)
        if (step.levels) {
          const level = step.levels.apply(cell)
          if (level >= 0) features[step.at + level] = 1
        } else if (typeof cell === 'string') return false
        else features[step.at] = cell ?? Number.NaN
      }
      return true
    },
  }
}
