/** Old Nodes are refused before anything is done. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { refuseOldNode } from '../../src/commands/node-version.ts'
import { root } from '../command.ts'

t.test('those that package.json asks for, and no others', (t) => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [, least = ''] = /^>=(.*)$/.exec(engines.node) ?? []
  for (const version of [
    least,
    `${least}.0`,
    '22.20.1',
    '24.0.0',
    '100.1.0',
    process.versions.node,
  ])
    t.equal(refuseOldNode(version), undefined, version)
  for (const version of ['22.17.9', '22.9.0', '20.20.2', '9.99.0'])
    t.equal(
      refuseOldNode(version),
      `shapserve: this is Node ${version}, and ${least} or newer is needed`,
      version,
    )
  t.end()
})
