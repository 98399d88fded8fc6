/** What XGBoost's three file forms say, in one shape. */
import type { SourceTree } from '../ensemble-builder.ts'
import type { NOT_BELIEVED } from './categories.ts'

/** A tree, with the codes of the categories of nodes that split by them. */
export interface XgboostTree extends SourceTree {
  readonly codes: ReadonlyMap<number, ArrayLike<number>>
}

/** A model as a file holds it, before anything is made of it. */
export interface XgboostParts {
  /** [major, minor, patch], or [0, 0, 0] before 1.0. */
  readonly version: readonly number[]
  readonly objective: string
  readonly booster: string
  /** As it is written: a probability or a margin, which depends on the objective; one, or one per class. */
  readonly baseScores: readonly number[]
  /** 0 or 1 = one score. */
  readonly classes: number
  readonly targets: number
  readonly features: number
  /** Trees of one round and class. */
  readonly parallelTrees: number
  readonly trees: readonly XgboostTree[]
  /** The class that each tree adds to. */
  readonly groups: ArrayLike<number>
  /** Values of a leaf, 1 unless leaves are vectors. */
  readonly leafSize: number
  /** First tree of every round and the number of trees; absent = rounds are equally large. */
  readonly roundStarts?: ArrayLike<number>
  /** Weights of the trees of a dart model. */
  readonly weights?: ArrayLike<number>
  readonly attributes: ReadonlyMap<string, string>
  /** Empty where the file has none. */
  readonly names: readonly string[]
  /** Whether a feature is said to be a category; empty where the file does not say. */
  readonly isCategory: readonly boolean[]
  /** Categories by their code, per feature; undefined where the file does not name them. */
  readonly categories: readonly ((string | number)[] | typeof NOT_BELIEVED | undefined)[]
}
