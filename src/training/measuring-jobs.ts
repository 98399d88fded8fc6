/** What is measured of a fitted model as jobs: the same in the calling thread and in any other. */
import type { ArtifactParts } from '../artifact/artifact.ts'
import type { Matrix } from '../data/matrix.ts'
import { buildPredictor, type Predictor } from '../predictor/predictor.ts'
import { explainFeatures, summaryLabels } from '../predictor/summarize-rows.ts'
import {
  type PermutationImportance,
  type PermutationOptions,
  startPermutation,
} from './permutation-importance.ts'

/** Answers of a kind, for the task of the same kind. */
interface Jobs {
  /** SHAP values of rows of features, summed to the input columns; [row][class asked][column]. */
  readonly explain: { readonly task: { readonly X: Matrix }; readonly answer: Float64Array }
  /** Permutation importance of the columns from one number to before another. */
  readonly shuffle: {
    readonly task: {
      readonly X: Matrix
      readonly y: Int32Array
      readonly options: PermutationOptions
      readonly from: number
      readonly to: number
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
    const { X, y, options, from, to } = task
    const permutation = startPermutation(predictor, X, y, options)
    permutation.skip(from)
    for (let column = from; column < to; column++) permutation.next()
    return permutation.finish()
  }
}

/** Returns the function that does the tasks of a model in a thread that knows no more than its parts. */
export function createRemoteJob(parts: ArtifactParts) {
  return createMeasuringJob(buildPredictor(parts))
}
