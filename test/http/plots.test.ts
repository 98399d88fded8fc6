/** Plots over HTTP: of rows and of the model, as SVG and PNG, on the event loop and in workers; what is refused. */
import t from 'tap'
import { createJobPool } from '../../src/answering/pool.ts'
import type { InputErrorCode } from '../../src/errors.ts'
import { plots } from '../../src/plots/index.ts'
import { buildTestApp, checkProblem, passenger, post } from '../helper.ts'

const JSON_TYPE = 'application/json'
const row = JSON.stringify(passenger.object)
const rows = `[${row},${row.replace('"male"', '"female"')}]`

/** Width and height of a PNG, which stand at the start of its first chunk (PNG specification, 11.2.2). */
function sizeOfPng(bytes: Buffer): [number, number] {
  t.equal(bytes.toString('latin1', 1, 4), 'PNG')
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
}

function sizeOfSvg(svg: string): [number, number] {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []
  return [Number(width), Number(height)]
}

for (const where of ['here', 'in a worker']) {
  t.test(`every plot, ${where}`, async (t) => {
    const pool = where === 'here' ? undefined : createJobPool(1)
    if (pool) t.teardown(() => pool.close())
    const app = await buildTestApp(t, { pool })
    for (const [name, plot] of Object.entries(plots)) {
      const asks: [string, (accept: string) => ReturnType<typeof post>][] = []
      const path = `plot=${name}&scale=1`
      if (plot.drawRows) {
        const body = plot.rows === 'one' ? row : rows
        const url = `/explain?${path}`
        asks.push([url, (accept) => post(app, url, JSON_TYPE, body, { accept })])
      }
      if (plot.rows !== 'one') {
        const url = `/explain/global?${path}`
        asks.push([url, (accept) => app.inject({ url, headers: { accept } })])
      }
      for (const [url, ask] of asks) {
        const svg = await ask('image/svg+xml')
        t.equal(svg.statusCode, 200, url)
        t.equal(svg.headers['content-type'], 'image/svg+xml')
        t.match(svg.body, /^<svg .*<\/svg>\n$/s)
        const png = await ask('image/png')
        t.equal(png.headers['content-type'], 'image/png', url)
        t.strictSame(sizeOfPng(png.rawPayload), sizeOfSvg(svg.body))
      }
    }
  })
}

t.test('how a plot is named, and what its type is', async (t) => {
  const app = await buildTestApp(t)
  const explain = (url: string, accept = '*/*') => post(app, url, JSON_TYPE, row, { accept })
  const byName = await explain('/explain?plot=force&theme=dark')
  t.equal(byName.headers['content-type'], 'image/svg+xml', 'a plot is SVG unless told otherwise')
  const byType = await explain('/explain', 'image/svg+xml;plot=force;theme=dark')
  t.equal(byType.body, byName.body, 'by the media type')
  const invoked = await post(app, '/invocations', JSON_TYPE, row, {
    'x-amzn-sagemaker-custom-attributes': 'explain=shap',
    accept: 'image/svg+xml;plot=force;theme=dark',
  })
  t.equal(invoked.body, byName.body, 'on /invocations')
  const first = await post(app, '/explain?plot=force&row=1&theme=dark', JSON_TYPE, rows)
  t.equal(first.body, byName.body, 'one of several rows')
  const [width, height] = sizeOfPng((await explain('/explain?plot=force', 'image/png')).rawPayload)
  t.strictSame(
    [width, height],
    sizeOfSvg(byName.body).map((size) => 2 * size),
    'twice as many pixels',
  )

  const summary = await app.inject({ url: '/explain/global' })
  t.equal(summary.headers['content-type'], JSON_TYPE)
  for (const accept of [
    'text/html, */*;q=0.8',
    'text/csv',
    '*/*',
    'application/json, image/png;q=0.5',
  ])
    t.equal(
      (await app.inject({ url: '/explain/global', headers: { accept } })).body,
      summary.body,
      accept,
    )
  const image = await app.inject({
    url: '/explain/global',
    headers: { accept: 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8' },
  })
  t.equal(image.headers['content-type'], 'image/svg+xml', 'what a page asks for an image')
})

t.test('refused', async (t) => {
  const app = await buildTestApp(t)
  const global = (query: string, accept = '*/*') =>
    app.inject({ url: `/explain/global?${query}`, headers: { accept } })
  const explain = (query: string, accept = '*/*') =>
    post(app, `/explain?${query}`, JSON_TYPE, row, { accept })
  const cases: [Awaited<ReturnType<typeof global>>, number, InputErrorCode, RegExp][] = [
    [await global('plot=beswarm'), 400, 'invalid_option', /did you mean "beeswarm"/],
    [
      await global('plot=bar&max_bar=3'),
      400,
      'invalid_option',
      /no option "max_bar"; did you mean "max_bars"/,
    ],
    [await global('plot=bar&max_bars=1'), 400, 'invalid_option', /max_bars is "1", expected/],
    [await global('plot=bar&plot=roc'), 400, 'invalid_option', /plot is given more than once/],
    [await global('plot=bar', 'text/csv'), 406, 'not_acceptable', /image\/svg\+xml, image\/png/],
    [await global('plot=beeswarm&scale=9', 'image/png'), 400, 'invalid_option', /scale is "9"/],
    [await global('plot=dependence&column=Agee'), 400, 'invalid_option', /did you mean "Age"/],
    [await explain('plot=roc'), 400, 'invalid_option', /shows the model, not rows/],
    [
      await explain('plot=force', JSON_TYPE),
      400,
      'invalid_option',
      /Accept asks for application\/json/,
    ],
    [await explain('plot=force&row=2'), 400, 'invalid_option', /row is 2, there are 1 rows/],
    [await explain('plot=force&max_bar=3'), 400, 'invalid_option', /no option "max_bar"/],
  ]
  for (const [answer, status, code, message] of cases)
    checkProblem(t, answer, status, code, message)
})
