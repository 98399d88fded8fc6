/** How wide texts are: as the font's file says, and cut to the room that there is. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { fitParts, fitText, fitTexts, label, textWidth } from '../../src/plots/text.ts'

const root = join(import.meta.dirname, '../..')

t.test("the table is the font's", (t) => {
  const file = join(t.testdir(), 'widths.ts')
  execFileSync(process.execPath, [join(root, 'scripts/font-widths.mjs'), file])
  const written = readFileSync(join(root, 'src/plots/advance-widths.ts'), 'utf8')
  const digits = (text: string) => text.match(/0x[0-9a-f]+|'[0-9a-z]+'/g)
  t.strictSame(digits(written), digits(readFileSync(file, 'utf8')))
  t.end()
})

t.test('widths in pixels', (t) => {
  // From the font's own table "hmtx", in 2048ths: H 1540, i 569, space 651, W 2025, é 1260, − 1716, ↑ 1716.
  const cases: [string, number, number][] = [
    ['Hi', 2048, 1540 + 569],
    [' ', 2048, 651],
    ['W', 20.48, 20.25],
    ['é', 2048, 1260],
    ['e\u0301', 2048, 1260],
    ['−↑', 2048, 2 * 1716],
    ['漢', 2048, 2048],
    ['😀', 2048, 2048],
    ['', 13, 0],
  ]
  for (const [text, size, width] of cases)
    t.equal(Math.round(textWidth(text, size) * 100) / 100, width, text)
  t.end()
})

t.test('what is cut keeps to its room, what fits stays', (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 80 }),
      fc.integer({ min: 15, max: 400 }),
      (text, width) => {
        const cut = fitText(text, width)
        const fits = textWidth(text) <= width
        t.equal(fits ? cut : cut.endsWith('…'), fits ? text : true)
        return textWidth(cut) <= width + 0.01
      },
    ),
  )
  t.equal(fitText('a long name', 50), 'a lon…')
  t.end()
})

t.test('texts that begin alike are cut in the middle', (t) => {
  const names = ['a_long_name_of_number_1', 'a_long_name_of_number_12', 'another name that is long']
  const shown = fitTexts(names, 100)
  t.match(shown, [/^a_lon.*….*ber_1$/, /^a_lon.*….*r_12$/, /^another nam.*…$/])
  const beside = fitTexts(['a_long_name_of_number_1', 'a_long'], 60)
  t.match(beside, [/…\w*1$/, /^a_long$/], 'a text that fits counts, too')
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.integer({ min: 15, max: 300 }),
      (text, width) => {
        const cut = fitText(text, width, 13, 'middle')
        const fits = textWidth(text) <= width
        return fits ? cut === text : textWidth(cut) <= width + 0.01 && !/\p{Surrogate}/u.test(cut)
      },
    ),
  )
  t.end()
})

t.test('parts of a title share the room, the class is always seen', (t) => {
  const long = 'x'.repeat(200)
  const title = fitParts(['Probability of ', { cut: long }, ' = ', { cut: 'yes' }], 300)
  t.match(title, /^Probability of x+… = yes$/)
  t.ok(textWidth(title) <= 300)
  t.match(fitParts([{ cut: long }, ' = ', { cut: long }], 300), /^x+… = x+…$/)
  t.end()
})

t.test('a text that was cut is whole in its title', (t) => {
  t.match(
    label('a <long> name', { x: 0, y: 0, width: 50 }),
    /<title>a &lt;long&gt; name<\/title>a &lt;lo…</,
  )
  t.notMatch(label('short', { x: 0, y: 0, width: 50 }), /title/)
  t.end()
})
