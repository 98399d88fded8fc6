import fc from 'fast-check'
import t from 'tap'
import { decodeTensors, encodeTensors } from '../../src/artifact/safetensors.ts'
import { createRandom } from '../../src/data/random.ts'
import { f64, i32, type Tensor, type TensorFile, u8 } from '../../src/data/tensor.ts'
import { ArtifactError } from '../../src/errors.ts'

const itemSize = { F64: 8, I32: 4, U8: 1 } as const

/** A file by hand, independent of the encoder; `length` lies about the header's length. */
function rawFile(header: unknown, body = new Uint8Array(), length?: bigint): Uint8Array {
  const json =
    header instanceof Uint8Array
      ? header
      : new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + body.length)
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true)
  bytes.set(json, 8)
  bytes.set(body, 8 + json.length)
  return bytes
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** Everything in a file, comparable bit for bit: NaN payloads and −0 too. */
function describeFile(file: TensorFile) {
  return {
    metadata: [...file.metadata].sort(),
    tensors: [...file.tensors]
      .map(([name, tensor]) => [
        name,
        tensor.dtype,
        tensor.shape,
        Buffer.from(bytesOf(tensor)).toString('hex'),
      ])
      .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
  }
}

const tensorArbitrary: fc.Arbitrary<Tensor> = fc
  .record({
    dtype: fc.constantFrom('F64', 'I32', 'U8'),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    bytes: fc.uint8Array({ minLength: 512, maxLength: 512 }),
  })
  .map(({ dtype, shape, bytes }) => {
    const count = shape.reduce((product, extent) => product * extent, 1)
    const { buffer } = bytes.slice(0, count * itemSize[dtype])
    if (dtype === 'F64') return { dtype, shape, data: new Float64Array(buffer) }
    if (dtype === 'I32') return { dtype, shape, data: new Int32Array(buffer) }
    return { dtype, shape, data: new Uint8Array(buffer) }
  })

const nameArbitrary = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('', '0', '10', 'constructor', 'toString', 'a"b', 'ü\u0000'),
)

const fileArbitrary: fc.Arbitrary<TensorFile> = fc.record({
  metadata: fc
    .uniqueArray(fc.tuple(fc.oneof(nameArbitrary, fc.constant('__proto__')), fc.string()), {
      selector: ([key]) => key,
      maxLength: 4,
    })
    .map((entries) => new Map(entries)),
  tensors: fc
    .uniqueArray(fc.tuple(nameArbitrary, tensorArbitrary), {
      selector: ([name]) => name,
      maxLength: 5,
    })
    .map((entries) => new Map(entries)),
})

/** Whether decoding gave a file or was refused; throws what is neither. */
function tryDecode(bytes: Uint8Array): TensorFile | undefined {
  try {
    return decodeTensors(bytes, 'some.safetensors')
  } catch (error) {
    if (error instanceof ArtifactError && error.code === 'invalid') return undefined
    throw error
  }
}

/** Throws unless every tensor is an aligned array that has just its shape's items. */
function checkTensors({ tensors }: TensorFile): void {
  for (const [name, { dtype, shape, data }] of tensors) {
    const count = shape.reduce((product, extent) => product * extent, 1)
    const isAligned = data.byteOffset % data.BYTES_PER_ELEMENT === 0
    const isTyped = { F64: Float64Array, I32: Int32Array, U8: Uint8Array }[dtype]
    if (!isAligned || data.length !== count || data.constructor !== isTyped)
      throw new Error(`tensor ${name} is not an aligned array of ${count} items`)
  }
}

t.test('whatever is encoded is decoded again, bit for bit', (t) => {
  fc.assert(
    fc.property(fileArbitrary, (file) => {
      const decoded = decodeTensors(encodeTensors(file), 'some.safetensors')
      checkTensors(decoded)
      t.strictSame(describeFile(decoded), describeFile(file))
    }),
    { seed: 11, numRuns: 150 },
  )
  t.end()
})

t.test('the bytes do not depend on the order in which tensors and metadata were added', (t) => {
  fc.assert(
    fc.property(fileArbitrary, (file) => {
      const reversed = {
        metadata: new Map([...file.metadata].reverse()),
        tensors: new Map([...file.tensors].reverse()),
      }
      t.ok(Buffer.from(encodeTensors(file)).equals(encodeTensors(reversed)))
    }),
    { seed: 12, numRuns: 50 },
  )
  t.end()
})

t.test('the layout is that of the public format', (t) => {
  const bytes = encodeTensors({
    metadata: new Map([['kind', 'trees']]),
    tensors: new Map<string, Tensor>([
      ['flags', u8(Uint8Array.of(1, 0, 1))],
      ['nodes', i32(Int32Array.of(-1, 258), 2, 1)],
      ['values', f64(Float64Array.of(1.5))],
    ]),
  })
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const length = Number(view.getBigUint64(0, true))
  t.equal(length % 8, 0, 'the body is aligned')
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + length))
  t.match(header, /^\{.*\} *$/, 'padded with spaces')
  t.strictSame(JSON.parse(header), {
    __metadata__: { kind: 'trees' },
    values: { dtype: 'F64', shape: [1], data_offsets: [0, 8] },
    nodes: { dtype: 'I32', shape: [2, 1], data_offsets: [8, 16] },
    flags: { dtype: 'U8', shape: [3], data_offsets: [16, 19] },
  })
  const body = 8 + length
  t.equal(view.getFloat64(body, true), 1.5)
  t.equal(view.getInt32(body + 8, true), -1)
  t.equal(view.getInt32(body + 12, true), 258)
  t.strictSame([...bytes.subarray(body + 16)], [1, 0, 1])
  t.end()
})

t.test('a file of another writer: no padding, tensors in any order, no metadata', (t) => {
  const body = new Uint8Array(19)
  const view = new DataView(body.buffer)
  body.set([7, 8, 9])
  view.setFloat64(3, -0.1, true)
  view.setFloat64(11, Number.NaN, true)
  for (const spaces of [0, 1, 2, 3, 4, 5, 6, 7]) {
    const header = `${JSON.stringify({
      x: { dtype: 'F64', shape: [1, 2], data_offsets: [3, 19] },
      n: { dtype: 'U8', shape: [3], data_offsets: [0, 3] },
    })}${' '.repeat(spaces)}`
    const file = decodeTensors(rawFile(header, body), 'other.safetensors')
    checkTensors(file)
    t.strictSame([...(file.tensors.get('x')?.data ?? [])], [-0.1, Number.NaN])
    t.strictSame([...(file.tensors.get('n')?.data ?? [])], [7, 8, 9])
  }
  t.equal(decodeTensors(rawFile('{}'), 'empty').tensors.size, 0)
  t.end()
})

t.test('arrays lie in the bytes where their numbers may begin, otherwise in copies', (t) => {
  const encoded = encodeTensors({
    metadata: new Map(),
    tensors: new Map([['x', f64(Float64Array.of(1, 2, 3))]]),
  })
  for (const offset of [0, 1, 3, 4, 7, 8]) {
    const buffer = new ArrayBuffer(encoded.length + 64)
    const bytes = new Uint8Array(buffer, offset, encoded.length)
    bytes.set(encoded)
    const file = decodeTensors(bytes, 'some.safetensors')
    checkTensors(file)
    const data = file.tensors.get('x')?.data
    t.strictSame([...(data ?? [])], [1, 2, 3], `offset ${offset}`)
    t.equal(data?.buffer === buffer, offset % 8 === 0)
  }
  t.end()
})

t.test('a tensor named __proto__ is a tensor like any other', (t) => {
  const file = decodeTensors(
    rawFile(
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"polluted":1}}',
      Uint8Array.of(5),
    ),
    'proto',
  )
  t.strictSame([...(file.tensors.get('__proto__')?.data ?? [])], [5])
  t.notOk('polluted' in {}, 'no prototype was touched')
  const encoded = encodeTensors({
    metadata: new Map(),
    tensors: new Map([['__proto__', u8(Uint8Array.of(5))]]),
  })
  t.strictSame(describeFile(decodeTensors(encoded, 'proto')), describeFile(file), 'round trip')
  t.end()
})

const two = new Uint8Array(16)
const entry = { dtype: 'F64', shape: [2], data_offsets: [0, 16] }
const withEntry = (changes: object, body = two) => rawFile({ a: { ...entry, ...changes } }, body)
const pair = (a: number[], b: number[], body: number) =>
  rawFile(
    {
      a: { dtype: 'U8', shape: [(a[1] as number) - (a[0] as number)], data_offsets: a },
      b: { dtype: 'U8', shape: [(b[1] as number) - (b[0] as number)], data_offsets: b },
    },
    new Uint8Array(body),
  )
const valid = rawFile({ a: entry }, two)
/** JSON of lists in each other, deeper than any recursion goes. */
const deepLists = '['.repeat(200_000) + ']'.repeat(200_000)

const attacks: Record<string, Uint8Array> = {
  'no bytes': new Uint8Array(),
  'seven bytes': new Uint8Array(7),
  'only a length of zero': new Uint8Array(8),
  'a header longer than the file': rawFile('{}', two, 19n),
  'a header longer than the file, but valid': rawFile('{}', new Uint8Array(), 3n),
  'a header of 2^31 bytes': rawFile('{}', two, 2n ** 31n),
  'a header of 2^53 + 1 bytes': rawFile('{}', two, 2n ** 53n + 1n),
  'a header of 2^63 bytes': rawFile('{}', two, 2n ** 63n),
  'a header of 2^64 − 1 bytes': rawFile('{}', two, 2n ** 64n - 1n),
  'a header that is there but too long': rawFile(`{}${' '.repeat(1 << 20)}`),
  'a header that is cut': rawFile(JSON.stringify({ a: entry }), two, 20n),
  'a header that is not JSON': rawFile('nope'),
  'a header that is not UTF-8': rawFile(Uint8Array.of(0x22, 0xff, 0x22)),
  'a header that is a list': rawFile('[]'),
  'a header that is null': rawFile('null'),
  'a header that is a number': rawFile('1'),
  'a header of lists in each other': rawFile(deepLists),
  'a tensor that is null': rawFile('{"a":null}'),
  'a tensor that is a list': rawFile('{"a":[]}'),
  'a tensor that is a text': rawFile('{"a":"F64"}'),
  'metadata that is a list': rawFile('{"__metadata__":[]}'),
  'metadata that is a number': rawFile('{"__metadata__":{"a":1}}'),
  'a type that is not read': withEntry({ dtype: 'F32' }),
  'a type of other letters': withEntry({ dtype: 'f64' }),
  'a type from a prototype': withEntry({ dtype: 'toString' }),
  'a type __proto__': withEntry({ dtype: '__proto__' }),
  'a type that is a number': withEntry({ dtype: 64 }),
  'no type': withEntry({ dtype: undefined }),
  'a type of lists in each other': rawFile(
    `{"a":{"dtype":${deepLists},"shape":[2],"data_offsets":[0,16]}}`,
    two,
  ),
  'a negative shape': withEntry({ shape: [-2] }),
  'two negative extents': withEntry({ shape: [-1, -2] }),
  'a fractional shape': withEntry({ shape: [0.5, 4] }),
  'a shape of text': withEntry({ shape: ['2'] }),
  'a shape of null': withEntry({ shape: [null, 2] }),
  'a shape that is a number': withEntry({ shape: 2 }),
  'no shape': withEntry({ shape: undefined }),
  'a shape over 2^53': withEntry({ shape: [2 ** 53] }),
  'a shape whose product overflows': withEntry({ shape: [2 ** 31, 2 ** 31] }),
  'a shape whose product is infinite': withEntry({ shape: new Array(40).fill(2 ** 52) }),
  'a shape of infinity times zero': withEntry({ shape: [...new Array(40).fill(2 ** 52), 0] }),
  'a shape larger than its bytes': withEntry({ shape: [3] }),
  'a shape smaller than its bytes': withEntry({ shape: [1] }),
  'a shape of nothing': withEntry({ shape: [0] }),
  'no offsets': withEntry({ data_offsets: undefined }),
  'one offset': withEntry({ data_offsets: [0] }),
  'three offsets': withEntry({ data_offsets: [0, 16, 16] }),
  'negative offsets': withEntry({ data_offsets: [-16, 0] }),
  'offsets in the wrong order': withEntry({ data_offsets: [16, 0] }),
  'offsets of text': withEntry({ data_offsets: ['0', '16'] }),
  'fractional offsets': withEntry({ data_offsets: [0.5, 16.5] }),
  'offsets over 2^53': withEntry({ data_offsets: [2 ** 53, 2 ** 53 + 16] }),
  'offsets beyond the end': withEntry({ data_offsets: [16, 32] }),
  'an end beyond the end': withEntry({ shape: [3], data_offsets: [0, 24] }),
  'an end beyond an end that is no whole number of items': withEntry(
    { shape: [3], data_offsets: [0, 24] },
    new Uint8Array(17),
  ),
  'a gap before the first': withEntry({ data_offsets: [8, 24] }, new Uint8Array(24)),
  'bytes after the last': withEntry({}, new Uint8Array(17)),
  'bytes without a tensor': rawFile('{}', Uint8Array.of(1)),
  'the same bytes twice': pair([0, 4], [0, 4], 4),
  'the same bytes twice, as long as both': pair([0, 4], [0, 4], 8),
  'an overlap': pair([0, 4], [3, 7], 7),
  'one inside the other': pair([0, 8], [2, 4], 8),
  'a gap between two': pair([0, 4], [5, 8], 8),
  'an empty one in the middle of another': pair([0, 4], [2, 2], 4),
}

t.test('headers that lie are refused', (t) => {
  t.ok(tryDecode(valid), 'the pattern of the attacks is a valid file')
  for (const [what, bytes] of Object.entries(attacks)) {
    t.throws(
      () => decodeTensors(bytes, 'evil.safetensors'),
      { name: 'ArtifactError', code: 'invalid', message: /^evil\.safetensors [ -~…]{1,200}$/ },
      what,
    )
  }
  t.end()
})

t.test('a shape with an empty extent holds nothing, however large the others are', (t) => {
  const file = decodeTensors(
    rawFile({ a: { dtype: 'F64', shape: [2 ** 50, 0], data_offsets: [0, 0] } }),
    'empty',
  )
  t.equal(file.tensors.get('a')?.data.length, 0)
  t.end()
})

t.test('a damaged file is decoded into whole arrays or refused, nothing else', (t) => {
  const random = createRandom(3)
  const original = encodeTensors({
    metadata: new Map([['link', 'identity']]),
    tensors: new Map<string, Tensor>([
      ['roots', i32(Int32Array.of(0, 3))],
      ['threshold', f64(Float64Array.of(0.5, Number.NaN, -1), 3, 1)],
      ['missing_left', u8(Uint8Array.of(0, 1, 0))],
    ]),
  })
  const json = 8 + Number(new DataView(original.buffer).getBigUint64(0, true))
  const digits = '0123456789-.eE"{}[],: '
  const outcomes = { decoded: 0, refused: 0 }
  for (let run = 0; run < 3000; run++) {
    let bytes = original.slice()
    for (let change = random.below(3); change >= 0; change--) {
      // Every second change hits the header, where a single character decides.
      const at = random.below(run % 2 === 0 ? json : bytes.length)
      if (run % 3 === 0 && at >= 8) bytes[at] = digits.charCodeAt(random.below(digits.length))
      else bytes[at] = random.below(256)
    }
    if (run % 50 === 0) bytes = bytes.slice(0, random.below(bytes.length))
    const file = tryDecode(bytes)
    if (file) checkTensors(file)
    outcomes[file ? 'decoded' : 'refused']++
  }
  t.ok(outcomes.decoded > 100 && outcomes.refused > 100, JSON.stringify(outcomes))
  t.end()
})

t.test('random bytes are refused', (t) => {
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => tryDecode(bytes) === undefined),
        { seed: 13, numRuns: 500 },
      ),
    'every one',
  )
  t.end()
})
