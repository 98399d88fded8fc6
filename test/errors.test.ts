/** Messages keep their places as data: they are written in one way, and rows can be numbered anew. */
import fc from 'fast-check'
import t from 'tap'
import { InputError, inFile, type Place, type PlacedText, placed, quote } from '../src/errors.ts'

const cases: readonly [name: string, text: string | PlacedText, message: string, Place[]][] = [
  ['a text alone', 'the body is empty', 'the body is empty', []],
  ['a template without places', placed`${3} of ${'them'}`, '3 of them', []],
  ['a row', placed`${{ row: 3 }} is an empty line`, 'row 3 is an empty line', [{ row: 3 }]],
  ['a column', placed`${{ column: 'a"b' }}: no`, 'column "a\\"b": no', [{ column: 'a"b' }]],
  [
    'a cell',
    placed`${{ row: 3, column: 'age' }}: ${'"x"'} is not a number`,
    'row 3, column "age": "x" is not a number',
    [{ row: 3, column: 'age' }],
  ],
  [
    'two rows, of which the first is wrong',
    placed`${{ row: 4 }} has ${1} fields, ${{ row: 1 }} has ${2}`,
    'row 4 has 1 fields, row 1 has 2',
    [{ row: 4 }],
  ],
  [
    'a text inside another',
    placed`${'train.csv'}: ${placed`${{ row: 2 }} is late`}`,
    'train.csv: row 2 is late',
    [{ row: 2 }],
  ],
]

t.test('a place is written where the template names it', (t) => {
  for (const [name, text, message, places] of cases) {
    const error = new InputError('invalid_number', text)
    t.equal(error.message, message, name)
    t.strictSame(error.places, places, `${name}: places`)
  }
  const absent = [{ row: 2, column: 'a' }]
  const error = new InputError('missing_column', placed`${{ row: 2 }} lacks "a"`, absent)
  t.strictSame(error.places, absent, 'places that are given go before those of the text')
  t.end()
})

t.test('rows are numbered anew, and nothing that only looks like one', (t) => {
  const error = new InputError('ragged_row', placed`${{ row: 2 }} is "row 2", ${{ row: 1 }} is not`)
  const moved = error.numberRows((row) => row + 10)
  t.equal(moved.message, 'row 12 is "row 2", row 11 is not')
  t.strictSame(moved.places, [{ row: 12 }])
  t.equal(moved.code, error.code)
  const cell = fc.record({ row: fc.nat(), column: fc.string() }, { requiredKeys: [] })
  const text = fc.array(fc.oneof(fc.string(), cell))
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 1e9 }), (parts, offset) => {
      const one = new InputError('invalid_number', parts)
      const there = one.numberRows((row) => row + offset)
      const back = there.numberRows((row) => row - offset)
      return back.message === one.message && there.text.length === one.text.length
    }),
  )
  t.end()
})

const quoted: readonly [name: string, text: string, shown: string][] = [
  ['ASCII', 'a "b" \\', '"a \\"b\\" \\\\"'],
  ['signs and letters of any script', '€ Zürich 東京 ﷼ हिन्दी', '"€ Zürich 東京 ﷼ हिन्दी"'],
  ['a picture', '🙂', '"🙂"'],
  ['controls', 'a\u001b[2J\n\u0085', '"a\\u001b[2J\\n\\u0085"'],
  ['what turns the direction', '\u202eabc\u2066\u200f\u061c', '"\\u202eabc\\u2066\\u200f\\u061c"'],
  ['ends of lines and paragraphs', '\u2028\u2029', '"\\u2028\\u2029"'],
  ['no width', 'a\u200b\ufeff\u00ad\u2060', '"a\\u200b\\ufeff\\u00ad\\u2060"'],
  ['blanks that are no space', ' \u00a0\u3000\u2800\u3164', '" \\u00a0\\u3000\\u2800\\u3164"'],
  ['tags beyond the basic plane', '\u{e0041}', '"\\udb40\\udc41"'],
  ['half a character', '\ud800', '"\\ud800"'],
  ['private use', '\ue000', '"\\ue000"'],
]

t.test('a quoted value shows what can be seen, and escapes what cannot', (t) => {
  for (const [name, text, shown] of quoted) {
    t.equal(quote(text), shown, name)
    t.equal(JSON.parse(quote(text)), text, `${name}: nothing is lost`)
  }
  t.equal(quote('ab🙂', 3), '"ab…"', 'no character is halved')
  t.equal(quote({ 'ä\u200b': 1 }), '{"ä\\u200b":1}')
  t.end()
})

t.test('an error names its file, and keeps its places', (t) => {
  const inner = new InputError('ragged_row', placed`${{ row: 2 }} is short`)
  const named = inFile('a\u001b€.csv', inner)
  if (!(named instanceof InputError)) return t.fail('another error')
  t.equal(named.message, 'a\\u001b€.csv: row 2 is short')
  t.equal(named.numberRows((row) => row + 1).message, 'a\\u001b€.csv: row 3 is short')
  const other = new Error('a defect')
  t.equal(inFile('a.csv', other), other, 'what is no InputError stays')
  t.end()
})
