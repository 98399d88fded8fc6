import { f64, i32, u8 } from '../data/tensor.ts'
import { ArtifactError } from '../errors.ts'
import { ensembleOutput } from '../shap/tree-ensemble.ts'
import { compileTreeShap } from '../shap/tree-shap.ts'
import { impurityImportance } from './impurity-importance.ts'
import { applyLink, scoreCount, scoreOf } from './link.ts'
import type { ModelKind, ModelShape, TreesSpec } from './model.ts'
import { readChoice, readTensor } from './stored.ts'

/** Deepest tree that is accepted; a path of 64 splits is beyond any use and bounds every walk. */
export const MAX_DEPTH = 64

/** Tree ensembles: decision trees, random forests, boosted trees. */
export const trees: ModelKind<TreesSpec> = {
  acceptsMissing: true,
  impurityImportance,

  check(spec, shape) {
    checkLengths(spec, shape)
    checkStructure(spec, shape)
    checkNumbers(spec)
  },

  probabilities(spec, x, out) {
    const scores = new Float64Array(spec.outputs)
    ensembleOutput(spec, x, scores)
    applyLink(spec.link, scores, out)
  },

  buildExplainer(spec, { features }) {
    const shap = compileTreeShap(spec, features)
    const scores = new Float64Array(spec.outputs)
    const signed = (label: number, values: Float64Array) => {
      const { score, sign } = scoreOf(spec.link, label)
      return sign * (values[score] as number)
    }
    return {
      space: spec.link === 'identity' ? 'probability' : 'log_odds',
      method: 'tree_path_dependent',
      baseValue: (label) => signed(label, shap.baseValues),
      output(x, label) {
        ensembleOutput(spec, x, scores)
        return signed(label, scores)
      },
      explain(x, labels, phi) {
        shap.explain(
          x,
          labels.map((label) => scoreOf(spec.link, label).score),
          phi,
        )
        labels.forEach((label, i) => {
          if (scoreOf(spec.link, label).sign > 0) return
          // Subtracting from zero keeps an unused feature at 0 instead of −0.
          for (let j = i * features; j < (i + 1) * features; j++) phi[j] = 0 - (phi[j] as number)
        })
      },
      cost: shap.cost,
    }
  },

  // A node takes up to four microseconds, with the quadrature of its path.
  prepareSeconds: (spec) => spec.feature.length * 4e-6,

  store: (spec) => ({
    metadata: new Map<string, string>([
      ['comparison', spec.comparison],
      ['precision', spec.precision],
      ['aggregation', spec.aggregation],
      ['link', spec.link],
      ['vote', spec.vote],
    ]),
    tensors: new Map([
      ['roots', i32(spec.roots)],
      ['feature', i32(spec.feature)],
      ['threshold', f64(spec.threshold)],
      ['left', i32(spec.left)],
      ['right', i32(spec.right)],
      ['missing_left', u8(spec.missingLeft)],
      ['cover', f64(spec.cover)],
      ['value', f64(spec.value, spec.feature.length, spec.outputs)],
      ['base', f64(spec.base)],
    ]),
  }),

  restore(file) {
    const base = readTensor(file, 'base', 'F64').data
    return {
      kind: 'trees',
      roots: readTensor(file, 'roots', 'I32').data,
      feature: readTensor(file, 'feature', 'I32').data,
      threshold: readTensor(file, 'threshold', 'F64').data,
      left: readTensor(file, 'left', 'I32').data,
      right: readTensor(file, 'right', 'I32').data,
      missingLeft: readTensor(file, 'missing_left', 'U8').data,
      cover: readTensor(file, 'cover', 'F64').data,
      value: readTensor(file, 'value', 'F64').data,
      base,
      outputs: base.length,
      comparison: readChoice(file, 'comparison', ['<=', '<']),
      precision: readChoice(file, 'precision', ['float32', 'float64']),
      aggregation: readChoice(file, 'aggregation', ['mean', 'sum']),
      link: readChoice(file, 'link', ['identity', 'logit', 'softmax']),
      vote: readChoice(file, 'vote', ['soft', 'hard']),
    }
  },
}

function checkLengths(spec: TreesSpec, { classes }: ModelShape): void {
  const nodes = spec.feature.length
  const outputs = scoreCount(spec.link, classes)
  if (spec.link === 'logit' && classes !== 2)
    throw invalid(`link logit needs 2 classes, there are ${classes}`)
  if (spec.outputs !== outputs) throw invalid(`it has ${spec.outputs} outputs, expected ${outputs}`)
  if (spec.roots.length === 0) throw invalid('it has no tree')
  for (const [name, length] of Object.entries({
    threshold: spec.threshold.length,
    left: spec.left.length,
    right: spec.right.length,
    missing_left: spec.missingLeft.length,
    cover: spec.cover.length,
  })) {
    if (length !== nodes) throw invalid(`${name} has ${length} entries for ${nodes} nodes`)
  }
  if (spec.value.length !== nodes * outputs) throw invalid('value does not match nodes × outputs')
}

/** Every node has exactly one parent with a smaller number, or is a root: no cycle, no sharing, nothing unreachable. */
function checkStructure(spec: TreesSpec, { features }: ModelShape): void {
  const nodes = spec.feature.length
  const depth = new Int32Array(nodes).fill(-1)
  for (const root of spec.roots) {
    if (root < 0 || root >= nodes) throw invalid(`root ${root} is not one of its ${nodes} nodes`)
    if (depth[root] !== -1) throw invalid(`node ${root} is the root of two trees`)
    depth[root] = 0
  }
  for (let node = 0; node < nodes; node++) {
    const level = depth[node] as number
    const feature = spec.feature[node] as number
    if (level < 0) throw invalid(`node ${node} has no parent with a smaller number`)
    if (level > MAX_DEPTH) throw invalid(`node ${node} lies deeper than ${MAX_DEPTH} levels`)
    if (feature === -1) {
      if (spec.left[node] !== -1 || spec.right[node] !== -1)
        throw invalid(`leaf ${node} has children`)
      continue
    }
    if (feature < 0 || feature >= features)
      throw invalid(`node ${node} asks feature ${feature} of ${features}`)
    for (const child of [spec.left[node] as number, spec.right[node] as number]) {
      if (child <= node || child >= nodes)
        throw invalid(`node ${node} has child ${child} of ${nodes} nodes`)
      if (depth[child] !== -1) throw invalid(`node ${child} has two parents`)
      depth[child] = level + 1
    }
  }
}

function checkNumbers(spec: TreesSpec): void {
  const { feature, threshold, cover, value, outputs } = spec
  if (!spec.base.every(Number.isFinite)) throw invalid('base holds a number that is not finite')
  if (
    spec.link === 'identity' &&
    (spec.aggregation !== 'mean' || spec.base.some((value) => value !== 0))
  ) {
    throw invalid('probabilities must be a mean of the trees without a base')
  }
  for (let node = 0; node < feature.length; node++) {
    const own = cover[node] as number
    if (!(own > 0 && Number.isFinite(own))) throw invalid(`node ${node} has cover ${own}`)
    if ((spec.missingLeft[node] as number) > 1)
      throw invalid(`node ${node} has no yes or no for missing values`)
    if (feature[node] === -1) {
      const leaf = value.subarray(node * outputs, (node + 1) * outputs)
      if (!leaf.every(Number.isFinite))
        throw invalid(`leaf ${node} holds a number that is not finite`)
      if (spec.link === 'identity') checkShares(leaf, node)
      continue
    }
    if (!Number.isFinite(threshold[node]))
      throw invalid(`node ${node} has threshold ${threshold[node]}`)
    const below =
      (cover[spec.left[node] as number] as number) + (cover[spec.right[node] as number] as number)
    if (Math.abs(below - own) > 1e-6 * own)
      throw invalid(`node ${node} has cover ${own}, its children have ${below}`)
  }
}

/** With the identity link a leaf holds class shares: each in [0, 1], together 1. */
function checkShares(leaf: Float64Array, node: number): void {
  let sum = 0
  for (const share of leaf) {
    if (share < 0 || share > 1 + 1e-9) throw invalid(`leaf ${node} holds the probability ${share}`)
    sum += share
  }
  if (Math.abs(sum - 1) > 1e-9) throw invalid(`leaf ${node} holds probabilities that sum to ${sum}`)
}

function invalid(detail: string): ArtifactError {
  return new ArtifactError('invalid', `the tree model is not valid: ${detail}`)
}
