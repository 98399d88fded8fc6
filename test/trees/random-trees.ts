/** Seeded trees for the SHAP tests, as nested nodes and as the arrays of an ensemble. */
import type { Matrix } from '../../src/data/matrix.ts'
import type { Random } from '../../src/data/random.ts'
import type { TreeEnsemble } from '../../src/trees/ensemble.ts'

/** A tree as nested nodes; the cover of an inner node need not be the sum of its children's, as in XGBoost. */
export type Tree =
  | { readonly cover: number; readonly value: readonly number[] }
  | {
      readonly cover: number
      readonly feature: number
      readonly threshold: number
      readonly missingLeft: boolean
      readonly left: Tree
      readonly right: Tree
    }

export type Options = Partial<
  Pick<TreeEnsemble, 'comparison' | 'precision' | 'aggregation' | 'base'>
>

export interface Growth {
  readonly count?: number
  readonly features?: number
  readonly depth?: number
  readonly outputs?: number
  /** Share of leaves with cover 0. */
  readonly emptyLeaves?: number
  /** Powers of ten between the largest and the smallest cover. */
  readonly coverRange?: number
}

/** Returns nested trees, three unless told otherwise. */
export function forest(random: Random, growth: Growth): Tree[] {
  const base = { outputs: 2, ...growth }
  return Array.from({ length: growth.count ?? 3 }, () => grow(random, base))
}

/** Returns a random tree. */
export function grow(random: Random, growth: Growth): Tree {
  const { features = 6, depth = 6, outputs = 1, emptyLeaves = 0.1, coverRange = 1 } = growth
  if (depth === 0 || random.uniform() < 0.15) {
    const cover = random.uniform() < emptyLeaves ? 0 : 10 ** (random.uniform() * coverRange)
    return leaf(random, outputs, cover)
  }
  const below = { ...growth, depth: depth - 1 }
  return {
    cover: 0.1 + random.uniform(),
    feature: random.below(features),
    threshold: randomNumber(random),
    missingLeft: random.below(2) === 1,
    left: grow(random, below),
    right: grow(random, below),
  }
}

/**
 * A tree with one inner node per level, on the features given, and little weight on the way to its end.
 * Even features continue on the left, odd ones on the right.
 */
export function chain(random: Random, order: readonly number[]): Tree {
  return order.reduceRight<Tree>(
    (below, feature) => {
      const end = leaf(random, 1, 1 + 20 * random.uniform())
      const inner = withCover(below, 0.2 + random.uniform())
      // Thresholds differ, so that a value may pass one split on a feature and fail the next.
      const threshold = random.uniform() - 0.5
      return feature % 2 === 0
        ? split(feature, threshold, inner, end)
        : split(feature, threshold, end, inner)
    },
    value(5, 1),
  )
}

/** A row that goes to the end of every chain, and one that leaves each at its first split. */
export function passing(features: number): Float64Array {
  return Float64Array.from({ length: features }, (_, j) => (j % 2 === 0 ? -1 : 1))
}

export function failing(features: number): Float64Array {
  return passing(features).map((number) => -number)
}

/** Returns an inner node. */
export function split(
  feature: number,
  threshold: number,
  left: Tree,
  right: Tree,
  missingLeft = false,
): Tree {
  return { cover: left.cover + right.cover, feature, threshold, missingLeft, left, right }
}

/** Returns a tree with another cover. */
export function withCover(tree: Tree, cover: number): Tree {
  return { ...tree, cover }
}

/** Returns a leaf of one output. */
export function value(number: number, cover: number): Tree {
  return { cover, value: [number] }
}

/** Returns a leaf with random values. */
export function leaf(random: Random, outputs: number, cover: number): Tree {
  return { cover, value: Array.from({ length: outputs }, () => random.uniform() * 4 - 2) }
}

/** Numbers that meet each other often: tenths, which single precision rounds up or down, and a missing one. */
export function randomNumber(random: Random): number {
  return (random.below(21) - 10) / 10
}

/** Returns a row of which some values are missing. */
export function randomRow(random: Random, features: number): Float64Array {
  return Float64Array.from({ length: features }, () =>
    random.uniform() < 0.15 ? Number.NaN : randomNumber(random),
  )
}

/** Returns a row. */
export function row(...values: number[]): Float64Array {
  return Float64Array.from(values)
}

/** Returns nested trees as the arrays of an ensemble, nodes in preorder. */
export function flatten(trees: readonly Tree[], options: Options = {}): TreeEnsemble {
  const nodes: { tree: Tree; left: number; right: number }[] = []
  const add = (tree: Tree): number => {
    const at = nodes.length
    const node = { tree, left: -1, right: -1 }
    nodes.push(node)
    if ('feature' in tree) {
      node.left = add(tree.left)
      node.right = add(tree.right)
    }
    return at
  }
  const roots = Int32Array.from(trees, add)
  const outputs = nodes.reduce(
    (most, { tree }) => ('value' in tree ? Math.max(most, tree.value.length) : most),
    1,
  )
  const pick = (of: (inner: Extract<Tree, { feature: number }>) => number, otherwise: number) =>
    nodes.map(({ tree }) => ('feature' in tree ? of(tree) : otherwise))
  return {
    roots,
    feature: Int32Array.from(pick(({ feature }) => feature, -1)),
    threshold: Float64Array.from(pick(({ threshold }) => threshold, 0)),
    left: Int32Array.from(nodes, ({ left }) => left),
    right: Int32Array.from(nodes, ({ right }) => right),
    missingLeft: Uint8Array.from(pick(({ missingLeft }) => Number(missingLeft), 0)),
    cover: Float64Array.from(nodes, ({ tree }) => tree.cover),
    value: Float64Array.from(
      nodes.flatMap(({ tree }) =>
        'value' in tree ? tree.value : new Array<number>(outputs).fill(0),
      ),
    ),
    outputs,
    comparison: '<=',
    precision: 'float64',
    aggregation: 'mean',
    ...options,
    base: options.base ?? new Float64Array(outputs),
  }
}

/** Returns the largest difference; NaN when there is one, or the lengths differ. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN
  return Array.from(a).reduce((most, number, i) => {
    const difference = Math.abs(number - (b[i] as number))
    // NaN stays, so that it fails.
    return difference > most || Number.isNaN(difference) ? difference : most
  }, 0)
}

/** Returns rows of which some values are missing. */
export function randomRows(random: Random, rows: number, features: number): Matrix {
  const data = new Float64Array(rows * features)
  for (let i = 0; i < rows; i++) data.set(randomRow(random, features), i * features)
  return { rows, columns: features, data }
}

/** Returns an ensemble of one output with a second one, so that both sum to 1 in every leaf. */
export function asShares(trees: TreeEnsemble): TreeEnsemble {
  const value = Float64Array.from(trees.value).map((own) => own / 4 + 0.5)
  return {
    ...trees,
    outputs: 2,
    value: Float64Array.from(Array.from(value, (own) => [1 - own, own]).flat()),
    base: new Float64Array(2),
  }
}
