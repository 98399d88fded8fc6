/** CatBoost's JSON: random models against a plain evaluator, and refusals. */
import fc from 'fast-check'
import t from 'tap'
import type { Cell } from '../../src/data/frame.ts'
import { createRandom } from '../../src/data/random.ts'
import { draftImport, type ModelWords } from '../../src/import/build-artifact.ts'
import { readModelFile } from '../../src/import/index.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'

function load(document: object, words: Partial<ModelWords> = {}) {
  const bytes = Buffer.from(JSON.stringify(document))
  const model = readModelFile(bytes, 'model.json', 'auto', {})
  return draftImport(model, { target: 'label', ...words }, '0'.repeat(64))
}

const losses = {
  Logloss: 1,
  Focal: 1,
  MultiClass: 3,
  MultiClassOneVsAll: 3,
} as const

interface Settings {
  readonly seed: number
  readonly loss: keyof typeof losses
  readonly isSymmetric: boolean
  readonly hasWeights: boolean
}

const settingsOf: fc.Arbitrary<Settings> = fc.record({
  seed: fc.nat(),
  loss: fc.constantFrom('Logloss', 'Focal', 'MultiClass', 'MultiClassOneVsAll'),
  isSymmetric: fc.boolean(),
  hasWeights: fc.boolean(),
})

type Split =
  | { split_type: 'FloatFeature'; float_feature_index: number; border: number; split_index: number }
  | { split_type: 'OneHotFeature'; cat_feature_index: number; value: number; split_index: number }
interface Nested {
  split?: Split
  left?: Nested
  right?: Nested
  value?: number | number[]
  weight?: number
}

const BORDERS = [-1.5, 0, Math.fround(1 / 3), 2]
const COLOURS = ['red', 'grün', 'nan', '3']
const HASHES = [593172586, -1242798403, -7, 12]
/** Columns in their order: a, colour, b, c. Missing values of b go right, of the others left. */
const features = {
  float_features: [
    ['a', 0, 'AsIs'],
    ['b', 2, 'AsTrue'],
    ['c', 3, 'AsFalse'],
  ].map(([name, flat, treatment], i) => ({
    feature_id: name,
    feature_index: i,
    feature_name: name,
    flat_feature_index: flat,
    borders: BORDERS,
    has_nans: treatment !== 'AsIs',
    nan_value_treatment: treatment,
  })),
  categorical_features: [
    {
      feature_id: 'colour',
      feature_index: 0,
      feature_name: 'colour',
      flat_feature_index: 1,
      values: HASHES,
    },
  ],
  cat_features_hash: COLOURS.map((value, i) => ({ hash: HASHES[i]! >>> 0, value })),
}

function makeModel({ seed, loss, isSymmetric, hasWeights }: Settings) {
  const random = createRandom(seed)
  const outputs = losses[loss]
  const makeSplit = (): Split =>
    random.below(3) === 0
      ? {
          split_type: 'OneHotFeature',
          cat_feature_index: 0,
          value: HASHES[random.below(4)]!,
          split_index: 12,
        }
      : {
          split_type: 'FloatFeature',
          float_feature_index: random.below(3),
          border: BORDERS[random.below(4)]!,
          split_index: 0,
        }
  const values = () => Array.from({ length: outputs }, () => random.uniform() - 0.5)
  const weight = () => (hasWeights ? { weight: random.below(4) * 1.5 } : {})
  const makeNested = (depth: number): Nested =>
    depth === 0 || random.below(4) === 0
      ? { value: outputs === 1 ? values()[0]! : values(), ...weight() }
      : { split: makeSplit(), left: makeNested(depth - 1), right: makeNested(depth - 1) }
  const oblivious = Array.from({ length: 3 }, () => {
    const splits = Array.from({ length: random.below(5) }, makeSplit)
    const leaves = Array.from({ length: 2 ** splits.length }, () => ({
      value: values(),
      ...weight(),
    }))
    return {
      splits: splits.length === 0 ? null : splits,
      leaf_values: leaves.flatMap(({ value }) => value),
      ...(hasWeights ? { leaf_weights: leaves.map(({ weight }) => weight!) } : {}),
    }
  })
  const bias = values()
  const nested = Array.from({ length: 3 }, () => makeNested(4))
  const classes = {
    Logloss: ['no', 'yes'],
    Focal: ['no', 'yes'],
    MultiClass: ['a', 'b', 'c'],
    MultiClassOneVsAll: [0, 1, 2],
  }
  const document = {
    features_info: features,
    model_info: {
      catboost_version_info: 'Git info:\n    Summary: CatBoost release 1.2.10. commit\n',
      class_params: { class_names: classes[loss] },
      params: { loss_function: { type: loss, params: {} } },
    },
    ...(isSymmetric ? { oblivious_trees: oblivious } : { trees: nested }),
    scale_and_bias: [0.5, bias],
  }
  return { document, oblivious, nested, bias }
}

interface Row {
  readonly numbers: readonly number[]
  readonly colour: number
  readonly cells: Cell[]
}

/** Numbers at borders, doubles beside them that round onto them, gaps; unknown and missing categories. */
function makeRows(seed: number): Row[] {
  const random = createRandom(seed)
  const choices = [...BORDERS.flatMap((b) => [b, b + 1e-12, b - 1e-12, b + 1e-3]), Number.NaN]
  return Array.from({ length: 25 }, () => {
    const numbers = [0, 1, 2].map(() => choices[random.below(choices.length)]!)
    const colour = random.below(6) - 1
    const [a, b, c] = numbers.map((value) => (Number.isNaN(value) ? null : value))
    // A missing category is the text that Python makes of one.
    const cell = colour < 0 ? null : (COLOURS[colour] ?? 'unheard of')
    return {
      numbers,
      colour: colour < 0 ? COLOURS.indexOf('nan') : colour,
      cells: [a!, cell, b!, c!],
    }
  })
}

function marginsOf(model: ReturnType<typeof makeModel>, settings: Settings, row: Row): number[] {
  const outputs = losses[settings.loss]
  const goesRight = (split: Split): boolean => {
    if (split.split_type === 'OneHotFeature') return HASHES[row.colour] === split.value
    const value = Math.fround(row.numbers[split.float_feature_index]!)
    return Number.isNaN(value) ? split.float_feature_index === 1 : value > split.border
  }
  const leaves = settings.isSymmetric
    ? model.oblivious.map(({ splits, leaf_values }) => {
        const leaf = (splits ?? []).reduce(
          (sum, split, k) => sum + (goesRight(split) ? 2 ** k : 0),
          0,
        )
        return leaf_values.slice(leaf * outputs, (leaf + 1) * outputs)
      })
    : model.nested.map((root) => {
        let node = root
        while (node.split) node = goesRight(node.split) ? node.right! : node.left!
        return [node.value!].flat()
      })
  return model.bias.map((bias, k) => leaves.reduce((sum, leaf) => sum + leaf[k]!, 0) * 0.5 + bias)
}

function probabilitiesOf(margins: readonly number[], loss: string): number[] {
  const sigmoid = (margin: number) => 1 / (1 + Math.exp(-margin))
  if (losses[loss as keyof typeof losses] === 1)
    return [1 - sigmoid(margins[0]!), sigmoid(margins[0]!)]
  if (loss === 'MultiClassOneVsAll') return margins.map(sigmoid)
  const sum = margins.reduce((total, margin) => total + Math.exp(margin), 0)
  return margins.map((margin) => Math.exp(margin) / sum)
}

t.test('a model answers as its document says, and its SHAP values add up', (t) => {
  fc.assert(
    fc.property(settingsOf, (settings) => {
      const model = makeModel(settings)
      const artifact = load(model.document)
      const predictor = buildPredictor(artifact)
      const rows = makeRows(settings.seed)
      const frame = frameOfCells(
        artifact.preprocessor.inputs,
        rows.map(({ cells }) => cells),
      )
      const margins = rows.map((row) => marginsOf(model, settings, row))
      const wanted = margins.flatMap((own) => probabilitiesOf(own, settings.loss))
      const { probabilities } = predictor.predict(frame)
      wanted.forEach((p, i) => {
        if (!(Math.abs(p - probabilities[i]!) < 1e-12))
          t.fail(`${probabilities[i]} for ${p}: ${JSON.stringify(settings)}`)
      })
      t.equal(predictor.offers[0]?.refusal === undefined, settings.hasWeights, 'covers')
      if (!settings.hasWeights) return
      const output = losses[settings.loss] === 1 ? 'yes' : 'all'
      predictor.explain(frame, { output }).rows.forEach((row, i) => {
        t.strictSame([...row.outputs], margins[i], 'to the last bit')
        row.shapValues.forEach((phi, k) => {
          const sum = phi.reduce((a, b) => a + b, row.baseValues[k]!)
          t.ok(Math.abs(sum - row.outputs[k]!) <= 1e-12, 'adds up')
        })
      })
    }),
    { numRuns: 50 },
  )
  t.end()
})

const plain: Settings = { seed: 3, loss: 'Logloss', isSymmetric: true, hasWeights: true }

t.test('what it is called', (t) => {
  const artifact = load(makeModel(plain).document)
  t.equal(artifact.engine, 'catboost 1.2.10')
  t.strictSame(artifact.classes, ['no', 'yes'])
  t.strictSame(
    artifact.preprocessor.inputs.map(({ name, type, categories }) => [name, type, categories]),
    [
      ['a', 'number', undefined],
      ['colour', 'text', COLOURS],
      ['b', 'number', undefined],
      ['c', 'number', undefined],
    ],
  )
  const numbered = load(makeModel({ ...plain, loss: 'MultiClassOneVsAll' }).document)
  t.strictSame(numbered.classes, ['0', '1', '2'])
  t.equal(numbered.numericClasses, true)
  const { document } = makeModel(plain)
  const { model_info: info } = document
  const truths = load({
    ...document,
    model_info: { ...info, class_params: { class_names: [false, true] } },
  })
  t.strictSame(truths.classes, ['False', 'True'])
  t.end()
})

t.test('what is refused, and how', (t) => {
  type Change = (document: ReturnType<typeof makeModel>['document']) => object
  const change = (change: Change, settings = plain) => {
    const { document } = makeModel(settings)
    return () => load(change(structuredClone(document)))
  }
  const withTrees = (tree: object) => change((d) => ({ ...d, oblivious_trees: [tree] }))
  const withInfo = (info: object) =>
    change((d) => ({ ...d, features_info: { ...d.features_info, ...info } }))
  const ctr = { split_type: 'OnlineCtr', border: 1, ctr_target_border_idx: 0, split_index: 17 }
  const ctrs = [[0], [0, 0]].map((elements) => ({
    borders: [1],
    elements: elements.map(() => ({
      cat_feature_index: 0,
      combination_element: 'cat_feature_value',
    })),
  }))
  const cases: readonly [() => unknown, RegExp][] = [
    [
      change((d) => ({
        ...d,
        model_info: { ...d.model_info, params: { loss_function: { type: 'RMSE' } } },
      })),
      /^loss RMSE gives no class probabilities; shapserve serves classifiers$/,
    ],
    [
      change((d) => ({
        ...d,
        features_info: { ...d.features_info, ctrs },
        oblivious_trees: [
          ...makeModel(plain).oblivious,
          { splits: [ctr], leaf_values: [0, 1], leaf_weights: [1, 1] },
        ],
      })),
      /^tree 3 splits on a CTR of colour × colour; train with one_hot_max_size above the number of categories, or encode the columns before$/,
    ],
    [
      withInfo({ cat_features_hash: [] }),
      /does not name its categories; save it with save_model\("model.json", format="json", pool=…\)/,
    ],
    [withInfo({ text_features: [{}] }), /has text features, which are not read/],
    [withInfo({ embedding_features: [{}] }), /has embedding features, which are not read/],
    [
      withInfo({ float_features: [...features.float_features, features.float_features[0]] }),
      /has the place of another column/,
    ],
    [
      withTrees({ splits: new Array(17).fill(ctr), leaf_values: [] }),
      /tree 0 has 17 splits, at most 16/,
    ],
    [withTrees({ splits: [], leaf_values: [1, 2] }), /leaf_values has 2 entries, expected 1/],
    [withTrees({ splits: [], leaf_values: [1], leaf_weights: [-1] }), /cover -1/],
    [
      withTrees({ splits: [{ ...ctr, split_type: 'Else' }], leaf_values: [1, 2] }),
      /splits of the kind "Else" are not read/,
    ],
    [
      withTrees({
        splits: [{ split_type: 'OneHotFeature', cat_feature_index: 0, value: 99 }],
        leaf_values: [1, 2],
      }),
      /asks for a category that its column does not have/,
    ],
    [change((d) => ({ ...d, oblivious_trees: [] })), /it has no tree/],
    [
      change((d) => ({ ...d, scale_and_bias: [0, [0]] })),
      /scale_and_bias must begin with a number above 0/,
    ],
    [change((d) => ({ ...d, scale_and_bias: [1, [0, 0]] })), /loss Logloss with 2 scores/],
    [
      change((d) => ({
        ...d,
        model_info: { ...d.model_info, class_params: { class_names: ['a'] } },
      })),
      /names 1 classes for 2/,
    ],
    [
      () => readModelFile(Buffer.from('CBM1xxxx'), 'm.cbm', 'auto', {}),
      /^m.cbm is CatBoost's binary form, which is not read; in Python: CatBoostClassifier\(\).load_model\("m.cbm"\)/,
    ],
    [
      () => {
        const tree = `${'{"left":'.repeat(1e5)}1${'}'.repeat(1e5)}`
        const text = JSON.stringify(makeModel(plain).document).replace(
          '"oblivious_trees"',
          `"trees":[${tree}],"x"`,
        )
        readModelFile(Buffer.from(text), 'm', 'auto', {})
      },
      /nested too deep/,
    ],
  ]
  for (const [read, message] of cases) t.throws(read, { message }, String(message))
  t.end()
})
