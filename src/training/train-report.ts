/** What a training has to tell besides the artifact. */
import type { Artifact } from '../artifact/artifact.ts'
import type { Estimator, OutOfBag } from '../estimators/estimator.ts'
import type { Params } from '../estimators/params.ts'
import type { Predictor } from '../predictor/predictor.ts'
import type { DroppedColumn } from '../preprocess/plan.ts'
import type { Space } from '../shap/explanation.ts'
import type { CrossValidation } from './cross-validation.ts'
import type { ChannelName, Evaluation } from './measure.ts'
import type { PermutationImportance } from './permutation-importance.ts'
import type { ImportanceEntry } from './shap-importance.ts'

export interface TrainReport {
  readonly artifact: Artifact
  readonly estimator: Estimator
  /** Absent when no row was left for testing. */
  readonly test?: Evaluation
  readonly crossValidation?: CrossValidation
  /** What a forest says of training rows by the trees that had not drawn them. */
  readonly outOfBag?: OutOfBag
  /** Measured on the tables given besides the training table. */
  readonly channels: ReadonlyMap<ChannelName, Evaluation>
  readonly importance: readonly ImportanceEntry[]
  /** The scale of the importance's SHAP values. */
  readonly space: Space
  /** Absent when the training was asked to end before. */
  readonly permutation?: PermutationImportance
  /** Of the artifact, without its identity. */
  readonly predictor: Predictor
  readonly dropped: readonly DroppedColumn[]
  readonly params: Params
}
