/** What commands over the rows of a file are told. */
import type { Operation } from '../../answering/media-type.ts'
import type { Selected } from '../../codecs/selection.ts'
import type { Reading } from '../../tables/read-tables.ts'

/** What is made of the rows: answers of the routes, or what the model sees. */
export type RowsOperation = Operation | 'preprocess'

export interface RowsRequest {
  readonly operation: RowsOperation
  readonly file: string
  readonly modelDir: string
  /** Key that the model must be signed for: PEM text or a file. */
  readonly publicKey?: string
  /** File of readable names that people are shown. */
  readonly labels?: string | undefined
  readonly inputFormat?: string
  /** What flags say of the way that the file is written. */
  readonly reading?: Reading
  /** Whether CSV has a header, whatever its first row looks like. */
  readonly hasHeader?: boolean | undefined
  readonly format?: string
  /** File to write; `-` is standard output. */
  readonly out: string
  /** Options of an explanation, as on the query string. */
  readonly options: readonly (readonly [string, unknown])[]
  /** The plot and its options, where the answer is a picture. */
  readonly plot?: readonly (readonly [name: string, value: string])[]
  /** Columns of the file that stand in the answer, too. */
  readonly keep?: readonly string[]
  /** Whether CSV of predictions begins with the names of its columns. */
  readonly hasOutputHeader?: boolean
  /** Members of predictions that are written. */
  readonly selection?: readonly Selected[] | undefined
  /** Threads that answer parts of the file; absent = one per core. */
  readonly jobs?: number
  /** Sums up the explanations instead of writing them. */
  readonly summary?: boolean
  /** Bytes of a part of the file. */
  readonly partBytes?: number
}
