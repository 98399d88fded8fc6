import type { Cell, Column } from '../data/frame.ts'

/** What makes a derived column from its source. */
export interface Derivation {
  /** Of what type the column is that is made. */
  readonly type: 'number' | 'text'
  column(source: Column): Column
  /** The same for one cell, null = missing; texts met before are not looked at again. */
  cell(source: Cell): Cell
}
