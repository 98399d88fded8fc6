/** What an explanation may be asked for. */
import type { Preprocessor } from '../preprocess/preprocessor.ts'

/** What an explanation may be asked for; see design of `/explain`. */
export interface ExplainOptions {
  /** A class, `predicted` or `all`; default: the positive class of two, otherwise the predicted one. */
  readonly output?: string
  /** The scale of the SHAP values; default: the model's own, or the one of the method. */
  readonly space?: string
  readonly method?: string
  /** Values per input column, or per model feature. */
  readonly level?: 'columns' | 'features'
  /** Keep only the k largest values of a row; the rest is summed up. */
  readonly top?: number
  /** Whether to compute the values of pairs too. */
  readonly interactions?: boolean
  /** The class for which to find the smallest change of every row. */
  readonly counterfactual?: string
  /** Most columns that a counterfactual may change. */
  readonly maxChanges?: number
  /** Columns that a counterfactual leaves as they are: names, or several in one text between commas or bars. */
  readonly freeze?: readonly string[]
  /**
   * Whether these rows are a part of more: then a single one is computed as a row among others, because its last bits
   * would differ.
   */
  readonly isPart?: boolean
}

/** Returns the names of what has a value in an answer: the input columns, or the model's features. */
export function namesOf(preprocessor: Preprocessor, { level }: ExplainOptions): readonly string[] {
  return level === 'features' ? preprocessor.featureNamesOut : preprocessor.featureNamesIn
}
