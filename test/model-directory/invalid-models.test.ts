/** Whole files with contents that are no model of this program. */
import { join } from 'node:path'
import t from 'tap'
import {
  type Artifact,
  FORMAT_VERSION,
  MANIFEST_FILE,
  MISTAKES_FILE,
  MODEL_FILE,
  PREPROCESSOR_FILE,
  PROFILE_FILE,
  SUMMARY_FILE,
} from '../../src/artifact/artifact.ts'
import { encodeArtifact } from '../../src/artifact/encode.ts'
import { encodeTensors } from '../../src/artifact/safetensors.ts'
import { i32 } from '../../src/data/tensor.ts'
import { sha256 } from '../../src/model-directory/read.ts'
import type { TreesSpec } from '../../src/models/model.ts'
import { trees } from '../../src/models/trees.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import type { GlobalSummary } from '../../src/shap/global-summary.ts'
import { coversOf } from '../models/ask-model.ts'
import {
  decodeFiles,
  encodeChanged,
  type Json,
  parseFile,
  reseal,
  toBytes,
  trainSmall,
  withManifest,
  writeFiles,
} from './model-files.ts'
import {
  checkAnswers,
  isAccepted,
  logistic,
  problemOf,
  refuses,
  type Steps,
  setAt,
  spec,
  tree,
  treeFiles,
  withJson,
  withTrees,
} from './refusals.ts'

t.test('another format version', async (t) => {
  const version = (value: unknown) => withManifest(treeFiles, { format_version: value })
  t.equal(await problemOf(version(FORMAT_VERSION)), undefined, 'its own')
  const next = FORMAT_VERSION + 1
  await refuses(t, version(next), 'format', new RegExp(`version ${next},.* to ${FORMAT_VERSION}$`))
  for (const other of [0, -1, 1.5, '1', null, undefined, [1], 2 ** 53])
    await refuses(t, version(other), 'format', /format version/, JSON.stringify(other))
})

const root = spec.roots[0] as number
const leaf = spec.feature.indexOf(-1)
const nodes = spec.feature.length

t.test('a child that is not there', async (t) => {
  for (const child of [nodes, nodes + 1, 2 ** 31 - 1, -2, -(2 ** 31), -1]) {
    await refuses(t, withTrees({ left: setAt(spec.left, root, child) }), 'invalid', /child/)
    await refuses(t, withTrees({ right: setAt(spec.right, root, child) }), 'invalid', /child/)
  }
  for (const other of [nodes, -1, 2 ** 31 - 1])
    await refuses(t, withTrees({ roots: Int32Array.of(other) }), 'invalid', /root/)
  await refuses(t, withTrees({ left: setAt(spec.left, leaf, leaf) }), 'invalid', /leaf/)
})

t.test('a cycle, two parents, an unreachable node', async (t) => {
  const inner = spec.left[root] as number
  const asInner = { feature: setAt(spec.feature, inner, 0) }
  await refuses(
    t,
    withTrees({ ...asInner, left: setAt(spec.left, inner, root) }),
    'invalid',
    /child 0/,
    'a cycle',
  )
  await refuses(t, withTrees({ left: setAt(spec.left, root, root) }), 'invalid', /child/, 'itself')
  const twice = spec.right[root] as number
  await refuses(t, withTrees({ left: setAt(spec.left, root, twice) }), 'invalid', /two parents/)
  await refuses(t, withTrees({ roots: Int32Array.of(root, root) }), 'invalid', /two trees/)
  await refuses(t, withTrees({ roots: Int32Array.of(root, inner) }), 'invalid', /two parents/)
  await refuses(
    t,
    withTrees({
      feature: setAt(spec.feature, root, -1),
      left: setAt(spec.left, root, -1),
      right: setAt(spec.right, root, -1),
    }),
    'invalid',
    /no parent/,
    'unreachable',
  )
})

t.test('thresholds and leaves that are not numbers', async (t) => {
  for (const bad of [Number.NaN, 1 / 0, -1 / 0]) {
    const threshold = setAt(spec.threshold, root, bad)
    await refuses(t, withTrees({ threshold }), 'invalid', /threshold/)
    const value = setAt(spec.value, leaf * spec.outputs, bad)
    await refuses(t, withTrees({ value }), 'invalid', /leaf/)
    await refuses(t, withTrees({ base: setAt(spec.base, 0, bad) }), 'invalid', /base/)
  }
  for (const share of [-0.5, 1.5, 0.123]) {
    const value = setAt(spec.value, leaf * spec.outputs, share)
    await refuses(t, withTrees({ value }), 'invalid', /probabilit/, 'no class shares')
  }
})

t.test('a feature that is not there', async (t) => {
  const { featureNamesOut } = buildPredictor(tree).preprocessor
  for (const bad of [featureNamesOut.length, 2 ** 31 - 1, -2, -(2 ** 31)])
    await refuses(t, withTrees({ feature: setAt(spec.feature, root, bad) }), 'invalid', /feature/)
})

/** A tree that goes right so many times; every left child is a leaf. */
function chain(depth: number): TreesSpec {
  const count = 2 * depth + 1
  const isInner = (node: number) => node % 2 === 0 && node < count - 1
  const integers = (of: (node: number) => number) =>
    Int32Array.from({ length: count }, (_, node) => of(node))
  return {
    ...spec,
    roots: Int32Array.of(0),
    feature: integers((node) => (isInner(node) ? 0 : -1)),
    threshold: new Float64Array(count),
    left: integers((node) => (isInner(node) ? node + 1 : -1)),
    right: integers((node) => (isInner(node) ? node + 2 : -1)),
    missingLeft: new Uint8Array(count),
    cover: Float64Array.from({ length: count }, (_, i) => (i % 2 === 0 ? depth + 1 - i / 2 : 1)),
    value: Float64Array.from({ length: count * 3 }, (_, i) => (i % 3 === 0 ? 1 : 0)),
  }
}

t.test('too deep', async (t) => {
  const deepest = decodeFiles(encodeChanged(tree, { model: chain(256) }))
  t.doesNotThrow(() => checkAnswers(buildPredictor(deepest), deepest), '256 levels')
  await refuses(t, encodeChanged(tree, { model: chain(257) }), 'invalid', /deeper than 256/, '257')
  await refuses(t, encodeChanged(tree, { model: chain(1e5) }), 'invalid', /deeper/, '100,000')
})

t.test('counts in the header that the file does not hold', async (t) => {
  const bytes = treeFiles.get(MODEL_FILE) as Uint8Array
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  const header = Buffer.from(bytes.subarray(8, 8 + length)).toString()
  const body = bytes.subarray(8 + length)
  for (const [name, count] of [
    ['roots', 2 ** 31],
    ['feature', 2 ** 32],
    ['value', 2 ** 45],
    ['threshold', 2 ** 49],
  ] as const) {
    const entries = JSON.parse(header) as Record<string, { shape: number[] }>
    const claims = (end?: number) => {
      const { [name]: entry, ...others } = entries
      const offsets = end === undefined ? {} : { data_offsets: [0, end] }
      const json = toBytes({ ...others, [name]: { ...entry, shape: [count], ...offsets } })
      const size = Buffer.alloc(8)
      size.writeBigUInt64LE(BigInt(json.length))
      return reseal(treeFiles, { [MODEL_FILE]: Buffer.concat([size, json, body]) })
    }
    const before = process.memoryUsage().arrayBuffers
    await refuses(t, claims(), 'invalid', /does not fit/, `${count} ${name}`)
    await refuses(t, claims(count * 8), 'invalid', /does not fit/, `${count} ${name}, with bytes`)
    t.ok(process.memoryUsage().arrayBuffers - before < 2 ** 26, 'nothing was allocated for it')
  }
})

t.test('covers that are not weights', async (t) => {
  for (const bad of [0, -1, Number.NaN, 1 / 0]) {
    for (const node of [root, leaf])
      await refuses(t, withTrees({ cover: setAt(coversOf(spec), node, bad) }), 'invalid', /cover/)
  }
  const more = setAt(coversOf(spec), root, (coversOf(spec)[root] as number) + 1)
  await refuses(t, withTrees({ cover: more }), 'invalid', /its children have/)
  const huge = coversOf(spec).map(() => 1.7e308)
  await refuses(t, withTrees({ cover: huge }), 'invalid', /its children have/)
})

t.test('a model without category sets stores none', async (t) => {
  t.strictSame([...trees.store(spec).tensors.keys()].sort(), [
    'base',
    'cover',
    'feature',
    'left',
    'missing_left',
    'right',
    'roots',
    'threshold',
    'value',
  ])
  const { metadata, tensors } = trees.store(spec)
  const file = {
    metadata: new Map([...metadata, ['kind', 'trees'], ['model_id', tree.modelId]]),
    tensors: new Map([...tensors, ['category_offsets', i32(Int32Array.of(2 ** 31 - 1))]]),
  }
  t.ok(isAccepted(reseal(treeFiles, { [MODEL_FILE]: encodeTensors(file) })), 'others are not read')
})

t.test('classes that are no choice', async (t) => {
  const classes = (value: unknown) => withManifest(treeFiles, { classes: value })
  await refuses(t, classes([]), 'invalid', /two classes/)
  await refuses(t, classes(['a']), 'invalid', /two classes/)
  await refuses(t, classes(['a', 'b']), 'invalid', /outputs/)
  await refuses(t, classes(['a', 'b', 'c', 'd']), 'invalid', /outputs/)
  await refuses(t, classes(['a', 'b', 'b']), 'invalid', /twice/)
  await refuses(t, classes([1, 2, 1]), 'invalid', /twice/)
  await refuses(t, classes([0, -0, 1]), 'invalid', /twice/)
  await refuses(t, classes(['1', 2, 3]), 'invalid', /texts only or numbers only/)
  for (const other of [undefined, null, 'abc', { length: 3 }, [null, null, null], [[], [1], [2]]])
    await refuses(t, classes(other), 'invalid', /classes/, JSON.stringify(other))

  // Everything else fits the class, only JSON's 1e999 is no number that could be answered.
  const names = ['0', '1', 'Infinity']
  const importance = { ...tree.importance, outputNames: names }
  const summary = { ...(tree.summary as GlobalSummary), outputNames: names }
  const numeric = encodeChanged(tree, {
    classes: names,
    numericClasses: true,
    importance,
    summary,
  })
  const infinite = withJson(numeric, MANIFEST_FILE, (json) => {
    json.classes = [0, 1, '@1e999@']
  })
  await refuses(t, infinite, 'invalid', /classes/, 'an infinite class')
})

t.test('a summary that is not of this model', async (t) => {
  const edit = (change: (json: Json, columns: Json[]) => void) =>
    withJson(treeFiles, SUMMARY_FILE, (json) => change(json, json.columns as Json[]))
  const groups = (columns: Json[], by: string) =>
    columns.find((entry) => (entry.groups as Json[]).some((group) => by in group))?.groups as Json[]
  for (const [what, change, message] of [
    ['no rows', (json) => (json.rows = 0), /rows/],
    ['a space', (json) => (json.space = 'odds'), /space/],
    ['a method', (json) => (json.method = 'kernel'), /method/],
    ['a class', (json) => (json.output_names = ['a', 'b', 'z']), /output_names are not classes/],
    ['no class', (json) => (json.output_names = []), /output_names are not classes/],
    ['base values', (json) => (json.base_values = [1]), /base_values does not match/],
    ['a column less', (_, columns) => columns.pop(), /columns are not the model's/],
    [
      'a column twice',
      (_, columns) => columns.push({ ...columns[0] }),
      /columns are not the model's/,
    ],
    [
      'another column',
      (_, [first]) => ((first as Json).column = 'zzz'),
      /columns are not the model's/,
    ],
    ['by another', (_, [first]) => ((first as Json).by = 'zzz'), /by is not a derived column/],
    [
      'a mean less',
      (_, [first]) => (first as { mean_shap: unknown[] }).mean_shap.pop(),
      /mean_shap/,
    ],
    [
      'a group of no rows',
      (_, columns) => ((groups(columns, 'value')[0] as Json).rows = 0),
      /rows/,
    ],
    [
      'a list as a value',
      (_, columns) =>
        ((groups(columns, 'value').find((group) => 'value' in group) as Json).value = []),
      /value/,
    ],
    ['ranges out of order', (_, columns) => groups(columns, 'from').reverse(), /ascending/],
    ['a range to nowhere', (_, columns) => ((groups(columns, 'from')[0] as Json).to = null), /to/],
  ] as [string, (json: Json, columns: Json[]) => unknown, RegExp][]) {
    const files = edit((json, columns) => void change(json, columns))
    await refuses(t, files, 'invalid', message, what)
  }
  await refuses(
    t,
    edit((json) => (json.model_id = 'x')),
    'mismatch',
    /summary.json belongs to model/,
  )
  const { summary: _, ...without } = tree
  t.ok(isAccepted(encodeChanged(without)), 'a model may have none')
})

t.test('a profile that is not of this model', async (t) => {
  const edit = (change: (json: Json, columns: Json[], predictions: Json) => void) =>
    withJson(treeFiles, PROFILE_FILE, (json) =>
      change(json, json.columns as Json[], json.predictions as Json),
    )
  const having = (columns: Json[], key: string) =>
    columns.find((own) => key in own) as { [name: string]: unknown[] } & Json
  for (const [what, change, message] of [
    ['no rows', (json) => (json.rows = 0), /rows/],
    ['a column less', (_, columns) => columns.pop(), /columns are not the model's/],
    ['another order', (_, columns) => columns.reverse(), /columns\[0\] is not the model's column/],
    ['by another', (_, [first]) => ((first as Json).by = 'zzz'), /by is not derived/],
    ['cuts out of order', (_, columns) => having(columns, 'cuts').cuts?.reverse(), /ascending/],
    ['cuts of texts', (_, columns) => (having(columns, 'values').cuts = []), /cuts|bins/],
    ['an endless cut', (_, columns) => (having(columns, 'cuts').cuts = ['@1e999@']), /finite/],
    ['a value twice', (_, columns) => (having(columns, 'values').values = ['a', 'a']), /twice/],
    ['a count less', (_, [first]) => (first as { counts: unknown[] }).counts.pop(), /bins/],
    [
      'a count below nothing',
      (_, [first]) => ((first as { counts: unknown[] }).counts[0] = -1),
      /counts\[0\]/,
    ],
    ['half a row', (_, [first]) => ((first as Json).missing = 0.5), /missing/],
    [
      'more rows than there are',
      (json, [first]) => ((first as { counts: unknown[] }).counts[0] = json.rows),
      /more rows/,
    ],
    [
      'a mean that is none',
      (_, columns) => ((having(columns, 'mean') as Json).mean = null),
      /mean/,
    ],
    ["nobody's predictions", (_, __, own) => (own.part = 'mine'), /part/],
    ['a class less', (_, __, own) => (own.labels as unknown[]).pop(), /labels/],
    ['predictions of no row', (_, __, own) => (own.rows = 0), /predictions\.rows/],
  ] as [string, (json: Json, columns: Json[], predictions: Json) => unknown, RegExp][]) {
    const files = edit((json, columns, own) => void change(json, columns, own))
    await refuses(t, files, 'invalid', message, what)
  }
  await refuses(
    t,
    edit((json) => (json.model_id = 'x')),
    'mismatch',
    /profile.json belongs to model/,
  )
  const { profile: _, ...without } = tree
  const older = encodeChanged(without)
  t.notOk(older.has(PROFILE_FILE))
  t.ok(isAccepted(older), 'models of older versions have none')
  t.equal(parseFile(older, MANIFEST_FILE).model_id, tree.modelId, 'and the same id')
})

t.test('mistakes that are not of this model', async (t) => {
  const mistakes = {
    part: 'held_out',
    rows: 9,
    wrong: 2,
    examples: [{ cells: tree.selfTest[0]?.cells ?? [], label: tree.classes[0] as string }],
  } as const
  const files = encodeArtifact({ ...tree, mistakes }, sha256)
  t.ok(isAccepted(files))
  const edit = (change: (json: Json, first: Json & { cells: unknown[] }) => void) =>
    withJson(files, MISTAKES_FILE, (json) =>
      change(json, (json.examples as (Json & { cells: unknown[] })[])[0]!),
    )
  const numberAt = tree.preprocessor.inputs.findIndex(({ type }) => type === 'number')
  const textAt = tree.preprocessor.inputs.findIndex(({ type }) => type === 'text')
  for (const [what, change, message] of [
    ['of no row', (json) => (json.rows = 0), /rows must be a whole number from 1/],
    ['more than there are rows', (json) => (json.wrong = 10), /wrong must be .* from 0 to 9/],
    ['half a row', (json) => (json.wrong = 0.5), /wrong must be a whole number/],
    ['more examples than mistakes', (json) => (json.wrong = 0), /examples are more than the 0/],
    ['an unknown part', (json) => (json.part = 'mine'), /part is "mine"/],
    ['an unknown class', (_, first) => (first.label = 'zzz'), /examples\[0\]\.label is "zzz"/],
    ['a class of every object', (_, first) => (first.label = 'constructor'), /label/],
    ['a cell less', (_, first) => first.cells.pop(), /cells do not match the model's columns/],
    ['a text for a number', (_, first) => (first.cells[numberAt] = '1'), /must be a finite number/],
    ['an endless number', (_, first) => (first.cells[numberAt] = '@1e999@'), /finite number/],
    ['a number for a text', (_, first) => (first.cells[textAt] = 1), /must be a text/],
    ['an object for a text', (_, first) => (first.cells[textAt] = {}), /must be a text/],
    ['no list', (json) => (json.examples = {}), /examples must be a list/],
  ] as [string, (json: Json, first: Json & { cells: unknown[] }) => unknown, RegExp][]) {
    const changed = edit((json, first) => void change(json, first))
    await refuses(t, changed, 'invalid', message, what)
  }
  await refuses(
    t,
    edit((json) => (json.model_id = 'x')),
    'mismatch',
    /mistakes.json belongs to model/,
  )
  const { mistakes: _, ...without } = tree
  const older = encodeChanged(without)
  t.notOk(older.has(MISTAKES_FILE))
  t.ok(isAccepted(older), 'models of older versions have none')
  t.equal(parseFile(older, MANIFEST_FILE).model_id, tree.modelId, 'and the same id')
})

t.test('a preprocessor that makes other features than the model asks', async (t) => {
  const edit = (change: (json: Json, steps: Steps) => void) =>
    withJson(treeFiles, PREPROCESSOR_FILE, (json) => change(json, json.steps as Steps))
  const mismatch = 'mismatch'
  await refuses(
    t,
    edit((_, steps) => steps.pop()),
    mismatch,
    /feature_names_out/,
    'one less',
  )
  await refuses(
    t,
    edit((_, steps) => steps.reverse()),
    mismatch,
    /feature_names_out/,
    'order',
  )
  await refuses(
    t,
    edit((json) => (json.inputs as Json[]).reverse()),
    mismatch,
    /feature_names_in/,
    'order of inputs',
  )
  await refuses(
    t,
    edit((_, steps) => steps.push(steps[0] as Steps[number])),
    'invalid',
    /same feature/,
    'one twice',
  )
  await refuses(
    t,
    edit((_, [first]) => {
      if (first) first.column = 'other'
    }),
    'invalid',
    /neither an input nor derived/,
    'an unknown column',
  )
  const names = parseFile(treeFiles, MANIFEST_FILE).feature_names_out as string[]
  const more = withManifest(treeFiles, { feature_names_out: [...names, 'x'] })
  await refuses(t, more, mismatch, /feature_names_out/, 'the manifest names one more')
  await refuses(
    t,
    encodeChanged(logistic, {
      preprocessor: { ...logistic.preprocessor, steps: logistic.preprocessor.steps.slice(1) },
    }),
    'invalid',
    /features/,
    'the manifest agrees, the model does not',
  )
})

t.test('files of two trainings', async (t) => {
  const other = encodeChanged(await trainSmall('decision_tree', ['a', 'b', 'c'], 1))
  for (const name of other.keys()) {
    const bytes = other.get(name) as Uint8Array
    const mixed =
      name === MANIFEST_FILE
        ? reseal(new Map([...treeFiles, [name, bytes]]))
        : reseal(treeFiles, { [name]: bytes })
    await refuses(t, mixed, 'mismatch', /belongs to model/, name)
    const directory = writeFiles(join(t.testdir(), name), mixed)
    await refuses(t, directory, 'mismatch', /belongs to model/, `${name}, from a directory`)
  }
})

t.test('a self-test that does not come out', async (t) => {
  const shift = (values: readonly number[]) =>
    values.map((value, i) => value + (i === 0 ? 1e-6 : 0))
  for (const artifact of [tree, logistic]) {
    const altered = (row: number, change: Partial<Artifact['selfTest'][number]>) =>
      encodeChanged(artifact, {
        selfTest: artifact.selfTest.map((own, i) => (i === row ? { ...own, ...change } : own)),
      })
    t.equal(await problemOf(encodeChanged(artifact)), undefined, 'unchanged')
    for (const [row, { probabilities, baseValue, shapValues }] of artifact.selfTest.entries()) {
      const message = new RegExp(`self-test row ${row + 1} `)
      for (const files of [
        altered(row, { probabilities: shift(probabilities) }),
        altered(row, { shapValues: shift(shapValues as number[]) }),
        altered(row, { baseValue: (baseValue as number) + 1e-6 }),
      ])
        await refuses(t, files, 'self_test', message)
    }
    t.equal(
      await problemOf(
        altered(0, { baseValue: (artifact.selfTest[0]?.baseValue as number) + 1e-13 }),
      ),
      undefined,
      'rounding of another machine',
    )
    await refuses(t, encodeChanged(artifact, { selfTest: [] }), 'invalid', /self_test is empty/)
  }
  const rows = parseFile(treeFiles, MANIFEST_FILE).self_test as Json[]
  for (const change of [
    { cells: [] },
    { cells: [1, 'a'] },
    { cells: [{}, {}, {}, {}, {}] },
    { probabilities: [] },
    { probabilities: [null, 0, 1] },
    { shap_values: [0] },
    { base_value: null },
  ]) {
    const files = withManifest(treeFiles, { self_test: [{ ...rows[0], ...change }] })
    await refuses(t, files, 'invalid', /self_test\[0\]/, JSON.stringify(change))
  }
  const directory = writeFiles(
    t.testdir(),
    encodeChanged(tree, {
      model: { ...spec, comparison: '<', threshold: spec.threshold.map((x) => x + 9) },
    }),
  )
  await refuses(t, directory, 'self_test', /self-test row/, 'another build of the same file')
})
