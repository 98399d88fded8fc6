/// <reference lib="dom" />
/**
 * The model's page in Chromium: first paint after a load, a prediction after a change, and the size of a report.
 * `npm run bench -- page [--loads 9] [--changes 30]`
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { reasonWithoutBrowser, startBrowser } from '../test/page/browser.ts'
import { quantile } from './serve/client.ts'
import { HOST } from './serve/scenarios.ts'
import { startServer } from './serve/servers.ts'

const CLI = 'dist/cli.js'
const MODELS = ['titanic', 'penguins', 'credit-g']
const TARGETS = ['Survived', 'species', 'class']

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      loads: { type: 'string', default: '9' },
      changes: { type: 'string', default: '30' },
    },
  })
  const missing = reasonWithoutBrowser()
  if (missing !== undefined) {
    console.error(missing)
    return 2
  }
  const directory = await mkdtemp(join(tmpdir(), 'shapserve-page-'))
  const browser = await startBrowser()
  try {
    console.log('| page of | first paint ms | longest | prediction after a change ms | longest |')
    console.log('|---|---|---|---|---|')
    for (const [i, name] of MODELS.entries()) {
      const model = join(directory, name)
      train([`data/${name}.csv`, '--target', TARGETS[i] as string, '--model-dir', model])
      const server = await startServer(
        (port) => [CLI, 'serve', '--host', HOST, '--port', `${port}`, '--model-dir', model],
        false,
      )
      try {
        const url = `http://${HOST}:${server.port}/`
        const paints: number[] = []
        for (let load = 0; load < Number(values.loads); load++)
          paints.push(await firstPaint(browser, url))
        const answers = await changes(browser, url, Number(values.changes))
        const cells = [...describe(paints), ...describe(answers)].map((ms) => ms.toFixed(0))
        console.log(`| ${[name, ...cells].join(' | ')} |`)
      } finally {
        await server.stop()
      }
    }
    console.log(
      `\nreport.html of 1,000 explained rows of 20 columns: ${await reportSize(directory)} KB`,
    )
    return 0
  } finally {
    await browser.close()
    await rm(directory, { recursive: true, force: true })
  }
}

type Browser = Awaited<ReturnType<typeof startBrowser>>

/** From the start of the navigation to the first content, by a browser that has nothing of it yet. */
async function firstPaint(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    await page.goto(url)
    await page.waitForSelector('.waterfall .bar')
    return await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    )
  } finally {
    await context.close()
  }
}

/** From the event of a change in a field to the answer as it is shown, the pause of typing included. */
async function changes(browser: Browser, url: string, count: number): Promise<number[]> {
  const page = await browser.newPage()
  try {
    await page.goto(url)
    await page.waitForSelector('.why[aria-busy=false] .waterfall .bar')
    return await page.evaluate(async (count) => {
      const shown = () => document.querySelector('.waterfall')?.outerHTML
      const fields = [...document.querySelectorAll<HTMLInputElement>('.fields input')]
      const field = fields.find(({ value }) => /^\d+(\.\d+)?$/.test(value))
      if (!field) throw new Error('there is no field of a number')
      const times: number[] = []
      for (let i = 0; i < count; i++) {
        const before = shown()
        const started = performance.now()
        field.value = String(20 + ((i * 7) % 50))
        field.dispatchEvent(new Event('input', { bubbles: true }))
        while (shown() === before || document.querySelector('.why[aria-busy=true]')) {
          await new Promise((resolve) => requestAnimationFrame(resolve))
          if (performance.now() - started > 2000) break
        }
        times.push(performance.now() - started)
      }
      return times
    }, count)
  } finally {
    await page.close()
  }
}

function describe(values: readonly number[]): [number, number] {
  const sorted = Float64Array.from(values).sort()
  return [quantile(sorted, 0.5), sorted.at(-1) ?? Number.NaN]
}

async function reportSize(directory: string): Promise<string> {
  const header = [...Array.from({ length: 20 }, (_, j) => `x${j}`), 'y'].join(',')
  let state = 1
  const random = () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
  const lines = Array.from({ length: 2000 }, () => {
    const cells = Array.from({ length: 20 }, () => random().toFixed(4))
    return [
      ...cells,
      Number(cells[0]) + Number(cells[1]) * Number(cells[2]) > 0.75 ? 'a' : 'b',
    ].join(',')
  })
  const [table, background, model] = ['t.csv', 'b.csv', 'wide'].map((name) => join(directory, name))
  await writeFile(table as string, [header, ...lines, ''].join('\n'))
  await writeFile(background as string, [header, ...lines.slice(0, 1000), ''].join('\n'))
  train([
    table as string,
    '--target',
    'y',
    '--background',
    background as string,
    '--model-dir',
    model as string,
  ])
  const { size } = await stat(join(model as string, 'report.html'))
  return (size / 1024).toFixed(0)
}

function train(args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [CLI, 'train', ...args, '--quiet'], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
}

process.exitCode = await main()
