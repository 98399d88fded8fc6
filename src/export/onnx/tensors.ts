/** Constants and types of an ONNX graph. */
import { joinBytes } from '../../data/bytes.ts'
import { bytesField, doubleBytes, int64Bytes, packWholes, wholeField } from './messages.ts'

/** Types of elements, with the numbers that the format has for them. */
export const elementTypes = { float: 1, int64: 7, string: 8, bool: 9, double: 11 } as const

export type ElementType = keyof typeof elementTypes

/** A constant: its elements in row-major order and the lengths of its axes; no axis = one number. */
export type Constant = { readonly shape: readonly number[] } & (
  | { readonly type: 'double' | 'int64' | 'bool'; readonly values: ArrayLike<number> }
  | { readonly type: 'string'; readonly values: readonly string[] }
)

/** Returns a constant of doubles. */
export function doubles(values: ArrayLike<number>, shape: readonly number[]): Constant {
  return { type: 'double', values, shape }
}

/** Returns a constant of whole numbers. */
export function int64s(values: ArrayLike<number>, shape: readonly number[]): Constant {
  return { type: 'int64', values, shape }
}

/** Returns the message TensorProto of a constant. */
export function writeTensor(name: string, constant: Constant): Uint8Array {
  const { type, shape } = constant
  return joinBytes([
    ...(shape.length > 0 ? [bytesField(1, packWholes(shape))] : []),
    wholeField(2, elementTypes[type]),
    ...(constant.type === 'string' ? constant.values.map((text) => bytesField(6, text)) : []),
    ...(name === '' ? [] : [bytesField(8, name)]),
    ...(constant.type === 'string'
      ? []
      : [bytesField(9, rawBytes(constant.type, constant.values))]),
  ])
}

function rawBytes(type: 'double' | 'int64' | 'bool', values: ArrayLike<number>): Uint8Array {
  if (type === 'double') return doubleBytes(values)
  return type === 'int64' ? int64Bytes(values) : Uint8Array.from(values)
}

/** Returns the message ValueInfoProto: a tensor's name, type and axes; a text names an axis of any length. */
export function writeValueInfo(
  name: string,
  type: ElementType,
  shape: readonly (number | string)[],
): Uint8Array {
  const axes = shape.map((axis) =>
    bytesField(1, typeof axis === 'number' ? wholeField(1, axis) : bytesField(2, axis)),
  )
  const tensor = joinBytes([wholeField(1, elementTypes[type]), bytesField(2, joinBytes(axes))])
  return joinBytes([bytesField(1, name), bytesField(2, bytesField(1, tensor))])
}
