/** Tables to measure on, made to fit the training table. */
import t from 'tap'
import { type DataFrame, findColumn, numberColumn, textColumn } from '../../src/data/frame.ts'
import { alignTable } from '../../src/tables/align.ts'
import type { ReadTable } from '../../src/tables/read-tables.ts'

const read = (name: string, table: DataFrame): ReadTable => ({
  table,
  name,
  files: [],
  sha: '',
  isNamed: true,
  warnings: [],
})
const numbers = (...values: number[]) => numberColumn(Float64Array.from(values))

t.test('columns stand in the order of the training table and have its types', async (t) => {
  const train = read('train.csv', {
    names: ['a', 'b', 'w'],
    columns: [numbers(1), textColumn(['x']), numbers(1)],
    length: 1,
  })
  const other = read('test.csv', {
    names: ['b', 'a'],
    columns: [numbers(7, Number.NaN), numbers(1, 2)],
    length: 2,
  })
  t.strictSame(alignTable(train, other, 'w'), {
    names: ['a', 'b', 'w'],
    columns: [numbers(1, 2), textColumn(['7', null]), numbers(Number.NaN, Number.NaN)],
    length: 2,
  })
  t.throws(() => alignTable(train, other), {
    code: 'missing_column',
    message: /test\.csv" has no column "w", "train\.csv" has/,
  })
  t.throws(() => alignTable(other, train), { code: 'unknown_column', message: /"w"/ })
})

t.test('a text among numbers is named, not the numbers before it', async (t) => {
  const train = read('train.csv', { names: ['a'], columns: [numbers(4)], length: 1 })
  const other = (texts: (string | null)[]) =>
    read('test.csv', { names: ['a'], columns: [textColumn(texts)], length: texts.length })
  t.throws(() => alignTable(train, other(['4', '6', 'rotary', '?'])), {
    code: 'invalid_number',
    places: [{ row: 3, column: 'a' }],
    message:
      '"test.csv" has "rotary" in column "a", row 3; "train.csv" has numbers there; --treat-as-missing rotary if it means no value',
  })
  const told: string[] = []
  const gaps = {
    isMissing: (text: string) => text === '?',
    warn: (line: string) => told.push(line),
  }
  t.throws(() => alignTable(train, other(['4', '?', 'rotary']), undefined, gaps), /"rotary"/)
  t.strictSame(alignTable(train, other(['4', '?', null]), undefined, gaps).columns, [
    numbers(4, Number.NaN, Number.NaN),
  ])
  t.strictSame(told, ['"test.csv": "?" means missing in column "a"; "train.csv" has numbers there'])
  t.strictSame(alignTable(train, other([null, null])).columns, [numbers(Number.NaN, Number.NaN)])
})

/** Names that count how often one of them is read. */
function counted(names: readonly string[]) {
  let reads = 0
  const watched = new Proxy(names, {
    get(target, key, receiver) {
      if (typeof key === 'string' && /^\d+$/.test(key)) reads++
      return Reflect.get(target, key, receiver)
    },
  })
  return { names: watched, reads: () => reads }
}

t.test('the work grows with the columns, not with their square', async (t) => {
  const width = 50_000
  const column = numbers(1)
  const columns = Array.from({ length: width }, () => column)
  const own = counted(Array.from({ length: width }, (_, j) => `c${j}`))
  const others = counted(Array.from({ length: width }, (_, j) => `c${width - 1 - j}`))
  const train = read('train.csv', { names: own.names, columns, length: 1 })
  const other = read('test.csv', { names: others.names, columns, length: 1 })
  t.equal(alignTable(train, other).columns.length, width)
  for (const { reads } of [own, others]) t.ok(reads() <= 10 * width, `${reads()} reads of names`)
  for (let j = 0; j < width; j++) findColumn(train.table, `c${j}`)
  t.ok(own.reads() <= 10 * width, `${own.reads()} reads after all were looked for`)
})
