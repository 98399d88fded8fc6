/** Requests as large as platforms send them, in every format. */

import { createRandom } from '../../src/data/random.ts'
import { writeParquet } from '../../test/parquet.ts'
import {
  toLibsvm,
  toNpy,
  toRecordIo,
  toTensors,
  type WrittenColumn,
} from '../../test/written-tables.ts'

const MB = 1_000_000
const MIB = 1 << 20
const json = 'application/json'
const ROW = '1.0,2.0,3.0\n'

export interface Large {
  readonly name: string
  readonly path: string
  readonly type: string
  readonly accept: string
  readonly headers?: Readonly<Record<string, string>>
  /** Makes the body when it is its turn: all of them together would fill the memory. */
  readonly body: () => Buffer
  /** Whether it is batch transform that sends it. */
  readonly isBatch?: true
}

const repeat = (piece: string, bytes: number) =>
  piece.repeat(Math.floor(bytes / Buffer.byteLength(piece)))

const csv = (bytes: number) => () => Buffer.from(repeat(ROW, bytes))

/** A JSON document of as many pieces as fit. */
const documentOf = (head: string, piece: string, tail: string, bytes: number) => () =>
  Buffer.from(`${head}${repeat(`${piece},`, bytes - 200)}${piece}${tail}`)

const numberRows = (count: number) => Array.from({ length: count }, () => [1, 2, 3])

function table(rows: number, more = 0): WrittenColumn[] {
  return [1, 2, 3].map((value) => ({
    name: `f${value}`,
    kind: 'number',
    cells: new Array<number>(rows).fill(value + more),
  }))
}

function parquet(rows: number): Buffer {
  return writeParquet(
    table(rows).map(({ name, cells }) => ({ name, type: 'DOUBLE', values: cells })),
  )
}

const spelling = { random: createRandom(1), truths: ['false', 'true'], isOdd: false } as const

function columnWise(bytes: number): Buffer {
  const values = (value: string) => `${repeat(`${value},`, bytes / 3 - 20)}${value}`
  return Buffer.from(
    `{"inputs":{"f1":[${values('1.0')}],"f2":[${values('2.0')}],"f3":[${values('3.0')}]}}`,
  )
}

function post(name: string, type: string, body: () => Buffer, more: Partial<Large> = {}): Large {
  return { name, path: '/invocations', type, accept: json, body, ...more }
}

const split = '{"dataframe_split":{"columns":["f1","f2","f3"],"data":['
const infer = '/v2/models/model/infer'

export const largeRequests: readonly Large[] = [
  post('CSV, 24 MiB', 'text/csv', csv(24 * MIB), { accept: 'text/csv' }),
  post('CSV, 24 MiB, answered in JSON', 'text/csv', csv(24 * MIB)),
  post('JSON, 6 MB', json, documentOf('{"instances":[', '[1.0,2.0,3.0]', ']}', 6 * MB)),
  post('JSON, 25 MB', json, documentOf('{"instances":[', '[1.0,2.0,3.0]', ']}', 25 * MB)),
  post('JSON by columns, 25 MB', json, () => columnWise(25 * MB)),
  post('split form, 25 MB', json, documentOf(split, '[1.0,2.0,3.0]', ']}}', 25 * MB)),
  post('JSON Lines, 25 MB', 'application/jsonlines', () =>
    Buffer.from(repeat('{"f1":1.0,"f2":2.0,"f3":3.0}\n', 25 * MB)),
  ),
  post('npy, 25 MB, answered in npy', 'application/x-npy', () => toNpy(numberRows(1_040_000)), {
    accept: 'application/x-npy',
  }),
  post('libsvm, 25 MB', 'text/libsvm', () => Buffer.from(toLibsvm(numberRows(1_785_000))), {
    accept: 'text/csv',
  }),
  post(
    'RecordIO, 25 MB',
    'application/x-recordio-protobuf',
    () => toRecordIo(numberRows(480_000)),
    { accept: 'application/x-recordio-protobuf' },
  ),
  post('Parquet, 25 MB', 'application/x-parquet', () => parquet(1_040_000), {
    accept: 'text/csv',
  }),
  post(
    'tensors as JSON, 25 MB',
    json,
    () => Buffer.from(toTensors(table(1_600_000, 0.25), spelling, false).json),
    { path: infer },
  ),
  post('200,000 explanations to CSV', 'text/csv', () => Buffer.from(ROW.repeat(200_000)), {
    path: '/explain',
    accept: 'text/csv',
  }),
  post('CSV, 99 MiB in batch', 'text/csv', csv(99 * MIB), { accept: 'text/csv', isBatch: true }),
]
