/** Requests near the limit of memory: refused, but never all of them, and let in again once there is room. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { InputError } from '../../src/errors.ts'
import { createMemoryGuard } from '../../src/http/memory-guard.ts'
import { buildTestApp, checkProblem, passenger, post } from '../helper.ts'

const overloaded = new InputError('overloaded', 'the service is short of memory; try again')

t.test('one at a time beyond 85 % of the limit', async (t) => {
  let used = 84
  let collected = 0
  const collect = async () => {
    collected++
    used = 50
  }
  const guard = createMemoryGuard({ limit: 100, used: () => used, collect })
  for (let i = 0; i < 10; i++) guard.enter()
  t.equal(guard.inside, 10)
  used = 86
  // It looks from time to time only.
  while (guard.refused === 0) {
    try {
      guard.enter()
      guard.leave()
    } catch (error) {
      t.strictSame(error, overloaded)
    }
    await sleep(1)
  }
  t.equal(collected, 1)
  guard.enter()
  t.equal(guard.inside, 11, 'what was collected is known at once')
  for (let i = 0; i < 11; i++) guard.leave()
})

t.test('whoever is alone is let in', (t) => {
  const guard = createMemoryGuard({ limit: 100, used: () => 99, collect: async () => {} })
  for (let i = 0; i < 3; i++) {
    guard.enter()
    t.throws(() => guard.enter(), overloaded)
    guard.leave()
  }
  t.equal(guard.refused, 3)
  t.end()
})

t.test('every request that is let in leaves, whatever becomes of it', async (t) => {
  const memory = createMemoryGuard({ limit: 100, used: () => 99, collect: async () => {} })
  const app = await buildTestApp(t, { memory })
  const type = 'text/csv'
  for (const body of [passenger.csv, 'nonsense', 'x'.repeat(2 << 20), '']) {
    await post(app, '/invocations', type, body)
    t.equal(memory.inside, 0)
  }
  memory.enter()
  const refused = await post(app, '/invocations', type, passenger.csv)
  checkProblem(t, refused, 503, 'overloaded', /short of memory/)
  t.equal((await app.inject({ url: '/ping' })).statusCode, 200, 'health is answered')
  t.equal(memory.inside, 1)
})
