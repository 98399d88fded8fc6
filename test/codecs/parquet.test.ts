/** Parquet bodies; the fixture was written by pyarrow with zstd: three rows, a column that no model has. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { json } from '../../src/codecs/json.ts'
import { parquet } from '../../src/codecs/parquet.ts'
import { InputError } from '../../src/errors.ts'
import { buildTestApp, decodeBody, loadCheckpoint, post } from '../helper.ts'

const file = await readFile(join(import.meta.dirname, '../fixtures/passengers.parquet'))
const { artifact } = await loadCheckpoint()
const where = { ...artifact.preprocessor, maxRows: 100 }
const rows = [
  { Pclass: 3, Name: 'Mernagh, Mr. Robert', Sex: 'male', Age: 28, SibSp: 0, Parch: 0 },
  { Pclass: 1, Name: 'Cumings, Mrs. John', Sex: 'female', Age: null, SibSp: 1, Parch: 0 },
  { Pclass: 2, Name: 'Ö, Miss. Ann', Sex: 'female', Age: 5e-324, SibSp: 0, Parch: 2 },
]

t.test('columns of all types are read by name, bit by bit as from JSON', async (t) => {
  const decoded = await parquet.decode(file, where)
  t.strictSame(decoded.frame, decodeBody(json, JSON.stringify(rows), where).frame)
  t.equal(decoded.ignoredColumns, rows.length)
})

t.test('a request is answered', async (t) => {
  const app = await buildTestApp(t)
  const answer = await post(app, '/invocations', 'application/x-parquet', file)
  t.equal(answer.statusCode, 200)
  const same = await post(app, '/invocations', 'application/json', JSON.stringify(rows))
  t.equal(answer.body, same.body)
})

t.test('too many rows are refused before they are read', async (t) => {
  await t.rejects(parquet.decode(file, { ...where, maxRows: 2 }), { code: 'too_many_rows' })
})

t.test('broken files are refused, and nothing else happens', async (t) => {
  const broken = [
    Buffer.from('PAR1'),
    Buffer.from('not parquet at all'),
    file.subarray(0, 1000),
    file.subarray(1),
    ...Array.from({ length: 150 }, (_, i) => {
      const copy = Buffer.from(file)
      const at = (i * 7919) % copy.length
      copy[at] = (copy[at] as number) ^ (1 << (i % 8))
      return copy
    }),
  ]
  let refused = 0
  for (const bytes of broken) {
    try {
      await parquet.decode(bytes, where)
    } catch (error) {
      refused++
      if (!(error instanceof InputError)) return t.fail(String(error))
    }
  }
  t.ok(refused > 20, `${refused} of ${broken.length} refused, no other error`)
})

t.test('a misspelt optional column is refused, names of other columns are told', async (t) => {
  const renamed = (name: string) =>
    Buffer.from(file.toString('latin1').replaceAll('Age', name), 'latin1')
  await t.rejects(parquet.decode(renamed('AGE'), where), {
    code: 'missing_column',
    message: /^the header lacks column "Age"; there is "AGE"; did you mean "Age"/,
  })
  const { frame, ignored } = await parquet.decode(renamed('Xyz'), where)
  t.strictSame(
    Array.from({ length: frame.length }, (_, row) => ignored.at(row).includes('Xyz')),
    [true, true, true],
  )
})
