import type { TensorFile } from '../data/tensor.ts'
import type { Method, Space } from '../shap/explanation.ts'
import type { TreeEnsemble } from '../shap/tree-ensemble.ts'
import type { Criterion } from './impurity-importance.ts'

/** How scores become probabilities; `identity`: they are probabilities already. */
export type Link = 'identity' | 'logit' | 'softmax' | 'one_vs_rest'

/** Scores linear in the features: score k = intercepts[k] + Σ_j coefficients[k · features + j] x_j. */
export interface LinearSpec {
  readonly kind: 'linear'
  readonly features: number
  /** [score][feature] */
  readonly coefficients: Float64Array
  readonly intercepts: Float64Array
  /** Mean of every feature over the training rows: the background of its SHAP values. */
  readonly means: Float64Array
  readonly link: Exclude<Link, 'identity'>
}

/** A tree ensemble; a decision tree is a forest of one. */
export interface TreesSpec extends TreeEnsemble {
  readonly kind: 'trees'
  readonly link: Exclude<Link, 'one_vs_rest'>
  /** Whether a tree votes with its leaf's class shares or with one class. */
  readonly vote: 'soft' | 'hard'
}

/** A fitted model: plain numbers, no behaviour. */
export type ModelSpec = LinearSpec | TreesSpec

/** What surrounds a model: how many features come in, how many classes go out. */
export interface ModelShape {
  readonly features: number
  readonly classes: number
}

/** Explains one row at a time; class numbers are those of the model. */
export interface ModelExplainer {
  readonly space: Space
  readonly method: Method
  /** Expected output of a class: what its SHAP values start from. */
  baseValue(label: number): number
  /** The model's output of a class for one row, by the path of prediction. */
  output(x: Float64Array, label: number): number
  /** Writes the SHAP values of one row into `phi`, [class asked][feature]. */
  explain(x: Float64Array, labels: readonly number[], phi: Float64Array): void
  /** Estimated elementary steps (about a nanosecond each) per row and class. */
  readonly cost: number
}

/** Everything that the rest of the program asks of a kind of model. */
export interface ModelKind<S extends ModelSpec> {
  /** Whether a feature may be missing (NaN). */
  readonly acceptsMissing: boolean
  /** Throws ArtifactError `invalid` unless the numbers are a model of that shape. */
  check(spec: S, shape: ModelShape): void
  /** Writes the probability of every class for one row; length of `out` = classes. */
  probabilities(spec: S, x: Float64Array, out: Float64Array): void
  buildExplainer(spec: S, shape: ModelShape): ModelExplainer
  /** Returns the share of every feature in the decrease of impurity, or undefined where there is none to speak of. */
  impurityImportance?(spec: S, features: number, criterion: Criterion): Float64Array | undefined
  /** Estimated seconds that `buildExplainer` takes, on the safe side. */
  prepareSeconds(spec: S): number
  store(spec: S): TensorFile
  /** Reads what `store` made; throws ArtifactError `invalid` when something is missing or of a wrong type. */
  restore(file: TensorFile): S
}
