/** What is measured of a fitted model as jobs: the same in the calling thread and in any other. */
import type { ArtifactParts } from '../artifact/artifact.ts'
import type { Matrix } from '../data/matrix.ts'
import { buildPredictor, type Predictor } from '../predictor/predictor.ts'
import { explainFeatures, summaryLabels } from '../predictor/summarize-rows.ts'
import {
  measureColumns,
  type PermutationImportance,
  type PermutationOptions,
} from './permutation-importance.ts'

/** Answers of a kind, for the task of the same kind. */
interface Jobs {
  /** SHAP values of rows of features, summed to the input columns; [row][class asked][column]. */
  readonly explain: { readonly task: { readonly X: Matrix }; readonly answer: Float64Array }
  /** Permutation importance of some columns. */
  readonly shuffle: {
    readonly task: {
      readonly X: Matrix
      readonly y: Int32Array
      readonly options: PermutationOptions
      readonly columns: readonly number[]
    }
    readonly answer: PermutationImportance
  }
}

export type MeasuringTask = {
  [K in keyof Jobs]: { readonly kind: K } & Jobs[K]['task']
}[keyof Jobs]
export type MeasuringAnswer = Jobs[keyof Jobs]['answer']

/** Returns the function that does the tasks of a model. */
export function createMeasuringJob(predictor: Predictor): (task: MeasuringTask) => MeasuringAnswer {
  return (task) => {
    if (task.kind === 'explain')
      return explainFeatures(predictor, predictor.explainer, task.X, summaryLabels(predictor))
    const { X, y, columns, options } = task
    return measureColumns(predictor, X, y, columns, options)
  }
}

/** Returns the function that does the tasks of a model in a thread that knows no more than its parts. */
export function createRemoteJob(parts: ArtifactParts) {
  return createMeasuringJob(buildPredictor(parts))
}
