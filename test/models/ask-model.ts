/** A fitted model's probabilities and its default explainer, as the predictor gets them. */
import { kindOf } from '../../src/models/index.ts'
import type { ModelExplainer, ModelShape, ModelSpec, TreesSpec } from '../../src/models/model.ts'

const predictors = new WeakMap<ModelSpec, ReturnType<ReturnType<typeof kindOf>['buildPredict']>>()

/** Writes the probability of every class for one row; length of `out` = classes. */
export function writeProbabilities(spec: ModelSpec, x: Float64Array, out: Float64Array): void {
  let predict = predictors.get(spec)
  if (!predict) {
    predict = kindOf(spec).buildPredict(spec, { features: x.length, classes: out.length })
    predictors.set(spec, predict)
  }
  predict({ rows: 1, columns: x.length, data: x }, out)
}

/** Returns the default explainer of a model without background rows. */
export function defaultExplainer(spec: ModelSpec, shape: ModelShape): ModelExplainer {
  const none = { rows: 0, columns: shape.features, data: new Float64Array(0) }
  const [offer] = kindOf(spec).offerExplainers(spec, shape, none)
  if (!offer) throw new Error('no way to explain')
  return offer.build()
}

/** Returns the covers of a trained ensemble, which has them. */
export function coversOf({ cover }: Pick<TreesSpec, 'cover'>): Float64Array {
  if (!cover) throw new Error('no covers')
  return cover
}
