/** Random tables and the ways to write them: one meaning in every format, in the spellings that programs use. */
import type { Random } from '../src/data/random.ts'
import { type StoredColumn, writeParquet } from './parquet.ts'

/** A cell before it is written; a bigint is a whole number beyond 2^53. */
export type Written = number | bigint | boolean | string | null

export interface WrittenColumn {
  readonly name: string
  readonly kind: 'number' | 'float' | 'integer' | 'truth' | 'date' | 'moment' | 'text' | 'long'
  readonly cells: readonly Written[]
}

const cities = ['Köln', 'São Paulo', 'Łódź', 'Zürich Süd', 'Paris']
const days = ['2024-01-05', '2023-12-31', '1969-07-20', '2024-02-29']
/** Moments as nanoseconds since 1970 are written; the first two are the beginning of a day. */
const moments = [
  '2024-02-29 00:00:00',
  '1969-07-20 00:00:00',
  '2024-02-29 12:30:00',
  '2023-12-31 23:59:59.5',
  '1969-07-20 20:17:40.123456',
]
/** Odd, so that no double holds any of them; as doubles two of them are one. */
const accounts = [9007199254740993n, 9007199254740995n, -9007199254740997n, 9223372036854775807n]

/** Returns a table of numbers, truth values, dates, accented texts, long integers and missing values. */
export function randomTable(random: Random, rows: number): WrittenColumn[] {
  const pick = <T>(items: readonly T[]) => items[random.below(items.length)] as T
  const some = (share: number, cell: () => Written) => () =>
    random.uniform() < share ? null : cell()
  const column = (
    name: string,
    kind: WrittenColumn['kind'],
    cell: () => Written,
  ): WrittenColumn => ({
    name,
    kind,
    cells: Array.from({ length: rows }, cell),
  })
  const label = random.below(3)
  return [
    column(
      'Größe',
      'number',
      some(0.1, () => pick([-0, 0.1, 1e-7, 1e21, 2.5, random.uniform() * 7])),
    ),
    column('count', 'integer', () => random.below(9) - 2),
    column(
      'member',
      'truth',
      some(0.15, () => random.below(2) === 1),
    ),
    // Numbers in training; whoever has truth values sends these.
    column('is new', 'integer', () => random.below(2)),
    column(
      'day',
      'date',
      some(0.1, () => pick(days)),
    ),
    column(
      'seen at',
      'moment',
      some(0.1, () => pick(moments)),
    ),
    column(
      'weight',
      'float',
      some(0.1, () =>
        pick([-0, 0.1, 1e-40, 123456.79, 72.35, Number((random.uniform() * 90).toPrecision(6))]),
      ),
    ),
    column(
      'city',
      'text',
      some(0.1, () => pick(cities)),
    ),
    column(
      'account',
      'long',
      some(0.05, () => pick(accounts)),
    ),
    label === 0
      ? column('y', 'truth', () => random.below(2) === 1)
      : label === 1
        ? column('y', 'text', () => pick(cities.slice(0, 3)))
        : column('y', 'long', () => pick(accounts.slice(0, 2))),
  ]
}

/** Returns the rows with the given numbers. */
export function takeWritten(table: readonly WrittenColumn[], rows: readonly number[]) {
  return table.map((column) => ({
    ...column,
    cells: rows.map((row) => column.cells[row] as Written),
  }))
}

/** How a program spells what the table holds. */
export interface Spelling {
  readonly random: Random
  readonly truths: readonly [no: string, yes: string]
  /** Whether texts and names come decomposed, with odd blanks and with characters that nobody sees. */
  readonly isOdd: boolean
}

export const spellings: readonly Omit<Spelling, 'random'>[] = [
  { truths: ['False', 'True'], isOdd: false },
  { truths: ['false', 'true'], isOdd: true },
  { truths: ['FALSE', 'TRUE'], isOdd: true },
]

/** Returns a text as another program may write it. */
export function spell(text: string, { isOdd, random }: Spelling): string {
  if (!isOdd) return text
  const blanks = text.replaceAll(
    ' ',
    () => ['\u00a0', '\u202f', ' ', '\u2003'][random.below(4)] as string,
  )
  const form = random.below(2) === 0 ? blanks.normalize('NFD') : blanks
  const at = random.below(form.length + 1)
  return random.below(3) === 0 ? `${form.slice(0, at)}\u200b${form.slice(at)}` : form
}

const field = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** Returns a number in one of the ways in which people write it. */
function decimal(value: number, random: Random): string {
  // toExponential has no sign of zero.
  if (Object.is(value, -0)) return '-0'
  const plain = String(value)
  switch (random.below(4)) {
    case 0:
      return value.toExponential()
    case 1:
      return /^\d+$/.test(plain) ? `+${plain}.0` : plain
    default:
      return plain
  }
}

/** Returns a moment in one of the ways in which programs write it. */
function spellMoment(moment: string, random: Random): string {
  const [day, time] = moment.split(' ') as [string, string]
  const fraction = /\.\d+/.test(time) ? time.slice(8).padEnd(7, '0') : ''
  const second = time.slice(0, 8)
  const earlier = new Date(Date.parse(`${day}T${second}Z`) - 5_400_000).toISOString().slice(0, 19)
  const forms = [
    `${day} ${second}${fraction}`,
    `${day}T${second}${fraction || '.000'}Z`,
    `${day} ${second}${fraction}+00:00`,
    `${earlier}${fraction}-01:30`,
  ]
  const isWhole = second === '00:00:00' && fraction === ''
  return random.below(5) === 0 && isWhole ? day : (forms[random.below(4)] as string)
}

/** Returns CSV, with a header and in the order of the columns, or shuffled, or with the index of pandas. */
export function toCsv(
  table: readonly WrittenColumn[],
  spelling: Spelling,
  { header = true, index = false, truthNumbers = false } = {},
): string {
  const { random, truths } = spelling
  const cell = ({ kind, name }: WrittenColumn, value: Written) => {
    if (value === null) return ['', 'NA', 'NaN', 'null'][random.below(4)] as string
    if (typeof value === 'boolean') return truths[value ? 1 : 0]
    if (kind === 'number' || kind === 'float') return decimal(value as number, random)
    if (kind === 'moment') return spellMoment(String(value), random)
    if (name === 'is new' && truthNumbers) return truths[value === 1 ? 1 : 0]
    return field(kind === 'text' ? spell(value as string, spelling) : String(value))
  }
  const rows = table[0]?.cells.length ?? 0
  const lines = Array.from({ length: rows }, (_, row) => {
    const cells = table.map((column) => cell(column, column.cells[row] as Written))
    return (index ? [String(row), ...cells] : cells).join(random.below(2) ? ',' : ', ')
  })
  const names = table.map(({ name }) => field(spell(name, spelling)))
  return [...(header ? [(index ? ['', ...names] : names).join(',')] : []), ...lines, ''].join('\n')
}

/** Returns a cell as JSON. */
export function jsonOf(
  { kind, name }: WrittenColumn,
  value: Written,
  spelling: Spelling,
  truthNumbers = false,
): string {
  if (value === null) return 'null'
  if (name === 'is new' && truthNumbers) return String(value === 1)
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'string') return String(value)
  if (kind === 'moment') return JSON.stringify(spellMoment(value, spelling.random))
  return JSON.stringify(kind === 'text' ? spell(value, spelling) : value)
}

/** Returns the rows as JSON objects; missing cells are left out of some. */
export function jsonObjects(
  table: readonly WrittenColumn[],
  spelling: Spelling,
  truthNumbers = false,
): string[] {
  const rows = table[0]?.cells.length ?? 0
  const names = table.map(({ name }) => spell(name, spelling))
  return Array.from({ length: rows }, (_, row) => {
    const members = table.flatMap((column, j) => {
      const value = column.cells[row] as Written
      // The first row names all columns: training takes their order from it.
      if (value === null && row > 0 && spelling.random.below(2) === 0) return []
      return [`${JSON.stringify(names[j])}: ${jsonOf(column, value, spelling, truthNumbers)}`]
    })
    return `{${members.join(',')}}`
  })
}

/** Returns the rows as JSON lists. */
export function jsonLists(table: readonly WrittenColumn[], spelling: Spelling): string[] {
  const rows = table[0]?.cells.length ?? 0
  return Array.from({ length: rows }, (_, row) => {
    const cells = table.map((column) => jsonOf(column, column.cells[row] as Written, spelling))
    return `[${cells.join(', ')}]`
  })
}

const DAY = 86_400_000

/** Returns moments as one of the types of Parquet that hold microseconds. */
function storedMoments(cells: readonly Written[], random: Random): Omit<StoredColumn, 'name'> {
  const digits = random.below(2) ? 6 : 9
  const values = cells.map((cell) => {
    if (cell === null) return null
    const [second, fraction = ''] = String(cell).split('.') as [string, string?]
    const seconds = BigInt(Date.parse(`${second.replace(' ', 'T')}Z`) / 1000)
    return seconds * 10n ** BigInt(digits) + BigInt(fraction.padEnd(digits, '0'))
  })
  if (digits === 9) return { type: 'INT96', values }
  return { type: 'INT64', converted: 'TIMESTAMP_MICROS', values }
}

/** Returns Parquet in the types that a data frame has. */
export function toParquet(
  table: readonly WrittenColumn[],
  spelling: Spelling,
  truthNumbers = false,
): Buffer {
  const stored = table.map((column): StoredColumn => {
    const { kind, cells } = column
    const name = spell(column.name, spelling)
    if (column.name === 'is new' && truthNumbers)
      return { name, type: 'BOOLEAN', values: cells.map((cell) => cell === 1) }
    if (kind === 'number') return { name, type: 'DOUBLE', values: cells }
    if (kind === 'float') return { name, type: 'FLOAT', values: cells }
    if (kind === 'moment') return { name, ...storedMoments(cells, spelling.random) }
    if (kind === 'truth') return { name, type: 'BOOLEAN', values: cells }
    if (kind === 'long') return { name, type: 'INT64', values: cells }
    if (kind === 'integer') {
      const type = spelling.random.below(2) ? 'INT32' : 'INT64'
      return { name, type, values: cells.map((cell) => (cell === null ? cell : BigInt(cell))) }
    }
    if (kind === 'date') {
      const values = cells.map((cell) => (cell === null ? null : Date.parse(`${cell}`) / DAY))
      return { name, type: 'INT32', converted: 'DATE', values }
    }
    const values = cells.map((cell) => (cell === null ? null : spell(`${cell}`, spelling)))
    const byDictionary = spelling.random.below(2) === 1
    return { name, type: 'BYTE_ARRAY', converted: 'UTF8', values, byDictionary }
  })
  return writeParquet(stored, 1 + spelling.random.below(40))
}

/** Returns tensors of the Open Inference Protocol, one a column, and the bytes of those that are binary. */
export function toTensors(
  table: readonly WrittenColumn[],
  spelling: Spelling,
  isBinary: boolean,
): { readonly json: string; readonly binary: Buffer } {
  const binary: Buffer[] = []
  const rows = table[0]?.cells.length ?? 0
  const tensors = table.map((column) => {
    const { kind, cells } = column
    const hasGaps = cells.includes(null)
    const isTruth = column.name === 'is new' || (kind === 'truth' && !(isBinary && hasGaps))
    const datatype = isTruth
      ? 'BOOL'
      : kind === 'long' && !(isBinary && hasGaps)
        ? 'INT64'
        : kind === 'number' || kind === 'float'
          ? 'FP64'
          : kind === 'integer'
            ? 'INT32'
            : 'BYTES'
    const head = `"name":${JSON.stringify(spell(column.name, spelling))},"shape":[${rows}],"datatype":"${datatype}"`
    if (!isBinary) {
      const data = cells.map((cell) =>
        isTruth && cell !== null
          ? String(cell === true || cell === 1)
          : jsonOf(column, cell, spelling),
      )
      return `{${head},"data":[${data.join(',')}]}`
    }
    const bytes = Buffer.concat(
      cells.map((cell) => {
        if (isTruth) return Buffer.of(Number(cell))
        if (datatype === 'BYTES') {
          const text =
            cell === null ? '' : typeof cell === 'string' ? spell(cell, spelling) : String(cell)
          const length = Buffer.alloc(4)
          length.writeUInt32LE(Buffer.byteLength(text))
          return Buffer.concat([length, Buffer.from(text)])
        }
        const value = Buffer.alloc(datatype === 'INT32' ? 4 : 8)
        if (datatype === 'INT32') value.writeInt32LE(Number(cell))
        else if (datatype === 'INT64') value.writeBigInt64LE(cell as bigint)
        else value.writeDoubleLE(cell === null ? Number.NaN : (cell as number))
        return value
      }),
    )
    binary.push(bytes)
    return `{${head},"parameters":{"binary_data_size":${bytes.length}}}`
  })
  return { json: `{"inputs":[${tensors.join(',')}]}`, binary: Buffer.concat(binary) }
}

/** Returns the rows of columns that formats of numbers hold: truth values as 0 and 1, missing ones as NaN. */
export function numbersOf(table: readonly WrittenColumn[]): number[][] {
  const rows = table[0]?.cells.length ?? 0
  return Array.from({ length: rows }, (_, row) =>
    table.map(({ cells }) => (cells[row] === null ? Number.NaN : Number(cells[row]))),
  )
}

/** Returns numbers as NumPy saves them. */
export function toNpy(rows: readonly (readonly number[])[]): Buffer {
  const shape = `(${rows.length}, ${rows[0]?.length ?? 0})`
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }\n`
  const length = Buffer.alloc(2)
  length.writeUInt16LE(header.length)
  const start = Buffer.from('\x93NUMPY\x01\x00', 'latin1')
  const data = Buffer.from(Float64Array.from(rows.flat()).buffer)
  return Buffer.concat([start, length, Buffer.from(header), data])
}

/** Returns numbers as LIBSVM: what is 0 is left out. */
export function toLibsvm(rows: readonly (readonly number[])[]): string {
  const entry = (value: number, j: number) =>
    Object.is(value, 0)
      ? ''
      : ` ${j + 1}:${Number.isNaN(value) ? 'nan' : Object.is(value, -0) ? '-0' : value}`
  return rows.map((row) => `1${row.map(entry).join('')}\n`).join('')
}

/** Returns numbers as RecordIO frames of protobuf records with a float64 tensor each. */
export function toRecordIo(rows: readonly (readonly number[])[]): Buffer {
  const part = (tag: number, bytes: Uint8Array) => {
    const { length } = bytes
    const size = length < 128 ? [length] : [(length & 127) | 128, length >> 7]
    return Buffer.concat([Buffer.of((tag << 3) | 2, ...size), bytes])
  }
  return Buffer.concat(
    rows.map((row) => {
      const values = part(1, Buffer.from(Float64Array.from(row).buffer))
      const record = part(
        1,
        Buffer.concat([part(1, Buffer.from('values')), part(2, part(3, values))]),
      )
      const head = Buffer.alloc(8)
      head.writeUInt32LE(0xced7230a)
      head.writeUInt32LE(record.length, 4)
      return Buffer.concat([head, record, Buffer.alloc((4 - (record.length % 4)) % 4)])
    }),
  )
}
