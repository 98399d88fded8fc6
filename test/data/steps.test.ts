/** Steps, and the turns between them. */
import t from 'tap'
import { inTurns, runSteps, type Steps } from '../../src/data/steps.ts'

/** Steps that take longer than others wait for their turn. */
function* slow(done: number[], steps: number): Steps<string> {
  for (let step = 0; step < steps; step++) {
    yield
    const until = performance.now() + 60
    while (performance.now() < until);
    done.push(step)
  }
  return 'all'
}

t.test('others get a turn after a long step, and none is left out', async (t) => {
  const done: number[] = []
  const seen: number[] = []
  const result = await inTurns(slow(done, 3), async () => {
    seen.push(done.length)
  })
  t.equal(result, 'all')
  t.strictSame(done, [0, 1, 2])
  t.strictSame(seen, [1, 2], 'after the last there is nothing to wait for')
})

t.test('who rejects in a turn ends the steps', async (t) => {
  const done: number[] = []
  const stop = async () => {
    throw new Error('stopped')
  }
  await t.rejects(inTurns(slow(done, 3), stop), /stopped/)
  t.strictSame(done, [0])
})

t.test('all at once, and without anybody who wants a turn', async (t) => {
  t.equal(runSteps(slow([], 1)), 'all')
  t.equal(await inTurns(slow([], 2), undefined), 'all')
})
