/** Trees and forests of the mljs engine: the libraries' own answers as the oracle, and the defects that the adapters mend. */
import { type CartNode, DecisionTreeClassifier } from 'ml-cart'
import { RandomForestClassifier } from 'ml-random-forest'
import t from 'tap'
import type { Matrix } from '../../../src/data/matrix.ts'
import { toTreesSpec } from '../../../src/estimators/mljs/cart-tree.ts'
import { decisionTree } from '../../../src/estimators/mljs/decision-tree.ts'
import { randomForest } from '../../../src/estimators/mljs/random-forest.ts'
import type { TreesSpec } from '../../../src/models/model.ts'
import { bytesOf, fit, indexOfLargest, type Labelled, predict } from '../../contract.ts'
import { coversOf } from '../../models/ask-model.ts'
import { matrix, noisy, rowsOf, toMlMatrix } from './rows.ts'

/** ml-cart's options that the default parameters of the forest mean. */
const cart = { gainFunction: 'gini', maxDepth: 11, minNumSamples: 3, gainThreshold: 0.01 } as const

t.test('a decision tree answers as ml-cart does', async (t) => {
  for (const classes of [2, 3, 5]) {
    const data = noisy(classes, 150)
    const library = new DecisionTreeClassifier(cart)
    library.train(toMlMatrix(data.X), [...data.y])
    const spec = await fitTrees('decision_tree', data, { max_depth: 11 })
    t.equal(spec.roots.length, 1)
    for (const X of [data.X, noisy(classes, 300, 2).X]) {
      const said = rowsOf(X).map((x) => indexOfLargest(predict(spec, x, classes)))
      t.strictSame(said, library.predict(toMlMatrix(X)), `${classes} classes, ${X.rows} rows`)
    }
  }
  t.end()
})

t.test('every tree of a forest votes as it does in ml-random-forest', (t) => {
  for (const options of [
    {},
    { replacement: true },
    { maxFeatures: 2 },
    { useSampleBagging: false, maxFeatures: 3 },
  ]) {
    const data = noisy(3, 90)
    const forest = trainForest(data, options)
    const others = noisy(3, 200, 2).X
    const votes = forest.predictionValues(toMlMatrix(others))
    const name = JSON.stringify(options)
    for (const vote of ['hard', 'soft'] as const) {
      const single = partsOf(forest).map((part) => toTreesSpec([part], data.X, 3, vote))
      const ours = rowsOf(others).map((x) => single.map((s) => indexOfLargest(predict(s, x, 3))))
      t.strictSame(ours, votes.to2DArray(), `${name}: every tree's ${vote} vote`)
    }
    const spec = toTreesSpec(partsOf(forest), data.X, 3, 'hard')
    const decided = rowsOf(others).flatMap((x, row) => {
      const counts = [0, 1, 2].map((k) => votes.getRow(row).filter((vote) => vote === k).length)
      const most = Math.max(...counts)
      return counts.filter((count) => count === most).length === 1 ? [{ x, row }] : []
    })
    t.ok(decided.length > others.rows / 2, 'most rows are not ties')
    const library = forest.predict(toMlMatrix(others))
    t.strictSame(
      decided.map(({ x }) => indexOfLargest(predict(spec, x, 3))),
      decided.map(({ row }) => library[row]),
      `${name}: the forest's class, except where votes tie`,
    )
  }
  t.end()
})

t.test('a forest that samples no rows is one tree, many times', async (t) => {
  // One column: among several, equally good splits would be found in the order of the columns drawn.
  const firstColumn = ({ X, ...rest }: Labelled) => ({
    ...rest,
    X: matrix(...rowsOf(X).map((x) => x.subarray(0, 1))),
  })
  const data = firstColumn(noisy(3, 90))
  const params = { max_depth: 5, min_samples_split: 6, min_impurity_decrease: 0.02 }
  const tree = await fitTrees('decision_tree', data, params)
  const forest = await fitTrees('random_forest', data, {
    ...params,
    n_estimators: 4,
    bootstrap: false,
    voting: 'soft',
  })
  t.equal(forest.feature.length, 4 * tree.feature.length)
  for (const x of rowsOf(firstColumn(noisy(3, 40, 2)).X))
    t.strictSame([...predict(forest, x, 3)], [...predict(tree, x, 3)], 'the same probabilities')
})

t.test('the parameters of trees mean what they say', async (t) => {
  const data = noisy(3, 120)
  for (const max_depth of [1, 2, 5]) {
    const spec = await fitTrees('decision_tree', data, { max_depth })
    t.equal(Math.max(...pathsOf(spec).map(({ length }) => length)), max_depth, `depth ${max_depth}`)
  }
  const four = { X: matrix([0], [1], [2], [3]), y: Int32Array.of(0, 0, 1, 1), classes: 2 }
  for (const [min_samples_split, nodes] of [
    [2, 3],
    [4, 3],
    [5, 1],
  ] as const) {
    const spec = await fitTrees('decision_tree', four, { min_samples_split })
    t.equal(spec.feature.length, nodes, `4 rows with min_samples_split ${min_samples_split}`)
  }
  for (const [min_impurity_decrease, nodes] of [
    [0.49, 3],
    [0.5, 1],
  ] as const) {
    // The one split takes the Gini impurity from 0.5 to 0.
    const spec = await fitTrees('decision_tree', four, { min_impurity_decrease })
    t.equal(spec.feature.length, nodes, `min_impurity_decrease ${min_impurity_decrease}`)
  }
  for (const [max_features, most] of [
    [1, 1],
    ['1', 1],
    [0.5, 2],
    ['sqrt', 2],
    ['log2', 2],
    [3, 3],
    [99, 5],
    ['all', 5],
  ] as const) {
    const spec = await fitTrees('random_forest', data, { max_features, n_estimators: 12 })
    const used = Array.from(spec.roots, (root, i) => {
      const end = spec.roots[i + 1] ?? spec.feature.length
      return new Set(spec.feature.subarray(root, end).filter((feature) => feature >= 0)).size
    })
    t.equal(Math.max(...used), most, `max_features ${max_features} of 5`)
  }
  const forests = [1, 2].map((seed) =>
    fit(randomForest, data, { seed }, { n_estimators: 2 }).then(bytesOf),
  )
  const [one, two] = await Promise.all(forests)
  t.strictNotSame(one, two, 'another seed gives another forest')
  const hard = await fitTrees('random_forest', data, { voting: 'hard', n_estimators: 3 })
  const soft = await fitTrees('random_forest', data, { voting: 'soft', n_estimators: 3 })
  t.ok(
    hard.value.every((share) => share === 0 || share === 1),
    'a hard vote is for one class',
  )
  t.notOk(
    soft.value.every((share) => share === 0 || share === 1),
    'a soft vote is shared',
  )
  t.strictSame([hard.vote, soft.vote], ['hard', 'soft'], 'the model says how it votes')
})

t.test('a training of more than 3000 rows is announced to be slow', async (t) => {
  const warnings: string[] = []
  const warn = (message: string) => warnings.push(message)
  const rows = (count: number): Labelled => ({
    X: matrix(...Array.from({ length: count }, (_, i) => [i])),
    y: Int32Array.from({ length: count }, (_, i) => Number(i >= count / 2)),
    classes: 2,
  })
  await fit(decisionTree, rows(3000), { warn }, { max_depth: 1 })
  t.same(warnings, [])
  await fit(decisionTree, rows(3001), { warn }, { max_depth: 1 })
  t.match(warnings, [/quadratic in rows: about \d+ s for 3001 rows, 1 features, 1 trees/])
})

t.test('defect: ml-random-forest.predictProbability lacks a start value', async (t) => {
  const data = noisy(2, 90)
  const forest = trainForest(data, {})
  const votes = forest.predictionValues(toMlMatrix(data.X)).to2DArray()
  const shares = votes.map((row) => row.filter((vote) => vote === 1).length / row.length)
  const library = forest.predictProbability(toMlMatrix(data.X).to2DArray(), 1)
  t.ok(
    library.some((p, row) => Math.abs(p - (shares[row] as number)) > 0.05),
    'the library counts the first vote as a number',
  )
  const spec = toTreesSpec(partsOf(forest), data.X, 2, 'hard')
  const ours = rowsOf(data.X).map((x) => predict(spec, x, 2)[1] as number)
  t.ok(
    ours.every((p, row) => Math.abs(p - (shares[row] as number)) <= 1e-12),
    'ours are the shares of votes',
  )
})

t.test('defect: ml-cart cuts a leaf at the highest class seen in it', async (t) => {
  // The first rows are of class 0 only, the last of class 2 only; class 1 is in between.
  const data = {
    X: matrix([0], [1], [2], [3], [10], [11], [12], [13], [20], [21], [22], [23]),
    y: Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2),
    classes: 3,
  }
  const library = new DecisionTreeClassifier(cart)
  library.train(toMlMatrix(data.X), [...data.y])
  const lengths = leavesOf(library.root).map(({ distribution }) => distribution?.columns)
  t.strictSame(lengths.sort(), [1, 2, 3], "the library's leaves have different lengths")
  const spec = await fitTrees('decision_tree', data)
  for (const [x, expected] of [
    [0, [1, 0, 0]],
    [11, [0, 1, 0]],
    [25, [0, 0, 1]],
  ] as const) {
    t.strictSame([...predict(spec, Float64Array.of(x), 3)], expected, `all classes at ${x}`)
  }
})

t.test('defect: ml-cart keeps no counts in its leaves', async (t) => {
  const data = noisy(3, 60)
  const library = new DecisionTreeClassifier(cart)
  library.train(toMlMatrix(data.X), [...data.y])
  for (const leaf of leavesOf(library.root)) {
    const numbers = Object.entries(leaf).filter(([, value]) => Number.isInteger(value))
    const names = numbers.map(([name]) => name)
    t.notOk(names.includes('numberSamples') && !('splitColumn' in leaf), 'no count of rows')
  }
  for (const [name, spec] of [
    ['tree', await fitTrees('decision_tree', data)],
    ['forest', await fitTrees('random_forest', data, { n_estimators: 5 })],
  ] as const) {
    t.strictSame(
      [...coversOf(spec)],
      countRows(spec, data.X),
      `${name}: covers are the rows routed`,
    )
    for (const root of spec.roots)
      t.equal(coversOf(spec)[root], data.X.rows, 'all of them at the root')
    t.ok(
      coversOf(spec).every((cover) => cover > 0),
      'no leaf is empty',
    )
  }
})

t.test('defect: ml-random-forest with replacement lists a column twice', async (t) => {
  const data = noisy(2, 90)
  const forest = trainForest(data, { replacement: true, maxFeatures: 5, nEstimators: 12 })
  const parts = partsOf(forest)
  t.ok(
    parts.some(({ features }) => new Set(features).size < features.length),
    'a tree has a column twice',
  )
  const votes = forest.predictionValues(toMlMatrix(data.X)).to2DArray()
  parts.forEach((part, i) => {
    const spec = toTreesSpec([part], data.X, 2, 'hard')
    t.ok(
      spec.feature.every((feature) => feature < 0 || part.features.includes(feature)),
      'splits are on the features behind the columns',
    )
    t.strictSame(
      rowsOf(data.X).map((x) => indexOfLargest(predict(spec, x, 2))),
      votes.map((row) => row[i]),
      `tree ${i + 1} answers as in the library`,
    )
  })
})

async function fitTrees(
  name: 'decision_tree' | 'random_forest',
  data: Labelled,
  params: Readonly<Record<string, unknown>> = {},
): Promise<TreesSpec> {
  const spec = await fit(name === 'decision_tree' ? decisionTree : randomForest, data, {}, params)
  if (spec.kind !== 'trees') throw new Error(`${name} made a ${spec.kind} model`)
  return spec
}

function trainForest(
  { X, y }: Labelled,
  options: Partial<{
    replacement: boolean
    maxFeatures: number
    useSampleBagging: boolean
    nEstimators: number
  }>,
): RandomForestClassifier {
  const forest = new RandomForestClassifier({
    seed: 3,
    nEstimators: 9,
    maxFeatures: 4,
    replacement: false,
    useSampleBagging: true,
    noOOB: true,
    treeOptions: cart,
    ...options,
  })
  forest.train(toMlMatrix(X).to2DArray(), [...y])
  return forest
}

/** The trees of a forest as the adapter takes them. */
function partsOf(forest: RandomForestClassifier): { root: CartNode; features: number[] }[] {
  const { estimators, indexes } = forest as unknown as {
    estimators: { root: CartNode }[]
    indexes: number[][]
  }
  return estimators.map(({ root }, i) => ({ root, features: indexes[i] ?? [] }))
}

function leavesOf(node: CartNode): CartNode[] {
  return node.left && node.right ? [...leavesOf(node.left), ...leavesOf(node.right)] : [node]
}

/** The features asked on the way to every leaf. */
function pathsOf(spec: TreesSpec): number[][] {
  const visit = (node: number): number[][] => {
    const feature = spec.feature[node] as number
    if (feature < 0) return [[]]
    const below = [spec.left[node], spec.right[node]].flatMap((child) => visit(child as number))
    return below.map((path) => [feature, ...path])
  }
  return [...spec.roots].flatMap(visit)
}

/** How many rows come to every node when each row is sent down anew: values below the threshold go left. */
function countRows(spec: TreesSpec, X: Matrix): number[] {
  const counts = new Array<number>(spec.feature.length).fill(0)
  for (const x of rowsOf(X)) {
    for (const root of spec.roots) {
      let node = root
      for (;;) {
        counts[node] = (counts[node] as number) + 1
        const feature = spec.feature[node] as number
        if (feature < 0) break
        const isBelow = (x[feature] as number) < (spec.threshold[node] as number)
        node = (isBelow ? spec.left[node] : spec.right[node]) as number
      }
    }
  }
  return counts
}
