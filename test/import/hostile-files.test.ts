/**
 * Files that were made to hurt: what they announce is not believed, no tree is walked without end, and the command ends
 * with one line and status 1 in the memory that a small container has.
 */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { unzipSync, type Zippable, zipSync } from 'fflate'
import t from 'tap'
import { ArtifactError } from '../../src/errors.ts'
import { exportOnnx } from '../../src/export/onnx/onnx.ts'
import { draftImport } from '../../src/import/build-artifact.ts'
import { readModelFile } from '../../src/import/index.ts'
import type { TreesSpec } from '../../src/models/model.ts'
import { cli, run } from '../command.ts'
import { loadCheckpoint } from '../helper.ts'
import { file, message, operator, stump } from './onnx-files.ts'

const { artifact } = await loadCheckpoint()
const DEPTH = 100_000
const count = <T>(size: number, make: (i: number) => T) =>
  Array.from({ length: size }, (_, i) => make(i))

const golden = (name: string): Buffer => {
  const path = join(import.meta.dirname, '../fixtures', name)
  const { model } = JSON.parse(readFileSync(path, 'utf8'))
  return Buffer.from(model.data, model.encoding === 'base64' ? 'base64' : 'utf8')
}

/** LightGBM: members of the first tree in other words. */
function lightgbm(change: Readonly<Record<string, string>>): Buffer {
  let text = golden('golden-import/lgb_binary.json').toString()
  for (const [key, value] of Object.entries(change)) {
    const other = text.replace(new RegExp(`^${key}=.*$`, 'm'), `${key}=${value}`)
    t.not(other, text, `${key} is there`)
    text = other
  }
  return Buffer.from(text)
}

/** A chain of LightGBM's nodes: every one's left child is the next, its right child a leaf. */
function deepLightgbm(): Buffer {
  const [inner, leaves] = [DEPTH, DEPTH + 1]
  const ones = (size: number) => new Array(size).fill(1).join(' ')
  return lightgbm({
    num_leaves: String(leaves),
    split_feature: new Array(inner).fill(0).join(' '),
    split_gain: ones(inner),
    threshold: ones(inner),
    decision_type: new Array(inner).fill(2).join(' '),
    left_child: count(inner, (i) => (i + 1 < inner ? i + 1 : -1)).join(' '),
    right_child: count(inner, (i) => -(i + 2)).join(' '),
    leaf_value: ones(leaves),
    leaf_weight: ones(leaves),
    leaf_count: ones(leaves),
    internal_value: ones(inner),
    internal_weight: ones(inner),
    internal_count: ones(inner),
    tree_sizes: '1',
  })
}

const onnxTree = (change: object) =>
  file([operator('TreeEnsembleClassifier', ['X'], 'p', { ...stump, ...change })], 2)

/** A chain of nodes, exported: every one's left child is the next, its right child a leaf. */
function deepOnnx(): Uint8Array {
  const size = 2 * DEPTH + 1
  const isInner = (i: number) => i < DEPTH
  const model: TreesSpec = {
    ...(artifact.model as TreesSpec),
    roots: Int32Array.of(0),
    feature: Int32Array.from({ length: size }, (_, i) => (isInner(i) ? 0 : -1)),
    threshold: new Float64Array(size),
    left: Int32Array.from({ length: size }, (_, i) => (isInner(i) ? i + 1 : -1)),
    right: Int32Array.from({ length: size }, (_, i) => (isInner(i) ? i + DEPTH + 1 : -1)),
    missingLeft: new Uint8Array(size),
    value: new Float64Array(2 * size).fill(0.5),
  }
  return exportOnnx({ ...artifact, model }, 'features').bytes
}

/** skops: the nodes of the first tree, at the bytes of their structure, or its whole array. */
function skops(change: (nodes: Buffer, first: number) => Uint8Array | undefined): Uint8Array {
  const members: Zippable = unzipSync(golden('golden-import/skops_random_forest.json'))
  const found = Object.keys(members).find((name) =>
    Buffer.from(members[name] as Uint8Array)
      .subarray(0, 400)
      .includes('left_child'),
  )!
  const nodes = Buffer.from(members[found] as Uint8Array)
  const made = change(nodes, 10 + nodes.readUInt16LE(8))
  return zipSync({ ...members, [found]: made ?? nodes })
}
/** Offsets in a node's 64 bytes and more. */
const [LEFT, RIGHT, FEATURE, THRESHOLD] = [0, 8, 16, 24]

function reshaped(rows: number): Uint8Array {
  return skops((nodes, first) => {
    const text = nodes.subarray(10, first).toString('latin1')
    const head = text.replace(/\(\d+,\)/, `(${rows},)`).trimEnd()
    const padded = `${head.padEnd(first - 11)}\n`
    return Buffer.concat([
      nodes.subarray(0, 10),
      Buffer.from(padded, 'latin1'),
      nodes.subarray(first),
    ])
  })
}

const long = new Uint8Array(10).fill(0xff)

const files: readonly [what: string, name: string, bytes: () => Uint8Array, message: RegExp][] = [
  ['a deep tree of LightGBM', 'm.txt', deepLightgbm, /deeper than 256/],
  ['a cycle of LightGBM', 'm.txt', () => lightgbm({ left_child: '1 0 -3 -1 -5 -6 -4' }), /tree 0/],
  ['billions of leaves', 'm.txt', () => lightgbm({ num_leaves: '2000000000' }), /tree 0|leaves/],
  ['no threshold', 'm.txt', () => lightgbm({ threshold: 'nan 1 1 1 1 1 1' }), /threshold/],
  [
    'billions of columns',
    'm.txt',
    () => lightgbm({ max_feature_idx: '2000000000' }),
    /column|feature/,
  ],
  ['a deep tree of ONNX', 'm.onnx', deepOnnx, /deeper than 256/],
  ['a cycle of ONNX', 'm.onnx', () => onnxTree({ nodes_truenodeids: [0, 0, 0] }), /tree 0|node/],
  [
    'a feature far away',
    'm.onnx',
    () => onnxTree({ nodes_featureids: [2 ** 40, 0, 0] }),
    /feature/,
  ],
  ['texts for numbers', 'm.onnx', () => onnxTree({ nodes_nodeids: 'abc' }), /nodes_nodeids|field/],
  [
    'a message in a message',
    'm.onnx',
    () => {
      let inner = message({ 1: 'x' })
      for (let i = 0; i < 2000; i++) inner = message({ 7: inner })
      return Buffer.concat([Buffer.of(8, 8, 0x12, 1, 0x61), inner])
    },
    /./,
  ],
  [
    'lengths without end',
    'm.onnx',
    () => Buffer.concat([Buffer.of(8, 8, 0x12, 1, 0x61, 0x3a), long]),
    /more than 64 bits|ends/,
  ],
  [
    'a width of billions',
    'm.onnx',
    () => file([operator('TreeEnsembleClassifier', ['X'], 'p', stump)], 2 ** 31),
    /numbers per row|columns/,
  ],
  [
    'a cycle of skops',
    'm.skops',
    () => skops((n, at) => void n.writeBigInt64LE(0n, at + LEFT)),
    /tree 0|node/,
  ],
  [
    'a child far away',
    'm.skops',
    () => skops((n, at) => void n.writeBigInt64LE(2n ** 40n, at + RIGHT)),
    /tree 0|node/,
  ],
  [
    'a threshold that is none',
    'm.skops',
    () => skops((n, at) => void n.writeDoubleLE(Number.NaN, at + THRESHOLD)),
    /threshold/,
  ],
  [
    'a feature of skops far away',
    'm.skops',
    () => skops((n, at) => void n.writeBigInt64LE(2n ** 40n, at + FEATURE)),
    /feature/,
  ],
  ['billions of nodes', 'm.skops', () => reshaped(2 ** 40), /npy|array|bytes|numbers/],
  [
    'a bomb',
    'm.skops',
    () => {
      const members: Zippable = unzipSync(golden('golden-import/skops_random_forest.json'))
      return zipSync(
        { ...members, 'schema.json': new Uint8Array(2 ** 26).fill(0x20) },
        { level: 9 },
      )
    },
    /would be 67108864 bytes of/,
  ],
  [
    'a deep document of CatBoost',
    'm.json',
    () => {
      const text = golden('golden-import/cb_binary_json.json').toString()
      return Buffer.from(
        text.replace('"oblivious_trees":', `"a":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)},$&`),
      )
    },
    /nested too deep/,
  ],
  [
    'borders that are texts',
    'm.json',
    () => {
      const text = golden('golden-import/cb_binary_json.json').toString()
      return Buffer.from(text.replace(/"border":\s*[-0-9.e]+/, '"border":"x"'))
    },
    /border/,
  ],
]

/** Some are written once only, because that takes a while. */
const made = new Map(files.map(([what, , make]) => [what, make()]))

t.test('read in one line', (t) => {
  for (const [what, name, , wanted] of files) {
    try {
      draftImport(
        readModelFile(made.get(what)!, name, 'auto', {}),
        { target: 'label' },
        '0'.repeat(64),
      )
      t.fail(`${what} is read`)
    } catch (error) {
      t.ok(error instanceof ArtifactError, `${what}: ${error}`)
      t.match((error as Error).message, wanted, what)
      t.notMatch((error as Error).message, /[\n\r]|.{600}/, what)
    }
  }
  t.end()
})

t.test('the command ends with one line, in little memory', async (t) => {
  const dir = t.testdir()
  // The largest of every kind of trouble: the command takes most of a second to start.
  for (const what of [
    'a deep tree of LightGBM',
    'a deep tree of ONNX',
    'billions of nodes',
    'a bomb',
  ]) {
    const [, name] = files.find((own) => own[0] === what)!
    const path = join(dir, name)
    await writeFile(path, made.get(what)!)
    const limits = ['--max-old-space-size=160', '--stack-size=500']
    const ended = await run(process.execPath, [
      ...limits,
      ...[cli, 'import', path, '--model-dir', join(dir, 'model')],
    ])
    t.equal(ended.status, 1, `${what}: ${ended.stderr.slice(0, 300)}`)
    t.match(ended.stderr, /^shapserve: [^\n]+\n$/, what)
  }
})
