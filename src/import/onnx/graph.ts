/** The graph of an ONNX file. Fields: onnx/onnx `onnx/onnx.proto`. */
import { invalid, unsupported } from '../imported-model.ts'
import { type Message, readMessage } from './protobuf.ts'

/** Types of a tensor's elements. */
const [FLOAT, INT64, TEXT, BOOL, DOUBLE] = [1, 7, 8, 9, 11]
const MAX_NODES = 10_000

/** One operator. */
export interface OnnxNode {
  /** For messages. */
  readonly where: string
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  has(attribute: string): boolean
  /** A whole number, by default 0. */
  whole(attribute: string): number
  number(attribute: string): number | undefined
  text(attribute: string): string | undefined
  texts(attribute: string): string[]
  wholes(attribute: string): number[]
  numbers(attribute: string): Float64Array
  /** The numbers of an attribute that is a tensor; undefined where it is missing. */
  tensor(attribute: string): Float64Array | undefined
}

export interface OnnxInput {
  readonly name: string
  readonly isText: boolean
  readonly isDouble: boolean
  /** Numbers per row; undefined where the file does not say. */
  readonly width: number | undefined
}

export interface OnnxGraph {
  readonly producer: string
  readonly nodes: readonly OnnxNode[]
  readonly inputs: readonly OnnxInput[]
  /** Constants by their name, of numbers and of texts. */
  readonly constants: ReadonlyMap<string, Float64Array>
  readonly texts: ReadonlyMap<string, readonly string[]>
}

/** @throws ArtifactError `invalid` or `foreign` */
export function readGraph(bytes: Uint8Array): OnnxGraph {
  const model = readMessage(bytes)
  if (model.has(20)) throw unsupported('the file holds a training, which is not read')
  if (model.has(25)) throw unsupported('the file defines functions of its own, which are not read')
  const graph = model.message(7)
  if (!graph) throw invalid('it has no graph')
  const nodes = graph.messages(1)
  if (nodes.length > MAX_NODES)
    throw invalid(`its graph has ${nodes.length} nodes, at most ${MAX_NODES} are read`)
  const constants = new Map<string, Float64Array>()
  const texts = new Map<string, readonly string[]>()
  for (const tensor of graph.messages(5)) {
    constants.set(tensor.text(8), readTensor(tensor))
    if (tensor.whole(2) === TEXT) texts.set(tensor.text(8), tensor.texts(6))
  }
  return {
    producer: `${model.text(2)} ${model.text(3)}`.trim(),
    nodes: nodes.map(readNode),
    inputs: graph
      .messages(11)
      .filter((input) => !constants.has(input.text(1)))
      .map(readInput),
    constants,
    texts,
  }
}

function readInput(value: Message): OnnxInput {
  const name = value.text(1)
  const tensor = value.message(2)?.message(1)
  if (!tensor) throw unsupported(`the input ${JSON.stringify(name.slice(0, 64))} is no tensor`)
  const dimensions = tensor.message(2)?.messages(1) ?? []
  const width = dimensions[1]?.whole(1) ?? 0
  const type = tensor.whole(1)
  return {
    name,
    isText: type === TEXT,
    isDouble: type === DOUBLE,
    width: width > 0 ? width : undefined,
  }
}

function readNode(node: Message, number: number): OnnxNode {
  const attributes = new Map<string, Message>()
  for (const attribute of node.messages(5)) attributes.set(attribute.text(1), attribute)
  const op = node.text(4)
  const shown = /^\w{1,64}$/.test(op) ? op : JSON.stringify(op.slice(0, 64))
  const numbers = (name: string) => attributes.get(name)?.floats(7) ?? new Float64Array()
  return {
    where: `operator ${shown} (node ${number})`,
    op,
    inputs: node.texts(1),
    outputs: node.texts(2),
    has: (name) => attributes.has(name),
    whole: (name) => attributes.get(name)?.whole(3) ?? 0,
    number: (name) => attributes.get(name)?.floats(2)[0],
    text: (name) => attributes.get(name)?.text(4),
    texts: (name) => attributes.get(name)?.texts(9) ?? [],
    wholes: (name) => attributes.get(name)?.wholes(8) ?? [],
    numbers,
    tensor(name) {
      const tensor = attributes.get(name)?.message(5)
      return tensor && readTensor(tensor)
    },
  }
}

/** The numbers of a tensor; texts are none. */
function readTensor(tensor: Message): Float64Array {
  if (tensor.has(13) || tensor.whole(14) === 1)
    throw unsupported('the file keeps numbers in other files, which are not read')
  const type = tensor.whole(2)
  const raw = tensor.bytes(9)
  if (!raw) {
    if (type === FLOAT) return tensor.floats(4)
    if (type === DOUBLE) return tensor.doubles(10)
    if (type === INT64) return Float64Array.from(tensor.wholes(7))
    return Float64Array.from(tensor.wholes(5))
  }
  if (type === BOOL) return Float64Array.from(raw)
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  const size = type === FLOAT ? 4 : 8
  if (![FLOAT, INT64, DOUBLE].includes(type) || raw.length % size !== 0)
    throw invalid(`it holds a tensor of the type ${type}, which is not read`)
  return Float64Array.from({ length: raw.length / size }, (_, i) => {
    if (type === FLOAT) return view.getFloat32(i * 4, true)
    return type === DOUBLE ? view.getFloat64(i * 8, true) : Number(view.getBigInt64(i * 8, true))
  })
}
