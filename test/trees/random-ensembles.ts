/** Seeded ensembles of the whole generality: views, trees of one output, covers of 0, every way to compare and add up. */
import type { Matrix } from '../../src/data/matrix.ts'
import type { Random } from '../../src/data/random.ts'
import type { TreeEnsemble } from '../../src/trees/ensemble.ts'
import type { ColumnView } from '../../src/trees/views.ts'
import { bytesOfCodes } from './plain-trees.ts'
import { flatten, forest, type Growth } from './random-trees.ts'

/** Codes of the category columns; some sets hold more. */
const CODES = 12

export interface Generality extends Growth {
  readonly name: string
  readonly changes?: Partial<
    Pick<TreeEnsemble, 'comparison' | 'precision' | 'aggregation' | 'scale'>
  >
  /** Whether every tree adds to one output. */
  readonly isByOutput?: boolean
}

/** What the library of a trained model may ask for, each with a case of its own, and all of it together. */
export const generalities: readonly Generality[] = [
  { name: 'views', outputs: 1 },
  { name: 'views, three outputs in every leaf', outputs: 3 },
  { name: 'one output per tree', outputs: 3, count: 7, isByOutput: true },
  {
    name: 'one output per tree, a scaled sum, <',
    outputs: 4,
    count: 9,
    isByOutput: true,
    changes: { aggregation: 'sum', scale: 2.5, comparison: '<' },
  },
  {
    name: 'one output, single precision, <',
    outputs: 1,
    changes: { aggregation: 'sum', precision: 'float32', comparison: '<' },
  },
  { name: 'a scaled mean in single precision', changes: { scale: 0.75, precision: 'float32' } },
  { name: 'half of the leaves empty', outputs: 2, emptyLeaves: 0.5 },
  { name: 'covers of 0 everywhere', outputs: 2, emptyLeaves: 1, isByOutput: true },
  { name: 'two features, often repeated', outputs: 2, depth: 8, features: 2, isByOutput: true },
]

/** Returns an ensemble whose columns are numbers and, at odd places, codes of categories; covers add up. */
export function randomEnsemble(
  random: Random,
  { name: _, changes, isByOutput = false, ...growth }: Generality,
): TreeEnsemble {
  const outputs = growth.outputs ?? 2
  const trees = flatten(forest(random, { ...growth, outputs }), {
    base: Float64Array.from({ length: outputs }, () => random.uniform() - 0.5),
  })
  const pool: ColumnView[] = []
  const view = trees.feature.map((feature) => {
    if (feature < 0 || random.uniform() < 0.2) return -1
    const old = pool.findIndex((own) => own.feature === feature)
    if (old >= 0 && random.uniform() < 0.3) return old
    return pool.push(randomView(random, feature)) - 1
  })
  const own = {
    ...trees,
    ...(pool.length > 0 ? { view, views: pool } : {}),
    cover: addUpCovers(trees),
    ...changes,
  }
  if (!isByOutput) return own
  return {
    ...own,
    output: trees.roots.map(() => random.below(outputs)),
    value: trees.value.filter((_, i) => i % outputs === 0),
  }
}

function randomView(random: Random, feature: number): ColumnView {
  const isNumber = feature % 2 === 0
  if (isNumber) {
    const kind = random.below(2) === 0 ? 'zero_as_missing' : 'missing_as_zero'
    return { kind, feature, codes: new Uint8Array(0) }
  }
  const set = Array.from({ length: random.below(8) }, () => random.below(CODES))
  if (random.uniform() < 0.2) set.push(CODES + random.below(1000))
  const kind = random.below(2) === 0 ? 'codes_left' : 'codes_right'
  return { kind, feature, codes: bytesOfCodes(set) }
}

/** Returns covers of which every inner node has the sum of its children. */
function addUpCovers({ feature, left, right, cover = new Float64Array(0) }: TreeEnsemble) {
  const sums = cover.slice()
  for (let node = feature.length - 1; node >= 0; node--) {
    if (feature[node] !== -1)
      sums[node] = (sums[left[node] as number] as number) + (sums[right[node] as number] as number)
  }
  return sums
}

/** Numbers at which views differ: zeros, nearly zeros, the first float beyond them, and missing. */
const corners = [0, -0, 1e-36, -1e-35, Math.fround(1e-35), 2e-35, -2e-35, Number.NaN, Number.NaN]

/** Returns a value of a column: tenths and corners, or a code, an unknown code, a fraction or a gap. */
export function randomValue(random: Random, feature: number): number {
  if (feature % 2 === 0)
    return random.uniform() < 0.4
      ? (corners[random.below(corners.length)] as number)
      : (random.below(21) - 10) / 10
  const kind = random.uniform()
  if (kind < 0.15) return Number.NaN
  if (kind < 0.25) return [-1, -0.5, 2.5, 1e9, 2 ** 24 + 1][random.below(5)] as number
  return random.below(CODES)
}

/** Returns a row of such columns. */
export function randomCells(random: Random, features: number): Float64Array {
  return Float64Array.from({ length: features }, (_, feature) => randomValue(random, feature))
}

/** Returns a matrix of such rows. */
export function randomTable(random: Random, rows: number, features: number): Matrix {
  const data = new Float64Array(rows * features)
  for (let row = 0; row < rows; row++) data.set(randomCells(random, features), row * features)
  return { rows, columns: features, data }
}
