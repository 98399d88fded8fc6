/**
 * The same rows give the same numbers, bit by bit, however they are written: CSV with and without a header, JSON as objects and lists, JSON Lines; columns in any order.
 */
import fc from 'fast-check'
import t from 'tap'

import { csv } from '../../src/codecs/csv.ts'
import { json } from '../../src/codecs/json.ts'
import { jsonLines } from '../../src/codecs/json-lines.ts'
import type { Cell } from '../../src/data/frame.ts'
import { isMissingText } from '../../src/data/number.ts'
import { normalText } from '../../src/data/text.ts'
import type { Predictions } from '../../src/models/prediction.ts'
import type { InputColumn } from '../../src/preprocess/preprocessor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import type { Explanations } from '../../src/shap/explanation.ts'
import {
  buildTestApp,
  decodeBody,
  loadCheckpoint,
  post,
  rowsOf,
  type TextCodec,
} from '../helper.ts'

const { artifact, predictor } = await loadCheckpoint()
const { inputs, otherColumns } = artifact.preprocessor
const where = { inputs, otherColumns, maxRows: 100 }

const EXTREMES = [
  -0,
  0,
  5e-324,
  -5e-324,
  2.2250738585072014e-308,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  0.1,
  1 / 3,
  2 ** 53,
  1e21,
  1e-7,
]
const NAMES = [
  'Doe, Dr. "J"',
  "O'Neil, Miss. Ann",
  'Ö, the Countess. of x',
  'Smith, Mr.\nJohn',
  '=cmd()',
  'x',
]

/** Returns texts that CSV can hold and that mean themselves: neither a word for nothing, nor with blanks around. */
const text = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 12 })
  .map((text) => normalText(text.replace(/[\p{Cc}\p{Cs}\ufeff]/gu, '·').trim()))
  .filter((text) => text !== '' && !isMissingText(text))

function cellOf({ type, nullable, categories = [], range, example }: InputColumn) {
  const present: fc.Arbitrary<Cell>[] =
    type === 'number'
      ? [
          fc.constantFrom(...EXTREMES),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.integer({ min: -3, max: 100 }),
          fc.constantFrom(Number(example), ...categories.map(Number)),
          fc.double({ min: range?.minimum ?? 0, max: range?.maximum ?? 1, noNaN: true }),
        ]
      : [fc.constantFrom(String(example), ...categories.map(String), ...NAMES), text]
  return fc.oneof(...present, ...(nullable ? [fc.constant(null)] : []))
}

/** Rows of the model's columns, an order of the columns, and whether each text is quoted without need. */
const table = fc.record({
  rows: fc.array(fc.tuple(...inputs.map(cellOf)), { minLength: 1, maxLength: 4 }),
  order: fc.shuffledSubarray(
    inputs.map((_, j) => j),
    { minLength: inputs.length },
  ),
  others: fc.subarray([...otherColumns]),
  quoted: fc.boolean(),
  newline: fc.constantFrom('\n', '\r\n', '\r'),
})
type Table = typeof table extends fc.Arbitrary<infer T> ? T : never

/** String(x), which writes -0 as 0, with its sign. */
const writeNumber = (x: number) => (Object.is(x, -0) ? '-0' : String(x))

const writeJson = (cell: Cell) =>
  typeof cell === 'number' ? writeNumber(cell) : JSON.stringify(cell)

function writeCsv(cell: Cell, quoted: boolean): string {
  if (cell === null) return quoted ? '""' : ''
  if (typeof cell === 'number') return writeNumber(cell)
  return quoted || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

const nameOf = (j: number) => (inputs[j] as InputColumn).name

/** Every way to write the rows. */
function formsOf({
  rows,
  order,
  others,
  quoted,
  newline,
}: Table): [name: string, codec: TextCodec, body: string][] {
  const line = (row: readonly Cell[]) => row.map((cell) => writeCsv(cell, quoted)).join(',')
  const shuffled = (row: readonly Cell[]) => order.map((j) => row[j] as Cell)
  const header = [...others, ...order.map(nameOf)].map((name) => writeCsv(name, quoted)).join(',')
  const objects = rows.map((row) => {
    return `{${row.map((cell, j) => `${JSON.stringify(nameOf(j))}:${writeJson(cell)}`).join(',')}}`
  })
  // In another order, with other keys before, and without the missing ones.
  const sparse = rows.map((row) => {
    const pairs = order.flatMap((j) => {
      const cell = row[j] as Cell
      return cell === null ? [] : [`${JSON.stringify(nameOf(j))}: ${writeJson(cell)}`]
    })
    return `{ ${[...others.map((name) => `${JSON.stringify(name)}: 1`), ...pairs].join(', ')} }`
  })
  const lists = rows.map((row) => `[${row.map(writeJson).join(',')}]`)
  return [
    ['CSV without a header', csv, rows.map(line).join(newline)],
    [
      'CSV with a header in another order',
      csv,
      [
        header,
        ...rows.map((row) => [...others.map(() => '1'), line(shuffled(row))].join(',')),
      ].join(newline) + newline,
    ],
    ['a list of objects', json, `[${objects.join(',')}]`],
    ['a list of objects in another order', json, `[${sparse.join(',')}]`],
    ['a list of lists', json, `[${lists.join(',')}]`],
    ['instances of objects', json, `{"instances":[${sparse.join(',')}]}`],
    ['instances of lists', json, `{"instances":[${lists.join(',')}]}`],
    ['lines of objects', jsonLines, `${objects.join('\n')}\n`],
    ['lines of objects in another order', jsonLines, sparse.join('\r\n')],
    ['lines of lists', jsonLines, lists.join('\n')],
  ]
}

const numbersOfPredictions = ({ labels, probabilities }: Predictions) => [
  ...labels,
  ...probabilities,
]

const numbersOf = ({ rows }: Explanations) =>
  rows.flatMap((row) => [
    ...row.probabilities,
    ...row.baseValues,
    ...row.outputs,
    ...row.shapValues.flatMap((values) => [...values]),
    row.additivityError,
  ])

/** Throws unless all values are the same, bit by bit. */
function checkNear(
  found: readonly number[],
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  const at = expected.findIndex(
    (value, i) => !(Math.abs((found[i] as number) - value) <= tolerance),
  )
  if (at >= 0 || found.length !== expected.length)
    throw new Error(`${what}, number ${at}: ${found[at]} is not ${expected[at]}`)
}

function checkSame(found: readonly unknown[], expected: readonly unknown[], what: string): void {
  const at = expected.findIndex((value, i) => !Object.is(found[i], value))
  if (at >= 0 || found.length !== expected.length)
    throw new Error(`${what}, number ${at}: ${String(found[at])} is not ${String(expected[at])}`)
}

t.test('the cells read are the cells written, bit by bit, in every form', (t) => {
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(table, (table) => {
          for (const [name, codec, body] of formsOf(table)) {
            const { frame } = decodeBody(codec, body, where)
            checkSame(
              frame.names,
              inputs.map(({ name }) => name),
              name,
            )
            checkSame(rowsOf(frame).flat(), table.rows.flat(), name)
          }
        }),
        { seed: 11, numRuns: 200 },
      ),
    '200 tables',
  )
  t.end()
})

t.test('predictions and explanations are bit-equal in every form', (t) => {
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(table, (table) => {
          const options = { output: 'all' }
          const direct = frameOfCells(inputs, table.rows)
          const predicted = numbersOfPredictions(predictor.predict(direct))
          const explained = numbersOf(predictor.explain(direct, options))
          for (const [name, codec, body] of formsOf(table)) {
            const { frame } = decodeBody(codec, body, where)
            checkSame(numbersOfPredictions(predictor.predict(frame)), predicted, name)
            checkSame(numbersOf(predictor.explain(frame, options)), explained, name)
          }
        }),
        { seed: 12, numRuns: 100 },
      ),
    '100 tables',
  )
  t.end()
})

t.test('the numbers are finite and add up, whatever the cells', (t) => {
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(table, ({ rows }) => {
          const frame = frameOfCells(inputs, rows)
          const { probabilities } = predictor.predict(frame)
          const explanations = predictor.explain(frame, { output: 'all' })
          return (
            probabilities.every((p) => p >= 0 && p <= 1) &&
            numbersOf(explanations).every(Number.isFinite) &&
            explanations.rows.every((row) => row.additivityError < 1e-9)
          )
        }),
        { seed: 13, numRuns: 200 },
      ),
    '200 tables',
  )
  t.end()
})

t.test('a row has the same numbers alone and among others', (t) => {
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(table, ({ rows }) => {
          const together = frameOfCells(inputs, rows)
          const alone = rows.map((row) => frameOfCells(inputs, [row]))
          checkSame(
            alone.flatMap((frame) => [...predictor.predict(frame).probabilities]),
            [...predictor.predict(together).probabilities],
            'predictions',
          )
          // One row has a kernel of its own, which adds up in another order than that of many.
          checkNear(
            alone.flatMap((frame) => numbersOf(predictor.explain(frame))),
            numbersOf(predictor.explain(together)),
            1e-15,
            'explanations',
          )
        }),
        { seed: 14, numRuns: 100 },
      ),
    '100 tables',
  )
  t.end()
})

/** Every number of a JSON value, in order. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(numbersIn) : []
}

t.test('the answers over HTTP are those of the predictor, bit by bit', async (t) => {
  const app = await buildTestApp(t)
  await fc.assert(
    fc.asyncProperty(table, async (table) => {
      const frame = frameOfCells(inputs, table.rows)
      const { probabilities } = predictor.predict(frame)
      const shap = predictor.explain(frame).rows.flatMap(({ shapValues }) => shapValues)
      for (const [name, codec, body] of formsOf(table)) {
        const [type] = codec.mediaTypes
        const predicted = (await post(app, '/invocations', type, body)).json()
        if (!Array.isArray(predicted)) {
          checkSame(
            numbersIn(
              predicted.predictions.map((row: { probabilities: unknown }) => row.probabilities),
            ),
            [...probabilities],
            name,
          )
        }
        const scores = await post(app, '/invocations', type, body, { accept: 'text/csv' })
        checkSame(
          scores.body.trimEnd().split('\n').map(Number),
          [...probabilities].filter((_, i) => i % 2 === 1),
          `${name} to CSV`,
        )
        const explained = (await post(app, '/explain', type, body)).json()
        checkSame(
          numbersIn(explained.explanations.map((row: { shap_values: unknown }) => row.shap_values)),
          // JSON has no sign of zero in what it writes.
          shap.flatMap((values) => [...values]).map((value) => value + 0),
          name,
        )
      }
    }),
    { seed: 15, numRuns: 20 },
  )
  t.pass('20 tables')
})

const codePoints = (text: string) =>
  Array.from(text, (character) => `U+${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

const blanks = [' ', '  ', '\t', '\n', '\r\n', '\u00a0', '\u2003', '\u3000', '\ufeff']
for (const blank of blanks) {
  t.test(`${codePoints(blank).join(' ')} around a category means nothing in every form`, (t) => {
    const example = inputs.map(({ example }) => example)
    const sent = inputs.map(({ name, example }) =>
      name === 'Sex' ? `${blank}${example}${blank}` : example,
    )
    for (const quoted of [false, true]) {
      const order = inputs.map((_, j) => j)
      for (const [name, codec, body] of formsOf({
        rows: [sent],
        order,
        others: [],
        quoted,
        newline: '\n',
      })) {
        const { frame } = decodeBody(codec, body, where)
        t.strictSame(rowsOf(frame), [example], quoted ? `${name}, quoted` : name)
      }
    }
    t.end()
  })
}
