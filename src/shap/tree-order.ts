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
  const splits = new Int32Array(others.length + plain.length + mixed.length)
  splits.set(inner.splits)
  splits.set(plain, others.length)
  splits.set(mixed, others.length + plain.length)
  const forks = new Int32Array(left.length - splits.length)
  let count = 0
  const addPairs = (quartets: readonly number[]) => {
    for (const i of quartets) {
      forks[count++] = left[i]!
      forks[count++] = right[i]!
    }
  }
  const addLone = (isWanted: boolean) => {
    for (let i = 0; i < left.length; i++)
      if (inQuartet[i] === 0 && isFork(i) && isNew(i) === isWanted) forks[count++] = i
  }
  addPairs(plain)
  addLone(true)
  const newForks = count
  addLone(false)
  addPairs(mixed)
  const slot = new Int32Array(left.length)
  for (let at = 0; at < splits.length; at++) slot[splits[at]!] = at
  for (let at = 0; at < forks.length; at++) slot[forks[at]!] = splits.length + at
  return {
    paths,
    splits,
    forks,
    newForks,
    plainQuartets: plain.length,
    mixedQuartets: mixed.length,
    runs: [...inner.runs, plain.length + mixedNew.length, mixedRepeated.length],
    slot,
  }
}

/** Orders splits, given parents first, in runs of new and of repeated features: an even number of runs. */
function inRuns({ parent, ancestor }: TreePaths, splits: readonly number[]) {
  const run = new Int32Array(parent.length)
  const runs: number[] = []
  for (const i of splits) {
    const above = parent[i]!
    const isRepeated = ancestor[i]! >= 0
    const before = above < 0 ? 0 : run[above]!
    const own = before + (before % 2 === Number(isRepeated) ? 0 : 1)
    run[i] = own
    while (runs.length <= own) runs.push(0, 0)
    runs[own] = runs[own]! + 1
  }
  let end = 0
  const next = runs.map((length) => {
    end += length
    return end - length
  })
  const ordered = new Int32Array(splits.length)
  for (const i of splits) {
    const own = run[i]!
    const at = next[own]!
    ordered[at] = i
    next[own] = at + 1
  }
  return { splits: ordered, runs }
}

/** Returns the leaves that hang on a split, in the order in which the splits ask for them. */
export function listLeaves({ paths: { left, right }, splits }: TreeOrder): Int32Array {
  // A split has one leaf at most: with two it were a fork.
  const leaves = new Int32Array(splits.length)
  let count = 0
  for (const i of splits) {
    const child = Math.min(left[i]!, right[i]!)
    if (child < 0) leaves[count++] = -1 - child
  }
  return leaves.subarray(0, count)
}
