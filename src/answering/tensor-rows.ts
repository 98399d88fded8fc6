/** Rows of the Open Inference Protocol: one matrix, or one tensor per column. */
import { normalText } from '../data/text.ts'
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import { type Datatype, datatypes, readBinaryData, type ValueAt } from './binary-tensors.ts'
import { valueReader } from './tensor-values.ts'

interface InputTensor {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
  /** As JSON or the bytes have them; `read` tells what they mean. */
  readonly valueAt: ValueAt
  /** Returns a value as the tensor's types mean it. */
  readonly read: ReturnType<typeof valueReader>
}

/** Rows that tensors hold; they are made where they are asked for, because as JSON they take many times the memory. */
export interface TensorRows {
  readonly length: number
  /** Returns the rows from `start` up to `end` as lists or objects, as the JSON decoder takes them. */
  slice(start: number, end: number): unknown[]
}

/**
 * Returns the rows of tensors: a single tensor of shape [rows, columns] holds the columns in the model's order, tensors
 * of shape [rows] or [rows, 1] are columns by name.
 * @param binary what stands behind the JSON: the data of the tensors that are binary, in their order
 * @throws InputError naming the tensor
 */
export function readTensorRows(
  value: unknown,
  inputs: readonly InputColumn[],
  maxRows: number,
  binary: Uint8Array | undefined,
): TensorRows {
  if (!Array.isArray(value) || value.length === 0) {
    throw new InputError('invalid_shape', '"inputs" must be a list of tensors')
  }
  const reading = { binary: createBinaryReader(binary), maxValues: maxRows * inputs.length }
  const tensors = value.map((item: unknown, i) => readTensor(item, i, reading))
  reading.binary.checkEnd()
  const [first] = tensors as [InputTensor]
  const inputOf = new Map(inputs.map((input) => [normalText(input.name), input]))
  if (tensors.length === 1 && !(inputOf.has(first.name) && (first.shape[1] ?? 1) === 1)) {
    const [rows = 0, width = 1] =
      first.shape.length === 1 && inputs.length > 1 ? [1, first.shape[0]] : first.shape
    checkRows(rows, maxRows)
    return rowsOf(rows, (row) =>
      Array.from({ length: width }, (_, j) => cellOf(first, row * width + j, row, inputs[j])),
    )
  }
  const rows = first.shape[0]!
  checkRows(rows, maxRows)
  const seen = new Set<string>()
  const twice = tensors.find(({ name }) => seen.size === seen.add(name).size)
  if (twice) {
    throw new InputError('duplicate_column', `there are two tensors ${quote(twice.name)}`, [
      { column: twice.name },
    ])
  }
  for (const { name, shape } of tensors) {
    if (!inputOf.has(name)) {
      throw new InputError(
        'unknown_column',
        `the model has no column ${quote(name)}; it has ${listNames([...inputOf.keys()])}${didYouMean(name, inputOf.keys())}`,
        [{ column: name }],
      )
    }
    if (shape[0] !== rows || (shape[1] ?? 1) !== 1) {
      throw new InputError(
        'invalid_shape',
        `tensor ${quote(name)} has shape [${shape}], expected [${rows}] or [${rows},1] as the first`,
        [{ column: name }],
      )
    }
  }
  return rowsOf(rows, (row) =>
    Object.fromEntries(
      tensors.map((tensor) => [tensor.name, cellOf(tensor, row, row, inputOf.get(tensor.name))]),
    ),
  )
}

function rowsOf(length: number, rowAt: (row: number) => unknown): TensorRows {
  return {
    length,
    slice: (start, end) => Array.from({ length: end - start }, (_, i) => rowAt(start + i)),
  }
}

/** Returns the value at a position of a tensor as JSON would have it for that column: of numbers, truths are 1 and 0. */
function cellOf(
  { valueAt, read, datatype }: InputTensor,
  at: number,
  row: number,
  input: InputColumn | undefined,
): unknown {
  const value = read(valueAt(at), { row: row + 1, column: input?.name })
  return datatype === 'BOOL' && input?.type === 'number' && value !== null ? Number(value) : value
}

interface Reading {
  readonly binary: BinaryReader
  /** More values than the rows of a request may have are not even read. */
  readonly maxValues: number
}

function readTensor(value: unknown, index: number, reading: Reading): InputTensor {
  const where = `inputs[${index}]`
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new InputError('invalid_shape', `${where} must be an object`)
  }
  const { shape, datatype, data, parameters, ...rest } = value as Record<string, unknown>
  const name = typeof rest.name === 'string' ? normalText(rest.name) : undefined
  if (typeof name !== 'string') throw new InputError('invalid_shape', `${where} has no name`)
  if (!isDatatype(datatype)) {
    throw new InputError(
      'invalid_shape',
      `${where} has datatype ${quote(datatype)}, expected one of ${datatypes.join(', ')}`,
    )
  }
  if (!isShape(shape))
    throw new InputError('invalid_shape', `${where} has no shape of one or two whole numbers`)
  const size = shape.reduce((product, extent) => product * extent, 1)
  const read = valueReader(datatype, parameters, where)
  const bytes = (parameters as { binary_data_size?: unknown } | null | undefined)?.binary_data_size
  if (bytes !== undefined) {
    if (data !== undefined)
      throw new InputError('invalid_shape', `${where} has both data and binary data`)
    if (size > reading.maxValues) {
      throw new InputError(
        'too_many_rows',
        `${where} has the shape [${shape}], one request may hold ${reading.maxValues} values`,
      )
    }
    const own = reading.binary.take(bytes, where)
    return { name, shape, datatype, read, valueAt: readBinaryData(datatype, size, own, where) }
  }
  if (!Array.isArray(data)) throw new InputError('invalid_shape', `${where} has no data`)
  // A copy only where there is something to unfold.
  const flat: unknown[] = data.some(Array.isArray) ? data.flat(1) : data
  if (!Number.isSafeInteger(size) || flat.length !== size) {
    throw new InputError(
      'invalid_shape',
      `${where} has ${flat.length} values, its shape [${shape}] means ${size}`,
    )
  }
  return { name, shape, datatype, read, valueAt: (at) => flat[at] }
}

/** Hands out what stands behind the JSON, tensor by tensor. */
interface BinaryReader {
  take(size: unknown, where: string): Uint8Array
  /** Throws InputError where bytes are left over. */
  checkEnd(): void
}

function createBinaryReader(binary: Uint8Array | undefined): BinaryReader {
  let offset = 0
  return {
    take(size, where) {
      if (binary === undefined) {
        throw new InputError(
          'invalid_shape',
          `${where} is binary, but no Inference-Header-Content-Length says where the JSON ends`,
        )
      }
      const left = binary.length - offset
      if (!Number.isSafeInteger(size) || (size as number) < 0 || (size as number) > left) {
        throw new InputError(
          'invalid_shape',
          `${where} has the binary_data_size ${quote(size)}, ${left} bytes are left behind the JSON`,
        )
      }
      offset += size as number
      return binary.subarray(offset - (size as number), offset)
    },
    checkEnd() {
      if (binary !== undefined && offset !== binary.length) {
        throw new InputError(
          'invalid_shape',
          `there are ${binary.length} bytes behind the JSON, the inputs announce ${offset}`,
        )
      }
    },
  }
}

function isDatatype(value: unknown): value is Datatype {
  return datatypes.some((known) => known === value)
}

function isShape(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    (value.length === 1 || value.length === 2) &&
    value.every((extent) => Number.isSafeInteger(extent) && extent >= 0)
  )
}

function checkRows(rows: number, maxRows: number): void {
  if (rows > maxRows)
    throw new InputError(
      'too_many_rows',
      `one request may hold ${maxRows} rows, this one has ${rows}`,
    )
}
