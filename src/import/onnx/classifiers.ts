/** The classifiers of ai.onnx.ml. Definitions: onnx.ai; microsoft/onnxruntime `tree_ensemble_aggregator.h`. */
import type { LinearSpec } from '../../models/model.ts'
import { checkNames, invalid, MAX_CLASSES, MAX_COLUMNS, unsupported } from '../imported-model.ts'
import type { OnnxNode } from './graph.ts'
import { linkOf, type OnnxClassifier } from './scores.ts'
import { readTreeEnsemble } from './tree-ensemble.ts'

/**
 * Returns a classifier.
 * @param isNormalised whether its scores are divided by their sum behind it
 * @throws ArtifactError `invalid` or `foreign`
 */
export function readClassifier(
  node: OnnxNode,
  features: number | undefined,
  isNormalised: boolean,
): OnnxClassifier {
  const classes = readLabels(node)
  if (node.op === 'LinearClassifier') return readLinear(node, classes, isNormalised)
  return { ...readTreeEnsemble(node, classes, features, isNormalised), classes }
}

function readLabels(node: OnnxNode): string[] {
  const texts = node.texts('classlabels_strings')
  const numbers = [...node.wholes('classlabels_int64s'), ...node.wholes('classlabels_ints')]
  const labels = texts.length > 0 ? texts : numbers.map(String)
  if (labels.length < 2 || labels.length > MAX_CLASSES)
    throw unsupported(`${node.where} has ${labels.length} classes; 2 to ${MAX_CLASSES} are read`)
  checkNames(labels, `${node.where}: classes`)
  return labels
}

/** Of two classes one score is the log-odds of the second; two scores are its negative and it. */
function readLinear(
  node: OnnxNode,
  classes: readonly string[],
  isNormalised: boolean,
): OnnxClassifier {
  const all = node.numbers('coefficients')
  const given = node.numbers('intercepts')
  const link = linkOf(node, isNormalised)
  const count = classes.length
  const isSingle = count === 2 && given.length === 1
  const rows = isSingle ? 1 : count
  const features = all.length / rows
  if (
    !Number.isInteger(features) ||
    features < 1 ||
    features > MAX_COLUMNS ||
    given.length !== rows
  )
    throw invalid(
      `${node.where} has ${all.length} coefficients and ${given.length} intercepts for ${count} classes`,
    )
  if (link === 'identity')
    throw unsupported(`${node.where} gives no probabilities (post_transform NONE)`)
  const isPair = count === 2 && link !== 'softmax'
  if (isPair && !isSingle && !isMirror(all, given))
    throw unsupported(`${node.where} has two scores of which one is not the negative of the other`)
  // A softmax over two scores is a sigmoid of their difference.
  const isDifference = count === 2 && link === 'softmax'
  const second = (list: Float64Array, width: number): Float64Array => {
    if (count > 2 || isSingle) return list
    const [first, last] = [list.subarray(0, width), list.subarray(width)]
    return isDifference ? last.map((value, j) => value - first[j]!) : last.slice()
  }
  const spec: LinearSpec = {
    kind: 'linear',
    features,
    coefficients: second(all, features),
    intercepts: second(given, 1),
    means: new Float64Array(features),
    link: count === 2 ? 'logit' : link === 'softmax' ? 'softmax' : 'one_vs_rest',
  }
  if (count > 2 && link === 'sigmoid_each')
    throw unsupported(
      `${node.where} has sigmoids that are not divided by their sum, which is not read`,
    )
  return { estimator: 'logistic_regression', spec, classes, features, knowsMissing: false }
}

function isMirror(coefficients: Float64Array, intercepts: Float64Array): boolean {
  const half = coefficients.length / 2
  return (
    intercepts[0] === -intercepts[1]! &&
    coefficients.subarray(0, half).every((value, j) => value === -coefficients[half + j]!)
  )
}
