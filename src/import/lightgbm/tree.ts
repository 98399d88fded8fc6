/** One tree of a LightGBM file. Fields: microsoft/LightGBM `src/io/tree.cpp`, `include/LightGBM/tree.h`. */
import { nextDown } from '../../data/doubles.ts'
import { ZERO } from '../../trees/views.ts'
import { type NodeView, packWords } from '../category-sets.ts'
import type { SourceTree } from '../ensemble-builder.ts'
import { invalid, unsupported } from '../imported-model.ts'
import type { Block } from './text-blocks.ts'

/** Most leaves of a tree: nodes are numbered with 32 bits. */
const MAX_LEAVES = 2 ** 30

/** Bits of a node's `decision_type`; the kind of its missing values stands in two more. */
const IS_CATEGORY = 1
const MISSING_LEFT = 2
const MISSING_KIND = 2

/** What a node of numbers sees, by its kind of missing values: a gap is 0, zeros are gaps, a gap is one. */
const views: readonly (NodeView | undefined)[] = [
  { kind: 'missing_as_zero', codes: new Uint8Array() },
  { kind: 'zero_as_missing', codes: new Uint8Array() },
  undefined,
]

const BELOW_ZEROS = nextDown(-ZERO)

/** Returns the tree of a block: inner nodes by their number, then leaves. */
export function readTree(block: Block): SourceTree {
  const { where } = block
  if (block.has('is_linear') && block.whole('is_linear', 0, 1) === 1)
    throw unsupported(
      `${where} has linear leaves, which are not explained exactly; train with linear_tree=false`,
    )
  const leaves = block.whole('num_leaves', 1, MAX_LEAVES)
  const value = block.numbers('leaf_value', leaves)
  const inner = leaves - 1
  if (inner === 0) return constantTree(block, value[0]!)
  const decision = block.wholes('decision_type', inner, 0, 15)
  const threshold = block.numbers('threshold', inner).map(besideZeros)
  const left = readChildren(block, 'left_child', inner)
  const right = readChildren(block, 'right_child', inner)
  const feature = block.numbers('split_feature', inner)
  const sets = readSets(block)
  const missingLeft = Uint8Array.from(decision, (type) =>
    type & IS_CATEGORY ? 0 : (type & MISSING_LEFT) >> 1,
  )
  return {
    nodes: inner + leaves,
    left,
    right,
    feature,
    threshold,
    missingLeft,
    cover: readCovers(block, inner, leaves),
    view(node) {
      const type = decision[node]!
      if ((type & IS_CATEGORY) === 0) {
        const kind = type >> MISSING_KIND
        if (kind < views.length) return views[kind]
        throw invalid(`${where}, node ${node} has the decision_type ${type}`)
      }
      const codes = sets[threshold[node]!]
      if (!codes)
        throw invalid(`${where}, node ${node} has the set ${threshold[node]} of ${sets.length}`)
      return { kind: 'codes_left', codes }
    },
    leaf(node, out) {
      out[0] = value[node - inner]!
    },
  }
}

/**
 * The library takes numbers within ±1e-35 for 0 before it asks a tree, so a threshold among them is one beside them. The
 * numbers of sets are 0 or at least 1.
 */
function besideZeros(threshold: number): number {
  if (threshold > 0 && threshold < ZERO) return ZERO
  return threshold < 0 && threshold >= -ZERO ? BELOW_ZEROS : threshold
}

function constantTree(block: Block, value: number): SourceTree {
  return {
    nodes: 1,
    left: [-1],
    right: [-1],
    feature: [0],
    threshold: [0],
    missingLeft: [0],
    cover: block.has('leaf_count') ? block.wholes('leaf_count', 1, 0, 2 ** 53) : [0],
    leaf(_, out) {
      out[0] = value
    },
  }
}

/** Children below 0 are leaves: −1 is leaf 0, which stands behind the inner nodes. */
function readChildren(block: Block, key: string, inner: number): Int32Array {
  const children = block.wholes(key, inner, -inner - 1, inner - 1)
  const placed = new Int32Array(2 * inner + 1).fill(-1)
  for (let i = 0; i < inner; i++) {
    const child = children[i]!
    placed[i] = child >= 0 ? child : inner - 1 - child
  }
  return placed
}

/** Numbers of training rows, of inner nodes and of leaves; none where one of them is missing. */
function readCovers(block: Block, inner: number, leaves: number): Float64Array | undefined {
  if (!block.has('internal_count') || !block.has('leaf_count')) return undefined
  const covers = new Float64Array(inner + leaves)
  covers.set(block.wholes('internal_count', inner, 0, 2 ** 53))
  covers.set(block.wholes('leaf_count', leaves, 0, 2 ** 53), inner)
  return covers
}

/** Sets of categories: words of 32 bits, cut by boundaries; bit b of word w is the code 32 w + b. */
function readSets(block: Block): Uint8Array[] {
  const { where } = block
  const count = block.has('num_cat') ? block.whole('num_cat', 0, 2 ** 31 - 1) : 0
  if (count === 0) return []
  const ends = block.wholes('cat_boundaries', count + 1, 0, 2 ** 31 - 1)
  const words = block.wholes('cat_threshold', ends[count]!, 0, 2 ** 32 - 1)
  return Array.from({ length: count }, (_, i) => {
    if (ends[0] !== 0 || ends[i + 1]! < ends[i]!)
      throw invalid(`${where}: cat_boundaries do not cut cat_threshold into sets`)
    return packWords(words.subarray(ends[i]!, ends[i + 1]!))
  })
}
