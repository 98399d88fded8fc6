import { f64, i32, u8 } from '../data/tensor.ts'
import { ArtifactError } from '../errors.ts'
import type { Method } from '../shap/explanation.ts'
import { compileInterventional } from '../shap/interventional.ts'
import type { TreeShap } from '../shap/path-dependent-shap.ts'
import { compileTreeShap } from '../shap/tree-shap.ts'
import { ensembleOutput, goesLeft, lastLeft, treeWeight } from '../trees/ensemble.ts'
import { compileTreePredictor } from '../trees/predict.ts'
import { impurityImportance } from './impurity-importance.ts'
import { applyLink, scoreCount, scoreOf } from './link.ts'
import {
  type DecisionBounds,
  type ModelExplainer,
  type ModelKind,
  type ModelShape,
  offerLazily,
  type TreesSpec,
} from './model.ts'
import { readChoice, readTensor } from './stored.ts'

/** Deepest tree that is accepted; a path of 64 splits is beyond any use and bounds every walk. */
export const MAX_DEPTH = 64

/** A node takes up to four microseconds to be made ready for explaining, with the quadrature of its path. */
const NODE_SECONDS = 4e-6

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

  buildPredict(spec) {
    const predictor = compileTreePredictor(spec)
    return (X, out) => {
      const { outputs } = spec
      // Where scores are the probabilities already they are written in place.
      const scores = spec.link === 'identity' ? out : new Float64Array(X.rows * outputs)
      if (X.rows === 1) predictor.predict(X.data, scores)
      else predictor.predictRows(X, scores)
      if (spec.link === 'identity') return
      const classes = out.length / X.rows
      for (let row = 0; row < X.rows; row++) {
        const own = scores.subarray(row * outputs, (row + 1) * outputs)
        applyLink(spec.link, own, out.subarray(row * classes, (row + 1) * classes))
      }
    }
  },

  buildExplainer: (spec, { features }) => buildPathDependent(spec, features),

  offerExplainers(spec, { features }, background) {
    const space = spec.link === 'identity' ? 'probability' : 'log_odds'
    const pathDependent = offerLazily(
      {
        space,
        method: 'tree_path_dependent',
        hasInteractions: true,
        buildSeconds: () => spec.feature.length * NODE_SECONDS,
      },
      () => buildPathDependent(spec, features),
    )
    if (background.rows === 0) return [pathDependent]
    const interventional = offerLazily(
      {
        space,
        method: 'tree_interventional',
        buildSeconds: () => estimateTables(spec, background.rows),
      },
      () => {
        const shap = compileInterventional(spec, features, background)
        return buildSigned(spec, features, 'tree_interventional', shap)
      },
    )
    return [pathDependent, interventional]
  },

  buildBounds(spec) {
    const work = { steps: 0 }
    const lead = buildLead(spec, work)
    const rounding = roundingOf(spec)
    return {
      cuts: (feature) => cutsOf(spec, feature),
      lead: (label, low, high) => lead(label, low, high) + rounding,
      work,
    }
  },

  withBackground: (spec) => spec,

  describeSize: ({ roots, feature }) => `${roots.length} trees, ${feature.length} nodes`,

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

function buildPathDependent(spec: TreesSpec, features: number): ModelExplainer {
  const shap = compileTreeShap(spec, features)
  const explainer = buildSigned(spec, features, 'tree_path_dependent', shap)
  return {
    ...explainer,
    interactions(x, labels, out) {
      shap.interactions(x, scoresOf(spec, labels), out)
      applySigns(spec, labels, out, features * features)
    },
    interactionCost: shap.interactionCost,
  }
}

/** The explainer of classes over one of an ensemble's outputs. */
function buildSigned(
  spec: TreesSpec,
  features: number,
  method: Method,
  shap: Pick<TreeShap, 'baseValues' | 'explain' | 'explainRows' | 'cost'>,
): ModelExplainer {
  const predictor = compileTreePredictor(spec)
  const scores = new Float64Array(spec.outputs)
  const signed = (label: number, values: Float64Array, at = 0) => {
    const { score, sign } = scoreOf(spec.link, label)
    return sign * values[at + score]!
  }
  return {
    space: spec.link === 'identity' ? 'probability' : 'log_odds',
    method,
    baseValue: (label) => signed(label, shap.baseValues),
    output(x, label) {
      predictor.predict(x, scores)
      return signed(label, scores)
    },
    outputRows(X, labels, out) {
      const all = X.rows === 1 ? scores : new Float64Array(X.rows * spec.outputs)
      if (X.rows === 1) predictor.predict(X.data, all)
      else predictor.predictRows(X, all)
      for (let row = 0; row < X.rows; row++) {
        for (let i = 0; i < labels.length; i++)
          out[row * labels.length + i] = signed(labels[i]!, all, row * spec.outputs)
      }
    },
    explain(x, labels, phi) {
      shap.explain(x, scoresOf(spec, labels), phi)
      applySigns(spec, labels, phi, features)
    },
    explainRows(X, labels, phi) {
      shap.explainRows(X, scoresOf(spec, labels), phi)
      applySigns(spec, labels, phi, features)
    },
    cost: shap.cost,
    interactionCost: 0,
  }
}

function scoresOf(spec: TreesSpec, labels: readonly number[]): number[] {
  return labels.map((label) => scoreOf(spec.link, label).score)
}

/** Negates, in blocks of `width` per class, the values of a class whose score is another's negated. */
function applySigns(
  spec: TreesSpec,
  labels: readonly number[],
  values: Float64Array,
  width: number,
): void {
  if (spec.link !== 'logit') return
  for (let block = 0; block * width < values.length; block++) {
    if (scoreOf(spec.link, labels[block % labels.length]!).sign > 0) continue
    // Subtracting from zero keeps an unused feature at 0 instead of −0.
    for (let i = block * width; i < (block + 1) * width; i++) values[i] = 0 - values[i]!
  }
}

/** Most bytes that tables take; beyond them interventional values are computed from sets of background rows. */
const TABLE_BYTES = 128 << 20

/** Estimated seconds to prepare interventional values: a start, and about 13 ns per byte of the tables, if they fit. */
function estimateTables(spec: TreesSpec, rows: number): number {
  const { feature, left, right } = spec
  const parent = new Int32Array(feature.length).fill(-1)
  const distinct = new Int32Array(feature.length)
  let bytes = 0
  for (let node = 0; node < feature.length; node++) {
    const own = feature[node]!
    if (own < 0) {
      // Two leaves of one parent share a table.
      const players = distinct[parent[node]!] ?? 0
      bytes += 2 ** players * players * 4
      continue
    }
    let above = parent[node]!
    while (above >= 0 && feature[above] !== own) above = parent[above]!
    distinct[node] = (distinct[parent[node]!] ?? 0) + (above < 0 ? 1 : 0)
    parent[left[node]!] = node
    parent[right[node]!] = node
  }
  return 0.05 + (bytes <= TABLE_BYTES ? bytes * 13e-9 : feature.length * rows * 2e-9)
}

/** The largest double that goes left at each node of a feature, ascending, each once. */
function cutsOf(spec: TreesSpec, feature: number): Float64Array {
  const nodes = Int32Array.from(spec.feature.keys()).filter(
    (node) => spec.feature[node] === feature,
  )
  const found = Float64Array.from(nodes, (node) => lastLeft(spec, node)).sort()
  return found.filter((value, i) => i === 0 || value !== found[i - 1])
}

/** How far the rounding of sums over the trees may lift a lead above its bound. */
function roundingOf(spec: TreesSpec): number {
  const trees = spec.roots.length
  const largest = (values: Float64Array) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const sum = treeWeight(spec) * trees * largest(spec.value) + largest(spec.base)
  return 4 * (trees + 4) * Number.EPSILON * sum
}

/** Returns the upper bound of a class's lead: per tree, the best leaf that a row in the box can reach. */
function buildLead(spec: TreesSpec, work: DecisionBounds['work']): DecisionBounds['lead'] {
  const { outputs, link, left, right, feature, value } = spec
  const stack = new Int32Array(MAX_DEPTH + 2)
  const best = new Float64Array(outputs)
  const total = new Float64Array(outputs)
  const note = (leaf: number, label: number) => {
    const own = value[leaf * outputs + label]!
    for (let k = 0; k < outputs; k++) best[k] = Math.max(best[k]!, own - value[leaf * outputs + k]!)
  }
  const noteLogit = (leaf: number, label: number) => {
    const own = value[leaf]!
    best[0] = Math.max(best[0]!, label === 1 ? own : -own)
  }
  return (label, low, high) => {
    total.fill(0)
    for (const root of spec.roots) {
      best.fill(Number.NEGATIVE_INFINITY)
      let size = 0
      stack[size++] = root
      while (size > 0) {
        const node = stack[--size]!
        work.steps++
        if (feature[node]! < 0) {
          if (link === 'logit') noteLogit(node, label)
          else note(node, label)
          continue
        }
        if (!goesLeft(spec, node, high)) stack[size++] = right[node]!
        if (goesLeft(spec, node, low)) stack[size++] = left[node]!
      }
      for (let k = 0; k < outputs; k++) total[k] = total[k]! + best[k]!
    }
    const weight = treeWeight(spec)
    if (link === 'logit') return weight * total[0]! + (label === 1 ? 1 : -1) * spec.base[0]!
    let least = Number.POSITIVE_INFINITY
    for (let k = 0; k < outputs; k++) {
      const base = spec.base[label]! - spec.base[k]!
      if (k !== label) least = Math.min(least, weight * total[k]! + base)
    }
    return least
  }
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
    const level = depth[node]!
    const feature = spec.feature[node]!
    if (level < 0) throw invalid(`node ${node} has no parent with a smaller number`)
    if (level > MAX_DEPTH) throw invalid(`node ${node} lies deeper than ${MAX_DEPTH} levels`)
    if (feature === -1) {
      if (spec.left[node] !== -1 || spec.right[node] !== -1)
        throw invalid(`leaf ${node} has children`)
      continue
    }
    if (feature < 0 || feature >= features)
      throw invalid(`node ${node} asks feature ${feature} of ${features}`)
    for (const child of [spec.left[node]!, spec.right[node]!]) {
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
    const own = cover[node]!
    if (!(own > 0 && Number.isFinite(own))) throw invalid(`node ${node} has cover ${own}`)
    if (spec.missingLeft[node]! > 1)
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
    const below = cover[spec.left[node]!]! + cover[spec.right[node]!]!
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
