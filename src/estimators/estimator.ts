/** What an estimator is: its names, its parameters and its fit. */
import type { Matrix } from '../data/matrix.ts'
import type { ModelSpec } from '../models/model.ts'
import type { Params, ParamsSchema } from './params.ts'
import type { SearchSpace } from './search-space.ts'

/** What rows say of a forest whose trees had not drawn them. */
export interface OutOfBag {
  /** Class shares of every training row, [row][class]; NaN where all trees had drawn it. */
  readonly decisionFunction: Float64Array
  /** Rows that some tree had not drawn. */
  readonly rows: number
  /** Share of those whose class is the most probable one. */
  readonly score: number
}

/** Threads that all know one setup and answer jobs. */
export interface JobThreads {
  run(job: number): Promise<unknown>
  close(): Promise<void>
}

/** What a fit may use besides its data. */
export interface FitContext {
  readonly seed: number
  /** Names of the classes in the order of their numbers. */
  readonly classNames: readonly string[]
  /** Weight of every row, ≥ 0 and not all 0; absent: every row weighs 1. */
  readonly sampleWeight?: Float64Array
  /** Reports progress and lets other work run; rejects when the training was cancelled. */
  checkpoint(done: number, total: number): Promise<void>
  /** Whether to end early with a model of what is done so far; asked after a checkpoint. */
  shouldStop?(): boolean
  /** Threads of this machine; absent: the calling one alone. */
  readonly threads?: {
    readonly count: number
    /** Starts threads that grow the trees of a setup; it is plain data. */
    start(count: number, setup: unknown): JobThreads
  }
  /** Takes what a forest with `oob_score` has measured. */
  outOfBag?(measured: OutOfBag): void
  /** Tells the user something that is not an error. */
  warn(message: string): void
}

/** Learns a model from a matrix. */
export interface Estimator {
  /** What it is called in a sentence, such as `random forest`. */
  readonly title: string
  /** What progress lines call it; at most 9 characters. */
  readonly shortName: string
  /** What its progress counts, such as `trees`. */
  readonly unit: string
  /** Whether its features should be scaled to mean 0 and deviation 1. */
  readonly scale: boolean
  /** Whether it learns from missing values itself; otherwise they are imputed before. */
  readonly acceptsMissing?: boolean
  /** Whether its fit heeds `sampleWeight`; one that does not is never given any. */
  readonly acceptsWeights?: boolean
  readonly params: ParamsSchema
  /**
   * What a tuning searches. The number of trees is not searched: more are never worse, only slower; it is what
   * successive halving saves on.
   */
  readonly searchSpace: SearchSpace
  /**
   * Estimated nanoseconds that the fit of a model took, counted from the model and the shape of its matrix, so that it
   * is the same on every machine; absent = nothing is known of it.
   */
  fitCost?(
    model: ModelSpec,
    shape: { readonly rows: number; readonly columns: number },
    params: Params,
  ): number
  /**
   * Returns the fitted model; the same arguments give the same numbers.
   * @param X [row][feature]; NaN is a missing value, which only estimators that accept it are given
   * @param y class number of every row, 0 … classes − 1, each of them present
   */
  fit(
    X: Matrix,
    y: Int32Array,
    classes: number,
    params: Params,
    context: FitContext,
  ): Promise<ModelSpec>
}
