/** Packed request bodies: what is read, what is refused, and what they may unpack to (reliability.md 2.2, C10 to C13). */
import { randomBytes } from 'node:crypto'
import { deflateSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { type Body, buildTestApp, checkProblem, passenger, post } from '../helper.ts'

const app = await buildTestApp(t)
const JSON_TYPE = 'application/json'
const CSV_TYPE = 'text/csv'
const object = JSON.stringify(passenger.object)
const tensors = JSON.stringify({
  id: '1',
  inputs: [{ name: 'x', shape: [6], datatype: 'BYTES', data: passenger.list }],
})
const bodyRoutes = [
  '/invocations',
  '/explain',
  '/v1/models/model:predict',
  '/v2/models/model/infer',
]
const zipped = gzipSync(passenger.csv)
const unread: [name: string, encoding: string, body: Body][] = [
  ['C10 deflate', 'deflate', deflateSync(passenger.csv)],
  ['C10 br', 'br', passenger.csv],
  ['C10 zstd', 'zstd', passenger.csv],
  ['C10 what does not exist', 'zip', passenger.csv],
  ['C10 no name', '', passenger.csv],
  ['C13 gzip twice', 'gzip, gzip', gzipSync(zipped)],
  ['C13 gzip ten times', Array.from({ length: 10 }, () => 'gzip').join(', '), zipped],
  ['C13 identity and gzip', 'identity, gzip', zipped],
]
for (const [name, encoding, body] of unread) {
  t.test(`${name} is not read`, async (t) => {
    for (const url of bodyRoutes) {
      const answer = await post(app, url, CSV_TYPE, body, { 'content-encoding': encoding })
      checkProblem(t, answer, 415, 'unsupported_encoding', /Content-Encoding ".*uncompressed/)
      t.equal(answer.headers['accept-encoding'], 'gzip, identity')
    }
  })
}

const broken: [name: string, body: Body, detail: RegExp][] = [
  ['C10 bytes that are not gzip', passenger.csv, /does not begin as gzip does/],
  ['C10 zlib without the head of gzip', deflateSync(passenger.csv), /does not begin/],
  ['C12 a gzip body cut in its end', zipped.subarray(0, -3), /cut short/],
  ['C12 a gzip body cut short', zipped.subarray(0, -9), /cut short/],
  ['C12 a gzip body cut in its head', zipped.subarray(0, 4), /cut short/],
  ['C12 a wrong checksum', zipped.with(zipped.length - 8, 7), /incorrect data check/],
  ['C12 a wrong size', zipped.with(zipped.length - 4, 7), /incorrect length check/],
  ['C12 a byte behind it', Buffer.concat([zipped, Buffer.from('1')]), /cut short/],
  ['C12 a line behind it', Buffer.concat([zipped, Buffer.from(passenger.csv)]), /does not begin/],
  ['C12 zeros behind it', Buffer.concat([zipped, Buffer.alloc(9)]), /9 bytes behind/],
  ['C12 half a member behind it', Buffer.concat([zipped, zipped.subarray(0, 20)]), /cut short/],
]
for (const [name, body, detail] of broken) {
  t.test(`${name} is refused`, async (t) => {
    for (const url of bodyRoutes) {
      const answer = await post(app, url, CSV_TYPE, body, { 'content-encoding': 'gzip' })
      checkProblem(t, answer, 400, 'invalid_gzip', detail)
    }
  })
}

t.test('C10 a packed body is answered as its bytes are, by every route', async (t) => {
  const rows: [url: string, type: string, body: string][] = [
    ['/invocations', CSV_TYPE, passenger.csv],
    ['/explain', JSON_TYPE, object],
    ['/v1/models/model:predict', JSON_TYPE, `{"instances":[${object}]}`],
    ['/v2/models/model/infer', JSON_TYPE, tensors],
  ]
  for (const [url, type, body] of rows) {
    const plain = await post(app, url, type, body)
    t.equal(plain.statusCode, 200, url)
    const [head, tail] = [body.slice(0, 9), body.slice(9)]
    const members = Buffer.concat([gzipSync(head), gzipSync(''), gzipSync(tail)])
    for (const [encoding, packed] of [
      ['gzip', gzipSync(body)],
      ['GZIP', gzipSync(body, { level: 0 })],
      ['x-gzip', gzipSync(body)],
      ['gzip', members],
    ] as const) {
      const answer = await post(app, url, type, packed, { 'content-encoding': encoding })
      t.equal(answer.body, plain.body, `${url} ${encoding}`)
    }
    const empty = await post(app, url, type, gzipSync(''), { 'content-encoding': 'gzip' })
    checkProblem(t, empty, 400, 'empty_body')
    const none = await post(app, url, type, '', { 'content-encoding': 'gzip' })
    checkProblem(t, none, 400, 'empty_body')
  }
})

t.test('C11 the limit of a body holds for what it unpacks to', async (t) => {
  const maxBodyBytes = 5000
  const app = await buildTestApp(t, { maxBodyBytes, bodyBudget: 3 * maxBodyBytes })
  const ofSize = (bytes: number) => passenger.csv.padEnd(bytes, '\n')
  const ask = (body: Buffer) =>
    post(app, '/invocations', CSV_TYPE, body, { 'content-encoding': 'gzip' })
  t.equal((await ask(gzipSync(ofSize(maxBodyBytes)))).statusCode, 200, 'as large as it may be')
  const liar = gzipSync(Buffer.alloc(4 << 20))
  liar.writeUInt32LE(3, liar.length - 4)
  for (const [name, body] of [
    ['one byte more', gzipSync(ofSize(maxBodyBytes + 1))],
    [
      'one byte more in two members',
      Buffer.concat([gzipSync(ofSize(maxBodyBytes)), gzipSync('1')]),
    ],
    ['a size that lies', liar],
    ['a bomb', gzipSync(Buffer.alloc(4 << 20))],
  ] as const) {
    await t.test(name, async (t) => {
      for (let i = 0; i < 5; i++) checkProblem(t, await ask(body), 413, 'too_large', /unpacks to/)
    })
  }
  checkProblem(t, await ask(randomBytes(maxBodyBytes + 1)), 413, 'too_large', /is larger than/)
  t.equal((await ask(gzipSync(ofSize(maxBodyBytes)))).statusCode, 200, 'nothing is held any more')
})

t.test('C11 a bomb takes neither the memory nor the time of what it unpacks to', async (t) => {
  const zeros = gzipSync(Buffer.alloc(8 << 20))
  const bomb = Buffer.concat(Array.from({ length: 100 }, () => zeros))
  const before = process.memoryUsage().rss
  for (let i = 0; i < 10; i++) {
    const answer = await post(app, '/invocations', CSV_TYPE, bomb, { 'content-encoding': 'gzip' })
    checkProblem(t, answer, 413, 'too_large', /unpacks to/)
  }
  const grown = process.memoryUsage().rss - before
  t.ok(grown < 100 << 20, `${Math.round(grown / (1 << 20))} MiB of 8000`)
})

t.test('C11 what is unpacked counts as bodies held at once', async (t) => {
  const app = await buildTestApp(t, { bodyBudget: 4000 })
  const ask = (bytes: number) =>
    post(app, '/invocations', CSV_TYPE, gzipSync(passenger.csv.padEnd(bytes, '\n')), {
      'content-encoding': 'gzip',
    })
  t.equal((await ask(3000)).statusCode, 200)
  checkProblem(t, await ask(4001), 503, 'overloaded')
  t.equal((await ask(3000)).statusCode, 200, 'it is given back')
})

t.test('C10 identity is read', async (t) => {
  const answer = await post(app, '/invocations', CSV_TYPE, passenger.csv, {
    'content-encoding': 'Identity',
  })
  t.equal(answer.statusCode, 200)
})
