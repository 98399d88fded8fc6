/** Bodies that a library might leave failing promises behind or take all memory for, sent to the built command. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { cli, startServing } from '../command.ts'
import { passenger } from '../helper.ts'
import { rawPage, varint, writeParquet } from '../parquet.ts'

const fixture = await readFile(join(import.meta.dirname, '../fixtures/passengers.parquet'))

/** A Parquet file whose first column's pages and a later column's name are broken, each of which is an error. */
function breakTwice(): Buffer {
  const broken = Buffer.from(fixture)
  broken.fill(0xff, 4, 12)
  const name = broken.lastIndexOf('Parch')
  broken.write('parch', name)
  return broken
}

/** A passenger whose class is in a page that announces a run of 2^30 levels. */
function announceMuch(): Buffer {
  const run = Buffer.from([6, 0, 0, 0, ...varint(2n ** 31n), 1])
  const number = (name: string) => ({ name, type: 'DOUBLE', values: [1] }) as const
  const text = (name: string) => ({ name, type: 'BYTE_ARRAY', values: ['x'] }) as const
  return writeParquet([
    { ...number('Pclass'), raw: { pages: [rawPage(0, [1, 0, 3, 3], run)] } },
    ...[text('Name'), text('Sex'), number('Age'), number('SibSp'), number('Parch')],
  ])
}

for (const threads of ['auto', '0']) {
  t.test(`no body ends the server with --threads ${threads}`, async (t) => {
    const { child, url, output, kill } = await startServing(process.execPath, [
      ...[cli, 'serve', '--model-dir', 'model_checkpoint', '--port', '0', '--threads', threads],
    ])
    t.teardown(() => kill('SIGKILL'))
    const ask = (type: string, body: string | Buffer<ArrayBuffer>) =>
      fetch(`${url}/invocations`, { method: 'POST', headers: { 'content-type': type }, body })
    const good = await ask('application/x-parquet', Buffer.from(fixture))
    t.equal(good.status, 200)
    const expected = await good.text()
    for (let i = 0; i < 5; i++) {
      for (const body of [breakTwice(), announceMuch()]) {
        const bad = await ask('application/x-parquet', Buffer.from(body))
        t.equal(bad.status, 400)
        t.match(await bad.json(), { code: 'invalid_parquet' })
      }
      const after = await ask('application/x-parquet', Buffer.from(fixture))
      t.equal(await after.text(), expected, 'the next is answered')
    }
    t.equal((await ask('text/csv', passenger.csv)).status, 200)
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    t.strictSame(await ended, [0, null])
    t.notMatch(output(), /unhandledRejection|uncaughtException/)
  })
}
