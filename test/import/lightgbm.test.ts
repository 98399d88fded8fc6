/** LightGBM's text: random models against a plain evaluator, refusals, and what a user may say of categories. */
import fc from 'fast-check'
import t from 'tap'
import { cellOfValue } from '../../src/data/cell.ts'
import type { Cell } from '../../src/data/frame.ts'
import { createRandom } from '../../src/data/random.ts'
import { draftImport, type ModelWords } from '../../src/import/build-artifact.ts'
import { readModelFile } from '../../src/import/index.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'

function load(text: string, words: Partial<ModelWords> = {}) {
  const model = readModelFile(Buffer.from(text), 'model.txt', 'auto', {})
  return draftImport(model, { target: 'label', ...words }, '0'.repeat(64))
}

const objectives = {
  binary: { text: 'binary sigmoid:2', classes: 2, outputs: 1 },
  multiclass: { text: 'multiclass num_class:3', classes: 3, outputs: 3 },
  multiclassova: { text: 'multiclassova num_class:3 sigmoid:0.5', classes: 3, outputs: 3 },
} as const

interface Settings {
  readonly seed: number
  readonly objective: keyof typeof objectives
  readonly rounds: number
  readonly isMean: boolean
  readonly newline: '\n' | '\r\n'
}

const settingsOf: fc.Arbitrary<Settings> = fc.record({
  seed: fc.nat(),
  objective: fc.constantFrom('binary', 'multiclass', 'multiclassova'),
  rounds: fc.integer({ min: 1, max: 3 }),
  isMean: fc.boolean(),
  newline: fc.constantFrom('\n', '\r\n'),
})

/** Three columns of numbers, one of texts, one of whole numbers that are codes themselves. */
const COLOUR = 3
const COLOURS = Array.from({ length: 40 }, (_, code) => `colour ${code}`)

type Node =
  | { readonly value: number; readonly count: number }
  | {
      readonly feature: number
      readonly threshold: number
      readonly set?: readonly number[]
      readonly missing: 0 | 1 | 2
      readonly missingLeft: boolean
      readonly left: Node
      readonly right: Node
      readonly count: number
    }

const THRESHOLDS = [-1.5, 0, 1 / 3, 1.0000000180025095e-35, 2]

function makeTree(random: ReturnType<typeof createRandom>, depth: number, count: number): Node {
  if (depth === 0 || count < 2 || random.below(6) === 0)
    return { value: random.uniform() - 0.5, count }
  const feature = random.below(5)
  const isSet = feature >= COLOUR
  const toLeft = random.below(count + 1)
  return {
    feature,
    threshold: THRESHOLDS[random.below(THRESHOLDS.length)]!,
    set: isSet ? COLOURS.map((_, code) => code).filter(() => random.below(3) === 0) : undefined,
    missing: random.below(3) as 0 | 1 | 2,
    missingLeft: !isSet && random.below(2) === 0,
    left: makeTree(random, depth - 1, toLeft),
    right: makeTree(random, depth - 1, count - toLeft),
    count,
  }
}

/** Lines of a tree: inner nodes and leaves are numbered each for themselves, −1 is leaf 0. */
function writeTree(root: Node, number: number): string[] {
  const inner: Exclude<Node, { value: number }>[] = []
  const leaves: Extract<Node, { value: number }>[] = []
  const numberOf = new Map<Node, number>()
  const walk = (node: Node): void => {
    if ('value' in node) numberOf.set(node, -leaves.push(node))
    else {
      numberOf.set(node, inner.push(node) - 1)
      walk(node.right)
      walk(node.left)
    }
  }
  walk(root)
  const sets = inner.filter(({ set }) => set)
  const words = sets.map(({ set }) => {
    const own = [0, 0]
    for (const code of set!) own[code >> 5] = (own[code >> 5]! | (1 << (code & 31))) >>> 0
    return own
  })
  const list = (name: string, values: readonly (number | string)[]) => `${name}=${values.join(' ')}`
  return [
    `Tree=${number}`,
    `num_leaves=${leaves.length}`,
    `num_cat=${sets.length}`,
    list(
      'split_feature',
      inner.map(({ feature }) => feature),
    ),
    list(
      'threshold',
      inner.map((node) => (node.set ? sets.indexOf(node) : node.threshold)),
    ),
    list(
      'decision_type',
      inner.map(
        ({ set, missing, missingLeft }) => (set ? 1 : 0) + (missingLeft ? 2 : 0) + 4 * missing,
      ),
    ),
    list(
      'left_child',
      inner.map(({ left }) => numberOf.get(left)!),
    ),
    list(
      'right_child',
      inner.map(({ right }) => numberOf.get(right)!),
    ),
    list(
      'leaf_value',
      leaves.map(({ value }) => value),
    ),
    list(
      'leaf_count',
      leaves.map(({ count }) => count),
    ),
    list(
      'internal_count',
      inner.map(({ count }) => count),
    ),
    ...(sets.length > 0
      ? [
          list('cat_boundaries', [0, ...sets.map((_, i) => 2 * i + 2)]),
          list('cat_threshold', words.flat()),
        ]
      : []),
    'is_linear=0',
    'shrinkage=0.1',
    '',
    '',
  ]
}

function makeModel({ seed, objective, rounds, isMean, newline }: Settings) {
  const random = createRandom(seed)
  const { text, outputs } = objectives[objective]
  const trees = Array.from({ length: rounds * outputs }, () => makeTree(random, 4, 50))
  const lines = [
    ...['tree', 'version=v4', 'num_class=1', `num_tree_per_iteration=${outputs}`],
    ...['label_index=0', 'max_feature_idx=4', `objective=${text}`],
    ...(isMean ? ['average_output'] : []),
    'feature_names=a b c colour codes',
    `feature_infos=[-3:3] [-3:3] none ${COLOURS.map((_, code) => code).join(':')} -1:2:0`,
    'tree_sizes=1',
    '',
    ...trees.flatMap(writeTree),
    'end of trees',
    ...['', 'feature_importances:', 'parameters:', '[boosting: dart]', 'end of parameters', ''],
    `pandas_categorical:${JSON.stringify([COLOURS, COLOURS.map((_, code) => code)])}`,
  ]
  return { text: lines.join(newline), trees }
}

/** As LightGBM's documentation has it; sums in the order of the trees. */
function marginsOf(
  { trees }: ReturnType<typeof makeModel>,
  settings: Settings,
  x: readonly number[],
) {
  const { outputs, text } = objectives[settings.objective]
  const margins = new Array<number>(outputs).fill(0)
  trees.forEach((root, i) => {
    let node = root
    while (!('value' in node)) {
      const value = x[node.feature]!
      const isTiny = Math.abs(value) <= Math.fround(1e-35)
      const isMissing =
        node.missing === 1
          ? isTiny || Number.isNaN(value)
          : node.missing === 2 && Number.isNaN(value)
      const code = Math.trunc(value)
      const isLeft = node.set
        ? code >= 0 && node.set.includes(code)
        : isMissing
          ? node.missingLeft
          : (Number.isNaN(value) ? 0 : value) <= node.threshold
      node = isLeft ? node.left : node.right
    }
    margins[i % outputs]! += node.value
  })
  const sigmoid = Number(/sigmoid:(\S+)/.exec(text)?.[1] ?? 1)
  return margins.map((sum) => sum * (settings.isMean ? sigmoid / settings.rounds : sigmoid))
}

function probabilitiesOf(margins: readonly number[], objective: string): number[] {
  const sigmoid = (margin: number) => 1 / (1 + Math.exp(-margin))
  if (objective === 'binary') return [1 - sigmoid(margins[0]!), sigmoid(margins[0]!)]
  if (objective === 'multiclassova') return margins.map(sigmoid)
  const sum = margins.reduce((total, margin) => total + Math.exp(margin), 0)
  return margins.map((margin) => Math.exp(margin) / sum)
}

/** Rows at thresholds, one step beside them, with gaps, zeros that are none, unknown categories and fractions of codes. */
function makeRows(seed: number): { cells: Cell[]; x: number[] }[] {
  const random = createRandom(seed)
  const numbers = [
    ...THRESHOLDS.flatMap((limit) => [limit, limit + 1e-12, limit - 1e-12]),
    ...[1e-36, -1e-36, 1.1e-35, Number.NaN],
  ]
  const codes = [0, 1, 3, 31, 32, 33, 39, 40, 1e6, -1, -0.5, 0.5, 2.9, Number.NaN]
  return Array.from({ length: 30 }, () => {
    const x = [0, 1, 2].map(() => numbers[random.below(numbers.length)]!)
    const colour = random.below(COLOURS.length + 2) - 1
    x.push(colour < 0 ? Number.NaN : colour, codes[random.below(codes.length)]!)
    const cells: Cell[] = x.map((value) => (Number.isNaN(value) ? null : value))
    cells[COLOUR] = colour < 0 ? null : (COLOURS[colour] ?? 'unheard of')
    return { cells, x }
  })
}

t.test('a model answers as its text says, and its SHAP values add up', (t) => {
  fc.assert(
    fc.property(settingsOf, (settings) => {
      const model = makeModel(settings)
      const artifact = load(model.text)
      const predictor = buildPredictor(artifact)
      const rows = makeRows(settings.seed)
      const frame = frameOfCells(
        artifact.preprocessor.inputs,
        rows.map(({ cells }) => cells),
      )
      const { probabilities } = predictor.predict(frame)
      const wanted = rows.flatMap(({ x }) =>
        probabilitiesOf(marginsOf(model, settings, x), settings.objective),
      )
      wanted.forEach((p, i) => {
        if (!(Math.abs(p - probabilities[i]!) < 1e-12))
          t.fail(`${probabilities[i]} for ${p}: ${JSON.stringify(settings)}`)
      })
      const output = objectives[settings.objective].outputs === 1 ? '1' : 'all'
      predictor.explain(frame, { output }).rows.forEach((row, i) => {
        const margins = marginsOf(model, settings, rows[i]!.x)
        row.shapValues.forEach((phi, k) => {
          const sum = phi.reduce((a, b) => a + b, row.baseValues[k]!)
          t.ok(Math.abs(sum - margins[k]!) <= 1e-12, 'adds up to the margin')
        })
        if (settings.isMean) return
        t.strictSame([...row.outputs], margins, 'to the last bit')
      })
    }),
    { numRuns: 40 },
  )
  t.end()
})

const plain: Settings = { seed: 5, objective: 'binary', rounds: 2, isMean: false, newline: '\n' }

t.test('what it is called', (t) => {
  const boosted = load(makeModel(plain).text)
  t.equal(boosted.engine, 'lightgbm')
  t.equal(boosted.estimator, 'gradient_boosting')
  t.strictSame(boosted.params, {
    objective: 'binary',
    booster: 'dart',
    rounds: 2,
    trees: 2,
    form: 'v4',
  })
  t.equal(load(makeModel({ ...plain, isMean: true }).text).estimator, 'random_forest')
  t.end()
})

t.test('a tree of one leaf is a constant', (t) => {
  const text = makeModel(plain).text.replace(
    /Tree=1[\s\S]*end of trees/,
    'Tree=1\nnum_leaves=1\nleaf_value=0.5\n\nend of trees',
  )
  const leaf = ({ text }: { text: string }) => {
    const artifact = load(text)
    const predictor = buildPredictor(artifact)
    return predictor.explain(frameOfCells(artifact.preprocessor.inputs, [[1, 1, 1, null, 1]]))
      .rows[0]!.outputs[0]!
  }
  const first = { ...makeModel(plain) }
  const alone = first.text.replace(/Tree=1[\s\S]*end of trees/, 'end of trees')
  t.ok(Math.abs(leaf({ text }) - leaf({ text: alone }) - 1) < 1e-12, 'twice 0.5, by the sigmoid')
  t.end()
})

t.test('numbers within 1e-35 of 0 are 0 before a tree is asked, as in the library', (t) => {
  const zero = Math.fround(1e-35)
  const stump = (threshold: number) =>
    [
      'tree\nversion=v4\nnum_tree_per_iteration=1\nmax_feature_idx=0\nobjective=binary sigmoid:1',
      'feature_names=x\nfeature_infos=[-1:1]\n\nTree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0',
      `threshold=${threshold}\ndecision_type=8\nleft_child=-1\nright_child=-2\nleaf_value=-1 1`,
      'leaf_count=1 1\ninternal_count=2\n\nend of trees\n',
    ].join('\n')
  const cases: readonly [threshold: number, x: number, isLeft: boolean][] = [
    [-zero, -zero, false],
    [-zero, -1.1e-35, true],
    [-1e-36, -zero, false],
    [1e-36, zero, true],
    [1e-36, 1.1e-35, false],
    [zero, zero, true],
  ]
  for (const [threshold, x, isLeft] of cases) {
    const artifact = load(stump(threshold))
    const frame = frameOfCells(artifact.preprocessor.inputs, [[x]])
    const [, p] = buildPredictor(artifact).predict(frame).probabilities
    t.equal(p! < 0.5, isLeft, `${x} at ${threshold}`)
  }
  t.end()
})

t.test('categories that the file does not name', (t) => {
  const { text } = makeModel(plain)
  const unnamed = text.replace(/pandas_categorical:.*/, 'pandas_categorical:null')
  t.throws(() => load(unnamed), {
    message: 'column 3 has 40 category codes without names; give --categories',
  })
  const one = text.replace(/pandas_categorical:.*/, 'pandas_categorical:[["red"]]')
  t.throws(() => load(one), { message: /column 3 has 40 category codes without names/ })
  const codes = COLOURS.map((_, code) => code)
  const named = load(unnamed, {
    categories: new Map<string, (string | number)[]>([
      ['colour', COLOURS],
      ['codes', codes],
    ]),
  })
  t.strictSame(named, load(text))
  t.end()
})

t.test('categories that are true and false, however a request spells them', (t) => {
  const text = [
    ...['tree', 'version=v4', 'num_class=1', 'num_tree_per_iteration=1', 'label_index=0'],
    ...['max_feature_idx=1', 'objective=binary sigmoid:1', 'feature_names=a t'],
    ...['feature_infos=[-2:2] -1:1:0', 'tree_sizes=1', '', 'Tree=0', 'num_leaves=2', 'num_cat=1'],
    ...['split_feature=1', 'split_gain=1', 'threshold=0', 'decision_type=1', 'left_child=-1'],
    ...['right_child=-2', 'leaf_value=0.5 -0.25', 'leaf_weight=2 2', 'leaf_count=105 95'],
    ...['internal_value=0', 'internal_weight=4', 'internal_count=200', 'cat_boundaries=0 1'],
    // The set holds the code 1.
    ...['cat_threshold=2', 'is_linear=0', 'shrinkage=0.1', '', '', 'end of trees', ''],
    'pandas_categorical:[[false, true]]\n',
  ].join('\n')
  const artifact = load(text)
  const { inputs } = artifact.preprocessor
  t.match(inputs[1], { type: 'text', texts: 'boolean', categories: ['false', 'true'] })
  const predictor = buildPredictor(artifact)
  const sigmoid = (margin: number) => 1 / (1 + Math.exp(-margin))
  for (const [written, margin] of [
    ...([true, 'TRUE', 1] as const).map((truth) => [truth, 0.5] as const),
    ...([false, 'False', 0] as const).map((truth) => [truth, -0.25] as const),
  ]) {
    const cell = cellOfValue(inputs[1]!, written, 0)
    const [, p] = predictor.predict(frameOfCells(inputs, [[0, cell]])).probabilities
    t.ok(Math.abs(p! - sigmoid(margin)) < 1e-15, String(written))
  }
  t.throws(() => load(text.replace('[[false, true]]', '[[false, "x"]]')), {
    message: /pandas_categorical must hold lists of texts, of numbers or of truths/,
  })
  t.end()
})

t.test('what is refused, and how', (t) => {
  const { text } = makeModel({ ...plain, seed: 11 })
  const change = (from: string | RegExp, to: string) => {
    const changed = text.replace(from, to)
    t.not(changed, text, `${from} is there`)
    return () => load(changed)
  }
  const cases: readonly [() => unknown, RegExp][] = [
    [
      change('objective=binary sigmoid:2', 'objective=regression'),
      /^objective regression gives no class probabilities; shapserve serves classifiers$/,
    ],
    [
      change('objective=binary sigmoid:2\n', ''),
      /^the file names no objective; it was trained with a function of its own$/,
    ],
    [change('sigmoid:2', 'sigmoid:-1'), /objective binary has the sigmoid -1/],
    [change('objective=binary sigmoid:2', 'objective=cross_entropy'), /name both with --classes/],
    [
      change('objective=binary sigmoid:2', 'objective=multiclass num_class:3'),
      /multiclass of 3 classes with 1 trees per iteration/,
    ],
    [
      change('is_linear=0', 'is_linear=1'),
      /^tree 0 has linear leaves, which are not explained exactly; train with linear_tree=false$/,
    ],
    [change('version=v4', 'version=v9'), /its form is "v9"; v2, v3, v4 are read/],
    [change('end of trees', ''), /it ends before the line "end of trees"/],
    [change('Tree=1', 'Tree=2'), /"Tree=2" stands where Tree=1 must/],
    [
      change(/num_leaves=\d+/, 'num_leaves=1000000000'),
      /tree 0: leaf_value has \d+ numbers, expected 1000000000/,
    ],
    [change(/left_child=-?\d+/, 'left_child=0'), /tree 0, node 0 has two parents/],
    [change(/left_child=-?\d+/, 'left_child=-99'), /tree 0: left_child holds -99/],
    [change(/split_feature=\d+/, 'split_feature=5'), /asks feature 5 of 5/],
    [change(/leaf_value=\S+/, 'leaf_value=nan'), /is a leaf of NaN/],
    [change(/leaf_value=\S+/, 'leaf_value=0x10'), /leaf_value holds "0x10", which is no number/],
    [change(/leaf_value=\S+/, 'leaf_value= '), /tree 0: leaf_value (has|holds)/],
    [change(/decision_type=\d+/, 'decision_type=12'), /has the decision_type 12/],
    [change(/cat_boundaries=0 \d+/, 'cat_boundaries=0 1000000'), /cat_/],
    [change('max_feature_idx=4', 'max_feature_idx=99999999'), /max_feature_idx holds 99999999/],
    [change('feature_names=a b', 'feature_names=a a'), /"a" appears twice/],
    [change('label_index=0', 'version=v4'), /the header has "version" twice, at line 5/],
    [
      () => readModelFile(Buffer.from(text), 'm', 'lightgbm', { rounds: 'best' }),
      /--rounds is for XGBoost/,
    ],
    [() => readModelFile(Buffer.from(text), 'm', 'xgboost', {}), /it is not JSON/],
  ]
  for (const [read, message] of cases) t.throws(read, { message }, String(message))
  t.end()
})
