/** What means nothing means it in every format, in columns of every type, at training and at serving. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readTensorRows } from '../../src/answering/tensor-rows.ts'
import type { DecodeContext } from '../../src/codecs/codec.ts'
import { csv } from '../../src/codecs/csv.ts'
import { decodeInstances, json } from '../../src/codecs/json.ts'
import { jsonLines } from '../../src/codecs/json-lines.ts'
import { libsvm } from '../../src/codecs/libsvm.ts'
import { npy } from '../../src/codecs/npy.ts'
import { parquet } from '../../src/codecs/parquet.ts'
import { recordioProtobuf } from '../../src/codecs/recordio-protobuf.ts'
import type { DataFrame } from '../../src/data/frame.ts'
import { readTables } from '../../src/tables/read-tables.ts'
import { type Body, rowsOf } from '../helper.ts'
import { type StoredColumn, writeParquet } from '../parquet.ts'
import { toLibsvm, toNpy, toRecordIo } from '../written-tables.ts'

const directory = t.testdir()

/** Texts that mean nothing, and what typed formats have for it. */
const nothing = ['', ' ', '\t', 'NA', 'N/A', 'NaN', 'nan', 'NULL', 'null', ' NA ']
const typed: readonly [name: string, value: unknown][] = [
  ['null', null],
  ...nothing.map((text): [string, unknown] => [JSON.stringify(text), text]),
]

const columns = {
  age: { type: 'number', values: [1.5, 2.5, 3.5] },
  member: { type: 'truth', values: [true, false, true] },
  town: { type: 'text', values: ['Ulm', 'Rom', 'Ulm'] },
} as const
const inputs = [
  { name: 'age', type: 'number', nullable: true, example: 1 },
  { name: 'member', type: 'text', texts: 'boolean', nullable: true, example: 'true' },
  { name: 'town', type: 'text', nullable: true, example: 'Ulm' },
] as const
const context = { inputs, otherColumns: [], maxRows: 10 }
const numbers = { ...context, inputs: [inputs[0], { ...inputs[0], name: 'size' }] }

/** The table with nothing in its second row, as JSON. */
const lines = (value: unknown) =>
  [0, 1, 2]
    .map((row) =>
      JSON.stringify(
        Object.fromEntries(
          Object.entries(columns).map(([name, { values }]) => [
            name,
            row === 1 ? value : values[row],
          ]),
        ),
      ),
    )
    .join('\n')
const empty = [
  [1.5, 'true', 'Ulm'],
  [null, null, null],
  [3.5, 'true', 'Ulm'],
]

async function readTable(name: string, body: Body): Promise<unknown[][]> {
  const path = join(directory, name)
  await writeFile(path, body)
  const { table } = await readTables({ files: [path] }, 'present')
  // Whatever a text column is to be, its truths may be spelled in any way.
  return rowsOf(table).map((row) => row.map((cell) => (cell === 'True' ? 'true' : cell)))
}

const stored = (values: StoredColumn['values'], text: string | null): StoredColumn[] => [
  { name: 'age', type: 'DOUBLE', values },
  { name: 'member', type: 'BOOLEAN', values: [true, null, true] },
  { name: 'town', type: 'BYTE_ARRAY', converted: 'UTF8', values: ['Ulm', text, 'Ulm'] },
]

t.test('in training files', async (t) => {
  for (const text of nothing)
    for (const field of [text, `"${text}"`])
      t.strictSame(
        await readTable(
          't.csv',
          `age,member,town\n1.5,True,Ulm\n${field},${field},${field}\n3.5,True,Ulm\n`,
        ),
        empty,
        `CSV: ${JSON.stringify(field)}`,
      )
  for (const [name, value] of typed)
    t.strictSame(await readTable('t.jsonl', lines(value)), empty, `JSON Lines: ${name}`)
  const python = lines(null).replaceAll('null', 'NaN')
  t.strictSame(await readTable('t.jsonl', python), empty, "JSON Lines: Python's NaN")
  await t.rejects(readTable('t.jsonl', '{"age":Infinity}'), { code: 'non_finite' })
  await t.rejects(readTable('t.jsonl', '{"age":nan}'), { code: 'invalid_json' })
  const first = '{"age":"NA","member":" ","town":null}\n{"age":2,"member":true,"town":"x"}'
  t.strictSame((await readTable('t.jsonl', first))[1], [2, 'true', 'x'], 'before all others')
  for (const text of [null, ...nothing])
    for (const value of [null, Number.NaN])
      t.strictSame(
        await readTable('t.parquet', writeParquet(stored([1.5, value, 3.5], text))),
        empty,
        `Parquet: ${JSON.stringify(text)}`,
      )
})

/** Every way to ask for a row with this in all its columns, of which those of numbers take no text. */
function asked(value: unknown, context: DecodeContext): [name: string, read: () => DataFrame][] {
  const text = JSON.stringify(value)
  const object = `{"age":${text},"member":${text},"town":${text}}`
  const list = `[${text},${text},${text}]`
  const bodies: [string, typeof json | typeof jsonLines, string][] = [
    ['objects', json, `[${object}]`],
    ['lists', json, `[${list}]`],
    ['instances', json, `{"instances":[${object}]}`],
    ['features', json, `{"instances":[{"features":${list}}]}`],
    ['split', json, `{"dataframe_split":{"columns":["age","member","town"],"data":[${list}]}}`],
    ['inputs', json, `{"inputs":{"age":[${text}],"member":[${text}],"town":[${text}]}}`],
    ['JSON Lines', jsonLines, object],
    ['JSON Lines of lists', jsonLines, list],
  ]
  const tensors = inputs.map(({ name }) => ({
    name,
    shape: [1],
    datatype: 'BYTES',
    data: [value],
  }))
  return [
    ...bodies.map(([name, codec, body]): [string, () => DataFrame] => [
      name,
      () => (codec.decode(Buffer.from(body), context) as { frame: DataFrame }).frame,
    ]),
    [
      'tensors',
      () =>
        decodeInstances(readTensorRows(tensors, inputs, 10, undefined).slice(0, 1), context).frame,
    ],
  ]
}

t.test('in requests', async (t) => {
  const missing = [[null, null, null]]
  const words = { ...context, inputs: inputs.map((input) => ({ ...inputs[2], name: input.name })) }
  for (const [name, value] of typed) {
    for (const [form, read] of asked(value, words))
      t.strictSame(rowsOf(read()), missing, `${form}: ${name}`)
    for (const [form, read] of asked(value, context)) {
      if (value === null) t.strictSame(rowsOf(read()), missing, form)
      else t.throws(read, { code: 'invalid_number', message: /send null/ }, `${form}: ${name}`)
    }
  }
  for (const text of nothing) {
    const body = Buffer.from(`age,member,town\n${text},"${text}",${text}\n`)
    t.strictSame(rowsOf(csv.decode(body, context, new Map()).frame), missing, `CSV: ${text}`)
  }
  for (const text of [null, ...nothing])
    for (const value of [null, Number.NaN]) {
      const bytes = writeParquet(stored([1.5, value, 3.5], text))
      const { frame } = await parquet.decode(bytes, context)
      t.strictSame(rowsOf(frame), empty, `Parquet: ${JSON.stringify(text)}`)
    }
  const rows = [[Number.NaN, 0]]
  for (const [name, frame] of [
    ['npy', npy.decode(toNpy(rows), numbers).frame],
    ['LIBSVM', libsvm.decode(Buffer.from(toLibsvm(rows)), numbers).frame],
    ['RecordIO', recordioProtobuf.decode(toRecordIo(rows), numbers).frame],
  ] as const)
    t.strictSame(rowsOf(frame), [[null, 0]], name)
})

t.test('where training never saw it, it is refused in every form', async (t) => {
  const strict = { ...context, inputs: inputs.map((input) => ({ ...input, nullable: false })) }
  for (const [name, value] of typed) {
    const body = Buffer.from(JSON.stringify([[value, true, 'x']]))
    const code = value === null ? 'missing_value' : 'invalid_number'
    t.throws(() => json.decode(body, strict), { code }, name)
  }
})
