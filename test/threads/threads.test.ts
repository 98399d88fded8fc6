/** Threads: what crosses to them and back, and what is left when one of them ends. */
import { MessageChannel } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { ArtifactError, InputError } from '../../src/errors.ts'
import { startThreads, type ThreadOptions } from '../../src/threads/threads.ts'
import type { SampleTask } from './sample-thread.ts'

function start(t: Test, options: Partial<ThreadOptions> = {}) {
  const file = new URL('./sample-thread.ts', import.meta.url)
  const threads = startThreads<SampleTask, unknown>(file, { least: 1, most: 1, ...options })
  t.teardown(() => threads.close())
  return threads
}

const setup = { kind: 'setup' } as const
const wait = { kind: 'wait' } as const

t.test('a thread knows its setup, and errors keep their classes', async (t) => {
  const shared = new Uint8Array(new SharedArrayBuffer(4))
  const threads = start(t, { setup: { shared, list: [1, 'a'] } })
  t.strictSame(await threads.run(setup), { shared, list: [1, 'a'] })
  const input = await threads.run({ kind: 'input_error' }).catch((error: unknown) => error)
  if (!(input instanceof InputError)) throw input
  t.equal(input.code, 'missing_value')
  t.equal(input.message, 'row 2, column "a" is empty')
  t.strictSame(input.places, [{ row: 2, column: 'a' }])
  t.equal(input.numberRows((row) => row + 5).message, 'row 7, column "a" is empty')
  await t.rejects(
    threads.run({ kind: 'artifact_error' }),
    new ArtifactError('corrupt', 'a byte differs'),
  )
  await t.rejects(threads.run({ kind: 'error' }), new RangeError('a defect'))
  t.strictSame(await threads.run(setup), { shared, list: [1, 'a'] }, 'no error ends it')
})

t.test('a task may talk with where it came from, beside others', async (t) => {
  const threads = start(t, { tasksPerThread: 10 })
  const numbers = [1, 2, 3].map(async (number) => {
    const { port1, port2 } = new MessageChannel()
    port1.once('message', () => port1.postMessage(number))
    const answer = await threads.run({ kind: 'double', port: port2 }, { transfer: [port2] })
    port1.close()
    return answer
  })
  void threads.run(wait).catch(() => {})
  t.strictSame(await Promise.all(numbers), [2, 4, 6])
})

t.test('an aborted task ends its thread, and the next has another', async (t) => {
  const threads = start(t, { setup: 'kept' })
  await threads.run(setup)
  const controller = new AbortController()
  const running = threads.run(wait, { signal: controller.signal })
  const waiting = threads.run(setup)
  controller.abort()
  await t.rejects(running, { name: 'AbortError' })
  t.equal(await waiting, 'kept')
})

t.test('a thread that dies fails its task, and the next has another', async (t) => {
  let deaths = 0
  const onDeath = () => {
    deaths++
  }
  const threads = start(t, { setup: 'kept', onDeath })
  await t.rejects(threads.run({ kind: 'exit' }), /exited with code: 7/)
  t.equal(await threads.run(setup), 'kept')
  t.equal(deaths, 1)
  await t.rejects(threads.run({ kind: 'error' }), RangeError)
  const controller = new AbortController()
  const running = threads.run(wait, { signal: controller.signal })
  controller.abort()
  await t.rejects(running, { name: 'AbortError' })
  t.equal(deaths, 1, 'errors and aborted tasks are no deaths')
})

t.test('what is over the queue is refused', async (t) => {
  const threads = start(t, { maxQueue: 2 })
  const outcomes = [1, 2, 3, 4].map(() => threads.run(wait).catch((error: unknown) => error))
  const refused = await Promise.race(outcomes)
  if (!(refused instanceof InputError)) throw refused
  t.equal(refused.code, 'overloaded')
  await threads.close()
  const closed = await Promise.all(outcomes)
  t.equal(closed.filter((error) => error === refused).length, 1, 'one of four')
  t.ok(
    closed.every((error) => error instanceof Error),
    'closing ends the others',
  )
})
