/** What a training is told. */
import type { StoredColumn } from '../artifact/stored-columns.ts'
import type { DataFrame } from '../data/frame.ts'
import type { Labels } from '../data/readable.ts'
import type { EstimatorChoice } from './choose-estimator.ts'
import type { CrossValidation } from './cross-validation.ts'
import type { ChannelName } from './measure.ts'
import type { Pace } from './pace.ts'
import type { TrainingThreads } from './threads.ts'

export interface TrainOptions extends EstimatorChoice {
  /** Estimator parameters as given; texts are read as numbers where a number is due. */
  readonly params: ReadonlyMap<string, unknown>
  readonly testSize: number
  readonly seed: number
  readonly dropMissingLabel: boolean
  /** Whether rows that are predicted wrongly are stored with the model; they are unless this is false. */
  readonly mistakes?: boolean
  /** Whether rows will come by position: then every column but the target stays an input. */
  readonly positional?: boolean
  /** Readable names, which are stored with the model. */
  readonly labels?: Labels | undefined
  /** Columns that were left out by a guess: where one would have told much, that is warned of. */
  readonly leftOut?: readonly string[]
  /** What a guess made of every column, and why, which is stored with the model. */
  readonly columns?: readonly StoredColumn[]
  /** SHA-256 of the training data's bytes. */
  readonly dataSha256: string
  readonly sha256: (bytes: Uint8Array) => string
  /** Shows progress and lets other work run; rejects when the training was cancelled. */
  readonly progress: (done: number, total: number, unit: string) => Promise<void>
  /** Lets other work run between two steps before and in a fit; rejects when the training was cancelled. */
  readonly pause?: () => Promise<void>
  /** Whether to end early with a model of what is done so far. */
  readonly shouldStop?: () => boolean
  /** Shows what is done of a step of measuring, after the fit, and lets other work run. */
  readonly measuring?: Pace['turn']
  /** Threads that a training may use besides the calling one; they do not change what comes of it. */
  readonly threads?: TrainingThreads
  /** Cross-validation of the training rows, before the model is trained on all of them. */
  readonly crossValidation?: { readonly folds: number; readonly repeats: number }
  /** The search that the parameters come from. */
  readonly tuning?: {
    /** As it is written to trials.json. */
    readonly trials: Readonly<Record<string, unknown>>
    readonly interrupted: boolean
    /** Of these parameters, when the search got so far. */
    readonly crossValidation?: CrossValidation
  }
  /** Tables to measure the model on, with the training table's columns. */
  readonly channels?: ReadonlyMap<ChannelName, DataFrame>
  /** Rows to explain against, in the place of a sample of the training rows. */
  readonly background?: DataFrame
  readonly warn: (message: string) => void
  /** Told how many rows are for training and for testing, before anything is fitted. */
  readonly onSplit?: (trainRows: number, testRows: number) => void
  /** Told how many bytes the matrix of features will take, before it is made; throws where that is too much. */
  readonly checkMemory?: (bytes: number) => void
}
