/** RecordIO-protobuf in and out; whole bodies are bytes that Google's protobuf wrote. */
import fc from 'fast-check'
import t from 'tap'
import { recordioProtobuf } from '../../src/codecs/recordio-protobuf.ts'
import { parseSelection } from '../../src/codecs/selection.ts'
import { type Cell, cellAt } from '../../src/data/frame.ts'
import type { InputErrorCode } from '../../src/errors.ts'
import type { Predictions } from '../../src/models/prediction.ts'
import { runs } from '../effort.ts'
import { decodeBody, mutants, refusalOf } from '../helper.ts'
import {
  binary,
  bitFlips,
  checkReadsNumbersOrRefuses,
  numberColumns,
  readRows,
  tables,
  ternary,
} from './numbers.ts'

const base64 = (text: string) => Buffer.from(text, 'base64')

/** [[1, 2, 3], [4, 5.5, 6]] as SageMaker's RecordSerializer sends it. */
const float32 = base64(
  'CiPXzhwAAAAKGgoGdmFsdWVzEhASDgoMAACAPwAAAEAAAEBACiPXzhwAAAAKGgoGdmFsdWVzEhASDgoMAACAQAAAsEAAAMBA',
)
const float64 = base64(
  'CiPXzigAAAAKJgoGdmFsdWVzEhwaGgoYAAAAAAAA8D8AAAAAAAAAQAAAAAAAAAhACiPXzigAAAAKJgoGdmFsdWVzEhwaGgoYAAAAAAAAEEAAAAAAAAAWQAAAAAAAABhA',
)
const int32 = base64(
  'CiPXziAAAAAKHgoGdmFsdWVzEhQ6EgoQAf7//////////wH/////Bwoj184lAAAACiMKBnZhbHVlcxIZOhcKFYCAgID4/////wEA////////////AQAAAA==',
)
/** Keys 2 and 0; then a row of zeros, which has a shape alone. */
const sparse = base64(
  'CiPXzh8AAAAKHQoGdmFsdWVzEhMSEQoIAADAPwAAIEASAgIAGgEDAAoj184RAAAACg8KBnZhbHVlcxIFEgMaAQMAAAA=',
)
/** With label, uid, metadata and configuration. */
const full = base64(
  'CiPXzkEAAAAKGgoGdmFsdWVzEhASDgoMAACAPwAAAEAAAEBAEhIKBnZhbHVlcxIIEgYKBAAAgD8aAnUxIgd7ImEiOjF9KgJ7fQAAAA==',
)
const bytes = base64('CiPXzhMAAAAKEQoGdmFsdWVzEgdKBQoDYWJjAA==')

/** A tiny writer that shares nothing with the reader. */
const varint = (value: bigint | number): Buffer => {
  const made: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) made.push(Number(rest & 127n) | 128)
  return Buffer.of(...made, Number(rest))
}
const tag = (field: number, wireType: number) => varint(field * 8 + wireType)
const part = (field: number, ...parts: Uint8Array[]) => {
  const content = Buffer.concat(parts)
  return Buffer.concat([tag(field, 2), varint(content.length), content])
}
const frame = (...parts: Uint8Array[]) => {
  const content = Buffer.concat(parts)
  const head = Buffer.alloc(8)
  head.writeUInt32LE(0xced7230a)
  head.writeUInt32LE(content.length, 4)
  return Buffer.concat([head, content, Buffer.alloc((4 - (content.length % 4)) % 4)])
}
const name = (key: string) => part(1, Buffer.from(key))
/** Record.features[key] with these bytes of its Value. */
const feature = (key: string, ...value: Uint8Array[]) => part(1, name(key), part(2, ...value))

const kinds = {
  float32: {
    field: 2,
    wireType: 5,
    write: (x: number) => {
      const made = Buffer.alloc(4)
      made.writeFloatLE(x)
      return made
    },
  },
  float64: {
    field: 3,
    wireType: 1,
    write: (x: number) => {
      const made = Buffer.alloc(8)
      made.writeDoubleLE(x)
      return made
    },
  },
  int32: { field: 7, wireType: 0, write: (x: number) => varint(x) },
} as const
type Kind = keyof typeof kinds

const pack = (field: number, items: readonly Buffer[]) => part(field, ...items)
const unpack = (field: number, wireType: number, items: readonly Buffer[]) =>
  Buffer.concat(items.flatMap((item) => [tag(field, wireType), item]))

interface Row {
  readonly kind?: Kind
  readonly values: readonly number[]
  readonly keys?: readonly (bigint | number)[]
  readonly shape?: readonly (bigint | number)[]
  readonly isPacked?: boolean
}

/** Returns the bytes of a Value. */
function writeValue({ kind = 'float32', values, keys = [], shape = [], isPacked = true }: Row) {
  const { field, wireType, write } = kinds[kind]
  const list = (number: number, type: number, items: readonly Buffer[]) =>
    isPacked ? pack(number, items) : unpack(number, type, items)
  return part(
    field,
    list(1, wireType, values.map(write)),
    ...(keys.length > 0 ? [list(2, 0, keys.map(varint))] : []),
    ...(shape.length > 0 ? [list(3, 0, shape.map(varint))] : []),
  )
}

/** Returns a frame whose record holds features["values"] alone. */
const row = (made: Row) => frame(feature('values', writeValue(made)))

const twoRows = [
  [1, 2, 3],
  [4, 5.5, 6],
]
const one = { values: [1, 2, 3] }
/** A field of every wire type that no message has. */
const unknown = [
  Buffer.concat([tag(100, 0), varint(-1)]),
  Buffer.concat([tag(101, 1), Buffer.alloc(8, 0xff)]),
  part(102, Buffer.alloc(3, 0xff)),
  Buffer.concat([tag(2 ** 29 - 1, 5), Buffer.alloc(4, 0xff)]),
]

const accepted: [name: string, body: Buffer, rows: Cell[][]][] = [
  ['float32 as SageMaker sends it', float32, twoRows],
  ['float64 as SageMaker sends it', float64, twoRows],
  [
    'int32, where negatives have ten bytes',
    int32,
    [
      [1, -2, 2 ** 31 - 1],
      [-(2 ** 31), 0, -1],
    ],
  ],
  [
    'sparse rows, one of them without values',
    sparse,
    [
      [2.5, 0, 1.5],
      [0, 0, 0],
    ],
  ],
  ['label, uid, metadata and configuration are ignored', full, [[1, 2, 3]]],
  [
    'records of several kinds',
    Buffer.concat([float32, sparse, int32]),
    [...twoRows, [2.5, 0, 1.5], [0, 0, 0], [1, -2, 2 ** 31 - 1], [-(2 ** 31), 0, -1]],
  ],
  ['no bytes', Buffer.alloc(0), []],
  ['float32 one by one', row({ ...one, isPacked: false }), [[1, 2, 3]]],
  ['float64 one by one', row({ ...one, kind: 'float64', isPacked: false }), [[1, 2, 3]]],
  ['int32 one by one', row({ values: [1, -2, 3], kind: 'int32', isPacked: false }), [[1, -2, 3]]],
  [
    'keys and shape one by one',
    row({ values: [5, 6], keys: [0, 2], shape: [3], isPacked: false }),
    [[5, 0, 6]],
  ],
  [
    'packed in several parts',
    frame(
      feature(
        'values',
        part(2, pack(1, [kinds.float32.write(1)]), unpack(1, 5, [2, 3].map(kinds.float32.write))),
      ),
    ),
    [[1, 2, 3]],
  ],
  ['a dense row with its shape', row({ ...one, shape: [3] }), [[1, 2, 3]]],
  ['a dense row with the shape of a matrix', row({ ...one, shape: [1, 3] }), [[1, 2, 3]]],
  [
    'a sparse row with the shape of a matrix',
    row({ values: [9], keys: [1], shape: [1, 3] }),
    [[0, 9, 0]],
  ],
  ['a sparse row without a shape', row({ values: [9], keys: [1] }), [[0, 9, 0]]],
  [
    'a sparse row of all keys',
    row({ values: [1, 2, 3], keys: [2, 1, 0], shape: [3] }),
    [[3, 2, 1]],
  ],
  [
    'negative int32 of five bytes',
    frame(feature('values', part(7, pack(1, [varint(2 ** 32 - 1), varint(1), varint(2)])))),
    [[-1, 1, 2]],
  ],
  [
    'numbers of more bytes than they need',
    frame(feature('values', part(7, pack(1, [Buffer.of(0x81, 0x80, 0), varint(0), varint(2)])))),
    [[1, 0, 2]],
  ],
  [
    'unknown fields of every message',
    frame(
      ...unknown,
      part(
        1,
        ...unknown,
        name('values'),
        part(2, ...unknown, part(2, ...unknown, pack(1, [1, 2, 3].map(kinds.float32.write)))),
        ...unknown,
      ),
    ),
    [[1, 2, 3]],
  ],
  ['a value before its key', frame(part(1, part(2, writeValue(one)), name('values'))), [[1, 2, 3]]],
  ['NaN is missing', row({ values: [1, Number.NaN, 3] }), [[1, null, 3]]],
  ['NaN in a sparse row is missing', row({ values: [Number.NaN], keys: [2] }), [[0, 0, null]]],
]

for (const [name, body, rows] of accepted) {
  t.test(name, (t) => {
    t.strictSame(readRows(recordioProtobuf, body), rows)
    t.end()
  })
}

const valuesOf = (...tensor: Buffer[]) => frame(feature('values', part(2, ...tensor)))
const badMagic = Buffer.from(float32)
badMagic[36] = 0
const huge = Buffer.from(float32)
huge.writeUInt32LE(2 ** 32 - 1, 4)

const refused: [
  name: string,
  body: Buffer,
  message: RegExp,
  row?: number | undefined,
  code?: InputErrorCode,
][] = [
  ['CSV', Buffer.from('1,2,3\n4,5,6\n'), /^byte 0: no RecordIO frame begins here$/],
  ['a bare record', float32.subarray(8, 36), /^byte 0: no RecordIO frame/],
  ['a wrong magic', badMagic, /^byte 36: no RecordIO frame begins here$/],
  ['a frame of 4 GiB', huge, /^byte 0: the frame is cut off$/],
  ['half a magic', float32.subarray(0, 38), /^byte 36: the frame is cut off$/],
  ['no length', float32.subarray(0, 40), /^byte 36: the frame is cut off$/],
  ['a cut frame', float32.subarray(0, -1), /^byte 36: the frame is cut off$/],
  ['a frame without its padding', sparse.subarray(0, -1), /^byte 40: the frame is cut off$/],
  ['bytes behind the frames', Buffer.concat([float32, Buffer.alloc(4)]), /^byte 72: no RecordIO/],
  ['an empty record', frame(), /^row 1: there is no features\["values"\]$/, 1],
  ['a record with other features', frame(feature('x', writeValue(one))), /there is no features/, 1],
  ['a feature without a name', frame(part(1, part(2, writeValue(one)))), /there is no features/, 1],
  ['a label alone', frame(part(2, name('values'), part(2, writeValue(one)))), /no features/, 1],
  [
    'features twice',
    Buffer.concat([
      float32,
      frame(feature('values', writeValue(one)), feature('values', writeValue(one))),
    ]),
    /^row 3: features\["values"\] occurs twice$/,
    3,
  ],
  [
    'a feature of two values',
    frame(part(1, name('values'), part(2, writeValue(one)), part(2, writeValue(one)))),
    /^row 1: a feature has two values$/,
    1,
  ],
  [
    'two tensors',
    frame(feature('values', writeValue(one), writeValue({ ...one, kind: 'float64' }))),
    /^row 1: features\["values"\] holds two tensors$/,
    1,
  ],
  ['bytes for numbers', bytes, /^row 1: .* holds no tensor of float32, float64 or int32$/, 1],
  ['no value', frame(part(1, name('values'))), /^row 1: .* holds no tensor/, 1],
  ['too few values', row({ values: [1, 2] }), /^row 1 has 2 values/, 1, 'wrong_width'],
  ['too many values', row({ values: [1, 2, 3, 4] }), /still in it\?$/, 1, 'wrong_width'],
  ['no values', row({ values: [] }), /^row 1 has 0 values/, 1, 'wrong_width'],
  [
    'values without end',
    row({ values: Array(5000).fill(0), kind: 'int32' }),
    /^row 1 has 5000 values/,
    1,
    'wrong_width',
  ],
  [
    'a dense row of another shape',
    row({ ...one, shape: [4] }),
    /stands for 4 values, there are 3/,
    1,
  ],
  ['a dense row of no shape', row({ ...one, shape: [0] }), /stands for 0 values, there are 3/, 1],
  [
    'a sparse row of another width',
    row({ values: [1], keys: [0], shape: [4] }),
    /^row 1 has 4 values/,
    1,
    'wrong_width',
  ],
  [
    'a sparse row of any width',
    row({ values: [], shape: [2n ** 64n - 1n, 2n ** 64n - 1n] }),
    /^row 1 has 3\.4\d+e\+38 values/,
    1,
    'wrong_width',
  ],
  ['a key beyond the columns', row({ values: [1], keys: [3] }), /^row 1: key 3 is beyond/, 1],
  [
    'a key beyond all doubles',
    row({ values: [1], keys: [2n ** 64n - 1n], shape: [3] }),
    /^row 1: key 18446744073709552000 is beyond/,
    1,
  ],
  ['a key twice', row({ values: [1, 2, 3], keys: [1, 0, 1] }), /^row 1: key 1 occurs twice$/, 1],
  ['more keys than values', row({ values: [1], keys: [0, 1] }), /2 keys and 1 values/, 1],
  ['more values than keys', row({ values: [1, 2], keys: [0] }), /1 keys and 2 values/, 1],
  [
    'more keys than columns',
    row({ values: [1, 2, 3, 4], keys: [0, 1, 2, 0] }),
    /4 keys and 4 values for 3 columns/,
    1,
  ],
  ['an infinity', row({ values: [1, 2, -1 / 0] }), /row 1, column "x3"/, 1, 'non_finite'],
  ['a group', frame(tag(9, 3), tag(9, 4)), /^byte 9: groups are refused here$/],
  ['the end of a group', frame(tag(9, 4)), /^byte 9: groups are refused here$/],
  ['many groups', frame(Buffer.alloc(9999, 0x0b)), /groups are refused here$/],
  ['wire type 6', frame(tag(9, 6)), /^byte 9: wire type 6 is refused here$/],
  ['wire type 7', frame(tag(9, 7)), /^byte 9: wire type 7 is refused here$/],
  ['features as a number', frame(tag(1, 0), varint(1)), /^byte 9: wire type 0 is refused here$/],
  ['floats of 8 bytes', valuesOf(tag(1, 1), Buffer.alloc(8)), /wire type 1 is refused here$/],
  ['field 0', frame(tag(0, 0)), /^byte 8: no field has this number$/],
  ['a field beyond 2^29', frame(tag(2 ** 29, 0)), /^byte 8: no field has this number$/],
  ['a tag that never ends', frame(Buffer.alloc(12, 0x80)), /^byte 8: a number has more than 64/],
  [
    'a number of eleven bytes',
    frame(tag(9, 0), Buffer.from('8080808080808080808000', 'hex')),
    /^byte 9: a number has more than 64 bits$/,
  ],
  [
    'a number of 65 bits',
    frame(tag(9, 0), Buffer.from('80808080808080808002', 'hex')),
    /^byte 9: a number has more than 64 bits$/,
  ],
  ['a number that is cut off', frame(tag(9, 0), Buffer.of(0x80)), /^byte 9: a number is cut off$/],
  [
    'an int32 of 33 bits',
    frame(feature('values', part(7, pack(1, [varint(2 ** 32)])))),
    /a number has more than 32 bits$/,
  ],
  [
    'an int32 below all',
    frame(feature('values', part(7, pack(1, [varint(-(2 ** 31) - 1)])))),
    /a number has more than 32 bits$/,
  ],
  [
    'a part longer than its frame',
    frame(tag(9, 2), varint(1)),
    /^byte 10: 1 bytes .*, 0 are left$/,
  ],
  [
    'a part longer than the body',
    frame(tag(9, 2), varint(-1)),
    /18446744073709552000 bytes are announced, 0 are left$/,
  ],
  [
    'a part that reaches into the padding',
    frame(part(9), tag(9, 2), varint(2)),
    /2 bytes .* 0 are/,
  ],
  ['half a double', frame(tag(9, 1), Buffer.alloc(7)), /8 bytes are announced, 7 are left$/],
  ['half a float', frame(tag(9, 5), Buffer.alloc(3)), /4 bytes are announced, 3 are left$/],
  ['packed floats with odd bytes', valuesOf(part(1, Buffer.alloc(13))), /4 bytes .* 1 are left$/],
  [
    'more rows than allowed',
    Buffer.concat(Array(101).fill(row(one))),
    /100 rows$/,
    undefined,
    'too_many_rows',
  ],
]

for (const [name, body, message, row, code = 'invalid_recordio'] of refused) {
  t.test(`${name} is refused`, (t) => {
    const error = refusalOf(() => readRows(recordioProtobuf, body))
    t.equal(error.code, code)
    t.match(error.message, message)
    t.strictSame(
      error.places.map((place) => place.row),
      row === undefined ? [] : [row],
    )
    t.end()
  })
}

for (const key of ['', 'value', 'Values', 'values ', 'valuesvalues', 'v\xe4lues', 'abcdef']) {
  t.test(`a feature named ${JSON.stringify(key)} is another`, (t) => {
    const body = frame(feature(key, writeValue(one)))
    t.match(refusalOf(() => readRows(recordioProtobuf, body)).message, /there is no features/)
    t.end()
  })
}

t.test('other features are ignored and counted', (t) => {
  const body = frame(
    feature('x', writeValue(one)),
    feature('values', writeValue(one)),
    feature('', bytes),
  )
  const { frame: made, ignoredColumns } = decodeBody(recordioProtobuf, body, numberColumns(3))
  t.equal(made.length, 1)
  t.equal(ignoredColumns, 2)
  t.end()
})

t.test('values that were sent are none of those left out', (t) => {
  const wide = numberColumns(2 ** 14, true, 2000)
  const dense = row({ values: Array(2 ** 14).fill(1), kind: 'int32' })
  const body = Buffer.concat(Array(1100).fill(dense))
  t.equal(decodeBody(recordioProtobuf, body, wide).frame.length, 1100)
  t.end()
})

t.test('NaN where training saw no missing value is refused', (t) => {
  const body = Buffer.concat([float32, row({ values: [1, Number.NaN, 3] })])
  const error = refusalOf(() => decodeBody(recordioProtobuf, body, numberColumns(3, false)))
  t.equal(error.code, 'missing_value')
  t.strictSame(error.places, [{ row: 3, column: 'x2' }])
  t.end()
})

t.test('few bytes do not become any number of cells', (t) => {
  const wide = numberColumns(2 ** 14, true, 2000)
  const zeros = row({ values: [], shape: [2 ** 14] })
  const body = (rows: number) => Buffer.concat(Array(rows).fill(zeros))
  t.equal(decodeBody(recordioProtobuf, body(100), wide).frame.length, 100)
  t.equal(refusalOf(() => decodeBody(recordioProtobuf, body(1025), wide)).code, 'too_expensive')
  t.end()
})

t.test('bytes at any offset of a pool are read, and nothing beside them', (t) => {
  for (let offset = 0; offset < 8; offset++) {
    const pool = Buffer.concat([Buffer.alloc(offset, 0xff), float64, float64])
    const body = pool.subarray(offset, offset + float64.length)
    const { frame } = recordioProtobuf.decode(body, numberColumns(3))
    t.strictSame(
      [0, 1].map((row) => frame.columns.map((column) => cellAt(column, row))),
      twoRows,
    )
    const cut = pool.subarray(offset, offset + float64.length - 8)
    t.equal(
      refusalOf(() => recordioProtobuf.decode(cut, numberColumns(3))).code,
      'invalid_recordio',
    )
  }
  t.end()
})

t.test("answers are the bytes of Google's protobuf", (t) => {
  const write = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  t.equal(
    write(recordioProtobuf.encodePredictions(binary)),
    'CiPXzjAAAAASGwoPcHJlZGljdGVkX2xhYmVsEggSBgoEAAAAABIRCgVzY29yZRIIEgYKBAAAgD4KI9fOMAAAABIbCg9wcmVkaWN0ZWRfbGFiZWwSCBIGCgQAAIA/EhEKBXNjb3JlEggSBgoEZmZmPw==',
    'two classes: P(positive)',
  )
  t.equal(
    write(recordioProtobuf.encodePredictions(ternary)),
    'CiPXzjgAAAASGwoPcHJlZGljdGVkX2xhYmVsEggSBgoEAAAAQBIZCgVzY29yZRIQEg4KDM3MzD3NzEw+MzMzPwoj1844AAAAEhsKD3ByZWRpY3RlZF9sYWJlbBIIEgYKBAAAAAASGQoFc2NvcmUSEBIOCgwAAAA/AACAPgAAgD4=',
    'three classes: all probabilities, and the number of a class that is a word',
  )
  const named = { ...binary, classes: ['3', '-7.5'] }
  const records = Buffer.from(recordioProtobuf.encodePredictions(named))
  t.same(
    [0, 1].map((row) => records.readFloatLE(row * 56 + 8 + 25)),
    [3, -7.5],
    'classes in numbers',
  )
  t.equal(recordioProtobuf.encodePredictions({ ...binary, rows: 0 }).length, 0, 'no rows')
  t.end()
})

t.test("selected members are labels of their own, as Google's protobuf writes them", (t) => {
  const write = (predictions: Predictions, members: string) => {
    const selection = parseSelection(members) ?? []
    const bytes = recordioProtobuf.encodePredictions(predictions, { selection })
    return Buffer.from(bytes).toString('base64')
  }
  t.equal(
    write(binary, 'predicted_label,labels,probability,probabilities'),
    'CiPXzm0AAAASGwoPcHJlZGljdGVkX2xhYmVsEggSBgoEAAAAABIWCgZsYWJlbHMSDBIKCggAAAAAAACAPxIXCgtwcm9iYWJpbGl0eRIIEgYKBAAAgD4SHQoNcHJvYmFiaWxpdGllcxIMEgoKCAAAQD8AAIA+AAAACiPXzm0AAAASGwoPcHJlZGljdGVkX2xhYmVsEggSBgoEAACAPxIWCgZsYWJlbHMSDBIKCggAAAAAAACAPxIXCgtwcm9iYWJpbGl0eRIIEgYKBGZmZj8SHQoNcHJvYmFiaWxpdGllcxIMEgoKCM3MzD1mZmY/AAAA',
    'numbers',
  )
  t.equal(
    write(ternary, 'labels,predicted_label,raw_scores'),
    'CiPXzlEAAAASFQoGbGFiZWxzEgtKCQoBYQoBYgoBYxIYCg9wcmVkaWN0ZWRfbGFiZWwSBUoDCgFjEh4KCnJhd19zY29yZXMSEBIOCgzNzMw9zcxMPjMzMz8AAAAKI9fOUQAAABIVCgZsYWJlbHMSC0oJCgFhCgFiCgFjEhgKD3ByZWRpY3RlZF9sYWJlbBIFSgMKAWESHgoKcmF3X3Njb3JlcxIQEg4KDAAAAD8AAIA+AACAPgAAAA==',
    'labels that are texts, in the order asked',
  )
  t.equal(write({ ...ternary, rows: 0 }, 'labels'), '', 'no rows')
  t.end()
})

t.test('property: answers of any number of classes are whole frames', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 70 }), fc.integer({ min: 0, max: 3 }), (width, rows) => {
      const probabilities = Float64Array.from({ length: rows * width }, (_, i) =>
        Math.fround(i / 7),
      )
      const classes = Array.from({ length: width }, (_, k) => `c${k}`)
      const labels = Int32Array.from({ length: rows }, (_, row) => row)
      const expected = Array.from({ length: rows }, (_, row) => {
        const scores = Array.from(probabilities.subarray(row * width, (row + 1) * width))
        const label = (key: string, values: number[]) =>
          part(2, name(key), part(2, writeValue({ values })))
        return frame(label('predicted_label', [row]), label('score', scores))
      })
      const made = recordioProtobuf.encodePredictions({
        classes,
        numericClasses: false,
        rows,
        labels,
        probabilities,
      })
      return Buffer.concat(expected).equals(made)
    }),
  )
  t.end()
})

/** How a row is written: what does not change its meaning. */
const style = fc.record({
  kind: fc.constantFrom<Kind[]>('float32', 'float64', 'int32'),
  isPacked: fc.boolean(),
  isSparse: fc.boolean(),
  isReversed: fc.boolean(),
  hasShape: fc.boolean(),
  before: fc.subarray(unknown),
  after: fc.subarray(unknown),
})

/** The nearest value of a tensor, which the decoder must return; null = missing. */
function castTo(kind: Kind, x: number | null): number | null {
  if (kind === 'int32') return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x ?? 0))) || 0
  if (kind === 'float64' || x === null) return x
  return Math.abs(x) > 3e38 ? null : Math.fround(x)
}

t.test('property: rows are read as they were written', (t) => {
  const styles = fc.array(style, { minLength: 5, maxLength: 5 })
  fc.assert(
    fc.property(tables, styles, ({ width, rows }, styles) => {
      const expected = rows.map((row, i) => row.map((x) => castTo(styles[i]?.kind as Kind, x)))
      const frames = expected.map((row, i) => {
        const how = styles[i] as (typeof styles)[number]
        const columns = row.map((_, j) => j)
        const keys = how.isSparse ? columns.filter((j) => !Object.is(row[j], 0)) : columns
        if (how.isSparse && how.isReversed) keys.reverse()
        const isEmpty = keys.length === 0
        const value = writeValue({
          kind: how.kind,
          values: keys.map((j) => row[j] ?? Number.NaN),
          keys: how.isSparse ? keys : [],
          shape: how.hasShape || isEmpty ? [width] : [],
          isPacked: how.isPacked,
        })
        return frame(...how.before, feature('values', value), ...how.after)
      })
      const read = readRows(recordioProtobuf, Buffer.concat(frames), width)
      return (
        read.length === rows.length &&
        read.every((row, i) => row.every((x, j) => Object.is(x, expected[i]?.[j])))
      )
    }),
    { numRuns: runs(500) },
  )
  t.end()
})

const seeds = [float32, float64, int32, sparse, full, bytes, frame(...unknown, feature('values'))]

t.test('property: every prefix holds whole frames or is refused', (t) => {
  for (const whole of seeds) {
    for (let length = 1; length < whole.length; length++) {
      const body = whole.subarray(0, length)
      const isWhole =
        [float32, float64, int32, sparse].includes(whole) && length === frameEnd(whole)
      if (isWhole) t.equal(readRows(recordioProtobuf, body).length, 1, 'the first frame')
      else if (refusalOf(() => readRows(recordioProtobuf, body)).code !== 'invalid_recordio')
        t.fail(`${length} bytes`)
    }
    t.pass(`${whole.length} prefixes`)
  }
  t.end()
})

function frameEnd(body: Buffer): number {
  return 8 + Math.ceil(body.readUInt32LE(4) / 4) * 4
}

t.test('property: flipped bits are read or refused', (t) => {
  for (const body of seeds) {
    for (const flipped of bitFlips(body)) checkReadsNumbersOrRefuses(recordioProtobuf, flipped)
    t.pass(`${body.length * 8} flips`)
  }
  t.end()
})

t.test('property: mutants are read or refused', (t) => {
  fc.assert(
    fc.property(mutants(seeds), fc.integer({ min: 1, max: 4 }), (body, width) =>
      checkReadsNumbersOrRefuses(recordioProtobuf, body, width),
    ),
    { numRuns: runs(2000) },
  )
  t.end()
})

t.test('property: records of any bytes are read or refused', (t) => {
  const odd = fc.uint8Array({ maxLength: 60 })
  fc.assert(
    fc.property(odd, fc.constantFrom(0, 1, 2, 3), (content, depth) => {
      const body = [
        frame(content),
        frame(part(1, content)),
        frame(feature('values', content)),
        frame(feature('values', part(2, content))),
      ][depth] as Buffer
      checkReadsNumbersOrRefuses(recordioProtobuf, body)
    }),
    { numRuns: runs(2000) },
  )
  t.end()
})
