/** The mljs engine: the libraries' own answers as the oracle, and the defects that the adapters mend. */
import { type CartNode, DecisionTreeClassifier } from 'ml-cart'
import LogisticRegression from 'ml-logistic-regression'
import { Matrix as MlMatrix } from 'ml-matrix'
import { RandomForestClassifier } from 'ml-random-forest'
import t, { type Test } from 'tap'
import { type Matrix, rowOf } from '../../src/data/matrix.ts'
import { createRandom } from '../../src/data/random.ts'
import { toTreesSpec } from '../../src/estimators/mljs/cart-tree.ts'
import { decisionTree } from '../../src/estimators/mljs/decision-tree.ts'
import { logisticRegression } from '../../src/estimators/mljs/logistic-regression.ts'
import { randomForest } from '../../src/estimators/mljs/random-forest.ts'
import type { LinearSpec, TreesSpec } from '../../src/models/model.ts'
import { accuracy, bytesOf, fit, indexOfLargest, type Labelled, predict } from '../contract.ts'

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
    t.strictSame([...spec.cover], countRows(spec, data.X), `${name}: covers are the rows routed`)
    for (const root of spec.roots) t.equal(spec.cover[root], data.X.rows, 'all of them at the root')
    t.ok(
      spec.cover.every((cover) => cover > 0),
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

t.test('defect: ml-logistic-regression has no intercept', async (t) => {
  // One positive feature, classes divided at 10: no line through zero tells them apart.
  const data = {
    X: matrix(...[6, 7, 8, 9, 11, 12, 13, 14].map((x) => [x])),
    y: Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1),
    classes: 2,
  }
  const library = trainLogistic(data, 5000, 0.01)
  t.strictNotSame(library.predict(toMlMatrix(data.X)), [...data.y], 'the library cannot learn it')
  const spec = await fitLinear(data, { max_iter: 5000 })
  t.equal(accuracy(spec, data), 1, 'ours can')
  const boundary = -(spec.intercepts[0] as number) / (spec.coefficients[0] as number)
  t.ok(Math.abs(boundary - 10) < 0.5, 'with its boundary near 10', { boundary })
})

t.test('defect: ml-logistic-regression codes the class itself as 0', async (t) => {
  const data = { X: matrix([-2], [-1], [1], [2]), y: Int32Array.of(0, 0, 1, 1), classes: 2 }
  const library = trainLogistic(data, 100, 0.1)
  const weight = library.classifiers[1]?.weights.get(0, 0) ?? Number.NaN
  t.ok(weight < 0, "the library's weight of class 1 falls where class 1 rises", { weight })
  const spec = await fitLinear(data)
  t.ok((spec.coefficients[0] as number) > 0, 'ours rises')
  t.ok((predict(spec, Float64Array.of(2), 2)[1] as number) > 0.9)
  t.ok((predict(spec, Float64Array.of(-2), 2)[1] as number) < 0.1)
})

t.test('defect: ml-logistic-regression does not divide the gradient by the rows', async (t) => {
  const data = noisy(2, 40)
  const twice = { ...data, X: matrix(...rowsOf(data.X), ...rowsOf(data.X)), y: repeat(data.y) }
  const [once, again] = [data, twice].map((part) => trainLogistic(part, 30, 0.001))
  const weight = (library: LogisticRegression | undefined) =>
    library?.classifiers[0]?.weights.get(0, 0) ?? Number.NaN
  t.ok(Math.abs(weight(again) / weight(once) - 1) > 0.05, 'twice the rows, another step')
  const params = { max_iter: 30, learning_rate: 0.3 }
  isClose(
    t,
    await fitLinear(twice, params),
    await fitLinear(data, params),
    1e-12,
    'ours is the same',
  )
})

t.test('logistic regression descends the mean log loss, with an intercept', async (t) => {
  for (const classes of [2, 3]) {
    const data = noisy(classes, 60)
    const params = { max_iter: 40, learning_rate: 0.2 }
    const labels = classes === 2 ? [1] : [0, 1, 2]
    const expected = labels.map((label) => descend(data, label, 40, 0.2))
    isClose(
      t,
      await fitLinear(data, params),
      {
        coefficients: expected.flatMap((weights) => weights.slice(0, -1)),
        intercepts: expected.map((weights) => weights.at(-1) as number),
      },
      1e-12,
      `${classes} classes, 40 steps`,
    )
  }
})

t.test('enough steps of logistic regression reach the maximum of the likelihood', async (t) => {
  const data = noisy(2, 120)
  const spec = await fitLinear(data, { max_iter: 20_000 })
  const weights = [...spec.coefficients, spec.intercepts[0] as number]
  const steepest = Math.max(...gradient(data, 1, weights).map(Math.abs))
  t.ok(steepest < 1e-8, 'the gradient of the mean log loss is zero there', { steepest })
  t.strictSame([...spec.means], means(data.X), 'the background of SHAP values is the mean row')
})

t.test('the default step of logistic regression never increases the loss', async (t) => {
  const random = createRandom(5, 210)
  const flip = (rate: number) => Number(random.uniform() < rate)
  const signs = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 1 : -1))
  const cases: Record<string, Labelled> = {
    'independent columns': noisy(2, 100),
    // The columns cancel each other: their sum says nothing of how far a step goes.
    'columns that are each other negated': {
      X: matrix(...signs.map((s) => [s, -s, s, -s, s, -s, s, -s])),
      y: Int32Array.from(signs, (s) => flip(s > 0 ? 0.6 : 0.4)),
      classes: 2,
    },
    'columns of very different size': {
      X: matrix(...signs.map((s) => [s * 1000 * random.uniform(), random.uniform()])),
      y: Int32Array.from(signs, (s) => flip(s > 0 ? 0.6 : 0.4)),
      classes: 2,
    },
  }
  for (const [name, data] of Object.entries(cases)) {
    const losses: number[] = []
    for (const max_iter of [1, 2, 3, 5, 10, 20, 50]) {
      const spec = await fitLinear(data, { max_iter })
      losses.push(logLoss(data, [...spec.coefficients, spec.intercepts[0] as number]))
    }
    t.ok(
      losses.every((loss, i) => loss <= (losses[i - 1] ?? Math.LN2) + 1e-12),
      name,
      { losses },
    )
  }
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

async function fitLinear(
  data: Labelled,
  params: Readonly<Record<string, unknown>> = {},
): Promise<LinearSpec> {
  const spec = await fit(logisticRegression, data, {}, params)
  if (spec.kind !== 'linear') throw new Error(`it made a ${spec.kind} model`)
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

function trainLogistic({ X, y }: Labelled, steps: number, rate: number): LogisticRegression {
  const library = new LogisticRegression({ numSteps: steps, learningRate: rate })
  library.train(toMlMatrix(X), MlMatrix.columnVector([...y]))
  return library
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

/** Weights, the intercept last, after steps of gradient descent from zero. */
function descend(data: Labelled, label: number, steps: number, rate: number): number[] {
  let weights = new Array<number>(data.X.columns + 1).fill(0)
  for (let step = 0; step < steps; step++) {
    const slope = gradient(data, label, weights)
    weights = weights.map((weight, j) => weight - rate * (slope[j] as number))
  }
  return weights
}

/** Gradient of the mean log loss of one class against the others. */
function gradient({ X, y }: Labelled, label: number, weights: readonly number[]): number[] {
  const slope = weights.map(() => 0)
  rowsOf(X).forEach((x, row) => {
    const error = 1 / (1 + Math.exp(-scoreOf(x, weights))) - Number(y[row] === label)
    for (const [j, number] of [...x, 1].entries())
      slope[j] = (slope[j] as number) + (error * number) / X.rows
  })
  return slope
}

function logLoss({ X, y }: Labelled, weights: readonly number[]): number {
  const losses = rowsOf(X).map((x, row) =>
    Math.log1p(Math.exp((y[row] === 1 ? -1 : 1) * scoreOf(x, weights))),
  )
  return losses.reduce((sum, loss) => sum + loss, 0) / X.rows
}

function scoreOf(x: Float64Array, weights: readonly number[]): number {
  return [...x, 1].reduce((sum, number, j) => sum + number * (weights[j] as number), 0)
}

function means(X: Matrix): number[] {
  return Array.from({ length: X.columns }, (_, j) =>
    rowsOf(X).reduce((sum, x) => sum + (x[j] as number) / X.rows, 0),
  )
}

/** Rows of five columns whose classes overlap, so that no model is without a mistake. */
function noisy(classes: number, rows: number, seed = 1): Labelled {
  const random = createRandom(seed, 211)
  const y = Int32Array.from({ length: rows }, (_, row) => row % classes)
  const X = matrix(
    ...Array.from(y, (label) => [
      label + 2.5 * random.uniform(),
      random.uniform() - label * random.uniform(),
      // Few different values, so that thresholds meet them.
      random.below(4),
      random.uniform(),
      (label % 2) + random.below(3),
    ]),
  )
  return { X, y, classes }
}

function matrix(...rows: readonly ArrayLike<number>[]): Matrix {
  const data = Float64Array.from(rows.flatMap((row) => Array.from(row)))
  return { rows: rows.length, columns: data.length / rows.length, data }
}

function rowsOf(X: Matrix): Float64Array[] {
  return Array.from({ length: X.rows }, (_, row) => rowOf(X, row))
}

function toMlMatrix(X: Matrix): MlMatrix {
  return new MlMatrix(rowsOf(X).map((row) => [...row]))
}

function repeat(values: Int32Array): Int32Array {
  return Int32Array.from([...values, ...values])
}

function isClose(
  t: Test,
  found: { coefficients: ArrayLike<number>; intercepts: ArrayLike<number> },
  wanted: { coefficients: ArrayLike<number>; intercepts: ArrayLike<number> },
  tolerance: number,
  name: string,
): void {
  const [a, b] = [found, wanted].map(({ coefficients, intercepts }) => [
    ...Array.from(coefficients),
    ...Array.from(intercepts),
  ])
  const difference = Math.max(...(a ?? []).map((x, i) => Math.abs(x - (b?.[i] ?? Number.NaN))))
  t.ok(a?.length === b?.length && difference <= tolerance, name, { difference })
}
