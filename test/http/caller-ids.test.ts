/** Ids of requests: answered, logged, and taken from callers only in a form that can stand everywhere. */
import { Writable } from 'node:stream'
import { pino } from 'pino'
import t from 'tap'
import { buildTestApp, passenger, post } from '../helper.ts'

const lines: Record<string, unknown>[] = []
const stream = new Writable({
  write(line, _, done) {
    lines.push(JSON.parse(String(line)))
    done()
  },
})
const app = await buildTestApp(t, { logger: pino({ level: 'info' }, stream) })
const ask = async (headers: Record<string, string>) => {
  lines.length = 0
  const answer = await post(app, '/invocations', 'text/csv', passenger.csv, headers)
  return { answer, line: lines.find(({ msg }) => msg === 'request') ?? {} }
}

t.test('every answer has an id, which the log has too', async (t) => {
  const { answer, line } = await ask({})
  t.match(answer.headers['x-request-id'], /^[0-9a-f-]{36}$/)
  t.equal(line['reqId'], answer.headers['x-request-id'])
  t.notOk('request_id' in line || 'trace_id' in line)
  const bad = await app.inject('/no-such')
  t.equal(bad.json().instance, `urn:uuid:${bad.headers['x-request-id']}`)
})

t.test("a caller's id comes back", async (t) => {
  for (const id of ['a', 'A-1._z', '0'.repeat(64)]) {
    const { answer, line } = await ask({ 'x-request-id': id })
    t.equal(answer.headers['x-request-id'], id)
    t.equal(line['request_id'], id)
    t.match(line['reqId'], /^[0-9a-f-]{36}$/, 'beside its own')
  }
  for (const id of [
    '',
    'a b',
    'a,b',
    '0'.repeat(65),
    'x'.repeat(8192),
    '\u00e9',
    'a"b',
    '<script>',
  ]) {
    const { answer, line } = await ask({ 'x-request-id': id })
    t.equal(answer.headers['x-request-id'], line['reqId'], id.slice(0, 20))
    t.notOk('request_id' in line)
  }
})

t.test('the id of a trace is logged', async (t) => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const span = '00f067aa0ba902b7'
  for (const valid of [
    `00-${trace}-${span}-01`,
    `00-${trace}-${span}-00`,
    `cc-${trace}-${span}-01-later`,
  ])
    t.equal((await ask({ traceparent: valid })).line['trace_id'], trace, valid)
  for (const wrong of [
    '',
    trace,
    `ff-${trace}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span}`,
    `00-${trace}-${span}-011`,
    `00-${trace}\u0007-${span}-01`,
    `cc-${trace}-${span}-01-${'x'.repeat(300)}`,
  ])
    t.notOk('trace_id' in (await ask({ traceparent: wrong })).line, wrong.slice(0, 60))
})
