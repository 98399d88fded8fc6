/**
 * XGBoost's legacy binary, which `save_model` wrote up to 2.0 to names without a suffix; from 1.2 on it begins with `binf`.
 * Layout: dmlc/treelite `src/model_loader/xgboost_legacy.cc`.
 */
import { invalid, MAX_CLASSES, MAX_COLUMNS, unsupported } from '../imported-model.ts'
import type { XgboostParts, XgboostTree } from './parts.ts'

const HEADER = 136
const MODEL_PARAM = 160
const TREE_PARAM = 148
const NODE = 20
const STATISTICS = 16

/** Returns where the header begins, or undefined if the bytes are no such file. */
export function findBinaryHeader(bytes: Uint8Array): number | undefined {
  if (String.fromCharCode(...bytes.subarray(0, 4)) === 'binf') return 4
  if (bytes.length < HEADER + 16) return undefined
  // Nothing names the form: zeros at the header's end, then the text of an objective.
  if (bytes.subarray(32, HEADER).some((byte) => byte !== 0)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = view.getUint32(HEADER, true)
  const isSane = view.getUint32(HEADER + 4, true) === 0 && length > 0 && length < 64
  const text = bytes.subarray(HEADER + 8, HEADER + 8 + length)
  return isSane && text.every((byte) => byte > 0x20 && byte < 0x7f) ? 0 : undefined
}

/** Returns what a legacy binary says; throws ArtifactError `invalid` or `foreign`. */
export function readBinaryParts(bytes: Uint8Array, start: number): XgboostParts {
  const input = createInput(bytes, start)
  const header = input.take(HEADER)
  const [hasAttributes, hasMetrics] = [header.getInt32(12, true), header.getInt32(16, true)]
  const version = [header.getUint32(20, true), header.getUint32(24, true), 0]
  const objective = input.text()
  const booster = input.text()
  if (booster !== 'gbtree' && booster !== 'dart')
    throw unsupported(
      `the booster ${JSON.stringify(booster)} is not read; train with gbtree or dart`,
    )
  const param = input.take(MODEL_PARAM)
  const count = param.getInt32(0, true)
  if (count < 0 || count > input.left() / (TREE_PARAM + NODE + STATISTICS))
    throw invalid(`it says that it has ${count} trees, for which it is too short`)
  const trees: XgboostTree[] = []
  for (let i = 0; i < count; i++) trees.push(readTree(input, i, version[0]!))
  const groups = input.numbers(count, 'int')
  const weights = booster === 'dart' ? input.numbers(input.count(4), 'float') : undefined
  if (weights && weights.length !== count)
    throw invalid(`it has ${weights.length} weights for ${count} trees`)
  const attributes = new Map<string, string>()
  if (hasAttributes !== 0) {
    const pairs = input.count(16)
    for (let i = 0; i < pairs; i++) attributes.set(input.text(), input.text())
  }
  // What follows are names of metrics and settings of the training, of no meaning to the model.
  if (hasMetrics === 0 && objective !== 'count:poisson' && input.left() > 0 && version[0] === 0)
    throw invalid(`${input.left()} bytes stand behind its end`)
  const baseScore = header.getFloat32(0, true)
  if (!Number.isFinite(baseScore)) throw invalid(`its base_score is ${baseScore}`)
  return {
    version,
    objective,
    booster,
    baseScores: [baseScore],
    classes: within(header.getInt32(8, true), 0, MAX_CLASSES, 'num_class'),
    targets: header.getUint32(28, true),
    features: within(header.getUint32(4, true), 1, MAX_COLUMNS, 'num_feature'),
    parallelTrees: Math.max(1, param.getInt32(4, true)),
    trees,
    groups,
    leafSize: 1,
    weights,
    attributes,
    names: [],
    isCategory: [],
    categories: [],
  }
}

function within(value: number, least: number, most: number, what: string): number {
  if (value >= least && value <= most) return value
  throw invalid(`${what} is ${value}, expected ${least} to ${most}`)
}

type Input = ReturnType<typeof createInput>

/** Reads little-endian bytes in order; what is asked for must be there. */
function createInput(bytes: Uint8Array, start: number) {
  let at = start
  const take = (size: number): DataView => {
    if (!(size >= 0 && size <= bytes.length - at))
      throw invalid(`it ends at byte ${bytes.length}, before what stands at byte ${at} does`)
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, size)
    at += size
    return view
  }
  const left = () => bytes.length - at
  /** A count of 64 bits of things of at least so many bytes. */
  const count = (size: number): number => {
    const number = Number(take(8).getBigUint64(0, true))
    if (number > left() / size)
      throw invalid(`it says ${number} at byte ${at - 8}, for which it is too short`)
    return number
  }
  return {
    take,
    left,
    count,
    text(): string {
      const length = count(1)
      const view = take(length)
      try {
        return new TextDecoder('utf-8', { fatal: true }).decode(
          new Uint8Array(new Uint8Array(view.buffer, view.byteOffset, length)),
        )
      } catch {
        throw invalid(`the text before byte ${at} is not UTF-8`)
      }
    },
    numbers(length: number, kind: 'int' | 'float'): number[] {
      const view = take(length * 4)
      return Array.from({ length }, (_, i) =>
        kind === 'int' ? view.getInt32(i * 4, true) : view.getFloat32(i * 4, true),
      )
    },
  }
}

function readTree(input: Input, number: number, major: number): XgboostTree {
  const param = input.take(TREE_PARAM)
  const nodes = param.getInt32(4, true)
  const vectorSize = param.getInt32(20, true)
  if (nodes < 1 || nodes > input.left() / (NODE + STATISTICS))
    throw invalid(`tree ${number} says that it has ${nodes} nodes, for which the file is too short`)
  const records = input.take(nodes * NODE)
  const statistics = input.take(nodes * STATISTICS)
  if (vectorSize !== 0 && major < 2) input.numbers(input.count(4), 'float')
  const left = new Int32Array(nodes)
  const right = new Int32Array(nodes)
  const feature = new Float64Array(nodes)
  const missingLeft = new Uint8Array(nodes)
  const threshold = new Float64Array(nodes)
  const cover = new Float64Array(nodes)
  for (let node = 0; node < nodes; node++) {
    const at = node * NODE
    left[node] = records.getInt32(at + 4, true)
    right[node] = records.getInt32(at + 8, true)
    const split = records.getUint32(at + 12, true)
    feature[node] = split & 0x7fffffff
    missingLeft[node] = split >>> 31
    threshold[node] = records.getFloat32(at + 16, true)
    cover[node] = statistics.getFloat32(node * STATISTICS + 4, true)
  }
  return {
    nodes,
    left,
    right,
    feature,
    threshold,
    missingLeft,
    cover,
    codes: new Map(),
    leaf(node, out) {
      out[0] = threshold[node]!
    },
  }
}
