/** What is counted: of one process and of several, with labels that no caller can add to. */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createMetrics, joinSamples } from '../../src/http/metrics.ts'
import { cli, type Serving, shapserve, startServing } from '../command.ts'
import { buildTestApp, exchange, listen, passenger, post } from '../helper.ts'

type Series = ReadonlyMap<string, number>

/** Returns the samples of a text in Prometheus' format, by name and labels. */
function parse(text: string): Series {
  const series = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# ')) continue
    const [, name, value] = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)$/.exec(line) ?? []
    if (name === undefined || series.has(name)) throw new Error(`no sample: ${line}`)
    series.set(name, Number(value))
  }
  return series
}

const named = (series: Series, name: string) =>
  Object.fromEntries([...series].filter(([key]) => key === name || key.startsWith(`${name}{`)))

t.test('requests are counted by what they were', async (t) => {
  const metrics = await createMetrics({ depth: { help: 'A number of the moment', value: () => 7 } })
  const app = await buildTestApp(t, { observer: metrics })
  const text = async () => parse(await joinSamples([await metrics.samples()]))
  const json = (row: object, url = '/invocations') =>
    post(app, url, 'application/json', JSON.stringify(row))
  await post(app, '/invocations', 'text/csv', `${passenger.csv}\n${passenger.csv}`)
  await json({ ...passenger.object, Sex: 'Female', Deck: 'C' })
  await json({ ...passenger.object, Age: 'old' })
  await json(passenger.object, '/explain')
  await json({ instances: [passenger.object] }, '/v1/models/model:predict')
  await app.inject('/ping')
  for (let i = 0; i < 3; i++) await app.inject(`/of-a-caller-${i}`)
  await app.inject({ method: 'DELETE', url: '/invocations' })

  const series = await text()
  t.strictSame(named(series, 'shapserve_requests_total'), {
    'shapserve_requests_total{route="/invocations",protocol="sagemaker",status="2xx"}': 2,
    'shapserve_requests_total{route="/invocations",protocol="sagemaker",status="4xx"}': 1,
    'shapserve_requests_total{route="/explain",protocol="shapserve",status="2xx"}': 1,
    'shapserve_requests_total{route="/v1/models/{name}:predict",protocol="kserve",status="2xx"}': 1,
    'shapserve_requests_total{route="/ping",protocol="sagemaker",status="2xx"}': 1,
    'shapserve_requests_total{route="other",protocol="service",status="4xx"}': 4,
  })
  t.strictSame(named(series, 'shapserve_errors_total'), {
    'shapserve_errors_total{code="invalid_number"}': 1,
    'shapserve_errors_total{code="not_found"}': 3,
    'shapserve_errors_total{code="method_not_allowed"}': 1,
  })
  t.strictSame(named(series, 'shapserve_rows_total'), {
    'shapserve_rows_total{route="/invocations"}': 3,
    'shapserve_rows_total{route="/explain"}': 1,
    'shapserve_rows_total{route="/v1/models/{name}:predict"}': 1,
  })
  const invocations = 'route="/invocations"'
  t.equal(series.get(`shapserve_unknown_categories_total{${invocations}}`), 1)
  t.equal(series.get(`shapserve_ignored_columns_total{${invocations}}`), 1)
  t.equal(series.get(`shapserve_request_seconds_count{${invocations}}`), 3)
  t.equal(series.get(`shapserve_request_seconds_bucket{le="+Inf",${invocations}}`), 3)
  t.equal(series.get('shapserve_shed_total'), 0)
  t.equal(series.get('shapserve_depth'), 7)
  t.ok((series.get('process_resident_memory_bytes') as number) > 1e6)
  t.ok(series.has('nodejs_eventloop_lag_p99_seconds'), 'delay of the event loop')
})

t.test('what was refused for want of room, and what nobody waited for', async (t) => {
  const metrics = await createMetrics({})
  const app = await buildTestApp(t, { observer: metrics, bodyBudget: 10, maxBodyBytes: 1000 })
  t.equal((await post(app, '/invocations', 'text/csv', passenger.csv)).statusCode, 503)
  const port = await listen(app)
  const length = `content-length: ${500}\r\n`
  const head = 'POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\n'
  await exchange(port, `${head}connection: close\r\n${length}\r\n${'x'.repeat(500)}`)
  const series = parse(await joinSamples([await metrics.samples()]))
  t.equal(series.get('shapserve_shed_total'), 2)
  t.equal(series.get('shapserve_errors_total{code="overloaded"}'), 2)
})

t.test('one usual row over a connection that is kept counts as any other', async (t) => {
  const metrics = await createMetrics({})
  const port = await listen(await buildTestApp(t, { observer: metrics }))
  for (const path of ['/invocations', '/invocations', '/explain']) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'of-a-caller' },
      body: JSON.stringify({ ...passenger.object, Sex: 'Female' }),
    })
    t.equal(answer.headers.get('x-request-id'), 'of-a-caller')
    await answer.text()
  }
  const series = parse(await joinSamples([await metrics.samples()]))
  const of = (name: string, route: string) => series.get(`shapserve_${name}{route="${route}"}`)
  for (const [route, count] of [
    ['/invocations', 2],
    ['/explain', 1],
  ] as const) {
    for (const name of ['rows_total', 'unknown_categories_total', 'request_seconds_count'])
      t.equal(of(name, route), count, `${name} ${route}`)
  }
})

t.test('any number of odd requests adds no series', async (t) => {
  const metrics = await createMetrics({})
  const app = await buildTestApp(t, { observer: metrics })
  const ask = async (i: number) => {
    const odd = `${i}"}\n{x="${i}`
    await app.inject({ url: `/${encodeURIComponent(odd)}?${i}=${i}` })
    await app.inject({ url: `/v2/models/${encodeURIComponent(odd)}` })
    await post(app, '/invocations', `text/x${i}`, odd, {
      'x-request-id': `id-${i}`,
      accept: `a/${i}`,
    })
    await post(app, '/invocations', 'application/json', JSON.stringify({ [odd]: odd }))
  }
  const keys = async () =>
    [...parse(await joinSamples([await metrics.samples()])).keys()]
      .filter((key) => key.startsWith('shapserve_'))
      .sort()
  await ask(0)
  const before = await keys()
  for (let i = 1; i <= 50; i++) await ask(i)
  t.strictSame(await keys(), before)
})

async function serve(t: Test, ...flags: string[]): Promise<Serving & { metricsUrl: string }> {
  const args = [cli, 'serve', '--model-dir', 'model_checkpoint', '--port', '0', ...flags]
  const serving = await startServing(process.execPath, args)
  t.teardown(() => serving.kill('SIGKILL'))
  const found = () => /"metrics_url":"([^"]+)"/.exec(serving.output())?.[1]
  while (!found()) await sleep(10)
  return { ...serving, metricsUrl: found() as string }
}

const read = async (url: string) => parse(await (await fetch(url)).text())
const closing = { headers: { connection: 'close' } }

t.test('what one model predicts is counted', async (t) => {
  const { url, metricsUrl } = await serve(t, '--metrics', '127.0.0.1:0', '--workers', '2')
  const row = { ...passenger.object, Age: null }
  for (let i = 0; i < 4; i++) {
    const answer = await fetch(`${url}/invocations`, {
      method: 'POST',
      headers: { ...closing.headers, 'content-type': 'application/json' },
      body: JSON.stringify(i < 3 ? passenger.object : row),
    })
    t.match(await answer.json(), { predictions: [{ predicted_label: 0 }] })
  }
  const series = await read(metricsUrl)
  t.strictSame(named(series, 'shapserve_predictions_total'), {
    'shapserve_predictions_total{class="0"}': 4,
    'shapserve_predictions_total{class="1"}': 0,
  })
  t.equal(series.get('shapserve_missing_values_total'), 1)
  t.equal(series.get('shapserve_predicted_probability_bucket{le="0.5"}'), 4)
  t.equal(series.get('shapserve_predicted_probability_bucket{le="+Inf"}'), 4)
  t.equal(series.get('shapserve_predicted_probability_count'), 4)
})

t.test('an address of its own, which answers nothing else', async (t) => {
  const { url, metricsUrl } = await serve(t, '--metrics', '127.0.0.1:0')
  t.equal((await fetch(`${url}/ping`)).status, 200)
  const answer = await fetch(metricsUrl)
  t.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  t.equal(parse(await answer.text()).get('shapserve_connections'), 1)
  for (const [path, method] of [
    ['/ping', 'GET'],
    ['/', 'GET'],
    ['/metrics', 'POST'],
    ['/metrics/x', 'GET'],
  ])
    t.match(await fetch(new URL(path as string, metricsUrl), { method: method as string }), {
      status: 404,
    })
  const head = await fetch(metricsUrl, { method: 'HEAD' })
  t.match(head, { status: 200 })
  t.equal((await fetch(`${url}/metrics`)).status, 404, 'it is no route of the service')
})

t.test('scrapers have sixteen connections together', async (t) => {
  const { metricsUrl } = await serve(t, '--metrics', '127.0.0.1:0')
  const { hostname, port } = new URL(metricsUrl)
  let open = 0
  for (let i = 0; i < 32; i++) {
    const socket = connect(Number(port), hostname)
    t.teardown(() => socket.destroy())
    socket.on('error', () => {})
    socket.on('connect', () => open++)
    socket.on('close', () => open--)
    await once(socket, 'connect')
  }
  while (open > 16) await sleep(1)
  t.equal(open, 16)
})

t.test('the sums of all processes never fall, whoever dies', async (t) => {
  const { url, metricsUrl, output } = await serve(t, '--metrics', '127.0.0.1:0', '--workers', '2')
  for (let i = 0; i < 6; i++) await fetch(`${url}/ping`, closing)
  const pings = 'shapserve_requests_total{route="/ping",protocol="sagemaker",status="2xx"}'
  const before = await read(metricsUrl)
  t.equal(before.get(pings), 6)
  t.equal(before.get('shapserve_processes'), 2)
  t.equal(before.get('shapserve_process_restarts_total'), 0)
  await fetch(`${url}/no-such`, closing)
  while (!/"pid":\d+,"reqId"/.test(output())) await sleep(10)
  process.kill(Number(/"pid":(\d+),"reqId"/.exec(output())?.[1]), 'SIGKILL')
  while (!output().includes('a process was replaced')) await sleep(20)
  await fetch(`${url}/ping`, closing)
  const after = await read(metricsUrl)
  t.equal(after.get(pings), 7)
  t.equal(after.get('shapserve_processes'), 2)
  t.equal(after.get('shapserve_process_restarts_total'), 1)
})

t.test('others need a token there too', async (t) => {
  const secret = 's'.repeat(40)
  const path = join(t.testdir(), 'tokens')
  await writeFile(path, secret, { mode: 0o600 })
  const refused = await shapserve([
    ...['serve', '--model-dir', 'model_checkpoint', '--port', '0', '--metrics', '0.0.0.0:0'],
  ])
  t.match(refused, { status: 1, stderr: /^shapserve: --metrics 0\.0\.0\.0 lets everybody ask/ })
  for (const workers of ['1', '2']) {
    const flags = ['--token-file', path, '--workers', workers]
    const { metricsUrl } = await serve(t, '--metrics', '0.0.0.0:0', ...flags)
    const anonymous = await fetch(metricsUrl)
    t.match(anonymous, { status: 401 })
    t.equal(anonymous.headers.get('www-authenticate'), 'Bearer')
    const known = await fetch(metricsUrl, { headers: { authorization: `Bearer ${secret}` } })
    t.match(known, { status: 200 })
    t.notMatch(await known.text(), secret)
    const own = await serve(t, '--metrics', '127.0.0.1:0', ...flags)
    t.match(await fetch(own.metricsUrl), { status: 200 }, 'on this machine nobody is asked')
  }
})
