/** Small Parquet files for tests: flat columns, plain or by dictionary, not compressed, in one or more row groups. */

/** A value of a thrift struct's field in the compact protocol. */
type Thrift =
  | { readonly i32: number }
  | { readonly i64: number | bigint }
  | { readonly text: string }
  | { readonly truth: boolean }
  | { readonly list: readonly Thrift[] }
  | { readonly struct: Fields }
type Fields = ReadonlyMap<number, Thrift> | readonly (readonly [number, Thrift | undefined])[]

const typeCodes = { i32: 5, i64: 6, text: 8, list: 9, struct: 12 } as const

export function varint(value: bigint): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return [...bytes, Number(rest)]
    bytes.push(Number(rest & 0x7fn) | 0x80)
  }
}

const zigzag = (value: number | bigint) => {
  const whole = BigInt(value)
  return varint(whole < 0n ? -whole * 2n - 1n : whole * 2n)
}

function codeOf(value: Thrift): number {
  if ('truth' in value) return value.truth ? 1 : 2
  return typeCodes[Object.keys(value)[0] as keyof typeof typeCodes]
}

function write(value: Thrift): number[] {
  if ('truth' in value) return []
  if ('i32' in value) return zigzag(value.i32)
  if ('i64' in value) return zigzag(value.i64)
  if ('text' in value) {
    const bytes = new TextEncoder().encode(value.text)
    return [...varint(BigInt(bytes.length)), ...bytes]
  }
  if ('list' in value) {
    const code = value.list[0] === undefined ? typeCodes.struct : codeOf(value.list[0])
    const { length } = value.list
    const head = length < 15 ? [(length << 4) | code] : [0xf0 | code, ...varint(BigInt(length))]
    return [...head, ...value.list.flatMap(write)]
  }
  return writeStruct(value.struct)
}

function writeStruct(fields: Fields): number[] {
  let last = 0
  const bytes: number[] = []
  for (const [id, value] of fields) {
    if (value === undefined) continue
    bytes.push(((id - last) << 4) | codeOf(value))
    // A list of many row groups is more than a call takes.
    for (const byte of write(value)) bytes.push(byte)
    last = id
  }
  return [...bytes, 0]
}

const physicalTypes = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  INT96: 3,
  FLOAT: 4,
  DOUBLE: 5,
  BYTE_ARRAY: 6,
  FIXED_LEN_BYTE_ARRAY: 7,
} as const

/** Codes of converted types. */
export const converted = {
  UTF8: 0,
  ENUM: 4,
  DECIMAL: 5,
  DATE: 6,
  TIME_MILLIS: 7,
  TIME_MICROS: 8,
  TIMESTAMP_MILLIS: 9,
  TIMESTAMP_MICROS: 10,
  UINT_8: 11,
  UINT_16: 12,
  UINT_32: 13,
  UINT_64: 14,
  INT_8: 15,
  JSON: 19,
  BSON: 20,
  INTERVAL: 21,
} as const

/** A column as it is stored; null = missing. */
export interface StoredColumn {
  readonly name: string
  readonly type: keyof typeof physicalTypes
  readonly values: readonly (number | bigint | string | boolean | Uint8Array | null)[]
  readonly converted?: keyof typeof converted
  /** A logical type: its field in the union, and its own fields. */
  readonly logical?: readonly [field: number, fields: Fields]
  readonly scale?: number
  readonly length?: number
  readonly byDictionary?: boolean
  /** Pages as they stand in the file instead of those of the values, the dictionary first, and their codec. */
  readonly raw?: { readonly pages: readonly Buffer[]; readonly codec?: number }
}

/** Returns the file of these columns, with so many rows in a group. */
export function writeParquet(columns: readonly StoredColumn[], groupRows = 1 << 20): Buffer {
  const rows = columns[0]?.values.length ?? 0
  const parts: Buffer[] = [Buffer.from('PAR1')]
  let at = 4
  const put = (bytes: Buffer) => {
    parts.push(bytes)
    at += bytes.length
  }
  const groups: Thrift[] = []
  for (let from = 0; from < rows; from += groupRows) {
    const to = Math.min(rows, from + groupRows)
    const start = at
    const chunks = columns.map((column): Thrift => {
      const pages =
        column.raw?.pages.map((bytes) => ({ bytes })) ??
        pagesOf(column, column.values.slice(from, to))
      const offset = at
      for (const { bytes } of pages) put(bytes)
      const size = at - offset
      const dataOffset = offset + (pages.length > 1 ? pages[0]!.bytes.length : 0)
      return {
        struct: [
          [2, { i64: offset }],
          [
            3,
            {
              struct: [
                [1, { i32: physicalTypes[column.type] }],
                [2, { list: [{ i32: 0 }, { i32: 3 }, { i32: 8 }] }],
                [3, { list: [{ text: column.name }] }],
                [4, { i32: column.raw?.codec ?? 0 }],
                [5, { i64: to - from }],
                [6, { i64: size }],
                [7, { i64: size }],
                [9, { i64: dataOffset }],
                [11, pages.length > 1 ? { i64: offset } : undefined],
              ],
            },
          ],
        ],
      }
    })
    groups.push({
      struct: [
        [1, { list: chunks }],
        [2, { i64: at - start }],
        [3, { i64: to - from }],
      ],
    })
  }
  const schema: Thrift[] = [
    {
      struct: [
        [4, { text: 'schema' }],
        [5, { i32: columns.length }],
      ],
    },
    ...columns.map(
      (column): Thrift => ({
        struct: [
          [1, { i32: physicalTypes[column.type] }],
          [2, column.length === undefined ? undefined : { i32: column.length }],
          [3, { i32: 1 }],
          [4, { text: column.name }],
          [6, column.converted === undefined ? undefined : { i32: converted[column.converted] }],
          [7, column.scale === undefined ? undefined : { i32: column.scale }],
          [8, column.scale === undefined ? undefined : { i32: 38 }],
          [10, column.logical && { struct: [[column.logical[0], { struct: column.logical[1] }]] }],
        ],
      }),
    ),
  ]
  const footer = Buffer.from(
    writeStruct([
      [1, { i32: 1 }],
      [2, { list: schema }],
      [3, { i64: rows }],
      [4, { list: groups }],
    ]),
  )
  put(footer)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer.length)
  return Buffer.concat([...parts, length, Buffer.from('PAR1')])
}

type Values = StoredColumn['values']

function pagesOf(column: StoredColumn, values: Values): { bytes: Buffer }[] {
  const present = values.filter((value) => value !== null)
  const levels = bitPacked(
    values.map((value) => (value === null ? 0 : 1)),
    1,
  )
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32LE(levels.length)
  const page = (encoding: number, data: Buffer) => {
    const content = Buffer.concat([prefix, levels, data])
    const fields: Fields = [
      [1, { i32: values.length }],
      [2, { i32: encoding }],
      [3, { i32: 3 }],
      [4, { i32: 3 }],
    ]
    return { bytes: Buffer.concat([headerOf(0, content.length, 5, fields), content]) }
  }
  if (!column.byDictionary) return [page(0, plain(column, present))]
  const distinct = [...new Set(present)]
  const entries = plain(column, distinct)
  const head = headerOf(2, entries.length, 7, [
    [1, { i32: distinct.length }],
    [2, { i32: 0 }],
  ])
  const codes = present.map((value) => distinct.indexOf(value))
  const data = Buffer.concat([Buffer.of(8), bitPacked(codes, 8)])
  return [{ bytes: Buffer.concat([head, entries]) }, page(8, data)]
}

/** A page of the first version (0), a dictionary (2) or one of the second version (3), whatever it holds. */
export function rawPage(
  type: 0 | 2 | 3,
  fields: readonly number[],
  content: Uint8Array,
  size = content.length,
): Buffer {
  const struct: Fields = fields.map((i32, i) => [i + 1, { i32 }] as const)
  const head = writeStruct([
    [1, { i32: type }],
    [2, { i32: size }],
    [3, { i32: content.length }],
    [{ 0: 5, 2: 7, 3: 8 }[type], { struct }],
  ])
  return Buffer.concat([Buffer.from(head), content])
}

function headerOf(type: number, size: number, field: number, fields: Fields): Buffer {
  return Buffer.from(
    writeStruct([
      [1, { i32: type }],
      [2, { i32: size }],
      [3, { i32: size }],
      [field, { struct: fields }],
    ]),
  )
}

/** One bit-packed run of the hybrid of runs: 1 or 8 bits a value, in groups of 8 values. */
function bitPacked(values: readonly number[], width: 1 | 8): Buffer {
  const groups = Math.ceil(values.length / 8)
  const bytes = Buffer.alloc(groups * width)
  values.forEach((value, i) => {
    if (width === 8) bytes[i] = value
    else bytes[i >> 3] = bytes[i >> 3]! | (value << (i & 7))
  })
  return Buffer.concat([Buffer.from(varint(BigInt((groups << 1) | 1))), bytes])
}

function plain({ type }: StoredColumn, values: Values): Buffer {
  if (type === 'BOOLEAN') {
    const bytes = Buffer.alloc(Math.ceil(values.length / 8))
    values.forEach((value, i) => {
      bytes[i >> 3] = bytes[i >> 3]! | (Number(value) << (i & 7))
    })
    return bytes
  }
  return Buffer.concat(
    values.map((value) => {
      if (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY') {
        const bytes =
          typeof value === 'string' ? Buffer.from(value) : Buffer.from(value as Uint8Array)
        if (type === 'FIXED_LEN_BYTE_ARRAY') return bytes
        const length = Buffer.alloc(4)
        length.writeUInt32LE(bytes.length)
        return Buffer.concat([length, bytes])
      }
      const bytes = Buffer.alloc({ INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8 }[type])
      if (type === 'INT32') bytes.writeInt32LE(Number(value))
      else if (type === 'INT64') bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value as bigint)))
      else if (type === 'FLOAT') bytes.writeFloatLE(Number(value))
      else if (type === 'DOUBLE') bytes.writeDoubleLE(Number(value))
      else {
        // Nanoseconds of the day, then the Julian day.
        const day = 86_400_000_000_000n
        const nanoseconds = value as bigint
        const within = ((nanoseconds % day) + day) % day
        bytes.writeBigInt64LE(within)
        bytes.writeInt32LE(Number((nanoseconds - within) / day) + 2_440_588, 8)
      }
      return bytes
    }),
  )
}
