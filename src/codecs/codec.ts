/** What a codec is: one content type's way of reading rows and writing answers. */
import type { DataFrame } from '../data/frame.ts'
import type { Predictions } from '../models/prediction.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import type { RowWarning } from '../preprocess/row-warnings.ts'
import type { Explanations } from '../shap/explanation.ts'
import { type IgnoredNames, nothingIgnored } from './ignored-names.ts'
import type { Selected } from './selection.ts'

/** What a decoder knows about the rows it reads. */
export interface DecodeContext {
  readonly inputs: readonly InputColumn[]
  /** Columns of the training table that are not inputs; named ones are ignored. */
  readonly otherColumns: readonly string[]
  readonly maxRows: number
}

/**
 * Which family of clients a JSON body came from, so that the answer has the shape they read:
 * `predictions` SageMaker's objects, `labels` a bare list of labels (scikit-learn's container), `values` a list of
 * labels under `predictions` (MLflow, KServe), `probabilities` the same with probabilities.
 */
export type Dialect = 'predictions' | 'labels' | 'values' | 'probabilities'

/** Decoded rows. */
export interface Decoded {
  /** Columns are the model's inputs, in its order. */
  readonly frame: DataFrame
  readonly dialect: Dialect
  /** Options sent in the body beside the rows. */
  readonly parameters: ReadonlyMap<string, unknown>
  /** How many named values were ignored: per row in JSON, per column in CSV. */
  readonly ignoredColumns: number
  /** Their names, which stand in every row that they were ignored in. */
  readonly ignored: IgnoredNames
}

/** Returns rows as most types have them: in SageMaker's dialect and with no options beside them. */
export function decodedRows(
  frame: DataFrame,
  ignored: IgnoredNames = nothingIgnored,
  ignoredColumns = ignored.count,
): Decoded {
  return { frame, dialect: 'predictions', parameters: new Map(), ignoredColumns, ignored }
}

/** How predictions are written. */
export interface PredictionStyle {
  readonly dialect: Dialect
  /** Members asked for by the operator; then every dialect is SageMaker's. */
  readonly selection?: readonly Selected[] | undefined
  /** What was not understood, row by row; absent = not asked for. */
  readonly warnings?: RowWarnings | undefined
}

/** Warnings of every row, in the order of the rows; undefined where a row says nothing of them. */
export type RowWarnings = readonly (readonly RowWarning[] | undefined)[]

/** How explanations are written. */
export interface ExplanationStyle {
  readonly format: 'json' | 'contributions'
  /** JSON: what stands beside the explanations as the rows' predictions; without it, nothing does. */
  readonly predictions?: 'values' | 'probabilities' | undefined
  /** Whether the answer is about pairs of columns, where a form has room for one thing only. */
  readonly interactions?: boolean | undefined
  /** Parameters of the media type asked for, such as `header=absent`. */
  readonly mediaParameters: ReadonlyMap<string, string>
  /** What was not understood, row by row; absent = not asked for. */
  readonly warnings?: RowWarnings | undefined
}

/** Where a block of an answer stands. */
export interface BlockPlace {
  readonly isFirst: boolean
  readonly isLast: boolean
  /** Rows of the whole answer. */
  readonly rows: number
  /** Returns the answer to no rows at all, in the same style. */
  empty(): Encoded
}

/** One content type; each direction is optional. */
export interface Codec {
  readonly name: string
  /** What its bytes are, where the routes are described; the forms of JSON are described in full. */
  readonly form: 'json' | 'text' | 'binary'
  /** What a body holds, where there is no example. */
  readonly bodyDescription?: string
  /** Returns a body of one row. */
  readonly writeExample?: (row: Readonly<Record<string, unknown>>) => string
  /** The type that answers carry, and others that mean the same. */
  readonly mediaTypes: readonly [string, ...string[]]
  /**
   * Whether a library reads it that may leave promises behind, which fail after the answer: it is read in a worker, so
   * that at most a worker ends by it.
   */
  readonly isIsolated?: true
  /** @throws InputError naming row, column and value */
  readonly decode?: (
    body: Uint8Array,
    context: DecodeContext,
    mediaParameters: ReadonlyMap<string, string>,
  ) => Decoded | Promise<Decoded>
  /**
   * Returns the rows of a body in blocks of about so many bytes, one after the other, in messages numbered as in the
   * body: together they are what `decode` returns. Undefined for a body that is read as a whole only.
   */
  readonly decodeBlocks?: (
    body: Uint8Array,
    context: DecodeContext,
    mediaParameters: ReadonlyMap<string, string>,
    blockBytes: number,
  ) => Iterable<Decoded> | undefined
  /**
   * Makes an encoded block of rows the part of an answer that belongs in its place: joined, the parts are what is encoded
   * at once. Absent where an answer cannot be told apart in this way.
   */
  readonly joinBlocks?: (block: Encoded, place: BlockPlace) => Encoded
  readonly encodePredictions?: (predictions: Predictions, style: PredictionStyle) => Encoded
  readonly encodeExplanations?: (explanations: Explanations, style: ExplanationStyle) => Encoded
  /** Whether explanations are answered as a plot, and what that is made of; drawing and its libraries are loaded on use. */
  readonly picture?: 'drawing' | 'pixels'
  /** Whether a row's prediction is the list of its scores instead of an object of named members. */
  readonly recordIsScores?: true
  /** Whether its rows have room for what was not understood of them. */
  readonly hasWarnings?: true
  /** What its explanations have room for besides SHAP values. */
  readonly explains?: { readonly interactions?: true; readonly counterfactuals?: true }
}

/** What an encoder makes: text, or bytes where the format is binary. */
export type Encoded = string | Uint8Array
