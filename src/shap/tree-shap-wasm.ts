/** Path-dependent SHAP values by the WebAssembly kernels; the method is that of tree-shap-reference.ts. */
import type { Matrix } from '../data/matrix.ts'
import { type Arena, createArena } from '../trees/arena.ts'
import { expectedOutput, type TreeEnsemble, treeWeight } from '../trees/ensemble.ts'
import type { Kernels } from '../trees/kernels.ts'
import { putRow } from '../trees/put-row.ts'
import { fillDiagonal } from './interactions.ts'
import { type OutputsAsked, planOutputs } from './outputs-asked.ts'
import type { TreeShap } from './path-dependent-shap.ts'
import {
  slotBytes,
  slotsOf,
  type TreeProgram,
  type TreeShape,
  writePathTables,
  writeTreeProgram,
} from './tree-program.ts'

/** Bytes of the area of sides per split for one row and for four: assembly/row.ts, assembly/batch.ts. */
const SIDES = 32
const SIDES_OF_BLOCK = 96
/** Rows that the batch kernel takes at a time. */
const BLOCK = 4
/** Rows and SHAP values that stay in the cache while the trees go over them, in bytes. */
const CHUNK_BYTES = 256 * 1024

/** Nodes after which the kernels run at full speed. */
const WARM_UP_NODES = 200_000

/** Returns the explainer of an ensemble over `features` model features on an instance of the kernels. */
export function compileTreeShapWasm(
  trees: TreeEnsemble,
  features: number,
  kernels: Kernels,
): TreeShap {
  const arena = createArena(kernels.memory)
  const program = writeTreeProgram(trees, features, arena)
  const shared: Shared = {
    trees,
    features,
    kernels,
    arena,
    program,
    ask: planOutputs(trees).ask,
    asked: arena.take(trees.outputs * 4),
    weight: treeWeight(trees),
  }
  const explain = compileRow(shared)
  warmUp(explain, features, trees.feature.length)
  return {
    baseValues: expectedOutput(trees),
    explain,
    explainRows: compileBatch(shared),
    interactions: compileInteractions(shared, explain),
    cost: costOf(program.shapes, 1.2, 0.7),
    interactionCost: costOf(program.shapes, 3, 3.2),
  }
}

/**
 * Explains a few rows, because V8 runs new code slowly until it has proved worth compiling well. Large models take
 * fewer rows for that.
 */
function warmUp(explain: TreeShap['explain'], features: number, nodes: number): void {
  const rows = Math.max(3, Math.min(30, Math.floor(WARM_UP_NODES / nodes)))
  const x = new Float64Array(features)
  const phi = new Float64Array(features)
  for (let row = 0; row < rows; row++) explain(x, [0], phi)
}

interface Shared {
  readonly trees: TreeEnsemble
  readonly features: number
  readonly kernels: Kernels
  readonly arena: Arena
  readonly program: TreeProgram
  readonly ask: (outputs: readonly number[]) => OutputsAsked
  /** Address of the outputs to compute. */
  readonly asked: number
  readonly weight: number
}

function compileRow(shared: Shared): TreeShap['explain'] {
  const { trees, features, kernels, arena, program, weight } = shared
  const slots = largest(program, (shape) => slotsOf(shape) * slotBytes(shape.points))
  const x = arena.take(2 * features * 8)
  const above = arena.take(slots)
  const below = trees.outputs > 1 ? arena.take(slots) : above
  const factors = arena.take(
    largest(program, (shape) => shape.repeatedSplits * slotBytes(shape.points)),
  )
  const phi = arena.take(trees.outputs * features * 16)
  const context = writeContext(shared, {
    x,
    above,
    below,
    sides: arena.take(largest(program, ({ splits }) => splits * SIDES)),
    factors,
    phi,
  })
  const place = { start: x / 8, stride: 1, copies: 2 }
  return (row, outputs, out) => {
    const asked = shared.ask(outputs)
    const { i32, f64 } = arena
    putRow(trees, features, row, 0, f64, place)
    i32.set(asked.computed, shared.asked / 4)
    i32[context / 4 + OUTPUT_COUNT] = asked.count
    // One output may overwrite what the pass down wrote, which keeps less in the cache.
    i32[context / 4 + BELOW] = asked.count > 1 ? below : above
    f64.fill(0, phi / 8, phi / 8 + asked.count * features * 2)
    kernels.explainRow(context)
    for (let k = 0; k < outputs.length; k++) {
      const place = asked.place[outputs[k]!]!
      for (let j = 0; j < features; j++) {
        let value = 0
        if (place >= 0) value = sumOfLanes(f64, phi / 8 + (place * features + j) * 2)
        else
          for (let other = 0; other < asked.count; other++)
            value -= sumOfLanes(f64, phi / 8 + (other * features + j) * 2)
        out[k * features + j] = weight * value
      }
    }
  }
}

function sumOfLanes(f64: Float64Array, at: number): number {
  return f64[at]! + f64[at + 1]!
}

function compileBatch(shared: Shared): TreeShap['explainRows'] {
  const { trees, features, kernels, arena, program, weight } = shared
  const copies = trees.missingLeft.includes(1) ? 2 : 1
  const blockBytes = (copies + trees.outputs) * features * BLOCK * 8
  const blocks = Math.max(1, Math.min(256, Math.floor(CHUNK_BYTES / blockBytes)))
  const slots = largest(program, (shape) => slotsOf(shape) * shape.points * BLOCK * 8)
  const xSize = copies * features * BLOCK
  // Made at the first batch: many models are asked single rows only.
  let areas: { context: number; x: number; phi: number } | undefined
  const takeAreas = () => {
    const x = arena.take(blocks * xSize * 8)
    const phi = arena.take(blocks * trees.outputs * features * BLOCK * 8)
    const above = arena.take(slots)
    const below = trees.outputs > 1 ? arena.take(trees.outputs * slots) : above
    const context = writeContext(shared, {
      x,
      phi,
      above,
      below,
      sides: arena.take(largest(program, ({ splits }) => splits * SIDES_OF_BLOCK)),
      factors: arena.take(
        largest(program, (shape) => shape.repeatedSplits * shape.points * BLOCK * 8),
      ),
    })
    arena.i32[context / 4 + X_SIZE] = xSize * 8
    arena.i32[context / 4 + BELOW_SIZE] = slots
    return { context, x, phi, above, below }
  }
  const explainChunk = (
    X: Matrix,
    first: number,
    outputs: readonly number[],
    out: Float64Array,
  ) => {
    areas ??= takeAreas()
    const { context, x, phi } = areas
    const { i32, f64 } = arena
    const asked = shared.ask(outputs)
    const rows = Math.min(X.rows - first, blocks * BLOCK)
    for (let row = 0; row < rows; row++) {
      const block = x / 8 + Math.floor(row / BLOCK) * xSize
      const place = { start: block + (row % BLOCK), stride: BLOCK, copies }
      putRow(trees, features, X.data, (first + row) * features, f64, place)
    }
    i32.set(asked.computed, shared.asked / 4)
    i32[context / 4 + OUTPUT_COUNT] = asked.count
    i32[context / 4 + BLOCKS] = Math.ceil(rows / BLOCK)
    const size = asked.count * features * BLOCK
    f64.fill(0, phi / 8, phi / 8 + Math.ceil(rows / BLOCK) * size)
    kernels.explainRows(context)
    for (let row = 0; row < rows; row++) {
      const from = phi / 8 + Math.floor(row / BLOCK) * size + (row % BLOCK)
      for (let k = 0; k < outputs.length; k++) {
        const to = ((first + row) * outputs.length + k) * features
        const place = asked.place[outputs[k]!]!
        for (let j = 0; j < features; j++) {
          let value = 0
          if (place >= 0) value = f64[from + (place * features + j) * BLOCK]!
          else
            for (let other = 0; other < asked.count; other++)
              value -= f64[from + (other * features + j) * BLOCK]!
          out[to + j] = weight * value
        }
      }
    }
  }
  return (X, outputs, out) => {
    for (let first = 0; first < X.rows; first += blocks * BLOCK)
      explainChunk(X, first, outputs, out)
  }
}

function compileInteractions(
  shared: Shared,
  explain: TreeShap['explain'],
): TreeShap['interactions'] {
  const { features, kernels, arena, program, trees, weight } = shared
  // Made at the first call: most models are never asked for interactions.
  let areas: { context: number; x: number; pairs: number } | undefined
  const takeAreas = () => {
    writePathTables(trees, program, arena)
    const slots = largest(program, (shape) => slotsOf(shape) * slotBytes(shape.points))
    const x = arena.take(2 * features * 8)
    const above = arena.take(slots)
    const pairs = arena.take(features * features * 16)
    const context = writeContext(shared, {
      x,
      above,
      below: above,
      sides: arena.take(largest(program, ({ splits }) => splits * SIDES)),
      factors: arena.take(
        largest(program, (shape) => shape.repeatedSplits * slotBytes(shape.points)),
      ),
      phi: arena.take(features * 16),
    })
    const partners = arena.take(largest(program, ({ splits }) => splits * 8))
    const gains = arena.take(slots)
    arena.i32.set([gains, partners, pairs], context / 4 + GAINS)
    return { context, x, pairs }
  }
  return (row, outputs, out) => {
    areas ??= takeAreas()
    const { context, x, pairs } = areas
    const { i32, f64 } = arena
    const phi = new Float64Array(outputs.length * features)
    explain(row, outputs, phi)
    putRow(trees, features, row, 0, f64, { start: x / 8, stride: 1, copies: 2 })
    outputs.forEach((output, k) => {
      i32[shared.asked / 4] = output
      f64.fill(0, pairs / 8, pairs / 8 + features * features * 2)
      kernels.explainPairs(context)
      const own = out.subarray(k * features * features, (k + 1) * features * features)
      for (let i = 0; i < features; i++) {
        for (let j = 0; j < i; j++) {
          const below = sumOfLanes(f64, pairs / 8 + (i * features + j) * 2)
          const above = sumOfLanes(f64, pairs / 8 + (j * features + i) * 2)
          const half = (weight * (below + above)) / 2
          own[i * features + j] = half
          own[j * features + i] = half
        }
      }
      fillDiagonal(own, phi.subarray(k * features, (k + 1) * features))
    })
  }
}

/** Numbers of the context, in words: assembly/layout.ts. */
const BELOW = 4
const OUTPUT_COUNT = 10
const X_SIZE = 11
const BLOCKS = 12
const BELOW_SIZE = 13
const GAINS = 14

interface Areas {
  readonly x: number
  readonly above: number
  readonly below: number
  readonly sides: number
  readonly factors: number
  readonly phi: number
}

function writeContext({ features, arena, program, asked }: Shared, areas: Areas): number {
  const context = arena.take(80)
  const { x, above, below, sides, factors, phi } = areas
  arena.i32.set(
    [program.trees, program.count, x, above, below, sides, factors, phi, features, asked],
    context / 4,
  )
  return context
}

function largest(program: TreeProgram, of: (shape: TreeShape) => number): number {
  return program.shapes.reduce((most, shape) => Math.max(most, of(shape)), 0)
}

/** Estimated nanoseconds of all nodes: so many each, and so many more per point. */
function costOf(shapes: readonly TreeShape[], node: number, point: number): number {
  return shapes.reduce(
    (sum, shape) => sum + (shape.splits + shape.forks) * (node + point * shape.points),
    0,
  )
}
