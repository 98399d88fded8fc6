/** An ONNX graph as it is put together: inputs, operators in the order in which they run, constants, outputs. */
import { joinBytes } from '../../data/bytes.ts'
import { bytesField, floatBytes, floatField, packWholes, wholeField } from './messages.ts'
import {
  type Constant,
  doubles,
  type ElementType,
  elementTypes,
  writeTensor,
  writeValueInfo,
} from './tensors.ts'

/** Versions of the format, of ai.onnx and of ai.onnx.ml: the oldest that have trees with thresholds in doubles. */
const IR_VERSION = 8
const OPERATORS = 15
const ML_OPERATORS = 3

/** Operators of ai.onnx.ml; all others are of ai.onnx. */
const ML = ['LabelEncoder', 'TreeEnsembleRegressor']

/** An attribute: a whole number, a text, a number in single precision, a tensor, or a list. */
export type Attribute =
  | number
  | string
  | { readonly float: number }
  | { readonly floats: ArrayLike<number> }
  | { readonly ints: ArrayLike<number> }
  | { readonly texts: readonly string[] }
  | { readonly tensor: Constant }

/** Names of tensors are what operators are joined by; axis 0 is that of the rows. */
export interface GraphBuilder {
  /** Adds an input of so many numbers or texts per row. */
  input(name: string, type: 'double' | 'string', width: number): string
  /** Returns the name of a constant; equal ones of few elements are one. */
  constant(value: Constant): string
  /** Returns the name of one double. */
  double(value: number): string
  /** Adds an operator and returns the name of what it makes. */
  add(
    operator: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, Attribute>>,
  ): string
  /** Gives a tensor a name of its own that clients ask for, with an underscore where an input has it. */
  output(
    tensor: string,
    name: string,
    type: ElementType,
    shape: readonly (number | string)[],
  ): string
}

/** Numbers of a constant up to which an equal one is looked for. */
const FEW = 4

/**
 * Returns a builder, and what returns the bytes of its file.
 * @param reserved names of inputs, which nothing else may have
 */
export function createGraph(reserved: readonly string[]): {
  graph: GraphBuilder
  write(about: {
    readonly producerVersion: string
    readonly metadata: readonly (readonly [string, string])[]
  }): Uint8Array
} {
  const taken = new Set(reserved)
  const nodes: Uint8Array[] = []
  const constants: Uint8Array[] = []
  const inputs: Uint8Array[] = []
  const outputs: Uint8Array[] = []
  const known = new Map<string, string>()
  let made = 0
  const fresh = (stem: string): string => {
    let name = `${stem}_${++made}`
    while (taken.has(name)) name = `${name}_`
    return name
  }
  const addNode = (
    operator: string,
    from: readonly string[],
    to: string,
    attributes: Readonly<Record<string, Attribute>>,
  ) => {
    nodes.push(
      joinBytes([
        ...from.map((name) => bytesField(1, name)),
        bytesField(2, to),
        bytesField(4, operator),
        ...Object.entries(attributes).map(([name, value]) =>
          bytesField(5, writeAttribute(name, value)),
        ),
        ...(ML.includes(operator) ? [bytesField(7, 'ai.onnx.ml')] : []),
      ]),
    )
  }
  const constant = (value: Constant): string => {
    const { type, values, shape } = value
    // −0 and 0 are two numbers, which JSON does not tell apart.
    const listed = Array.from(values as ArrayLike<number | string>, (one) =>
      Object.is(one, -0) ? '-0' : String(one),
    )
    const key = values.length <= FEW ? JSON.stringify([type, shape, listed]) : undefined
    const same = key === undefined ? undefined : known.get(key)
    if (same !== undefined) return same
    const name = fresh('constant')
    if (key !== undefined) known.set(key, name)
    constants.push(writeTensor(name, value))
    return name
  }
  const graph: GraphBuilder = {
    input(name, type, width) {
      inputs.push(writeValueInfo(name, type, ['rows', width]))
      return name
    },
    constant,
    double: (value) => constant(doubles([value], [])),
    add(operator, from, attributes = {}) {
      const to = fresh(operator)
      addNode(operator, from, to, attributes)
      return to
    },
    output(tensor, name, type, shape) {
      let own = name
      while (taken.has(own)) own = `${own}_`
      taken.add(own)
      addNode('Identity', [tensor], own, {})
      outputs.push(writeValueInfo(own, type, shape))
      return own
    },
  }
  return {
    graph,
    write: ({ producerVersion, metadata }) =>
      joinBytes([
        wholeField(1, IR_VERSION),
        bytesField(2, 'shapserve'),
        bytesField(3, producerVersion),
        bytesField(
          7,
          joinBytes([
            ...nodes.map((node) => bytesField(1, node)),
            bytesField(2, 'shapserve'),
            ...constants.map((own) => bytesField(5, own)),
            ...inputs.map((own) => bytesField(11, own)),
            ...outputs.map((own) => bytesField(12, own)),
          ]),
        ),
        bytesField(8, joinBytes([bytesField(1, ''), wholeField(2, OPERATORS)])),
        bytesField(8, joinBytes([bytesField(1, 'ai.onnx.ml'), wholeField(2, ML_OPERATORS)])),
        ...metadata.map(([key, value]) =>
          bytesField(14, joinBytes([bytesField(1, key), bytesField(2, value)])),
        ),
      ]),
  }
}

/** What an attribute's type is called, and its fields. */
function writeAttribute(name: string, value: Attribute): Uint8Array {
  const [type, ...fields] = attributeFields(value)
  return joinBytes([bytesField(1, name), ...fields, wholeField(20, type)])
}

function attributeFields(value: Attribute): [type: number, ...fields: Uint8Array[]] {
  if (typeof value === 'number') return [2, wholeField(3, value)]
  if (typeof value === 'string') return [3, bytesField(4, value)]
  if ('float' in value) return [1, floatField(2, value.float)]
  if ('tensor' in value) return [4, bytesField(5, writeTensor('', value.tensor))]
  if ('floats' in value) return [6, bytesField(7, floatBytes(value.floats))]
  if ('ints' in value) return [7, bytesField(8, packWholes(value.ints))]
  return [8, ...value.texts.map((text) => bytesField(9, text))]
}

/** The number by which the operator Cast knows a type. */
export function castTo(type: ElementType): { readonly to: number } {
  return { to: elementTypes[type] }
}
