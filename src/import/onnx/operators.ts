/** Operators that make features of others, as our transformers. Definitions: onnx.ai, operators of ai.onnx and ai.onnx.ml. */
import type { OneHotEncoder } from '../../preprocess/one-hot-encoder.ts'
import { checkNames, invalid, MAX_COLUMNS, unsupported } from '../imported-model.ts'
import { arithmetic } from './arithmetic.ts'
import type { OnnxNode } from './graph.ts'
import { behind, broadcast, type Operands, type Sources } from './operands.ts'
import { singlePrecisionOf } from './single-precision.ts'

const [FLOAT, DOUBLE] = [1, 11]

/** Every operator by its name. */
const operators: Readonly<Record<string, (node: OnnxNode, given: Operands) => Sources>> = {
  Identity: (_, { sources }) => sources(0),
  Reshape: (_, { sources }) => sources(0),
  Cast(node, { sources, isDouble }) {
    const to = node.whole('to')
    if (to === FLOAT)
      return sources(0).map((source) => (isDouble(source) ? singlePrecisionOf(source) : source))
    if (to === DOUBLE) return sources(0)
    throw unsupported(`${node.where} makes no numbers of its features, which is not read`)
  },
  Concat: (node, { sources }) => {
    if (isOfRows(node)) throw unsupported(`${node.where} joins rows, which is not read`)
    return join(node, { sources })
  },
  FeatureVectorizer: join,
  ...arithmetic,
  Gather(node, given) {
    if (isOfRows(node)) throw unsupported(`${node.where} chooses rows, which is not read`)
    return choose(node, given)
  },
  ArrayFeatureExtractor: choose,
  Imputer(node, { sources }) {
    const floats = node.numbers('imputed_value_floats')
    const values =
      floats.length > 0 ? floats : Float64Array.from(node.wholes('imputed_value_int64s'))
    if (!Number.isNaN(node.number('replaced_value_float') ?? 0))
      throw unsupported(`${node.where} replaces numbers other than NaN, which is not read`)
    return broadcast(node, sources(0), [values], ({ chain }, value) => [
      ...chain,
      { kind: 'impute_number', value: value! },
    ])
  },
  Scaler: (node, { sources }) =>
    broadcast(
      node,
      sources(0),
      [node.numbers('offset'), node.numbers('scale')],
      ({ chain }, offset, scale) => [
        ...chain,
        { kind: 'single_precision', offset: offset!, scale: scale! },
      ],
    ),
  OneHotEncoder(node, { sources }) {
    const texts = node.texts('cats_strings')
    const categories = texts.length > 0 ? texts : node.wholes('cats_int64s')
    checkNames(categories, `${node.where}: categories`)
    const encoder: OneHotEncoder = {
      kind: 'one_hot_encoder',
      categories,
      infrequent: [],
      missingLevel: false,
    }
    const closed = node.has('zeros') && node.whole('zeros') === 0
    checkCount(node, sources(0).length * categories.length)
    return sources(0).flatMap((source) => {
      if (source.isLevel) throw behind(node)
      const chain = [...source.chain, encoder]
      return categories.map((_, level) => ({
        ...source,
        chain,
        level,
        isLevel: true,
        closed: source.closed || closed,
        refusesMissing: source.refusesMissing || closed,
      }))
    })
  },
}

/** @throws ArtifactError `foreign` naming an operator that is not read */
export function applyOperator(node: OnnxNode, given: Operands): Sources {
  const apply = Object.hasOwn(operators, node.op) ? operators[node.op] : undefined
  if (apply) return apply(node, given)
  throw unsupported(`${node.where} is not read`)
}

/** Whether an axis is not that of the features. */
function isOfRows(node: OnnxNode): boolean {
  const axis = node.whole('axis')
  return axis !== 1 && axis !== -1
}

/** Features of a few bytes may be as many as one likes. */
function checkCount(node: OnnxNode, count: number): void {
  if (count > MAX_COLUMNS) throw invalid(`${node.where} makes ${count} features`)
}

function join(node: OnnxNode, { sources }: Pick<Operands, 'sources'>): Sources {
  checkCount(
    node,
    node.inputs.reduce((sum, _, i) => sum + sources(i).length, 0),
  )
  return node.inputs.flatMap((_, i) => sources(i))
}

function choose(node: OnnxNode, { sources, constant }: Operands): Sources {
  const given = sources(0)
  const places = constant(1)
  checkCount(node, places.length)
  return Array.from(places, (place) => {
    const found = given[place < 0 ? place + given.length : place]
    if (found) return found
    throw invalid(`${node.where} takes feature ${place} of ${given.length}`)
  })
}
