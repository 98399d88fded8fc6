/** Memory that comes back: of an idle thread by itself, of large bytes at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { collectWhenIdle, freeMemory } from '../../src/answering/collect-garbage.ts'

const MIB = 1 << 20

t.test('an idle thread gives back what it needs no more', async (t) => {
  const stop = collectWhenIdle()
  t.teardown(stop)
  const before = process.memoryUsage().arrayBuffers
  // Held by nobody, and too few objects for the engine to look for them.
  for (let i = 0; i < 20; i++) new Uint8Array(MIB).fill(1)
  for (let waited = 0; process.memoryUsage().arrayBuffers > before + MIB; waited++) {
    if (waited > 300) return t.fail('nothing was given back in half a minute')
    await sleep(100)
  }
})

t.test('large memory is given back at once', (t) => {
  const large = Buffer.from(new ArrayBuffer(MIB))
  freeMemory(large)
  t.equal(large.length, 0)
  t.doesNotThrow(() => freeMemory(large), 'again')
  const small = Buffer.from('a,b')
  freeMemory(small)
  t.equal(small.toString(), 'a,b', 'what shares its memory with others stays')
  const shared = new Uint8Array(new SharedArrayBuffer(MIB))
  freeMemory(shared)
  t.equal(shared.length, MIB, 'what other threads see stays')
  t.end()
})
