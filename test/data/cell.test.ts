/** What a cell means: the table of types, texts in their normal form, whole numbers with all their digits. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { booleanText, type CellColumn, cellOfField, cellOfValue } from '../../src/data/cell.ts'
import type { Cell } from '../../src/data/frame.ts'
import { parseKeepingIntegers } from '../../src/data/json-integers.ts'
import { isInexactInteger, keepInteger } from '../../src/data/number.ts'
import { isAscii, normalText } from '../../src/data/text.ts'
import { InputError } from '../../src/errors.ts'

const kinds = {
  number: { name: 'x', type: 'number' },
  truths: { name: 'x', type: 'number', range: { minimum: 0, maximum: 1, integer: true } },
  text: { name: 'x', type: 'text' },
  boolean: { name: 'x', type: 'text', texts: 'boolean' },
  integer: { name: 'x', type: 'text', texts: 'integer' },
  raw: { name: 'x', type: 'text', raw: true },
} as const satisfies Readonly<Record<string, CellColumn>>
type Kind = keyof typeof kinds

/** A column that is left out refuses the value. */
type Meaning = Readonly<Partial<Record<Kind, Cell>>>
const everywhere = (cell: Cell): Meaning =>
  Object.fromEntries(Object.keys(kinds).map((kind) => [kind, cell]))
const texts = (cell: Cell): Meaning => ({
  text: cell,
  boolean: cell,
  integer: cell,
  raw: cell,
})
const LONG = 2n ** 53n + 1n

const values: [name: string, value: unknown, meaning: Meaning][] = [
  ['null', null, everywhere(null)],
  ['what is not there', undefined, everywhere(null)],
  ['NaN', Number.NaN, everywhere(null)],
  ['a number', 2.5, { number: 2.5, truths: 2.5 }],
  ['a whole number', 7, { number: 7, truths: 7, integer: '7' }],
  ['0', 0, { number: 0, truths: 0, boolean: 'false', integer: '0' }],
  ['-0', -0, { number: -0, truths: -0, boolean: 'false', integer: '0' }],
  ['1', 1, { number: 1, truths: 1, boolean: 'true', integer: '1' }],
  ['an infinity', Number.NEGATIVE_INFINITY, {}],
  ['a long integer', LONG, { number: 2 ** 53, truths: 2 ** 53, integer: '9007199254740993' }],
  ['true', true, { truths: 1, ...texts('true') }],
  ['false', false, { truths: 0, ...texts('false') }],
  ['a text', 'red', texts('red')],
  ['a text with blanks around', ' red\n', texts('red')],
  ['no text', ' ', texts(null)],
  ['a text for a missing value', 'NA', texts(null)],
  ['a truth as Python writes it', 'True', { ...texts('True'), boolean: 'true' }],
  ['a truth as R writes it', 'FALSE', { ...texts('FALSE'), boolean: 'false' }],
  ['digits in quotes', '1', { ...texts('1'), boolean: 'true' }],
  [
    'a text composed of two',
    'e\u0301',
    { text: 'é', boolean: 'e\u0301', integer: 'é', raw: 'e\u0301' },
  ],
  [
    'nothing that is seen',
    '\u200b',
    { text: null, boolean: '\u200b', integer: null, raw: '\u200b' },
  ],
  ['a list', [1], {}],
  ['an object', { a: 1 }, {}],
]

const fields: [name: string, text: string, meaning: Meaning][] = [
  ['nothing', '', everywhere(null)],
  ['NA', 'NA', everywhere(null)],
  ['a number', '-2.50', { number: -2.5, truths: -2.5, ...texts('-2.50') }],
  ['a one', '1', { number: 1, truths: 1, ...texts('1'), boolean: 'true' }],
  ['a one with a point', '1.0', { number: 1, truths: 1, ...texts('1.0'), boolean: 'true' }],
  ['a naught', '0', { number: 0, truths: 0, ...texts('0'), boolean: 'false' }],
  ['a truth', 'True', { truths: 1, ...texts('True'), boolean: 'true' }],
  ['another truth', 'false', { truths: 0, ...texts('false') }],
  ['a truth in letters of its own', 'tRuE', texts('tRuE')],
  ['a long integer', `${LONG}`, { number: 2 ** 53, truths: 2 ** 53, ...texts(`${LONG}`) }],
  ['more than a double', '1e999', texts('1e999')],
  ['a word', 'red', texts('red')],
  [
    'a blank that does not break',
    'a\u00a0b',
    { text: 'a b', boolean: 'a\u00a0b', integer: 'a b', raw: 'a\u00a0b' },
  ],
]

function check(t: Test, read: (column: CellColumn) => Cell, meaning: Meaning): void {
  for (const [kind, column] of Object.entries(kinds)) {
    if (Object.hasOwn(meaning, kind)) t.strictSame(read(column), meaning[kind as Kind], kind)
    else {
      try {
        t.fail(`${kind}: not refused, but ${read(column)}`)
      } catch (error) {
        t.ok(error instanceof InputError && error.places[0]?.row === 3, `${kind}: refused`)
      }
    }
  }
}

for (const [name, value, meaning] of values) {
  t.test(`${name} as a typed value`, (t) => {
    check(t, (column) => cellOfValue(column, value, 3), meaning)
    t.end()
  })
}

for (const [name, text, meaning] of fields) {
  t.test(`${name} as a field of CSV`, (t) => {
    check(t, (column) => cellOfField(column, text, 3), meaning)
    t.end()
  })
}

t.test('whole numbers that a double does not keep', (t) => {
  const cases: [digits: string, isInexact: boolean, kept: number | bigint][] = [
    ['9007199254740991', false, 9007199254740991],
    ['9007199254740992', false, 9007199254740992],
    ['9007199254740993', true, 9007199254740993n],
    ['-9007199254740993', true, -9007199254740993n],
    ['123456789012345680000', false, 123456789012345680000],
    ['123456789012345683968', false, 123456789012345683968n],
    ['18446744073709551615', true, 18446744073709551615n],
  ]
  for (const [digits, isInexact, kept] of cases) {
    t.equal(isInexactInteger(digits), isInexact, digits)
    t.equal(keepInteger(BigInt(digits)), kept, `${digits} kept`)
  }
  for (const text of ['+9007199254740993', '009007199254740993'])
    t.equal(isInexactInteger(text), true, text)
  for (const text of ['9007199254740993.0', '9e99', '9'.repeat(400), 'x'.repeat(20)])
    t.equal(isInexactInteger(text), false, text.slice(0, 20))
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), (integer) => {
      const kept = keepInteger(integer)
      return String(kept) === String(integer) && isInexactInteger(String(integer))
        ? BigInt(Number(integer)) !== integer
        : String(kept) === String(integer)
    }),
  )
  t.end()
})

t.test('JSON keeps the digits of whole numbers, and nothing else changes', (t) => {
  const parse = (text: string) => parseKeepingIntegers(text, JSON.parse)
  t.strictSame(parse('9007199254740993'), 9007199254740993n)
  t.strictSame(parse('[9007199254740993,-9007199254740993, 5]'), [
    9007199254740993n,
    -9007199254740993n,
    5,
  ])
  t.strictSame(parse('{"a":{"b":[ 9007199254740993]},"c":"9007199254740993"}'), {
    a: { b: [9007199254740993n] },
    c: '9007199254740993',
  })
  t.strictSame(parse('{"a\\":9007199254740993":1,"b":0.1234567890123456}'), {
    'a":9007199254740993': 1,
    b: 0.1234567890123456,
  })
  t.strictSame(parse('{"a":9007199254740993,"a":[9007199254740995]}'), { a: [9007199254740995n] })
  for (const text of ['[9007199254740993.5]', '[9007199254740993e2]', `[${'9'.repeat(1000)}]`])
    t.strictSame(parse(text), JSON.parse(text), text.slice(0, 24))
  for (const text of ['{9007199254740993:1}', '[09007199254740993]', '[9007199254740993,]'])
    t.throws(() => parse(text), SyntaxError, text)
  const value = fc.jsonValue({ maxDepth: 3 })
  fc.assert(
    fc.property(value, fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }), (value, integer) => {
      const found = parse(`[${JSON.stringify(value)},${integer}]`) as [unknown, number | bigint]
      return (
        JSON.stringify(found[0]) === JSON.stringify(JSON.parse(JSON.stringify(value))) &&
        found[1] === keepInteger(integer)
      )
    }),
  )
  t.end()
})

t.test('the normal form of a text', (t) => {
  const cases: [written: string, normal: string][] = [
    ['plain', 'plain'],
    ['  kept as readers cut blanks ', '  kept as readers cut blanks '],
    ['Zu\u0308rich', 'Zürich'],
    ['e\u200b\u0301', 'é'],
    ['a\u00a0b\u202fc\u2007d\u3000e', 'a b c d e'],
    ['\ufeffx\u200b', 'x'],
    ['x\u200b\u00a0', 'x'],
    ['\u200b', ''],
    ['\u212a', 'K'],
    ['ﬁ', 'ﬁ'],
  ]
  for (const [written, normal] of cases)
    t.equal(normalText(written), normal, JSON.stringify(written))
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const normal = normalText(text)
      return normalText(normal) === normal && (!isAscii(text) || normal === text)
    }),
    { numRuns: 2000 },
  )
  t.end()
})

t.test('a truth keeps its meaning when it is read again', (t) => {
  for (const text of ['True', 'FALSE', '1', '0.0', 'x', '2', '-0'])
    t.equal(booleanText(booleanText(text)), booleanText(text), text)
  t.end()
})
