/** The limit of memory that a control group sets, as Linux tells of it in files. */
import { join } from 'node:path'
import t from 'tap'
import { memoryLimit, readCgroupLimit } from '../../src/tables/memory-limit.ts'

const MEGABYTE = 1 << 20

/** Directories by name, files by content. */
interface Tree {
  readonly [name: string]: string | Tree
}

const cases: readonly [name: string, membership: string, root: Tree, limit: number][] = [
  ['no group', '', {}, Number.POSITIVE_INFINITY],
  ['no limit', '0::/\n', { 'memory.max': 'max\n', 'memory.high': 'max\n' }, Infinity],
  [
    'version 2 in a container',
    '0::/\n',
    { 'memory.max': '838860800\n', 'memory.high': 'max\n' },
    800 * MEGABYTE,
  ],
  [
    'where a process is slowed down',
    '0::/\n',
    { 'memory.max': '838860800\n', 'memory.high': '734003200\n' },
    700 * MEGABYTE,
  ],
  [
    'a group around its own',
    '0::/pod/container\n',
    { pod: { 'memory.max': '524288000\n', container: { 'memory.max': 'max\n' } } },
    500 * MEGABYTE,
  ],
  [
    'version 2 beside version 1',
    '4:memory:/\n0::/a\n',
    { unified: { a: { 'memory.max': '104857600\n' } } },
    100 * MEGABYTE,
  ],
  [
    'version 1',
    '5:cpu,cpuacct:/x\n4:memory:/docker/1\n',
    { memory: { docker: { 1: { 'memory.limit_in_bytes': '838860800\n' } } } },
    800 * MEGABYTE,
  ],
  [
    'version 1 seen from within',
    '4:memory:/docker/1\n0::/\n',
    { memory: { 'memory.limit_in_bytes': '838860800\n' } },
    800 * MEGABYTE,
  ],
  [
    'a path outside of what is seen',
    '0::/../../outer\n',
    { 'memory.max': '838860800\n' },
    800 * MEGABYTE,
  ],
]

t.test('the least limit around a process counts', (t) => {
  cases.forEach(([name, membership, root, limit], i) => {
    const base = t.testdir({ [`case${i}`]: { membership, root } })
    const files = {
      membership: join(base, `case${i}/membership`),
      root: join(base, `case${i}/root`),
    }
    t.equal(readCgroupLimit(files), limit, name)
    if (limit < 2 ** 30) t.equal(memoryLimit(files), limit, name)
  })
  t.end()
})

t.test('without files it is what the machine has', (t) => {
  const nowhere = { membership: '/nonexistent', root: '/nonexistent' }
  t.ok(memoryLimit(nowhere) > 2 ** 28 && memoryLimit(nowhere) < 2 ** 50)
  t.ok(memoryLimit() <= memoryLimit(nowhere))
  t.end()
})
