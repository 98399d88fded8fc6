/** Tree ensembles as a TreeEnsembleRegressor whose thresholds are doubles. Definition: onnx.ai, ai.onnx.ml version 3. */
import type { TreesSpec } from '../../models/model.ts'
import { treeWeights, valueWidth, viewOf } from '../../trees/ensemble.ts'
import { isOfCodes } from '../../trees/views.ts'
import { castTo, type GraphBuilder } from './graph.ts'
import { joinColumns, moveScores, roundToSingle } from './numbers.ts'
import { doubles } from './tensors.ts'
import { addViews } from './views.ts'

/**
 * Returns the scores of trees, [row][output]. Decisions are those of doubles; onnxruntime adds leaves in doubles and
 * gives the sum in single precision.
 * @param features [row][feature]
 */
export function addTrees(
  graph: GraphBuilder,
  spec: TreesSpec,
  features: string,
  width: number,
): string {
  const { outputs, base, views = [], precision } = spec
  const rounded = precision === 'float32' ? roundToSingle(graph, features) : features
  const groups = addViews(graph, features, rounded, views)
  const columns = joinColumns(graph, [rounded, ...groups.map(({ tensor }) => tensor)])
  const placeOf = new Map(
    groups.flatMap(({ views: own }) => own).map((view, i) => [view, width + i]),
  )
  const sums = graph.add('TreeEnsembleRegressor', [columns], writeNodes(spec, placeOf))
  const exact = graph.add('Cast', [sums], castTo('double'))
  return moveScores(graph, exact, treeWeights(spec), base.subarray(0, outputs))
}

/**
 * Returns the attributes of the operator: nodes from the root of each tree on, numbered anew.
 * @param placeOf columns of views by their number
 */
function writeNodes(spec: TreesSpec, placeOf: ReadonlyMap<number, number>) {
  const { roots, output, feature, threshold, left, right, missingLeft, value, outputs } = spec
  const width = valueWidth(spec)
  const branch = spec.comparison === '<=' ? 'BRANCH_LEQ' : 'BRANCH_LT'
  const nodes = {
    treeids: [] as number[],
    nodeids: [] as number[],
    featureids: [] as number[],
    modes: [] as string[],
    truenodeids: [] as number[],
    falsenodeids: [] as number[],
    missing: [] as number[],
    values: [] as number[],
  }
  const votes = {
    treeids: [] as number[],
    nodeids: [] as number[],
    ids: [] as number[],
    weights: [] as number[],
  }
  const addLeaf = (tree: number, id: number, node: number) => {
    let isFirst = true
    for (let k = 0; k < width; k++) {
      const weight = value[node * width + k]!
      // A leaf votes for something, if by zero.
      if (weight === 0 && !(isFirst && k === width - 1)) continue
      isFirst = false
      votes.treeids.push(tree)
      votes.nodeids.push(id)
      votes.ids.push(output ? output[tree]! : k)
      votes.weights.push(weight)
    }
  }
  for (let tree = 0; tree < roots.length; tree++) {
    const order = [roots[tree]!]
    for (let id = 0; id < order.length; id++) {
      const node = order[id]!
      const isLeaf = feature[node]! < 0
      const view = isLeaf ? undefined : viewOf(spec, node)
      nodes.treeids.push(tree)
      nodes.nodeids.push(id)
      nodes.modes.push(isLeaf ? 'LEAF' : branch)
      nodes.featureids.push(isLeaf ? 0 : view ? placeOf.get(spec.view![node]!)! : feature[node]!)
      nodes.values.push(isLeaf || (view && isOfCodes(view)) ? 0 : threshold[node]!)
      nodes.missing.push(isLeaf ? 0 : missingLeft[node]!)
      nodes.truenodeids.push(isLeaf ? 0 : order.length)
      nodes.falsenodeids.push(isLeaf ? 0 : order.length + 1)
      if (isLeaf) addLeaf(tree, id, node)
      else order.push(left[node]!, right[node]!)
    }
  }
  const tensor = (values: readonly number[]) => ({ tensor: doubles(values, [values.length]) })
  return {
    aggregate_function: 'SUM',
    n_targets: outputs,
    nodes_falsenodeids: { ints: nodes.falsenodeids },
    nodes_featureids: { ints: nodes.featureids },
    nodes_missing_value_tracks_true: { ints: nodes.missing },
    nodes_modes: { texts: nodes.modes },
    nodes_nodeids: { ints: nodes.nodeids },
    nodes_treeids: { ints: nodes.treeids },
    nodes_truenodeids: { ints: nodes.truenodeids },
    nodes_values_as_tensor: tensor(nodes.values),
    post_transform: 'NONE',
    target_ids: { ints: votes.ids },
    target_nodeids: { ints: votes.nodeids },
    target_treeids: { ints: votes.treeids },
    target_weights_as_tensor: tensor(votes.weights),
  }
}
