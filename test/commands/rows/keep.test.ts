/** `--keep`, `--select`, `--output-header`: answers that say which row of the file they are of. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readKeep } from '../../../src/commands/rows/kept-columns.ts'
import type { RowsRequest } from '../../../src/commands/rows/rows-request.ts'
import { runRows } from '../../../src/commands/rows/run-rows.ts'
import { parseCsv } from '../../../src/data/csv.ts'
import { InputError } from '../../../src/errors.ts'
import { checkpoint } from '../../helper.ts'
import { type StoredColumn, writeParquet } from '../../parquet.ts'

async function answer(
  t: Test,
  [name, body]: readonly [string, string | Uint8Array],
  request: Partial<RowsRequest>,
): Promise<string> {
  const directory = t.testdir()
  const [file, out] = [join(directory, name), join(directory, 'out')]
  writeFileSync(file, body)
  await runRows({
    ...{ operation: 'predict', modelDir: checkpoint, options: [], jobs: 1 },
    ...{ ...request, file, out },
  })
  return readFileSync(out, 'utf8')
}

/** Names with quotes, commas, line breaks and signs; ids beyond what a double holds; notes that are not everywhere. */
const rows = Array.from({ length: 60 }, (_, i) => ({
  id: 9007199254740993n + BigInt(i),
  note: i % 3 === 0 ? '' : `n"${i},\n€`,
  Pclass: 1 + (i % 3),
  Name: `Doe, ${['Mr', 'Mrs', 'Miss'][i % 3]}. J`,
  Sex: i % 2 === 0 ? 'male' : 'female',
  Age: 20 + (i % 40),
  SibSp: i % 4,
  Parch: 0,
}))
const names = Object.keys(rows[0]!) as (keyof (typeof rows)[number])[]
const field = (value: unknown) => `"${String(value).replaceAll('"', '""')}"`
const csv = [names, ...rows.map((row) => names.map((name) => row[name]))]
  .map((fields) => `${fields.map(field).join(',')}\n`)
  .join('')
const objectOf = (row: (typeof rows)[number]) =>
  `{${names.map((name) => `"${name}":${name === 'id' ? row.id : JSON.stringify(row[name])}`).join(',')}}`
const files: readonly (readonly [string, string | Uint8Array])[] = [
  ['rows.csv', csv],
  ['rows.jsonl', rows.map((row) => `${objectOf(row)}\n`).join('')],
  ['rows.json', `{"instances":[${rows.map(objectOf).join(',')}]}`],
  [
    'rows.parquet',
    writeParquet(
      names.map((name): StoredColumn => {
        const values = rows.map((row) => row[name])
        return typeof values[0] === 'string'
          ? { name, type: 'BYTE_ARRAY', converted: 'UTF8', values }
          : { name, type: 'INT64', values: values.map(BigInt) }
      }),
    ),
  ],
]

/** What kept cells are in CSV, whatever they come from. */
const expected = rows.map(({ id, note }) => [String(id), note])

for (const [name, body] of files)
  for (const operation of ['predict', 'explain'] as const)
    t.test(`${operation} ${name}: what is kept stands before what is answered`, async (t) => {
      const ask = { operation, keep: ['id', 'note'] } as const
      for (const partBytes of [1 << 20, 300]) {
        const plain = await answer(t, [name, body], { operation, format: 'csv', partBytes })
        const kept = await answer(t, [name, body], { ...ask, format: 'csv', partBytes })
        const [header, ...lines] = parseCsv(kept, { header: true })
        t.strictSame(header?.slice(0, 2), ['id', 'note'])
        t.strictSame(
          lines.map((fields) => fields.slice(0, 2)),
          expected,
        )
        const own = parseCsv(plain, { header: operation === 'explain' })
        t.strictSame(
          lines.map((fields) => fields.slice(2)),
          operation === 'explain' ? own.slice(1) : own,
          'the answers are the same',
        )
        const objects = await answer(t, [name, body], { ...ask, format: 'jsonl', partBytes })
        const bare = await answer(t, [name, body], { operation, format: 'jsonl', partBytes })
        const texts = objects.trimEnd().split('\n')
        texts.forEach((line, i) => {
          const { id, note, ...rest } = JSON.parse(line)
          t.match(line, new RegExp(`^{"id":"?${rows[i]!.id}"?,"note":`))
          t.equal(note ?? '', rows[i]!.note)
          t.strictSame(rest, JSON.parse(bare.split('\n')[i]!))
        })
        t.equal(texts.length, rows.length)
      }
      const member = operation === 'predict' ? 'predictions' : 'explanations'
      const whole = JSON.parse(await answer(t, [name, body], { ...ask, format: 'json' }))
      const same = JSON.parse(await answer(t, [name, body], { operation, format: 'json' }))
      t.strictSame(
        whole[member].map(({ note }: { note: string | null }) => note ?? ''),
        rows.map(({ note }) => note),
      )
      for (const object of whole[member]) delete object.id && delete object.note
      t.strictSame(whole, same, 'all else stays')
    })

t.test('several records of a row', async (t) => {
  const options = [
    ['output', 'all'],
    ['format', 'contributions'],
  ] as const
  const ask = { operation: 'explain', keep: ['id'], options, partBytes: 300 } as const
  const lines = (await answer(t, files[1]!, { ...ask, format: 'jsonl' })).trimEnd().split('\n')
  t.equal(lines.length, 2 * rows.length)
  lines.forEach((line, i) => {
    t.ok(line.startsWith(`{"id":${rows[i >> 1]!.id},"row":${(i >> 1) + 1},`))
  })
  const both = { ...ask, options: options.slice(0, 1), format: 'csv' }
  const [, ...records] = parseCsv(await answer(t, files[0]!, both), { header: true })
  t.strictSame(
    records.map(([id, row]) => [id, Number(row)]),
    rows.flatMap(({ id }, i) => [0, 1].map(() => [String(id), i + 1])),
  )
  const text = await answer(t, files[0]!, { operation: 'explain', keep: ['id'], format: 'text' })
  t.match(text, /^row 1 {3}id 9007199254740993 {3}predicted 0/)
})

t.test('names of columns, and what is written', async (t) => {
  const body = ['rows.csv', csv.split('\n').slice(0, 2).join('\n')] as const
  const head = async (request: Partial<RowsRequest>) =>
    (await answer(t, body, { format: 'csv', ...request })).split('\n')[0]
  t.equal(await head({ hasOutputHeader: true }), 'score')
  t.equal(await head({ keep: ['id'] }), 'id,score')
  const selection = ['predicted_label', 'probabilities']
  t.equal(await head({ hasOutputHeader: true, selection }), selection.join(','))
  t.match(await head({}), /^0\.\d+$/, 'without being asked there is none')
  t.match(JSON.parse(await answer(t, body, { format: 'jsonl', selection })), {
    predicted_label: 0,
    probabilities: [Number, Number],
  })
  const columns = names.slice(2).map((name) => rows[1]![name])
  const bare = ['rows.csv', columns.map(field).join(',')] as const
  const positional = await answer(t, bare, { format: 'csv', keep: ['Sex'], hasHeader: false })
  t.match(
    positional,
    /^Sex,score\nfemale,0\.\d+\n$/,
    'a file without a header has those of the model',
  )
})

t.test('a table without rows has its names all the same', async (t) => {
  const header = ['rows.csv', `${names.map(field).join(',')}\n`] as const
  const ask = (request: Partial<RowsRequest>) => answer(t, header, { format: 'csv', ...request })
  t.equal(await ask({ hasOutputHeader: true }), 'score\n')
  t.equal(await ask({ keep: ['id'] }), 'id,score\n')
  t.equal(await ask({}), '')
  t.match(await ask({ operation: 'explain', keep: ['id'] }), /^id,row,predicted_label,.*\n$/)
})

t.test('a line break in a name does not tear the header of later parts', async (t) => {
  const broken = csv.replace('"note"', '"no\nte"')
  const ask = { format: 'csv', hasHeader: true, keep: ['no\nte'] }
  const whole = await answer(t, ['rows.csv', broken], ask)
  t.equal(await answer(t, ['rows.csv', broken], { ...ask, partBytes: 300 }), whole)
  t.equal(parseCsv(whole, { header: true }).length, 1 + rows.length)
})

t.test('refused', async (t) => {
  const cases: [RegExp, Partial<RowsRequest>, (readonly [string, string | Uint8Array])?][] = [
    [/--keep: the file has no column "Nmae"; did you mean "Name"/, { keep: ['Nmae'] }],
    [/the file has no column "x"; it has "id", "note", /, { keep: ['x'] }],
    [/no column "nte"; did you mean "note"/, { keep: ['nte'] }, files[1]],
    [/no column "nte"; did you mean "note"/, { keep: ['nte'] }, files[2]],
    [/no column "zz"/, { keep: ['zz'] }, files[3]],
    [/no column "id" \(it has no header\)/, { keep: ['id'] }, ['a.csv', '3,"D, Mr. J",male,1,0,0']],
    [/"Sex" is the name of a column of the answer/, { operation: 'explain', keep: ['Sex'] }],
    [
      /"score" is the name of a column of the answer/,
      { keep: ['score'] },
      ['a.jsonl', objectOf(rows[0]!).replace('"id"', '"score"')],
    ],
    [/--output-header is of CSV; jsonl has none/, { hasOutputHeader: true, format: 'jsonl' }],
    [/a summary is of all rows/, { operation: 'explain', keep: ['id'], summary: true }],
    [/a picture is of all rows/, { operation: 'explain', keep: ['id'], format: 'svg' }],
  ]
  for (const [message, request, file = files[0]!] of cases) {
    await t.rejects(answer(t, file, request), { message }, String(message))
    t.notOk(existsSync(join(t.testdirName, 'out')), 'nothing is written')
  }
  t.strictSame(readKeep(['id,"a,b"', ' c ']), ['id', 'a,b', 'c'])
  for (const lists of [[''], ['a,'], ['a', 'a'], ['"a']])
    t.throws(() => readKeep(lists), InputError, JSON.stringify(lists))
})
