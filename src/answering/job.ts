/** What one request asks, as data that can cross to a thread: bytes in, bytes out. */
import type { Selected } from '../codecs/selection.ts'
import type { WarningCount } from '../preprocess/row-checks.ts'
import type { GroupPlan, SummarySums } from '../shap/global-summary.ts'
import type { Limits } from './limits.ts'
import type { MediaType, Operation } from './media-type.ts'
import type { OutputName } from './tensor-outputs.ts'

/** Rows in a content type, to be predicted or explained. */
export interface RowJob {
  readonly operation: Operation
  readonly body: Uint8Array
  readonly media: MediaType
  readonly answer: MediaType
  /** Options of the query string; those in the body win. Beside predictions, names that are no options are others'. */
  readonly options: readonly (readonly [string, unknown])[]
  readonly limits: Limits
  /** Reads and answers rows in blocks of about so many bytes; without it, all at once. */
  readonly blockBytes?: number | undefined
  /** Rows before the first of the body, where it is a part of a file. */
  readonly rowOffset?: number
  /** Counts in the result what was not understood of the rows, by column. */
  readonly tally?: boolean
  /** Sums up explanations in these groups instead of answering them. */
  readonly summary?: readonly GroupPlan[]
  /** Members of predictions that the operator selected. */
  readonly selection?: readonly Selected[] | undefined
  /** Overrides the dialect that the body's form asks for; explanations in JSON then have predictions beside them. */
  readonly dialect?: 'values' | 'probabilities' | undefined
  /**
   * Answers predictions together with explanations in Clarify's form, for the records on which this JMESPath
   * expression over the prediction is true.
   */
  readonly enableExplanations?: string | undefined
  /** Whether `explain` among the body's parameters makes a prediction an explanation. */
  readonly explainByBody?: boolean | undefined
  /** Whether an answer in the form of Clarify is one line per record instead of one document. */
  readonly linePerRecord?: boolean | undefined
}

/** A request of the Open Inference Protocol: tensors in, tensors out. */
export interface TensorJob {
  readonly operation: 'infer'
  readonly body: Uint8Array
  /** Where the JSON ends and binary data begin; without it, everything is JSON. */
  readonly headerLength: number | undefined
  readonly modelName: string
  /** Outputs of a request that names none. */
  readonly outputs: readonly OutputName[]
  /** Reads and answers rows in blocks of about so many bytes. */
  readonly blockBytes?: number | undefined
  /** Options of the query string; those in the body win. */
  readonly options: readonly (readonly [string, unknown])[]
  readonly limits: Limits
}

/** A plot of the model itself, from what is stored with it. */
export interface DrawJob {
  readonly operation: 'draw'
  /** Nothing. */
  readonly body: Uint8Array
  readonly plot: string
  /** Its parameters are the plot's options. */
  readonly answer: MediaType
  /** Options of explanations, where the plot is of explained rows. */
  readonly options: readonly (readonly [string, unknown])[]
  readonly limits: Limits
  readonly blockBytes?: number | undefined
}

/** The explanations of the sample of training rows that is stored with the model. */
export interface SampleJob {
  readonly operation: 'sample'
  /** Nothing. */
  readonly body: Uint8Array
  readonly options: readonly (readonly [string, unknown])[]
  readonly limits: Limits
  readonly blockBytes?: number | undefined
}

/** The report of the model. */
export interface ReportJob {
  readonly operation: 'report'
  /** Nothing. */
  readonly body: Uint8Array
  readonly limits: Limits
  readonly blockBytes?: number | undefined
}

export type Job = RowJob | TensorJob | DrawJob | SampleJob | ReportJob

/** The answer to a job. */
export interface JobResult {
  readonly body: Uint8Array
  /** What follows the body, block by block, in large answers. */
  readonly rest?: Iterable<Uint8Array> | AsyncIterable<Uint8Array> | undefined
  readonly contentType: string
  /** Where JSON ends and binary data begin, in bodies that have both. */
  readonly jsonLength?: number
  /** Milliseconds that a worker took to make all of it. */
  readonly ms?: number
  readonly rows: number
  readonly ignoredColumns: number
  /** Cells with a category that training has not seen. */
  readonly unknownCategories: number
  /** What was not understood in all rows: as many warnings as can be listed. */
  readonly warnings: number
  readonly sums?: SummarySums
  readonly tally?: readonly WarningCount[] | undefined
}

/** Most answers are there at once; to wait for them all the same would cost every request. */
export type MaybePromise<T> = T | Promise<T>
