/** NumPy arrays as np.save writes them: numbers, texts, and records of numbers; nothing is evaluated or unpickled. */
import { invalid } from '../imported-model.ts'

/** An array in the order of its last axis first, as C has it. */
export interface NpyArray {
  readonly shape: readonly number[]
  /** The product of the shape. */
  readonly length: number
  readonly kind: 'numbers' | 'texts' | 'records'
  /** Numbers, or those of one field of records. */
  numbers(field?: string): Float64Array
  /** Whether records have a field. */
  has(field: string): boolean
  texts(): string[]
}

type ReadNumber = (view: DataView, at: number) => number

/** Types by their code, each with how many bytes it takes; little-endian. */
const NUMBERS: Readonly<Record<string, { size: number; read: ReadNumber }>> = {
  f8: { size: 8, read: (view, at) => view.getFloat64(at, true) },
  f4: { size: 4, read: (view, at) => view.getFloat32(at, true) },
  i8: { size: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  i4: { size: 4, read: (view, at) => view.getInt32(at, true) },
  i2: { size: 2, read: (view, at) => view.getInt16(at, true) },
  i1: { size: 1, read: (view, at) => view.getInt8(at) },
  u8: { size: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  u4: { size: 4, read: (view, at) => view.getUint32(at, true) },
  u2: { size: 2, read: (view, at) => view.getUint16(at, true) },
  u1: { size: 1, read: (view, at) => view.getUint8(at) },
  b1: { size: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
}

/** A character of a text: UCS-4. */
const CHARACTER = 4
const MAX_HEADER = 2 ** 16
const HEADER = /^\{'descr': (.+), 'fortran_order': (True|False), 'shape': \(([\d, ]*)\), \}\s*$/
const FIELD = /\('(\w*)', '([<|=]?)([a-zA-Z])(\d{1,9})'\)/g

interface Field {
  readonly code: string
  readonly offset: number
}

/** @throws ArtifactError `invalid`, for arrays of Python objects too */
export function readNpy(bytes: Uint8Array, where: string): NpyArray {
  const bad = (what: string) => invalid(`the array ${where} ${what}`)
  const isMagic = String.fromCharCode(...bytes.subarray(0, 6)) === '\x93NUMPY'
  const major = bytes[6] ?? 0
  const start = major === 1 ? 10 : 12
  if (!isMagic || major < 1 || major > 3 || bytes.length < start) throw bad('is not one of np.save')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_HEADER || start + length > bytes.length) throw bad('has no header')
  const header = HEADER.exec(String.fromCharCode(...bytes.subarray(start, start + length)))
  if (!header) throw bad('has a header that np.save does not write')
  const { fields, size } = readType(header[1]!, bad)
  const shape = (header[3] ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number)
  const count = shape.reduce((product, extent) => product * extent, 1)
  const data = start + length
  // Texts without a character have no bytes, whatever the shape says.
  if (size === 0) throw bad('holds texts without a character')
  if (count * size !== bytes.length - data)
    throw bad(`has ${bytes.length - data} bytes for the shape (${shape.join(', ')})`)
  const isFortran = header[2] === 'True' && shape.length > 1
  const placeOf = isFortran ? transposed(shape) : (i: number) => i
  const one = fields.get('')
  const kind = !one ? 'records' : one.code.startsWith('U') ? 'texts' : 'numbers'
  return {
    shape,
    length: count,
    kind,
    has: (name) => fields.has(name),
    numbers(name = '') {
      const field = fields.get(name)
      const type = field && NUMBERS[field.code]
      if (!type) throw bad(`has no numbers${name === '' ? '' : ` called ${name}`}`)
      const values = new Float64Array(count)
      for (let i = 0; i < count; i++)
        values[i] = type.read(view, data + placeOf(i) * size + field.offset)
      return values
    },
    texts() {
      if (kind !== 'texts') throw bad('has no texts')
      return Array.from({ length: count }, (_, i) => {
        let text = ''
        for (let at = 0; at < size; at += CHARACTER) {
          const code = view.getUint32(data + placeOf(i) * size + at, true)
          if (code > 0x10ffff) throw bad('has a character beyond Unicode')
          if (code !== 0) text += String.fromCodePoint(code)
        }
        return text
      })
    },
  }
}

/** `'<f8'`, or a list of fields with their types behind each other; those without a name are gaps between them. */
function readType(
  descr: string,
  bad: (what: string) => Error,
): { fields: Map<string, Field>; size: number } {
  const single = /^'([<|=]?)([a-zA-Z])(\d{1,9})'$/.exec(descr)
  const fields = new Map<string, Field>()
  const sizeOf = (letter: string, digits: string): number => {
    if (letter === 'U') return Number(digits) * CHARACTER
    const size = letter === 'V' ? Number(digits) : NUMBERS[letter + digits]?.size
    if (size === undefined) throw bad(`holds the type ${letter}${digits}, which is not read`)
    return size
  }
  if (single) {
    const [, , letter = '', digits = ''] = single
    if (letter === 'V') throw bad('holds bytes without a meaning')
    fields.set('', { code: letter + digits, offset: 0 })
    return { fields, size: sizeOf(letter, digits) }
  }
  let size = 0
  const rest = descr.replace(FIELD, (_, name: string, _order, letter: string, digits: string) => {
    if (name !== '' && letter !== 'V') {
      if (fields.has(name)) throw bad(`has the field ${name} twice`)
      fields.set(name, { code: letter + digits, offset: size })
    }
    size += sizeOf(letter, digits)
    return ''
  })
  if (!/^\[[, ]*\]$/.test(rest) || fields.size === 0 || size === 0)
    throw bad(`holds the type ${JSON.stringify(descr.slice(0, 64))}, which is not read`)
  return { fields, size }
}

/** Returns where the element of a place in C's order stands in Fortran's, whose first axis is the fastest. */
function transposed(shape: readonly number[]): (place: number) => number {
  let size = 1
  const strides = shape.map((extent) => {
    const own = size
    size *= extent
    return own
  })
  return (place) => {
    let rest = place
    let found = 0
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      found += (rest % shape[axis]!) * strides[axis]!
      rest = Math.floor(rest / shape[axis]!)
    }
    return found
  }
}
