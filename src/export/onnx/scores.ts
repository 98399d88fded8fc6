/** The kinds of fitted model as operators: what makes scores of features. */
import type { LinearSpec, ModelSpec, TreesSpec } from '../../models/model.ts'
import type { GraphBuilder } from './graph.ts'
import { moveScores } from './numbers.ts'
import { doubles } from './tensors.ts'
import { addTrees } from './trees.ts'

type AddScores<S extends ModelSpec> = (
  graph: GraphBuilder,
  spec: S,
  features: string,
  width: number,
) => string

const scorers: { readonly linear: AddScores<LinearSpec>; readonly trees: AddScores<TreesSpec> } = {
  trees: addTrees,
  /** In doubles: a LinearClassifier has no more than single precision. */
  linear(graph, { coefficients, intercepts, features: width }, features) {
    const scores = intercepts.length
    const turned = new Float64Array(coefficients.length)
    for (let k = 0; k < scores; k++)
      for (let j = 0; j < width; j++) turned[j * scores + k] = coefficients[k * width + j]!
    const weights = graph.constant(doubles(turned, [width, scores]))
    const sums = graph.add('MatMul', [features, weights])
    return moveScores(graph, sums, new Float64Array(scores).fill(1), intercepts)
  },
}

/**
 * Returns the scores of a model, [row][score].
 * @param features [row][feature]
 */
export function addScores(
  graph: GraphBuilder,
  spec: ModelSpec,
  features: string,
  width: number,
): string {
  const add = scorers[spec.kind] as AddScores<ModelSpec>
  return add(graph, spec, features, width)
}
