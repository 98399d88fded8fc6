/** What a training is told, wherever it was told it. */
import type { Destination } from '../../model-directory/check-destination.ts'
import type { Role } from '../../preprocess/guess-role.ts'
import type { ColumnPlan } from '../../preprocess/plan.ts'
import type { WrittenSettings } from '../../preprocess/written/recognise.ts'
import type { Header, TableSource } from '../../tables/read-tables.ts'
import type { EstimatorChoice } from '../../training/choose-estimator.ts'
import type { TuneOptions } from '../../training/tuning/tune.ts'

export interface TrainRequest extends EstimatorChoice {
  readonly source: TableSource
  /** Measured on, with the columns of the source. */
  readonly validation?: TableSource
  readonly test?: TableSource
  /** Rows to explain against, in the place of a sample of the training rows. */
  readonly background?: TableSource
  /** Without a header columns are label, f1, f2 …: SageMaker's order, the label first. */
  readonly header: Header
  readonly target?: string
  /** The column that says how much a training row counts. */
  readonly weight?: string
  /** Which of two classes is the positive one. */
  readonly positive?: string
  /** Of a numeric target: how many classes are made of it. */
  readonly bins?: number
  readonly plan?: ColumnPlan
  /** By column; an ordinal one may be followed by its order: `size=small,medium,large`. */
  readonly roles: ReadonlyMap<string, Role>
  /** Columns whose spellings of one category are taken for one. */
  readonly merge?: readonly string[]
  /** What is said of how values are written; absent = nothing. */
  readonly written?: WrittenSettings
  readonly params: ReadonlyMap<string, unknown>
  readonly modelDir: string
  /** What may be there already. */
  readonly destination?: Destination
  readonly testSize: number
  readonly crossValidation?: { readonly folds: number; readonly repeats: number }
  /** Search for parameters first. */
  readonly tuning?: Pick<TuneOptions, 'trials' | 'folds' | 'method' | 'metric'>
  readonly seed: number
  readonly dropMissingLabel: boolean
  /** Whether rows that are predicted wrongly are stored with the model. */
  readonly mistakes: boolean
  /** File of readable names. */
  readonly labels?: string | undefined
  readonly json: boolean
  readonly quiet: boolean
  /** Present in a training job: metric lines, files for output.tar.gz, a model even when it is stopped. */
  readonly sageMaker?: { readonly outputData: string; readonly notes: readonly string[] }
}
