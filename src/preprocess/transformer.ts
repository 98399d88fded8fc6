import type { Column } from '../data/frame.ts'
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
}

/** Behaviour of one kind of transformer; fitting is a function of its own beside it. */
export interface TransformerKind<S extends TransformerSpec> {
  build(spec: S): Transform
  /** Reads a spec from parsed JSON; the reader throws when it is not one. */
  read(value: JsonObject, reader: JsonReader, where: string): S
}
