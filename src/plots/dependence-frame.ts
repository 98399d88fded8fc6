/** What the two ways to draw a dependence have in common. */
import type { Cell } from '../data/frame.ts'

export const WIDTH = 760

/** A point per row. */
export interface Dependence {
  readonly name: string
  readonly cells: readonly Cell[]
  readonly pushes: Float64Array
  /** Classes of colour. */
  readonly colours: readonly string[]
  /** Where the points may begin. */
  readonly top: number
}
