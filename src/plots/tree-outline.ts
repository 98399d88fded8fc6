/** A tree as it is drawn: its nodes to a depth, with their questions, shares of rows and values. */
import type { Labels } from '../data/readable.ts'
import type { ModelSpec } from '../models/model.ts'
import { labelMeaning, meaningsOf } from '../preprocess/feature-meaning.ts'
import { buildPreprocessor, type PreprocessorSpec } from '../preprocess/preprocessor.ts'
import { leftShare, type TreeEnsemble, valueWidth } from '../trees/ensemble.ts'
import { questionOf } from './tree-question.ts'

export interface TreeNode {
  /** The question; absent at a leaf and where the picture ends. */
  readonly question?: string
  /** Nodes below that are not shown. */
  readonly hidden: number
  /** Share of the tree's rows that came by; undefined where the model does not say. */
  readonly share: number | undefined
  /** Mean of the leaves below, one per output of the tree. */
  readonly values: readonly number[]
  /** Where yes and no lead to. */
  readonly yes?: TreeNode
  readonly no?: TreeNode
}

export interface TreeOutline {
  readonly root: TreeNode
  /** The output that the tree adds to; undefined: all. */
  readonly output: number | undefined
}

/**
 * Returns a tree of an ensemble, nodes below the given depth left out.
 * @param tree its number from 0
 * @param labels readable names of the columns and values that it asks for
 */
export function outlineTree(
  trees: ModelSpec & TreeEnsemble,
  spec: PreprocessorSpec,
  tree: number,
  depth: number,
  labels?: Labels,
): TreeOutline {
  const meanings = meaningsOf(spec).map((meaning) => labelMeaning(meaning, labels))
  const { canBeMissing } = buildPreprocessor(spec)
  const { feature, left, right } = trees
  const width = valueWidth(trees)
  const root = trees.roots[tree]!
  // Children stand behind their parents: the tree's nodes are those from its root that are reached.
  const order = [root]
  for (let i = 0; i < order.length; i++) {
    const node = order[i]!
    if (feature[node]! >= 0) order.push(left[node]!, right[node]!)
  }
  const means = new Map<number, number[]>()
  const below = new Map<number, number>()
  for (const node of order.toReversed()) {
    if (feature[node]! < 0) {
      means.set(node, Array.from(trees.value.subarray(node * width, (node + 1) * width)))
      below.set(node, 0)
      continue
    }
    const share = leftShare(trees, node)
    const [a, b] = [means.get(left[node]!)!, means.get(right[node]!)!]
    means.set(
      node,
      a.map((value, k) => b[k]! + share * (value - b[k]!)),
    )
    below.set(node, 2 + below.get(left[node]!)! + below.get(right[node]!)!)
  }
  const total = trees.cover?.[root]
  const build = (node: number, rest: number): TreeNode => {
    const share = total === undefined || !(total > 0) ? undefined : trees.cover![node]! / total
    const values = means.get(node)!
    if (feature[node]! < 0) return { hidden: 0, share, values }
    if (rest === 0) return { hidden: below.get(node)!, share, values }
    const j = feature[node]!
    const { text, yesIsLeft } = questionOf(trees, node, meanings[j]!, canBeMissing[j] === true)
    const [yes, no] = yesIsLeft ? [left[node]!, right[node]!] : [right[node]!, left[node]!]
    return {
      question: text,
      hidden: 0,
      share,
      values,
      yes: build(yes, rest - 1),
      no: build(no, rest - 1),
    }
  }
  return { root: build(root, depth), output: trees.output?.[tree] }
}
