/** What a struct of Thrift's compact protocol announces, checked against the bytes that are there, before it is parsed. */

/** How much structs may hold; parsed, a value takes many times its bytes. */
export interface ThriftAllowance {
  readonly structs: number
  readonly values: number
}

/** Deepest nesting, and most bytes of a text in structs within structs: what parses those takes time by their square. */
const MOST_DEPTH = 32
const DEEP = 4
const MOST_DEEP_BYTES = 1 << 16
/** Bytes of a 64-bit number at seven bits a byte. */
const MOST_VARINT_BYTES = 10

/**
 * Returns the position behind a struct whose lists have room in the bytes, with no more in it than is allowed.
 * @throws RangeError for one that is not
 */
export function checkStruct(bytes: DataView, from: number, allowance: ThriftAllowance): number {
  let at = from
  let { structs, values } = allowance
  const varint = (): number => {
    let result = 0
    for (let i = 0; i < MOST_VARINT_BYTES; i++) {
      const byte = bytes.getUint8(at++)
      result += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return result
    }
    throw new RangeError('a number of too many bytes')
  }
  const left = () => bytes.byteLength - at
  const skip = (length: number) => {
    if (length > left()) throw new RangeError('more bytes than there are')
    at += length
  }
  const element = (type: number, depth: number): void => {
    if (--values < 0) throw new RangeError('too many values')
    switch (type) {
      case TRUE:
      case FALSE:
        return
      case BYTE:
        skip(1)
        return
      case I16:
      case I32:
      case I64:
        varint()
        return
      case DOUBLE:
        skip(8)
        return
      case BINARY: {
        const length = varint()
        if (depth > DEEP && length > MOST_DEEP_BYTES) throw new RangeError('too long a text')
        skip(length)
        return
      }
      case LIST: {
        const head = bytes.getUint8(at++)
        const own = head & 0x0f
        const count = head >> 4 === 15 ? varint() : head >> 4
        if (count > left()) throw new RangeError('more elements than bytes')
        if (depth > MOST_DEPTH) throw new RangeError('too deep')
        // In a list, a truth value is a byte of its own.
        const kind = own === TRUE || own === FALSE ? BYTE : own
        for (let i = 0; i < count; i++) element(kind, depth + 1)
        return
      }
      case STRUCT:
        struct(depth + 1)
        return
      default:
        throw new RangeError('a type that is not read')
    }
  }
  const struct = (depth: number): void => {
    if (--structs < 0 || depth > MOST_DEPTH) throw new RangeError('too many structs')
    for (;;) {
      const head = bytes.getUint8(at++)
      if ((head & 0x0f) === STOP) return
      if (head >> 4 === 0) varint()
      element(head & 0x0f, depth)
    }
  }
  struct(0)
  return at
}

const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12,
]
