/** XGBoost's three file forms: the same model from each, refusals, and files that lie. */
import fc from 'fast-check'
import t from 'tap'
import type { ArtifactParts } from '../../src/artifact/artifact.ts'
import type { Cell } from '../../src/data/frame.ts'
import { createRandom } from '../../src/data/random.ts'
import { ArtifactError, InputError } from '../../src/errors.ts'
import { draftImport, type ModelWords } from '../../src/import/build-artifact.ts'
import type { ReadOptions } from '../../src/import/imported-model.ts'
import { readModelFile } from '../../src/import/index.ts'
import { kindOf } from '../../src/models/index.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { runs } from '../effort.ts'
import {
  COLOUR,
  COLOURS,
  FEATURES,
  type LearnerDocument,
  type Model,
  makeModel,
  marginsOf,
  type Settings,
  type TreeDocument,
  toBinary,
  toJson,
  toUbjson,
} from './xgboost-files.ts'

const NO_SHA = '0'.repeat(64)

function load(bytes: Uint8Array, words: Partial<ModelWords> = {}, options: ReadOptions = {}) {
  const model = readModelFile(bytes, 'model.ubj', 'auto', options)
  return draftImport(model, { target: 'label', ...words }, NO_SHA)
}

const plain: Settings = {
  seed: 1,
  classes: 0,
  parallel: 1,
  rounds: 3,
  categories: false,
  dart: 'none',
  vectors: 'none',
}

const settingsOf: fc.Arbitrary<Settings> = fc
  .record({
    seed: fc.nat(),
    classes: fc.constantFrom(0, 1, 2, 3, 5),
    parallel: fc.integer({ min: 1, max: 3 }),
    rounds: fc.integer({ min: 1, max: 3 }),
    categories: fc.boolean(),
    dart: fc.constantFrom('none', 'beside gbtree', 'beside model', 'in model'),
    vectors: fc.constantFrom('none', 'none', 'old', 'new'),
  })
  .map((settings) => (settings.classes < 2 ? { ...settings, vectors: 'none' } : settings))

/** Rows at thresholds, with gaps, and for categories unknown ones too. */
function makeRows(seed: number, hasCategories: boolean): { cells: Cell[]; codes: number[] }[] {
  const random = createRandom(seed)
  return Array.from({ length: 20 }, () => {
    const codes = Array.from({ length: FEATURES }, () =>
      random.below(5) === 0 ? Number.NaN : random.below(9) / 3 + (random.below(3) - 1) * 1e-9,
    )
    const cells: Cell[] = codes.map((code) => (Number.isNaN(code) ? null : code))
    if (hasCategories) {
      const code = random.below(COLOURS.length + 2) - 1
      codes[COLOUR] = code < 0 ? Number.NaN : code
      cells[COLOUR] = code < 0 ? null : (COLOURS[code] ?? 'unheard of')
    }
    return { cells, codes }
  })
}

function probabilitiesOf(margins: readonly number[]): number[] {
  if (margins.length === 1) {
    const p = 1 / (1 + Math.exp(-margins[0]!))
    return [1 - p, p]
  }
  const most = Math.max(...margins)
  const powers = margins.map((margin) => Math.exp(margin - most))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}

/** How far a model's answers are off those of the plain evaluator. */
function worst(artifact: ArtifactParts, model: Model, settings: Settings, trees?: number): number {
  const rows = makeRows(settings.seed, settings.categories)
  const predictor = buildPredictor(artifact)
  const frame = frameOfCells(
    artifact.preprocessor.inputs,
    rows.map(({ cells }) => cells),
  )
  const { probabilities } = predictor.predict(frame)
  const wanted = rows.flatMap(({ codes }) => probabilitiesOf(marginsOf(model, codes, trees)))
  return Math.max(...wanted.map((p, i) => Math.abs(p - probabilities[i]!)))
}

t.test('JSON and UBJSON are one model, which answers as the document says', (t) => {
  fc.assert(
    fc.property(settingsOf, (settings) => {
      const model = makeModel(settings)
      const artifact = load(toJson(model))
      t.strictSame(load(toUbjson(model)), artifact)
      t.ok(worst(artifact, model, settings) < 1e-12, JSON.stringify(settings))
      const predictor = buildPredictor(artifact)
      const hasCovers = settings.vectors !== 'old'
      t.equal(predictor.offers[0]?.refusal === undefined, hasCovers, 'covers')
      if (!hasCovers) return
      const rows = makeRows(settings.seed, settings.categories).map(({ cells }) => cells)
      const explained = predictor.explain(frameOfCells(artifact.preprocessor.inputs, rows), {
        output: 'all',
        interactions: true,
      })
      for (const row of explained.rows)
        row.shapValues.forEach((phi, k) => {
          const sum = phi.reduce((a, b) => a + b, row.baseValues[k]!)
          t.ok(Math.abs(sum - row.outputs[k]!) <= 1e-12, 'adds up')
        })
    }),
    { numRuns: 60 },
  )
  t.end()
})

t.test('trees that are written and read are the same trees', (t) => {
  fc.assert(
    fc.property(settingsOf, (settings) => {
      const model = makeModel({ ...settings, dart: 'none', vectors: 'none' })
      const { model: spec } = load(toJson(model))
      if (spec.kind !== 'trees') throw new Error('not trees')
      let at = 0
      for (const tree of model.trees) {
        const nodes = tree.left_children.length
        const shift = (children: readonly number[]) =>
          children.map((child) => (child < 0 ? -1 : child + at))
        const own = <T>(list: ArrayLike<T>) =>
          Array.prototype.slice.call(list, at, at + nodes) as T[]
        t.strictSame(own(spec.left), shift(tree.left_children))
        t.strictSame(own(spec.right), shift(tree.right_children))
        t.strictSame(own(spec.cover!), tree.sum_hessian)
        t.strictSame(own(spec.missingLeft), tree.default_left)
        const isLeaf = tree.left_children.map((child) => child < 0)
        const feature = tree.split_indices.map((feature, i) => (isLeaf[i] ? -1 : feature))
        t.strictSame(own(spec.feature), feature)
        tree.split_conditions.forEach((number, i) => {
          if (tree.split_type[i] === 1) return
          t.equal((isLeaf[i] ? spec.value : spec.threshold)[at + i], number)
        })
        at += nodes
      }
      t.equal(spec.feature.length, at)
    }),
    { numRuns: 30 },
  )
  t.end()
})

t.test('the legacy binary is the same model as the document', (t) => {
  for (const dart of ['none', 'in model'] as const)
    for (const magic of [true, false]) {
      const settings: Settings = { ...plain, seed: 7, dart }
      const model = makeModel({ ...settings, bestIteration: 2 })
      const artifact = load(toBinary(model, magic), { columns: ['a', 'b', 'c', 'colour'] })
      t.strictSame(artifact.model, load(toJson(model)).model)
      t.equal(artifact.engine, 'xgboost 1.7.0')
      t.ok(worst(artifact, model, settings) < 1e-12)
    }
  t.end()
})

t.test('rounds', (t) => {
  const settings: Settings = { ...plain, rounds: 5, classes: 3, parallel: 2, bestIteration: 1 }
  const model = makeModel(settings)
  const perRound = 6
  for (const bytes of [toJson(model), toUbjson(model)]) {
    t.throws(() => load(bytes), {
      message:
        'the file holds 5 rounds, attribute best_iteration says 1: pass --rounds best (what XGBClassifier.predict uses) or --rounds all (what Booster.predict uses)',
    })
    for (const [rounds, taken] of [
      ['best', 2],
      ['all', 5],
      [3, 3],
    ] as const) {
      const artifact = load(bytes, {}, { rounds })
      t.equal(artifact.params.rounds, taken)
      t.ok(worst(artifact, model, settings, taken * perRound) < 1e-12)
    }
    t.throws(() => load(bytes, {}, { rounds: 6 }), {
      message: '--rounds is 6, the file holds 5 rounds',
    })
  }
  t.throws(() => load(toJson(makeModel(plain)), {}, { rounds: 'best' }), {
    message: /no attribute best_iteration/,
  })
  t.end()
})

t.test('the positive class comes last', (t) => {
  for (const classes of [0, 2]) {
    const model = makeModel({ ...plain, classes })
    const [as, turned] = [{}, { positiveClass: 'no' }].map((words) =>
      load(toJson(model), { classes: ['no', 'yes'], ...words }),
    ) as [ArtifactParts, ArtifactParts]
    t.strictSame(turned.classes, ['yes', 'no'])
    const rows = makeRows(3, false).map(({ cells }) => cells)
    const [first, second] = [as, turned].map((artifact) =>
      buildPredictor(artifact).predict(frameOfCells(artifact.preprocessor.inputs, rows)),
    )
    first!.probabilities.forEach((p, i) => {
      t.ok(Math.abs(p - second!.probabilities[i ^ 1]!) < 1e-15)
    })
  }
  t.end()
})

t.test('missing numbers and unknown categories', (t) => {
  const model = makeModel({ ...plain, categories: true })
  const artifact = load(toJson(model), { missing: -999.1, refuseUnknown: true })
  const predictor = buildPredictor(artifact)
  const predict = (row: Cell[]) =>
    predictor.predict(frameOfCells(artifact.preprocessor.inputs, [row])).probabilities
  t.strictSame(predict([-999.1, 1, 1, 'red']), predict([null, 1, 1, 'red']))
  t.throws(() => predict([1, 1, 1, 'mauve']), {
    message: /^row 1, column "colour": "mauve" is none of/,
  })
  t.end()
})

t.test('an infinite threshold sends every number one way', (t) => {
  for (const [text, side] of [
    ['Infinity', 'left'],
    ['-Infinity', 'right'],
  ] as const) {
    const model = makeModel({ ...plain, rounds: 1 })
    const [tree] = model.trees
    Object.assign(tree!, {
      left_children: [1, -1, -1],
      right_children: [2, -1, -1],
      split_indices: [0, 0, 0],
      split_conditions: ['@', 1, -1],
      split_type: [0, 0, 0],
      default_left: [side === 'left' ? 0 : 1, 0, 0],
      sum_hessian: [2, 1, 1],
      base_weights: [0, 0, 0],
    })
    const json = toJson(model).toString().replace('"@"', text)
    const artifact = load(Buffer.from(json))
    const rows = [
      [3e38, 0, 0, 0],
      [-3e38, 0, 0, 0],
      [null, 0, 0, 0],
    ]
    const { probabilities } = buildPredictor(artifact).predict(
      frameOfCells(artifact.preprocessor.inputs, rows),
    )
    const isHigh = [1, 3, 5].map((i) => probabilities[i]! > 0.4)
    t.strictSame(isHigh, side === 'left' ? [true, true, false] : [false, false, true])
  }
  t.end()
})

/** Returns the JSON of a plain model after a change. */
function changed(change: (learner: LearnerDocument, tree: TreeDocument) => void, settings = plain) {
  const model = makeModel(settings)
  change(model.document.learner, model.trees[0]!)
  return toJson(model)
}

t.test('what is refused, and how', (t) => {
  const withCodes = { ...plain, categories: true }
  const cases: readonly [string, () => unknown, RegExp][] = [
    ['empty', () => load(Buffer.of()), /^model.ubj is empty$/],
    [
      'pickle',
      () => load(Buffer.from('\x80\x04\x95ab', 'latin1')),
      /is a Python pickle, which can run code/,
    ],
    [
      'a Booster in a pickle',
      () => load(Buffer.from('\x80\x04cxgboost.core', 'latin1')),
      /in Python: pickle.load\(open\("model.ubj", "rb"\)\).save_model\("model.ubj"\)$/,
    ],
    [
      'gzip',
      () => load(Buffer.of(0x1f, 0x8b, 8)),
      /packed with gzip; unpack it \(tar -xzf model.ubj\)/,
    ],
    ['zip', () => load(Buffer.from('PK\x03\x04')), /the archive has no directory/],
    ['CatBoost', () => load(Buffer.from('CBM1xxxx')), /is CatBoost's binary form/],
    [
      'anything',
      () => load(Buffer.from('hello')),
      /is of no kind that is read; .*XGBoost's JSON, UBJSON .* are$/,
    ],
    [
      'objective',
      () =>
        load(
          changed((l) => {
            l.objective!.name = 'reg:squarederror'
          }),
        ),
      /^objective reg:squarederror gives no class probabilities; shapserve serves classifiers$/,
    ],
    [
      'no objective',
      () =>
        load(
          changed((l) => {
            delete l.objective
          }),
        ),
      /^the file names no objective; it was trained with a function of its own$/,
    ],
    [
      'shares',
      () =>
        load(
          changed((l) => {
            l.objective!.name = 'reg:logistic'
          }),
        ),
      /name both with --classes/,
    ],
    [
      'booster',
      () =>
        load(
          changed((l) => {
            l.gradient_booster.name = 'gblinear'
          }),
        ),
      /the booster "gblinear" is not read/,
    ],
    [
      'targets',
      () =>
        load(
          changed((l) => {
            l.learner_model_param.num_target = '2'
          }),
        ),
      /2 targets/,
    ],
    [
      'base score',
      () =>
        load(
          changed((l) => {
            l.learner_model_param.base_score = 'NaN'
          }),
        ),
      /base_score is "NaN"/,
    ],
    [
      'features',
      () =>
        load(
          changed((l) => {
            l.learner_model_param.num_feature = '999999999'
          }),
        ),
      /num_feature must be a whole number from 1 to 100000/,
    ],
    [
      'class',
      () =>
        load(
          changed((l) => {
            l.gradient_booster.model!.tree_info[0] = 3
          }),
        ),
      /tree_info names a class/,
    ],
    [
      'cycle',
      () =>
        load(
          changed((_, tree) => {
            tree.left_children[1] = 0
            tree.right_children[1] = 0
          }),
        ),
      /tree 0, node 0 has two parents/,
    ],
    [
      'child',
      () =>
        load(
          changed((_, tree) => {
            tree.left_children[0] = 1e6
          }),
        ),
      /tree 0 has a child 1000000 of/,
    ],
    [
      'feature',
      () =>
        load(
          changed((_, tree) => {
            tree.split_indices[0] = 4
          }),
        ),
      /tree 0, node 0 asks feature 4 of 4/,
    ],
    [
      'covers',
      () =>
        load(
          changed((_, tree) => {
            tree.sum_hessian[1]! += 1
          }),
        ),
      /has cover/,
    ],
    [
      'lengths',
      () =>
        load(
          changed((_, tree) => {
            tree.default_left.pop()
          }),
        ),
      /default_left has \d+ entries, expected/,
    ],
    [
      'code',
      () =>
        load(
          changed((_, tree) => {
            tree.categories_nodes = [0]
            tree.categories_segments = [0]
            tree.categories_sizes = [1]
            tree.categories = [2 ** 20]
            tree.split_type[0] = 1
          }),
        ),
      /lists the category 1048576/,
    ],
    [
      'names twice',
      () =>
        load(
          changed((l) => {
            l.feature_names[1] = 'a'
          }),
        ),
      /learner.feature_names: "a" appears twice/,
    ],
    [
      'names',
      () =>
        load(
          changed((l) => {
            l.feature_names[1] = 'a\n'
          }),
        ),
      /learner.feature_names: one has a control character/,
    ],
    [
      'a key twice',
      () => load(Buffer.from('{"learner":1,"learner":2}')),
      /the key "learner" appears twice/,
    ],
    ['depth', () => load(Buffer.from(`{"learner":${'['.repeat(1e6)}`)), /nested too deep/],
    [
      'codes',
      () =>
        load(
          changed((l) => {
            delete l.gradient_booster.model!.cats
          }, withCodes),
        ),
      /^column 3 has \d category codes without names; give --categories$/,
    ],
    [
      '--categories',
      () =>
        load(
          changed((l) => {
            delete l.gradient_booster.model!.cats
          }, withCodes),
          { categories: new Map([['colour', ['red']]]) },
        ),
      /category codes, 1 categories are named/,
    ],
    [
      '--categories of a number',
      () =>
        load(
          changed(() => {}),
          { categories: new Map([['a', ['red']]]) },
        ),
      /column "a" holds numbers/,
    ],
    [
      '--classes',
      () =>
        load(
          changed(() => {}, { ...plain, classes: 3 }),
          { classes: ['a', 'b'] },
        ),
      /^--classes names 2 classes, the model has 3$/,
    ],
    [
      '--columns',
      () =>
        load(
          changed(() => {}),
          { columns: ['a'] },
        ),
      /^--columns names 1 columns, the model has 4$/,
    ],
    [
      '--target',
      () =>
        load(
          changed(() => {}),
          { target: 'a' },
        ),
      /the target "a" is one of the columns/,
    ],
    [
      '--positive-class',
      () =>
        load(
          changed(() => {}),
          { positiveClass: '2' },
        ),
      /--positive-class is "2", the classes are "0", "1"/,
    ],
    [
      'a deep tree',
      () =>
        load(
          changed((_, tree) => {
            const depth = 100_000
            const nodes = 2 * depth + 1
            const fill = (of: (i: number) => number) =>
              Array.from({ length: nodes }, (__, i) => of(i))
            Object.assign(tree, {
              left_children: fill((i) => (i < depth ? i + 1 : -1)),
              right_children: fill((i) => (i < depth ? i + depth + 1 : -1)),
              ...Object.fromEntries(
                [
                  'split_indices',
                  'split_conditions',
                  'split_type',
                  'default_left',
                  'sum_hessian',
                ].map((key) => [key, fill(() => 0)]),
              ),
            })
          }),
        ),
      /tree 0 is deeper than 256/,
    ],
  ]
  for (const [name, act, message] of cases) t.throws(act, { message }, name)
  t.end()
})

t.test('names of categories beyond ASCII are not believed', (t) => {
  const settings: Settings = { ...plain, categories: true }
  const model = makeModel(settings)
  const given = ['r\u00fct', ...COLOURS.slice(1)]
  // As XGBoost writes them: offsets count characters, and so many bytes are left.
  const text = given.join('')
  const { enc } = model.document.learner.gradient_booster.model!.cats as unknown as {
    readonly enc: { values: number[]; offsets: number[] }[]
  }
  const entry = enc[COLOUR]!
  entry.values = [...Buffer.from(text).subarray(0, text.length)].map((byte) => (byte << 24) >> 24)
  entry.offsets = [0, ...given.map((_, i) => given.slice(0, i + 1).join('').length)]
  for (const bytes of [toJson(model), toUbjson(model)]) {
    t.throws(() => load(bytes), {
      message:
        /^column 3 has \d category codes without names, because XGBoost cuts names with letters beyond ASCII when it saves them; give --categories$/,
    })
    const artifact = load(bytes, { categories: new Map([['colour', given]]) })
    const { categories } = artifact.preprocessor.inputs[COLOUR]!
    t.strictSame(categories, given)
  }
  t.end()
})

t.test('categories may be named by the user', (t) => {
  const settings: Settings = { ...plain, categories: true }
  const model = makeModel(settings)
  delete model.document.learner.gradient_booster.model!.cats
  const artifact = load(toJson(model), { categories: new Map([['colour', COLOURS]]) })
  t.ok(worst(artifact, model, settings) < 1e-12)
  t.end()
})

t.test(
  'a damaged file is refused or is a model, never a wrong number',
  { timeout: 120_000 },
  (t) => {
    const models = [
      plain,
      { ...plain, classes: 3, categories: true },
      { ...plain, dart: 'in model' as const },
    ]
    const forms = [
      ...models.map((settings) => toJson(makeModel(settings))),
      ...models.map((settings) => toUbjson(makeModel(settings))),
      ...[models[0]!, models[2]!].map((settings) => toBinary(makeModel(settings))),
    ]
    const random = createRandom(5)
    let refused = 0
    const damaged = runs(1000)
    for (let run = 0; run < damaged; run++) {
      const bytes = Buffer.from(forms[run % forms.length]!)
      const kind = random.below(3)
      const at = random.below(bytes.length)
      if (kind === 0) bytes[at] = bytes[at]! ^ (1 << random.below(8))
      // Counts that grow: all bits of four bytes.
      if (kind === 1)
        bytes.fill(random.below(2) === 0 ? 0xff : 0x7f, at, Math.min(bytes.length, at + 4))
      const cut = kind === 2 ? bytes.subarray(0, at) : bytes
      try {
        const artifact = load(cut)
        const shape = {
          features: artifact.preprocessor.inputs.length,
          classes: artifact.classes.length,
        }
        kindOf(artifact.model).check(artifact.model, shape)
        const row = artifact.preprocessor.inputs.map(({ example }) => example)
        const { probabilities } = buildPredictor(artifact).predict(
          frameOfCells(artifact.preprocessor.inputs, [row]),
        )
        if (!probabilities.every(Number.isFinite)) t.fail(`run ${run}: ${probabilities}`)
      } catch (error) {
        refused++
        if (!(error instanceof ArtifactError || error instanceof InputError))
          t.fail(`run ${run}: ${(error as Error).stack}`)
        else if (/\n/.test(error.message)) t.fail(`run ${run}: ${error.message}`)
      }
    }
    t.ok(refused > damaged / 4, `${refused} of ${damaged} refused`)
    t.comment(`${refused} of ${damaged} refused`)
    t.end()
  },
)
