/** ONNX files of a few operators, as protocol buffers. */

type Value = number | string | Uint8Array | readonly Value[]

const varint = (value: number): number[] => {
  let rest = BigInt.asUintN(64, BigInt(value))
  const bytes: number[] = []
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  return [...bytes, Number(rest)]
}

/** A message of fields by their number: whole numbers, texts, bytes, or lists of them. */
export function message(fields: Readonly<Record<number, Value>>): Uint8Array {
  const write = (field: number, value: Value): number[] => {
    if (Array.isArray(value)) return value.flatMap((item) => write(field, item))
    if (typeof value === 'number') return [...varint(field * 8), ...varint(value)]
    const bytes = typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array)
    return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes]
  }
  return Uint8Array.from(
    Object.entries(fields).flatMap(([field, value]) => write(Number(field), value)),
  )
}

const floats = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer)

/** An attribute: a whole number, a text, texts, or numbers whose name says whether they are whole. */
export function attribute(
  name: string,
  value: number | string | readonly string[] | readonly number[],
): Uint8Array {
  if (typeof value === 'number') return message({ 1: name, 3: value })
  if (typeof value === 'string') return message({ 1: name, 4: value })
  if (value.every((item) => typeof item === 'string'))
    return message({ 1: name, 9: value as string[] })
  const isFloat =
    !/int64s$/.test(name) &&
    /values|weights|coefficients|intercepts|offset|scale|floats|base/.test(name)
  const numbers = value as readonly number[]
  return message(isFloat ? { 1: name, 7: floats(numbers) } : { 1: name, 8: numbers })
}

export type Attributes = Readonly<
  Record<string, number | string | readonly string[] | readonly number[]>
>

export function operator(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Attributes = {},
): Uint8Array {
  return message({
    1: inputs,
    2: [output],
    4: op,
    5: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    7: 'ai.onnx.ml',
  })
}

/** A file with one input of so many numbers per row, and lists of constants by their name. */
export function file(
  nodes: readonly Uint8Array[],
  width: number,
  extra: Readonly<Record<number, Value>> = {},
  constants: Readonly<Record<string, readonly number[]>> = {},
): Uint8Array {
  const shape = message({ 1: [message({ 1: 0 }), message({ 1: width })] })
  const input = message({ 1: 'X', 2: message({ 1: message({ 1: 1, 2: shape }) }) })
  const tensors = Object.entries(constants).map(([name, numbers]) =>
    message({ 1: [numbers.length], 2: 1, 4: floats(numbers), 8: name }),
  )
  return message({
    1: 10,
    2: 'test',
    3: '1.0',
    7: message({ 1: nodes, 2: 'graph', 5: tensors, 11: [input], 12: [message({ 1: 'p' })] }),
    ...extra,
  })
}

/** A tree of one split: x0 at 1.5 with the probabilities 0.25 and 0.75 of class b. */
export const stump: Attributes = {
  nodes_treeids: [0, 0, 0],
  nodes_nodeids: [0, 1, 2],
  nodes_featureids: [0, 0, 0],
  nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF'],
  nodes_values: [1.5, 0, 0],
  nodes_truenodeids: [1, 0, 0],
  nodes_falsenodeids: [2, 0, 0],
  nodes_missing_value_tracks_true: [0, 0, 0],
  class_treeids: [0, 0],
  class_nodeids: [1, 2],
  class_ids: [0, 0],
  class_weights: [0.25, 0.75],
  classlabels_strings: ['a', 'b'],
  post_transform: 'NONE',
}

/** A linear model of two features. */
export const line: Attributes = {
  coefficients: [-1, -2, 1, 2],
  intercepts: [-0.5, 0.5],
  classlabels_ints: [0, 1],
  post_transform: 'LOGISTIC',
}
