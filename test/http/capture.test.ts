/** Capturing by the built command: several processes, a stop, a disk that is full. */
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { readCapture } from '../../src/commands/monitor/capture-lines.ts'
import { cli, root, type Serving, shapserve, startServing } from '../command.ts'
import { passenger } from '../helper.ts'

const flags = [
  '--model-dir',
  join(root, 'model_checkpoint'),
  '--port',
  '0',
  '--metrics',
  '127.0.0.1:0',
]

function ask({ url }: Serving, i: number): Promise<Response> {
  const body = JSON.stringify({ ...passenger.object, Age: i })
  const headers = { 'content-type': 'application/json', connection: 'close' }
  return fetch(`${url}/invocations`, { method: 'POST', headers, body })
}

async function samples(serving: Serving): Promise<string> {
  const found = /"metrics_url":"([^"]+)"/.exec(serving.output())
  return await (await fetch(found?.[1] ?? '')).text()
}

async function stop({ child, kill }: Serving): Promise<unknown> {
  const ended = once(child, 'exit')
  kill('SIGTERM')
  return (await ended)[0]
}

async function readAll(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).sort()
  const texts = names.map((name) => readFile(join(directory, name), 'utf8'))
  return (await Promise.all(texts)).flatMap((text) => text.split('\n').slice(0, -1))
}

t.test('each process has files of its own, and a stop writes what waits', async (t: Test) => {
  const directory = join(t.testdir(), 'captured')
  const args = [cli, 'serve', ...flags, '--workers', '2', '--capture', directory]
  const serving = await startServing(process.execPath, args)
  const asked = Array.from({ length: 40 }, (_, i) => i)
  const answers = await Promise.all(asked.map((i) => ask(serving, i)))
  t.ok(answers.every(({ status }) => status === 200))
  t.equal(await stop(serving), 0)
  const names = await readdir(directory)
  t.equal(names.length, 2, 'two processes')
  t.ok(
    names.every((name) => name.endsWith('.jsonl')),
    'finished',
  )
  const ages = (await readAll(directory)).map((line) => {
    const record = readCapture(line)
    return typeof record === 'object' ? JSON.parse(record.data).Age : undefined
  })
  t.strictSame(
    ages.sort((a, b) => a - b),
    asked,
  )
})

t.test('a full disk fails no request: it is counted and said once', async (t: Test) => {
  const directory = join(t.testdir(), 'captured')
  // A file may have 4 KiB: what a disk says that has no more room.
  const command = `ulimit -f 8; exec "${process.execPath}" "${cli}" serve "$@"`
  const args = ['-c', command, 'sh', ...flags, '--capture', directory]
  const serving = await startServing('sh', args)
  for (let i = 0; i < 60; i++) t.equal((await ask(serving, i)).status, 200)
  const count = (text: string) =>
    Number(/capture_dropped_total\{reason="disk"\} (\d+)/.exec(text)?.[1])
  for (let tries = 0; tries < 100 && !(count(await samples(serving)) > 0); tries++) await sleep(50)
  t.ok(count(await samples(serving)) > 0)
  t.equal(serving.output().match(/requests are not captured/g)?.length, 1)
  t.match(serving.output(), /"reason":"disk","code":"EFBIG"/)
  t.equal(await stop(serving), 0)
  for (const line of await readAll(directory)) t.type(readCapture(line), 'object', 'whole lines')
})

t.test('settings that mean nothing are said before the server listens', async (t: Test) => {
  const directory = t.testdir({ file: '' })
  for (const [given, message] of [
    [['--capture', join(directory, 'file')], /--capture: nothing can be written to the directory/],
    [['--capture', directory, '--capture-mask', 'name'], /no column "name"; .*"Name"/],
    [['--capture', directory, '--capture-sample', '0'], /--capture-sample is "0", expected/],
    [
      ['--capture', directory, '--capture-bytes', '5000'],
      /--capture-bytes is 5000, expected at least two files of 67108864 bytes/,
    ],
  ] as const) {
    const { status, stderr } = await shapserve(['serve', ...flags, ...given])
    t.equal(status, 1)
    t.match(stderr, message)
  }
})
