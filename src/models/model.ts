import { type Matrix, rowOf } from '../data/matrix.ts'
import type { TensorFile } from '../data/tensor.ts'
import { InputError, placed } from '../errors.ts'
import type { Method, Space } from '../shap/explanation.ts'
import type { TreeEnsemble } from '../trees/ensemble.ts'

/** How mixed the classes of a node are: 1 − Σ p², or −Σ p log₂ p. */
export type Criterion = 'gini' | 'entropy'

/**
 * How scores become probabilities. `identity`: they are probabilities already. `logit`: one score, the log-odds of the
 * last of two classes. `softmax`: exp of every score over their sum. `one_vs_rest`: the sigmoid of every score over
 * their sum. `sigmoid_each`: the sigmoid of every score as it is, so that a row's probabilities need not sum to 1; the
 * predicted class is still the most probable one, and a class's score its own probability.
 */
export type Link = 'identity' | 'logit' | 'softmax' | 'one_vs_rest' | 'sigmoid_each'

/** Scores linear in the features: score k = intercepts[k] + Σ_j coefficients[k · features + j] x_j. */
export interface LinearSpec {
  readonly kind: 'linear'
  readonly features: number
  /** [score][feature] */
  readonly coefficients: Float64Array
  readonly intercepts: Float64Array
  /** Mean of every feature over the training rows: the background of its SHAP values. */
  readonly means: Float64Array
  readonly link: Exclude<Link, 'identity' | 'sigmoid_each'>
}

/**
 * A tree ensemble; a decision tree is a forest of one. It holds what a library's file says, as far as numbers go:
 *
 * - a forest: class shares in every leaf, link `identity`, aggregation `mean`, no base, no scale;
 * - boosting of two classes: one output, link `logit`, aggregation `sum`, the base margin in `base`;
 * - boosting of K classes: K outputs, link `softmax`, `one_vs_rest` or `sigmoid_each`, and `output` says which one every
 *   tree adds to, or the leaves have K values each;
 * - a sigmoid of s times the margin: `scale` s. Scores and their SHAP values then are log-odds. Learning rates and
 *   weights of single trees are multiplied into the leaves;
 * - a leaf of a library that votes for a few classes only has zeros for the others;
 * - a category column: a feature that holds whole numbers from 0 in the order of its categories, NaN for a missing one,
 *   and −1 for one that no split knows; splits look at it through a view of codes;
 * - thresholds are finite: a split at ±∞ is replaced by the side that everything takes.
 *
 * Children stand behind their parents, no tree is deeper than MAX_DEPTH, every inner node has two children.
 * With covers, those of two children sum to their parent's within 1e-6 of it; 0 is a node that no training row reached.
 */
export interface TreesSpec extends TreeEnsemble {
  readonly kind: 'trees'
  readonly link: Link
  /** Whether a tree votes with its leaf's class shares or with one class; `soft` for scores. */
  readonly vote: 'soft' | 'hard'
}

/** A fitted model: plain numbers, no behaviour. */
export type ModelSpec = LinearSpec | TreesSpec

/** What surrounds a model: how many features come in, how many classes go out. */
export interface ModelShape {
  readonly features: number
  readonly classes: number
}

/** Explains rows by one method in one space; class numbers are those of the model. */
export interface ModelExplainer {
  readonly space: Space
  readonly method: Method
  /** Expected output of a class: what its SHAP values start from. */
  baseValue(label: number): number
  /** The model's output of a class for one row, by the path of prediction. */
  output(x: Float64Array, label: number): number
  /** Writes the outputs of every row into `out`, [row][class asked]. */
  outputRows(X: Matrix, labels: readonly number[], out: Float64Array): void
  /** Writes the SHAP values of one row into `phi`, [class asked][feature]. */
  explain(x: Float64Array, labels: readonly number[], phi: Float64Array): void
  /** Writes the SHAP values of every row into `phi`, [row][class asked][feature]. */
  explainRows(X: Matrix, labels: readonly number[], phi: Float64Array): void
  /** Writes the SHAP interaction values of one row into `out`, [class asked][feature][feature]; a row sums to its SHAP value. */
  readonly interactions?: (x: Float64Array, labels: readonly number[], out: Float64Array) => void
  /** Estimated elementary steps (about a nanosecond each) per row and class. */
  readonly cost: number
  /** The same of interaction values. */
  readonly interactionCost: number
}

/** One way in which a model can be explained; it is prepared when it is first used. */
export interface ExplainerOffer {
  readonly space: Space
  readonly method: Method
  /** Why this model cannot be explained so and what can be asked for instead; absent = it can. */
  readonly refusal?: string
  /** Whether the explainer has interaction values. */
  readonly hasInteractions?: true
  /** Estimated seconds that `build` takes now: 0 once it has been called. */
  buildSeconds(): number
  build(): ModelExplainer
}

/** Where a model's decisions change: what a search for counterfactuals asks. */
export interface DecisionBounds {
  /**
   * Where the model may change with a feature: the last double before each change, ascending. Two values that are on
   * the same side (≤ or >) of every cut are not told apart. Undefined = it changes everywhere.
   */
  cuts(feature: number): Float64Array | undefined
  /**
   * Returns an upper bound of a class's lead over its strongest rival for all rows between `low` and `high`, in
   * scores, the rounding of sums included; where both are one row it is exact but for that.
   */
  lead(label: number, low: Float64Array, high: Float64Array): number
  /**
   * Returns the value of one feature, the others as in `x`, from which on a class leads, `x`'s own value where it does
   * not trail; undefined = none.
   */
  readonly solve?: (label: number, x: Float64Array, feature: number) => number | undefined
  /** Counts the elementary steps of all questions so far; they differ much from one to the next. */
  readonly work: { steps: number }
}

/** Everything that the rest of the program asks of a kind of model. */
export interface ModelKind<S extends ModelSpec> {
  /** Whether a feature may be missing (NaN). */
  readonly acceptsMissing: boolean
  /** Throws ArtifactError `invalid` unless the numbers are a model of that shape. */
  check(spec: S, shape: ModelShape): void
  /** Returns a function that writes the probabilities of many rows; [row][class]. */
  buildPredict(spec: S, shape: ModelShape): (X: Matrix, out: Float64Array) => void
  /** Returns 1 for every feature that the model looks at; length = features. */
  usedFeatures(spec: S, features: number): Uint8Array
  /** Estimated nanoseconds to predict one of many rows, from what the model holds. */
  predictCost(spec: S): number
  /** Estimated nanoseconds to make the model ready to predict and to explain, and to find its impurity importance. */
  prepareCost(spec: S): number
  /** Returns the share of every feature in the decrease of impurity, or undefined where there is none to speak of. */
  impurityImportance?(spec: S, features: number, criterion: Criterion): Float64Array | undefined
  /**
   * Returns every way to explain the model, the default first. One that needs what the model does not hold says so in
   * its refusal; if the first is refused, all are.
   * @param background rows of features, [row][feature]; without rows, ways that need them are not offered
   */
  offerExplainers(spec: S, shape: ModelShape, background: Matrix): readonly ExplainerOffer[]
  buildBounds(spec: S, shape: ModelShape): DecisionBounds
  /** Returns the model with these rows in the place of the training rows, as far as it explains itself by them. */
  withBackground(spec: S, background: Matrix): S
  /** Returns how large the model is, in words. */
  describeSize(spec: S): string
  store(spec: S): TensorFile
  /** Reads what `store` made; throws ArtifactError `invalid` when something is missing or of a wrong type. */
  restore(file: TensorFile): S
}

/** Returns an offer whose explainer is built once, at the first use. */
export function offerLazily(
  offer: Omit<ExplainerOffer, 'build'>,
  build: () => ModelExplainer,
): ExplainerOffer {
  let built: ModelExplainer | undefined
  return {
    ...offer,
    buildSeconds: () => (built ? 0 : offer.buildSeconds()),
    build: () => {
      built ??= build()
      return built
    },
  }
}

/** Returns `explainRows` of an explainer that knows one row at a time. */
export function explainEachRow(
  explain: ModelExplainer['explain'],
  features: number,
): ModelExplainer['explainRows'] {
  return (X, labels, phi) => {
    const width = labels.length * features
    for (let row = 0; row < X.rows; row++) {
      try {
        explain(rowOf(X, row), labels, phi.subarray(row * width, (row + 1) * width))
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        throw new InputError(error.code, placed`${{ row: row + 1 }}: ${error.text}`)
      }
    }
  }
}

/** Returns `outputRows` of an explainer that knows one row at a time. */
export function outputEachRow(output: ModelExplainer['output']): ModelExplainer['outputRows'] {
  return (X, labels, out) => {
    for (let row = 0; row < X.rows; row++)
      labels.forEach((label, i) => {
        out[row * labels.length + i] = output(rowOf(X, row), label)
      })
  }
}
