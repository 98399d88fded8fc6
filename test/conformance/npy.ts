/** NumPy's array files, as far as predictions come in them. */

export interface NumpyArray {
  readonly descr: string
  readonly shape: readonly number[]
  /** In row-major order. */
  readonly values: readonly (number | string)[]
}

type Reader = (view: DataView, at: number, little: boolean) => number

const readers: Readonly<Record<string, Reader>> = {
  f8: (view, at, little) => view.getFloat64(at, little),
  f4: (view, at, little) => view.getFloat32(at, little),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  i4: (view, at, little) => view.getInt32(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  i1: (view, at) => view.getInt8(at),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  u4: (view, at, little) => view.getUint32(at, little),
  u2: (view, at, little) => view.getUint16(at, little),
  u1: (view, at) => view.getUint8(at),
  b1: (view, at) => view.getUint8(at),
}

const MAGIC = Buffer.from('\x93NUMPY', 'latin1')

/** Whether bytes begin as an array file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.equals(bytes.subarray(0, MAGIC.length))
}

/**
 * Returns the array in a file's bytes.
 * @throws Error for anything but exactly one array of numbers or texts
 */
export function parseNpy(bytes: Uint8Array): NumpyArray {
  if (!isNpy(bytes)) throw new Error('the body is no npy file')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isFirst = view.getUint8(6) === 1
  const start = isFirst ? 10 : 12
  const end = start + (isFirst ? view.getUint16(8, true) : view.getUint32(8, true))
  const header = Buffer.from(bytes.subarray(start, end)).toString('latin1')
  const descr = /'descr': *'([^']+)'/.exec(header)?.[1]
  const fortran = /'fortran_order': *(True|False)/.exec(header)?.[1]
  const dimensions = /'shape': *\(([\d, ]*)\)/.exec(header)?.[1]
  if (descr === undefined || fortran === undefined || dimensions === undefined)
    throw new Error(`the npy header is not understood: ${header.trim()}`)
  const shape = dimensions.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]))
  const values = readValues(view, end, descr, product(shape))
  return { descr, shape, values: fortran === 'True' ? toRowMajor(values, shape) : values }
}

function readValues(view: DataView, start: number, descr: string, count: number) {
  const [, order, kind, digits] = /^([<>|=])([a-zA-Z])(\d+)$/.exec(descr) ?? []
  const unit = kind === 'U' ? 4 : 1
  const size = Number(digits) * unit
  const little = order !== '>'
  const isText = kind === 'U' || kind === 'S'
  const reader = Object.hasOwn(readers, `${kind}${digits}`)
    ? readers[`${kind}${digits}`]
    : undefined
  if (!isText && !reader) throw new Error(`an npy array of ${descr} is no array of predictions`)
  if (view.byteLength - start !== count * size)
    throw new Error(
      `the npy file has ${view.byteLength - start} bytes of data, not ${count * size}`,
    )
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * size
    return reader ? reader(view, at, little) : readText(view, at, size, unit, little)
  })
}

function readText(view: DataView, at: number, size: number, unit: number, little: boolean): string {
  const codes = Array.from({ length: size / unit }, (_, i) =>
    unit === 4 ? view.getUint32(at + i * 4, little) : view.getUint8(at + i),
  )
  return String.fromCodePoint(...codes).replace(/\0+$/, '')
}

function toRowMajor<T>(values: readonly T[], shape: readonly number[]): T[] {
  return values.map((_, index) => {
    let [rest, at, stride] = [index, 0, values.length]
    for (const length of [...shape].reverse()) {
      stride /= length
      at += (rest % length) * stride
      rest = Math.floor(rest / length)
    }
    return values[at] as T
  })
}

/** Returns the product of the lengths of an array's dimensions. */
export function product(shape: readonly number[]): number {
  return shape.reduce((total, length) => total * length, 1)
}
