/** Connections never take all descriptors. */
import { join } from 'node:path'
import t from 'tap'
import { mostConnections } from '../../src/http/descriptor-limit.ts'

t.test('half of what is granted, 1,024 at most', (t) => {
  const head = 'Limit                     Soft Limit           Hard Limit           Units\n'
  const limits = (soft: string) =>
    `${head}Max core file size        0                    unlimited            bytes\nMax open files            ${soft.padEnd(20)} 4096                 files\n`
  const cases: readonly (readonly [string, number])[] = [
    ['1048576', 1024],
    ['2048', 1024],
    ['1024', 512],
    ['60', 30],
    ['10', 8],
    ['unlimited', 1024],
  ]
  const directory = t.testdir(Object.fromEntries(cases.map(([soft]) => [soft, limits(soft)])))
  for (const [soft, most] of cases) t.equal(mostConnections(join(directory, soft)), most, soft)
  t.equal(mostConnections(join(directory, 'none')), 1024, 'another system')
  t.end()
})
