/** Minimal cost-complexity pruning (Breiman, Friedman, Olshen, Stone 1984, chapter 3), as scikit-learn's `ccp_alpha`. */
import type { TreeNodes } from './tree-grower.ts'

/**
 * Returns the smallest subtree whose weakest link is worth more than `alpha`: links whose split lowers the
 * weighted impurity by at most `alpha` per leaf are cut, the weakest first.
 */
export function pruneTree(nodes: TreeNodes, classes: number, alpha: number): TreeNodes {
  if (alpha <= 0 || nodes.count < 2) return nodes
  const links = measureLinks(nodes, classes)
  for (;;) {
    const weakest = findWeakest(links)
    if (weakest < 0 || links.worth[weakest]! > alpha) break
    cut(links, weakest)
  }
  return copyKept(nodes, classes, links)
}

/** Every node's part of the pruning; `leaves` is 1 where nothing is below, 0 in nodes that were cut off. */
interface Links {
  readonly parent: Int32Array
  readonly left: Int32Array
  readonly right: Int32Array
  /** Weighted impurity of a node as a leaf. */
  readonly own: Float64Array
  /** Sum of the weighted impurities of the leaves below. */
  readonly branch: Float64Array
  readonly leaves: Int32Array
  /** Impurity that a leaf below takes away on average; infinite in leaves and in nodes that were cut off. */
  readonly worth: Float64Array
}

function measureLinks(nodes: TreeNodes, classes: number): Links {
  const { count } = nodes
  const links: Links = {
    parent: new Int32Array(count).fill(-1),
    left: nodes.left.slice(0, count),
    right: nodes.right.slice(0, count),
    own: new Float64Array(count),
    branch: new Float64Array(count),
    leaves: new Int32Array(count).fill(1),
    worth: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
  }
  const weightOf = (node: number) => {
    let sum = 0
    for (let k = node * classes; k < (node + 1) * classes; k++) sum += nodes.weight[k]!
    return sum
  }
  const all = weightOf(0)
  // Children have larger numbers than their parent.
  for (let node = count - 1; node >= 0; node--) {
    links.own[node] = (nodes.impurity[node]! * weightOf(node)) / all
    links.branch[node] = links.own[node]!
    const left = links.left[node]!
    if (left < 0) continue
    links.parent[left] = node
    links.parent[links.right[node]!] = node
    measure(links, node)
  }
  return links
}

/** Updates an inner node from its children. */
function measure(links: Links, node: number): void {
  const left = links.left[node]!
  const right = links.right[node]!
  const leaves = links.leaves[left]! + links.leaves[right]!
  links.leaves[node] = leaves
  links.branch[node] = links.branch[left]! + links.branch[right]!
  links.worth[node] = (links.own[node]! - links.branch[node]!) / (leaves - 1)
}

function findWeakest({ worth }: Links): number {
  let weakest = -1
  let least = Number.POSITIVE_INFINITY
  for (let node = 0; node < worth.length; node++) {
    if (worth[node]! < least) {
      least = worth[node]!
      weakest = node
    }
  }
  return weakest
}

/** Makes a node a leaf and tells all above. */
function cut(links: Links, node: number): void {
  const below = [links.left[node]!, links.right[node]!]
  for (let next = below.pop(); next !== undefined; next = below.pop()) {
    links.leaves[next] = 0
    links.worth[next] = Number.POSITIVE_INFINITY
    if (links.left[next]! >= 0) below.push(links.left[next]!, links.right[next]!)
  }
  links.left[node] = -1
  links.right[node] = -1
  links.leaves[node] = 1
  links.branch[node] = links.own[node]!
  links.worth[node] = Number.POSITIVE_INFINITY
  for (let up = links.parent[node]!; up >= 0; up = links.parent[up]!) measure(links, up)
}

/** Returns the nodes that were not cut off, in their old order. */
function copyKept(nodes: TreeNodes, classes: number, links: Links): TreeNodes {
  const kept = Int32Array.from(nodes.feature.keys()).filter((node) => links.leaves[node] !== 0)
  const number = new Int32Array(nodes.count).fill(-1)
  kept.forEach((node, i) => {
    number[node] = i
  })
  const isLeaf = (node: number) => links.left[node]! < 0
  const childOf = (children: Int32Array) =>
    kept.map((node) => (isLeaf(node) ? -1 : number[children[node]!]!))
  return {
    count: kept.length,
    feature: kept.map((node) => (isLeaf(node) ? -1 : nodes.feature[node]!)),
    left: childOf(nodes.left),
    right: childOf(nodes.right),
    missingLeft: Uint8Array.from(kept, (node) => (isLeaf(node) ? 0 : nodes.missingLeft[node]!)),
    rowBelow: kept.map((node) => nodes.rowBelow[node]!),
    rowAbove: kept.map((node) => nodes.rowAbove[node]!),
    impurity: Float64Array.from(kept, (node) => nodes.impurity[node]!),
    weight: Float64Array.from(
      { length: kept.length * classes },
      (_, i) => nodes.weight[kept[Math.floor(i / classes)]! * classes + (i % classes)]!,
    ),
  }
}
