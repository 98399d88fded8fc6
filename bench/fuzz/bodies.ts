/** Rows of a random table in every format that a route reads, right to begin with. */
import { gzipSync } from 'node:zlib'
import { createRandom, type Random } from '../../src/data/random.ts'
import {
  jsonLists,
  jsonObjects,
  numbersOf,
  type Spelling,
  spellings,
  toCsv,
  toLibsvm,
  toNpy,
  toParquet,
  toRecordIo,
  toTensors,
  type Written,
  type WrittenColumn,
} from '../../test/written-tables.ts'

/** A body, its type, and the headers that it needs. */
export interface Encoded {
  readonly type: string
  readonly bytes: Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Whether it is one of the Open Inference Protocol. */
  readonly isTensors?: true
}

const json = 'application/json'
const numbers = [0, -0, 1, 3, 2.5, -7, 28, 1e21, 5e-324, 1.7e308, 2 ** 53] as const
const texts = ['male', 'female', 'Köln', '', '"', 'a,b', '=cmd()', 'NA', '\u{1f600}', 'Mr. X']

const pick = <T>(items: readonly T[], random: Random) => items[random.below(items.length)] as T

function column(name: string, rows: number, random: Random, isText: boolean): WrittenColumn {
  const cell = (): Written =>
    random.below(8) === 0 ? null : isText ? pick(texts, random) : pick(numbers, random)
  return {
    name,
    kind: isText ? 'text' : 'number',
    cells: Array.from({ length: rows }, cell),
  }
}

/** Returns a table of a few rows; the columns are those of the model that ships, or f1 to f3. */
function makeTable(isNumeric: boolean, random: Random): WrittenColumn[] {
  const rows = random.below(10) === 0 ? random.below(2000) : random.below(6)
  if (isNumeric) return ['f1', 'f2', 'f3'].map((name) => column(name, rows, random, false))
  const names = ['Pclass', 'Name', 'Sex', 'Age', 'SibSp', 'Parch']
  return names.map((name) => column(name, rows, random, name === 'Name' || name === 'Sex'))
}

type Writer = (table: readonly WrittenColumn[], spelling: Spelling) => Omit<Encoded, 'type'>
const textual = (text: string) => ({ bytes: Buffer.from(text) })

function tensors(table: readonly WrittenColumn[], spelling: Spelling, isBinary: boolean) {
  const { json, binary } = toTensors(table, spelling, isBinary)
  const headers: Record<string, string> = isBinary
    ? { 'inference-header-content-length': String(Buffer.byteLength(json)) }
    : {}
  return { bytes: Buffer.concat([Buffer.from(json), binary]), headers, isTensors: true as const }
}

function byColumns(table: readonly WrittenColumn[]): string {
  return JSON.stringify({
    inputs: Object.fromEntries(table.map(({ name, cells }) => [name, cells])),
  })
}

const anyTable: readonly (readonly [type: string, Writer])[] = [
  ['text/csv', (table, spelling) => textual(toCsv(table, spelling, { header: false }))],
  ['text/csv', (table, spelling) => textual(toCsv(table, spelling))],
  [
    'text/csv; header=present',
    (table, spelling) => textual(toCsv(table, spelling, { index: true })),
  ],
  [json, (table, spelling) => textual(`[${jsonObjects(table, spelling)}]`)],
  [json, (table, spelling) => textual(jsonObjects(table, spelling)[0] ?? '{}')],
  [json, (table, spelling) => textual(`[${jsonLists(table, spelling)}]`)],
  [
    json,
    (table, spelling) =>
      textual(
        `{"instances":[${jsonLists(table, spelling)}],"parameters":{"top":2,"warnings":true}}`,
      ),
  ],
  [json, (table, spelling) => textual(`{"dataframe_records":[${jsonObjects(table, spelling)}]}`)],
  [
    json,
    (table, spelling) => {
      const columns = JSON.stringify(table.map(({ name }) => name))
      return textual(
        `{"dataframe_split":{"columns":${columns},"data":[${jsonLists(table, spelling)}]},"params":{}}`,
      )
    },
  ],
  [json, (table) => textual(byColumns(table))],
  [
    'application/jsonlines',
    (table, spelling) => textual(`${jsonObjects(table, spelling).join('\n')}\n`),
  ],
  ['application/x-parquet', (table, spelling) => ({ bytes: toParquet(table, spelling) })],
  [json, (table, spelling) => tensors(table, spelling, false)],
  ['application/octet-stream', (table, spelling) => tensors(table, spelling, true)],
]

const numericTable: typeof anyTable = [
  ['application/x-npy', (table) => ({ bytes: toNpy(numbersOf(table)) })],
  ['text/libsvm', (table) => textual(toLibsvm(numbersOf(table)))],
  ['application/x-recordio-protobuf', (table) => ({ bytes: toRecordIo(numbersOf(table)) })],
]

/** Returns rows in one of the formats, as a seed says. */
export function encodeRows(seed: number, isNumeric: boolean): Encoded {
  const random = createRandom(seed)
  const table = makeTable(isNumeric, random)
  const spelling = { ...pick(spellings, random), random }
  const [type, write] = pick(isNumeric ? [...numericTable, ...anyTable] : anyTable, random)
  return { type, ...write(table, spelling) }
}

/** Returns the same, packed. */
export function pack({ bytes, headers, ...encoded }: Encoded): Encoded {
  return { ...encoded, bytes: gzipSync(bytes), headers: { ...headers, 'content-encoding': 'gzip' } }
}
