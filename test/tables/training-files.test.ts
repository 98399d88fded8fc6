/** Training files of every kind, one or several, as one table. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type Cell, cellAt, type DataFrame } from '../../src/data/frame.ts'
import { runSteps } from '../../src/data/steps.ts'
import { inferPlan } from '../../src/preprocess/infer-plan.ts'
import { MAX_LEVELS } from '../../src/tables/formats/column-builder.ts'
import { createMemoryBudget } from '../../src/tables/memory.ts'
import { memoryLimit } from '../../src/tables/memory-limit.ts'
import { readTables, type TableSource } from '../../src/tables/read-tables.ts'
import { checkRefused } from '../tables.ts'

const fixtures = join(import.meta.dirname, '../fixtures')

/** Writes files and returns what they are as a source. */
async function source(
  t: Test,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<TableSource> {
  const root = t.testdir()
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content)
  return { files: Object.keys(files).map((name) => join(root, name)), root }
}

function cellsOf(frame: DataFrame): Record<string, Cell[]> {
  return Object.fromEntries(
    frame.names.map((name, j) => [
      name,
      Array.from({ length: frame.length }, (_, row) =>
        cellAt(frame.columns[j] as DataFrame['columns'][number], row),
      ),
    ]),
  )
}

const lines = (...objects: object[]) => objects.map((object) => JSON.stringify(object)).join('\n')

t.test('several files are one table', async (t) => {
  const cases: [string, Record<string, string | Uint8Array>, Record<string, Cell[]>][] = [
    ['one file', { '1.csv': 'a\n1\n' }, { a: [1] }],
    [
      'columns are found by name',
      { '1.csv': 'a,b\n1,x\n', '2.csv': 'b,a\ny,2\n,\n' },
      { a: [1, 2, null], b: ['x', 'y', null] },
    ],
    [
      'text in one file makes text of all, as it was written',
      { '1.csv': 'a,b\n1,1\n2.50,2\n+3,3\n', '2.csv': 'a,b\nx,4\n' },
      { a: ['1', '2.50', '+3', 'x'], b: [1, 2, 3, 4] },
    ],
    [
      'all kinds together',
      {
        '1.csv': 'a,b\n1,x\n',
        '2.jsonl': lines({ a: 2, b: 'y' }, { b: 'z' }),
        '3.csv.gz': gzipSync('b,a\n"w,",4\n'),
        '4.ndjson.gz': gzipSync(lines({ b: null, a: 5 })),
      },
      { a: [1, 2, null, 4, 5], b: ['x', 'y', 'z', 'w,', null] },
    ],
    [
      'numbers of JSON beside texts of CSV',
      { '1.jsonl': lines({ a: 1.5 }, { a: 1e21 }), '2.csv': 'a\n007\n' },
      { a: ['1.5', '1e+21', '007'] },
    ],
    [
      'texts of digits in JSON are texts',
      { '1.csv': 'a\n1\n', '2.jsonl': lines({ a: '2' }) },
      { a: ['1', '2'] },
    ],
    [
      'a file with a header alone',
      { '1.csv': 'a,b\n', '2.csv': 'a,b\n1,x\n' },
      { a: [1], b: ['x'] },
    ],
    [
      'a column of JSON that comes late',
      { '1.jsonl': lines({ a: 1 }, { a: 2, b: true }), '2.csv': 'b,a\ntrue,3\n' },
      { a: [1, 2, 3], b: [null, 'true', 'true'] },
    ],
  ]
  for (const [name, files, expected] of cases) {
    const { table, files: said } = await readTables(await source(t, files), 'present')
    t.strictSame(cellsOf(table), expected, name)
    t.equal(
      said.reduce((sum, { rows }) => sum + rows, 0),
      table.length,
      `${name}: rows are counted`,
    )
  }
})

t.test('files with different columns name each other', async (t) => {
  const cases: [string, Record<string, string>, RegExp][] = [
    [
      'a column less',
      { '1.csv': 'a,b\n1,2\n', '2.csv': 'a\n1\n' },
      /2\.csv: lacks "b", compared with "1\.csv"$/,
    ],
    [
      'a column more',
      { '1.csv': 'a\n1\n', '2.csv': 'a,c\n1,2\n' },
      /2\.csv: has "c" besides, compared with "1\.csv"$/,
    ],
    ['another name', { '1.csv': 'a,b\n1,2\n', '2.csv': 'a,B\n1,2\n' }, /2\.csv: has "B" besides/],
    [
      'in JSON Lines',
      { '1.csv': 'a,b\n1,2\n', '2.jsonl': '{"a":1}' },
      /2\.jsonl: lacks "b", compared with "1\.csv"$/,
    ],
    [
      'more in JSON Lines',
      { '1.csv': 'a\n1\n', '2.jsonl': '{"a":1}\n{"z":1}' },
      /2\.jsonl: has "z" besides/,
    ],
  ]
  for (const [name, files, message] of cases) {
    const files_ = await source(t, files)
    await checkRefused(t, () => readTables(files_, 'present'), 'missing_column', message, name)
  }
  const headerless = await source(t, { '1.csv': '1,2,3\n', '2.csv': '1,2\n' })
  await checkRefused(
    t,
    () => readTables(headerless, 'absent'),
    'missing_column',
    /2\.csv: lacks "f2", compared with "1\.csv"$/,
    'without a header',
  )
})

t.test('what is wrong is said of its file and its row there', async (t) => {
  const good = 'a,b\n1,x\n2,y\n'
  const cases: [string, Record<string, string | Uint8Array>, RegExp][] = [
    [
      'an infinity',
      { '1.csv': good, '2.csv': 'a,b\n3,z\ninf,z\n' },
      /2\.csv: row 2, column "a": "inf"/,
    ],
    [
      '1e999 in the first',
      { '1.csv': 'a,b\n1e999,x\n', '2.csv': good },
      /1\.csv: row 1, column "a": "1e999"/,
    ],
    ['in JSON', { '1.csv': good, '2.jsonl': '{"a":1e999,"b":"x"}' }, /2\.jsonl: row 1, column "a"/],
    [
      'a ragged row',
      { '1.csv': good, '2.csv': 'a,b\n1,2\n1\n' },
      /2\.csv: row 2 has 1 fields, the header has 2/,
    ],
    [
      'Latin-1',
      { '1.csv': good, '2.csv': Buffer.from('a,b\n1,\xe4\n', 'latin1') },
      /2\.csv: .*byte 8 is wrong/,
    ],
    [
      'cut in a character',
      { '1.csv': Buffer.from('a,b\n1,ä').subarray(0, -1) },
      /1\.csv: .*byte 7 is wrong/,
    ],
    ['no bytes', { '1.csv': good, '2.csv': '' }, /2\.csv: the file is empty/],
    ['no bytes, packed', { '1.csv.gz': gzipSync('') }, /1\.csv\.gz: the file is empty/],
    [
      'half a character',
      { '1.jsonl': '{"a":"\\ud800"}' },
      /1\.jsonl: row 1, column "a": "\\ud800" is half a character/,
    ],
    ['no Parquet', { '1.parquet': 'PAR1 but no more' }, /1\.parquet: this is not a Parquet file/],
    [
      'a cut Parquet file',
      { '1.parquet': (await readFile(join(fixtures, 'training.parquet'))).subarray(0, 900) },
      /not a Parquet file/,
    ],
  ]
  for (const [name, files, message] of cases) {
    const given = await source(t, files)
    await t.rejects(readTables(given, 'present'), { name: 'InputError', message }, name)
  }
  for (const [path, message] of [
    ['/nowhere/at.csv', /"\/nowhere\/at\.csv" does not exist/],
    [fixtures, /is a directory/],
  ] as const)
    await t.rejects(readTables({ files: [path] }, 'present'), { message }, path)
})

t.test('Parquet', async (t) => {
  const file = join(fixtures, 'training.parquet')
  const { table, sha, files } = await readTables({ files: [file] }, 'assumed_absent')
  t.strictSame(cellsOf(table), {
    label: [0, 1, 0, 1, 1],
    small: [1.5, null, -0.25, 3e38, 0.1],
    double: [0.1, null, 5e-324, -1e308, 2],
    long: ['1', '9007199254740993', '-3', null, '5'],
    text: ['a', 'b', null, null, 'ä'],
    codes: ['x', 'y', 'x', 'x', 'y'],
    flag: ['true', 'false', null, 'true', 'true'],
    price: [1.25, null, null, null, -7.5],
    day: ['2024-02-29', null, '2024-02-29', '2024-02-29', '2024-02-29'],
    time: ['2024-02-29 12:30:00', null, null, null, null],
    nothing: new Array(5).fill(null),
  })
  const bytes = await readFile(file)
  t.equal(sha, createHash('sha256').update(bytes).digest('hex'))
  t.match(files, [{ rows: 5, columns: 11, bytes: bytes.length }])
  const renamed = await source(t, { 'part-0': bytes })
  t.strictSame((await readTables(renamed, 'absent')).table, table, 'known by its first letters')
  await checkRefused(
    t,
    () => readTables({ files: [join(fixtures, 'nested.parquet')] }, 'present'),
    'invalid_parquet',
    /nested\.parquet: column "b" holds lists or records; one value a row is needed$/,
    'lists',
  )
})

t.test('large files: in pieces, and a text that comes late', async (t) => {
  // Larger than the sample and than several pieces, with quoted line breaks across their borders.
  const rows = 50_000
  const row = (i: number) =>
    `${i % 977}.50,"n ""${i % 13}""\nx",${i === rows - 1 ? 'late' : i},é${i % 7}\n`
  const text = `a,b,c,d\n${Array.from({ length: rows }, (_, i) => row(i)).join('')}`
  const given = await source(t, { '1.csv': text, '2.csv.gz': gzipSync(text) })
  const { table, sha } = await readTables(given, 'present')
  t.equal(table.length, 2 * rows)
  const [a, b, c, d] = table.columns
  if (a?.kind !== 'number' || b?.kind !== 'text' || c?.kind !== 'text' || d?.kind !== 'text')
    return t.fail('kinds')
  const at = (column: DataFrame['columns'][number], i: number) => cellAt(column, i)
  for (const i of [0, 1, 27_001, rows - 1, rows, 2 * rows - 1]) {
    const k = i % rows
    t.strictSame(
      [at(a, i), at(b, i), at(c, i), at(d, i)],
      [(k % 977) + 0.5, `n "${k % 13}"\nx`, k === rows - 1 ? 'late' : `${k}`, `é${k % 7}`],
      `row ${i + 1}`,
    )
  }
  t.equal(a.values.length, 2 * rows)
  const hashes = await Promise.all(
    given.files.map(async (path) =>
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ),
  )
  t.equal(sha, createHash('sha256').update(hashes.join('\n')).digest('hex'))
})

t.test('what comes through a pipe can be read twice, too', async (t) => {
  const pipe = join(t.testdir(), 'pipe.csv')
  execFileSync('mkfifo', [pipe])
  const reading = readTables({ files: [pipe] }, 'present')
  await writeFile(pipe, `a\n${'1.0\n'.repeat(600_000)}x\n`)
  const [column] = (await reading).table.columns
  if (column?.kind !== 'text') return t.fail('a text column')
  t.strictSame(column.levels, ['1.0', 'x'])
  t.equal(column.codes.length, 600_001)
})

t.test('too little memory is said before it is gone', async (t) => {
  const rows = 200_000
  const text = `a,b,c\n${Array.from({ length: rows }, (_, i) => `${i},${i},x${i % 5}\n`).join('')}`
  const given = await source(t, { '1.csv': text })
  const refused = (budget: Parameters<typeof readTables>[2], name: string) =>
    checkRefused(
      t,
      () => readTables(given, 'present', budget),
      'too_large',
      /^this training needs about \d+ MB of memory, \d+ MB are there; leave out rows or columns, or give the process more memory$/,
      name,
    )
  await refused(createMemoryBudget(100e6, 95e6), 'by the sample')
  t.ok((await readTables(given, 'present', createMemoryBudget(200e6, 95e6))).table)
  // A sample that promises too little: the rows that follow it are much shorter.
  const wide = `a\n${`${'1'.repeat(20)}.5\n`.repeat(100_000)}${'1\n'.repeat(3_000_000)}`
  const packed = await source(t, { '1.csv.gz': gzipSync(wide) })
  await checkRefused(
    t,
    () => readTables(packed, 'present', createMemoryBudget(110e6, 95e6)),
    'too_large',
    /needs about \d+ MB/,
    'while it is read',
  )
  t.ok(memoryLimit() > 2 ** 28 && memoryLimit() < 2 ** 50)
})

t.test('more different texts than are kept', { timeout: 60_000 }, async (t) => {
  const rows = MAX_LEVELS + 10
  const parts: string[] = ['id,x,y\n']
  for (let i = 0; i < rows; i++) parts.push(`u${i},${i % 7},${i % 2}\n`)
  const given = await source(t, { '1.csv': parts.join('') })
  const { table } = await readTables(given, 'present')
  const [id] = table.columns
  t.match(id, { kind: 'text', levels: [], unread: /more than 1000000 different values/ })
  const { plan } = runSteps(inferPlan(table, 'y'))
  t.match(plan.dropped, [{ column: 'id', reason: /text with more than 1000000 different values/ }])
})
