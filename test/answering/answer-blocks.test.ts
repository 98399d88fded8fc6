/** A body read and answered in blocks of any size is the body answered at once: every type in, every type out. */
import fc from 'fast-check'
import t from 'tap'
import type { RowJob } from '../../src/answering/job.ts'
import { runRowJob } from '../../src/answering/row-job.ts'
import { InputError, type Place } from '../../src/errors.ts'
import { buildPredictor, type Predictor } from '../../src/predictor/predictor.ts'
import { loadCheckpoint, mutants } from '../helper.ts'

const { predictor, artifact } = await loadCheckpoint()
const { inputs } = artifact.preprocessor
const names = inputs.map(({ name }) => name)

/** A model of three numbers, which may be missing nowhere. */
const numbers = buildPredictor({
  ...artifact,
  preprocessor: {
    inputs: ['a', 'b', 'c'].map((name) => ({ name, type: 'number', nullable: false, example: 1 })),
    otherColumns: [],
    derived: [],
    steps: ['a', 'b', 'c'].map((column) => ({ column, chain: [] })),
  },
  model: {
    kind: 'linear',
    features: 3,
    coefficients: Float64Array.of(1, -2, 0.25),
    intercepts: Float64Array.of(0.5),
    means: Float64Array.of(1, 1, 1),
    link: 'logit',
  },
  background: { rows: 1, columns: 3, data: Float64Array.of(1, 1, 1) },
})

type Row = readonly (string | number | null)[]

const texts = ['Doe, Mr. "J"', 'Smith,\nMrs. A', 'Ünal, Miss. Ö', 'x', '=1', '{"a":[1]}', '\ufeffy']
const rowOf = fc.tuple(
  ...inputs.map(({ type, nullable, categories, example }) => {
    const present =
      type === 'number'
        ? [
            fc.constantFrom(Number(example), ...(categories ?? []).map(Number)),
            fc.integer({ min: 0, max: 9 }),
          ]
        : [fc.constantFrom(String(example), ...(categories ?? []).map(String), ...texts)]
    return fc.oneof(...present, ...(nullable ? [fc.constant(null)] : []))
  }),
) as fc.Arbitrary<Row>
const tables = fc.array(rowOf, { minLength: 1, maxLength: 12 })

const field = (cell: Row[number]) =>
  cell === null ? '' : `"${String(cell).replaceAll('"', '""')}"`
const csvOf = (rows: readonly Row[], newline: string) =>
  rows.map((row) => `${row.map(field).join(',')}${newline}`).join('')
const objectOf = (row: Row) => Object.fromEntries(names.map((name, j) => [name, row[j]]))
const objects = (rows: readonly Row[]) => rows.map(objectOf)

/** Every form of a body, with its type. */
const forms: Readonly<
  Record<string, readonly [type: string, write: (rows: readonly Row[]) => string]>
> = {
  'CSV without a header': ['text/csv', (rows) => csvOf(rows, '\n')],
  'CSV with a header': [
    'text/csv',
    (rows) =>
      `Survived,${names.join(',')}\r\n${rows.map((row) => `1,${row.map(field).join(',')}`).join('\r\n')}`,
  ],
  'CSV with blank lines behind it': ['text/csv', (rows) => `${csvOf(rows, '\r')}\r\r`],
  'JSON objects': ['application/json', (rows) => JSON.stringify(objects(rows))],
  'JSON lists': ['application/json', (rows) => JSON.stringify(rows, null, 1)],
  instances: [
    'application/json',
    (rows) => `\ufeff{ "parameters" : {}, "instances" :\n${JSON.stringify(objects(rows))} }`,
  ],
  features: [
    'application/json',
    (rows) => JSON.stringify({ instances: rows.map((row) => ({ features: row })) }),
  ],
  records: ['application/json', (rows) => JSON.stringify({ dataframe_records: objects(rows) })],
  split: [
    'application/json',
    (rows) =>
      JSON.stringify({
        dataframe_split: { columns: names, index: rows.map((_, i) => i), data: rows },
      }),
  ],
  'JSON columns': [
    'application/json',
    (rows) =>
      JSON.stringify({
        inputs: Object.fromEntries(names.map((name, j) => [name, rows.map((row) => row[j])])),
      }),
  ],
  'an event with rows beside its data': [
    'application/json',
    (rows) =>
      JSON.stringify({
        ...{ specversion: '1.0', id: '1', source: 's', type: 't', data: objects(rows.slice(0, 2)) },
        instances: objects(rows),
      }),
  ],
  'JSON with NaN': [
    'application/json',
    (rows) => JSON.stringify({ inputs: rows }).replaceAll('null', 'NaN'),
  ],
  'JSON Lines': [
    'application/jsonlines',
    (rows) => rows.map((row) => `${JSON.stringify(objectOf(row))}\n`).join(''),
  ],
  'JSON Lines of lists': [
    'application/jsonlines',
    (rows) => `${rows.map((row) => JSON.stringify(row)).join('\r\n')}\n \n`,
  ],
}

const answers = [
  'application/json',
  'text/csv',
  'application/jsonlines',
  'application/x-npy',
  'application/x-recordio-protobuf',
] as const
const explained = ['application/json', 'text/csv', 'application/jsonlines'] as const

/** Options of explanations that every type has room for, and of those that only some have. */
const options = fc.constantFrom<RowJob['options']>(
  [],
  [['output', 'all']],
  [
    ['output', 'predicted'],
    ['level', 'features'],
  ],
  [['format', 'contributions']],
  [['top', 2]],
  [['interactions', true]],
  [['format', 'clarify']],
  [['warnings', true]],
  [['warnings', false]],
)

function jobOf(
  operation: RowJob['operation'],
  type: string,
  body: string,
  answer = 'application/json',
  more: Partial<RowJob> = {},
): RowJob {
  return {
    operation,
    body: Buffer.from(body),
    media: { essence: type, parameters: new Map() },
    answer: { essence: answer, parameters: new Map() },
    options: [],
    limits: { maxRows: 1000, maxAnswerBytes: 1 << 24, maxSeconds: 50 },
    ...more,
  }
}

interface Outcome {
  answer: string
  rows: number
  contentType: string
  ignoredColumns: number
  unknownCategories: number
  warnings: number
  code: string
  message: string
  places: readonly Place[]
}

/** Returns an answer's bytes and counts, or how it is refused. */
async function outcomeOf(job: RowJob, model: Predictor = predictor): Promise<Partial<Outcome>> {
  try {
    const result = await runRowJob(model, job, false)
    if (!result) throw new Error('no answer')
    const parts = [result.body]
    for await (const block of result.rest ?? []) parts.push(block)
    const { rows, contentType, ignoredColumns, unknownCategories, warnings } = result
    return {
      answer: Buffer.concat(parts).toString('latin1'),
      ...{ rows, contentType, ignoredColumns, unknownCategories, warnings },
    }
  } catch (error) {
    if (error instanceof InputError)
      return { code: error.code, message: error.message, places: error.places }
    throw error
  }
}

const sizes = fc.integer({ min: 1, max: 400 })

for (const [name, [type, write]] of Object.entries(forms)) {
  t.test(`${name}: predictions and explanations`, async (t) => {
    const operations = fc.oneof(
      fc.record({
        operation: fc.constant('predict' as const),
        answer: fc.constantFrom(...answers),
        options: fc.constantFrom<RowJob['options']>([], [['warnings', true]]),
      }),
      fc.record({
        operation: fc.constant('explain' as const),
        answer: fc.constantFrom(...explained),
        options,
      }),
    )
    await fc.assert(
      fc.asyncProperty(
        tables,
        sizes,
        operations,
        async (rows, blockBytes, { operation, answer, options }) => {
          const job = jobOf(operation, type, write(rows), answer, { options })
          const whole = await outcomeOf(job)
          const blocks = await outcomeOf({ ...job, blockBytes })
          t.strictSame(blocks, whole)
        },
      ),
      { numRuns: 40 },
    )
  })
}

t.test('what is refused at once is refused in blocks, and nothing else is', async (t) => {
  const rows: Row[] = [
    [3, 'Mernagh, Mr. "R"', 'male', 28, 0, 0],
    [1, 'x', 'female', null, 1, 0],
    [2, 'Ö', 'male', 3.5, 0, 2],
  ]
  for (const [name, [type, write]] of Object.entries(forms)) {
    await fc.assert(
      fc.asyncProperty(mutants([write(rows)]), sizes, async (body, blockBytes) => {
        const job = { ...jobOf('predict', type, '', 'application/json'), body }
        const whole = await outcomeOf(job)
        const blocks = await outcomeOf({ ...job, blockBytes })
        if (whole.code === undefined) t.strictSame(blocks, whole, name)
        else if (blocks.code === undefined)
          t.fail(`${name}: ${body.toString('latin1')}: ${whole.message}`)
      }),
      { numRuns: 150 },
    )
  }
})

t.test('a wrong row is named by its number in the body', async (t) => {
  const good = '3,"Mernagh, Mr. Robert",male,28,0,0\n'
  const csv = (wrong: string) => `${good.repeat(40)}${wrong}\n${good.repeat(3)}`
  const object = JSON.stringify(objectOf([3, 'x', 'male', 28, 0, 0]))
  const json = (wrong: string) => `[${`${object},`.repeat(40)}${wrong},${object}]`
  for (const [type, body] of [
    ['text/csv', csv('3,x,male,old,0,0')],
    ['text/csv', csv('3,x,male,28,0')],
    ['text/csv', csv('')],
    ['text/csv', csv('3,x,male,28,0,"0')],
    ['text/csv', csv('3,x,ma"le,28,0,0')],
    ['text/csv', csv('3,x\0,male,28,0,0')],
    ['text/csv', `Pclass,Name,Sex,Age,SibSp,Parch\n${csv('3,x,male,28,0,0,1')}`],
    ['text/csv', csv('3,\xff,male,28,0,0')],
    ['application/json', json(object.replace('28', '"old"'))],
    ['application/json', json('{"Pclass":3}')],
    ['application/json', json('[3,"x","male",28,0,0]')],
    ['application/json', json(object.replace('28', '2 8'))],
    ['application/json', json('5')],
    ['application/json', json(object).slice(0, -1)],
    ['application/jsonlines', `${`${object}\n`.repeat(40)}\n${object}`],
    ['application/jsonlines', `${`${object}\n`.repeat(40)}{}\n${object}`],
    ['application/jsonlines', `${`${object}\n`.repeat(40)}\ufeff${object}\n${object}`],
  ] as const) {
    const job = {
      ...jobOf('predict', type, ''),
      body: Buffer.from(body, body.includes('\xff') ? 'latin1' : 'utf8'),
    }
    const whole = await outcomeOf(job)
    t.ok(whole.code)
    for (const blockBytes of [1, 50, 700, 1500])
      t.strictSame(await outcomeOf({ ...job, blockBytes }), whole, body.slice(-80))
  }
})

t.test('npy and RecordIO bodies give the same answers, and npy says its rows first', async (t) => {
  const rows = Array.from({ length: 50 }, (_, i) => [i / 10, (i % 7) / 3, -i])
  const data = Float64Array.from(rows.flat())
  const bodies = [
    ['application/x-npy', npyOf('(50, 3)', data)],
    ['text/csv', Buffer.from(rows.map((row) => `${row.join()}\n`).join(''))],
  ] as const
  for (const [type, body] of bodies) {
    for (const answer of ['application/x-npy', 'application/json', 'text/csv']) {
      const job = { ...jobOf('predict', type, '', answer), body }
      const whole = await outcomeOf(job, numbers)
      t.equal(whole.rows, 50)
      for (const blockBytes of [1, 24, 100, 1199, 1 << 20])
        t.strictSame(await outcomeOf({ ...job, blockBytes }, numbers), whole)
    }
  }
  const wrong = data.slice()
  wrong[3 * 41 + 1] = Number.POSITIVE_INFINITY
  const job = jobOf('predict', 'application/x-npy', '')
  const refused = await outcomeOf(
    { ...job, body: npyOf('(50, 3)', wrong), blockBytes: 100 },
    numbers,
  )
  t.match(refused.message, /^row 42, column "b"/)
})

t.test('the rows of a request are limited also in blocks', async (t) => {
  const limits = { maxRows: 3, maxAnswerBytes: 1 << 20, maxSeconds: 50 }
  for (const [type, body] of [
    ['text/csv', '3,x,male,28,0,0\n'.repeat(4)],
    ['application/json', `[${Array(4).fill('[3,"x","male",28,0,0]').join()}]`],
    ['application/jsonlines', '[3,"x","male",28,0,0]\n'.repeat(4)],
  ] as const) {
    const job = jobOf('predict', type, body, 'text/csv', { limits, blockBytes: 10 })
    t.equal((await outcomeOf(job)).code, 'too_many_rows', type)
    t.equal((await outcomeOf({ ...job, limits: { ...limits, maxRows: 4 } })).rows, 4, type)
  }
})

t.test('explanations that would take too long are refused before the first block', async (t) => {
  const limits = { maxRows: 100, maxAnswerBytes: 1 << 20, maxSeconds: 0 }
  const body = '3,x,male,28,0,0\n'.repeat(40)
  const job = jobOf('explain', 'text/csv', body, 'text/csv', { limits, blockBytes: 10 })
  t.equal((await outcomeOf(job)).code, 'too_expensive')
})

t.test('large answers come in blocks, small ones whole', async (t) => {
  const job = jobOf('explain', 'text/csv', '3,x,male,28,0,0\n'.repeat(40), 'application/json')
  const small = await runRowJob(predictor, { ...job, blockBytes: 1 << 20 }, false)
  t.equal(small?.rest, undefined)
  const large = await runRowJob(predictor, { ...job, blockBytes: 1000 }, false)
  t.ok(large && large.body.length < 4000, `${large?.body.length} bytes first`)
  let blocks = 0
  for await (const block of large?.rest ?? []) {
    blocks++
    t.ok(block.length < 4000, `${block.length} bytes`)
  }
  t.ok(blocks > 3)
})

/** A float64 array as np.save writes it. */
function npyOf(shape: string, data: Float64Array): Buffer {
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }\n`
  const length = Buffer.alloc(2)
  length.writeUInt16LE(header.length)
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\0', 'latin1'),
    length,
    Buffer.from(header),
    Buffer.from(data.buffer),
  ])
}
