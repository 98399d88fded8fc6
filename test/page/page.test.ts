/** The page in a real browser: by keyboard, in both schemes, on a phone's width, behind a proxy, with a token. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { request as ask, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { createAccess } from '../../src/http/access.ts'
import { readModelDirectory } from '../../src/model-directory/read.ts'
import { buildTestApp, loadCheckpoint } from '../helper.ts'
import { findRawNames, writeLabelledFiles } from '../labelled.ts'
import { reasonWithoutBrowser, startBrowser } from './browser.ts'

const missing = reasonWithoutBrowser()
if (missing !== undefined && process.env['CI'] === 'true') t.fail(missing)
const options = { skip: missing ?? false }

let browser: Browser
t.before(async () => {
  if (missing === undefined) browser = await startBrowser()
})
t.teardown(() => browser?.close())

/** Returns the address of the page of the model that ships. */
async function serve(t: Test, overrides: Parameters<typeof buildTestApp>[1] = {}): Promise<string> {
  const app = await buildTestApp(t, { page: true, ...overrides })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

/** Opens an address in the browser. */
type Open = (
  url: string,
  settings?: Parameters<Browser['newPage']>[0],
  allowed?: RegExp,
) => Promise<Page>

/** A test of pages, at whose end nothing has failed, and nobody else was asked. */
function pageTest(name: string, act: (t: Test, open: Open) => Promise<void>): void {
  t.test(name, options, async (t) => {
    const complaints: string[] = []
    const pages: Page[] = []
    const open: Open = async (url, settings = {}, allowed = /$^/) => {
      const page = await browser.newPage(settings)
      pages.push(page)
      const complain = (text: string) => {
        if (!allowed.test(text)) complaints.push(text)
      }
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complain(message.text())
      })
      page.on('pageerror', (error) => complain(error.message))
      page.on('request', (request) => {
        const { protocol, origin } = new URL(request.url())
        if (protocol !== 'data:' && origin !== new URL(url).origin) complain(request.url())
      })
      page.on('requestfailed', (request) => {
        // What is typed over is given up.
        if (request.failure()?.errorText !== 'net::ERR_ABORTED') complain(request.url())
      })
      await page.goto(url)
      return page
    }
    try {
      await act(t, open)
    } finally {
      for (const page of pages) await page.close()
    }
    t.strictSame(complaints, [], 'nothing fails, and nobody else is asked')
  })
}

/** Waits for the answer to the row, and for the sample. */
async function settle(page: Page): Promise<void> {
  await page.waitForSelector('.why[aria-busy=false] .waterfall .bar')
  await page.waitForSelector('.swarm circle.point')
}

const numberOf = (page: Page, selector: string, name: string) =>
  page.locator(selector).first().getAttribute(name).then(Number)

const field = (page: Page, name: string) =>
  page.locator('.fields').getByLabel(new RegExp(`^${name}`))

/** The output that is shown, and what the bars add up to. */
async function sums(page: Page): Promise<[number, number]> {
  const pushes = await page
    .locator('.waterfall .bar')
    .evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute('data-push'))))
  const base = await numberOf(page, '.waterfall', 'data-base')
  const value = await numberOf(page, '.waterfall', 'data-value')
  return [value, pushes.reduce((sum, push) => sum + push, base)]
}

pageTest('a row is tried, explained, changed and copied', async (t, open) => {
  const url = await serve(t)
  const page = await open(url, { viewport: { width: 1200, height: 900 } })
  await settle(page)
  const { predictor } = await loadCheckpoint()
  t.equal(await page.title(), 'Survived · shapserve')
  const [value, sum] = await sums(page)
  t.ok(Math.abs(value - sum) < 1e-9, 'the bars add up to the output')
  const shown = await numberOf(page, '[data-probability]', 'data-probability')
  t.equal(value, shown)
  t.equal(value, predictor.artifact.selfTest[0]?.probabilities[1])

  await field(page, 'Sex').selectOption('female')
  await page.waitForFunction(
    (before) =>
      Number(document.querySelector('[data-probability]')?.getAttribute('data-probability')) !==
      before,
    shown,
  )
  const [changed, changedSum] = await sums(page)
  t.ok(changed > value && Math.abs(changed - changedSum) < 1e-9, `${value} becomes ${changed}`)
  t.match(await page.locator('.changes').innerText(), /Sex: male → female/)
  t.match(await page.locator('.words').innerText(), /Survived = 1 has a probability of/)

  await field(page, 'Age').fill('old')
  t.match(await page.locator('.field .problem').innerText(), 'This is not a number.')
  await page.getByRole('button', { name: 'Undo changes' }).click()
  await page.waitForFunction(() => document.querySelector('.changes') === null)

  await page.waitForSelector('text=no smaller change does')
  await page.getByRole('button', { name: 'Try it' }).click()
  await page.waitForFunction(() => /= 1$/.test(document.querySelector('.label')?.textContent ?? ''))

  const point = page.locator('.swarm circle.point').nth(7)
  const title = await point.locator('title').textContent()
  await point.dispatchEvent('click')
  const sex = await field(page, 'Sex').inputValue()
  t.equal(title, `Sex = ${sex}`, 'a point loads its row')

  await page.getByText('Paste a row').click()
  await page.getByLabel('One row as a JSON object or as CSV').fill('{"Age": 4, "Pclass": 1}')
  await page.getByRole('button', { name: 'Use it' }).click()
  t.equal(await field(page, 'Age').inputValue(), '4')
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.getByRole('button', { name: 'Copy as curl' }).click()
  const command = await page.evaluate(() => navigator.clipboard.readText())
  t.match(command, `'${url}/explain'`)
  t.match(command, '"Age":4')
})

pageTest('wrong predictions are stepped through', async (t, open) => {
  const page = await open(await serve(t))
  await settle(page)
  const { artifact } = await loadCheckpoint()
  const examples = artifact.mistakes?.examples ?? []
  const next = page.getByRole('button', { name: 'Next wrong prediction' })
  for (const [i, { label, cells }] of examples.slice(0, 3).entries()) {
    await next.click()
    await page.getByText(`This is wrong prediction ${i + 1} of 54.`).waitFor()
    await page.waitForSelector('.why[aria-busy=false] .truth')
    const said = label === '1' ? '0' : '1'
    t.match(await page.locator('.truth').innerText(), `was ${label}, the model said ${said} (`)
    const [, shown = ''] =
      /= (\d)$/.exec((await page.locator('.verdict .label').textContent()) ?? '') ?? []
    t.equal(shown, said, 'which it still says')
    t.equal(await field(page, 'Age').inputValue(), String(cells[3] ?? ''))
    t.equal(await field(page, 'Name').inputValue(), cells[1])
  }
  const truth = await page.locator('.truth').innerText()
  await field(page, 'Sex').selectOption('female')
  await page.waitForSelector('.changes')
  t.equal(await page.locator('.truth').innerText(), truth, 'it is of the row one began with')
  await page.getByRole('button', { name: 'Undo changes' }).click()
  await page.waitForFunction(() => document.querySelector('.changes') === null)
  t.equal(await page.locator('.truth').innerText(), truth)
  await page.getByRole('button', { name: 'Random row' }).click()
  await page.waitForFunction(() => document.querySelector('.truth') === null)
  await page.getByText(/^Of 262 held-out rows/).waitFor()
  await page.waitForTimeout(200)
  t.equal(await page.locator('.truth').count(), 0, 'of other rows nothing is said')
})

pageTest('a model that is never wrong, or does not know, has no such button', async (t, open) => {
  const { artifact, ...model } = await loadCheckpoint()
  const known = { part: 'held_out', rows: 9, wrong: 0, examples: [] } as const
  for (const mistakes of [undefined, known]) {
    const page = await open(
      await serve(t, { model: { ...model, artifact: { ...artifact, mistakes } } }),
    )
    await settle(page)
    t.equal(await page.getByRole('button', { name: 'Next wrong prediction' }).count(), 0)
    const said = await page.getByText('None of 9 held-out rows').count()
    t.equal(said, mistakes ? 1 : 0)
  }
})

pageTest('the threshold is marked on three curves', async (t, open) => {
  const page = await open(await serve(t))
  await settle(page)
  const curves = page.locator('.curve')
  t.strictSame(await curves.locator('h4').allInnerTexts(), [
    'ROC, area 0.859',
    'Precision and recall, area 0.837',
    'Calibration',
  ])
  const read = () =>
    curves.evaluateAll((all) =>
      all.map((own) => [
        own.querySelector('circle.mark, .limit')?.outerHTML ?? '',
        own.querySelector('figcaption')?.textContent ?? '',
      ]),
    )
  const before = await read()
  t.ok(before.flat().every((text) => text !== ''))
  const { x, y } = await curves
    .first()
    .locator('.mark')
    .evaluate((mark) => ({
      x: Number(mark.getAttribute('cx')),
      y: Number(mark.getAttribute('cy')),
    }))
  const line = await curves.first().locator('polyline').getAttribute('points')
  t.ok(
    line?.split(' ').some((point) => {
      const [px = 0, py = 0] = point.split(',').map(Number)
      return Math.hypot(px - x, py - y) < 2
    }),
    'it lies on the curve',
  )
  await page.getByLabel(/^Say Survived/).press('Home')
  const after = await read()
  for (const [i, [mark, caption]] of after.entries())
    t.ok(mark !== before[i]?.[0] && caption !== before[i]?.[1], `${i}: both follow the threshold`)
})

pageTest('log-odds are said as probabilities where that is asked', async (t, open) => {
  const directory = t.testdir()
  const file = 'xgboost-model'
  copyFileSync(join(import.meta.dirname, '../../data', file), join(directory, file))
  const model = await readModelDirectory(directory)
  const page = await open(await serve(t, { model }))
  await page.waitForSelector('.why[aria-busy=false] .waterfall .bar')
  t.match(await page.locator('.words').innerText(), /odds [×÷]/)
  t.ok((await page.locator('.ticks text').count()) > 0, 'probabilities stand above the drawing')
  await page.getByLabel('Say it in').selectOption('points')
  t.match(await page.locator('.words').innerText(), /[+−]\d+\.\d\spoints/)
  const figures = await page.locator('.waterfall .figure').allInnerTexts()
  const numbers = figures.map((text) => Number(text.replace('−', '-').replace(/[+%\s]/g, '')))
  const [value = 0, ...rest] = numbers
  t.ok(Math.abs(rest.reduce((sum, own) => sum + own, 0) - value) < 0.5, figures.join(' '))
})

pageTest('everything is reached by keyboard', async (t, open) => {
  const page = await open(await serve(t))
  await settle(page)
  const reached: string[] = []
  const counts = () => page.locator('[data-count]').allInnerTexts()
  const before = await counts()
  const shown = await numberOf(page, '[data-probability]', 'data-probability')
  for (let i = 0; i < 90; i++) {
    await page.keyboard.press('Tab')
    const { name, isOver, outline } = await page.evaluate(() => {
      const { activeElement: at } = document
      const label =
        at instanceof HTMLElement && 'labels' in at ? (at as HTMLInputElement).labels : null
      return {
        isOver: at === null || at === document.body,
        name: label?.[0]?.textContent ?? at?.textContent ?? '',
        outline: at ? getComputedStyle(at).outlineStyle : 'none',
      }
    })
    if (isOver) break
    t.not(outline, 'none', `focus is seen on ${name.slice(0, 30)}`)
    const isNew = !reached.includes(name)
    reached.push(name)
    if (name === 'Pclass' && isNew) await page.keyboard.press('ArrowUp')
    // Tab selects what stands in a field.
    if (name === 'Age' && isNew) await page.keyboard.type('4')
    if (name.startsWith('Say Survived')) await page.keyboard.press('ArrowRight')
    if (name === 'Parameters') await page.keyboard.press('Enter')
  }
  for (const wanted of [
    'Skip to the answer',
    'Pclass',
    'Parch',
    'API',
    'Model JSON',
    'Report',
    'Random row',
    'Next wrong prediction',
    'Copy as curl',
    'Load this row',
    'Parameters',
    'Columns',
  ])
    t.ok(reached.includes(wanted), `${wanted} is reached`)
  t.equal(await field(page, 'Pclass').inputValue(), '2', 'a choice is changed')
  t.equal(await field(page, 'Age').inputValue(), '4', 'a number is typed')
  t.notSame(await counts(), before, 'the threshold moves')
  t.ok(await page.getByRole('rowheader', { name: 'max_depth' }).isVisible(), 'details open')
  t.not(await numberOf(page, '[data-probability]', 'data-probability'), shown, 'the answer follows')
  await page.getByRole('button', { name: 'Next wrong prediction' }).focus()
  await page.keyboard.press('Enter')
  await page.waitForSelector('.truth')
})

/** Every text that is seen with a contrast below 4.5 (WCAG 2.2, 1.4.3), by the computed colours. */
function lowContrasts(): string[] {
  const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number)
  const luminance = (colour: string) => {
    const [r = 0, g = 0, b = 0] = channels(colour).map((value) => {
      const share = value / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const backgroundOf = (element: Element | null): string => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor
      if ((channels(colour)[3] ?? 1) > 0) return colour
    }
    return 'rgb(255, 255, 255)'
  }
  const found: string[] = []
  let texts = 0
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const { parentElement: parent, textContent: text } = walker.currentNode
    if (!parent || !text?.trim() || !parent.checkVisibility() || parent.closest('svg')) continue
    texts++
    const a = luminance(getComputedStyle(parent).color)
    const b = luminance(backgroundOf(parent))
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (contrast < 4.5) found.push(`${text.trim().slice(0, 40)}: ${contrast.toFixed(2)}`)
  }
  return texts > 100 ? found : ['there are hardly any texts']
}

for (const colorScheme of ['light', 'dark'] as const) {
  pageTest(`${colorScheme}, on a desk and on a phone`, async (t, open) => {
    const page = await open(await serve(t), { colorScheme, viewport: { width: 1200, height: 780 } })
    await settle(page)
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    t.equal(paper === 'rgb(255, 255, 255)', colorScheme === 'light', paper)
    await page.getByRole('button', { name: 'Next wrong prediction' }).click()
    await page.waitForSelector('.truth')
    await field(page, 'Sex').selectOption('male')
    await page.waitForSelector('.changes')
    await field(page, 'Age').fill('old')
    await page.waitForSelector('.field .problem')
    for (const summary of await page.locator('summary').all()) await summary.click()
    for (const width of [1200, 360]) {
      await page.setViewportSize({ width, height: 780 })
      t.strictSame(await page.evaluate(lowContrasts), [], 'all texts are legible')
      const wide = await page.evaluate(() => document.documentElement.scrollWidth)
      t.equal(wide, width, 'nothing is wider than the screen')
    }
  })
}

pageTest('behind a proxy with a path of its own', async (t, open) => {
  const url = await serve(t)
  const proxy = createServer((request, response) => {
    const [, path] = /^\/some\/prefix(\/.*)?$/.exec(request.url ?? '') ?? []
    if (!request.url?.startsWith('/some/prefix')) return void response.writeHead(404).end()
    const { method, headers } = request
    const passed = ask(`${url}${path ?? '/'}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    request.pipe(passed)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.teardown(() => proxy.close())
  const outside = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/some/prefix`
  for (const address of [`${outside}/`, outside]) {
    const page = await open(address)
    await settle(page)
    const [value, sum] = await sums(page)
    t.ok(Math.abs(value - sum) < 1e-9, 'the bars add up')
  }
  const page = await open(outside)
  await settle(page)
  await page.getByRole('link', { name: 'Report' }).click()
  await page.waitForURL(`${outside}/report`)
  await page.locator('svg').first().waitFor()
  t.match(await page.title(), 'Report: Survived')
  t.equal(
    await page.evaluate(() => getComputedStyle(document.querySelector('h1') as Element).fontSize),
    '28px',
    'its styles are let in',
  )
  await page.goBack()
  await settle(page)
  for (const [name, path] of [
    ['API', 'docs/'],
    ['Model JSON', 'model'],
  ] as const) {
    const href = page
      .getByRole('link', { name, exact: true })
      .evaluate((a) => (a as HTMLAnchorElement).href)
    t.equal(await href, `${outside}/${path}`)
  }
  const docs = await open(`${outside}/docs`)
  await docs.waitForSelector('text=/invocations')
  t.equal(await docs.title(), 'shapserve API')
  t.equal(docs.url(), `${outside}/docs/`)
})

pageTest('with a token', async (t, open) => {
  const token = 'k'.repeat(40)
  const file = join(t.testdir(), 'tokens')
  writeFileSync(file, `${token}\n`, { mode: 0o600 })
  const access = await createAccess(file, { warn() {}, error() {} })
  t.teardown(() => access.close())
  const url = await serve(t, { access })
  const page = await open(url, {}, /401/)
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.getByLabel('Token').fill('wrong')
  await page.getByRole('button', { name: 'Open' }).click()
  await page.getByText('does not take this token').waitFor()
  await page.getByLabel('Token').fill(token)
  await page.keyboard.press('Enter')
  await settle(page)
  await page.reload()
  await settle(page)
  for (const [name, file] of [
    ['API', 'openapi.json'],
    ['Model JSON', 'model.json'],
    ['Report', 'report.html'],
  ] as const) {
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name, exact: true }).click()
    const download = await saved
    t.equal(download.suggestedFilename(), file)
    t.ok(readFileSync(await download.path(), 'utf8').includes('Pclass'), `${file} was sent`)
  }
  t.match(
    asked.find((address) => address.includes('explain')),
    '/explain',
  )
  t.notOk(
    asked.some((address) => address.includes(token)),
    'no address has the token',
  )
  const stored = await page.evaluate(() => [localStorage.length, document.cookie])
  t.strictSame(stored, [0, ''], 'it goes with the tab')
})

pageTest('what a model says is text, whatever it looks like', async (t, open) => {
  const evil = '<img src=x onerror="document.title=1">'
  const { artifact, ...model } = await loadCheckpoint()
  const url = await serve(t, {
    model: {
      ...model,
      artifact: {
        ...artifact,
        plan: { ...artifact.plan, target: evil },
        training: { ...artifact.training, warnings: [evil] },
      },
    },
  })
  const page = await open(url)
  await settle(page)
  t.equal(await page.locator('h1').innerText(), evil)
  t.equal(await page.locator('img').count(), 0)
  t.equal(await page.title(), `${evil} · shapserve`)
})

pageTest('readable names, in what is seen and in what is read aloud', async (t, open) => {
  const { train, labels } = writeLabelledFiles(t.testdir())
  const model = await readModelDirectory(await train('model', '--labels', labels, '--quiet'))
  const page = await open(await serve(t, { model }))
  await settle(page)
  t.equal(await page.title(), 'Came · shapserve')
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true
  })
  const texts = await page.evaluate(() => [
    document.body.innerText,
    ...Array.from(document.querySelectorAll('svg title, option'), (own) => own.textContent ?? ''),
    ...Array.from(document.querySelectorAll('[aria-label]'), (own) => own.ariaLabel ?? ''),
  ])
  t.ok(texts[0]?.includes('Ticket class'))
  t.strictSame(findRawNames(texts.join('\n')), [])
})
