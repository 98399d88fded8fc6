/**
 * Reference numbers of scikit-learn, shap and xgboost. `GOLDEN_DIR=… node test/shap/golden.test.ts`
 * runs the same checks on another folder of the same format (test/fixtures/golden/README.md).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Matrix } from '../../src/data/matrix.ts'
import { kindOf } from '../../src/models/index.ts'
import type { ExplainerOffer, LinearSpec, ModelSpec, TreesSpec } from '../../src/models/model.ts'
import { compileInterventional } from '../../src/shap/interventional.ts'
import { compileTreeShap } from '../../src/shap/tree-shap.ts'
import { defaultExplainer, writeProbabilities } from '../models/ask-model.ts'
import { ensembleOutput } from '../trees/plain-trees.ts'

const TOLERANCE = 1e-9
const XGBOOST_TOLERANCE = 2e-5
const ADDITIVITY = 1e-12

const folder = process.env.GOLDEN_DIR ?? join(import.meta.dirname, '../fixtures/golden')

interface SklearnTree {
  children_left: number[]
  children_right: number[]
  feature: number[]
  threshold: number[]
  value: number[][]
  weighted_n_node_samples: number[]
}

interface XgboostTree {
  left_children: number[]
  right_children: number[]
  split_indices: number[]
  split_conditions: number[]
  default_left: (number | boolean)[]
  sum_hessian: number[]
}

/** SHAP values are [row][feature][output]. */
interface Explained {
  expected_value: number[]
  shap_values: number[][][]
}

interface Golden {
  kind: string
  n_features: number
  n_classes?: number
  X: (number | null)[][]
  trees: SklearnTree[]
  predict_proba: number[][]
  path_dependent: Explained
  interventional: Explained & { background: (number | null)[][] }
  /** Row numbers, and [row][feature][feature][output]. */
  interactions: { rows: number[]; values: number[][][][] }
  multi_class: string
  coef: number[][]
  intercept: number[]
  background: (number | null)[][]
  decision_function: number[] | number[][]
  linear_log_odds: { expected_value: number | number[]; shap_values: number[][][] }
  probability_exact?: { rows: number[]; expected_value: number[]; shap_values: number[][][] }
  base_score: number
  model: { learner: { gradient_booster: { model: { trees: XgboostTree[]; tree_info: number[] } } } }
  margin: number[]
  predict: number[]
  pred_contribs: number[][]
  /** Values are [row][feature + 1][feature + 1], the last of them the bias. */
  pred_interactions: { rows: number[]; values: number[][][] }
  interventional_margin: {
    background: (number | null)[][]
    expected_value: number
    shap_values: number[][]
  }
}

for (const file of readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .sort()) {
  t.test(file, (t) => {
    const golden = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Golden
    if (golden.kind === 'decision_tree' || golden.kind === 'random_forest') checkTrees(t, golden)
    else if (golden.kind === 'logistic_regression') checkLinear(t, golden)
    else if (golden.kind === 'xgboost') checkXgboost(t, golden)
    else t.fail(`unknown kind ${golden.kind}`)
    t.end()
  })
}

function checkTrees(t: Test, golden: Golden): void {
  const classes = golden.n_classes as number
  const spec = fromSklearn(golden)
  const { probabilities, explained } = evaluate(
    spec,
    golden,
    classes,
    Array.from({ length: classes }, (_, k) => k),
  )
  t.ok(distance(probabilities, golden.predict_proba) <= TOLERANCE, 'probabilities')
  t.ok(
    distance(explained.base, golden.path_dependent.expected_value) <= TOLERANCE,
    'expected values',
  )
  t.ok(distance(explained.phi, golden.path_dependent.shap_values) <= TOLERANCE, 'SHAP values')
  t.ok(explained.additivity <= ADDITIVITY, `additivity ${explained.additivity}`)
  const { interventional, interactions } = golden
  const against = explainAgainst(spec, golden, interventional.background)
  t.ok(distance(against.base, interventional.expected_value) <= TOLERANCE, 'mean output')
  t.ok(distance(against.phi, interventional.shap_values) <= TOLERANCE, 'interventional values')
  t.ok(against.additivity <= ADDITIVITY, `interventional additivity ${against.additivity}`)
  const pairs = interact(spec, golden, interactions.rows)
  t.ok(distance(pairs, interactions.values) <= TOLERANCE, 'interactions')
}

function checkLinear(t: Test, golden: Golden): void {
  const classes = golden.n_classes as number
  const scores = golden.coef.length
  const labels = scores === 1 ? [1] : Array.from({ length: classes }, (_, k) => k)
  const { probabilities, explained } = evaluate(
    fromLogisticRegression(golden),
    golden,
    classes,
    labels,
  )
  t.ok(distance(probabilities, golden.predict_proba) <= TOLERANCE, 'probabilities')
  t.ok(
    distance(explained.base, [golden.linear_log_odds.expected_value].flat()) <= TOLERANCE,
    'expected values',
  )
  t.ok(distance(explained.phi, golden.linear_log_odds.shap_values) <= TOLERANCE, 'SHAP values')
  t.ok(explained.additivity <= ADDITIVITY, `additivity ${explained.additivity}`)
  checkProbabilitySpace(t, golden)
}

/** SHAP values of the probabilities over the background: additive in all files, equal where the file has them. */
function checkProbabilitySpace(t: Test, golden: Golden): void {
  const { n_features: features, background, X, probability_exact: expected } = golden
  const classes = golden.n_classes as number
  const spec = fromLogisticRegression(golden)
  const offer = kindOf(spec)
    .offerExplainers(
      spec,
      { features, classes },
      {
        rows: background.length,
        columns: features,
        data: Float64Array.from((background as number[][]).flat()),
      },
    )
    .find(({ space }) => space === 'probability') as ExplainerOffer
  t.equal(offer.refusal, undefined)
  const explainer = offer.build()
  const labels = Array.from({ length: classes }, (_, k) => k)
  const base = labels.map((label) => explainer.baseValue(label))
  const rows = (expected?.rows ?? [0, 1]).map((row) => Float64Array.from(X[row] as number[]))
  const phi = rows.map((x) => {
    const values = new Float64Array(classes * features)
    explainer.explain(x, labels, values)
    for (const label of labels) {
      const own = values.subarray(label * features, (label + 1) * features)
      const sum = own.reduce((a, b) => a + b, base[label] as number)
      t.ok(Math.abs(sum - explainer.output(x, label)) <= ADDITIVITY, 'probabilities add up')
    }
    return Array.from({ length: features }, (_, j) =>
      labels.map((label) => values[label * features + j] as number),
    )
  })
  if (!expected) return
  t.ok(distance(base, expected.expected_value) <= TOLERANCE, 'expected probabilities')
  t.ok(distance(phi, expected.shap_values) <= TOLERANCE, 'SHAP values of probabilities')
}

function checkXgboost(t: Test, golden: Golden): void {
  const spec = fromXgboost(golden)
  const { probabilities, explained } = evaluate(spec, golden, 2, [1])
  t.ok(
    distance(
      probabilities.map((row) => row[1] as number),
      golden.predict,
    ) <= XGBOOST_TOLERANCE,
    'probabilities',
  )
  const contributions = explained.phi.map((row) => [
    ...row.map((value) => value[0] as number),
    explained.base[0] as number,
  ])
  t.ok(distance(contributions, golden.pred_contribs) <= XGBOOST_TOLERANCE, 'contributions')
  t.ok(explained.additivity <= ADDITIVITY, `additivity ${explained.additivity}`)
  const { interventional_margin: margin, pred_interactions: interactions } = golden
  const against = explainAgainst(spec, golden, margin.background)
  t.ok(distance(against.base, [margin.expected_value]) <= TOLERANCE, 'mean margin')
  t.ok(
    distance(
      against.phi.map((row) => row.map((value) => value[0] as number)),
      margin.shap_values,
    ) <= TOLERANCE,
    'interventional values',
  )
  t.ok(against.additivity <= ADDITIVITY, `interventional additivity ${against.additivity}`)
  const pairs = interact(spec, golden, interactions.rows).map((row) =>
    row.map((column) => column.map((value) => value[0] as number)),
  )
  const withoutBias = interactions.values.map((row) =>
    row.slice(0, -1).map((column) => column.slice(0, -1)),
  )
  t.ok(distance(pairs, withoutBias) <= XGBOOST_TOLERANCE, 'interactions')
}

/** Explains all rows of a file against its background; phi is [row][feature][output]. */
function explainAgainst(spec: TreesSpec, golden: Golden, background: (number | null)[][]) {
  const features = golden.n_features
  const outputs = Array.from({ length: spec.outputs }, (_, k) => k)
  const shap = compileInterventional(spec, features, matrixOf(background))
  const values = new Float64Array(golden.X.length * spec.outputs * features)
  shap.explainRows(matrixOf(golden.X), outputs, values)
  const scores = new Float64Array(spec.outputs)
  let additivity = 0
  const phi = golden.X.map((row, i) => {
    ensembleOutput(spec, numbersOf(row), scores)
    const own = outputs.map((k) =>
      values.subarray((i * spec.outputs + k) * features, (i * spec.outputs + k + 1) * features),
    )
    for (const k of outputs) {
      const base = shap.baseValues[k] as number
      const total = (own[k] as Float64Array).reduce((a, b) => a + b, base)
      additivity = Math.max(additivity, Math.abs(total - (scores[k] as number)))
    }
    return Array.from({ length: features }, (_, j) => own.map((of) => of[j] as number))
  })
  return { base: [...shap.baseValues], phi, additivity }
}

/** Interactions of the rows with the given numbers, [row][feature][feature][output]. */
function interact(spec: TreesSpec, golden: Golden, rows: readonly number[]): number[][][][] {
  const features = golden.n_features
  const outputs = Array.from({ length: spec.outputs }, (_, k) => k)
  const shap = compileTreeShap(spec, features)
  return rows.map((row) => {
    const out = new Float64Array(outputs.length * features * features)
    shap.interactions(numbersOf(golden.X[row] as (number | null)[]), outputs, out)
    return Array.from({ length: features }, (_, i) =>
      Array.from({ length: features }, (_, j) =>
        outputs.map((k) => out[(k * features + i) * features + j] as number),
      ),
    )
  })
}

function matrixOf(rows: readonly (readonly (number | null)[])[]): Matrix {
  const columns = rows[0]?.length ?? 0
  const data = Float64Array.from(rows.flat(), (value) => value ?? Number.NaN)
  return { rows: rows.length, columns, data }
}

function numbersOf(row: readonly (number | null)[]): Float64Array {
  return Float64Array.from(row, (value) => value ?? Number.NaN)
}

/** Predicts and explains all rows of a file; phi is [row][feature][output] as in the files. */
function evaluate(spec: ModelSpec, golden: Golden, classes: number, labels: number[]) {
  const features = golden.n_features
  const explainer = defaultExplainer(spec, { features, classes })
  const base = labels.map((label) => explainer.baseValue(label))
  let additivity = 0
  const probabilities: number[][] = []
  const phi = golden.X.map((row) => {
    const x = Float64Array.from(row, (value) => value ?? Number.NaN)
    const out = new Float64Array(classes)
    writeProbabilities(spec, x, out)
    probabilities.push([...out])
    const values = new Float64Array(labels.length * features)
    explainer.explain(x, labels, values)
    labels.forEach((label, k) => {
      const sum = values
        .subarray(k * features, (k + 1) * features)
        .reduce((a, b) => a + b, base[k] as number)
      additivity = Math.max(additivity, Math.abs(sum - explainer.output(x, label)))
    })
    return Array.from({ length: features }, (_, j) =>
      labels.map((_, k) => values[k * features + j] as number),
    )
  })
  return { probabilities, explained: { base, phi, additivity } }
}

function fromSklearn(golden: Golden): TreesSpec {
  const offsets: number[] = []
  let count = 0
  for (const tree of golden.trees) {
    offsets.push(count)
    count += tree.feature.length
  }
  const join = (pick: (tree: SklearnTree, offset: number) => number[]) =>
    golden.trees.flatMap((tree, i) => pick(tree, offsets[i] as number))
  const child = (children: number[], offset: number) =>
    children.map((node) => (node < 0 ? -1 : node + offset))
  return {
    kind: 'trees',
    roots: Int32Array.from(offsets),
    feature: Int32Array.from(join((tree) => tree.feature.map((feature) => Math.max(feature, -1)))),
    threshold: Float64Array.from(join((tree) => tree.threshold)),
    left: Int32Array.from(join((tree, offset) => child(tree.children_left, offset))),
    right: Int32Array.from(join((tree, offset) => child(tree.children_right, offset))),
    missingLeft: new Uint8Array(count),
    cover: Float64Array.from(join((tree) => tree.weighted_n_node_samples)),
    value: Float64Array.from(
      join((tree) => tree.value.flatMap((row) => row.map((v) => v / row.reduce((a, b) => a + b)))),
    ),
    outputs: golden.n_classes as number,
    base: new Float64Array(golden.n_classes as number),
    comparison: '<=',
    precision: 'float32',
    aggregation: 'mean',
    link: 'identity',
    vote: 'soft',
  }
}

function fromLogisticRegression(golden: Golden): LinearSpec {
  const background = golden.background as number[][]
  return {
    kind: 'linear',
    features: golden.n_features,
    coefficients: Float64Array.from(golden.coef.flat()),
    intercepts: Float64Array.from(golden.intercept),
    means: Float64Array.from(
      { length: golden.n_features },
      (_, j) => background.reduce((sum, row) => sum + (row[j] as number), 0) / background.length,
    ),
    link:
      golden.coef.length === 1 ? 'logit' : golden.multi_class === 'ovr' ? 'one_vs_rest' : 'softmax',
  }
}

function fromXgboost(golden: Golden): TreesSpec {
  const { trees } = golden.model.learner.gradient_booster.model
  const offsets: number[] = []
  let count = 0
  for (const tree of trees) {
    offsets.push(count)
    count += tree.left_children.length
  }
  const join = (pick: (tree: XgboostTree, offset: number) => number[]) =>
    trees.flatMap((tree, i) => pick(tree, offsets[i] as number))
  const child = (children: number[], offset: number) =>
    children.map((node) => (node < 0 ? -1 : node + offset))
  return {
    kind: 'trees',
    roots: Int32Array.from(offsets),
    feature: Int32Array.from(
      join((tree) =>
        tree.split_indices.map((f, i) => ((tree.left_children[i] as number) < 0 ? -1 : f)),
      ),
    ),
    threshold: Float64Array.from(join((tree) => tree.split_conditions.map(Math.fround))),
    left: Int32Array.from(join((tree, offset) => child(tree.left_children, offset))),
    right: Int32Array.from(join((tree, offset) => child(tree.right_children, offset))),
    missingLeft: Uint8Array.from(join((tree) => tree.default_left.map(Number))),
    cover: Float64Array.from(join((tree) => tree.sum_hessian)),
    value: Float64Array.from(join((tree) => tree.split_conditions.map(Math.fround))),
    outputs: 1,
    base: Float64Array.of(Math.log(golden.base_score / (1 - golden.base_score))),
    comparison: '<',
    precision: 'float32',
    aggregation: 'sum',
    link: 'logit',
    vote: 'soft',
  }
}

type Nested = number | readonly Nested[]

/** Largest absolute difference of two nested lists of the same shape. */
function distance(a: Nested, b: Nested): number {
  if (typeof a === 'number' && typeof b === 'number')
    return Number.isNaN(a - b) ? Number.POSITIVE_INFINITY : Math.abs(a - b)
  if (typeof a === 'number' || typeof b === 'number' || a.length !== b.length)
    return Number.POSITIVE_INFINITY
  return a.reduce<number>((most, value, i) => Math.max(most, distance(value, b[i] as Nested)), 0)
}
