/** `shapserve preprocess`: the matrix that the model sees, in every format, whatever the parts. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { csv } from '../../../src/codecs/csv.ts'
import type { RowsRequest } from '../../../src/commands/rows/rows-request.ts'
import { runPreprocess } from '../../../src/commands/rows/run-preprocess.ts'
import { runRows } from '../../../src/commands/rows/run-rows.ts'
import { parseCsv } from '../../../src/data/csv.ts'
import { rowOf } from '../../../src/data/matrix.ts'
import { checkpoint, loadCheckpoint } from '../../helper.ts'

const titanic = readFileSync(join(import.meta.dirname, '../../../data/titanic.csv'), 'utf8')
const table = titanic.split('\n').slice(0, 200).join('\n')
const { predictor } = await loadCheckpoint()
const { featureNamesOut, spec } = predictor.preprocessor
const { frame } = csv.decode(Buffer.from(table), { ...spec, maxRows: 1000 }, new Map())
const matrix = predictor.preprocessor.transform(frame)
const expected = Array.from({ length: matrix.rows }, (_, row) => [...rowOf(matrix, row)])

async function run(t: Test, body: string, request: Partial<RowsRequest>): Promise<Buffer> {
  const directory = t.testdir()
  const [file, out] = [join(directory, 'rows.csv'), join(directory, 'out')]
  writeFileSync(file, body)
  const all = { modelDir: checkpoint, options: [], jobs: 1, ...request, file, out }
  await (request.operation === 'predict'
    ? runRows({ operation: 'predict', ...all })
    : runPreprocess({ operation: 'preprocess', ...all }))
  return readFileSync(out)
}

const numberOf = (text: string | undefined) => (text === '' ? Number.NaN : Number(text))

/** Reads what np.save writes: the header's text, and the numbers behind it. */
function readNpy(bytes: Buffer): { header: string; values: number[] } {
  const end = 10 + bytes.readUInt16LE(8)
  t.equal(end % 64, 0, 'the numbers are aligned')
  const values = Array.from({ length: (bytes.length - end) / 8 }, (_, i) =>
    bytes.readDoubleLE(end + 8 * i),
  )
  return { header: bytes.toString('latin1', 10, end), values }
}

for (const partBytes of [1 << 20, 400])
  t.test(`parts of ${partBytes} bytes`, async (t) => {
    const [header, ...rows] = parseCsv((await run(t, table, { partBytes })).toString(), {
      header: true,
    })
    t.strictSame(header, featureNamesOut)
    t.strictSame(
      rows.map((fields) => fields.map(numberOf)),
      expected,
    )
    const lines = (await run(t, table, { partBytes, format: 'jsonl' })).toString().trimEnd()
    t.strictSame(
      lines.split('\n').map((line) => Object.entries(JSON.parse(line))),
      expected.map((row) =>
        row.map((value, j) => [featureNamesOut[j], Number.isNaN(value) ? null : value]),
      ),
    )
    const array = readNpy(await run(t, table, { partBytes, format: 'npy' }))
    t.match(array.header, `'shape': (${matrix.rows}, ${featureNamesOut.length})`)
    t.strictSame(array.values, [...matrix.data])
    const keep = ['Survived', 'Name']
    const kept = parseCsv((await run(t, table, { partBytes, keep })).toString(), { header: true })
    const own = parseCsv(table, { header: true })
    t.strictSame(
      kept.map((fields) => fields.slice(0, 2)),
      own.map((fields) => [fields[1], fields[3]]),
    )
    t.strictSame(
      kept.slice(1).map((fields) => fields.slice(2).map(numberOf)),
      expected,
    )
  })

t.test('predictions as an array', async (t) => {
  const { header, values } = readNpy(await run(t, table, { operation: 'predict', format: 'npy' }))
  t.match(header, `'shape': (${matrix.rows},)`)
  const text = (await run(t, table, { operation: 'predict', format: 'csv' })).toString()
  t.strictSame(values, text.trimEnd().split('\n').map(Number))
})

t.test('refused', async (t) => {
  const bad = table.replace(/\n2,0,3,([^\n]*)male,6,/, '\n2,0,3,$1male,six,')
  for (const [message, body, request] of [
    [/^row 2, column "Age": "six" is not a number/, bad, { partBytes: 80 }],
    [/^row 2, column "Age": "six" is not a number/, bad, {}],
    [/npy has numbers only/, table, { format: 'npy', keep: ['Name'] }],
    [/"Age" is the name of a column of the answer/, table, { keep: ['Age'] }],
    [/--format is "json", expected csv, jsonl or npy/, table, { format: 'json' }],
  ] as const) {
    await t.rejects(run(t, body, request), { message }, String(message))
    t.notOk(existsSync(join(t.testdirName, 'out')), 'nothing is written')
  }
})
