/** `shapserve plot`: the same pictures as the routes', in files; what is refused leaves no file. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import t from 'tap'
import { declarePlot } from '../../src/commands/plot.ts'
import { buildTestApp, checkpoint, post } from '../helper.ts'

const titanic = join(import.meta.dirname, '../../data/titanic.csv')

async function plot(...args: string[]): Promise<void> {
  const program = new Command().exitOverride()
  declarePlot(program)
  await program.parseAsync(['plot', ...args, '--model-dir', checkpoint], { from: 'user' })
}

t.test('files are what the routes answer', async (t) => {
  const app = await buildTestApp(t)
  const rows = join(
    t.testdir({ 'rows.csv': readFileSync(titanic, 'utf8').split('\n').slice(0, 40).join('\n') }),
    'rows.csv',
  )
  const out = join(t.testdirName, 'out.svg')
  const sent = readFileSync(rows)
  await plot('beeswarm', rows, '--max-bars', '4', '--theme', 'dark', '--out', out)
  const answer = await post(
    app,
    '/explain?plot=beeswarm&max_bars=4&theme=dark',
    'text/csv;header=present',
    sent,
  )
  t.equal(readFileSync(out, 'utf8'), answer.body)
  const titled = join(t.testdirName, 'titled.csv')
  writeFileSync(titled, `Passengers\n${sent}`)
  const bars = ['--max-bars', '4', '--theme', 'dark', '--out', out]
  await plot('beeswarm', titled, '--skip-rows', '1', ...bars)
  t.equal(readFileSync(out, 'utf8'), answer.body, 'below a title')
  await plot('waterfall', rows, '--row', '3', '--output', '0', '--out', out)
  const one = await post(
    app,
    '/explain?plot=waterfall&row=3&output=0',
    'text/csv;header=present',
    sent,
  )
  t.equal(readFileSync(out, 'utf8'), one.body)
  await plot('interactions', '--out', out)
  t.equal(
    readFileSync(out, 'utf8'),
    (await app.inject({ url: '/explain/global?plot=interactions' })).body,
  )
  const png = join(t.testdirName, 'out.png')
  await plot('tree', '--max-depth', '2', '--out', png)
  const pixels = await app.inject({
    url: '/explain/global?plot=tree&max_depth=2',
    headers: { accept: 'image/png' },
  })
  t.ok(readFileSync(png).equals(pixels.rawPayload), 'PNG too')
})

t.test('refused', async (t) => {
  const out = join(t.testdir(), 'out.svg')
  const cases: [string[], RegExp][] = [
    [['beeswarn'], /did you mean "beeswarm"/],
    [['roc', '--row', '3'], /plot roc takes no --row/],
    [['roc', titanic], /is of the model; it takes no rows/],
    [['force'], /shows one row/],
    [['bar', '--delimiter', ';'], /^--delimiter says how a file of rows is written; name the file/],
    [['bar', '--no-header'], /or leave out --no-header$/],
    [['bar', '--input-format', 'csv'], /or leave out --input-format$/],
    [['bar', '--max-bars', 'x'], /max_bars is "x"/],
    [['bar', '--format', 'pdf'], /--format is "pdf"/],
    [['waterfall', titanic, '--row', '5000'], /row is 5000, there are 1309 rows/],
  ]
  for (const [args, message] of cases) {
    await t.rejects(plot(...args, '--out', out), { message }, args.join(' '))
    t.notOk(existsSync(out), 'no file')
  }
  await t.rejects(
    plot('bar', '--out', join(t.testdirName, 'a.pdf')),
    /names pdf, which is not written/,
  )
})
