/** Captured requests: their form, what is masked, what is left out, and that no disk holds anybody up. */
import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  type Capture,
  type CaptureOptions,
  createCapture,
} from '../../../src/answering/capture/capture.ts'
import {
  type CaptureFiles,
  openCaptureFiles,
} from '../../../src/answering/capture/capture-files.ts'
import { readMask } from '../../../src/answering/capture/mask.ts'
import { createJobPool } from '../../../src/answering/pool.ts'
import { readCapture } from '../../../src/commands/monitor/capture-lines.ts'
import { buildTestApp, listen, loadCheckpoint, passenger, post } from '../../helper.ts'

const { predictor } = await loadCheckpoint()

/** Files in memory. */
function keep(write: (lines: Buffer) => Promise<void> = async () => {}) {
  const written: string[] = []
  const files: CaptureFiles = {
    async write(lines) {
      // What is not copied before the next turn may be written over.
      const text = lines.toString()
      await write(lines)
      written.push(text)
    },
    rotate: async () => {},
    close: async () => {},
  }
  return { files, lines: () => written.join('').split('\n').slice(0, -1) }
}

const usual = { sample: 100, seed: 1, mask: [], queueBytes: 1 << 20, warn: () => {} }

function open(files: CaptureFiles, told: Partial<CaptureOptions> = {}): Capture {
  return createCapture({ files, ...usual, ...told })
}

type Added = Parameters<Capture['add']>[0]

function exchange(told: Partial<Added> = {}): Added {
  return {
    predictor,
    operation: 'predict',
    media: { essence: 'text/csv', parameters: new Map() },
    bodyType: 'text/csv',
    body: passenger.csv,
    answerType: 'application/json',
    answer: '{"predictions":[]}',
    id: '00000000-0000-4000-8000-000000000000',
    inferenceId: undefined,
    modelId: predictor.modelId,
    masked: [],
    time: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    ...told,
  }
}

t.test("a record has the form of SageMaker's data capture", async (t) => {
  const { files, lines } = keep()
  const capture = open(files)
  capture.add(exchange({ inferenceId: 'caller "7"' }))
  capture.add(exchange({ answer: undefined, body: Buffer.from([0xff, 1]), bodyType: 'text/csv' }))
  capture.add(exchange({ body: Buffer.from('é'), bodyType: 'application/x-npy' }))
  t.equal(await capture.close(1000), 0)
  const [first, second, third] = lines().map((line) => JSON.parse(line))
  t.strictSame(first, {
    captureData: {
      endpointInput: {
        observedContentType: 'text/csv',
        mode: 'INPUT',
        data: passenger.csv,
        encoding: 'CSV',
      },
      endpointOutput: {
        observedContentType: 'application/json',
        mode: 'OUTPUT',
        data: '{"predictions":[]}',
        encoding: 'JSON',
      },
    },
    eventMetadata: {
      eventId: '00000000-0000-4000-8000-000000000000',
      inferenceId: 'caller "7"',
      inferenceTime: '2026-01-02T03:04:05Z',
      modelId: predictor.modelId,
    },
    eventVersion: '0',
  })
  t.strictSame(
    second.captureData,
    {
      endpointInput: {
        observedContentType: 'text/csv',
        mode: 'INPUT',
        data: '/wE=',
        encoding: 'BASE64',
      },
    },
    'what is no UTF-8 is bytes',
  )
  t.equal(third.captureData.endpointInput.data, 'w6k=')
  t.match(capture.counts, { records: 3, dropped: { queue_full: 0, disk: 0 } })
})

t.test('whatever was sent comes back from its line', async (t) => {
  const text = fc.string({ unit: 'binary', maxLength: 200 })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(text, text), { maxLength: 20 }), async (pairs) => {
      const { files, lines } = keep()
      const capture = open(files)
      for (const [body, answer] of pairs) {
        const type = 'application/json'
        capture.add(exchange({ body, answer, bodyType: type, inferenceId: answer }))
      }
      await capture.close(1000)
      const found = lines()
      t.equal(found.length, pairs.length)
      found.forEach((line, i) => {
        const record = JSON.parse(line)
        const [body, answer] = pairs[i] as [string, string]
        t.equal(record.captureData.endpointInput.data, body)
        t.equal(record.captureData.endpointOutput.data, answer)
      })
    }),
    { numRuns: 60 },
  )
})

t.test(
  'lines longer than a block of memory, and many short ones, arrive whole and in order',
  async (t) => {
    const { files, lines } = keep(() => sleep(1))
    const capture = open(files, { queueBytes: 64 << 20 })
    const sizes = [10, 900_000, 5, 300_000, ...Array.from({ length: 3000 }, (_, i) => i % 700)]
    for (const size of sizes) {
      capture.add(exchange({ body: 'é'.repeat(size) }))
      if (size % 97 === 0) await sleep(0)
    }
    t.equal(await capture.close(10_000), 0)
    t.strictSame(
      lines().map((line) => JSON.parse(line).captureData.endpointInput.data.length),
      sizes,
    )
  },
)

t.test('a seed chooses the same requests, about as many as are asked for', (t) => {
  const chosen = (seed: number, sample = 20) => {
    const capture = open(keep().files, { seed, sample })
    const found = Array.from({ length: 5000 }, () => capture.chooses())
    void capture.close(0)
    return found
  }
  t.strictSame(chosen(7), chosen(7))
  t.not(JSON.stringify(chosen(7)), JSON.stringify(chosen(8)))
  const count = chosen(7).filter(Boolean).length
  t.ok(count > 900 && count < 1100, `${count} of 5000`)
  t.ok(chosen(7, 100).every(Boolean))
  t.end()
})

t.test('a disk that does not answer costs memory up to the bound, and no time', async (t) => {
  const warned: Readonly<Record<string, unknown>>[] = []
  const { files } = keep(() => new Promise(() => {}))
  const capture = open(files, { queueBytes: 100_000, warn: (facts) => warned.push(facts) })
  for (let i = 0; i < 2000; i++) capture.add(exchange())
  t.ok(capture.counts.dropped.queue_full > 1700, `${capture.counts.dropped.queue_full}`)
  t.equal(warned.length, 1, 'one line for all of them')
  t.match(warned[0], { reason: 'queue_full' })
  const kept = 2000 - capture.counts.dropped.queue_full
  t.equal(await capture.close(20), kept, 'a stop does not wait for it')
})

t.test('a full disk is counted, left alone for a while, and tried again', async (t) => {
  let isFull = true
  const warned: Readonly<Record<string, unknown>>[] = []
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' })
  const { files, lines } = keep(async () => {
    if (isFull) throw full
  })
  const capture = open(files, { warn: (facts) => warned.push(facts) })
  capture.add(exchange())
  while (capture.counts.dropped.disk === 0) await sleep(20)
  capture.add(exchange())
  t.equal(capture.counts.dropped.disk, 2, 'left alone')
  t.match(warned, [{ reason: 'disk', code: 'ENOSPC', dropped: { disk: 1 } }], 'said once')
  isFull = false
  await sleep(1100)
  capture.add(exchange())
  await capture.close(1000)
  t.equal(capture.counts.records, 1)
  t.equal(lines().length, 1)
})

t.test('bodies that are too large are left out', async (t) => {
  const { files, lines } = keep()
  const capture = open(files, { queueBytes: 64 << 20 })
  t.notOk(capture.takes(2 << 20))
  capture.add(exchange({ answer: 'x'.repeat(1 << 20) }))
  await capture.close(1000)
  t.equal(lines().length, 0)
  t.equal(capture.counts.dropped.too_large, 2)
})

/** What a masked column held must be nowhere in what is written. */
const SECRET = 'Zxqv'
const secret = { ...passenger.object, Name: `${SECRET}, Mr. Kim`, Age: 33.25 }
const values = Object.values(secret)

t.test('masked columns are nowhere in a record, in every form of rows', async (t) => {
  const json = (value: unknown) => ['application/json', JSON.stringify(value)] as const
  const names = Object.keys(secret)
  const csvRow = `3,"${SECRET}, Mr. Kim",male,33.25,0,0\n`
  for (const [what, [type, body]] of [
    ['an object', json(secret)],
    ['other names beside it', json({ ...secret, Cabin: SECRET, note: SECRET })],
    ['instances', json({ instances: [secret, secret] })],
    ['instances of lists', json({ instances: [values] })],
    ['features', json({ instances: [{ features: values }] })],
    ['a list', json(values)],
    ['lists', json([values, values])],
    ['records', json({ dataframe_records: [secret] })],
    ['split', json({ dataframe_split: { columns: names, data: [values], index: [SECRET] } })],
    ['columns', json({ inputs: Object.fromEntries(names.map((name, j) => [name, [values[j]]])) })],
    ['CSV', ['text/csv', csvRow]],
    ['CSV with a header', ['text/csv', `${names.join(',')}\n${csvRow}`]],
    [
      'JSON Lines',
      ['application/jsonlines', `${JSON.stringify(secret)}\n${JSON.stringify(values)}`],
    ],
  ] as const) {
    const { files, lines } = keep()
    const capture = open(files, { mask: ['Name', 'Age'] })
    const app = await buildTestApp(t, { capture, page: false })
    const answer = await post(app, '/invocations', type, body)
    t.equal(answer.statusCode, 200, `${what}: ${answer.body}`)
    await capture.close(1000)
    const [line = ''] = lines()
    t.ok(line.includes('"endpointInput"'), `${what} is captured`)
    t.notOk(line.includes(SECRET) || line.includes('33.25'), `${what}: ${line}`)
    const record = JSON.parse(line)
    t.strictSame(record.eventMetadata.maskedColumns, ['Name', 'Age'])
    t.equal(record.captureData.endpointOutput.data, answer.body)
    // The columns that are left are those that were sent.
    const data = record.captureData.endpointInput.data as string
    const again = await post(
      app,
      '/invocations',
      record.captureData.endpointInput.observedContentType,
      data,
    )
    const hasRows = type === 'text/csv' ? /3,,male,,0,0/ : /"Pclass":3,"Name":null,"Sex":"male"/
    t.match(data, hasRows, what)
    t.ok(again.statusCode === 200 || /Name|Age/.test(again.body), again.body)
  }
})

t.test(
  'what columns cannot be left out of is not captured, and answers that tell them are not',
  async (t) => {
    const { files, lines } = keep()
    const capture = open(files, { mask: ['Name'] })
    const app = await buildTestApp(t, { capture, page: false })
    const tensors = {
      inputs: Object.entries(secret).map(([name, value]) => ({
        name,
        shape: [1],
        datatype: typeof value === 'string' ? 'BYTES' : 'FP64',
        data: [value],
      })),
    }
    const json = 'application/json'
    const infer = await post(app, '/v2/models/model/infer', json, JSON.stringify(tensors))
    t.equal(infer.statusCode, 200, infer.body)
    t.equal((await post(app, '/explain', json, JSON.stringify(secret))).statusCode, 200)
    const csv = await post(app, '/explain', json, JSON.stringify(secret), { accept: 'text/csv' })
    t.equal(csv.statusCode, 200)
    const asked = { instances: [secret], parameters: { warnings: true } }
    t.equal((await post(app, '/invocations', json, JSON.stringify(asked))).statusCode, 200)
    await capture.close(1000)
    t.equal(capture.counts.dropped.masked, 1, 'tensors')
    const records = lines().map((line) => JSON.parse(line).captureData)
    t.equal(records.length, 3)
    t.ok(records.every(({ endpointOutput }) => endpointOutput === undefined))
    t.notOk(lines().join('').includes(SECRET))
  },
)

t.test('a body that a worker gets is captured as it was', async (t) => {
  const { files, lines } = keep()
  const pool = createJobPool(1)
  t.teardown(() => pool.close())
  const capture = open(files, { queueBytes: 8 << 20 })
  const app = await buildTestApp(t, { capture, pool, limits: { maxRows: 10_000 } })
  const body = `${passenger.csv}\n`.repeat(3000)
  const answer = await post(app, '/invocations', 'text/csv', body, { accept: 'text/csv' })
  t.equal(answer.statusCode, 200)
  await capture.close(1000)
  const { endpointInput, endpointOutput } = JSON.parse(lines()[0] as string).captureData
  t.ok(endpointInput.data === body && endpointOutput.data === answer.body)
})

t.test('a mask names columns of the model', (t) => {
  t.strictSame(readMask(' Name, Age,', predictor), ['Name', 'Age'])
  t.strictSame(readMask('anything', undefined), ['anything'], 'of models that are not there yet')
  t.throws(() => readMask('Name,age', predictor), {
    code: 'invalid_parameter',
    message: /--capture-mask: the model has no column "age".*"Age"/,
  })
  t.end()
})

t.test(
  'answers of all routes are captured alike, one row or several, refusals never',
  async (t) => {
    const { files, lines } = keep()
    const capture = open(files)
    const app = await buildTestApp(t, { capture })
    const url = `http://127.0.0.1:${await listen(app)}`
    const ask = async (path: string, type: string, body: string) => {
      const answer = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      })
      return {
        status: answer.status,
        id: answer.headers.get('x-request-id'),
        text: await answer.text(),
      }
    }
    const object = JSON.stringify(passenger.object)
    const asked = [
      ['/invocations', 'application/json', object],
      ['/invocations', 'text/csv', passenger.csv],
      ['/invocations', 'text/csv', `${passenger.csv}\n${passenger.csv}`],
      ['/explain', 'application/json', object],
      ['/explain?top=2', 'application/json', object],
      ['/v1/models/model:predict', 'application/json', `{"instances":[${object}]}`],
    ] as const
    const answers: Awaited<ReturnType<typeof ask>>[] = []
    for (const [path, type, body] of asked) answers.push(await ask(path, type, body))
    t.equal((await ask('/invocations', 'text/csv', 'nonsense')).status, 400)
    await capture.close(1000)
    const records = lines().map((line) => JSON.parse(line))
    t.equal(records.length, asked.length)
    records.forEach(({ captureData, eventMetadata }, i) => {
      t.equal(captureData.endpointInput.data, asked[i]?.[2])
      t.equal(captureData.endpointOutput.data, answers[i]?.text)
      t.equal(eventMetadata.eventId, answers[i]?.id)
    })
  },
)

t.test(
  'files grow by lines, are finished by size and age, and stay within their bound',
  async (t: Test) => {
    const directory = join(t.testdir(), 'a', 'b')
    const options = { directory, fileBytes: 1000, fileSeconds: 1, totalBytes: 4000 }
    const files = await openCaptureFiles(options)
    const names = async () => (await readdir(directory)).sort()
    const line = (i: number) => Buffer.from(`${String(i).padStart(299, '0')}\n`)
    await files.write(line(0))
    t.match(await names(), [/^capture-\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}-0\.jsonl\.part$/])
    const [first = ''] = await names()
    t.equal((await stat(join(directory, first))).mode & 0o777, 0o600)
    t.equal((await stat(directory)).mode & 0o777, 0o700)
    for (let i = 1; i < 40; i++) {
      await files.write(line(i))
      await sleep(1)
    }
    const sizes = await Promise.all(
      (await names()).map(async (name) => (await stat(join(directory, name))).size),
    )
    const total = sizes.reduce((sum, size) => sum + size, 0)
    t.ok(total <= 4000 && total >= 2400, `${total} bytes in ${sizes.length} files`)
    await files.close()
    const text = (
      await Promise.all((await names()).map((name) => readFile(join(directory, name), 'utf8')))
    ).join('')
    t.match(text, /0039\n$/, 'the newest are kept')
    t.notOk((await names()).some((name) => name.endsWith('.part')))
    const others = await openCaptureFiles(options)
    await others.write(line(50))
    await others.rotate()
    t.equal((await names()).filter((name) => name.endsWith('.part')).length, 1)
    await sleep(1050)
    await others.rotate()
    t.equal((await names()).filter((name) => name.endsWith('.part')).length, 0, 'old enough')
    await others.close()
  },
)

t.test(
  'a directory that was removed is made again, and what went with it is told',
  async (t: Test) => {
    const directory = join(t.testdir(), 'captured')
    const files = await openCaptureFiles({
      directory,
      fileBytes: 1 << 20,
      fileSeconds: 60,
      totalBytes: 1 << 22,
    })
    await files.write(Buffer.from('{"a":1}\n'))
    await files.rotate()
    await rm(directory, { recursive: true })
    await t.rejects(files.rotate(), { code: 'ENOENT' })
    await files.rotate()
    await files.write(Buffer.from('{"b":2}\n'))
    await files.close()
    const [name = '', ...others] = await readdir(directory)
    t.strictSame(others, [])
    t.equal(await readFile(join(directory, name), 'utf8'), '{"b":2}\n')
  },
)

t.test('the newest files of a process are kept though the clock is set back', async (t: Test) => {
  const directory = t.testdir()
  const line = (i: number) => Buffer.from(`${String(i).padStart(999, '0')}\n`)
  const options = { directory, fileBytes: 1000, fileSeconds: 60, totalBytes: 4000 }
  const files = await openCaptureFiles(options)
  const now = Date.now()
  const RealDate = globalThis.Date
  t.teardown(() => {
    globalThis.Date = RealDate
  })
  for (let i = 0; i < 12; i++) {
    const time = now - i * 3_600_000
    globalThis.Date = class extends RealDate {
      constructor() {
        super(time)
      }
      static override now = () => time
    } as DateConstructor
    await files.write(line(i))
  }
  await files.close()
  const texts = await Promise.all(
    (await readdir(directory)).map((name) => readFile(join(directory, name), 'utf8')),
  )
  t.strictSame(
    texts.map(Number).sort((a, b) => a - b),
    [8, 9, 10, 11],
  )
})

t.test('what a killed process has left is finished without its torn line', async (t: Test) => {
  const directory = t.testdir()
  const name = (i: number) => `capture-20260101T000000.000Z-0123abcd-${i}.jsonl`
  const long = 'x'.repeat(100_000)
  await writeFile(join(directory, `${name(0)}.part`), `{"a":1}\n{"b":2}\n{"torn": "${long}`)
  await writeFile(join(directory, `${name(1)}.part`), 'nothing whole')
  await writeFile(join(directory, `${name(2)}.part`), '{"is":"written"}\n{"now')
  await writeFile(join(directory, 'notes.part'), 'not ours')
  const old = new Date(Date.now() - 3_600_000)
  for (const file of [`${name(0)}.part`, `${name(1)}.part`, 'notes.part'])
    await utimes(join(directory, file), old, old)
  const files = await openCaptureFiles({
    directory,
    fileBytes: 1 << 20,
    fileSeconds: 1,
    totalBytes: 1 << 22,
  })
  t.strictSame((await readdir(directory)).sort(), [name(0), `${name(2)}.part`, 'notes.part'])
  t.equal(await readFile(join(directory, name(0)), 'utf8'), '{"a":1}\n{"b":2}\n')
  await files.close()
})

t.test(
  'a directory that cannot be written is said at once; one whose place is taken later is counted',
  async (t: Test) => {
    const directory = t.testdir({ file: '' })
    const open2 = (path: string) =>
      openCaptureFiles({ directory: path, fileBytes: 1000, fileSeconds: 1, totalBytes: 4000 })
    await t.rejects(open2(join(directory, 'file')), {
      code: 'invalid_parameter',
      message: /^--capture: nothing can be written to the directory .*file": E/,
    })
    const gone = join(directory, 'gone')
    const files = await open2(gone)
    await rm(gone, { recursive: true })
    await writeFile(gone, 'no directory')
    const capture = open(files)
    capture.add(exchange())
    await capture.close(1000)
    t.equal(capture.counts.dropped.disk, 1)
  },
)

t.test('lines that are no records are told from those that are', (t) => {
  for (const line of ['', 'x', '1', 'null', '[]', '{}', '{"captureData":1}'])
    t.equal(readCapture(line), undefined, line)
  t.equal(readCapture('{"captureData":{}}'), 'no_input')
  t.equal(readCapture('{"captureData":{"endpointInput":{"data":1}}}'), undefined)
  t.strictSame(readCapture('{"captureData":{"endpointInput":{"data":"1,2","encoding":"CSV"}}}'), {
    type: 'text/csv',
    data: '1,2',
    isBase64: false,
    modelId: undefined,
    masked: [],
  })
  t.end()
})
