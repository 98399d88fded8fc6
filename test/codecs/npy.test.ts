/** NumPy arrays in and out: reliability.md 2.4 (Y1 to Y12), bytes of numpy 2.4 as np.save writes them. */
import fc from 'fast-check'
import t from 'tap'
import { npy } from '../../src/codecs/npy.ts'
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

/** np.array([[1, 2, 3], [4, 5.5, 6]]) as SageMaker's NumpySerializer sends it. */
const float64 = base64(
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAADwPwAAAAAAAABAAAAAAAAACEAAAAAAAAAQQAAAAAAAABZAAAAAAAAAGEA=',
)
const float32 = base64(
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AAAAQAAAQEAAAIBAAACwQAAAwEA=',
)
const oneRow = base64(
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAADwPwAAAAAAAABAAAAAAAAACEA=',
)
const pickled = base64(
  'k05VTVBZAQB2AHsnZGVzY3InOiAnfE8nLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMSwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAqABJWRAAAAAAAAAIwWbnVtcHkuX2NvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlIwFbnVtcHmUjAduZGFycmF5lJOUSwCFlEMBYpSHlFKUKEsBSwFLA4aUaAOMBWR0eXBllJOUjAJPOJSJiIeUUpQoSwOMAXyUTk5OSv////9K/////0s/dJRiiV2UKEsBTksDZXSUYi4=',
)
const fortran = base64(
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAADwPwAAAAAAABBAAAAAAAAAAEAAAAAAAAAWQAAAAAAAAAhAAAAAAAAAGEA=',
)
const noRows = base64(
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDAsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo=',
)
const version2 = base64(
  'k05VTVBZAgB0AAAAeydkZXNjcic6ICc8ZjgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAADwPwAAAAAAAABAAAAAAAAACEAAAAAAAAAQQAAAAAAAABZAAAAAAAAAGEA=',
)
const version3 = base64(
  'k05VTVBZAwB0AAAAeydkZXNjcic6ICc8ZjgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAADwPwAAAAAAAABAAAAAAAAACEAAAAAAAAAQQAAAAAAAABZAAAAAAAAAGEA=',
)

type Bytes = readonly number[]

/** Returns a file of this header text, whatever it says. */
function fileOf(header: string, data: Uint8Array | Bytes = [], major = 1, minor = 0): Buffer {
  const size = Buffer.alloc(major === 1 ? 2 : 4)
  if (major === 1) size.writeUInt16LE(header.length)
  else size.writeUInt32LE(header.length)
  const start = Buffer.from(`\x93NUMPY${String.fromCharCode(major, minor)}`, 'latin1')
  return Buffer.concat([start, size, Buffer.from(header, 'latin1'), Buffer.from(data)])
}

/** Returns a file whose header is written as numpy writes it. */
function arrayOf(descr: string, shape: string, data: Uint8Array | Bytes, isFortran = false) {
  const order = isFortran ? 'True' : 'False'
  return fileOf(`{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`, data)
}

const twoRows = [
  [1, 2, 3],
  [4, 5.5, 6],
]
const ones = Buffer.alloc(24)
for (const at of [0, 8, 16]) ones.writeDoubleLE(1, at)

const accepted: [name: string, body: Buffer, rows: Cell[][], width?: number][] = [
  ['float64 as SageMaker sends it', float64, twoRows],
  ['float32 as SageMaker sends it', float32, twoRows],
  ['version 2.0', version2, twoRows],
  ['version 3.0', version3, twoRows],
  ['a header of 10,000 bytes', fileOf(headerOf(10_000), ones), [[1, 1, 1]]],
  ['a long header of version 2.0', fileOf(headerOf(9_000), ones, 2), [[1, 1, 1]]],
  [
    'any order, quotes and blanks',
    fileOf('{"shape":(1,3),"descr":"<f8",\n"fortran_order" : False}', ones),
    [[1, 1, 1]],
  ],
  [
    'commas behind the last members',
    fileOf("{'descr':'<f8','fortran_order':False,'shape':(1,3,),}", ones),
    [[1, 1, 1]],
  ],
  ['columns first', fortran, twoRows],
  ['big-endian float64', arrayOf('>f8', '(1, 1)', [0x3f, 0xf8, 0, 0, 0, 0, 0, 0]), [[1.5]], 1],
  [
    'big-endian columns first',
    arrayOf('>i2', '(2, 2)', [0, 1, 0, 2, 0, 3, 0, 4], true),
    [
      [1, 3],
      [2, 4],
    ],
    2,
  ],
  ['bool, where any byte but 0 is true', arrayOf('|b1', '(1, 3)', [0, 1, 2]), [[0, 1, 1]]],
  ['int8', arrayOf('|i1', '(1, 3)', [1, 0x80, 0xff]), [[1, -128, -1]]],
  ['uint8', arrayOf('|u1', '(1, 3)', [1, 0x80, 0xff]), [[1, 128, 255]]],
  ['one byte with an order', arrayOf('<u1', '(1, 3)', [1, 2, 3]), [[1, 2, 3]]],
  ['uint16', arrayOf('<u2', '(1, 3)', [1, 0, 0, 0x80, 0xff, 0xff]), [[1, 32_768, 65_535]]],
  ['int16', arrayOf('<i2', '(1, 3)', [1, 0, 0, 0x80, 0xff, 0xff]), [[1, -32_768, -1]]],
  ['uint32', arrayOf('<u4', '(1, 1)', [0xff, 0xff, 0xff, 0xff]), [[4_294_967_295]], 1],
  ['int32', arrayOf('<i4', '(1, 1)', [0xff, 0xff, 0xff, 0xff]), [[-1]], 1],
  ['one dimension is one row', oneRow, [[1, 2, 3]]],
  ['one dimension is one column of a model with one', oneRow, [[1], [2], [3]], 1],
  ['no rows', noRows, []],
  ['no rows of one column', arrayOf('<f8', '(0,)', []), [], 1],
  [
    'NaN is missing',
    arrayOf('<f4', '(1, 3)', [0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0x3f, 1, 0, 0x80, 0xff]),
    [[null, 1, null]],
  ],
]

function headerOf(length: number): string {
  return "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 3), }"
    .padEnd(length - 1)
    .concat('\n')
}

for (const [name, body, rows, width] of accepted) {
  t.test(name, (t) => {
    t.strictSame(readRows(npy, body, width), rows)
    t.end()
  })
}

const floats16: [bits: number, value: Cell][] = [
  [0x0000, 0],
  [0x8000, -0],
  [0x0001, 2 ** -24],
  [0x83ff, -1023 * 2 ** -24],
  [0x0400, 2 ** -14],
  [0x3555, 0.333251953125],
  [0x3c00, 1],
  [0xc500, -5],
  [0x7bff, 65_504],
  [0x7e00, null],
  [0xfc01, null],
]
for (const [bits, value] of floats16) {
  t.test(`float16 0x${bits.toString(16)} is ${value}`, (t) => {
    const [low, high] = [bits & 0xff, bits >> 8]
    t.strictSame(readRows(npy, arrayOf('<f2', '(1,)', [low, high]), 1), [[value]])
    t.strictSame(readRows(npy, arrayOf('>f2', '(1,)', [high, low]), 1), [[value]])
    t.end()
  })
}

const integers64: [dtype: 'i8' | 'u8', written: bigint][] = [
  ['i8', -1n],
  ['i8', 2n ** 53n + 1n],
  ['i8', 2n ** 53n + 3n],
  ['i8', -(2n ** 53n) - 1n],
  ['i8', 2n ** 63n - 1n],
  ['i8', 2n ** 63n - 513n],
  ['i8', -(2n ** 63n)],
  ['u8', 2n ** 53n + 1n],
  ['u8', 2n ** 63n + 1025n],
  ['u8', 2n ** 64n - 1025n],
  ['u8', 2n ** 64n - 1n],
]
for (const [dtype, written] of integers64) {
  t.test(`${written} as ${dtype} is the nearest double`, (t) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt.asUintN(64, written))
    t.strictSame(readRows(npy, arrayOf(`<${dtype}`, '(1,)', bytes), 1), [[Number(written)]])
    bytes.reverse()
    t.strictSame(readRows(npy, arrayOf(`>${dtype}`, '(1,)', bytes), 1), [[Number(written)]])
    t.end()
  })
}

const header = (shape: string, descr = "'<f8'", order = 'False') =>
  fileOf(`{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`, ones)
const enormous = Buffer.from(version2)
enormous.writeUInt32LE(2 ** 32 - 1, 8)
const longer = Buffer.from(version2)
longer.writeUInt32LE(9_999, 8)
const npz = Buffer.concat([Buffer.from('PK\x03\x04'), float64])

const refused: [name: string, body: Buffer, code: InputErrorCode, message: RegExp][] = [
  ['a magic of other letters', Buffer.from('\x93NUMPX\x01\x00', 'latin1'), 'invalid_npy', /NUMPY/],
  ['CSV', Buffer.from('1,2,3\n'), 'invalid_npy', /does not begin with \\x93NUMPY/],
  ['a pickle', pickled.subarray(128), 'invalid_npy', /does not begin with/],
  ['no bytes', Buffer.alloc(0), 'invalid_npy', /does not begin with/],
  ['the magic alone', float64.subarray(0, 6), 'invalid_npy', /ends in the header/],
  ['version 9.9', fileOf('', [], 9, 9), 'invalid_npy', /version 9\.9 is not known/],
  ['version 0.0', fileOf('', [], 0), 'invalid_npy', /version 0\.0/],
  ['version 1.1', fileOf('', [], 1, 1), 'invalid_npy', /version 1\.1/],
  ['version 4.0', fileOf('', [], 4), 'invalid_npy', /version 4\.0/],
  ['no length of the header', version2.subarray(0, 11), 'invalid_npy', /ends in the header/],
  ['a header of 4 GiB', enormous, 'invalid_npy', /4294967295 bytes; at most 10000/],
  ['a header longer than the body', longer, 'invalid_npy', /ends in the header/],
  ['a header over the limit', fileOf(headerOf(10_001), ones), 'invalid_npy', /at most 10000/],
  ['a long header over the limit', fileOf(headerOf(10_001), ones, 2), 'invalid_npy', /10001 bytes/],
  ['no header', fileOf('', ones), 'invalid_npy', /plain literals/],
  ['a list', fileOf("['descr']", ones), 'invalid_npy', /plain literals/],
  ['code', fileOf("__import__('os').system('true')", ones), 'invalid_npy', /plain literals/],
  ['code as a member', header("__import__('os')"), 'invalid_npy', /plain literals/],
  ['a call in the shape', header('(int(1), 3)'), 'invalid_npy', /plain literals/],
  ['a sum in the shape', header('(1+0, 3)'), 'invalid_npy', /plain literals/],
  ['a tuple in a tuple', header('((1, 3),)'), 'invalid_npy', /plain literals/],
  ['deep brackets', header('('.repeat(4000)), 'invalid_npy', /plain literals/],
  ['deep dictionaries', fileOf('{'.repeat(9000), ones), 'invalid_npy', /plain literals/],
  ['a number for a shape', header('(3)'), 'invalid_npy', /plain literals/],
  ['a fraction in the shape', header('(1.0, 3)'), 'invalid_npy', /plain literals/],
  ['a truth value in the shape', header('(True, 3)'), 'invalid_npy', /plain literals/],
  ['None', header('(1, 3)', 'None'), 'invalid_npy', /plain literals/],
  ['a type that is a number', header('(1, 3)', '12345'), 'invalid_npy', /plain literals/],
  ['an order that is a text', header('(1, 3)', "'<f8'", "'no'"), 'invalid_npy', /plain literals/],
  ['a shape that is a text', header("'(1, 3)'"), 'invalid_npy', /plain literals/],
  ['an escape', header('(1, 3)', "'\\x3cf8'"), 'invalid_npy', /plain literals/],
  ['an open text', header('(1, 3)', "'<f8"), 'invalid_npy', /plain literals/],
  ['two dictionaries', fileOf(`${headerOf(70)}{}`, ones), 'invalid_npy', /plain literals/],
  ['a dictionary that never ends', fileOf("{'descr': '<f8',", ones), 'invalid_npy', /plain/],
  [
    'no shape',
    fileOf("{'descr': '<f8', 'fortran_order': False}", ones),
    'invalid_npy',
    /plain literals/,
  ],
  [
    'another member',
    fileOf("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 3), 'x': 'y'}", ones),
    'invalid_npy',
    /plain literals/,
  ],
  [
    'a member twice',
    fileOf("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 3), 'shape': (3, 1)}", ones),
    'invalid_npy',
    /plain literals/,
  ],
  ['pickled objects', pickled, 'invalid_npy', /"\|O": pickled objects are refused/],
  ['a structured type', header('(3,)', "[('a', '<f8')]"), 'invalid_npy', /structured/],
  ['a void type', header('(3,)', "'|V8'"), 'invalid_npy', /structured values are refused/],
  ['a negative dimension', header('(-1, 3)'), 'invalid_npy', /dimension of -1/],
  ['2^53', header('(9007199254740992, 3)'), 'invalid_npy', /dimension of 9007199254740992/],
  ['a dimension of 400 digits', header(`(${'9'.repeat(400)}, 3)`), 'invalid_npy', /dimension/],
  [
    'a product that wraps 2^64',
    header('(16, 1152921504606846978)'),
    'invalid_npy',
    /dimension of 1152921504606847000/,
  ],
  [
    'a product of safe integers that wraps 2^64',
    header('(4294967296, 4294967299)'),
    'invalid_npy',
    /\(4294967296, 4294967299\) is too large/,
  ],
  ['bytes that are no safe integer', header('(1, 2251799813685248)'), 'invalid_npy', /too large/],
  ['fewer bytes than announced', float64.subarray(0, -1), 'invalid_npy', /48.*has 47/],
  [
    'bytes behind the data',
    Buffer.concat([float64, Buffer.of(0)]),
    'invalid_npy',
    /announces 48 bytes of data, the body has 49/,
  ],
  ['two arrays', Buffer.concat([float64, float64]), 'invalid_npy', /announces 48/],
  ['bytes behind no rows', Buffer.concat([noRows, ones]), 'invalid_npy', /announces 0/],
  ['complex numbers', header('(1,)', "'<c16'"), 'invalid_npy', /complex numbers are refused/],
  ['texts', header('(1, 3)', "'<U2'"), 'invalid_npy', /texts are refused/],
  ['bytes', header('(1, 3)', "'|S8'"), 'invalid_npy', /texts are refused/],
  ['dates', header('(1, 3)', "'<M8[ns]'"), 'invalid_npy', /dates are refused/],
  ['long doubles', header('(1, 3)', "'<f16'"), 'invalid_npy', /refused; send <f8/],
  ['no byte order', header('(1, 3)', "'f8'"), 'invalid_npy', /dtype "f8"/],
  ['the byte order of a machine', header('(1, 3)', "'=f8'"), 'invalid_npy', /dtype "=f8"/],
  ['no order for several bytes', header('(1, 3)', "'|f8'"), 'invalid_npy', /dtype "\|f8"/],
  ['a type that is a member of objects', header('(1, 3)', "'__proto__'"), 'invalid_npy', /dtype/],
  ['no dimension', header('()'), 'invalid_npy', /0 dimensions/],
  ['three dimensions', header('(1, 1, 3)'), 'invalid_npy', /3 dimensions; send rows × columns/],
  ['one row of another width', arrayOf('|u1', '(4,)', [1, 2, 3, 4]), 'wrong_width', /4 values/],
  ['rows of another width', arrayOf('|u1', '(2, 2)', [1, 2, 3, 4]), 'wrong_width', /2 values/],
  ['rows of no width', arrayOf('|u1', '(2, 0)', []), 'wrong_width', /0 values/],
  [
    'countless rows of no width',
    arrayOf('|u1', '(9007199254740991, 0)', []),
    'too_many_rows',
    /100 rows/,
  ],
  [
    'more rows than allowed',
    arrayOf('|u1', '(101, 3)', Buffer.alloc(303)),
    'too_many_rows',
    /has 101/,
  ],
  [
    'an infinity',
    arrayOf('<f4', '(1, 3)', [0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x7f, 0, 0, 0x80, 0x3f]),
    'non_finite',
    /row 1, column "x2"/,
  ],
  [
    'a negative infinity as float16',
    arrayOf('<f2', '(2, 3)', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfc]),
    'non_finite',
    /row 2, column "x3"/,
  ],
  ['an .npz', npz, 'unsupported_media_type', /\.npz/],
]

for (const [name, body, code, message] of refused) {
  t.test(`${name} is refused`, (t) => {
    const error = refusalOf(() => readRows(npy, body))
    t.equal(error.code, code)
    t.match(error.message, message)
    t.end()
  })
}

t.test('NaN where training saw no missing value is refused', (t) => {
  const body = arrayOf('<f2', '(2, 1)', [0, 0, 0, 0x7e])
  const error = refusalOf(() => decodeBody(npy, body, numberColumns(1, false)))
  t.equal(error.code, 'missing_value')
  t.strictSame(error.places, [{ row: 2, column: 'x1' }])
  t.end()
})

t.test('bytes at any offset of a pool are read, and nothing beside them', (t) => {
  for (let offset = 0; offset < 8; offset++) {
    const pool = Buffer.alloc(float64.length + 16, 0xff)
    float64.copy(pool, offset)
    const body = pool.subarray(offset, offset + float64.length)
    const { frame } = npy.decode(body, numberColumns(3))
    t.strictSame(
      [0, 1].map((row) => frame.columns.map((column) => cellAt(column, row))),
      twoRows,
    )
    const cut = pool.subarray(offset, offset + float64.length - 8)
    t.equal(refusalOf(() => npy.decode(cut, numberColumns(3))).code, 'invalid_npy')
    const longer = pool.subarray(offset)
    t.equal(refusalOf(() => npy.decode(longer, numberColumns(3))).code, 'invalid_npy')
  }
  t.end()
})

t.test('the frame holds copies', (t) => {
  const body = Buffer.from(float64)
  const { frame } = npy.decode(body, numberColumns(3))
  body.fill(0)
  t.strictSame(cellAt(frame.columns[1] as never, 1), 5.5)
  t.end()
})

t.test('a model of text columns is told which formats carry text', (t) => {
  const [a, b, c] = numberColumns(3).inputs
  if (!a || !b || !c) throw new Error('three columns')
  const inputs = [a, { ...b, type: 'text' as const }, c]
  const error = refusalOf(() => decodeBody(npy, float64, { ...numberColumns(3), inputs }))
  t.equal(error.code, 'invalid_text')
  t.match(error.message, /column "x2" holds text/)
  t.end()
})

t.test('scores of two classes are np.save of P(positive)', (t) => {
  t.equal(
    Buffer.from(npy.encodePredictions(binary)).toString('base64'),
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAADQP83MzMzMzOw/',
  )
  t.end()
})

t.test('scores of three classes are np.save of all probabilities', (t) => {
  t.equal(
    Buffer.from(npy.encodePredictions(ternary)).toString('base64'),
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAqamZmZmZm5P5qZmZmZmck/ZmZmZmZm5j8AAAAAAADgPwAAAAAAANA/AAAAAAAA0D8=',
  )
  t.end()
})

t.test('scores of no rows are an empty array', (t) => {
  const none = { rows: 0, labels: new Int32Array(0), probabilities: new Float64Array(0) }
  t.equal(
    Buffer.from(npy.encodePredictions({ ...binary, ...none })).toString('base64'),
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDAsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo=',
  )
  t.ok(noRows.equals(npy.encodePredictions({ ...ternary, ...none })))
  t.end()
})

t.test('selected members stand one beside the other', (t) => {
  const write = (predictions: Predictions, members: string) => {
    const selection = parseSelection(members) ?? []
    return Buffer.from(npy.encodePredictions(predictions, { selection })).toString('base64')
  }
  t.equal(
    write(binary, 'probability,predicted_label,probabilities'),
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDQpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAADQPwAAAAAAAAAAAAAAAAAA6D8AAAAAAADQP83MzMzMzOw/AAAAAAAA8D+amZmZmZm5P83MzMzMzOw/',
    'in the order asked',
  )
  t.equal(
    write(binary, 'predicted_label'),
    'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAAAAAAAAAPA/',
    'one number a row is one dimension',
  )
  t.equal(
    write(ternary, 'raw_scores'),
    Buffer.from(npy.encodePredictions(ternary)).toString('base64'),
  )
  for (const members of ['predicted_label', 'probability,labels']) {
    const refused = refusalOf(() => write(ternary, members))
    t.equal(refused.code, 'not_acceptable', 'a matrix of numbers has no place for words')
    t.match(refused.message, /text/)
  }
  t.end()
})

t.test('property: what is encoded is read again bit by bit', (t) => {
  const scores = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 })
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 12 }), scores, (width, values) => {
      const rows = Math.floor(values.length / width)
      const probabilities = Float64Array.from(values.slice(0, rows * width))
      const classes = Array.from({ length: width }, (_, k) => `c${k}`)
      const bytes = npy.encodePredictions({ ...ternary, classes, rows, probabilities })
      if ((bytes.length - probabilities.byteLength) % 64 !== 0) throw new Error('not aligned')
      const read = readRows(npy, bytes, width).flat()
      return read.length === rows * width && read.every((x, i) => Object.is(x, probabilities[i]))
    }),
  )
  t.end()
})

/** How Buffer, which shares nothing with the decoder, writes a number of a type. */
const writers: Record<string, { size: number; write: (at: Buffer, x: number) => void }> = {
  '<f8': { size: 8, write: (at, x) => at.writeDoubleLE(x) },
  '>f8': { size: 8, write: (at, x) => at.writeDoubleBE(x) },
  '<f4': { size: 4, write: (at, x) => at.writeFloatLE(x) },
  '>f4': { size: 4, write: (at, x) => at.writeFloatBE(x) },
  '<i8': { size: 8, write: (at, x) => at.writeBigInt64LE(BigInt(x)) },
  '>i8': { size: 8, write: (at, x) => at.writeBigInt64BE(BigInt(x)) },
  '<u8': { size: 8, write: (at, x) => at.writeBigUInt64LE(BigInt(x)) },
  '>u8': { size: 8, write: (at, x) => at.writeBigUInt64BE(BigInt(x)) },
  '<i4': { size: 4, write: (at, x) => at.writeInt32LE(x) },
  '>i4': { size: 4, write: (at, x) => at.writeInt32BE(x) },
  '<u4': { size: 4, write: (at, x) => at.writeUInt32LE(x) },
  '>u4': { size: 4, write: (at, x) => at.writeUInt32BE(x) },
  '<i2': { size: 2, write: (at, x) => at.writeInt16LE(x) },
  '>i2': { size: 2, write: (at, x) => at.writeInt16BE(x) },
  '<u2': { size: 2, write: (at, x) => at.writeUInt16LE(x) },
  '>u2': { size: 2, write: (at, x) => at.writeUInt16BE(x) },
  '|i1': { size: 1, write: (at, x) => at.writeInt8(x) },
  '|u1': { size: 1, write: (at, x) => at.writeUInt8(x) },
}

/** The nearest value of a type, which the decoder must return. */
function castTo(descr: string, x: number | null): number | null {
  if (descr.endsWith('f8')) return x
  if (descr.endsWith('f4')) return x === null || Math.abs(x) > 3e38 ? null : Math.fround(x)
  const bits = Number(descr.slice(2)) * 8
  const whole = Math.trunc(Math.min(Math.abs(x ?? 0), 2 ** Math.min(bits - 1, 53) - 1))
  return descr[1] === 'i' && (x ?? 0) < 0 && whole > 0 ? -whole : whole
}

const descrs = fc.constantFrom(...Object.keys(writers))
t.test('property: every type and order gives the numbers that were written', (t) => {
  fc.assert(
    fc.property(
      tables,
      descrs,
      fc.boolean(),
      fc.constantFrom(1, 2, 3),
      (table, descr, f, major) => {
        const { width, rows } = table
        const { size, write } = writers[descr] as (typeof writers)[string]
        const expected = rows.map((row) => row.map((x) => castTo(descr, x)))
        const data = Buffer.alloc(rows.length * width * size)
        expected.forEach((row, i) => {
          row.forEach((x, j) => {
            write(data.subarray((f ? j * rows.length + i : i * width + j) * size), x ?? Number.NaN)
          })
        })
        const text = `{'descr': '${descr}', 'fortran_order': ${f ? 'True' : 'False'}, 'shape': (${rows.length}, ${width}), }\n`
        const read = readRows(npy, fileOf(text, data, major), width)
        return (
          read.length === rows.length &&
          read.every((row, i) => row.every((x, j) => Object.is(x, expected[i]?.[j])))
        )
      },
    ),
    { numRuns: runs(500) },
  )
  t.end()
})

t.test('property: every prefix is refused', (t) => {
  for (const whole of [float64, float32, oneRow, version2, version3, fortran]) {
    for (let length = 0; length < whole.length; length++) {
      const code = refusalOf(() => readRows(npy, whole.subarray(0, length))).code
      if (code !== 'invalid_npy') t.fail(`${length} bytes: ${code}`)
    }
    t.pass(`${whole.length} prefixes`)
  }
  t.end()
})

t.test('property: flipped bits are read or refused', (t) => {
  for (const body of [float64, version2, oneRow]) {
    for (const flipped of bitFlips(body)) checkReadsNumbersOrRefuses(npy, flipped)
    t.pass(`${body.length * 8} flips`)
  }
  t.end()
})

t.test('property: mutants are read or refused', (t) => {
  const bodies = mutants([float64, float32, oneRow, pickled, fortran, noRows, version2, version3])
  fc.assert(
    fc.property(bodies, fc.integer({ min: 1, max: 3 }), (body, width) =>
      checkReadsNumbersOrRefuses(npy, body, width),
    ),
    { numRuns: runs(2000) },
  )
  t.end()
})
