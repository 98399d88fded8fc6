/**
 * Interventional SHAP values by following sets of background rows down the trees; assembly/sets.ts. Memory is small;
 * time grows with the number of background rows.
 */
import { type Matrix, rowOf } from '../data/matrix.ts'
import { type Arena, createArena } from '../trees/arena.ts'
import {
  goesLeft,
  groupTrees,
  leftComparison,
  meanOutput,
  type TreeEnsemble,
  treeWeights,
  valueWidth,
} from '../trees/ensemble.ts'
import type { Kernels } from '../trees/kernels.ts'
import {
  DOUBLE,
  SET_NODE_FEATURE,
  SET_NODE_LEFT,
  SET_NODE_LEFT_ROWS,
  SET_NODE_RIGHT,
  SET_NODE_SIZE,
  SET_NODE_THRESHOLD,
  SET_NODE_X,
  SETS_ALL,
  SETS_DECIDED,
  SETS_FEATURES,
  SETS_OUTPUT_COUNT,
  SETS_OUTPUTS,
  SETS_PHI,
  SETS_ROOT_COUNT,
  SETS_ROOTS,
  SETS_SIZE,
  SETS_STACK,
  SETS_SUM_COUNT,
  SETS_SUMS,
  SETS_TAKEN,
  SETS_UNDECIDED,
  SETS_WEIGHT_ROW,
  SETS_WEIGHTS,
  SETS_WORDS,
  SETS_X,
  VECTOR,
  WORD,
} from '../trees/layout.generated.ts'
import { planRows, type RowLayout } from '../trees/row-layout.ts'
import { shareOfOrders } from './interventional-reference.ts'
import type { InterventionalShap } from './interventional-shap.ts'
import { planOutputs, spreadOutputs, visitGroups } from './outputs-asked.ts'
import { tracePaths } from './tree-paths.ts'

/** Rows of a word of a set: 8 bytes. */
const WORD_ROWS = 64
/** Bytes of a row's count of features: as many as a tree is deep. */
const COUNT = 2

/** Returns the explainer of an ensemble against background rows on an instance of the kernels. */
export function compileInterventionalSets(
  trees: TreeEnsemble,
  features: number,
  background: Matrix,
  kernels: Kernels,
): InterventionalShap {
  const arena = createArena(kernels.memory)
  const layout = planRows(trees, features)
  const words = Math.ceil(background.rows / WORD_ROWS)
  const distinct = trees.roots.reduce(
    (most, root) => Math.max(most, tracePaths(trees, root).distinct),
    0,
  )
  const nodes = writeNodes(trees, layout, background, words, arena)
  const groups = groupTrees(trees).map(({ output, roots }) => ({
    output,
    roots: arena.storeInts(roots.map((root) => nodes + root * SET_NODE_SIZE)),
    count: roots.length,
  }))
  const x = arena.take(layout.length * DOUBLE)
  const all = arena.take(words * DOUBLE)
  writeSet(arena, all, background.rows, () => true)
  const undecided = arena.take(features * words * DOUBLE)
  arena.i32.fill(-1, undecided / WORD, (undecided + features * words * DOUBLE) / WORD)
  const asked = arena.take(trees.outputs * WORD)
  const phi = arena.take(trees.outputs * features * DOUBLE)
  const decided = arena.take(features)
  const taken = arena.take(words * WORD_ROWS * COUNT)
  const sums = arena.take(background.rows * trees.outputs * VECTOR)
  const weights = writeWeights(arena, distinct)
  // A call keeps at most two sets.
  const stack = arena.take((depthOf(trees) + 1) * 2 * words * DOUBLE)
  const context = arena.take(SETS_SIZE)
  arena.putFields(context, [
    [SETS_X, x],
    [SETS_WORDS, words],
    [SETS_UNDECIDED, undecided],
    [SETS_DECIDED, decided],
    [SETS_TAKEN, taken],
    [SETS_SUMS, sums],
    [SETS_SUM_COUNT, background.rows],
    [SETS_WEIGHTS, weights],
    [SETS_WEIGHT_ROW, (distinct + 1) * VECTOR],
    [SETS_OUTPUTS, asked],
    [SETS_FEATURES, features],
    [SETS_ALL, all],
    [SETS_STACK, stack],
  ])
  const { ask } = planOutputs(trees)
  const scales = treeWeights(trees).map((weight) => weight / background.rows)
  const explain: InterventionalShap['explain'] = (row, outputs, out) => {
    const { f64 } = arena
    const plan = ask(outputs)
    layout.put(row, 0, f64, x / DOUBLE, 1)
    arena.clear(phi, plan.count * features * DOUBLE)
    visitGroups(groups, plan, ({ roots, count: rootCount }, values, count, place) => {
      arena.putInts(asked, values)
      arena.putInt(context + SETS_OUTPUT_COUNT, count)
      arena.putInt(context + SETS_ROOTS, roots)
      arena.putInt(context + SETS_ROOT_COUNT, rootCount)
      arena.putInt(context + SETS_PHI, phi + place * features * DOUBLE)
      kernels.explainSets(context)
    })
    const start = phi / DOUBLE
    const found = { data: f64, start, size: features, stride: 1, lanes: 1 } as const
    spreadOutputs(plan, outputs, features, found, scales, out, 0)
  }
  return {
    baseValues: meanOutput(trees, background),
    explain,
    explainRows(X, outputs, phi) {
      const size = outputs.length * features
      for (let row = 0; row < X.rows; row++)
        explain(rowOf(X, row), outputs, phi.subarray(row * size, (row + 1) * size))
    },
    cost: background.rows * trees.feature.length * 0.25,
    plan: 'sets',
  }
}

/** Writes all nodes with the sets of background rows that go left; returns the address of the first. */
function writeNodes(
  trees: TreeEnsemble,
  layout: RowLayout,
  background: Matrix,
  words: number,
  arena: Arena,
): number {
  const count = trees.feature.length
  const nodes = arena.take(count * SET_NODE_SIZE)
  const values = arena.storeDoubles(trees.value)
  const width = valueWidth(trees)
  const rows = Array.from({ length: background.rows }, (_, row) => rowOf(background, row))
  const inner = trees.feature.reduce((sum, feature) => sum + (feature < 0 ? 0 : 1), 0)
  const addressOf = (node: number) => nodes + node * SET_NODE_SIZE
  let leftRows = arena.take(inner * words * DOUBLE)
  for (let node = 0; node < count; node++) {
    const record = addressOf(node)
    const feature = trees.feature[node]!
    arena.putInt(record + SET_NODE_FEATURE, feature)
    if (feature < 0) {
      arena.putInt(record + SET_NODE_LEFT, values + node * width * DOUBLE)
      continue
    }
    arena.putInt(record + SET_NODE_X, layout.offsetOf(node))
    arena.putDouble(record + SET_NODE_THRESHOLD, leftComparison(trees, node))
    arena.putInt(record + SET_NODE_LEFT, addressOf(trees.left[node]!))
    arena.putInt(record + SET_NODE_RIGHT, addressOf(trees.right[node]!))
    arena.putInt(record + SET_NODE_LEFT_ROWS, leftRows)
    writeSet(arena, leftRows, rows.length, (row) => goesLeft(trees, node, rows[row]!))
    leftRows += words * DOUBLE
  }
  return nodes
}

function writeSet(
  arena: Arena,
  address: number,
  rows: number,
  has: (row: number) => boolean,
): void {
  const { i32 } = arena
  for (let row = 0; row < rows; row++) {
    const word = address / WORD + (row >> 5)
    if (has(row)) i32[word] = i32[word]! | (1 << (row & 31))
  }
}

/** Writes the two weights of a leaf with a features of the row and z of the background, [z][a]. */
function writeWeights(arena: Arena, distinct: number): number {
  const address = arena.take((distinct + 1) ** 2 * VECTOR)
  for (let z = 0; z <= distinct; z++) {
    for (let a = 0; a <= distinct - z; a++) {
      const inside = a > 0 ? shareOfOrders(a - 1, z) : 0
      const outside = z > 0 ? -shareOfOrders(a, z - 1) : 0
      arena.putDoubles(address + (z * (distinct + 1) + a) * VECTOR, [inside, outside])
    }
  }
  return address
}

function depthOf(trees: TreeEnsemble): number {
  const depth = new Int32Array(trees.feature.length)
  let most = 0
  for (let node = 0; node < depth.length; node++) {
    if (trees.feature[node]! < 0) continue
    const below = depth[node]! + 1
    depth[trees.left[node]!] = below
    depth[trees.right[node]!] = below
    most = Math.max(most, below)
  }
  return most
}
