/** Text in the cells of a terminal: widths, cuts, wrapped lines, columns, bars; progress in a log; sizes. */
import fc from 'fast-check'
import t from 'tap'
import { sizeOf } from '../../../src/commands/output/file-size.ts'
import {
  alignColumns,
  bar,
  cut,
  cutAll,
  cutMiddle,
  fit,
  widthOf,
  wrap,
} from '../../../src/commands/output/layout.ts'
import { createLines } from '../../../src/commands/output/progress.ts'
import { counted } from '../../../src/errors.ts'

/** Texts of narrow, wide and weightless characters, and pictures. */
const text = fc
  .array(fc.constantFrom('a', 'é', '·', '…', '日', '한', '🐧', 'e\u0301', ' ', '-'), {
    maxLength: 60,
  })
  .map((characters) => characters.join(''))

t.test('widths', (t) => {
  for (const [shown, cells] of [
    ['', 0],
    ['Adelie', 6],
    ['日本', 4],
    ['e\u0301a', 2],
    ['🐧', 2],
    ['│█▏−', 4],
  ] as const)
    t.equal(widthOf(shown), cells, shown)
  t.end()
})

t.test('texts that begin alike are cut in the middle', (t) => {
  t.strictSame(cutAll(['bill_length_1', 'bill_length_12', 'body_mass_of_it', 'sex'], 9), [
    'bill…th_1',
    'bill…h_12',
    'body_mas…',
    'sex',
  ])
  t.end()
})

t.test('a text that is cut says so, and none is wider than asked for', (t) => {
  t.equal(cut('bill_length', 6), 'bill_…')
  t.equal(cut('日本語', 4), '日…')
  t.equal(cut('even', 4), 'even')
  t.equal(fit('7', 3, 'right'), '  7')
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 40 }), (given, cells) => {
      const shown = cut(given, cells)
      if (widthOf(shown) > cells) throw new Error('too wide')
      if (shown !== given && !shown.endsWith('…')) throw new Error('cut in silence')
      if (widthOf(cutMiddle(given, cells)) > cells) throw new Error('too wide in the middle')
      if (widthOf(fit(given, cells)) !== cells) throw new Error('not padded')
    }),
    { seed: 1, numRuns: 500 },
  )
  t.end()
})

t.test('lines are wrapped where what they say parts', (t) => {
  const line = 'columns   Sex     nominal   text with 2 categories  (--ordinal Sex to change)'
  t.strictSame(wrap(line, 60, 12), [
    'columns   Sex     nominal   text with 2 categories',
    '            (--ordinal Sex to change)',
  ])
  t.strictSame(wrap(line, Number.POSITIVE_INFINITY, 12), [line])
  t.strictSame(wrap(line, 20, 12), [line], 'no room: the terminal may do it')
  t.strictSame(wrap(`saved     ${'d/'.repeat(30)}`, 40, 12), [
    'saved',
    `            ${'d/'.repeat(14)}`,
    `            ${'d/'.repeat(14)}`,
    `            ${'d/'.repeat(2)}`,
  ])
  fc.assert(
    fc.property(text, fc.integer({ min: 30, max: 80 }), (given, cells) => {
      const lines = wrap(given, cells, 12)
      if (lines.some((own) => widthOf(own) > cells)) throw new Error('too wide')
      const [before, after] = [given, lines.join('')].map((own) => own.replaceAll(' ', ''))
      if (before !== after) throw new Error('something was lost')
    }),
    { seed: 2, numRuns: 1000 },
  )
  t.end()
})

t.test('columns begin at one place', (t) => {
  t.strictSame(
    alignColumns([
      ['island', 'text', 'Biscoe'],
      ['日本', 'number', '1'],
      ['year', 'number'],
    ]),
    ['island  text    Biscoe', '日本    number  1', 'year    number'],
  )
  t.strictSame(alignColumns([]), [])
  t.end()
})

t.test('bars are as long as their share, and never hide something', (t) => {
  t.strictSame(
    [1, 0.5, 0.55, 1e-9, 0, Number.NaN, 7].map((share) => bar(share, 10)),
    ['██████████', '█████', '█████▌', '▏', '', '', '██████████'],
  )
  t.end()
})

t.test('amounts', (t) => {
  t.strictSame(
    [0, 1, 2].map((n) => counted(n, 'class', 'classes')),
    ['0 classes', '1 class', '2 classes'],
  )
  t.strictSame([0, 1, 999, 1000, 64_499, 999_499, 999_500, 1_503_000, 25e6, 3.2e9].map(sizeOf), [
    '0 bytes',
    '1 byte',
    '999 bytes',
    '1 KB',
    '64 KB',
    '999 KB',
    '1.0 MB',
    '1.5 MB',
    '25 MB',
    '3.2 GB',
  ])
  t.end()
})

t.test('a log has lines of steps that take a second, at every tenth', async (t) => {
  let clock = 0
  const lines: string[] = []
  const { show } = createLines(
    (line) => lines.push(line),
    () => clock,
  )
  for (let done = 0; done <= 100; done++, clock += 9) await show('forest', done, 100, 'trees')
  t.strictSame(lines, [], 'under a second')
  for (let done = 0; done <= 10; done++, clock += done < 2 ? 300 : 10)
    await show('report', done, 10, 'pictures')
  t.strictSame(lines, [], 'nor where it was slow at the beginning')
  await show('tree', 0, 1, 'trees')
  clock += 1500
  await show('tree', 1, 1, 'trees')
  for (let done = 0; done <= 100; done++, clock += 1250) await show('forest', done, 100, 'trees')
  t.strictSame(lines.slice(0, 3), [
    'tree      1/1 tree   1.5 s',
    'forest    10/100 trees   12.5 s   ETA 1 min 52 s',
    'forest    20/100 trees   25.0 s   ETA 1 min 40 s',
  ])
  t.equal(lines.length, 11)
})
