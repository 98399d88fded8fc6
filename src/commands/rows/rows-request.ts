/** What `predict` and `explain` are told. */
import type { Operation } from '../../answering/media-type.ts'
import type { Reading } from '../../tables/read-tables.ts'

export interface RowsRequest {
  readonly operation: Operation
  readonly file: string
  readonly modelDir: string
  /** Key that the model must be signed for: PEM text or a file. */
  readonly publicKey?: string
  readonly inputFormat?: string
  /** What flags say of the way that the file is written. */
  readonly reading?: Reading
  /** CSV has no header, whatever its first row looks like. */
  readonly hasNoHeader?: boolean
  readonly format?: string
  /** File to write; `-` is standard output. */
  readonly out: string
  /** Options of an explanation, as on the query string. */
  readonly options: readonly (readonly [string, unknown])[]
  /** The plot and its options, where the answer is a picture. */
  readonly plot?: readonly (readonly [name: string, value: string])[]
  /** Threads that answer parts of the file; absent = one per core. */
  readonly jobs?: number
  /** Sums up the explanations instead of writing them. */
  readonly summary?: boolean
  /** Bytes of a part of the file. */
  readonly partBytes?: number
}
