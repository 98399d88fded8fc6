/** Doubles in their order. */
import fc from 'fast-check'
import t from 'tap'
import { lastDouble, nextDown, nextUp } from '../../src/data/doubles.ts'

const { MAX_VALUE, MIN_VALUE, EPSILON, POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number

t.test('neighbours', (t) => {
  for (const [value, next] of [
    [0, MIN_VALUE],
    [-0, MIN_VALUE],
    [-MIN_VALUE, 0],
    [1, 1 + EPSILON],
    [2 ** -1022 - MIN_VALUE, 2 ** -1022],
    [2 ** 53, 2 ** 53 + 2],
    [MAX_VALUE, POSITIVE_INFINITY],
    [POSITIVE_INFINITY, POSITIVE_INFINITY],
    [NEGATIVE_INFINITY, -MAX_VALUE],
  ] as const) {
    t.equal(nextUp(value), next, `after ${value}`)
    t.equal(nextDown(-value), -next || 0, `before ${-value}`)
  }
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(finite, (value) => {
      const next = nextUp(value)
      const middle = value / 2 + next / 2
      return next > value && nextDown(next) === value && (middle === value || middle === next)
    }),
  )
  t.end()
})

t.test('the last double for which a condition holds, wherever the search begins', (t) => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(finite, finite, (cut, guess) => {
      let asked = 0
      const below = lastDouble((value) => ++asked > 0 && value < cut, guess)
      const upTo = lastDouble((value) => value <= cut, guess)
      return below === nextDown(cut) && upTo === cut && asked < 140
    }),
  )
  for (const guess of [0, 1, -MAX_VALUE, MAX_VALUE]) {
    t.equal(
      lastDouble(() => false, guess),
      NEGATIVE_INFINITY,
    )
    t.equal(
      lastDouble(() => true, guess),
      MAX_VALUE,
    )
    // Halfway between two numbers of 32 bits the even one is taken.
    t.equal(
      lastDouble((value) => Math.fround(value) <= 1, guess),
      1 + 2 ** -24,
    )
  }
  t.end()
})
