/**
 * Interventional SHAP values by following sets of background rows down the trees; assembly/sets.ts. Memory is small;
 * time grows with the number of background rows.
 */
import { type Matrix, rowOf } from '../data/matrix.ts'
import { type Arena, createArena } from '../trees/arena.ts'
import {
  goesLeft,
  leftComparison,
  meanOutput,
  type TreeEnsemble,
  treeWeight,
} from '../trees/ensemble.ts'
import type { Kernels } from '../trees/kernels.ts'
import { putRow } from '../trees/put-row.ts'
import { shareOfOrders } from './interventional-reference.ts'
import type { InterventionalShap } from './interventional-shap.ts'
import { planOutputs } from './outputs-asked.ts'
import { tracePaths } from './tree-paths.ts'

const NODE = 32
/** Numbers of the context that change from call to call, in words: assembly/layout.ts. */
const OUTPUT_COUNT = 9

/** Returns the explainer of an ensemble against background rows on an instance of the kernels. */
export function compileInterventionalSets(
  trees: TreeEnsemble,
  features: number,
  background: Matrix,
  kernels: Kernels,
): InterventionalShap {
  const arena = createArena(kernels.memory)
  const words = Math.ceil(background.rows / 64)
  const depth = depthOf(trees)
  const distinct = trees.roots.reduce(
    (most, root) => Math.max(most, tracePaths(trees, root).distinct),
    0,
  )
  const nodes = writeNodes(trees, features, background, words, arena)
  const roots = arena.take(trees.roots.length * 4)
  arena.i32.set(
    trees.roots.map((root) => nodes + root * NODE),
    roots / 4,
  )
  const x = arena.take(2 * features * 8)
  const all = arena.take(words * 8)
  writeSet(arena, all, background.rows, () => true)
  const undecided = arena.take(features * words * 8)
  arena.i32.fill(-1, undecided / 4, undecided / 4 + features * words * 2)
  const asked = arena.take(trees.outputs * 4)
  const phi = arena.take(trees.outputs * features * 8)
  const decided = arena.take(features)
  const taken = arena.take(words * 64)
  const sums = arena.take(background.rows * trees.outputs * 16)
  const weights = writeWeights(arena, distinct)
  // A call keeps at most two sets.
  const stack = arena.take((depth + 1) * 2 * words * 8)
  const context = arena.take(80)
  arena.i32.set(
    [
      x,
      words,
      undecided,
      decided,
      taken,
      sums,
      weights,
      (distinct + 1) * 16,
      asked,
      0,
      phi,
      features,
    ],
    context / 4,
  )
  arena.i32.set([all, stack, background.rows, roots, trees.roots.length], context / 4 + 12)
  const { ask } = planOutputs(trees)
  const scale = treeWeight(trees) / background.rows
  const place = { start: x / 8, stride: 1, copies: 2 }
  const explain: InterventionalShap['explain'] = (row, outputs, out) => {
    const { i32, f64 } = arena
    const { computed, count, place: placeOf } = ask(outputs)
    putRow(trees, features, row, 0, f64, place)
    i32.set(computed, asked / 4)
    i32[context / 4 + OUTPUT_COUNT] = count
    f64.fill(0, phi / 8, phi / 8 + count * features)
    kernels.explainSets(context)
    for (let k = 0; k < outputs.length; k++) {
      const from = placeOf[outputs[k]!]!
      for (let j = 0; j < features; j++) {
        let value = 0
        if (from >= 0) value = f64[phi / 8 + from * features + j]!
        else
          for (let other = 0; other < count; other++) value -= f64[phi / 8 + other * features + j]!
        out[k * features + j] = scale * value
      }
    }
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
  features: number,
  background: Matrix,
  words: number,
  arena: Arena,
): number {
  const count = trees.feature.length
  const nodes = arena.take(count * NODE)
  const values = arena.take(trees.value.length * 8)
  arena.f64.set(trees.value, values / 8)
  const rows = Array.from({ length: background.rows }, (_, row) => rowOf(background, row))
  const inner = trees.feature.reduce((sum, feature) => sum + (feature < 0 ? 0 : 1), 0)
  let leftRows = arena.take(inner * words * 8)
  for (let node = 0; node < count; node++) {
    const { i32, f64 } = arena
    const word = (nodes + node * NODE) / 4
    const feature = trees.feature[node]!
    i32[word] = feature
    if (feature < 0) {
      i32[word + 4] = values + node * trees.outputs * 8
      continue
    }
    i32[word + 1] = (feature + (trees.missingLeft[node] === 1 ? features : 0)) * 8
    f64[word / 2 + 1] = leftComparison(trees, node)
    i32[word + 4] = nodes + trees.left[node]! * NODE
    i32[word + 5] = nodes + trees.right[node]! * NODE
    i32[word + 6] = leftRows
    writeSet(arena, leftRows, rows.length, (row) =>
      goesLeft(trees, node, rows[row] as Float64Array),
    )
    leftRows += words * 8
  }
  return nodes
}

function writeSet(
  arena: Arena,
  address: number,
  rows: number,
  has: (row: number) => boolean,
): void {
  for (let row = 0; row < rows; row++) {
    const word = address / 4 + (row >> 5)
    if (has(row)) arena.i32[word] = arena.i32[word]! | (1 << (row & 31))
  }
}

/** Writes the two weights of a leaf with a features of the row and z of the background, [z][a]. */
function writeWeights(arena: Arena, distinct: number): number {
  const address = arena.take((distinct + 1) ** 2 * 16)
  for (let z = 0; z <= distinct; z++) {
    for (let a = 0; a <= distinct - z; a++) {
      const at = address / 8 + (z * (distinct + 1) + a) * 2
      arena.f64[at] = a > 0 ? shareOfOrders(a - 1, z) : 0
      arena.f64[at + 1] = z > 0 ? -shareOfOrders(a, z - 1) : 0
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
