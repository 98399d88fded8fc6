/** Whether numbers are a tree ensemble: what every file, ours or another's, must hold to. */
import { ArtifactError } from '../errors.ts'
import { valueWidth } from '../trees/ensemble.ts'
import { isOfCodes } from '../trees/views.ts'
import { scoreCount } from './link.ts'
import type { ModelShape, TreesSpec } from './model.ts'

/** Deepest tree that is accepted: most splits on a path. It bounds every walk and every quadrature. */
export const MAX_DEPTH = 256

/** Most bytes of a set of codes: 2^20 categories. */
const MAX_CODE_BYTES = 2 ** 17

/** How far covers may be off their sum, in shares of it. */
const COVER_TOLERANCE = 1e-6

/** Throws ArtifactError `invalid` unless the arrays are an ensemble of that shape. */
export function checkTrees(spec: TreesSpec, shape: ModelShape): void {
  checkLengths(spec, shape)
  checkStructure(spec, shape)
  checkViews(spec)
  checkScores(spec)
  checkNodes(spec)
  checkCovers(spec)
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
    cover: spec.cover?.length ?? nodes,
    view: spec.view?.length ?? nodes,
  })) {
    if (length !== nodes) throw invalid(`${name} has ${length} entries for ${nodes} nodes`)
  }
  if (spec.output && spec.output.length !== spec.roots.length)
    throw invalid(`output has ${spec.output.length} entries for ${spec.roots.length} trees`)
  if (spec.value.length !== nodes * valueWidth(spec))
    throw invalid(`value does not match nodes × ${spec.output ? 'one output' : 'outputs'}`)
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

/** Every node looks at its own feature, through a view that there is; every set is written in one way only. */
function checkViews({ feature, view, views = [] }: TreesSpec): void {
  if ((view === undefined) !== (views.length === 0))
    throw invalid(`it has ${views.length} views, and nodes that look through them: ${!!view}`)
  views.forEach((own, i) => {
    const { length } = own.codes
    if (length > 0 && !isOfCodes(own)) throw invalid(`view ${i} of numbers has codes`)
    if (length > MAX_CODE_BYTES)
      throw invalid(`view ${i} has ${length * 8} codes, at most ${MAX_CODE_BYTES * 8} are read`)
    if (own.codes[length - 1] === 0) throw invalid(`the codes of view ${i} end in an empty byte`)
  })
  view?.forEach((number, node) => {
    if (number < -1 || number >= views.length)
      throw invalid(`node ${node} looks through view ${number} of ${views.length}`)
    if (number >= 0 && views[number]?.feature !== feature[node])
      throw invalid(`node ${node} asks feature ${feature[node]} through a view of another`)
  })
}

function checkScores({ base, scale = 1, aggregation, link, output, outputs }: TreesSpec): void {
  if (!base.every(Number.isFinite)) throw invalid('base holds a number that is not finite')
  if (base.length !== outputs)
    throw invalid(`base has ${base.length} entries for ${outputs} outputs`)
  if (!(scale > 0 && Number.isFinite(scale))) throw invalid(`scale is ${scale}`)
  output?.forEach((own, tree) => {
    if (own < 0 || own >= outputs) throw invalid(`tree ${tree} adds to output ${own} of ${outputs}`)
  })
  if (link !== 'identity') return
  if (aggregation !== 'mean' || scale !== 1 || base.some((value) => value !== 0))
    throw invalid('probabilities must be a mean of the trees without a base or a scale')
  if (output) throw invalid('probabilities need the shares of all classes in every leaf')
}

function checkNodes(spec: TreesSpec): void {
  const { feature, threshold, value, link, missingLeft } = spec
  const width = valueWidth(spec)
  for (let node = 0; node < feature.length; node++) {
    if (missingLeft[node]! > 1) throw invalid(`node ${node} has no yes or no for missing values`)
    if (feature[node] === -1) {
      const leaf = value.subarray(node * width, (node + 1) * width)
      if (!leaf.every(Number.isFinite))
        throw invalid(`leaf ${node} holds a number that is not finite`)
      if (link === 'identity') checkShares(leaf, node)
      continue
    }
    if (!Number.isFinite(threshold[node]))
      throw invalid(`node ${node} has threshold ${threshold[node]}`)
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

/** Those of two children sum to their parent's; a node that no row reached has 0. */
function checkCovers({ cover, feature, left, right }: TreesSpec): void {
  if (!cover) return
  for (let node = 0; node < feature.length; node++) {
    const own = cover[node]!
    if (!(own >= 0 && Number.isFinite(own))) throw invalid(`node ${node} has cover ${own}`)
    if (feature[node] === -1) continue
    const below = cover[left[node]!]! + cover[right[node]!]!
    if (!(Math.abs(below - own) <= COVER_TOLERANCE * own))
      throw invalid(`node ${node} has cover ${own}, its children have ${below}`)
  }
}

function invalid(detail: string): ArtifactError {
  return new ArtifactError('invalid', `the tree model is not valid: ${detail}`)
}
