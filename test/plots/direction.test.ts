/** Which values push a column of texts down and up. */
import t from 'tap'
import { extremesOf } from '../../src/plots/direction.ts'

const cells = [...Array(6).fill('a'), ...Array(6).fill('b'), 'rare', null]
const pushes = (a: number, b: number) => [...Array(6).fill(a), ...Array(6).fill(b), 9, 9]

t.test('the extremes are those that many rows have', (t) => {
  t.strictSame(extremesOf(cells, pushes(0.25, -0.5)), { low: 'b', high: 'a' })
  t.equal(extremesOf([1, 2, null], [1, 2, 3]), undefined, 'a column of numbers')
  t.end()
})

t.test('values that push alike have no order', (t) => {
  t.equal(extremesOf(cells, pushes(0, 0)), undefined)
  t.equal(extremesOf(cells, pushes(0.5, 0.5)), undefined)
  t.end()
})
