/** Model directories that must be refused: damaged, forged, made to exhaust, or replaced while they are read. */

import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import {
  type Artifact,
  EXPLAIN_FILE,
  FORMAT_VERSION,
  MANIFEST_FILE,
  METRICS_FILE,
  MODEL_FILE,
  PREPROCESSOR_FILE,
  SUMMARY_FILE,
} from '../../src/artifact/artifact.ts'
import { decodeManifest } from '../../src/artifact/decode-manifest.ts'
import { encodeTensors } from '../../src/artifact/safetensors.ts'
import type { Cell, DataFrame } from '../../src/data/frame.ts'
import { createRandom, type Random } from '../../src/data/random.ts'
import { i32 } from '../../src/data/tensor.ts'
import { ArtifactError, type ArtifactErrorCode, InputError } from '../../src/errors.ts'
import { loadModelFiles, readModelDirectory, sha256 } from '../../src/model-directory/read.ts'
import type { TreesSpec } from '../../src/models/model.ts'
import { trees } from '../../src/models/trees.ts'
import { buildPredictor, type Predictor } from '../../src/predictor/predictor.ts'
import { runSelfTest } from '../../src/predictor/self-test.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import type { GlobalSummary } from '../../src/shap/global-summary.ts'
import {
  decodeFiles,
  encodeChanged,
  type Files,
  type Json,
  parseFile,
  REFERENCE,
  readFiles,
  reseal,
  sealManifest,
  toBytes,
  trainSmall,
  withManifest,
  writeFiles,
} from './model-files.ts'

// The machine may be busy with other tests.
t.setTimeout(120_000)

const isRoot = process.geteuid?.() === 0
const NOBODY = 65534

const reference = readFiles(REFERENCE)
const tree = await trainSmall('decision_tree')
const treeFiles = encodeChanged(tree)
const spec = tree.model as TreesSpec
const logistic = await trainSmall('logistic_regression', ['a', 'b'])
const logisticFiles = encodeChanged(logistic)

/** Returns the error that a directory or files are refused with, undefined if they load; throws any other error. */
async function problemOf(model: string | Files): Promise<ArtifactError | undefined> {
  try {
    if (typeof model === 'string') await readModelDirectory(model)
    else loadModelFiles(model)
    return undefined
  } catch (error) {
    if (error instanceof ArtifactError) return error
    throw error
  }
}

/** Asserts that a directory or files are refused, with one printable line. */
async function refuses(
  t: Test,
  model: string | Files,
  code: ArtifactErrorCode | readonly ArtifactErrorCode[],
  message: RegExp,
  what?: string,
): Promise<void> {
  const problem = await problemOf(model)
  const name = what ?? String(message)
  if (!problem) {
    t.fail(`loaded: ${name}`)
    return
  }
  t.ok([code].flat().includes(problem.code), `${problem.code}: ${name}`)
  t.match(problem.message, message, name)
  t.match(problem.message, /^[ -~…]{1,1024}$/, `one line: ${name}`)
}

function setAt<T extends Int32Array | Float64Array | Uint8Array>(
  array: T,
  index: number,
  value: number,
): T {
  const copy = array.slice() as T
  copy[index] = value
  return copy
}

const withTrees = (changes: Partial<TreesSpec>) =>
  encodeChanged(tree, { model: { ...spec, ...changes } })

/** Returns a directory with a model whose manifest lists one file first, so that it is verified first. */
function writeWithFirst(directory: string, files: Files, first: string): string {
  const { files: listed } = parseFile(files, MANIFEST_FILE) as { files: Json }
  const reordered = { ...(first in listed ? { [first]: listed[first] } : {}), ...listed }
  return writeFiles(directory, withManifest(files, { files: reordered }))
}

const loaded = await readModelDirectory(REFERENCE)
t.equal(
  loaded.artifact.modelId,
  parseFile(reference, MANIFEST_FILE).model_id,
  'the reference loads',
)
t.strictSame(loaded.extraFiles, [])

t.test('no directory, no manifest', async (t) => {
  const directory = t.testdir({ empty: {}, file: 'x', 'line\nbreak': {} })
  const named = (name: string) => new RegExp(`${name}"`)
  await refuses(t, join(directory, 'absent'), 'missing', named('absent'))
  await refuses(t, join(directory, 'empty'), 'missing', /empty" is empty/)
  await refuses(t, join(directory, 'file'), 'missing', named('file'))
  await refuses(t, join(directory, 'file/below'), 'missing', named('below'))
  await refuses(t, join(directory, 'line\nbreak'), 'missing', /line\\nbreak/)
  const bare = writeFiles(join(directory, 'bare'), reference)
  rmSync(join(bare, MANIFEST_FILE))
  await refuses(t, bare, 'missing', named('bare'), 'our own files without the manifest')
})

t.test('a file cut at any byte', async (t) => {
  for (const [name, { length }] of reference) {
    const directory = writeWithFirst(join(t.testdir(), name), reference, name)
    const path = join(directory, name)
    // Here the manifest is one line that ends with its last brace.
    const { size } = statSync(path)
    const step = length < 3000 ? 1 : size / 200
    const loadedAt: number[] = []
    for (let at = size - 1; at >= 0; at -= step) {
      truncateSync(path, Math.floor(at))
      if (!(await problemOf(directory))) loadedAt.push(Math.floor(at))
    }
    t.strictSame(loadedAt, [], `${name}: ${size} bytes`)
  }
})

/** Loads a directory with a bit of a file flipped, as often as asked; calls back for what was not refused. */
async function flipBits(
  t: Test,
  names: readonly string[],
  runs: number,
  seed: number,
): Promise<{ place: string; artifact: Artifact }[]> {
  const random = createRandom(seed)
  const accepted: { place: string; artifact: Artifact }[] = []
  const root = t.testdir()
  for (const name of names) {
    const directory = writeWithFirst(join(root, name), reference, name)
    const bytes = readFiles(directory).get(name) as Uint8Array
    const file = openSync(join(directory, name), 'r+')
    for (let run = 0; run < runs / names.length; run++) {
      const at = random.below(bytes.length)
      const byte = bytes[at] as number
      const bit = random.below(8)
      writeSync(file, Uint8Array.of(byte ^ (1 << bit)), 0, 1, at)
      if (!(await problemOf(directory))) {
        const { artifact } = await readModelDirectory(directory)
        accepted.push({ place: `${name} byte ${at} bit ${bit}`, artifact })
      }
      writeSync(file, Uint8Array.of(byte), 0, 1, at)
    }
    closeSync(file)
    t.equal(await problemOf(directory), undefined, `${name} was restored`)
  }
  return accepted
}

t.test('a flipped bit in a file that the manifest lists', async (t) => {
  const names = [...reference.keys()].filter((name) => name !== MANIFEST_FILE)
  const accepted = await flipBits(t, names, 1700, 31)
  t.strictSame(
    accepted.map(({ place }) => place),
    [],
    'all refused',
  )
})

t.test('a flipped bit in the manifest', async (t) => {
  const accepted = await flipBits(t, [MANIFEST_FILE], 300, 32)
  // A digit beyond a double's precision may change without changing the number.
  const other = accepted.filter(({ artifact }) => !isDeepStrictEqual(artifact, loaded.artifact))
  t.strictSame(
    other.map(({ place }) => place),
    [],
    'refused, or the same model',
  )
})

/** Usual values, both ends, missing values, unknown categories, numbers far out. */
function probeRows(artifact: Artifact): Cell[][] {
  const { inputs } = artifact.preprocessor
  const rows = [
    inputs.map(({ example }) => example),
    inputs.map((input) => input.range?.minimum ?? input.categories?.[0] ?? input.example),
    inputs.map((input) => input.range?.maximum ?? input.categories?.at(-1) ?? input.example),
    inputs.map((input) => (input.nullable ? null : input.example)),
    inputs.map((input) => (input.type === 'text' ? 'never seen' : -1e6)),
    inputs.map((input) => (input.type === 'text' ? 'Item Dr. 1' : 1e6)),
  ]
  // The ends come from the file; a score of 1e308 · x would overflow in any linear model.
  return rows.map((cells) =>
    cells.map((cell) => (typeof cell === 'number' ? Math.max(-1e6, Math.min(cell, 1e6)) : cell)),
  )
}

/** Returns what a model says of rows, or undefined where it says that its own numbers are too large for them. */
function answersOf(predictor: Predictor, frame: DataFrame) {
  try {
    const { probabilities } = predictor.predict(frame)
    return { probabilities, explained: predictor.explain(frame, { output: 'all' }).rows }
  } catch (error) {
    if (error instanceof InputError && error.code === 'non_finite') return undefined
    throw error
  }
}

/** Throws unless every prediction is a probability and every explanation adds up to it. */
function checkAnswers(predictor: Predictor, artifact: Artifact): void {
  const rows = probeRows(artifact)
  const frame = frameOfCells(artifact.preprocessor.inputs, rows)
  const classes = artifact.classes.length
  const answers = answersOf(predictor, frame)
  if (!answers) return
  const { probabilities, explained } = answers
  rows.forEach((cells, row) => {
    const own = probabilities.subarray(row * classes, (row + 1) * classes)
    const sum = own.reduce((total, value) => total + value, 0)
    const isDistribution = own.every((p) => p >= 0 && p <= 1 + 1e-9) && Math.abs(sum - 1) < 1e-6
    if (!isDistribution) throw new Error(`row ${JSON.stringify(cells)} has probabilities ${own}`)
    const explanation = explained[row]
    if (!explanation) throw new Error('a row without an explanation')
    const numbers = [...explanation.baseValues, ...explanation.shapValues.flatMap((v) => [...v])]
    if (!numbers.every(Number.isFinite))
      throw new Error(`row ${JSON.stringify(cells)} has SHAP values ${numbers}`)
    const largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
    if (!(explanation.additivityError <= 1e-9 * largest))
      throw new Error(`row ${JSON.stringify(cells)} is off by ${explanation.additivityError}`)
  })
}

/**
 * Returns whether files are accepted; throws unless they are refused by an ArtifactError or give sound answers.
 * Trees are held to that without their self-test too, so that it cannot hide what the validator lets through.
 */
function isAccepted(files: Files): boolean {
  try {
    const artifact = decodeFiles(files)
    const predictor = buildPredictor(artifact)
    if (artifact.model.kind === 'linear') runSelfTest(predictor, artifact)
    checkAnswers(predictor, artifact)
    // A model card must be written of whatever is accepted.
    JSON.stringify(artifact.metrics)
    runSelfTest(predictor, artifact)
    return true
  } catch (error) {
    if (error instanceof ArtifactError) return false
    throw error
  }
}

const hostileDoubles = [Number.NaN, 1 / 0, -1 / 0, 1e308, -1e308, 5e-324, -0, 0, -1, 1e-300, 0.5]
const hostileIntegers = [-1, -2, 0, 1, 2, 7, 255, 256, 2 ** 31 - 1, -(2 ** 31), 0x7ff00000]
const hostileValues: unknown[] = [
  ...[null, true, -1, 0, 0.5, 3, 2 ** 53, 1e308, -1e308, '', 'a', '__proto__', '(', 'number'],
  ...[[], [[]], {}, { toString: 1, valueOf: 1 }, { kind: 'standard_scaler', mean: 0, scale: 1 }],
  '@1e999@',
]

const pick = <T>(items: readonly T[], random: Random) => items[random.below(items.length)] as T

/** Returns a safetensors file with some of its numbers or a character of its header changed. */
function mutateTensors(original: Uint8Array, random: Random): Uint8Array {
  const bytes = original.slice()
  const view = new DataView(bytes.buffer)
  const body = 8 + Number(view.getBigUint64(0, true))
  for (let change = random.below(3); change >= 0; change--) {
    const kind = random.below(8)
    const inBody = body + random.below(bytes.length - body)
    if (kind === 0) bytes[random.below(body)] = pick([...Buffer.from('0123456789-[],"FI')], random)
    else if (kind < 3) bytes[inBody] = (bytes[inBody] as number) ^ (1 << random.below(8))
    else if (kind < 6) {
      const at = body + 8 * random.below((bytes.length - body) >> 3)
      view.setFloat64(at, pick(hostileDoubles, random), true)
    } else {
      const at = body + 4 * random.below((bytes.length - body) >> 2)
      view.setInt32(at, pick(hostileIntegers, random), true)
    }
  }
  return bytes
}

/** Returns a JSON file with one of its values replaced, removed, repeated or exchanged for another. */
function mutateJson(original: Uint8Array, random: Random): Uint8Array {
  const root = JSON.parse(Buffer.from(original).toString()) as Json
  const slots: { parent: Json; key: string }[] = []
  const visit = (parent: Json) => {
    for (const [key, value] of Object.entries(parent)) {
      slots.push({ parent, key })
      if (value !== null && typeof value === 'object') visit(value as Json)
    }
  }
  visit(root)
  const { parent, key } = pick(slots, random)
  const kind = random.below(8)
  if (kind === 0) delete parent[key]
  else if (kind === 1 && Array.isArray(parent)) parent.push(structuredClone(parent[Number(key)]))
  else if (kind === 2 && Array.isArray(parent)) parent.splice(Number(key), 1)
  else if (kind === 3) {
    const other = pick(slots, random)
    parent[key] = structuredClone(other.parent[other.key])
  } else parent[key] = pick(hostileValues, random)
  return toBytes(JSON.stringify(root).replaceAll('"@1e999@"', '1e999'))
}

t.test('numbers and bytes changed, checksums recomputed', async (t) => {
  const random = createRandom(41)
  const models = [
    { name: 'tree', files: treeFiles, runs: 600 },
    { name: 'logistic', files: logisticFiles, runs: 600 },
    { name: 'reference', files: reference, runs: 300 },
  ]
  for (const { name, files, runs } of models) {
    const root = t.testdir()
    const outcomes = { accepted: 0, refused: 0 }
    const defects = new Map<string, string>()
    for (let run = 0; run < runs; run++) {
      const changed = pick(
        [MODEL_FILE, MODEL_FILE, EXPLAIN_FILE, PREPROCESSOR_FILE, PREPROCESSOR_FILE, MANIFEST_FILE],
        random,
      )
      const before = files.get(changed) as Uint8Array
      const bytes = changed.endsWith('.json')
        ? mutateJson(before, random)
        : mutateTensors(before, random)
      const mutant = new Map([...files, [changed, bytes]])
      try {
        const accepted = isAccepted(mutant)
        outcomes[accepted ? 'accepted' : 'refused']++
        // The same through the file system, where only the checksums could make a difference.
        if (run % 20 === 0 && changed !== MANIFEST_FILE) {
          const problem = await problemOf(writeFiles(join(root, name), reseal(mutant)))
          if (accepted ? problem?.code === 'corrupt' : !problem) defects.set('directory', changed)
        }
      } catch (error) {
        const { name, message } = error as Error
        defects.set(`${changed}: ${name}: ${message.slice(0, 60)}`, `run ${run}`)
      }
    }
    t.strictSame([...defects], [], `${name}: neither a wrong number nor another error`)
    t.ok(outcomes.refused > runs / 2 && outcomes.accepted > 10, JSON.stringify(outcomes))
  }
})

const deepLists = '['.repeat(100_000) + ']'.repeat(100_000)

/** Returns files with a JSON file edited; `"@deep@"` in it becomes lists in each other. */
function withJson(files: Files, name: string, edit: (json: Json) => void): Files {
  const json = parseFile(files, name)
  edit(json)
  const text = JSON.stringify(json)
    .replaceAll('"@deep@"', deepLists)
    .replaceAll('"@1e999@"', '1e999')
  // Parsing the manifest again would lose what only its text says.
  if (name === MANIFEST_FILE) return new Map([...files, [name, sealManifest(text)]])
  return reseal(new Map([...files, [name, toBytes(text)]]))
}

/** Returns the artifact's files with the self-test made anew of its first row, as whoever forges a model would. */
function forge(artifact: Artifact): Files {
  const first = artifact.selfTest[0]
  if (!first) throw new Error('no self-test')
  const frame = frameOfCells(artifact.preprocessor.inputs, [first.cells])
  const predictor = buildPredictor(artifact)
  const { probabilities } = predictor.predict(frame)
  const [explanation] = predictor.explain(frame, { output: artifact.classes.at(-1) as string }).rows
  const row = {
    cells: first.cells,
    probabilities: [...probabilities],
    baseValue: explanation?.baseValues[0] as number,
    shapValues: [...(explanation?.shapValues[0] ?? [])],
  }
  return encodeChanged(artifact, { selfTest: [row] })
}

type Steps = { column: string; chain: { kind: string; value?: unknown; scale?: number }[] }[]

const hostileJson: Record<string, Files> = {
  'an ignored column that cannot become a text': withJson(treeFiles, PREPROCESSOR_FILE, (json) => {
    json.otherColumns = [{ toString: 1, valueOf: 1 }]
  }),
  'an ignored column of lists in each other': withJson(treeFiles, PREPROCESSOR_FILE, (json) => {
    json.otherColumns = ['@deep@']
  }),
  'an example that cannot become a text': withJson(treeFiles, PREPROCESSOR_FILE, (json) => {
    for (const input of json.inputs as Json[])
      if (input.type === 'text') input.example = { toString: 1, valueOf: 1 }
  }),
  'a transformer of lists in each other': withJson(treeFiles, PREPROCESSOR_FILE, (json) => {
    for (const { chain } of json.steps as Steps) for (const link of chain) link.kind = '@deep@'
  }),
  'metrics of lists in each other': withJson(treeFiles, METRICS_FILE, (json) => {
    json.test = '@deep@'
  }),
  'a column derived from a derived one': withJson(treeFiles, PREPROCESSOR_FILE, (json) => {
    const [first] = json.derived as Json[]
    json.derived = [
      { ...first, column: 'middle' },
      { ...first, from: 'middle', pattern: '.*', group: 0 },
    ]
  }),
  'a gap filled with what is not a number': forge({
    ...logistic,
    preprocessor: {
      ...logistic.preprocessor,
      steps: logistic.preprocessor.steps.map((step) =>
        step.column === 'size'
          ? {
              ...step,
              chain: step.chain.map((link) =>
                link.kind === 'impute_number' ? { kind: 'impute_category', value: 'x' } : link,
              ),
            }
          : step,
      ),
    },
  }),
}

t.test('JSON that only a person would write', (t) => {
  for (const [what, files] of Object.entries(hostileJson)) {
    t.doesNotThrow(() => isAccepted(files), what)
  }
  t.end()
})

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
  const deepest = decodeFiles(encodeChanged(tree, { model: chain(64) }))
  t.doesNotThrow(() => checkAnswers(buildPredictor(deepest), deepest), '64 levels')
  await refuses(t, encodeChanged(tree, { model: chain(65) }), 'invalid', /deeper than 64/, '65')
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
      await refuses(t, withTrees({ cover: setAt(spec.cover, node, bad) }), 'invalid', /cover/)
  }
  const more = setAt(spec.cover, root, (spec.cover[root] as number) + 1)
  await refuses(t, withTrees({ cover: more }), 'invalid', /its children have/)
  const huge = spec.cover.map(() => 1.7e308)
  await refuses(t, withTrees({ cover: huge }), 'invalid', /its children have/)
})

t.test('category sets: the format has none, so none can be out of range', async (t) => {
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

t.test('file names that lead elsewhere', async (t) => {
  const listed = parseFile(treeFiles, MANIFEST_FILE).files as Json
  const bad = [
    ...['/etc/passwd', '../model.safetensors', '..', '.', '', 'a/b', 'a\\b', '..\\a', 'a\0b'],
    ...['%2e%2e', '/dev/zero', '/proc/self/environ', '.lock', '-x', 'A', 'é', 'a b', 'a\n'],
    ...['__proto__', 'x'.repeat(65), 'file:///etc/passwd', 'c:a'],
  ]
  const outside = writeFiles(t.testdir(), new Map([[MODEL_FILE, new Uint8Array()]]))
  for (const name of bad) {
    // JSON text, because an object literal cannot own a key "__proto__".
    const entry = `${JSON.stringify(name)}:${JSON.stringify(listed[MODEL_FILE])}`
    const text = JSON.stringify({ ...parseFile(treeFiles, MANIFEST_FILE), files: '@' }).replace(
      '"@"',
      `{${entry},${JSON.stringify(listed).slice(1)}`,
    )
    t.throws(
      () => decodeManifest(sealManifest(text), sha256),
      { name: 'ArtifactError', code: 'invalid', message: /not a plain file name/ },
      JSON.stringify(name),
    )
    const directory = writeFiles(
      join(outside, 'model'),
      new Map([...treeFiles, [MANIFEST_FILE, sealManifest(text)]]),
    )
    t.equal((await problemOf(directory))?.code, 'invalid', `${JSON.stringify(name)} on disk`)
  }
})

t.test('links, pipes, devices, directories and sockets', async (t) => {
  const directory = t.testdir()
  const outside = writeFiles(join(directory, 'outside'), treeFiles)
  for (const name of [MANIFEST_FILE, MODEL_FILE]) {
    const place = async (what: string, make: (path: string) => unknown) => {
      const model = writeFiles(join(directory, `${name} ${what}`), treeFiles)
      rmSync(join(model, name))
      await make(join(model, name))
      await refuses(t, model, 'unreadable', new RegExp(name), `${name} is ${what}`)
    }
    await place('a symbolic link', (path) => symlinkSync(join(outside, name), path))
    await place('a link to nothing', (path) => symlinkSync('nothing', path))
    await place('a link to itself', (path) => symlinkSync(path, path))
    await place('a pipe', (path) => execFileSync('mkfifo', [path]))
    await place('a directory', (path) => mkdirSync(path))
    const server = createServer()
    await place('a socket', async (path) => {
      // A socket's path may have 107 bytes only, so it is given from inside the directory.
      const before = process.cwd()
      process.chdir(join(path, '..'))
      await new Promise<void>((resolve) => server.listen(name, resolve))
      process.chdir(before)
    })
    await new Promise((resolve) => server.close(resolve))
    if (isRoot && canMakeDevices(directory))
      await place('a device', (path) => execFileSync('mknod', [path, 'c', '1', '5']))
    else t.comment('a device: only root can make one')
  }
  symlinkSync(outside, join(directory, 'link'))
  t.equal(await problemOf(join(directory, 'link')), undefined, 'the directory itself may be one')
})

function canMakeDevices(directory: string): boolean {
  const path = join(directory, 'device')
  try {
    execFileSync('mknod', [path, 'c', '1', '5'], { stdio: 'ignore' })
    rmSync(path)
    return true
  } catch {
    return false
  }
}

t.test('a manifest made to exhaust', async (t) => {
  const directory = writeFiles(t.testdir(), treeFiles)
  const write = (text: string) => writeFileSync(join(directory, MANIFEST_FILE), sealManifest(text))
  const manifest = JSON.stringify(parseFile(treeFiles, MANIFEST_FILE))
  const withMember = (text: string) => write(`${manifest.slice(0, -1)},${text}}`)
  const nested = (levels: number) => `"x":${'['.repeat(levels)}${']'.repeat(levels)}`

  truncateSync(join(directory, MANIFEST_FILE), 2 ** 30)
  const before = process.memoryUsage().arrayBuffers
  await refuses(t, directory, 'invalid', /at most 1048576/, '1 GiB')
  t.ok(process.memoryUsage().arrayBuffers - before < 2 ** 26, 'it is not read')
  write(manifest + ' '.repeat((1 << 20) - manifest.length))
  t.equal(await problemOf(directory), undefined, '1 MiB')
  write(manifest + ' '.repeat((1 << 20) + 1 - manifest.length))
  await refuses(t, directory, 'invalid', /at most/, '1 MiB and a byte')
  withMember(nested(31))
  t.equal(await problemOf(directory), undefined, '32 levels')
  withMember(nested(32))
  await refuses(t, directory, 'invalid', /too deep/, '33 levels')
  withMember(nested(200_000))
  await refuses(t, directory, 'invalid', /too deep/, '200,000 levels')
  const keys = Array.from({ length: 10_001 }, (_, i) => `"${i}":0`).join()
  withMember(`"x":{${keys}}`)
  await refuses(t, directory, 'invalid', /too many keys/, '10,001 keys')

  const { classes, ...rest } = parseFile(treeFiles, MANIFEST_FILE)
  write(JSON.stringify({ ...rest, '@': { classes, polluted: 1 } }).replace('"@"', '"__proto__"'))
  await refuses(t, directory, 'invalid', /classes/, 'nothing is inherited from __proto__')
  withMember('"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}')
  t.equal(await problemOf(directory), undefined, '__proto__ is a key like any other')
  write(manifest.replace('"params":{', '"params":{"__proto__":{"polluted":1},'))
  await problemOf(directory)
  t.notOk('polluted' in {}, 'no prototype was touched')

  write('')
  await refuses(t, directory, 'invalid', /not JSON/, 'empty')
  write('[]')
  await refuses(t, directory, 'invalid', /object/, 'a list')
  writeFileSync(join(directory, MANIFEST_FILE), Buffer.from(manifest, 'utf16le'))
  await refuses(t, directory, 'invalid', /not JSON/, 'UTF-16')
})

/** Runs as a user without rights to what root owns; root can read everything. */
async function asNobody(run: () => Promise<void>): Promise<void> {
  if (isRoot) process.seteuid?.(NOBODY)
  try {
    await run()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

t.test('files that may not be read', async (t) => {
  // Not below the project, which nobody may be allowed to enter.
  const parent = mkdtempSync(join(tmpdir(), 'shapserve-'))
  t.teardown(() => rmSync(parent, { recursive: true }))
  chmodSync(parent, 0o755)
  for (const name of [MANIFEST_FILE, MODEL_FILE]) {
    const directory = writeFiles(join(parent, name), treeFiles)
    chmodSync(join(directory, name), 0o000)
    await asNobody(async () => {
      await refuses(t, directory, 'unreadable', new RegExp(`${name}.* uid \\d+`), name)
      await refuses(t, directory, 'unreadable', /mode 0?000\b/, `${name}: the mode is named`)
    })
  }
  const directory = writeFiles(join(parent, 'closed'), treeFiles)
  chmodSync(directory, 0o000)
  await asNobody(() => refuses(t, directory, 'unreadable', /closed".* uid \d+/, 'the directory'))
  chmodSync(directory, 0o755)
})

t.test('files replaced or cut while serving', async (t) => {
  const directory = writeFiles(t.testdir(), reference)
  const { predictor, artifact, files } = await readModelDirectory(directory)
  const frame = frameOfCells(artifact.preprocessor.inputs, probeRows(artifact))
  const answers = () => [predictor.predict(frame), predictor.explain(frame, { output: 'all' }).rows]
  const before = answers()
  for (const name of reference.keys()) {
    writeFileSync(join(directory, name), '{}')
    truncateSync(join(directory, name), 0)
  }
  t.strictSame(answers(), before, 'the same answers')
  const again = loadModelFiles(files)
  t.strictSame(again.artifact, artifact, 'a worker that starts later has the same model')
  rmSync(directory, { recursive: true })
  t.strictSame(answers(), before, 'without a directory too')
})

t.test('a file that grows, shrinks or changes while it is read', async (t) => {
  // A large file is read in many steps, so that changes fall between them.
  const bulk = new Uint8Array(1 << 24)
  const listed = { 'bulk.bin': {}, ...(parseFile(treeFiles, MANIFEST_FILE).files as Json) }
  const files = reseal(withManifest(treeFiles, { files: listed }), { 'bulk.bin': bulk })
  const directory = t.testdir()
  const path = join(directory, 'bulk.bin')
  const loadDuring = async (change: (turn: number) => void) => {
    writeFiles(directory, files)
    let done = false
    const loading = problemOf(directory).finally(() => {
      done = true
    })
    for (let turn = 0; !done; turn++) {
      change(turn)
      await setImmediate()
    }
    return loading
  }
  t.equal(await loadDuring(() => {}), undefined, 'it loads when nothing changes')
  const changes: Record<string, (turn: number) => void> = {
    grows: (turn) => turn > 20 && appendFileSync(path, 'x'),
    shrinks: (turn) => turn > 20 && truncateSync(path, bulk.length - turn),
    'is emptied': (turn) => turn === 20 && truncateSync(path, 0),
    'is written over': (turn) => {
      const file = openSync(path, 'r+')
      writeSync(file, Uint8Array.of(turn | 1), 0, 1, (turn * 4099) % bulk.length)
      closeSync(file)
    },
  }
  for (const [what, change] of Object.entries(changes)) {
    const problem = await loadDuring(change)
    t.match(problem?.code, /^(unreadable|corrupt)$/, `${what}: ${problem?.message}`)
  }
})

t.test('other files in the directory', async (t) => {
  const directory = writeFiles(t.testdir({ logs: { 'a.txt': '' } }), treeFiles)
  for (const name of ['notes.txt', 'model.pkl', 'MODEL_CARD.md', '.lock', 'metrics.json.next'])
    writeFileSync(join(directory, name), 'x')
  symlinkSync('/etc/passwd', join(directory, 'link'))
  const { artifact, extraFiles } = await readModelDirectory(directory)
  t.equal(artifact.modelId, tree.modelId)
  t.strictSame(extraFiles, ['link', 'logs', 'metrics.json.next', 'model.pkl', 'notes.txt'])
})

t.test('models of other tools', async (t) => {
  const directory = t.testdir()
  const foreign = [
    ...['model.pkl', 'model.pickle', 'model.joblib', 'model.onnx', 'booster.json', 'xgboost.model'],
    ...['pytorch_model.bin', 'model.pt', 'model.tar.gz'],
  ]
  for (const name of foreign) {
    const model = writeFiles(join(directory, name), new Map([[name, Buffer.from('\x80\x04K*.')]]))
    await refuses(t, model, 'foreign', new RegExp(`"${name}", a foreign artifact`), name)
  }
  const other = { manifest_version: 3, name: 'x', files: {} }
  await refuses(
    t,
    writeFiles(join(directory, 'other'), new Map([[MANIFEST_FILE, toBytes(other)]])),
    'invalid',
    /shapserve model/,
    'a manifest of another tool',
  )
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
        altered(row, { shapValues: shift(shapValues) }),
        altered(row, { baseValue: baseValue + 1e-6 }),
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
