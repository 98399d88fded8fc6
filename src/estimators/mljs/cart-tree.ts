/** Turns fitted ml-cart trees into a `trees` spec. */
import type { CartNode } from 'ml-cart'
import { Matrix as MlMatrix } from 'ml-matrix'
import { type Matrix, rowOf } from '../../data/matrix.ts'
import type { TreesSpec } from '../../models/model.ts'
import { findLeaf } from '../../trees/ensemble.ts'
import type { FitContext } from '../estimator.ts'
import { MAX_GROWN_DEPTH, type Params, type ParamsSchema } from '../params.ts'
import type { SearchSpace } from '../search-space.ts'

/** A fitted tree with the feature that each of its columns stands for. */
export interface FittedCart {
  readonly root: CartNode
  /** Feature of every column that the tree was trained on. */
  readonly features: readonly number[]
}

/** Parameters that a tree has alone and in a forest, with scikit-learn's names where the meaning is the same. */
export const cartParams = {
  max_depth: {
    type: 'integer',
    minimum: 1,
    maximum: MAX_GROWN_DEPTH,
    default: 11,
    description: 'most splits on a path',
  },
  min_samples_split: {
    type: 'integer',
    minimum: 2,
    maximum: 1_000_000,
    default: 4,
    description: 'fewest rows that a node needs to be split',
  },
  min_impurity_decrease: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0.01,
    description: 'smallest decrease of the Gini impurity, within the node, that a split must bring',
  },
} as const satisfies ParamsSchema

/** What a tuning searches of those. */
export const cartSpace = {
  max_depth: { kind: 'integer', low: 2, high: 16 },
  min_samples_split: { kind: 'log_integer', low: 2, high: 64 },
  min_impurity_decrease: { kind: 'log_uniform', low: 1e-4, high: 0.1 },
} as const satisfies SearchSpace

/** Returns ml-cart's options for checked parameters. */
export function cartOptions(params: Params) {
  return {
    gainFunction: 'gini' as const,
    maxDepth: params.max_depth as number,
    // ml-cart makes a leaf of a node with at most minNumSamples rows.
    minNumSamples: (params.min_samples_split as number) - 1,
    gainThreshold: params.min_impurity_decrease as number,
  }
}

/** Returns the matrix as ml-matrix wants it. */
export function toMlMatrix(X: Matrix): MlMatrix {
  return new MlMatrix(
    Array.from({ length: X.rows }, (_, row) => rowOf(X, row) as unknown as number[]),
  )
}

/** ml-cart tries every split of a node on every one of its rows, so one tree takes about rows² · columns steps. */
export function warnIfSlow(X: Matrix, trees: number, context: FitContext): void {
  if (X.rows <= 3000) return
  const seconds = Math.ceil(X.rows ** 2 * X.columns * trees * 2.5e-8)
  context.warn(
    `ml-cart takes time quadratic in rows: about ${seconds} s for ${X.rows} rows, ${X.columns} features, ${trees} trees`,
  )
}

/**
 * Returns the spec of fitted trees. Covers are counted by routing the training rows, because ml-cart keeps none;
 * class shares are padded to all classes, because ml-cart cuts them at the highest class seen in a leaf.
 * @param vote `hard` makes every leaf vote for its largest class, as ml-random-forest predicts
 */
export function toTreesSpec(
  fitted: readonly FittedCart[],
  X: Matrix,
  classes: number,
  vote: 'soft' | 'hard',
): TreesSpec {
  const nodes: {
    feature: number
    threshold: number
    left: number
    right: number
    value: Float64Array
  }[] = []
  const roots = fitted.map(({ root, features }) => {
    const first = nodes.length
    const stack: { cart: CartNode; attach: (node: number) => void }[] = [
      { cart: root, attach: () => {} },
    ]
    for (let next = stack.pop(); next; next = stack.pop()) {
      const { cart } = next
      const at = nodes.length
      next.attach(at)
      if (!cart.left || !cart.right) {
        nodes.push({
          feature: -1,
          threshold: 0,
          left: -1,
          right: -1,
          value: leafValue(cart, classes, vote),
        })
        continue
      }
      const node = {
        feature: features[cart.splitColumn as number]!,
        threshold: cart.splitValue as number,
        left: -1,
        right: -1,
        value: new Float64Array(classes),
      }
      nodes.push(node)
      stack.push({
        cart: cart.right,
        attach: (child) => {
          node.right = child
        },
      })
      stack.push({
        cart: cart.left,
        attach: (child) => {
          node.left = child
        },
      })
    }
    return first
  })
  const value = new Float64Array(nodes.length * classes)
  nodes.forEach((node, at) => {
    value.set(node.value, at * classes)
  })
  const spec = {
    kind: 'trees',
    roots: Int32Array.from(roots),
    feature: Int32Array.from(nodes, (node) => node.feature),
    threshold: Float64Array.from(nodes, (node) => node.threshold),
    left: Int32Array.from(nodes, (node) => node.left),
    right: Int32Array.from(nodes, (node) => node.right),
    missingLeft: new Uint8Array(nodes.length),
    cover: new Float64Array(nodes.length),
    value,
    outputs: classes,
    base: new Float64Array(classes),
    comparison: '<',
    precision: 'float64',
    aggregation: 'mean',
    link: 'identity',
    vote,
  } satisfies TreesSpec
  fillCovers(spec, X)
  return spec
}

function leafValue(cart: CartNode, classes: number, vote: 'soft' | 'hard'): Float64Array {
  const seen = (cart.distribution as MlMatrix).getRow(0)
  const shares = Float64Array.from({ length: classes }, (_, k) => seen[k] ?? 0)
  if (vote === 'soft') {
    const sum = shares.reduce((total, share) => total + share, 0)
    return shares.map((share) => share / sum)
  }
  const winner = shares.indexOf(Math.max(...shares))
  return shares.map((_, k) => (k === winner ? 1 : 0))
}

/** Counts the rows of X that reach every node; children have larger numbers, so one backward pass sums them up. */
function fillCovers(spec: TreesSpec & { readonly cover: Float64Array }, X: Matrix): void {
  for (let row = 0; row < X.rows; row++) {
    const x = rowOf(X, row)
    for (const root of spec.roots) {
      const leaf = findLeaf(spec, root, x)
      spec.cover[leaf] = spec.cover[leaf]! + 1
    }
  }
  for (let node = spec.feature.length - 1; node >= 0; node--) {
    if (spec.feature[node] === -1) continue
    spec.cover[node] = spec.cover[spec.left[node]!]! + spec.cover[spec.right[node]!]!
  }
}
