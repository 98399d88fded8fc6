/** One tree of a forest as a job: the same in the calling thread and in any other. */
import { createRandom } from '../../data/random.ts'
import { classWeights } from '../class-weight.ts'
import type { TrainingColumns } from './training-columns.ts'
import { createTreeGrower, type RawTree, type TreeLimits } from './tree-grower.ts'

/** Random streams of trees begin here, above those of other uses. */
const FIRST_STREAM = 1000

/** All that a thread must know to grow any tree of a forest; plain data and shared memory. */
export interface ForestSetup {
  readonly data: TrainingColumns
  readonly y: Int32Array
  readonly classNames: readonly string[]
  /** Weight of every row; absent: all weigh 1. */
  readonly rowWeight: Float64Array | undefined
  readonly limits: TreeLimits
  readonly seed: number
  /** Rows drawn for a tree, with replacement; null: every tree sees all rows once. */
  readonly drawn: number | null
  /** Whether classes are weighted anew by what a tree has drawn. */
  readonly balancesDraws: boolean
  /** Whether to tell the rows that a tree has not drawn. */
  readonly tellsOutOfBag: boolean
}

/** What comes of a job. */
export interface ForestTree {
  readonly tree: RawTree
  /** Rows that the tree has not drawn. */
  readonly outOfBag: Int32Array | undefined
}

/**
 * Returns the function that grows the tree of a number.
 * @throws InputError `too_large`
 */
export function createForestJob(setup: ForestSetup): (tree: number) => ForestTree {
  const { data, y, limits, drawn, rowWeight, classNames } = setup
  const grower = createTreeGrower(data, y, classNames.length, limits, mostWeight(setup))
  const { counts } = grower
  const weights = new Float64Array(data.rows)

  const weigh = () => {
    if (rowWeight === undefined && !setup.balancesDraws) return undefined
    const perClass = classWeights(
      setup.balancesDraws ? 'balanced' : 'none',
      y,
      classNames,
      setup.balancesDraws ? counts : undefined,
    )
    for (let row = 0; row < data.rows; row++) {
      weights[row] = counts[row]! * (rowWeight ? rowWeight[row]! : 1) * perClass[y[row]!]!
    }
    return weights
  }

  return (number) => {
    const random = createRandom(setup.seed, FIRST_STREAM + number)
    if (drawn !== null) grower.draw(drawn, random)
    let tree = grower.grow(weigh(), random)
    if (!tree) {
      // It has drawn only rows that weigh nothing; then it sees all of them.
      counts.fill(1)
      tree = grower.grow(weigh(), random) as RawTree
    }
    return { tree, outOfBag: setup.tellsOutOfBag ? rowsNotDrawn(counts) : undefined }
  }
}

/** Returns an upper bound of what the rows of a tree weigh together; undefined when weights are not whole numbers. */
function mostWeight({ data, drawn, rowWeight, balancesDraws }: ForestSetup): number | undefined {
  if (balancesDraws) return undefined
  if (!rowWeight) return drawn ?? data.rows
  if (!rowWeight.every(Number.isInteger)) return undefined
  const largest = rowWeight.reduce((most, weight) => Math.max(most, weight), 0)
  return largest * (drawn ?? data.rows)
}

function rowsNotDrawn(counts: Int32Array): Int32Array {
  const rows = new Int32Array(counts.reduce((sum, count) => sum + (count === 0 ? 1 : 0), 0))
  let at = 0
  counts.forEach((count, row) => {
    if (count === 0) rows[at++] = row
  })
  return rows
}
