import type { Cell, Column } from '../data/frame.ts'
import type { JsonObject, JsonReader } from '../data/json-fields.ts'

/** What any fitted transformer is: a kind and its numbers. */
export interface TransformerSpec {
  readonly kind: string
}

/** Turns one column into one or more; built once from its spec, used for every request. */
export interface Transform {
  /** Names of the columns made from a column of this name. */
  names(name: string): string[]
  apply(column: Column): Column[]
  /** The same for one cell: every transformer makes one of it, or says which of several 0/1 columns is 1. */
  readonly cell: CellTransform
}

/** What a transformer makes of one cell; null = missing, a number is never NaN. */
export type CellTransform =
  | {
      /** `cell` keeps the type of its column, `number` makes numbers. */
      readonly makes: 'cell' | 'number'
      apply(cell: Cell, type: 'number' | 'text'): Cell
    }
  /** `apply` returns the number of the column that is 1, -1 where all are 0. */
  | { readonly makes: 'levels'; apply(cell: Cell): number }

/** Behaviour of one kind of transformer; fitting is a function of its own beside it. */
export interface TransformerKind<S extends TransformerSpec> {
  build(spec: S): Transform
  /** Reads a spec from parsed JSON; the reader throws when it is not one. */
  read(value: JsonObject, reader: JsonReader, where: string): S
}
