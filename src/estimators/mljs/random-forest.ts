/** The adapter of ml-random-forest. */
import type { CartNode } from 'ml-cart'
import { RandomForestClassifier } from 'ml-random-forest'
import { createRandom } from '../../data/random.ts'
import type { Estimator } from '../estimator.ts'
import { featureCount } from '../params.ts'
import {
  cartOptions,
  cartParams,
  cartSpace,
  type FittedCart,
  toMlMatrix,
  toTreesSpec,
  warnIfSlow,
} from './cart-tree.ts'

/** What the adapter reads of a fitted forest; the package's types leave it out. */
interface FittedForest {
  readonly estimators: readonly { readonly root: CartNode }[]
  /** For every tree the feature of each of its columns; with replacement one may stand there twice. */
  readonly indexes: readonly (readonly number[])[]
}

/** ml-random-forest: bagged rows, features sampled once per tree. */
export const randomForest: Estimator = {
  title: 'random forest',
  shortName: 'forest',
  unit: 'trees',
  scale: false,
  params: {
    n_estimators: {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 24,
      description: 'number of trees',
    },
    ...cartParams,
    max_features: {
      type: 'features',
      default: 0.8,
      description: 'features that one tree may use: a count, a share below 1, sqrt, log2 or all',
    },
    replacement: {
      type: 'boolean',
      default: false,
      description: "whether a tree's features are drawn with replacement",
    },
    bootstrap: {
      type: 'boolean',
      default: true,
      description: "whether a tree's rows are drawn with replacement",
    },
    voting: {
      type: 'choice',
      choices: ['hard', 'soft'],
      default: 'hard',
      description:
        'hard: a tree votes for one class, as ml-random-forest predicts; soft: it gives its class shares',
    },
  },
  searchSpace: {
    ...cartSpace,
    max_features: { kind: 'choice', values: ['sqrt', 0.3, 0.5, 0.8, 'all'] },
    voting: { kind: 'choice', values: ['hard', 'soft'] },
  },
  async fit(X, y, classes, params, context) {
    const trees = params.n_estimators as number
    warnIfSlow(X, trees, context)
    const training = toMlMatrix(X)
    const labels = Array.from(y)
    const seeds = createRandom(context.seed, 3)
    const fitted: FittedCart[] = []
    for (let done = 0; done < trees; done++) {
      await context.checkpoint(done, trees)
      if (done > 0 && context.shouldStop?.()) {
        context.warn(`interrupted after ${done} of ${trees} trees`)
        return toTreesSpec(fitted, X, classes, params.voting as 'soft' | 'hard')
      }
      // A forest of one tree at a time, each with a seed of its own, so that progress can be shown and work cancelled.
      const forest = new RandomForestClassifier({
        seed: seeds.next() | 0,
        nEstimators: 1,
        maxFeatures: asLibraryCount(
          featureCount(params.max_features as number | string, X.columns),
          X.columns,
        ),
        replacement: params.replacement as boolean,
        useSampleBagging: params.bootstrap as boolean,
        noOOB: true,
        treeOptions: cartOptions(params),
      })
      // The package's types ask for nested lists; it takes a matrix as well, and copies lists into one.
      forest.train(training as unknown as number[][], labels)
      const { estimators, indexes } = forest as unknown as FittedForest
      fitted.push(
        ...estimators.map(({ root }, i) => ({ root, features: indexes[i] as readonly number[] })),
      )
    }
    await context.checkpoint(trees, trees)
    return toTreesSpec(fitted, X, classes, params.voting as 'soft' | 'hard')
  },
}

/** The library reads 1 as "all of them"; a single feature must be said as a share that rounds down to one. */
function asLibraryCount(count: number, features: number): number {
  return count === 1 ? (features === 1 ? 1 : 1.5 / features) : count
}
