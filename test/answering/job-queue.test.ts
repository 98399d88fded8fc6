/** Queues in front of workers: explanations never have more than half of them, and both queues are bounded. */
import fc from 'fast-check'
import t from 'tap'
import type { Job } from '../../src/answering/job.ts'
import { classOf, type JobClass } from '../../src/answering/job-class.ts'
import { createJobQueue, slotsOf } from '../../src/answering/job-queue.ts'
import { InputError } from '../../src/errors.ts'

const { signal } = new AbortController()

/** Lets everybody go on who may. */
const settle = () => new Promise(setImmediate)

t.test('slots', (t) => {
  t.strictSame(slotsOf(1), { predict: 1, explain: 1, all: 2 })
  t.strictSame(slotsOf(2), { predict: 2, explain: 1, all: 2 })
  t.strictSame(slotsOf(5), { predict: 5, explain: 2, all: 5 })
  t.end()
})

t.test(
  'whatever comes and goes, no class has more than its slots, and nobody is forgotten',
  async () => {
    const step = fc.record({
      kind: fc.constantFrom<JobClass>('predict', 'explain'),
      aborts: fc.boolean(),
      leaves: fc.nat({ max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(step), async (workers, steps) => {
        const slots = slotsOf(workers)
        const queue = createJobQueue(slots)
        const running: JobClass[] = []
        let waiting = 0
        let refused = 0
        const enter = async (kind: JobClass, own: AbortSignal) => {
          waiting++
          try {
            await queue.enter(kind, own)
            running.push(kind)
          } catch (error) {
            if (error instanceof InputError && error.code === 'overloaded') refused++
            else if ((error as Error).name !== 'AbortError') throw error
          }
          waiting--
        }
        const all: Promise<void>[] = []
        const check = () => {
          const count = (kind: JobClass) => running.filter((own) => own === kind).length
          for (const kind of ['predict', 'explain'] as const) {
            if (count(kind) > slots[kind] || count(kind) !== queue.running[kind])
              throw new Error(`${count(kind)} of ${kind}`)
            if (queue.waiting[kind] > 2 * slots[kind]) throw new Error('a queue without bound')
          }
          if (running.length > slots.all) throw new Error(`${running.length} run`)
          const hasRoom = running.length < slots.all && count('predict') < slots.predict
          if (queue.waiting.predict > 0 && hasRoom) throw new Error('a slot is not used')
        }
        for (const { kind, aborts, leaves } of steps) {
          const controller = new AbortController()
          all.push(enter(kind, controller.signal))
          if (aborts) controller.abort()
          await settle()
          check()
          for (let i = 0; i < leaves && running.length > 0; i++) queue.leave(running.shift()!)
          await settle()
          check()
        }
        while (running.length > 0) {
          queue.leave(running.shift()!)
          await settle()
          check()
        }
        await Promise.all(all)
        if (waiting > 0 || refused !== queue.refused) throw new Error(`${waiting} are forgotten`)
      }),
      { numRuns: 60 },
    )
  },
)

t.test('one tenant who explains does not keep others from predicting', async (t) => {
  for (const workers of [1, 2, 4]) {
    const queue = createJobQueue(slotsOf(workers))
    const explaining = Array.from({ length: 50 }, () =>
      queue.enter('explain', signal).then(
        () => true,
        () => false,
      ),
    )
    t.ok(queue.isFree('predict'), `${workers}`)
    t.notOk(queue.isFree('explain'), `${workers}`)
    await queue.enter('predict', signal)
    t.ok(queue.refused > 40)
    // Those that wait stay where they are.
    void Promise.all(explaining)
  }
})

t.test('as many short jobs may wait as take half a second', async (t) => {
  const queue = createJobQueue(slotsOf(1))
  await queue.enter('predict', signal, 20)
  const enter = (ms?: number) =>
    queue.enter('predict', signal, ms).then(
      () => true,
      () => false,
    )
  for (let i = 0; i < 40; i++) void enter(20)
  await settle()
  t.equal(queue.waiting.predict, 25)
  t.equal(queue.refused, 15)
  t.notOk(await enter(), 'one of which nothing is known')
  queue.leave('predict')
  void enter(20)
  await settle()
  t.equal(queue.waiting.predict, 25, 'one more when one has gone')
})

t.test('the class of a job is seen in its bytes', (t) => {
  const ofRows = (text: string, own: object) =>
    classOf({ operation: 'predict', body: Buffer.from(text), ...own } as unknown as Job)
  const byBody = { explainByBody: true }
  t.equal(ofRows('1,2', { operation: 'explain' }), 'explain')
  t.equal(ofRows('1,2', { enableExplanations: 'a' }), 'explain')
  t.equal(ofRows('1,2', byBody), 'predict')
  t.equal(ofRows('{"instances":[],"parameters":{"explain":true}}', byBody), 'explain')
  t.equal(ofRows('{"instances":[],"parameters":{"explain":true}}', {}), 'predict')
  t.equal(ofRows('{"parameters":{"expl\\u0061in":true}}', byBody), 'explain', 'an escape')
  t.equal(ofRows('{"name":"Zo\\u00eb"}', byBody), 'predict')
  const infer = (text: string, outputs: readonly string[]) =>
    classOf({ operation: 'infer', body: Buffer.from(text), outputs } as unknown as Job)
  t.equal(infer('{"inputs":[]}', ['predict']), 'predict')
  t.equal(infer('{"inputs":[]}', ['predict', 'explain']), 'explain')
  t.equal(infer('{"outputs":[{"name":"predict"}]}', ['predict', 'explain']), 'predict')
  t.equal(infer('{"outputs":[{"name":"explain"}]}', ['predict']), 'explain')
  t.end()
})
