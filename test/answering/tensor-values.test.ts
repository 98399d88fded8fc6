/** Values of tensors: what every datatype holds and rounds, and what content types mean, as JSON and as bytes alike. */
import fc from 'fast-check'
import t from 'tap'
import type { Datatype } from '../../src/answering/binary-tensors.ts'
import { readFloat16, roundFloat16 } from '../../src/data/binary-number.ts'
import type { InputErrorCode } from '../../src/errors.ts'
import { buildTestApp, checkProblem, loadCheckpoint, passenger, post } from '../helper.ts'

const app = await buildTestApp(t)
const { artifact } = await loadCheckpoint()
const INFER = '/v2/models/model/infer'
const EXPLAINED = [{ name: 'explain' }, { name: 'predict_proba' }]

interface Column {
  readonly name: string
  readonly datatype: string
  readonly data: readonly unknown[]
  readonly parameters?: Readonly<Record<string, unknown>>
}

const base: readonly Column[] = artifact.preprocessor.inputs.map(({ name, type }, j) => ({
  name,
  datatype: type === 'number' ? 'FP64' : 'BYTES',
  data: [passenger.list[j]],
}))

/** Tensors of one row with some columns changed; `tail` is what stands behind the JSON. */
const ask = (changes: readonly Column[], tail?: Buffer, outputs: unknown = EXPLAINED) => {
  const inputs = base.map((column) => ({
    ...column,
    shape: [1],
    ...changes.find(({ name }) => name === column.name),
  }))
  // JSON has no infinities: a number beyond all doubles stands for one.
  const text = JSON.stringify({ id: '1', inputs, outputs }, (key, value: unknown) =>
    key === 'data' && tail !== undefined && (value as unknown[]).length === 0 ? undefined : value,
  )
  const head = Buffer.from(text)
  return tail === undefined
    ? post(app, INFER, 'application/json', head)
    : post(app, INFER, 'application/octet-stream', Buffer.concat([head, tail]), {
        'inference-header-content-length': String(head.length),
      })
}

const askBytes = (column: Column, bytes: Buffer) =>
  ask(
    [
      {
        ...column,
        data: [],
        parameters: { ...column.parameters, binary_data_size: bytes.length },
      },
    ],
    bytes,
  )

/** What a model was told a column holds. */
const told = (answer: Awaited<ReturnType<typeof ask>>, name: string): unknown => {
  const { outputs } = answer.json() as { outputs?: { data: string[] }[] }
  const row = JSON.parse(outputs?.[0]?.data[0] ?? 'null') as { data: unknown[] } | null
  return row?.data[base.findIndex((column) => column.name === name)]
}

const bytesOf: Readonly<Record<string, (value: number) => Buffer>> = {
  BOOL: (value) => Buffer.of(value),
  UINT8: (value) => Buffer.of(value),
  INT8: (value) => Buffer.from(Int8Array.of(value).buffer),
  UINT16: (value) => Buffer.from(Uint16Array.of(value).buffer),
  INT16: (value) => Buffer.from(Int16Array.of(value).buffer),
  UINT32: (value) => Buffer.from(Uint32Array.of(value).buffer),
  INT32: (value) => Buffer.from(Int32Array.of(value).buffer),
  UINT64: (value) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer),
  INT64: (value) => Buffer.from(BigInt64Array.of(BigInt(value)).buffer),
  FP32: (value) => Buffer.from(Float32Array.of(value).buffer),
  FP64: (value) => Buffer.from(Float64Array.of(value).buffer),
}

/** The least and the most that a datatype holds, in doubles. */
const ranges: [datatype: Datatype, least: number, most: number][] = [
  ['UINT8', 0, 255],
  ['INT8', -128, 127],
  ['UINT16', 0, 65_535],
  ['INT16', -32_768, 32_767],
  ['UINT32', 0, 4_294_967_295],
  ['INT32', -2_147_483_648, 2_147_483_647],
  ['UINT64', 0, 2 ** 53 - 1],
  ['INT64', 1 - 2 ** 53, 2 ** 53 - 1],
]
for (const [datatype, least, most] of ranges) {
  t.test(`${datatype} holds ${least} to ${most} and nothing between whole numbers`, async (t) => {
    for (const value of [least, 0, 1, most]) {
      const json = await ask([{ name: 'Age', datatype, data: [value] }])
      t.equal(told(json, 'Age'), value)
      const bytes = bytesOf[datatype]?.(value) ?? Buffer.alloc(0)
      t.equal((await askBytes({ name: 'Age', datatype, data: [] }, bytes)).body, json.body)
    }
    const beyond = datatype.endsWith('64') ? [2 ** 65, -(2 ** 65)] : [least - 1, most + 1]
    for (const value of [...beyond, 1.5, -0.5, 1e300]) {
      const answer = await ask([{ name: 'Age', datatype, data: [value] }])
      const detail = new RegExp(`row 1, column "Age": .* is no ${datatype}, .*whole number from`)
      checkProblem(t, answer, 400, 'invalid_number', detail)
    }
    const missing = await ask([{ name: 'Age', datatype, data: [null] }])
    t.equal(told(missing, 'Age'), null)
  })
}

t.test('property: numbers of a datatype are the same as JSON and as bytes', async () => {
  const float = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -3e38, max: 3e38 }),
    fc.double({ noNaN: true, min: -200, max: 200 }),
    fc.integer({ min: -2000, max: 2000 }).map((value) => value / 10),
  )
  const drawn = fc.oneof(
    fc.tuple(fc.constantFrom('FP32', 'FP64'), float),
    fc.constantFrom(...ranges).chain(([datatype, min, max]) =>
      fc.tuple(
        fc.constant(datatype as string),
        fc.maxSafeInteger().map((value) => Math.min(max, Math.max(min, value))),
      ),
    ),
  )
  await fc.assert(
    fc.asyncProperty(drawn, async ([datatype, value]) => {
      const json = await ask([{ name: 'Age', datatype, data: [value] }])
      const bytes = bytesOf[datatype]?.(value) ?? Buffer.alloc(0)
      const binary = await askBytes({ name: 'Age', datatype, data: [] }, bytes)
      const expected = datatype === 'FP32' ? Math.fround(value) : value
      return json.body === binary.body && Object.is(told(json, 'Age'), expected + 0)
    }),
    { numRuns: 200 },
  )
})

t.test('a number beyond its datatype is refused, not made infinite', async (t) => {
  for (const [datatype, value] of [
    ['FP32', 3.5e38],
    ['FP32', -1e300],
    ['FP16', 65_520],
    ['FP16', -1e6],
  ] as const) {
    const answer = await ask([{ name: 'Age', datatype, data: [value] }])
    const detail = new RegExp(`row 1, column "Age": .* is no ${datatype}`)
    checkProblem(t, answer, 400, 'non_finite', detail)
  }
})

t.test('what is no number is none of any datatype of numbers', async (t) => {
  for (const datatype of ['FP16', 'FP32', 'FP64', 'INT8', 'UINT64']) {
    for (const [name, value] of [
      ['Age', '28'],
      ['Age', true],
      ['Age', {}],
      ['Sex', 'male'],
      ['Sex', true],
    ] as const) {
      const answer = await ask([{ name, datatype, data: [value] }])
      checkProblem(t, answer, 400, 'invalid_number', new RegExp(`row 1, column "${name}"`))
    }
  }
})

t.test('FP16 is rounded as its bytes would be', async (t) => {
  const bytes = Buffer.alloc(2)
  for (const value of [0.1, 28.3, 38.75, 65_519, 1e-8, -2049, -0.3]) {
    const json = await ask([{ name: 'Age', datatype: 'FP16', data: [value] }])
    t.equal(told(json, 'Age'), roundFloat16(value) + 0)
    const view = new DataView(bytes.buffer, bytes.byteOffset, 2)
    const bits = Array.from({ length: 65_536 }, (_, i) => i).find((i) => {
      view.setUint16(0, i, true)
      return readFloat16(view, 0, true) === roundFloat16(value)
    })
    t.not(bits, undefined, `${value} becomes a number of 16 bits`)
    t.equal((await askBytes({ name: 'Age', datatype: 'FP16', data: [] }, bytes)).body, json.body)
  }
})

t.test(
  'numbers of 16 bits: every one is itself, and what lies between goes to the nearest',
  (t) => {
    const view = new DataView(new ArrayBuffer(2))
    const halves = Array.from({ length: 0x7c00 }, (_, bits) => {
      view.setUint16(0, bits)
      return readFloat16(view, 0, false)
    })
    let wrong = 0
    halves.forEach((half, bits) => {
      const next = halves[bits + 1] ?? 65_536
      const middle = (half + next) / 2
      const even = bits % 2 === 0 ? half : bits + 1 === 0x7c00 ? Number.POSITIVE_INFINITY : next
      const above = bits + 1 === 0x7c00 ? Number.POSITIVE_INFINITY : next
      if (roundFloat16(half) !== half || roundFloat16(-half) !== -half) wrong++
      if (roundFloat16(middle) !== even || roundFloat16(-middle) !== -even) wrong++
      if (roundFloat16(middle - middle * 1e-13) !== half && middle > 0) wrong++
      if (roundFloat16(middle + middle * 1e-13) !== above) wrong++
    })
    t.equal(wrong, 0)
    t.ok(Number.isNaN(roundFloat16(Number.NaN)))
    t.equal(roundFloat16(Number.NEGATIVE_INFINITY), Number.NEGATIVE_INFINITY)
    t.ok(Object.is(roundFloat16(-0), -0))
    t.end()
  },
)

t.test(
  'BOOL is true or false, as 1 and 0 are: a number where the column has numbers',
  async (t) => {
    for (const value of [true, false]) {
      const json = await ask([{ name: 'Pclass', datatype: 'BOOL', data: [value] }])
      t.equal(told(json, 'Pclass'), Number(value))
      const number = await ask([{ name: 'Pclass', datatype: 'BOOL', data: [Number(value)] }])
      t.equal(number.body, json.body)
      const bytes = await askBytes(
        { name: 'Pclass', datatype: 'BOOL', data: [] },
        Buffer.of(+value),
      )
      t.equal(bytes.body, json.body)
      const text = await ask([{ name: 'Name', datatype: 'BOOL', data: [value] }])
      t.equal(told(text, 'Name'), String(value), 'a text where it has texts')
      const textBytes = await askBytes(
        { name: 'Name', datatype: 'BOOL', data: [] },
        Buffer.of(+value),
      )
      t.equal(textBytes.body, text.body)
    }
    t.equal(told(await ask([{ name: 'Age', datatype: 'BOOL', data: [null] }]), 'Age'), null)
    for (const value of [2, -1, 0.5, 'true', '1', {}, []]) {
      const answer = await ask([{ name: 'Age', datatype: 'BOOL', data: [value] }])
      if (Array.isArray(value)) checkProblem(t, answer, 400, 'invalid_shape')
      else
        checkProblem(t, answer, 400, 'invalid_number', /is no BOOL, expected true, false, 1 or 0/)
    }
  },
)

t.test('a matrix has one datatype for all its columns', async (t) => {
  const data = [300, 1, 1, 28.5, 0, 0]
  const outputs = [{ name: 'predict' }]
  const matrix = (datatype: string, own: readonly unknown[]) =>
    post(
      app,
      INFER,
      'application/json',
      JSON.stringify({ inputs: [{ name: 'x', shape: [1, 6], datatype, data: own }], outputs }),
    )
  checkProblem(t, await matrix('INT8', data), 400, 'invalid_number', /"Pclass": 300 is no INT8/)
  const second = await matrix('INT64', data)
  checkProblem(t, second, 400, 'invalid_number', /row 1, column "Age": 28.5 is no INT64/)
  checkProblem(t, await matrix('INT64', [1, 1, 1]), 400, 'invalid_shape')
})

// Content types

const NAME = 'Cumings, Mrs. John \u00e9'
const packed = (text: string | Buffer) => Buffer.from(text).toString('base64')

t.test('texts in base64 are decoded, as JSON and as bytes', async (t) => {
  const parameters = { content_type: 'base64' }
  const plain = await ask([{ name: 'Name', datatype: 'BYTES', data: [NAME] }])
  t.equal(told(plain, 'Name'), NAME)
  const json = await ask([{ name: 'Name', datatype: 'BYTES', data: [packed(NAME)], parameters }])
  t.equal(json.body, plain.body)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(packed(NAME).length)
  const bytes = Buffer.concat([length, Buffer.from(packed(NAME))])
  const binary = await askBytes({ name: 'Name', datatype: 'BYTES', data: [], parameters }, bytes)
  t.equal(binary.body, plain.body)
  const missing = await ask([{ name: 'Age', datatype: 'BYTES', data: [null], parameters }])
  t.equal(told(missing, 'Age'), null)
  const refused: [value: unknown, code: InputErrorCode, detail: RegExp][] = [
    [NAME, 'invalid_text', /row 1, column "Name": .* is not base64/],
    [7, 'invalid_text', /7 is not base64/],
    [packed(NAME).slice(0, -1), 'invalid_text', /is not base64/],
    [packed(Buffer.of(0xff)), 'invalid_utf8', /row 1, column "Name": the bytes of .* not UTF-8/],
  ]
  for (const [value, code, detail] of refused) {
    const answer = await ask([{ name: 'Name', datatype: 'BYTES', data: [value], parameters }])
    checkProblem(t, answer, 400, code, detail)
  }
  const number = await ask([{ name: 'Age', datatype: 'FP64', data: [packed('28')], parameters }])
  checkProblem(t, number, 400, 'invalid_option', /inputs\[3\].*"base64", .*BYTES, not FP64/)
})

t.test(
  'content types that change nothing are read, unknown ones are refused by name',
  async (t) => {
    const plain = await ask([])
    for (const content_type of ['str', 'datetime', 'np', null]) {
      const column = { name: 'Name', datatype: 'BYTES', data: [passenger.list[1]] }
      t.equal((await ask([{ ...column, parameters: { content_type } }])).body, plain.body)
    }
    for (const content_type of ['hf_json', 'bas64', 'pillow_image', 1, 'constructor']) {
      const column = { name: 'Name', datatype: 'BYTES', data: ['x'], parameters: { content_type } }
      const answer = await ask([column as Column])
      const detail = /inputs\[1\] has the content_type .*, expected str, np, datetime, base64/
      checkProblem(t, answer, 400, 'invalid_option', detail)
    }
    const whole = (content_type: unknown) =>
      post(
        app,
        INFER,
        'application/json',
        JSON.stringify({
          id: '1',
          inputs: base.map((column) => ({ ...column, shape: [1] })),
          outputs: EXPLAINED,
          parameters: { content_type },
        }),
      )
    for (const type of ['pd', 'np', 'str', null]) t.equal((await whole(type)).body, plain.body)
    for (const type of ['base64', 'hf', 1]) {
      const detail = /the request has the content_type .*, expected np, pd, str/
      checkProblem(t, await whole(type), 400, 'invalid_option', detail)
    }
  },
)
