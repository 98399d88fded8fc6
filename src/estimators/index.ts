import type { Estimator, EstimatorName } from './estimator.ts'
import { decisionTree } from './mljs/decision-tree.ts'
import { logisticRegression } from './mljs/logistic-regression.ts'
import { randomForest } from './mljs/random-forest.ts'
import { decisionTree as nativeDecisionTree } from './native/decision-tree.ts'
import { logisticRegression as nativeLogisticRegression } from './native/logistic-regression.ts'
import { randomForest as nativeRandomForest } from './native/random-forest.ts'

/** The training engines and their estimators. */
export const engines = {
  native: {
    logistic_regression: nativeLogisticRegression,
    decision_tree: nativeDecisionTree,
    random_forest: nativeRandomForest,
  },
  mljs: {
    logistic_regression: logisticRegression,
    decision_tree: decisionTree,
    random_forest: randomForest,
  },
} as const satisfies Record<string, Record<EstimatorName, Estimator>>

export type EngineName = keyof typeof engines
export const engineNames = Object.keys(engines) as EngineName[]
export const DEFAULT_ENGINE: EngineName = 'native'

/** The packages that fit an engine's models, with the versions that package-lock.json holds (a test compares). */
export const engineLibraries: Readonly<Record<EngineName, Readonly<Record<string, string>>>> = {
  native: {},
  mljs: {
    'ml-cart': '2.1.1',
    'ml-logistic-regression': '2.0.0',
    'ml-matrix': '6.15.1',
    'ml-random-forest': '2.1.0',
  },
}
