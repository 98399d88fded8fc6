/** Rows of the Open Inference Protocol: one matrix, or one tensor per column. */
import { InputError, listNames, quote } from '../errors.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'

const datatypes = [
  'BOOL',
  ...['UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64'],
  ...['FP16', 'FP32', 'FP64', 'BYTES'],
]

interface InputTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: readonly unknown[]
}

/**
 * Returns rows as lists or objects, as the JSON decoder takes them: a single tensor of shape [rows, columns] holds the
 * columns in the model's order, tensors of shape [rows] or [rows, 1] are columns by name.
 * @throws InputError naming the tensor
 */
export function readTensorRows(
  value: unknown,
  inputs: readonly InputColumn[],
  maxRows: number,
): unknown[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new InputError('invalid_shape', '"inputs" must be a list of tensors')
  }
  const tensors = value.map((item: unknown, i) => readTensor(item, i))
  const [first] = tensors as [InputTensor]
  const names = new Set(inputs.map(({ name }) => name))
  if (tensors.length === 1 && !(names.has(first.name) && (first.shape[1] ?? 1) === 1)) {
    const [rows = 0, width = 1] =
      first.shape.length === 1 && inputs.length > 1 ? [1, first.shape[0]] : first.shape
    checkRows(rows, maxRows)
    return Array.from({ length: rows }, (_, row) =>
      first.data.slice(row * width, (row + 1) * width),
    )
  }
  const rows = first.shape[0] as number
  checkRows(rows, maxRows)
  const twice = tensors.find(
    ({ name }, i) => tensors.findIndex((other) => other.name === name) !== i,
  )
  if (twice) {
    throw new InputError('duplicate_column', `there are two tensors ${quote(twice.name)}`, [
      { column: twice.name },
    ])
  }
  for (const { name, shape } of tensors) {
    if (!names.has(name)) {
      throw new InputError(
        'unknown_column',
        `the model has no column ${quote(name)}; it has ${listNames([...names])}`,
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
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(tensors.map(({ name, data }) => [name, data[row]])),
  )
}

function readTensor(value: unknown, index: number): InputTensor {
  const where = `inputs[${index}]`
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new InputError('invalid_shape', `${where} must be an object`)
  }
  const { name, shape, datatype, data, parameters } = value as Record<string, unknown>
  if (typeof name !== 'string') throw new InputError('invalid_shape', `${where} has no name`)
  if (!datatypes.some((known) => known === datatype)) {
    throw new InputError(
      'invalid_shape',
      `${where} has datatype ${quote(datatype)}, expected one of ${datatypes.join(', ')}`,
    )
  }
  if ((parameters as { binary_data_size?: unknown } | undefined)?.binary_data_size !== undefined) {
    throw new InputError('not_implemented', `${where} is binary; send its data as JSON`)
  }
  if (!isShape(shape))
    throw new InputError('invalid_shape', `${where} has no shape of one or two whole numbers`)
  if (!Array.isArray(data)) throw new InputError('invalid_shape', `${where} has no data`)
  const flat: unknown[] = data.flat(1)
  const size = shape.reduce((product, extent) => product * extent, 1)
  if (!Number.isSafeInteger(size) || flat.length !== size) {
    throw new InputError(
      'invalid_shape',
      `${where} has ${flat.length} values, its shape [${shape}] means ${size}`,
    )
  }
  return { name, shape, data: flat }
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
