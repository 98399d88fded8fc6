/** ONNX: conditions, operators before the classifier, refusals, bytes that are no file. */
import t from 'tap'
import type { Cell } from '../../src/data/frame.ts'
import { draftImport, type ModelWords } from '../../src/import/build-artifact.ts'
import type { ReadOptions } from '../../src/import/imported-model.ts'
import { readModelFile } from '../../src/import/index.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { type Attributes, file, line, message, operator, stump } from './onnx-files.ts'

function load(bytes: Uint8Array, options: ReadOptions = {}, words: Partial<ModelWords> = {}) {
  const model = readModelFile(bytes, 'model.onnx', 'auto', options)
  return draftImport(model, { target: 'label', ...words }, '0'.repeat(64))
}

function predict(bytes: Uint8Array, rows: readonly (readonly Cell[])[], options: ReadOptions = {}) {
  const artifact = load(bytes, options)
  const frame = frameOfCells(artifact.preprocessor.inputs, rows)
  const { probabilities } = buildPredictor(artifact).predict(frame)
  return rows.map((_, i) => probabilities[2 * i + 1]!)
}

const tree = (changes: Attributes = {}) =>
  file([operator('TreeEnsembleClassifier', ['X'], 'label', { ...stump, ...changes })], 2)
const linear = (changes: Attributes = {}) =>
  file([operator('LinearClassifier', ['X'], 'label', { ...line, ...changes })], 2)

t.test('every condition, and where missing values go', (t) => {
  const rows = [
    [1, 0],
    [1.5, 0],
    [1.5 + 1e-9, 0],
    [2, 0],
    [null, 0],
  ]
  const cases: readonly [string, number, readonly number[]][] = [
    ['BRANCH_LEQ', 0, [0.25, 0.25, 0.25, 0.75, 0.75]],
    ['BRANCH_LEQ', 1, [0.25, 0.25, 0.25, 0.75, 0.25]],
    ['BRANCH_LT', 0, [0.25, 0.75, 0.75, 0.75, 0.75]],
    ['BRANCH_LT', 1, [0.25, 0.75, 0.75, 0.75, 0.25]],
    ['BRANCH_GT', 0, [0.75, 0.75, 0.75, 0.25, 0.75]],
    ['BRANCH_GT', 1, [0.75, 0.75, 0.75, 0.25, 0.25]],
    ['BRANCH_GTE', 0, [0.75, 0.25, 0.25, 0.25, 0.75]],
    ['BRANCH_GTE', 1, [0.75, 0.25, 0.25, 0.25, 0.25]],
  ]
  for (const [mode, tracks, wanted] of cases) {
    const changes = {
      nodes_modes: [mode, 'LEAF', 'LEAF'],
      nodes_missing_value_tracks_true: [tracks, 0, 0],
    }
    t.strictSame(predict(tree(changes), rows, { allowMissing: true }), wanted, `${mode} ${tracks}`)
    const [input] = load(tree(changes)).preprocessor.inputs
    t.equal(input?.nullable, tracks === 1, 'missing values are refused where no split knows them')
  }
  t.end()
})

t.test('it predicts without covers, and says why it does not explain', (t) => {
  const artifact = load(tree())
  t.match(buildPredictor(artifact).offers[0]?.refusal, /which this model does not hold/)
  t.strictSame(artifact.params, { objective: 'TreeEnsembleClassifier', producer: 'test 1.0' })
  t.strictSame(artifact.classes, ['a', 'b'])
  t.strictSame(
    artifact.preprocessor.inputs.map(({ name }) => name),
    ['X0', 'X1'],
  )
  t.end()
})

t.test(
  'two scores of a linear model are one; a softmax over two is a sigmoid of their difference',
  (t) => {
    const sigmoid = (z: number) => 1 / (1 + Math.exp(-z))
    const x = [0.1, 0.7]
    const rounded = x.map(Math.fround) as [number, number]
    const margin = rounded[0] + 2 * rounded[1] + 0.5
    t.ok(Math.abs(predict(linear(), [x])[0]! - sigmoid(margin)) < 1e-15)
    const twice = predict(linear({ post_transform: 'SOFTMAX' }), [x])[0]!
    t.ok(Math.abs(twice - sigmoid(2 * margin)) < 1e-15)
    t.end()
  },
)

t.test('operators before the classifier', (t) => {
  const scaler = operator('Scaler', ['X'], 's', { offset: [0.1, 0], scale: [3, 1] })
  const imputer = operator('Imputer', ['s'], 'i', { imputed_value_floats: [9] })
  const behind = operator('TreeEnsembleClassifier', ['i'], 'label', stump)
  // (x − 0.1) · 3 in single precision is above 1.5 where it is not in double precision.
  const x = 0.6000000001
  const single = Math.fround(Math.fround(Math.fround(x) - Math.fround(0.1)) * 3)
  const [answer] = predict(file([scaler, operator('Identity', ['s'], 'i'), behind], 2), [[x, 0]])
  t.equal(answer, single <= 1.5 ? 0.25 : 0.75)
  const scales = [3, 1]
  const offsets = [-0.3, 5]
  const lists = { a: scales, b: offsets, c: [1], d: [1, 2, 3] }
  const [mul, add] = [operator('Mul', ['X', 'a'], 's'), operator('Add', ['s', 'b'], 'i')]
  for (const x of [0.6, 0.6000000001, 0.5999999]) {
    const made = Math.fround(Math.fround(Math.fround(x) * 3) + Math.fround(-0.3))
    const [answer] = predict(file([mul, add, behind], 2, {}, lists), [[x, 0]])
    t.equal(answer, made <= 1.5 ? 0.25 : 0.75, 'a constant for each feature, in single precision')
  }
  t.throws(() => load(file([operator('Mul', ['X', 'd'], 'i'), behind], 2, {}, lists)), {
    message: /operator Mul \(node 0\) has 3 numbers for 2 features/,
  })
  t.throws(() => load(file([operator('Div', ['X', 'a'], 'i'), behind], 2, {}, lists)), {
    message: /operator Div \(node 0\) on numbers in single precision is not read/,
  })
  const ends = { low: [0], high: [1], wide: [1, 2], none: [], open: [Number.POSITIVE_INFINITY] }
  const clips: readonly [low: string, high: string, message: RegExp][] = [
    ['wide', 'high', /operator Clip \(node 0\) has 2 numbers as its minimum, not one$/],
    ['low', 'wide', /operator Clip \(node 0\) has 2 numbers as its maximum, not one$/],
    ['low', 'none', /has 0 numbers as its maximum, not one$/],
    ['low', 'open', /with one end is not read$/],
    ['low', 'high', /on numbers in single precision is not read$/],
  ]
  for (const [low, high, message] of clips) {
    const clip = operator('Clip', ['X', low, high], 'i')
    t.throws(() => load(file([clip, behind], 2, {}, ends)), { message }, `Clip ${low} ${high}`)
  }
  const gather = (axis: number) =>
    file([operator('Gather', ['X', 'c'], 'i', { axis }), behind], 2, {}, lists)
  t.strictSame(predict(gather(-1), [[1]]), [0.25], 'the last axis is that of the features')
  t.equal(load(gather(-1)).preprocessor.inputs[0]?.name, 'X1')
  t.throws(() => load(gather(0)), { message: /chooses rows, which is not read/ })
  t.throws(() => load(file([scaler, imputer, behind], 2)), {
    message: /replaces numbers other than NaN/,
  })
  const coded = operator('LabelEncoder', ['X'], 'c', {
    keys_int64s: [7, 3],
    values_int64s: [1, 0],
  })
  const artifact = load(file([coded, operator('TreeEnsembleClassifier', ['c'], 'label', stump)], 2))
  t.strictSame(artifact.preprocessor.steps[0]?.chain, [
    { kind: 'ordinal_encoder', categories: [3, 7], missing: -1, unknown: -1 },
  ])
  t.end()
})

t.test('what is refused, and how', (t) => {
  const cases: readonly [string, () => unknown, RegExp][] = [
    [
      'an operator',
      () =>
        load(
          file(
            [
              operator('TfIdfVectorizer', ['X'], 'v'),
              operator('TreeEnsembleClassifier', ['v'], 'l', stump),
            ],
            2,
          ),
        ),
      /^operator TfIdfVectorizer \(node 0\) is not read$/,
    ],
    [
      'an operator behind',
      () =>
        load(
          file(
            [
              operator('TreeEnsembleClassifier', ['X'], 'l', stump),
              operator('Softmax', ['l'], 'p'),
            ],
            2,
          ),
        ),
      /operator Softmax \(node 1\) behind the classifier is not read/,
    ],
    [
      'a regression',
      () => load(file([operator('TreeEnsembleRegressor', ['X'], 'l')], 2)),
      /operator TreeEnsembleRegressor \(node 0\) is not read; the file has 0 classifiers/,
    ],
    [
      'two classifiers',
      () =>
        load(
          file(
            [
              operator('LinearClassifier', ['X'], 'l', line),
              operator('LinearClassifier', ['X'], 'm', line),
            ],
            2,
          ),
        ),
      /has 2 classifiers/,
    ],
    [
      'equality',
      () => load(tree({ nodes_modes: ['BRANCH_EQ', 'LEAF', 'LEAF'] })),
      /splits by "BRANCH_EQ", which is not read/,
    ],
    [
      'a transform',
      () => load(tree({ post_transform: 'PROBIT' })),
      /post_transform "PROBIT" is not read/,
    ],
    [
      'votes that are no shares',
      () => load(tree({ class_weights: [-0.25, 0.75] })),
      /votes that are no shares/,
    ],
    [
      'a cycle',
      () => load(tree({ nodes_truenodeids: [0, 0, 0] })),
      /tree 0, node 0 has two parents/,
    ],
    ['a child', () => load(tree({ nodes_truenodeids: [9, 0, 0] })), /tree 0 has no node 9/],
    ['a node twice', () => load(tree({ nodes_nodeids: [0, 1, 1] })), /tree 0 has the node 1 twice/],
    ['a vote', () => load(tree({ class_nodeids: [1, 9] })), /a vote is for node 9 of tree 0/],
    ['a class', () => load(tree({ class_ids: [0, 5] })), /votes for class 5 of 2/],
    ['a feature', () => load(tree({ nodes_featureids: [2, 0, 0] })), /asks feature 2 of 2/],
    [
      'lists of other lengths',
      () => load(tree({ nodes_values: [1] })),
      /nodes_values has 1 entries, expected 3/,
    ],
    [
      'a threshold',
      () => load(tree({ nodes_values: [Number.NaN, 0, 0] })),
      /has the threshold NaN/,
    ],
    [
      'scores without a link',
      () => load(linear({ post_transform: 'NONE' })),
      /gives no probabilities/,
    ],
    ['two scores', () => load(linear({ intercepts: [1, 1] })), /not the negative of the other/],
    [
      'coefficients',
      () => load(linear({ coefficients: [1, 2, 3] })),
      /3 coefficients and 2 intercepts/,
    ],
    [
      'features without end',
      () => {
        const double = (from: string, to: string) =>
          operator('FeatureVectorizer', new Array(1000).fill(from), to)
        load(
          file(
            [double('X', 'a'), double('a', 'b'), operator('LinearClassifier', ['b'], 'l', line)],
            2,
          ),
        )
      },
      /operator FeatureVectorizer \(node 1\) makes 2000000 features/,
    ],
    ['functions', () => load(file([], 2, { 25: ['x'] })), /defines functions of its own/],
    ['a training', () => load(file([], 2, { 20: ['x'] })), /holds a training/],
    ['no graph', () => load(message({ 1: 10, 2: 'test' })), /it has no graph/],
    ['a cut file', () => load(tree().slice(0, 100)), /ends before what it announces/],
    [
      'a long number',
      () => load(Uint8Array.of(8, 10, 0x12, ...new Array(12).fill(0xff))),
      /more than 64 bits/,
    ],
  ]
  for (const [name, act, message] of cases) t.throws(act, { message }, name)
  t.end()
})
