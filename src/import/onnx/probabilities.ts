/** Classifiers whose probabilities plain operators make of scores: sums of trees, or products with coefficients. */
import type { Link, ModelSpec } from '../../models/model.ts'
import { checkNames, invalid, MAX_CLASSES, MAX_COLUMNS, unsupported } from '../imported-model.ts'
import type { OnnxGraph, OnnxNode } from './graph.ts'
import type { OnnxClassifier } from './scores.ts'
import { readTreeScores } from './tree-ensemble.ts'

/** Operators that make scores of features. */
export const SCORERS = ['TreeEnsembleRegressor', 'MatMul']

/** Walks over the operators behind the scores, each of which must be the next. */
interface Walk {
  /** Returns what the next operator makes, if it is this one on this tensor; undefined otherwise. */
  take(op: string, input: string, place?: number): OnnxNode | undefined
  /** The same of an operator that must be there. */
  need(op: string, input: string, place?: number): OnnxNode
  constant(name: string | undefined): Float64Array | undefined
}

/**
 * Returns the classifier of a graph in which the scores of this node become probabilities and a label.
 * @param width how many features it takes
 * @throws ArtifactError `foreign` naming the operator that is not read, `invalid`
 */
export function readProbabilities(
  graph: OnnxGraph,
  scorer: OnnxNode,
  width: number,
): OnnxClassifier {
  const behind = graph.nodes.slice(graph.nodes.indexOf(scorer) + 1)
  let at = 0
  const refuse = () => {
    const node = behind[at]
    return unsupported(
      node
        ? `${node.where} behind the scores is not read`
        : 'the file makes no label of its scores',
    )
  }
  const take: Walk['take'] = (op, input, place = 0) => {
    const node = behind[at]
    if (node?.op !== op || node.inputs[place] !== input) return undefined
    at++
    return node
  }
  const walk: Walk = {
    take,
    need(op, input, place) {
      const node = take(op, input, place)
      if (node) return node
      throw refuse()
    },
    constant: (name) => graph.constants.get(name ?? ''),
  }
  let scores = scorer.outputs[0] ?? ''
  scores = take('Cast', scores)?.outputs[0] ?? scores
  const scaled = take('Mul', scores)
  scores = scaled?.outputs[0] ?? scores
  const moved = take('Add', scores)
  scores = moved?.outputs[0] ?? scores
  const { link, output } = readLink(walk, scores)
  const place = walk.need('ArgMax', output)
  const label = walk.need('Gather', place.outputs[0] ?? '', 1)
  walk.need('Identity', label.outputs[0] ?? '')
  walk.need('Identity', output)
  if (at < behind.length) throw refuse()
  const names = label.inputs[0] ?? ''
  const classes = [...(graph.texts.get(names) ?? Array.from(walk.constant(names) ?? [], String))]
  if (classes.length < 2 || classes.length > MAX_CLASSES)
    throw unsupported(`it has ${classes.length} classes; 2 to ${MAX_CLASSES} are read`)
  checkNames(classes, 'classes')
  const count = link === 'logit' ? 1 : classes.length
  const row = (node: OnnxNode | undefined, other: number) => {
    if (!node) return new Float64Array(count).fill(other)
    const values = walk.constant(node.inputs[1])
    if (values?.length === count && values.every(Number.isFinite)) return values
    throw unsupported(`${node.where} has not one number for each of ${count} scores`)
  }
  return {
    ...readScores(graph, scorer, width, link, row(scaled, 1), row(moved, 0)),
    classes,
    isDouble: true,
  }
}

/** Which operators of which link make probabilities of scores, and what they make. */
function readLink({ take, need }: Walk, scores: string): { link: Link; output: string } {
  const softmax = take('Softmax', scores)
  if (softmax) return { link: 'softmax', output: softmax.outputs[0] ?? '' }
  const negative = take('Neg', scores)
  if (negative) {
    const both = need('Concat', negative.outputs[0] ?? '')
    if (both.inputs[1] !== scores || both.inputs.length !== 2)
      throw unsupported(`${both.where} behind the scores is not read`)
    return { link: 'logit', output: need('Sigmoid', both.outputs[0] ?? '').outputs[0] ?? '' }
  }
  const each = take('Sigmoid', scores)?.outputs[0]
  if (each === undefined) return { link: 'identity', output: scores }
  const sum = take('ReduceSum', each)?.outputs[0]
  if (sum === undefined) return { link: 'sigmoid_each', output: each }
  const shares = need('Div', each).outputs[0] ?? ''
  const isAny = need('Greater', sum).outputs[0] ?? ''
  const chosen = need('Where', isAny)
  if (chosen.inputs[1] !== shares) throw unsupported(`${chosen.where} is not read`)
  return { link: 'one_vs_rest', output: chosen.outputs[0] ?? '' }
}

function readScores(
  graph: OnnxGraph,
  scorer: OnnxNode,
  width: number,
  link: Link,
  weights: Float64Array,
  base: Float64Array,
): Omit<OnnxClassifier, 'classes'> {
  if (scorer.op === 'MatMul') return readLinear(graph, scorer, width, link, weights, base)
  const { spec, ...trees } = readTreeScores(scorer, width)
  if (spec.outputs !== base.length)
    throw invalid(`${scorer.where} has ${spec.outputs} targets for ${base.length} scores`)
  // The mean of an output's trees is their sum over their number.
  const counts = new Float64Array(spec.outputs).fill(spec.output ? 0 : spec.roots.length)
  for (const own of spec.output ?? []) counts[own] = counts[own]! + 1
  const isMean = weights.every((weight, k) => weight === 1 / Math.max(1, counts[k]!))
  const scale = isMean ? 1 : weights[0]!
  if (!isMean && weights.some((weight) => weight !== scale))
    throw unsupported(`${scorer.where} has scores of several scales, which is not read`)
  if (link === 'identity' && base.some((value) => value !== 0))
    throw unsupported(`${scorer.where} adds base values to probabilities, which is not read`)
  const made: ModelSpec = {
    ...spec,
    link,
    aggregation: isMean ? 'mean' : 'sum',
    ...(scale === 1 ? {} : { scale }),
    base: base.map((value, k) => value + spec.base[k]! * scale),
  }
  return {
    ...trees,
    estimator: link === 'identity' ? 'random_forest' : trees.estimator,
    spec: made,
  }
}

function readLinear(
  { constants }: OnnxGraph,
  scorer: OnnxNode,
  width: number,
  link: Link,
  weights: Float64Array,
  intercepts: Float64Array,
): Omit<OnnxClassifier, 'classes'> {
  const turned = constants.get(scorer.inputs[1] ?? '')
  const scores = intercepts.length
  if (turned?.length !== width * scores || width > MAX_COLUMNS)
    throw invalid(`${scorer.where} has not ${width} coefficients for each of ${scores} scores`)
  if (link === 'identity' || link === 'sigmoid_each')
    throw unsupported(`${scorer.where} has scores that are no probabilities, which is not read`)
  const coefficients = new Float64Array(turned.length)
  for (let k = 0; k < scores; k++)
    for (let j = 0; j < width; j++)
      coefficients[k * width + j] = turned[j * scores + k]! * weights[k]!
  const spec: ModelSpec = {
    kind: 'linear',
    features: width,
    coefficients,
    intercepts: intercepts.slice(),
    means: new Float64Array(width),
    link,
  }
  return { estimator: 'logistic_regression', spec, features: width, knowsMissing: false }
}
