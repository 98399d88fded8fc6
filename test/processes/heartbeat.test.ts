/** A process that stands still is ended; one that only works hard, and one that was asked late, is not. */
import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import t from 'tap'
import { loadConfig } from '../../src/config.ts'
import { startHeartbeat } from '../../src/processes/heartbeat.ts'
import { startProcess } from '../../src/processes/process.ts'
import { startProcesses } from '../../src/processes/supervisor.ts'
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

t.test('the supervisor says so, counts it, and starts another', async (t) => {
  const lines: Record<string, unknown>[] = []
  const log = pino({}, { write: (line) => void lines.push(JSON.parse(line)) })
  const line = async (msg: string) => {
    for (;;) {
      const found = lines.find((line) => line['msg'] === msg)
      if (found) return found
      await sleep(20)
    }
  }
  const started: ChildProcess[] = []
  const onStart = (message: unknown) =>
    void started.push((message as { process: ChildProcess }).process)
  subscribe('child_process', onStart)
  t.teardown(() => {
    unsubscribe('child_process', onStart)
    for (const child of started) child.kill('SIGKILL')
  })
  const settings = { modelDir: checkpoint, metrics: '127.0.0.1:0', port: '0' }
  const config = loadConfig({}, settings)
  const supervisor = await startProcesses(
    { config, modelsRoot: '', warnings: [] },
    1,
    log,
    2 * BLOCKED_MS,
  )
  const { metrics_url } = await line('metrics')
  const counts = async () => {
    const text = await (await fetch(metrics_url as string)).text()
    return text.match(/^shapserve_process(es_blocked|_restarts)_total .*$/gm)?.sort()
  }
  t.strictSame(await counts(), [
    'shapserve_process_restarts_total 0',
    'shapserve_processes_blocked_total 0',
  ])
  const pid = started[0]?.pid as number
  process.kill(pid, 'SIGSTOP')
  t.match(await line('a process stood still and was ended'), {
    level: pino.levels.values['error'],
    died: pid,
    how: 'signal SIGKILL',
    restart_ms: 1000,
  })
  await line('a process was replaced')
  t.equal((await fetch(`${supervisor.url}/ping`)).status, 200)
  t.strictSame(await counts(), [
    'shapserve_process_restarts_total 1',
    'shapserve_processes_blocked_total 1',
  ])
  await supervisor.drain('test')
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
