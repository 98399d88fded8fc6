/** Computing in turns: what comes when, and what is refused. */
import t from 'tap'
import { InputError } from '../../src/errors.ts'
import { createTurns, type Turns } from '../../src/http/turns.ts'

const limits = { turnMs: 1, mostTurnMs: 1, waitMs: 10 }
const HEAVY = 2

function spin(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

/** Waits until work that comes would begin at once. */
async function rest(turns: Turns): Promise<void> {
  while (turns.isBusy) await new Promise(setImmediate)
}

t.test('the event loop breathes between turns', async (t) => {
  const turns = createTurns({ ...limits, waitMs: 1000 })
  let looks = 0
  let isOver = false
  const look = () => {
    looks++
    if (!isOver) setImmediate(look)
  }
  look()
  const begun: number[] = []
  const work = (i: number) => () => {
    begun.push(looks)
    spin(2)
    return i
  }
  const ask = (_: unknown, i: number) => turns.run(HEAVY, work(i), () => {})
  const answers = Array.from({ length: 12 }, ask)
  t.equal(answers[0], 0, 'the first one at once, without a promise')
  t.equal(turns.waiting, 11)
  t.ok(turns.isBusy)
  t.strictSame(await Promise.all(answers), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  const looksBetween = begun.slice(1).map((at, i) => at - begun[i]!)
  t.ok(Math.min(...looksBetween) >= 10, `many looks between two turns: ${looksBetween}`)
  isOver = true
  await rest(turns)
})

t.test('what would wait too long is refused, whatever it is', async (t) => {
  const turns = createTurns(limits)
  const run = (ms: number) => {
    try {
      return turns.run(
        ms,
        () => spin(2),
        () => {},
      )
    } catch (error) {
      return error
    }
  }
  const first = Array.from({ length: 20 }, () => run(HEAVY))
  const refused = first.filter((answer) => answer instanceof InputError)
  t.equal(refused.length, 20 - 1 - 5, 'one begins, five of 2 ms wait')
  t.ok(refused.every((error) => error instanceof InputError && error.code === 'overloaded'))
  t.equal(turns.refused, refused.length)
  t.notOk(run(0.4) instanceof InputError, 'light work has a line of its own')
  await Promise.all(first.filter((answer) => answer instanceof Promise))
  await rest(turns)
  const large = [run(1000), run(1000), run(1000)]
  t.notOk(large[0] instanceof InputError, 'alone, anything may begin')
  t.notOk(large[1] instanceof InputError, 'and one may wait')
  t.ok(large[2] instanceof InputError)
  await large[1]
})

t.test('light work does not wait for heavy work', async (t) => {
  const turns = createTurns({ ...limits, waitMs: 1000 })
  const order: string[] = []
  const run = (name: string, ms: number) =>
    turns.run(
      ms,
      () => {
        order.push(name)
        spin(2)
      },
      () => {},
    )
  const all = [...['a', 'b', 'c', 'd'].map((name) => run(name, HEAVY)), run('light', 0.1)]
  await Promise.all(all)
  t.strictSame(order, ['a', 'light', 'b', 'c', 'd'])
})

t.test('errors go to whoever asked, and the next turn comes', async (t) => {
  const turns = createTurns(limits)
  const fail = () => {
    spin(2)
    throw new RangeError('a defect')
  }
  const times: number[] = []
  const learn = (ms: number) => void times.push(ms)
  t.throws(() => turns.run(HEAVY, fail, learn), new RangeError('a defect'))
  await t.rejects(async () => turns.run(HEAVY, fail, learn), new RangeError('a defect'))
  t.equal(await turns.run(HEAVY, () => 5, learn), 5)
  t.equal(await turns.run(HEAVY, async () => 6, learn), 6)
  t.equal(times.length, 4, 'the time of all of them is known')
  t.ok(times.slice(0, 2).every((ms) => ms >= 2))
})
