/** Random models as XGBoost writes them, in all three forms, and a plain evaluator of the document. */
import { createRandom } from '../../src/data/random.ts'

export interface TreeDocument {
  tree_param: Record<string, string>
  left_children: number[]
  right_children: number[]
  split_indices: number[]
  split_conditions: number[]
  split_type: number[]
  default_left: number[]
  sum_hessian: number[]
  base_weights: number[]
  leaf_weights?: number[]
  categories: number[]
  categories_nodes: number[]
  categories_segments: number[]
  categories_sizes: number[]
}

interface ModelDocument {
  cats?: object
  gbtree_model_param: Record<string, string>
  iteration_indptr: number[]
  tree_info: number[]
  trees: TreeDocument[]
  weight_drop?: number[]
}

export interface LearnerDocument {
  attributes: Record<string, string>
  feature_names: string[]
  feature_types: string[]
  gradient_booster: {
    name: string
    model?: ModelDocument
    gbtree?: { name: string; model: ModelDocument }
    weight_drop?: number[]
  }
  learner_model_param: Record<string, string>
  objective?: { name: string }
}

export interface Settings {
  readonly seed: number
  readonly classes: number
  readonly parallel: number
  readonly rounds: number
  readonly categories: boolean
  /** Where a dart model's weights stand; none = gbtree. */
  readonly dart: 'none' | 'beside gbtree' | 'beside model' | 'in model'
  readonly vectors: 'none' | 'old' | 'new'
  readonly bestIteration?: number
}

export const FEATURES = 4
/** The feature that holds categories, and how many there are. */
export const COLOUR = 3
export const COLOURS = ['red', 'green', 'blue', 'gruen', 'black', 'white', 'pink', 'grey', 'teal']

/** Returns the parts of a model. */
export function makeModel(settings: Settings) {
  const { seed, classes, parallel, rounds, vectors, dart, bestIteration } = settings
  const random = createRandom(seed).uniform
  const isVector = vectors !== 'none'
  const perRound = parallel * (isVector ? 1 : Math.max(1, classes))
  const trees = Array.from({ length: rounds * perRound }, () => makeTree(settings, random))
  const groups = trees.map((_, i) =>
    isVector ? 0 : Math.floor(i / parallel) % Math.max(1, classes),
  )
  const weights = trees.map(() => Math.fround(0.25 + random() / 2))
  const holder: ModelDocument = {
    cats: settings.categories
      ? {
          enc: Array.from({ length: FEATURES }, (_, i) => (i === COLOUR ? encode(COLOURS) : {})),
        }
      : { enc: [] },
    gbtree_model_param: { num_parallel_tree: String(parallel), num_trees: String(trees.length) },
    iteration_indptr: Array.from({ length: rounds + 1 }, (_, i) => i * perRound),
    tree_info: groups,
    trees,
    ...(dart === 'in model' ? { weight_drop: weights } : {}),
  }
  const booster = {
    none: { name: 'gbtree', model: holder },
    'beside gbtree': {
      name: 'dart',
      gbtree: { name: 'gbtree', model: holder },
      weight_drop: weights,
    },
    'beside model': { name: 'gbtree', model: holder, weight_drop: weights },
    'in model': { name: 'gbtree', model: holder },
  }[dart]
  const base = classes > 1 ? Array.from({ length: classes }, () => round(random() - 0.5)) : [0.25]
  const document: { version: number[]; learner: LearnerDocument } = {
    version: [vectors === 'old' ? 2 : 3, 2, 0],
    learner: {
      attributes: bestIteration === undefined ? {} : { best_iteration: String(bestIteration) },
      feature_names: ['a', 'b', 'c', 'colour'],
      feature_types: ['float', 'float', 'float', settings.categories ? 'c' : 'float'],
      gradient_booster: booster,
      learner_model_param: {
        base_score: base.length > 1 ? `[${base.join(',')}]` : '2.5E-1',
        num_class: String(classes),
        num_feature: String(FEATURES),
        num_target: '1',
      },
      objective: { name: classes > 1 ? 'multi:softprob' : 'binary:logistic' },
    },
  }
  return { document, trees, groups, base, weights: dart === 'none' ? undefined : weights }
}

export type Model = ReturnType<typeof makeModel>

const round = (value: number) => Math.fround(value)

function encode(names: readonly string[]) {
  const bytes = names.map((name) => [...new TextEncoder().encode(name)])
  let end = 0
  // XGBoost writes these bytes as signed or as unsigned ones.
  return {
    offsets: [0, ...bytes.map(({ length }) => (end += length))],
    values: bytes.flat().map((byte) => (byte > 127 ? byte - 256 : byte)),
  }
}

/** Nodes in the order of a walk that goes left first. */
function makeTree({ classes, vectors, categories }: Settings, random: () => number): TreeDocument {
  const size = vectors === 'none' ? 1 : classes
  const tree: TreeDocument = {
    tree_param: { size_leaf_vector: String(size) },
    left_children: [],
    right_children: [],
    split_indices: [],
    split_conditions: [],
    split_type: [],
    default_left: [],
    sum_hessian: [],
    base_weights: [],
    ...(vectors === 'new' ? { leaf_weights: [] } : {}),
    categories: [],
    categories_nodes: [],
    categories_segments: [],
    categories_sizes: [],
  }
  const grow = (depth: number, cover: number): number => {
    const node = tree.left_children.length
    const isLeaf = depth === 0 || cover < 2 || random() < 0.15
    const feature = Math.floor(random() * FEATURES)
    const isSet = !isLeaf && categories && feature === COLOUR
    const vector = Array.from({ length: size }, () => round(random() - 0.5))
    tree.split_indices.push(isLeaf ? 0 : feature)
    tree.split_conditions.push(isLeaf ? vector[0]! : round(Math.round(random() * 8) / 3))
    tree.split_type.push(isSet ? 1 : 0)
    tree.default_left.push(isLeaf ? 0 : Math.round(random()))
    tree.sum_hessian.push(cover)
    if (vectors === 'old') tree.base_weights.push(...vector)
    else tree.base_weights.push(0)
    tree.left_children.push(-1)
    tree.right_children.push(-1)
    if (isLeaf) {
      if (tree.leaf_weights) {
        tree.right_children[node] = tree.leaf_weights.length / size
        tree.leaf_weights.push(...vector)
      }
      return node
    }
    if (isSet) {
      const codes = COLOURS.map((_, code) => code).filter(() => random() < 0.4)
      tree.categories_nodes.push(node)
      tree.categories_segments.push(tree.categories.length)
      tree.categories_sizes.push(codes.length)
      tree.categories.push(...codes)
    }
    const toLeft = Math.floor(random() * (cover + 1))
    tree.left_children[node] = grow(depth - 1, toLeft)
    tree.right_children[node] = grow(depth - 1, cover - toLeft)
    return node
  }
  grow(4, 64)
  return tree
}

/** Returns the margins of a row, NaN = missing, as XGBoost's documentation has them; sums in double precision. */
export function marginsOf(
  model: Model,
  row: readonly number[],
  trees = model.trees.length,
): number[] {
  const { base, groups, weights } = model
  const margins =
    base.length > 1
      ? [...base]
      : [Math.fround(-Math.log(Math.fround(Math.fround(1 / base[0]!) - 1)))]
  for (let i = 0; i < trees; i++) {
    const tree = model.trees[i]!
    const size = Number(tree.tree_param.size_leaf_vector)
    let node = 0
    while (tree.left_children[node]! >= 0) {
      const x = Math.fround(row[tree.split_indices[node]!]!)
      const list = tree.categories_nodes.indexOf(node)
      const start = tree.categories_segments[list]!
      const codes = tree.categories.slice(start, start + tree.categories_sizes[list]!)
      const isLeft = Number.isNaN(x)
        ? tree.default_left[node] === 1
        : list >= 0
          ? !codes.includes(Math.trunc(x))
          : x < tree.split_conditions[node]!
      node = isLeft ? tree.left_children[node]! : tree.right_children[node]!
    }
    const weight = weights?.[i] ?? 1
    if (size === 1) margins[groups[i]!]! += weight * tree.split_conditions[node]!
    else
      for (let k = 0; k < size; k++)
        margins[k]! +=
          weight *
          (tree.leaf_weights
            ? tree.leaf_weights[tree.right_children[node]! * size + k]!
            : tree.base_weights[node * size + k]!)
  }
  return margins
}

export const toJson = ({ document }: Model) => Buffer.from(JSON.stringify(document))

const FLOATS = ['split_conditions', 'sum_hessian', 'base_weights', 'leaf_weights', 'weight_drop']

/** As XGBoost writes UBJSON: lists of numbers are typed, all counts have 64 bits. */
export function toUbjson({ document }: Model): Buffer {
  const long = (value: number) => {
    const bytes = Buffer.alloc(9)
    bytes.write('L')
    bytes.writeBigInt64BE(BigInt(value), 1)
    return bytes
  }
  const text = (value: string) =>
    Buffer.concat([long(Buffer.byteLength(value)), Buffer.from(value)])
  const write = (value: unknown, key = ''): Buffer => {
    if (typeof value === 'string') return Buffer.concat([Buffer.from('S'), text(value)])
    if (typeof value === 'number') return long(value)
    if (!Array.isArray(value)) {
      const entries = Object.entries(value as object)
      const parts = entries.flatMap(([name, item]) => [text(name), write(item, name)])
      return Buffer.concat([Buffer.from('{'), ...parts, Buffer.from('}')])
    }
    if (!value.every((item) => typeof item === 'number') || value.length === 0)
      return Buffer.concat([
        Buffer.from('[#'),
        long(value.length),
        ...value.map((item) => write(item)),
      ])
    const isFloat = FLOATS.includes(key)
    const body = Buffer.alloc(value.length * 4)
    for (const [i, item] of value.entries()) {
      if (isFloat) body.writeFloatBE(item, i * 4)
      else body.writeInt32BE(item, i * 4)
    }
    return Buffer.concat([Buffer.from(isFloat ? '[$d#' : '[$l#'), long(value.length), body])
  }
  return write(document)
}

/** The legacy binary of a model without vectors and categories. */
export function toBinary(model: Model, magic = true): Buffer {
  const { document, trees, groups, base, weights } = model
  const { attributes, learner_model_param: param, objective } = document.learner
  const pairs = Object.entries(attributes)
  const text = (value: string) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(Buffer.byteLength(value)))
    return Buffer.concat([bytes, Buffer.from(value)])
  }
  const long = (value: number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(value))
    return bytes
  }
  const header = Buffer.alloc(136)
  header.writeFloatLE(base[0]!, 0)
  header.writeUInt32LE(FEATURES, 4)
  header.writeInt32LE(Number(param.num_class), 8)
  header.writeInt32LE(pairs.length > 0 ? 1 : 0, 12)
  header.writeUInt32LE(1, 20)
  header.writeUInt32LE(7, 24)
  header.writeUInt32LE(1, 28)
  const gbtree = Buffer.alloc(160)
  gbtree.writeInt32LE(trees.length, 0)
  gbtree.writeInt32LE(1, 4)
  const written = trees.map((tree) => {
    const nodes = tree.left_children.length
    const head = Buffer.alloc(148)
    head.writeInt32LE(nodes, 4)
    const body = Buffer.alloc(nodes * 36)
    for (let node = 0; node < nodes; node++) {
      const at = node * 20
      body.writeInt32LE(tree.left_children[node]!, at + 4)
      body.writeInt32LE(tree.right_children[node]!, at + 8)
      body.writeUInt32LE(tree.split_indices[node]! + tree.default_left[node]! * 2 ** 31, at + 12)
      body.writeFloatLE(tree.split_conditions[node]!, at + 16)
      body.writeFloatLE(tree.sum_hessian[node]!, nodes * 20 + node * 16 + 4)
    }
    return Buffer.concat([head, body])
  })
  const ints = Buffer.from(Int32Array.from(groups).buffer)
  return Buffer.concat([
    Buffer.from(magic ? 'binf' : ''),
    header,
    text(objective?.name ?? ''),
    text(weights ? 'dart' : 'gbtree'),
    gbtree,
    ...written,
    ints,
    ...(weights ? [long(weights.length), Buffer.from(Float32Array.from(weights).buffer)] : []),
    ...(pairs.length > 0 ? [long(pairs.length), ...pairs.flat().map(text)] : []),
  ])
}
