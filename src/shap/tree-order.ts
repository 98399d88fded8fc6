/**
 * The order of a tree's inner nodes in a compiled program. A split is an inner node with an inner child, a fork one
 * with two leaves. Splits are ordered in runs, a run of new features and one of repeated features by turns, parents
 * first, so that the kernels ask nothing per node; forks with a new feature come before those with a repeated one.
 */
import type { TreePaths } from './tree-paths.ts'

/** Where the inner nodes of one tree stand. */
export interface TreeOrder {
  readonly paths: TreePaths
  /** Positions in `paths`. */
  readonly splits: Int32Array
  readonly forks: Int32Array
  /** Number of forks with a new feature. */
  readonly newForks: number
  /** Number of splits of every run. */
  readonly runs: readonly number[]
  /** Slot of every position in `paths`: its place among the splits, then among the forks. */
  readonly slot: Int32Array
}

/** Returns the order of a tree with the given paths. */
export function orderNodes(paths: TreePaths): TreeOrder {
  const { left, right, parent, ancestor } = paths
  const count = left.length
  const run = new Int32Array(count)
  const splits: number[] = []
  const newForks: number[] = []
  const repeatedForks: number[] = []
  let runCount = 0
  for (let i = 0; i < count; i++) {
    const above = parent[i]!
    const isRepeated = ancestor[i]! >= 0
    if (left[i]! < 0 && right[i]! < 0) {
      ;(isRepeated ? repeatedForks : newForks).push(i)
      continue
    }
    splits.push(i)
    const before = above < 0 ? 0 : run[above]!
    run[i] = before + (before % 2 === Number(isRepeated) ? 0 : 1)
    runCount = Math.max(runCount, run[i]! + 1)
  }
  const runs = new Array<number>(runCount).fill(0)
  for (const i of splits) runs[run[i]!] = runs[run[i]!]! + 1
  const next: number[] = []
  runs.reduce((sum, size) => {
    next.push(sum)
    return sum + size
  }, 0)
  const sorted = new Int32Array(splits.length)
  const slot = new Int32Array(count)
  for (const i of splits) {
    const at = next[run[i]!]!
    next[run[i]!] = at + 1
    sorted[at] = i
    slot[i] = at
  }
  const forks = Int32Array.from([...newForks, ...repeatedForks])
  for (let at = 0; at < forks.length; at++) slot[forks[at]!] = sorted.length + at
  return { paths, splits: sorted, forks, newForks: newForks.length, runs, slot }
}

/** Returns the leaves that hang on a split, in the order in which the splits ask for them. */
export function listLeaves({ paths, splits }: TreeOrder): number[] {
  const leaves: number[] = []
  for (const i of splits) {
    for (const child of [paths.left[i]!, paths.right[i]!]) if (child < 0) leaves.push(-1 - child)
  }
  return leaves
}
