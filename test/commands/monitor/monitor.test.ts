/** `shapserve monitor`: what it reads, what it says, and how it ends. */
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { encodeArtifact } from '../../../src/artifact/encode.ts'
import { describeDrift } from '../../../src/commands/monitor/describe-drift.ts'
import { findFiles } from '../../../src/commands/monitor/find-files.ts'
import { readLiveRows } from '../../../src/commands/monitor/live-rows.ts'
import { cellAt, type DataFrame } from '../../../src/data/frame.ts'
import { zeros } from '../../../src/data/matrix.ts'
import type { DriftReport } from '../../../src/evaluation/drift/drift-document.ts'
import { sha256 } from '../../../src/model-directory/read.ts'
import { root } from '../../command.ts'
import { shapserveHere } from '../../command-here.ts'
import { loadCheckpoint, passenger } from '../../helper.ts'

const { predictor } = await loadCheckpoint()
const table = join(root, 'data/titanic.csv')
const lines = (await readFile(table, 'utf8')).trimEnd().split('\n')

function recordOf(data: string, type = 'text/csv', encoding = 'CSV', more: object = {}): string {
  const endpointInput = { observedContentType: type, mode: 'INPUT', data, encoding }
  const eventMetadata = { eventId: 'x', inferenceTime: '2026-01-01T00:00:00Z', ...more }
  return `${JSON.stringify({ captureData: { endpointInput }, eventMetadata, eventVersion: '0' })}\n`
}

/** All rows of files, as lists of cells. */
async function readAll(paths: readonly string[], anyModel = false) {
  const live = readLiveRows(predictor, { hasNoHeader: false, anyModel })
  const frames: DataFrame[] = []
  for (const path of paths) for await (const frame of live.rows(path)) frames.push(frame)
  const rows = frames.flatMap(({ columns, length }) =>
    Array.from({ length }, (_, row) => columns.map((column) => cellAt(column, row))),
  )
  return { rows, found: live.found }
}

t.test('rows are read from records in every form that they are sent in', async (t: Test) => {
  const directory = t.testdir()
  const row = Object.values(passenger.object)
  const { object } = passenger
  const names = Object.keys(object)
  const json = (value: unknown) => recordOf(JSON.stringify(value), 'application/json', 'JSON')
  const tensors = names.map((name, j) => {
    const isText = typeof row[j] === 'string'
    return { name, shape: [1], datatype: isText ? 'BYTES' : 'FP64', data: [row[j]] }
  })
  const npy = recordOf('not base64 of anything', 'application/x-npy', 'BASE64')
  const text = [
    recordOf(passenger.csv),
    recordOf(`${passenger.csv}\n${passenger.csv}`),
    recordOf(`${names.join(',')}\n${passenger.csv}`),
    recordOf(`${passenger.csv}\n`, 'text/csv; header=absent'),
    json(object),
    json({ instances: [object, object] }),
    json({ dataframe_split: { columns: names, data: [row] } }),
    json({ inputs: tensors }),
    recordOf(`${JSON.stringify(object)}\n`, 'application/jsonlines', 'JSON'),
    recordOf(Buffer.from(passenger.csv).toString('base64'), 'text/csv', 'BASE64'),
    recordOf('1,2', 'text/csv'),
    npy,
    recordOf('x', 'image/png', 'BASE64'),
    'torn {',
    '{"captureData":{"endpointOutput":{"data":"0.5"}}}\n',
    recordOf(passenger.csv, 'text/csv', 'CSV', { modelId: 'another' }),
    recordOf(passenger.csv, 'text/csv', 'CSV', { modelId: predictor.modelId }),
    recordOf('3,,male,,0,0', 'text/csv; header=absent', 'CSV', { maskedColumns: ['Name', 'Age'] }),
  ].join('')
  const plain = join(directory, 'a.jsonl')
  const packed = join(directory, 'b.jsonl.gz')
  await writeFile(plain, text.replace('torn {', 'torn {\n'))
  await writeFile(packed, gzipSync(recordOf(passenger.csv)))
  const { rows, found } = await readAll([plain, packed])
  const whole = rows.filter((cells) => cells[1] !== null)
  t.equal(whole.length, 14)
  for (const cells of whole) t.strictSame(cells, row)
  t.strictSame(rows.filter((cells) => cells[1] === null).length, 1, 'the masked one')
  t.match(found, { records: 19, unreadable: 4, otherModel: 1, withoutInput: 1 })
  t.match(found.firstProblem, /a\.jsonl, line 11: row 1 has 2 values, the model has 6 columns/)
  t.strictSame([...found.masked], ['Name', 'Age'])
  t.equal(
    (await readAll([plain], true)).rows.length,
    rows.length,
    'of another model, too, one less',
  )
})

t.test(
  'other files of rows are read in their forms, gaps and unknown categories included',
  async (t: Test) => {
    const directory = t.testdir()
    const csv = join(directory, 'rows.csv')
    await writeFile(
      csv,
      'Pclass,Name,Sex,Age,SibSp,Parch\n3,"Doe, Mr. Jo",robot,,0,0\n9,,male,1,,2\n',
    )
    const jsonl = join(directory, 'rows.jsonl')
    await writeFile(jsonl, '{"Pclass":1,"Sex":null}\n')
    const { rows } = await readAll([csv, jsonl])
    t.strictSame(rows, [
      [3, 'Doe, Mr. Jo', 'robot', null, 0, 0],
      [9, null, 'male', 1, null, 2],
      [1, null, null, null, null, null],
    ])
    await appendFile(csv, '3,x,male,old,0,0\n')
    await t.rejects(readAll([csv]), {
      message: /rows\.csv": row 3, column "Age": "old" is not a number/,
    })
  },
)

/** Captured records of the training file's rows, some columns changed. */
async function capture(path: string, change: (cells: string[]) => string[] = (cells) => cells) {
  const rows = lines.slice(1).map((line) => {
    const cells =
      line.match(/("([^"]|"")*"|[^,]*)(,|$)/g)?.map((cell) => cell.replace(/,$/, '')) ?? []
    return recordOf(change(cells.slice(2, 8)).join(','), 'text/csv; header=absent')
  })
  await writeFile(path, rows.join(''))
}

t.test(
  'rows like those of training: status 0; a column that has moved: named, status 3',
  async (t: Test) => {
    const directory = t.testdir()
    const [usual, older] = [join(directory, 'usual'), join(directory, 'older')]
    await mkdir(join(usual, 'AllTraffic/2026/01/01/00'), { recursive: true })
    await mkdir(older)
    const header = (lines[0] as string).split(',')
    const inputs = predictor.preprocessor.featureNamesIn
    t.strictSame(
      header.slice(2, 8).map((name) => name.replaceAll('"', '')),
      inputs,
    )
    await capture(join(usual, 'AllTraffic/2026/01/01/00/one.jsonl'))
    await writeFile(join(usual, 'unfinished.jsonl.part'), 'torn')
    const age = inputs.indexOf('Age')
    await capture(join(older, 'one.jsonl'), (cells) =>
      cells.map((cell, j) => (j === age && cell !== '' ? String(Number(cell) + 7) : cell)),
    )
    const model = ['--model-dir', 'model_checkpoint']
    const calm = await shapserveHere(['monitor', usual, ...model])
    t.equal(calm.status, 0, calm.stderr)
    t.match(calm.stdout, /no drift {2}beyond its threshold and beyond chance/)
    const results = join(directory, 'results')
    const page = join(directory, 'page.html')
    const drifted = await shapserveHere([
      'monitor',
      older,
      ...model,
      '--json',
      '--output',
      results,
      '--html',
      page,
    ])
    t.equal(drifted.status, 3, drifted.stderr)
    const found = JSON.parse(drifted.stdout)
    const violations = [
      {
        feature_name: 'Age',
        constraint_check_type: 'baseline_drift_check',
        description: /^Baseline drift distance: 0\.4\d+ exceeds threshold: 0\.1 \(population/,
      },
    ]
    t.match(found, {
      rows: 1309,
      reference: { kind: 'training', rows: 1047 },
      records: { read: 1309, unreadable: 0 },
      violations,
      warnings: [],
    })
    t.equal(found.violations.length, 1)
    const file = JSON.parse(await readFile(join(results, 'constraint_violations.json'), 'utf8'))
    t.strictSame(file, { version: '1.0', violations: found.violations })
    t.strictSame(JSON.parse(await readFile(join(results, 'drift.json'), 'utf8')), found)
    const html = await readFile(page, 'utf8')
    t.match(html, /<h1>Drift of Age<\/h1>/)
    t.notMatch(html, /<script|src=|href="http|Mernagh/, 'self-contained, and no row in it')
    t.match(html, /default-src 'none'/)
    const tolerant = await shapserveHere(['monitor', older, ...model, '--psi', '1'])
    t.equal(tolerant.status, 0, 'a threshold')
    const ignoring = await shapserveHere(['monitor', older, ...model, '--ignore', 'Age'])
    t.equal(ignoring.status, 0, 'a column that is left out')
    const against = await shapserveHere([
      'monitor',
      usual,
      ...model,
      '--baseline',
      join(older, 'one.jsonl'),
      '--json',
    ])
    t.equal(against.status, 3)
    t.match(JSON.parse(against.stdout), {
      reference: { kind: 'baseline' },
      violations: [{ feature_name: 'Age' }],
    })
  },
)

t.test(
  'a model without a profile is compared with a file, or the rows that it is explained against',
  async (t: Test) => {
    const { artifact } = await loadCheckpoint()
    const { profile: _, ...older } = artifact
    const bare = { ...older, background: zeros(0, artifact.background.columns) }
    const write = async (name: string, made: typeof bare) => {
      const directory = join(t.testdirName, name)
      await mkdir(directory, { recursive: true })
      for (const [file, bytes] of encodeArtifact(made, sha256))
        await writeFile(join(directory, file), bytes)
      return directory
    }
    t.testdir()
    const directory = await write('bare', bare)
    const refused = await shapserveHere(['monitor', table, '--model-dir', directory])
    t.equal(refused.status, 1)
    t.match(
      refused.stderr,
      /no profile of its training rows; name a file of such rows with --baseline/,
    )
    const compared = await shapserveHere([
      'monitor',
      table,
      '--model-dir',
      directory,
      '--baseline',
      table,
    ])
    t.equal(compared.status, 0, compared.stderr)
    const before = await shapserveHere([
      'monitor',
      table,
      '--model-dir',
      await write('older', older),
    ])
    t.equal(before.status, 1, 'filled gaps are no rows to compare with')
    const { training } = artifact
    const imported = { ...older, training: { ...training, rows: 0, trainRows: 0, testRows: 0 } }
    const explained = await shapserveHere([
      'monitor',
      table,
      '--model-dir',
      await write('imported', imported),
    ])
    t.equal(explained.status, 0, explained.stdout)
    t.match(explained.stderr, /compared with the 100 rows that it is explained against/)
    t.match(explained.stderr, /these rows do not tell are not compared: "Pclass"/)
  },
)

t.test('what is in a directory may be gone, torn, or meant twice', async (t: Test) => {
  const directory = t.testdir({
    'a.jsonl': `torn by a kill\n${recordOf(passenger.csv)}`,
    'b.jsonl': t.fixture('symlink', 'nowhere.jsonl'),
    'c.jsonl': '',
  })
  const [a, c] = ['a.jsonl', 'c.jsonl'].map((name) => join(directory, name)) as [string, string]
  const found = await findFiles([directory, a])
  t.strictSame(found, [
    { path: a, mayVanish: true },
    { path: c, mayVanish: true },
  ])
  t.match((await readAll([a])).found, { records: 2, unreadable: 1 })
  const long = join(directory, 'long.jsonl')
  await writeFile(long, `${'torn'.repeat(1 << 18)}\n${recordOf(passenger.csv)}`)
  t.match((await readAll([long])).found, { records: 2, unreadable: 1 }, 'a long line is torn')
})

t.test('a long name does not push the table out of sight', (t) => {
  const nothing = { reference: 0, live: 0, p: 1 }
  const column = 'x'.repeat(300)
  const drift = { psi: 1, jensenShannon: 1, missing: nothing, unknown: nothing, outside: nothing }
  const violation = { feature_name: column, description: 'far' }
  const report = {
    ...{ columns: [{ ...drift, column, by: column }], violations: [violation] },
    ...{ attributions: [], reference: { rows: 1, kind: 'training' }, rows: 1, tests: 1 },
    thresholds: { alpha: 0.01 },
  }
  const shown = describeDrift(report as unknown as DriftReport, Number.POSITIVE_INFINITY)
  for (const line of shown.slice(2, 4)) t.ok(line.length < 100, line)
  t.ok(shown.includes(`drift     ${column}: far`), 'in full')
  t.end()
})

t.test('what cannot be compared is one line and status 1', async (t: Test) => {
  const directory = t.testdir({
    empty: {},
    'other.jsonl': recordOf('1', 'text/csv', 'CSV', { modelId: 'y' }),
    file: '',
  })
  for (const [args, message] of [
    [[join(directory, 'nowhere')], /nowhere" does not exist/],
    [[join(directory, 'empty')], /the directory .*empty" has no finished file/],
    [
      [join(directory, 'other.jsonl')],
      /none of the 1 records .*: 1 are of another model \(--any-model/,
    ],
    [
      [directory, '--output', join(directory, 'results')],
      /--output ".*results" is in ".*", which is read; name another place/,
    ],
    [
      [join(directory, 'other.jsonl'), '--html', join(directory, 'other.jsonl')],
      /--html ".*other\.jsonl" is in ".*other\.jsonl", which is read/,
    ],
    [[table, '--output', join(directory, 'file')], /--output: ".*file" is no directory/],
    [[table, '--psi', 'x'], /--psi is "x", expected a number/],
    [[table, '--ignore', 'Agee'], /--ignore is "Agee", the model has/],
    [[table, '--baseline', join(directory, 'no.csv')], /no\.csv" does not exist/],
  ] as const) {
    const { status, stderr } = await shapserveHere([
      'monitor',
      ...args,
      '--model-dir',
      'model_checkpoint',
    ])
    t.equal(status, 1, stderr)
    t.match(stderr, message)
    t.equal(
      stderr
        .trimEnd()
        .split('\n')
        .filter((line) => line.startsWith('shapserve:')).length,
      1,
    )
  }
})
