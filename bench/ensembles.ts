/**
 * What the generality of tree ensembles costs, in CPU time of one core: one class of ten of a boosted model against
 * all ten, and numbers per row for views. `npm run bench -- ensembles`.
 */
import { type Matrix, rowOf } from '../src/data/matrix.ts'
import { createRandom } from '../src/data/random.ts'
import { compileInterventional } from '../src/shap/interventional.ts'
import { compileTreeShap } from '../src/shap/tree-shap.ts'
import { compileTreeShapWasm } from '../src/shap/tree-shap-wasm.ts'
import type { TreeEnsemble } from '../src/trees/ensemble.ts'
import { instantiateKernels } from '../src/trees/kernels.ts'
import { compileTreePredictor } from '../src/trees/predict.ts'
import { planRows } from '../src/trees/row-layout.ts'
import type { ColumnView } from '../src/trees/views.ts'
import { growForest, makeRows } from './models/grow-forest.ts'

const CLASSES = 10
const options = { noise: 0.4, classes: 2, trees: 200, depth: 6, features: 30, rows: 4000, seed: 3 }
const { features } = options

/** Least microseconds of CPU per call, of several runs of at least 0.2 s. */
function cpu(run: () => void, calls: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 5; i++) {
    const start = process.cpuUsage()
    let count = 0
    let used = 0
    while (used < 200_000) {
      run()
      count++
      const { user, system } = process.cpuUsage(start)
      used = user + system
    }
    least = Math.min(least, used / count / calls)
  }
  return least
}

/** A forest's trees as those of a boosted model of ten classes: every tree adds to one output, by turns. */
function boosted(forest: TreeEnsemble): TreeEnsemble {
  return {
    ...forest,
    output: forest.roots.map((_, tree) => tree % CLASSES),
    value: forest.value.filter((_, i) => i % 2 === 1),
    outputs: CLASSES,
    base: new Float64Array(CLASSES),
    aggregation: 'sum',
  }
}

/** The same with a value of every output in every leaf, zeros but for one. */
function asVectors(trees: TreeEnsemble): TreeEnsemble {
  const { output = new Int32Array(0), ...others } = trees
  const value = new Float64Array(trees.feature.length * CLASSES)
  const outputOf = new Int32Array(trees.feature.length)
  trees.roots.forEach((root, tree) => {
    const end = trees.roots[tree + 1] ?? trees.feature.length
    outputOf.fill(output[tree] ?? 0, root, end)
  })
  trees.value.forEach((own, node) => {
    value[node * CLASSES + (outputOf[node] ?? 0)] = own
  })
  return { ...others, value }
}

function benchOutputs(): void {
  const one = boosted(growForest(options))
  const X = makeRows(options, 1000, 10)
  const background = makeRows(options, 100, 11)
  const all = [...Array(CLASSES).keys()]
  console.log('| 200 trees of depth 6, ten classes, µs per row | one class | all ten | ratio |')
  console.log('|---|---|---|---|')
  const line = (what: string, run: (outputs: readonly number[]) => void, calls: number) => {
    const [single, every] = [cpu(() => run([4]), calls), cpu(() => run(all), calls)]
    console.log(
      `| ${what} | ${single.toFixed(2)} | ${every.toFixed(2)} | ${(every / single).toFixed(1)} |`,
    )
  }
  const phi = new Float64Array(1000 * CLASSES * features)
  const few: Matrix = { ...X, rows: 100, data: X.data.subarray(0, 100 * features) }
  const each = (explain: (x: Float64Array) => void) => {
    for (let row = 0; row < few.rows; row++) explain(rowOf(few, row))
  }
  for (const [name, trees] of [
    ['one output per tree', one],
    ['ten values per leaf', asVectors(one)],
  ] as const) {
    const shap = compileTreeShap(trees, features)
    line(`${name}: SHAP, one row`, (k) => each((x) => shap.explain(x, k, phi)), few.rows)
    line(`${name}: SHAP, batch`, (k) => shap.explainRows(X, k, phi), X.rows)
    const tables = compileInterventional(trees, features, background)
    line(`${name}: ${tables.plan}, batch`, (k) => tables.explainRows(few, k, phi), few.rows)
    const predictor = compileTreePredictor(trees)
    const scores = new Float64Array(X.rows * CLASSES)
    const us = cpu(() => predictor.predictRows(X, scores), X.rows)
    console.log(`| ${name}: prediction, batch | | ${us.toFixed(2)} | |`)
  }
}

/** A row with so many views, over and above its plain numbers. */
function benchViews(): void {
  const forest = growForest(options)
  const random = createRandom(5)
  const X = makeRows(options, 1000, 12)
  for (let i = 0; i < X.data.length; i++)
    X.data[i] = i % 5 === 0 ? Number.NaN : Math.floor(Math.abs(X.data[i] as number) * 20)
  console.log('\n| views | ns per row | ns per view |\n|---|---|---|')
  let plain = 0
  for (const kinds of [[], ['codes_left'], ['missing_as_zero'], ['zero_as_missing']] as const) {
    for (const count of kinds.length === 0 ? [0] : [30, 300]) {
      const views = Array.from({ length: count }, (_, i): ColumnView => {
        const codes = Uint8Array.from({ length: 4 }, () => 1 + random.below(255))
        return {
          kind: kinds[0] ?? 'codes_left',
          feature: i % features,
          codes: kinds[0] === 'codes_left' ? codes : new Uint8Array(0),
        }
      })
      // Views of numbers differ by the side of missing values only.
      const nodes = [...forest.feature.keys()].filter(
        (node) => (forest.feature[node] as number) >= 0,
      )
      const view = new Int32Array(forest.feature.length).fill(-1)
      const feature = forest.feature.slice()
      views.forEach((own, i) => {
        view[nodes[i] as number] = i
        feature[nodes[i] as number] = own.feature
      })
      const trees = { ...forest, feature, ...(count > 0 ? { view, views } : {}) }
      const layout = planRows(trees, features)
      const row = new Float64Array(layout.length)
      const us = cpu(() => {
        for (let i = 0; i < X.rows; i++) layout.put(X.data, i * features, row, 0, 1)
      }, X.rows)
      if (count === 0) plain = us
      const own = layout.length - features
      const each = own === 0 ? '' : (((us - plain) * 1000) / own).toFixed(1)
      console.log(`| ${own} ${kinds[0] ?? ''} | ${(us * 1000).toFixed(0)} | ${each} |`)
    }
  }
}

/** Memory of the kernels for trees of many different features on a path. */
function benchMemory(): void {
  console.log(
    '\n| leaves | features on a path | bytes per leaf | with a batch |\n|---|---|---|---|',
  )
  const random = createRandom(6)
  for (const depth of [16, 64, 256]) {
    const count = 64
    const inner = count * depth
    const nodes = 2 * inner + count
    const trees: TreeEnsemble = {
      roots: Int32Array.from({ length: count }, (_, i) => i * (2 * depth + 1)),
      feature: new Int32Array(nodes).fill(-1),
      threshold: Float64Array.from({ length: nodes }, () => random.uniform() - 0.5),
      left: new Int32Array(nodes).fill(-1),
      right: new Int32Array(nodes).fill(-1),
      missingLeft: new Uint8Array(nodes),
      cover: new Float64Array(nodes).fill(1),
      value: Float64Array.from({ length: nodes }, () => random.uniform()),
      outputs: 1,
      comparison: '<=',
      precision: 'float64',
      aggregation: 'sum',
      base: new Float64Array(1),
    }
    for (const root of trees.roots)
      for (let level = 0; level < depth; level++) {
        const node = root + 2 * level
        trees.feature[node] = level
        trees.left[node] = node + 1
        trees.right[node] = node + 2
      }
    const kernels = instantiateKernels()
    if (!kernels) throw new Error('WebAssembly with SIMD is needed')
    const shap = compileTreeShapWasm(trees, depth, kernels)
    const leaves = count * (depth + 1)
    const single = kernels.memory.buffer.byteLength
    const X = { rows: 8, columns: depth, data: new Float64Array(8 * depth) }
    shap.explainRows(X, [0], new Float64Array(8 * depth))
    const batch = kernels.memory.buffer.byteLength
    console.log(
      `| ${leaves} | ${depth} | ${(single / leaves).toFixed(0)} | ${(batch / leaves).toFixed(0)} |`,
    )
  }
}

benchOutputs()
benchViews()
benchMemory()
