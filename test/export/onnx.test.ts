/**
 * Exported models: their bytes come back through the reader of ONNX files with the same answers, every transformer has
 * its operators, and what operators cannot say is refused.
 */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { ArtifactParts } from '../../src/artifact/artifact.ts'
import type { Cell } from '../../src/data/frame.ts'
import { createRandom } from '../../src/data/random.ts'
import { exportOnnx } from '../../src/export/onnx/onnx.ts'
import { draftImport } from '../../src/import/build-artifact.ts'
import { readModelFile } from '../../src/import/index.ts'
import { readGraph } from '../../src/import/onnx/graph.ts'
import { readMessage } from '../../src/import/onnx/protobuf.ts'
import type { Link, ModelSpec, TreesSpec } from '../../src/models/model.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import type { AnyTransformer } from '../../src/preprocess/index.ts'
import {
  buildPreprocessor,
  frameOfCells,
  type InputColumn,
  type PreprocessorSpec,
} from '../../src/preprocess/preprocessor.ts'
import { shapserveHere } from '../command-here.ts'
import { checkpoint, loadCheckpoint } from '../helper.ts'
import { flatten, forest } from '../trees/random-trees.ts'

const plan = {
  target: 'the target',
  id: [],
  numeric: [],
  ordinal: [],
  nominal: [],
  derived: [],
  dropped: [],
  nullable: [],
}

function artifactOf(preprocessor: PreprocessorSpec, model: ModelSpec, classes: readonly string[]) {
  const parts: ArtifactParts & { modelId: string } = {
    modelId: '0'.repeat(32),
    estimator: 'any',
    engine: 'native',
    params: {},
    plan,
    classes,
    numericClasses: false,
    preprocessor,
    model,
    training: { rows: 0, trainRows: 0, testRows: 0, sha256: '0'.repeat(64), seed: 0, warnings: [] },
    metrics: {},
    background: { rows: 0, columns: 0, data: new Float64Array() },
    importance: {
      rows: 0,
      outputNames: [],
      baseValues: new Float64Array(),
      meanAbsolute: { rows: 0, columns: 0, data: new Float64Array() },
    },
    selfTest: [],
    versions: {},
  }
  return parts
}

type Artifact = ReturnType<typeof artifactOf>

/** Probabilities of the model and of its exported file, imported again, for the same rows. */
function thereAndBack(artifact: Artifact, rows: readonly (readonly Cell[])[]) {
  const { inputs } = artifact.preprocessor
  const { bytes } = exportOnnx(artifact, 'columns')
  const read = readModelFile(bytes, 'model.onnx', 'auto', { allowMissing: true })
  const draft = draftImport(read, { target: 'the target' }, '0'.repeat(64))
  const places = draft.preprocessor.inputs.map(({ name }) =>
    inputs.findIndex((input) => input.name === name),
  )
  const back = rows.map((row) => places.map((place) => row[place]!))
  return {
    wanted: buildPredictor(artifact).predict(frameOfCells(inputs, rows)),
    found: buildPredictor(draft).predict(frameOfCells(draft.preprocessor.inputs, back)),
    draft,
  }
}

const number = (name: string): InputColumn => ({
  name,
  type: 'number',
  nullable: true,
  example: 0,
})
const text = (name: string): InputColumn => ({ name, type: 'text', nullable: true, example: 'a' })
const numberCell = fc.oneof(
  fc.constant(null),
  fc.constantFrom(-1, 0, 1, 2, 3, 0.5, 1e-40, -7.25),
  fc.double({ min: -100, max: 100, noNaN: true }),
)
const textCell = fc.constantFrom<Cell>(null, 'a', 'b', 'ç d', '日本', 'no such')

const finite = fc.double({ min: -50, max: 50, noNaN: true })
const positive = fc.double({ min: 0.01, max: 50, noNaN: true })

/** Chains by what they are: what goes in, and the transformers. */
const chains: Readonly<Record<string, fc.Arbitrary<readonly AnyTransformer[]>>> = {
  plain: fc.constant([]),
  impute_number: finite.map((value) => [{ kind: 'impute_number', value }]),
  standard_scaler: fc
    .tuple(finite, positive)
    .map(([mean, scale]) => [{ kind: 'standard_scaler', mean, scale }]),
  'imputed and scaled': fc.tuple(finite, finite, positive).map(([value, mean, scale]) => [
    { kind: 'impute_number', value },
    { kind: 'standard_scaler', mean, scale },
  ]),
  min_max_scaler: fc
    .tuple(finite, finite)
    .map(([scale, offset]) => [{ kind: 'min_max_scaler', scale, offset }]),
  'min_max_scaler with ends': fc
    .tuple(finite, finite)
    .map(([scale, offset]) => [{ kind: 'min_max_scaler', scale, offset, clip: [-1.5, 2] }]),
  'numbers as codes': fc.constant([{ kind: 'ordinal_encoder', categories: [3, 1, 2] }]),
  'numbers as levels': fc
    .boolean()
    .map((missingLevel) => [
      { kind: 'one_hot_encoder', categories: [3, 1, 2], infrequent: [], missingLevel },
    ]),
  'imputed numbers as levels': fc.constant([
    { kind: 'impute_category', value: 1 },
    { kind: 'one_hot_encoder', categories: [3, 1, 2], infrequent: [], missingLevel: false },
  ]),
  'texts as codes': fc.constantFrom(
    [{ kind: 'ordinal_encoder', categories: ['a', 'ç d', 'b'] }],
    [{ kind: 'ordinal_encoder', categories: ['b', 'a'], missing: 'kept', unknown: 'missing' }],
    [{ kind: 'ordinal_encoder', categories: ['b', 'a'], missing: -7, unknown: -3 }],
  ),
  'imputed texts as codes': fc.constant([
    { kind: 'impute_category', value: 'ç d' },
    { kind: 'ordinal_encoder', categories: ['a', 'ç d', 'b'] },
  ]),
  'texts as levels': fc
    .boolean()
    .map((missingLevel) => [
      { kind: 'one_hot_encoder', categories: ['b', 'ç d'], infrequent: [], missingLevel },
    ]),
  'infrequent texts': fc
    .boolean()
    .map((missingLevel) => [
      { kind: 'one_hot_encoder', categories: ['b'], infrequent: ['a', '日本'], missingLevel },
    ]),
  'infrequent texts, unknown ones none': fc.constant([
    {
      kind: 'one_hot_encoder',
      categories: ['b'],
      infrequent: ['a', '日本'],
      missingLevel: true,
      unknown: 'zeros',
    },
  ]),
  'whether a number is missing': fc.constant([{ kind: 'missing_indicator' }]),
  'whether a text is missing': fc.constant([{ kind: 'missing_indicator' }]),
  'imputed texts as levels': fc.constant([
    { kind: 'impute_category', value: 'b' },
    { kind: 'one_hot_encoder', categories: ['a', 'b'], infrequent: ['ç d'], missingLevel: false },
  ]),
}
const isText = (name: string) => /text/.test(name)

const classNames = (count: number) => ['no', 'yes', '3', 'ä'].slice(0, count)
const links: readonly (readonly [Link, classes: number])[] = [
  ['identity', 2],
  ['identity', 3],
  ['logit', 2],
  ['softmax', 3],
  ['one_vs_rest', 4],
  ['sigmoid_each', 3],
]

/** Numbers above 0 of which each group sums to 1. */
function sharesOf(values: Float64Array, width: number) {
  return values.map((value, i) => {
    const group = values.subarray(i - (i % width), i - (i % width) + width)
    return Math.exp(value) / group.reduce((sum, own) => sum + Math.exp(own), 0)
  })
}

function randomTrees(seed: number, features: number, [link, classes]: readonly [Link, number]) {
  const random = createRandom(seed)
  const outputs = link === 'logit' ? 1 : classes
  const nested = forest(random, { features, outputs, count: 3, depth: 4 })
  const trees = flatten(nested, {
    comparison: seed % 2 === 0 ? '<=' : '<',
    precision: seed % 3 === 0 ? 'float32' : 'float64',
  })
  const spec: TreesSpec = {
    ...trees,
    value: link === 'identity' ? sharesOf(trees.value, classes) : trees.value,
    kind: 'trees',
    link,
    vote: 'soft',
    aggregation: link === 'identity' ? 'mean' : 'sum',
    base: new Float64Array(outputs).fill(link === 'identity' ? 0 : 0.25),
    scale: link === 'identity' ? undefined : 0.5,
  }
  return spec
}

function randomLinear(seed: number, features: number, [link, classes]: readonly [Link, number]) {
  const random = createRandom(seed)
  const scores = link === 'logit' ? 1 : classes
  const numbers = (count: number) =>
    Float64Array.from({ length: count }, () => (random.uniform() - 0.5) / 8)
  return {
    kind: 'linear' as const,
    features,
    coefficients: numbers(scores * features),
    intercepts: numbers(scores),
    means: new Float64Array(features),
    link: link as 'logit' | 'softmax' | 'one_vs_rest',
  }
}

t.test('a random pipeline comes back with the same answers', (t) => {
  const names = Object.keys(chains)
  const columns = fc
    .uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 5 })
    .chain((kinds) =>
      fc.tuple(
        fc.constant(kinds),
        fc.tuple(...kinds.map((kind) => chains[kind]!)),
        fc.array(fc.tuple(...kinds.map((kind) => (isText(kind) ? textCell : numberCell))), {
          minLength: 1,
          maxLength: 8,
        }),
      ),
    )
  fc.assert(
    fc.property(columns, fc.nat(9999), fc.nat(5), ([kinds, made, rows], seed, at) => {
      const inputs = kinds.map((kind) => (isText(kind) ? text(kind) : number(kind)))
      const spec: PreprocessorSpec = {
        inputs,
        otherColumns: [],
        derived: [],
        steps: kinds.map((column, j) => ({ column, chain: made[j]! })),
      }
      const { featureNamesOut, canBeMissing } = buildPreprocessor(spec)
      const features = featureNamesOut.length
      const link = links[at]!
      const isLinear =
        !canBeMissing.includes(true) && ['logit', 'softmax', 'one_vs_rest'].includes(link[0])
      const model =
        isLinear && seed % 2 === 1
          ? randomLinear(seed, features, link)
          : randomTrees(seed, features, link)
      const { wanted, found, draft } = thereAndBack(
        artifactOf(spec, model, classNames(link[1])),
        rows as Cell[][],
      )
      const off = wanted.probabilities.map((p, i) => Math.abs(p - found.probabilities[i]!))
      t.strictSame(draft.classes, classNames(link[1]))
      if (!off.every((difference) => difference <= 1e-12))
        throw new Error(`off by ${Math.max(...off)}`)
    }),
    { numRuns: 300, seed: 15 },
  )
  t.end()
})

t.test('every transformer has its operators', (t) => {
  const cases: [string, InputColumn, readonly AnyTransformer[], string][] = [
    ['nothing', number('x'), [], ''],
    ['impute_number', number('x'), [{ kind: 'impute_number', value: 2 }], 'IsNaN Where'],
    [
      'impute_category of numbers',
      number('x'),
      [{ kind: 'impute_category', value: 2 }],
      'IsNaN Where',
    ],
    ['standard_scaler', number('x'), [{ kind: 'standard_scaler', mean: 1, scale: 2 }], 'Sub Div'],
    ['min_max_scaler', number('x'), [{ kind: 'min_max_scaler', scale: 1, offset: 2 }], 'Mul Add'],
    [
      'min_max_scaler with ends',
      number('x'),
      [{ kind: 'min_max_scaler', scale: 1, offset: 2, clip: [0, 1] }],
      'Mul Add Clip',
    ],
    [
      'single_precision',
      number('x'),
      [{ kind: 'single_precision', offset: 0, scale: 1 }],
      'Cast Cast',
    ],
    [
      'single_precision that scales',
      number('x'),
      [{ kind: 'single_precision', offset: 1, scale: 2 }],
      'Cast Cast Sub Cast Cast Mul Cast Cast',
    ],
    [
      'missing_number',
      number('x'),
      [{ kind: 'missing_number', value: -9 }],
      'Cast Cast Equal Where',
    ],
    [
      'ordinal_encoder of texts',
      text('x'),
      [{ kind: 'ordinal_encoder', categories: ['a', 'b'] }],
      'LabelEncoder Cast',
    ],
    [
      'ordinal_encoder with a code that single precision does not hold',
      text('x'),
      [{ kind: 'ordinal_encoder', categories: ['a', 'b'], unknown: 0.1 }],
      'LabelEncoder Gather',
    ],
    [
      'ordinal_encoder of numbers',
      number('x'),
      [{ kind: 'ordinal_encoder', categories: [1, 2] }],
      'Equal Cast MatMul Cast Gather IsNaN Where',
    ],
    ['missing_indicator', number('x'), [{ kind: 'missing_indicator' }], 'IsNaN Cast'],
    ['missing_indicator of texts', text('x'), [{ kind: 'missing_indicator' }], 'LabelEncoder Cast'],
    [
      'category_map',
      text('x'),
      [
        { kind: 'category_map', map: { A: 'a' } },
        { kind: 'ordinal_encoder', categories: ['a', 'b'] },
      ],
      'LabelEncoder Cast',
    ],
    [
      'one_hot_encoder',
      text('x'),
      [{ kind: 'one_hot_encoder', categories: ['a'], infrequent: [], missingLevel: true }],
      'LabelEncoder Cast Equal Cast',
    ],
  ]
  for (const [name, input, chain, wanted] of cases) {
    const spec = { inputs: [input], otherColumns: [], derived: [], steps: [{ column: 'x', chain }] }
    const features = buildPreprocessor(spec).featureNamesOut.length
    const model = randomTrees(1, features, ['softmax', 3])
    const { bytes } = exportOnnx(artifactOf(spec, model, classNames(3)), 'columns')
    const ops = readGraph(bytes).nodes.map(({ op }) => op)
    t.equal(ops.slice(0, ops.indexOf('TreeEnsembleRegressor')).join(' '), wanted, name)
  }
  t.end()
})

t.test('names that collide', (t) => {
  const names = ['label', 'probabilities', 'label_', 'constant_1', 'Cast_2']
  const spec = {
    inputs: names.map(number),
    otherColumns: [],
    derived: [],
    steps: names.map((column) => ({ column, chain: [] })),
  }
  const artifact = artifactOf(spec, randomTrees(4, 5, ['logit', 2]), ['0', '1'])
  const { bytes, outputs } = exportOnnx(artifact, 'columns')
  t.strictSame(outputs, ['label__', 'probabilities_'])
  const graph = readGraph(bytes)
  const made = graph.nodes.flatMap(({ outputs }) => outputs)
  const all = [...names, ...made, ...graph.constants.keys()]
  t.equal(new Set(all).size, all.length, 'every name is given once')
  // Every operator takes what stands before it.
  const known = new Set([...names, ...graph.constants.keys()])
  for (const node of graph.nodes) {
    for (const input of node.inputs) t.ok(known.has(input), `${node.where} takes ${input}`)
    for (const output of node.outputs) known.add(output)
  }
  t.end()
})

t.test('the file says what it is', async (t) => {
  const { artifact } = await loadCheckpoint()
  t.throws(() => exportOnnx(artifact, 'columns'), {
    code: 'invalid_option',
    message: /makes "Title" of "Name"; --inputs derived/,
  })
  const { bytes, inputs } = exportOnnx(artifact, 'derived')
  t.strictSame(
    inputs.map(({ name, type }) => [name, type]),
    [
      ['Pclass', 'double'],
      ['Sex', 'string'],
      ['Age', 'double'],
      ['SibSp', 'double'],
      ['Parch', 'double'],
      ['Title', 'string'],
    ],
  )
  t.strictSame(exportOnnx(artifact, 'derived').bytes, bytes, 'the same bytes again')
  const model = readMessage(bytes)
  t.equal(model.whole(1), 8, 'version of the format')
  t.strictSame(
    model.messages(8).map((own) => [own.text(1), own.whole(2)]),
    [
      ['', 15],
      ['ai.onnx.ml', 3],
    ],
  )
  const metadata = new Map(model.messages(14).map((own) => [own.text(1), own.text(2)]))
  t.equal(metadata.get('model_id'), artifact.modelId)
  t.strictSame(JSON.parse(metadata.get('classes') ?? ''), artifact.classes)
  const features = exportOnnx(artifact, 'features')
  t.strictSame(features.inputs, [
    { name: 'features', type: 'double', width: features.featureNames.length },
  ])
  t.end()
})

t.test('the command', async (t) => {
  const dir = t.testdir({})
  const [model, out] = [join(dir, 'model'), join(dir, 'model.onnx')]
  await cp(checkpoint, model, { recursive: true })
  const args = ['export', 'onnx', model, '--inputs', 'derived', '--out']
  const written = await shapserveHere([...args, out, '--json'])
  t.equal(written.status, 0, written.stderr)
  const { artifact } = await loadCheckpoint()
  const { bytes, inputs, outputs } = exportOnnx(artifact, 'derived')
  t.match(JSON.parse(written.stdout), {
    model_id: artifact.modelId,
    bytes: bytes.length,
    inputs,
    outputs,
    classes: artifact.classes,
  })
  t.ok((await readFile(out)).equals(bytes), 'the file has the bytes')
  const taken = await shapserveHere([...args, join(model, 'manifest.json')])
  t.equal(taken.status, 1)
  t.match(taken.stderr, /is a file of the model/)
  const refused = await shapserveHere(['export', 'onnx', model, '--out', join(dir, 'other')])
  t.equal(refused.status, 1)
  t.match(refused.stderr, /^shapserve: ONNX has no operator[^\n]+--inputs derived[^\n]+\n$/)
  const file = join(model, 'model.safetensors')
  const damaged = await readFile(file)
  damaged[damaged.length - 9] = damaged.at(-9)! ^ 1
  await writeFile(file, damaged)
  const tampered = await shapserveHere([...args, join(dir, 'other')])
  t.equal(tampered.status, 1)
  t.match(tampered.stderr, /^shapserve: model.safetensors differs[^\n]+\n$/)
  t.strictSame((await readdir(dir)).sort(), ['model', 'model.onnx'], 'nothing else is written')
})

t.test('texts that are taken for others, or for missing, have the codes of those', (t) => {
  const map = { A: 'a', ' b ': 'b', c: 'no category' }
  const encoder = { kind: 'ordinal_encoder', categories: ['a', 'b'] } as const
  const fill = { kind: 'impute_category', value: 'b' } as const
  const merge = { kind: 'category_map', map } as const
  const again = { kind: 'category_map', map: { a: 'b' } } as const
  const chains: (readonly AnyTransformer[])[] = [
    [encoder],
    [merge, encoder],
    [merge, fill, encoder],
    [fill, merge, encoder],
    [merge, again, encoder],
    [merge, { kind: 'missing_indicator' }],
    [fill, { kind: 'missing_indicator' }],
  ]
  const texts = ['a', 'A', 'b', ' b ', 'c', 'other', '', 'NA', '?']
  for (const chain of chains) {
    const input = { ...text('x'), raw: true, written: { missing: ['?'] } }
    const spec = { inputs: [input], otherColumns: [], derived: [], steps: [{ column: 'x', chain }] }
    const { bytes } = exportOnnx(
      artifactOf(spec, randomTrees(1, 1, ['softmax', 3]), classNames(3)),
      'columns',
    )
    const [encode] = readGraph(bytes).nodes
    const keys = encode?.texts('keys_strings') ?? []
    const values = encode?.numbers('values_floats') ?? []
    const found = texts.map((own) => {
      const at = keys.indexOf(own)
      return at < 0 ? encode?.number('default_float') : values[at]
    })
    const cells = texts.map((own) => (['', 'NA', '?'].includes(own) ? null : own))
    const wanted = buildPreprocessor(spec).transform(
      frameOfCells(
        spec.inputs,
        cells.map((cell) => [cell]),
      ),
    ).data
    t.strictSame(found, [...wanted], JSON.stringify(chain))
  }
  t.end()
})

t.test('numbers that mean missing, and dates', (t) => {
  const input = { ...number('x'), written: { missing: ['-999', '-9', 'n.d.'] } }
  const steps = [{ column: 'x', chain: [] }]
  const model = randomTrees(1, 1, ['softmax', 3])
  const opsOf = (spec: PreprocessorSpec, form: 'columns' | 'derived') =>
    readGraph(exportOnnx(artifactOf(spec, model, classNames(3)), form).bytes).nodes.map(
      ({ op }) => op,
    )
  const plain = { inputs: [input], otherColumns: [], derived: [], steps }
  t.strictSame(opsOf(plain, 'columns').slice(0, 4), ['Equal', 'Where', 'Equal', 'Where'])
  const dated: PreprocessorSpec = {
    inputs: [{ ...text('born'), written: { date: 'DMY' } }],
    otherColumns: [],
    derived: [{ kind: 'date', column: 'born.year', from: 'born', part: 'year' }],
    steps: [{ column: 'born.year', chain: [] }],
  }
  t.throws(() => opsOf(dated, 'columns'), {
    code: 'invalid_option',
    message: /no operator that reads a date, which makes "born\.year" of "born"; --inputs derived/,
  })
  const { inputs } = exportOnnx(artifactOf(dated, model, classNames(3)), 'derived')
  t.strictSame(inputs, [{ name: 'born.year', type: 'double', width: 1 }])
  t.end()
})

t.test('what is not read back says so', (t) => {
  const steps = [{ column: 'x', chain: [] }]
  const spec: PreprocessorSpec = { inputs: [number('x')], otherColumns: [], derived: [], steps }
  const model = randomTrees(1, 1, ['softmax', 3])
  const view = model.feature.map((feature) => (feature < 0 ? -1 : 0))
  const viewed = (kind: 'codes_left' | 'zero_as_missing'): TreesSpec => ({
    ...model,
    view,
    views: [{ kind, feature: 0, codes: Uint8Array.of(kind === 'codes_left' ? 5 : 0) }],
  })
  const cases: readonly [string, PreprocessorSpec, TreesSpec][] = [
    ['Greater', spec, viewed('codes_left')],
    ['Abs', spec, viewed('zero_as_missing')],
    ['Where', { ...spec, inputs: [{ ...number('x'), written: { missing: ['-999'] } }] }, model],
  ]
  for (const [op, preprocessor, own] of cases) {
    const { bytes } = exportOnnx(artifactOf(preprocessor, own, classNames(3)), 'columns')
    t.throws(() => readModelFile(bytes, 'model.onnx', 'auto', { allowMissing: true }), {
      code: 'foreign',
      message: new RegExp(
        `^operator ${op} .* shapserve exported this file, and does not read .* back: serve the model directory that it was made of$`,
      ),
    })
  }
  t.end()
})
