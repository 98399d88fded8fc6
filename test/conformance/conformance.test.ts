/** The contract cases against the built command. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { cli } from '../command.ts'
import { runCases } from './runner.ts'

t.setTimeout(180_000)

t.test('the service meets every contract case', { timeout: 180_000 }, async (t) => {
  const file = join(import.meta.dirname, '../fixtures/contract-cases.jsonl')
  await runCases(await readFile(file, 'utf8'), {
    cli,
    report: ({ id, reason }) => (reason === undefined ? t.pass(id) : t.fail(`${id}: ${reason}`)),
  })
})
