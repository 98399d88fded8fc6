/** The trees of a saved model: rows of nodes in any order, gathered by tree and put in the order of their ids. */
import type { LeafValues, NestedParquet } from '../../tables/formats/parquet-leaves.ts'
import { type NodeView, viewOfCodes } from '../category-sets.ts'
import type { SourceTree } from '../ensemble-builder.ts'
import { invalid } from '../imported-model.ts'
import { refuseDamage, type SavedStage } from './saved-stage.ts'

/** Nodes of one tree; arrays are by the node's id, which is 0 for the root. */
export interface SparkTree extends Omit<SourceTree, 'leaf' | 'cover'> {
  /** Of the training rows in a node: weights by class, or weight, sum and sum of squares. */
  statistics(node: number): readonly number[]
  prediction(node: number): number
  /** How many categories a node's feature has; negative where it asks for a number. */
  readonly categories: ArrayLike<number>
}

/** One column of all part files. */
interface NodeColumns {
  numbers(name: string): readonly number[]
  lists(name: string): Pick<LeafValues, 'starts'> & { readonly values: readonly number[] }
}

/** Returns the trees in the order of their numbers. */
export function readTrees(stage: SavedStage): SparkTree[] {
  const parts = stage.parquet('data')
  const isEnsemble = parts.some(({ paths }) => paths.includes('treeID'))
  const columns = openColumns(parts, isEnsemble ? 'nodeData.' : '')
  const ids = columns.numbers('id')
  const trees = isEnsemble ? columns.numbers('.treeID') : ids.map(() => 0)
  const rowsOf: number[][] = []
  trees.forEach((tree, row) => {
    if (!(Number.isInteger(tree) && tree >= 0 && tree < trees.length))
      throw invalid(`data/ has a tree ${tree}`)
    rowsOf[tree] ??= []
    rowsOf[tree].push(row)
  })
  const [left, right] = [columns.numbers('leftChild'), columns.numbers('rightChild')]
  const feature = columns.numbers('split.featureIndex')
  const categories = columns.numbers('split.numCategories')
  const predictions = columns.numbers('prediction')
  const statistics = columns.lists('impurityStats')
  const listed = columns.lists('split.leftCategoriesOrThreshold')
  const listOf = ({ values, starts }: typeof listed, row: number) =>
    values.slice(starts[row], starts[row + 1])
  return Array.from(rowsOf, (rows, tree): SparkTree => {
    if (!rows) throw invalid(`data/ has no tree ${tree}`)
    const rowOf = orderById(rows, ids, tree)
    const byId = (values: readonly number[]) => Float64Array.from(rowOf, (row) => values[row]!)
    const thresholdOf = (row: number) =>
      left[row]! < 0 || categories[row]! >= 0 ? 0 : (listOf(listed, row)[0] ?? Number.NaN)
    const views = Array.from(rowOf, (row, node) =>
      left[row]! < 0 || categories[row]! < 0
        ? undefined
        : viewOfCategories(listOf(listed, row), categories[row]!, `tree ${tree}, node ${node}`),
    )
    return {
      nodes: rows.length,
      left: byId(left),
      right: byId(right),
      feature: byId(feature),
      threshold: Float64Array.from(rowOf, thresholdOf),
      // A number that is missing is not at most the threshold. A category that is missing is in no set.
      missingLeft: Uint8Array.from(views, (view) => Number(view?.kind === 'codes_right')),
      view: (node) => views[node],
      categories: byId(categories),
      statistics: (node) => listOf(statistics, rowOf[node]!),
      prediction: (node) => predictions[rowOf[node]!]!,
    }
  })
}

/** Returns the row of every id; each must be there once. */
function orderById(rows: readonly number[], ids: readonly number[], tree: number): Int32Array {
  const rowOf = new Int32Array(rows.length).fill(-1)
  for (const row of rows) {
    const id = ids[row]!
    if (rowOf[id] !== -1) throw invalid(`tree ${tree} has a node ${id} of ${rows.length}`)
    rowOf[id] = row
  }
  return rowOf
}

/**
 * Returns what a node sees of a category. Spark keeps the smaller of the two sets, and what is in neither takes the way
 * of the larger one (`org.apache.spark.ml.tree.CategoricalSplit`).
 */
export function viewOfCategories(left: readonly number[], count: number, where: string): NodeView {
  for (const code of left)
    if (!(Number.isInteger(code) && code >= 0 && code < count))
      throw invalid(`${where} lists the category ${code} of ${count}`)
  if (left.length <= Math.floor(count / 2)) return viewOfCodes('codes_left', left, where)
  const isLeft = new Set(left)
  const others: number[] = []
  for (let code = 0; code < count; code++) if (!isLeft.has(code)) others.push(code)
  return viewOfCodes('codes_right', others, where)
}

function openColumns(parts: readonly NestedParquet[], prefix: string): NodeColumns {
  const read = (name: string): LeafValues[] => {
    const wanted = name.startsWith('.') ? name.slice(1) : prefix + name
    return parts.map((part) =>
      refuseDamage('data/', () => {
        // Lists have levels of their own, whose names depend on the settings.
        const path = part.paths.find((own) => own === wanted || own.startsWith(`${wanted}.`))
        const found = part.read(path ?? wanted)
        if (found.starts.length !== part.rows + 1) throw new RangeError('another number of rows')
        return found
      }),
    )
  }
  const numbersOf = (all: readonly LeafValues[], name: string): number[] => {
    const values = all.flatMap((part) => part.values as readonly (number | string)[])
    if (values.some((value) => typeof value !== 'number'))
      throw invalid(`data/: ${name} must hold numbers`)
    return values as number[]
  }
  return {
    numbers: (name) => numbersOf(read(name), name),
    lists(name) {
      const all = read(name)
      const starts: number[] = []
      let before = 0
      for (const part of all) {
        for (const start of part.starts.slice(0, -1)) starts.push(before + start)
        before += part.values.length
      }
      return { values: numbersOf(all, name), starts: [...starts, before] }
    },
  }
}
