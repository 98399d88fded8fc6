/** Forests for the benchmarks: trees grown quickly by random splits on seeded, synthetic data. */
import type { Matrix } from '../../src/data/matrix.ts'
import { createRandom, type Random } from '../../src/data/random.ts'
import type { TreesSpec } from '../../src/models/model.ts'

export interface ForestOptions {
  readonly trees: number
  readonly depth: number
  readonly features: number
  /** Features with two values, behind each other at the end; the others are continuous. */
  readonly binary?: number
  readonly classes: number
  /** Training rows; every tree draws as many with replacement. */
  readonly rows: number
  /** Share of labels that are drawn at random. */
  readonly noise: number
  readonly seed: number
}

/** Returns seeded rows whose numbers are single precision, as scikit-learn rounds them. */
export function makeRows(options: ForestOptions, rows: number, stream: number): Matrix {
  const random = createRandom(options.seed, stream)
  const { features, binary = 0 } = options
  const data = Float64Array.from({ length: rows * features }, (_, i) =>
    i % features >= features - binary
      ? random.below(2)
      : Math.fround(random.uniform() + random.uniform() + random.uniform() - 1.5),
  )
  return { rows, columns: features, data }
}

/** Returns a forest whose leaves hold class shares. */
export function growForest(options: ForestOptions): TreesSpec {
  const { classes, depth, features, rows } = options
  const random = createRandom(options.seed, 1)
  const X = makeRows(options, rows, 2)
  const labels = Int32Array.from({ length: rows }, (_, row) => {
    if (random.uniform() < options.noise) return random.below(classes)
    const at = row * features
    const score =
      (X.data[at] as number) + (X.data[at + 1] as number) * (X.data[at + 2] as number) * 2
    return Math.min(classes - 1, Math.max(0, Math.floor((score + 1) * 0.5 * classes)))
  })
  const nodes: Nodes = { feature: [], threshold: [], left: [], right: [], cover: [], value: [] }
  const roots = Int32Array.from({ length: options.trees }, () => {
    const drawn = Int32Array.from({ length: rows }, () => random.below(rows))
    return grow({ X, labels, classes, random }, nodes, drawn, depth)
  })
  return {
    kind: 'trees',
    roots,
    feature: Int32Array.from(nodes.feature),
    threshold: Float64Array.from(nodes.threshold),
    left: Int32Array.from(nodes.left),
    right: Int32Array.from(nodes.right),
    missingLeft: new Uint8Array(nodes.feature.length),
    cover: Float64Array.from(nodes.cover),
    value: Float64Array.from(nodes.value),
    outputs: classes,
    comparison: '<=',
    precision: 'float32',
    aggregation: 'mean',
    base: new Float64Array(classes),
    link: 'identity',
    vote: 'soft',
  }
}

interface Training {
  readonly X: Matrix
  readonly labels: Int32Array
  readonly classes: number
  readonly random: Random
}

type Nodes = Record<'feature' | 'threshold' | 'left' | 'right' | 'cover' | 'value', number[]>

function grow(training: Training, nodes: Nodes, rows: Int32Array, depth: number): number {
  const { classes } = training
  const at = nodes.feature.length
  const shares = countClasses(training, rows)
  nodes.feature.push(-1)
  nodes.threshold.push(0)
  nodes.left.push(-1)
  nodes.right.push(-1)
  nodes.cover.push(rows.length)
  nodes.value.push(...shares.map((count) => count / rows.length))
  if (depth === 0 || rows.length < 2 || shares.some((count) => count === rows.length)) return at
  const split = findSplit(training, rows)
  if (!split) return at
  const [left, right] = divide(training.X, rows, split)
  nodes.feature[at] = split.feature
  nodes.threshold[at] = split.threshold
  nodes.value.fill(0, at * classes, (at + 1) * classes)
  nodes.left[at] = grow(training, nodes, left, depth - 1)
  nodes.right[at] = grow(training, nodes, right, depth - 1)
  return at
}

interface Split {
  readonly feature: number
  readonly threshold: number
}

/** The best by Gini of √features features, three random thresholds each. */
function findSplit(training: Training, rows: Int32Array): Split | undefined {
  const { X, random } = training
  let best: Split | undefined
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < Math.sqrt(X.columns) * 3; i++) {
    const feature = random.below(X.columns)
    const draw = () => X.data[(rows[random.below(rows.length)] as number) * X.columns + feature]
    const [a, b] = [draw() as number, draw() as number]
    if (a === b) continue
    const split = { feature, threshold: (a + b) / 2 }
    const impurity = divide(X, rows, split).reduce(
      (sum, part) => sum + part.length * gini(countClasses(training, part), part.length),
      0,
    )
    if (impurity < least) {
      least = impurity
      best = split
    }
  }
  return best
}

function divide(X: Matrix, rows: Int32Array, split: Split): [Int32Array, Int32Array] {
  const goes = (row: number) =>
    (X.data[row * X.columns + split.feature] as number) <= split.threshold
  return [rows.filter(goes), rows.filter((row) => !goes(row))]
}

function countClasses({ labels, classes }: Training, rows: Int32Array): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const row of rows)
    counts[labels[row] as number] = (counts[labels[row] as number] as number) + 1
  return counts
}

function gini(counts: readonly number[], total: number): number {
  return 1 - counts.reduce((sum, count) => sum + (count / total) ** 2, 0)
}
