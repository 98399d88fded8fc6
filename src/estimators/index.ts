/** The map of what trains: every engine with its estimators, each loaded when it is first asked for. */
import type { Estimator } from './estimator.ts'

/** A way to fit the estimators that it has. */
export interface Engine {
  /** What its estimators are, for the help. */
  readonly description: string
  /** Packages that fit its models, with the versions that package-lock.json holds (a test compares). */
  readonly libraries: Readonly<Record<string, string>>
  readonly estimators: Readonly<Record<string, () => Promise<Estimator>>>
}

const map = {
  native: {
    description: 'trees and logistic regression as in scikit-learn',
    libraries: {},
    estimators: {
      logistic_regression: async () =>
        (await import('./native/logistic-regression.ts')).logisticRegression,
      decision_tree: async () => (await import('./native/decision-tree.ts')).decisionTree,
      random_forest: async () => (await import('./native/random-forest.ts')).randomForest,
    },
  },
  mljs: {
    description: 'the ml-* packages',
    libraries: {
      'ml-cart': '2.1.1',
      'ml-logistic-regression': '2.0.0',
      'ml-matrix': '6.15.1',
      'ml-random-forest': '2.1.0',
    },
    estimators: {
      logistic_regression: async () =>
        (await import('./mljs/logistic-regression.ts')).logisticRegression,
      decision_tree: async () => (await import('./mljs/decision-tree.ts')).decisionTree,
      random_forest: async () => (await import('./mljs/random-forest.ts')).randomForest,
    },
  },
} as const satisfies Readonly<Record<string, Engine>>

export type EngineName = keyof typeof map
/** The name of an estimator that some engine has. */
export type EstimatorName = {
  [E in EngineName]: keyof (typeof map)[E]['estimators']
}[EngineName]

export const DEFAULT_ENGINE: EngineName = 'native'
export const DEFAULT_ESTIMATOR: EstimatorName = 'random_forest'

export const engines: Readonly<Record<EngineName, Engine>> = map
export const engineNames = Object.keys(engines) as EngineName[]
export const estimatorNames = [
  ...new Set(Object.values(engines).flatMap(({ estimators }) => Object.keys(estimators))),
] as EstimatorName[]
