/** A process that stands still is ended; one that only works hard, and one that was asked late, is not. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { loadConfig } from '../../src/config.ts'
import { startHeartbeat } from '../../src/processes/heartbeat.ts'
import { startProcess } from '../../src/processes/process.ts'
import { checkpoint } from '../helper.ts'

const BLOCKED_MS = 500

t.test('a process that is stopped is ended, one that answers is not', async (t) => {
  const config = loadConfig({}, { modelDir: checkpoint })
  const options = { config, modelsRoot: '', warnings: [] }
  const served = startProcess(options, 1, BLOCKED_MS)
  t.teardown(() => served.kill())
  await served.ready
  served.open()
  const early = await Promise.race([served.ended, sleep(4 * BLOCKED_MS, 'lives')])
  t.equal(early, 'lives')
  process.kill(served.pid as number, 'SIGSTOP')
  t.match(await served.ended, { how: 'signal SIGKILL', wasBlocked: true })
  t.notOk(served.takes)
})

t.test('a process that somebody else ends was not blocked', async (t) => {
  const config = loadConfig({}, { modelDir: checkpoint })
  const served = startProcess({ config, modelsRoot: '', warnings: [] }, 1, BLOCKED_MS)
  await served.ready
  served.kill()
  t.match(await served.ended, { how: 'signal SIGKILL', wasBlocked: false })
})

t.test('questions count, not the time', async (t) => {
  let asked = 0
  let givenUp = 0
  const heart = startHeartbeat(
    () => asked++,
    () => givenUp++,
    100,
  )
  // This process stands still itself for longer than the limit, as one that was stopped and goes on.
  for (const until = performance.now() + 300; performance.now() < until; );
  await sleep(25)
  t.equal(givenUp, 0)
  heart.beat()
  while (givenUp === 0) await sleep(10)
  t.ok(asked >= 10, `${asked} questions`)
  heart.stop()
})
