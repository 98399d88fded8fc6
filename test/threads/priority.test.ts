/** Threads that compute give way to the event loop, which keeps its own priority. */
import { once } from 'node:events'
import { getPriority } from 'node:os'
import { Worker } from 'node:worker_threads'
import t from 'tap'

t.test('a thread gives way by itself alone', async (t) => {
  const before = getPriority(0)
  const module = new URL('../../src/threads/priority.ts', import.meta.url).href
  const worker = new Worker(
    `const { giveWay } = await import(${JSON.stringify(module)})
     const { getPriority } = await import('node:os')
     const { parentPort } = await import('node:worker_threads')
     giveWay()
     parentPort.postMessage(getPriority(0))`,
    { eval: true },
  )
  const [own] = await once(worker, 'message')
  await worker.terminate()
  t.equal(own, process.platform === 'linux' ? Math.min(19, before + 5) : before)
  t.equal(getPriority(0), before)
})
