/** What a model predicted is counted: the same answers, every row once, in whichever thread. */
import fc from 'fast-check'
import t from 'tap'
import { createJobPool } from '../../src/answering/pool.ts'
import { createTally, readTally, tallyOf, withTally } from '../../src/answering/tally.ts'
import { numberColumn } from '../../src/data/frame.ts'
import type { Predictions } from '../../src/models/prediction.ts'
import type { Predictor } from '../../src/predictor/predictor.ts'
import { buildTestApp, loadCheckpoint, passenger, post } from '../helper.ts'

const model = await loadCheckpoint()
const classes = model.artifact.classes.map(String)
const frameOf = (values: readonly number[]) => ({
  names: ['x'],
  columns: [numberColumn(Float64Array.from(values))],
  length: values.length,
})

/** A model whose probabilities of the second class are the column, or of many classes of the class by that number. */
function echo(count: number, isBinary = count === 2): Predictor {
  const predict = ({ columns, length: rows }: ReturnType<typeof frameOf>): Predictions => {
    const values = columns[0]?.values as Float64Array
    const probabilities = new Float64Array(rows * count)
    const labels = Int32Array.from(values, (value) => (isBinary ? +(value > 0.5) : value))
    for (let row = 0; row < rows; row++)
      probabilities[row * count + (isBinary ? 1 : (labels[row] as number))] = isBinary
        ? (values[row] as number)
        : 0.25
    const names = Array.from({ length: count }, (_, i) => `c${i}`)
    return { classes: names, numericClasses: false, rows, labels, probabilities }
  }
  return { predict } as unknown as Predictor
}

t.test('each row once, in the bucket of its probability', (t) => {
  const value = fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom(0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1),
  )
  fc.assert(
    fc.property(fc.array(fc.array(value), { maxLength: 5 }), (parts) => {
      const memory = createTally(2)
      const tallied = withTally(echo(2), memory)
      for (const part of parts) {
        const frame = frameOf(part)
        tallied.predict(frame)
        tallied.predict(frame)
      }
      const all = parts.flat()
      const { classes, probabilities } = readTally(memory, ['c0', 'c1'])
      const positive = all.filter((p) => p > 0.5).length
      t.strictSame(classes, { c0: all.length - positive, c1: positive })
      for (const [bound, count] of probabilities.atMost)
        if (count !== all.filter((p) => p <= bound).length) throw new Error(`at most ${bound}`)
      const sum = all.reduce((total, p) => total + p, 0)
      return probabilities.count === all.length && Math.abs(probabilities.sum - sum) < 1e-5
    }),
  )
  t.end()
})

t.test('many classes, the rest of which is one', (t) => {
  const memory = createTally(500)
  const tallied = withTally(echo(500), memory)
  tallied.predict(frameOf([0, 99, 99, 100, 499]))
  const names = Array.from({ length: 500 }, (_, i) => `c${i}`)
  const { classes, probabilities } = readTally(memory, names)
  t.equal(Object.keys(classes).length, 101)
  const found = Object.fromEntries(Object.entries(classes).filter(([, count]) => count > 0))
  t.strictSame(found, { c0: 1, c99: 2, '(others)': 2 })
  t.match(probabilities, { sum: 1.25, count: 5 })
  t.end()
})

t.test('answers are the same, here and in threads', async (t) => {
  const memory = createTally(classes.length)
  const predictor = withTally(model.predictor, memory)
  t.equal(tallyOf(predictor), memory)
  t.equal(tallyOf(model.predictor), undefined)
  // A thread keeps a model as it first got it.
  const [pool, other] = [createJobPool(1), createJobPool(1)]
  t.teardown(() => Promise.all([pool.close(), other.close()]))
  const options = {
    limits: { maxRows: 100_000 },
    pool,
    maxBodyBytes: 8 << 20,
    bodyBudget: 64 << 20,
  }
  const counting = await buildTestApp(t, { ...options, model: { ...model, predictor } })
  const plain = await buildTestApp(t, { ...options, pool: other })
  const [row, gap] = [passenger.csv, passenger.csv.replace(',28,', ',,')]
  let rows = 0
  let gaps = 0
  const ask = async (url: string, body: string, lines: number, headers = {}) => {
    const [one, two] = [
      await post(counting, url, 'text/csv', body, headers),
      await post(plain, url, 'text/csv', body, headers),
    ]
    t.equal(one.statusCode, 200, `${url} ${lines}`)
    t.strictSame(one.rawPayload, two.rawPayload)
    if (url === '/invocations') rows += lines
    gaps += body.split('\n').filter((line) => line === gap).length
    const counts = readTally(memory, classes)
    t.equal(counts.probabilities.count, rows)
    t.equal(
      Object.values(counts.classes).reduce((sum, count) => sum + count),
      rows,
    )
    t.equal(counts.missing, gaps)
  }
  await ask('/invocations', row, 1)
  await ask('/invocations', `${row}\n${gap}`, 2)
  await ask('/explain', gap, 1)
  await ask('/invocations', `${row}\n${gap}\n`.repeat(2500), 5000)
  await ask('/invocations', `${row}\n${gap}`, 2, {
    accept: 'text/csv',
    'x-amzn-sagemaker-enable-explanations': '[0]>`0.1`',
  })
  // An answer that is made in blocks.
  await ask('/invocations', `${gap}\n`.repeat(40_000), 40_000, { accept: 'application/jsonlines' })
})
