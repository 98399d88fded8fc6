/**
 * The order of a tree's inner nodes in a compiled program. A split is an inner node with an inner child, a fork one
 * with two leaves, a quartet a split over two forks: plain where all three ask new features, else mixed.
 *
 * Splits are ordered in runs, a run of new features and one of repeated features by turns, parents first, so that the
 * kernels ask nothing per node. The last two runs are the quartets, the plain ones first. Forks begin with the pairs of
 * plain quartets and end with those of mixed ones; between them the others, those with a new feature first.
 */
import type { TreePaths } from './tree-paths.ts'

/** Where the inner nodes of one tree stand. */
export interface TreeOrder {
  readonly paths: TreePaths
  /** Positions in `paths`. */
  readonly splits: Int32Array
  readonly forks: Int32Array
  /** Number of forks at the beginning that have a new feature; those of mixed quartets do not count. */
  readonly newForks: number
  readonly plainQuartets: number
  readonly mixedQuartets: number
  /** Number of splits of every run: an even number of runs. */
  readonly runs: readonly number[]
  /** Slot of every position in `paths`: its place among the splits, then among the forks. */
  readonly slot: Int32Array
}

/** Returns the order of a tree with the given paths. */
export function orderNodes(paths: TreePaths): TreeOrder {
  const { left, right, ancestor } = paths
  const isNew = (i: number) => ancestor[i]! < 0
  const isFork = (i: number) => i >= 0 && left[i]! < 0 && right[i]! < 0
  const plain: number[] = []
  const mixedNew: number[] = []
  const mixedRepeated: number[] = []
  const others: number[] = []
  const inQuartet = new Uint8Array(left.length)
  for (let i = 0; i < left.length; i++) {
    if (isFork(i)) continue
    const [a, b] = [left[i]!, right[i]!]
    if (!isFork(a) || !isFork(b)) {
      others.push(i)
      continue
    }
    inQuartet[a] = 1
    inQuartet[b] = 1
    if (!isNew(i)) mixedRepeated.push(i)
    else (isNew(a) && isNew(b) ? plain : mixedNew).push(i)
  }
  const mixed = [...mixedNew, ...mixedRepeated]
  const inner = inRuns(paths, others)
  const splits = Int32Array.from([...inner.splits, ...plain, ...mixed])
  const pairs = (quartets: readonly number[]) => quartets.flatMap((i) => [left[i]!, right[i]!])
  const lone = [...left.keys()].filter((i) => isFork(i) && inQuartet[i] === 0)
  const loneNew = lone.filter(isNew)
  const forks = Int32Array.from([
    ...pairs(plain),
    ...loneNew,
    ...lone.filter((i) => !isNew(i)),
    ...pairs(mixed),
  ])
  const slot = new Int32Array(left.length)
  splits.forEach((i, at) => {
    slot[i] = at
  })
  forks.forEach((i, at) => {
    slot[i] = splits.length + at
  })
  return {
    paths,
    splits,
    forks,
    newForks: 2 * plain.length + loneNew.length,
    plainQuartets: plain.length,
    mixedQuartets: mixed.length,
    runs: [...inner.runs, plain.length + mixedNew.length, mixedRepeated.length],
    slot,
  }
}

/** Orders splits, given parents first, in runs of new and of repeated features: an even number of runs. */
function inRuns({ parent, ancestor }: TreePaths, splits: readonly number[]) {
  const run = new Int32Array(parent.length)
  const runs: number[][] = []
  for (const i of splits) {
    const above = parent[i]!
    const isRepeated = ancestor[i]! >= 0
    const before = above < 0 ? 0 : run[above]!
    run[i] = before + (before % 2 === Number(isRepeated) ? 0 : 1)
    while (runs.length <= run[i]!) runs.push([], [])
    runs[run[i]!]!.push(i)
  }
  return { splits: runs.flat(), runs: runs.map(({ length }) => length) }
}

/** Returns the leaves that hang on a split, in the order in which the splits ask for them. */
export function listLeaves({ paths, splits }: TreeOrder): number[] {
  const leaves: number[] = []
  for (const i of splits) {
    for (const child of [paths.left[i]!, paths.right[i]!]) if (child < 0) leaves.push(-1 - child)
  }
  return leaves
}
