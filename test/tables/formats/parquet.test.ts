/** The one reader of Parquet: what its types mean, and that nothing broken does anything but be refused. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { InputError } from '../../../src/errors.ts'
import { openParquet } from '../../../src/tables/formats/parquet.ts'
import type { TypedCell } from '../../../src/tables/formats/parquet-types.ts'
import { type StoredColumn, writeParquet } from '../../parquet.ts'

function open(bytes: Uint8Array) {
  // A Buffer's own slice is a view.
  const copy = Uint8Array.from(bytes)
  const slice = async (start: number, end: number) => copy.slice(start, end).buffer
  return openParquet(copy.length, slice)
}

async function readAll(bytes: Uint8Array): Promise<TypedCell[][]> {
  const file = await open(bytes)
  const columns: TypedCell[][] = file.names.map(() => [])
  for (const group of file.groups)
    for (const index of file.names.keys()) columns[index]?.push(...(await file.read(index, group)))
  return columns
}

/** 2024-02-29T12:30:00.123456789Z */
const MOMENT = 1_709_209_800_123_456_789n
const UNITS = { MILLIS: 1, MICROS: 2, NANOS: 3 } as const
const unit = (name: keyof typeof UNITS) =>
  [
    [1, { truth: true }],
    [2, { struct: [[UNITS[name], { struct: [] }]] }],
  ] as const

const cases: [name: string, column: Omit<StoredColumn, 'name'>, cells: TypedCell[] | RegExp][] = [
  ['booleans', { type: 'BOOLEAN', values: [true, false, null, true] }, [true, false, null, true]],
  ['integers', { type: 'INT32', values: [1, -2, null] }, [1, -2, null]],
  [
    'long integers with all digits',
    { type: 'INT64', values: [5n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, 2n ** 53n, null] },
    [5, -9007199254740993n, 9223372036854775807n, 9007199254740992, null],
  ],
  ['unsigned integers', { type: 'INT32', converted: 'UINT_32', values: [-1, 7] }, [4294967295, 7]],
  [
    'long unsigned integers',
    { type: 'INT64', converted: 'UINT_64', values: [2n ** 64n - 1n, 7n] },
    [18446744073709551615n, 7],
  ],
  [
    'an unsigned byte by its logical type',
    { type: 'INT32', logical: [10, [[2, { truth: false }]]], values: [200] },
    [200],
  ],
  ['doubles', { type: 'DOUBLE', values: [0.1, Number.NaN, -0, null] }, [0.1, null, -0, null]],
  ['floats', { type: 'FLOAT', values: [0.5, 0.1, 123456789, 1e-45] }, [0.5, 0.1, 123456790, 1e-45]],
  [
    'halves',
    {
      type: 'FIXED_LEN_BYTE_ARRAY',
      length: 2,
      logical: [15, []],
      values: [Uint8Array.of(0, 0x3e), Uint8Array.of(0, 0x7e), Uint8Array.of(0x66, 0x2e)],
    },
    [1.5, null, 0.1],
  ],
  ['texts', { type: 'BYTE_ARRAY', converted: 'UTF8', values: ['é', '', null] }, ['é', '', null]],
  [
    'texts by dictionary',
    {
      type: 'BYTE_ARRAY',
      converted: 'UTF8',
      byDictionary: true,
      values: ['x', 'y', null, 'x', 'x'],
    },
    ['x', 'y', null, 'x', 'x'],
  ],
  ['texts of no type', { type: 'BYTE_ARRAY', values: ['é'] }, ['é']],
  [
    'bytes that are no text',
    { type: 'BYTE_ARRAY', values: [Uint8Array.of(0xff)] },
    /not a Parquet/,
  ],
  ['a text of its kind', { type: 'BYTE_ARRAY', converted: 'ENUM', values: ['red'] }, ['red']],
  [
    'identifiers',
    {
      type: 'FIXED_LEN_BYTE_ARRAY',
      length: 16,
      logical: [14, []],
      values: [Uint8Array.from({ length: 16 }, (_, i) => i * 17)],
    },
    ['00112233-4455-6677-8899-aabbccddeeff'],
  ],
  [
    'decimals are the nearest numbers',
    { type: 'INT32', converted: 'DECIMAL', scale: 1, values: [3, -75, null] },
    [0.3, -7.5, null],
  ],
  [
    'decimals in bytes',
    {
      type: 'FIXED_LEN_BYTE_ARRAY',
      length: 5,
      converted: 'DECIMAL',
      scale: 2,
      values: [Uint8Array.of(0xff, 0xff, 0xff, 0xfd, 0x12), Uint8Array.of(0, 0, 0, 0, 125)],
    },
    [-7.5, 1.25],
  ],
  [
    'whole decimals have all digits',
    { type: 'INT64', converted: 'DECIMAL', scale: 0, values: [2n ** 53n + 1n, 3n] },
    [9007199254740993n, 3],
  ],
  [
    'dates',
    { type: 'INT32', converted: 'DATE', values: [19_782, -1, null] },
    ['2024-02-29', '1969-12-31', null],
  ],
  [
    'milliseconds',
    { type: 'INT64', converted: 'TIMESTAMP_MILLIS', values: [MOMENT / 1_000_000n, -1n] },
    ['2024-02-29 12:30:00.123', '1969-12-31 23:59:59.999'],
  ],
  [
    'microseconds',
    {
      type: 'INT64',
      converted: 'TIMESTAMP_MICROS',
      values: [MOMENT / 1000n, 1_709_209_800_000_000n, -1n],
    },
    ['2024-02-29 12:30:00.123456', '2024-02-29 12:30:00', '1969-12-31 23:59:59.999999'],
  ],
  [
    'nanoseconds',
    { type: 'INT64', logical: [8, unit('NANOS')], values: [MOMENT, MOMENT - 789n] },
    ['2024-02-29 12:30:00.123456789', '2024-02-29 12:30:00.123456'],
  ],
  [
    'times of the oldest kind',
    { type: 'INT96', values: [MOMENT, -1n] },
    ['2024-02-29 12:30:00.123456789', '1969-12-31 23:59:59.999999999'],
  ],
  [
    'times of a day',
    { type: 'INT64', converted: 'TIME_MICROS', values: [45_000_000_000n, 45_000_000_001n] },
    ['12:30:00', '12:30:00.000001'],
  ],
  [
    'no time of a day',
    { type: 'INT32', converted: 'TIME_MILLIS', values: [86_400_000] },
    /not a Parquet/,
  ],
  [
    'a day beyond all calendars',
    { type: 'INT32', converted: 'DATE', values: [2 ** 31 - 1] },
    /not a Parquet/,
  ],
  [
    'a moment beyond all calendars',
    { type: 'INT64', converted: 'TIMESTAMP_MILLIS', values: [2n ** 62n] },
    /not a Parquet/,
  ],
  [
    'JSON',
    { type: 'BYTE_ARRAY', converted: 'JSON', values: ['{}'] },
    /"x" holds values of the type JSON/,
  ],
  [
    'durations',
    {
      type: 'FIXED_LEN_BYTE_ARRAY',
      length: 12,
      converted: 'INTERVAL',
      values: [new Uint8Array(12)],
    },
    /"x" holds values of the type INTERVAL/,
  ],
  [
    'bytes',
    { type: 'FIXED_LEN_BYTE_ARRAY', length: 2, values: [new Uint8Array(2)] },
    /"x" holds bytes of no type/,
  ],
]

for (const [name, column, expected] of cases) {
  t.test(`what types mean: ${name}`, async (t) => {
    const bytes = writeParquet([{ ...column, name: 'x' }], 3)
    if (!(expected instanceof RegExp)) {
      t.strictSame(await readAll(bytes), [expected])
      return
    }
    await t.rejects(readAll(bytes), { code: 'invalid_parquet', message: expected })
  })
}

t.test('names are in normal form, each once', async (t) => {
  const column = (name: string): StoredColumn => ({ name, type: 'INT32', values: [1] })
  t.strictSame((await open(writeParquet([column('e\u0301'), column(' b ')]))).names, ['é', 'b'])
  await t.rejects(open(writeParquet([column('e\u0301'), column('é')])), {
    code: 'duplicate_column',
  })
})

/** What is wrong here must neither pass nor leave a promise behind that ends the process. */
t.test('broken files are refused, and no promise is left behind', async (t) => {
  const left: unknown[] = []
  const note = (reason: unknown) => left.push(reason)
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  const fixtures = join(import.meta.dirname, '../../fixtures')
  const seeds = [
    writeParquet([
      { name: 'first', type: 'DOUBLE', values: [1, 2, null, 4] },
      { name: 'text', type: 'BYTE_ARRAY', converted: 'UTF8', values: ['a', 'b', 'c', null] },
      { name: 'later', type: 'INT64', converted: 'TIMESTAMP_MICROS', values: [1n, 2n, 3n, 4n] },
    ]),
    ...(await Promise.all(
      ['training.parquet', 'passengers.parquet'].map((name) => readFile(join(fixtures, name))),
    )),
  ]
  const [written] = seeds as [Buffer]
  const broken: Buffer[] = []
  // A page header of the first column overwritten, and a letter of a later column's name in the footer.
  for (const at of [written.indexOf('later'), written.lastIndexOf('later')]) {
    const copy = Buffer.from(written)
    copy.fill(0xff, 4, 20)
    copy[at] = 0x4c
    broken.push(copy)
  }
  for (const seed of seeds) {
    broken.push(seed.subarray(1), seed.subarray(0, -5), seed.subarray(0, seed.length >> 1))
    for (let i = 0; i < 250; i++) {
      const copy = Buffer.from(seed)
      // The footer as often as all that stands before it.
      const span = i % 2 ? copy.length : Math.min(600, copy.length)
      for (let change = 0; change <= i % 3; change++) {
        const at = copy.length - 1 - ((i * 7919 + change * 104_729) % span)
        copy[at] = i % 5 === 0 ? 0xff : copy[at]! ^ (1 << ((i + change) % 8))
      }
      broken.push(copy)
    }
  }
  let refused = 0
  for (const bytes of broken) {
    try {
      await readAll(bytes)
    } catch (error) {
      refused++
      if (!(error instanceof InputError)) return t.fail(String(error))
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.strictSame(left, [])
  t.ok(refused > broken.length / 4, `${refused} of ${broken.length} refused`)
})
