/** What control groups grant of processors, for both versions. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { cpuLimit, readCpuQuota } from '../../src/threads/cpu-limit.ts'

/** Returns files of groups as Linux has them: by their place, with their text. */
function groups(t: Test, membership: string, root: NonNullable<Parameters<Test['testdir']>[0]>) {
  const directory = t.testdir({ membership, root })
  return { membership: join(directory, 'membership'), root: join(directory, 'root') }
}

t.test('the least quota of a group and of those around it', (t) => {
  const v2 = groups(t, '0::/pod/service\n', {
    'cpu.max': 'max 100000\n',
    pod: { 'cpu.max': '250000 100000\n', service: { 'cpu.max': '700000 100000\n' } },
  })
  t.equal(readCpuQuota(v2), 2.5)
  t.end()
})

t.test('version 1 under the names that controllers are mounted by', (t) => {
  const own = { 'cpu.cfs_quota_us': '50000\n', 'cpu.cfs_period_us': '100000\n' }
  for (const mount of ['cpu', 'cpu,cpuacct']) {
    const v1 = groups(t, '4:cpu,cpuacct:/a\n3:memory:/a\n', { [mount]: { a: own } })
    t.equal(readCpuQuota(v1), 0.5, mount)
    t.equal(cpuLimit(v1), 1, 'P22 half a processor is one worker')
  }
  const none = { 'cpu.cfs_quota_us': '-1\n', 'cpu.cfs_period_us': '100000\n' }
  t.equal(readCpuQuota(groups(t, '4:cpu:/a\n', { cpu: { a: none } })), Number.POSITIVE_INFINITY)
  t.end()
})

t.test('without a quota, or with one that is not understood, what the machine has', (t) => {
  const cases = ['max 100000', '', 'x y', '100000', '100000 0', '-5 100000', '1e6 100000']
  for (const text of cases) {
    const files = groups(t, '0::/\n', { 'cpu.max': text })
    t.equal(readCpuQuota(files), Number.POSITIVE_INFINITY, text)
    t.equal(cpuLimit(files), availableParallelism())
  }
  t.equal(cpuLimit({ membership: '/none', root: '/none' }), availableParallelism())
  t.end()
})
