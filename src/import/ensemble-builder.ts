/** Trees of any library as the arrays of one ensemble, walked from their roots with a stack of its own. */
import { MAX_DEPTH } from '../models/tree-check.ts'
import type { TreeEnsemble } from '../trees/ensemble.ts'
import { type ColumnView, isOfCodes, nameOfView } from '../trees/views.ts'
import { MAX_CODE, type NodeView } from './category-sets.ts'
import { invalid } from './imported-model.ts'

/** A tree as a file has it: nodes in any order, the root is node 0. */
export interface SourceTree {
  readonly nodes: number
  /** Children; a leaf has a negative left one. */
  readonly left: ArrayLike<number>
  readonly right: ArrayLike<number>
  readonly feature: ArrayLike<number>
  readonly threshold: ArrayLike<number>
  readonly missingLeft: ArrayLike<number>
  readonly cover?: ArrayLike<number>
  /** What a node sees of its feature; undefined = the plain number. */
  view?(node: number): NodeView | undefined
  /** Writes the values of a leaf. */
  leaf(node: number, out: Float64Array): void
}

/** Most bytes of all sets of codes: a node of a few bytes may ask for 128 KB. */
const MAX_CODES_BYTES = 2 ** 26
/** Stands for an infinite threshold; no number in single precision is beyond it. */
const FAR = 1e308

type Arrays = Pick<
  TreeEnsemble,
  | 'roots'
  | 'feature'
  | 'threshold'
  | 'left'
  | 'right'
  | 'missingLeft'
  | 'view'
  | 'views'
  | 'cover'
  | 'value'
>

/**
 * Returns what gathers trees.
 * @param width values of a leaf
 * @param hasCovers whether every tree knows its covers
 */
export function createEnsembleBuilder(settings: {
  features: number
  width: number
  hasCovers: boolean
}) {
  const { features, width, hasCovers } = settings
  const roots: number[] = []
  const feature: number[] = []
  const threshold: number[] = []
  const left: number[] = []
  const right: number[] = []
  const missingLeft: number[] = []
  const view: number[] = []
  const cover: number[] = []
  const value: number[] = []
  const views: ColumnView[] = []
  const viewOf = new Map<string, number>()
  let codeBytes = 0

  const findView = (column: number, { kind, codes }: NodeView, where: string): number => {
    const made = { kind, feature: column, codes }
    const key = nameOfView(made)
    const known = viewOf.get(key)
    if (known !== undefined) return known
    if (codes.length > (MAX_CODE + 1) / 8)
      throw invalid(`${where} has categories beyond ${MAX_CODE}`)
    codeBytes += codes.length
    if (codeBytes > MAX_CODES_BYTES) throw invalid('its sets of categories are too large')
    viewOf.set(key, views.length)
    return views.push(made) - 1
  }

  return {
    /** @throws ArtifactError `invalid` naming the tree and the node */
    add(tree: SourceTree, number: number): void {
      const { nodes } = tree
      if (nodes === 0) throw invalid(`tree ${number} has no node`)
      const seen = new Uint8Array(nodes)
      const leaf = new Float64Array(width)
      // Node of the file, its depth, the new number of its parent and the side it is on.
      const stack = [{ node: 0, depth: 0, parent: -1, isLeft: false }]
      roots.push(feature.length)
      for (let top = stack.pop(); top; top = stack.pop()) {
        const { node, depth, parent, isLeft } = top
        const where = `tree ${number}, node ${node}`
        if (!(Number.isInteger(node) && node >= 0 && node < nodes))
          throw invalid(`tree ${number} has a child ${node} of ${nodes} nodes`)
        if (seen[node] === 1) throw invalid(`${where} has two parents`)
        if (depth > MAX_DEPTH) throw invalid(`tree ${number} is deeper than ${MAX_DEPTH}`)
        seen[node] = 1
        const own = feature.length
        if (parent >= 0) (isLeft ? left : right)[parent] = own
        left.push(-1)
        right.push(-1)
        if (hasCovers) cover.push(tree.cover![node]!)
        const isLeaf = tree.left[node]! < 0
        leaf.fill(0)
        if (isLeaf) tree.leaf(node, leaf)
        for (const number of leaf) {
          if (!Number.isFinite(number)) throw invalid(`${where} is a leaf of ${number}`)
          value.push(number)
        }
        if (isLeaf) {
          feature.push(-1)
          threshold.push(0)
          missingLeft.push(0)
          view.push(-1)
          continue
        }
        const column = tree.feature[node]!
        if (!(Number.isInteger(column) && column >= 0 && column < features))
          throw invalid(`${where} asks feature ${column} of ${features}`)
        const seenAs = tree.view?.(node)
        const limit = seenAs && isOfCodes(seenAs) ? 0 : tree.threshold[node]!
        if (Number.isNaN(limit)) throw invalid(`${where} has the threshold NaN`)
        feature.push(column)
        threshold.push(Math.min(FAR, Math.max(-FAR, limit)))
        missingLeft.push(tree.missingLeft[node]! === 0 ? 0 : 1)
        view.push(seenAs ? findView(column, seenAs, where) : -1)
        const below = { depth: depth + 1, parent: own }
        stack.push({ node: tree.right[node]!, isLeft: false, ...below })
        stack.push({ node: tree.left[node]!, isLeft: true, ...below })
      }
    },
    finish(): Arrays {
      return {
        roots: Int32Array.from(roots),
        feature: Int32Array.from(feature),
        threshold: Float64Array.from(threshold),
        left: Int32Array.from(left),
        right: Int32Array.from(right),
        missingLeft: Uint8Array.from(missingLeft),
        ...(views.length > 0 ? { view: Int32Array.from(view), views } : {}),
        ...(hasCovers ? { cover: Float64Array.from(cover) } : {}),
        value: Float64Array.from(value),
      }
    },
  }
}
