import t from 'tap'
import { type Cell, cellAt, type DataFrame } from '../../../src/data/frame.ts'
import { decodeUtf8 } from '../../../src/data/utf8.ts'
import type { InputErrorCode, Place } from '../../../src/errors.ts'
import { InputError } from '../../../src/errors.ts'
import { readCsvTable, readJsonLinesTable } from '../../../src/tables/formats/read-text.ts'
import { checkRefused } from '../../tables.ts'

t.test('a CSV table is read', (t) => {
  const cases: [string, string, Record<string, Cell[]>][] = [
    ['numbers and texts', 'a,b\n1,x\n2.5,y\n', { a: [1, 2.5], b: ['x', 'y'] }],
    ['no line end at the end', 'a\n1', { a: [1] }],
    ['blank lines at the end', 'a\n1\n\n\r\n\n', { a: [1] }],
    ['line ends of Windows', 'a,b\r\n1,x\r\n', { a: [1], b: ['x'] }],
    ['line ends of old Macs', 'a,b\r1,x\r', { a: [1], b: ['x'] }],
    ['blanks around fields', ' a , b\n 1 ,\tx \n', { a: [1], b: ['x'] }],
    [
      'quoted fields',
      'a,"b,c"\n"1","x, ""y"""\n2,"line\nbreak"\n',
      { a: [1, 2], 'b,c': ['x, "y"', 'line\nbreak'] },
    ],
    [
      'numbers as people write them',
      'a\n-1\n+2\n.5\n5.\n1e3\n1E-2\n',
      { a: [-1, 2, 0.5, 5, 1000, 0.01] },
    ],
    [
      'every missing marker',
      'a,b\n1,x\n,\nNA,NA\nN/A,N/A\nNaN,NaN\nnan,nan\nNULL,NULL\nnull,null\n',
      { a: [1, ...nulls(7)], b: ['x', ...nulls(7)] },
    ],
    [
      'what only looks like one',
      'b\nna\nNone\nnone\n?\n-\nNa N\n',
      { b: ['na', 'None', 'none', '?', '-', 'Na N'] },
    ],
    ['a column without values', 'a,b\n,1\n,2\n', { a: [null, null], b: [1, 2] }],
    ['numbers with zeros in front stay text', 'zip\n00501\n10001\n', { zip: ['00501', '10001'] }],
    ['a zero behind the first row, too', 'zip\n10001\n00501\n', { zip: ['10001', '00501'] }],
    ['a sign before the zeros', 'a\n-01\n2\n', { a: ['-01', '2'] }],
    ['but 0, 0.5 and 0e1 are numbers', 'a\n0\n0.5\n0e1\n', { a: [0, 0.5, 0] }],
    ['one text makes a text column', 'a\n1\n2\nx\n', { a: ['1', '2', 'x'] }],
    [
      'numbers that are not decimal are text',
      'a\n0x10\n1_000\n"1,5"\n',
      { a: ['0x10', '1_000', '1,5'] },
    ],
    ['texts of true and false stay text', 'a\ntrue\nfalse\n', { a: ['true', 'false'] }],
    ['the last digits of a double', 'a\n0.1\n1e-320\n', { a: [0.1, 1e-320] }],
    ['an infinity among texts is a text', 'a\ninf\nlow\n', { a: ['inf', 'low'] }],
    ['doubled quotes in the first name', '"a""c",b\n1,x\n', { 'a"c': [1], b: ['x'] }],
    [
      'doubled quotes in names that become longer',
      '"a""",b,"""cc""",d\n1,x,2,y\n',
      { 'a"': [1], b: ['x'], '"cc"': [2], d: ['y'] },
    ],
    ['header only', 'a,b\n', { a: [], b: [] }],
    ['no bytes', '', {}],
    ['line ends only', '\r\n\n', {}],
    ['names of a prototype', '__proto__,constructor\n1,x\n', proto()],
  ]
  for (const [name, text, expected] of cases) same(t, readCsvTable(text), expected, name)
  t.end()
})

t.test('a CSV table without a header gets the names given', async (t) => {
  same(t, readCsvTable('1,x\n2,y\n', ['a', 'b']), { a: [1, 2], b: ['x', 'y'] }, 'names')
  await checkRefused(
    t,
    () => readCsvTable('1,2,3\n', ['a', 'b']),
    'wrong_width',
    /3 columns, 2 names/,
    'too few names',
  )
})

t.test('headers', async (t) => {
  for (const [name, text, code, message] of [
    ['a name twice', 'a,b,a\n1,2,3\n', 'duplicate_column', /"a" twice/],
    ['twice but for blanks', 'a, a\n1,2\n', 'duplicate_column', /"a" twice/],
    ['an empty name', 'a,,c\n1,2,3\n', 'empty_column_name', /column 2 has no name/],
    ['an empty name alone', '""\n1\n', 'empty_column_name', /column 1 has no name/],
  ] as const)
    await checkRefused(t, () => readCsvTable(text), code, message, name)
  same(t, readCsvTable('a,A\n1,2\n'), { a: [1], A: [2] }, 'case tells names apart')
  same(t, readCsvTable(',a\n0,1\n'), { 'Unnamed: 0': [0], a: [1] }, 'the index of pandas')
  const long = 'x'.repeat(1000)
  same(t, readCsvTable(`${long}\n1\n`), { [long]: [1] }, 'a name of 1000 characters is kept')
  const forged = 'a\n[train] auc=1'
  same(t, readCsvTable(`"${forged}"\n1\n`), { [forged]: [1] }, 'a line break in a name is kept')
  await checkRefused(
    t,
    () => readCsvTable(`"${forged}","${forged}"\n1,2\n`),
    'duplicate_column',
    /^the header names column "a\\n\[train\] auc=1" twice$/,
    'and escaped in messages',
  )
})

t.test('a text that is not one clean table is refused by its row', async (t) => {
  const cases: [string, string, InputErrorCode, RegExp, Place | undefined][] = [
    [
      'a row too short',
      'a,b\n1,2\n3\n',
      'ragged_row',
      /row 2 has 1 fields, the header has 2/,
      { row: 2 },
    ],
    ['a row too long', 'a,b\n1,2,3\n', 'ragged_row', /row 1 has 3 fields/, { row: 1 }],
    ['a blank line', 'a,b\n1,2\n\n3,4\n', 'blank_row', /row 2 is an empty line/, { row: 2 }],
    ['a quote that never ends', 'a\n1\n"x\n', 'invalid_csv', /row 2: a quoted field/, { row: 2 }],
    [
      'a quote inside a field',
      'a\nx"y\n',
      'invalid_csv',
      /row 1: a quote stands inside/,
      { row: 1 },
    ],
    ['a NUL', 'a\n1\nx\0y\n', 'control_character', /row 2 .* U\+0000/, { row: 2 }],
    ['an escape', 'a\u001b[2J\n1\n', 'control_character', /the header .* U\+001b/, undefined],
    [
      '1e999',
      'a,b\n1,2\n3,1e999\n',
      'non_finite',
      /row 2, column "b": "1e999"/,
      { row: 2, column: 'b' },
    ],
    ['−1e999', 'a\n-1e999\n', 'non_finite', /row 1, column "a"/, { row: 1, column: 'a' }],
    ['inf', 'a\n1\ninf\n', 'non_finite', /row 2, column "a": "inf"/, { row: 2, column: 'a' }],
    ['-Infinity first', 'a\n-Infinity\n2\n', 'non_finite', /row 1/, { row: 1, column: 'a' }],
    ['+INF beside missing values', 'a\nNA\n+INF\n', 'non_finite', /row 2/, { row: 2, column: 'a' }],
  ]
  for (const [name, text, code, message, place] of cases) {
    const act = () => readCsvTable(text)
    await checkRefused(t, act, code, message, name)
    t.strictSame(placesOf(act), place ? [place] : [], `${name}: place`)
  }
})

t.test('bytes become text', async (t) => {
  const utf8 = (text: string) => new TextEncoder().encode(text)
  same(t, readCsvTable(decodeUtf8(utf8('\ufeffa,b\n1,ä\n'))), { a: [1], b: ['ä'] }, 'with a BOM')
  same(
    t,
    readJsonLinesTable(decodeUtf8(utf8('\ufeff{"a":"😀"}\n'))),
    { a: ['😀'] },
    'JSON Lines with a BOM',
  )
  const utf16 = (text: string, bom: number[]) =>
    Uint8Array.from([...bom, ...Array.from(text).flatMap((c) => [c.charCodeAt(0), 0])])
  for (const [name, bytes, message] of [
    ['Latin-1', Uint8Array.of(0x61, 0x0a, 0xe4, 0x0a), /not UTF-8: byte 4 is wrong/],
    ['a lone byte at the end', Uint8Array.of(0x61, 0x0a, 0xc3), /byte 3 is wrong/],
    ['a wrong first byte', Uint8Array.of(0x80, 0x61), /byte 1 is wrong/],
    ['a surrogate', Uint8Array.of(0x61, 0xed, 0xa0, 0x80), /byte 3 is wrong/],
    ['an overlong slash', Uint8Array.of(0x61, 0xc0, 0xaf), /byte 2 is wrong/],
    ['UTF-16 with a BOM', utf16('a,b', [0xff, 0xfe]), /UTF-16/],
    ['UTF-16 without a BOM', utf16('a,b', []), /UTF-16/],
  ] as const)
    await checkRefused(t, () => decodeUtf8(bytes), 'invalid_utf8', message, name)
})

t.test('a JSON Lines table is read', (t) => {
  const cases: [string, string, Record<string, Cell[]>][] = [
    ['numbers and texts', '{"a":1,"b":"x"}\n{"a":2.5,"b":"y"}\n', { a: [1, 2.5], b: ['x', 'y'] }],
    ['no line end at the end', '{"a":1}', { a: [1] }],
    ['line ends of Windows', '{"a":1}\r\n{"a":2}\r\n\r\n', { a: [1, 2] }],
    [
      'null and empty are missing',
      '{"a":null,"b":""}\n{"a":1,"b":"x"}\n',
      { a: [null, 1], b: [null, 'x'] },
    ],
    ['so are the markers of CSV', '{"b":"NA"}\n{"b":" x "}\n', { b: [null, 'x'] }],
    ['an empty text in a number column', '{"a":""}\n{"a":1}\n', { a: [null, 1] }],
    [
      'a key that is absent is missing',
      '{"a":1}\n{"b":"x"}\n{"a":3}\n',
      { a: [1, null, 3], b: [null, 'x', null] },
    ],
    ['columns in order of appearance', '{"b":1}\n{"a":2,"b":3}\n', { b: [1, 3], a: [null, 2] }],
    ['texts of digits stay text', '{"a":"1"}\n{"a":"2"}\n', { a: ['1', '2'] }],
    ['booleans become texts', '{"a":true}\n{"a":false}\n', { a: ['true', 'false'] }],
    ['a column of nulls', '{"a":null,"b":1}\n', { a: [null], b: [1] }],
    ['the last of equal keys wins', '{"a":1,"a":2}\n', { a: [2] }],
    ['nothing', '', {}],
    ['names of a prototype', '{"__proto__":1,"constructor":"x"}\n', proto()],
  ]
  for (const [name, text, expected] of cases) same(t, readJsonLinesTable(text), expected, name)
  t.end()
})

t.test('JSON Lines that are not one clean table are refused by their line', async (t) => {
  const cases: [string, string, InputErrorCode, RegExp, Place][] = [
    ['not JSON', '{"a":1}\n{a:1}\n', 'invalid_json', /line 2 is not JSON/, { row: 2 }],
    ['nan', '{"a":nan}\n', 'invalid_json', /line 1/, { row: 1 }],
    ["Python's NaN in a list", '[NaN]\n', 'invalid_shape', /line 1/, { row: 1 }],
    ['a list', '{"a":1}\n[1]\n', 'invalid_shape', /line 2 is not a JSON object/, { row: 2 }],
    ['null', 'null\n', 'invalid_shape', /line 1/, { row: 1 }],
    ['a blank line between', '{"a":1}\n\n{"a":2}\n', 'blank_row', /line 2 is empty/, { row: 2 }],
    [
      'two types',
      '{"a":1}\n{"a":2}\n{"a":"x"}\n',
      'invalid_text',
      /"a" holds number and string/,
      { row: 3, column: 'a' },
    ],
    [
      'numbers and booleans',
      '{"a":1}\n{"a":true}\n',
      'invalid_text',
      /"a"/,
      { row: 2, column: 'a' },
    ],
    [
      'an empty text before two types',
      '{"a":""}\n{"a":1}\n{"a":"x"}\n',
      'invalid_text',
      /"a"/,
      { row: 3, column: 'a' },
    ],
    [
      'a list in a cell',
      '{"a":1}\n{"a":[1]}\n',
      'invalid_text',
      /"a" holds a list or an object/,
      { row: 2, column: 'a' },
    ],
    [
      'objects in all cells',
      '{"a":{}}\n{"a":{}}\n',
      'invalid_text',
      /"a" holds a list or an object/,
      { row: 1, column: 'a' },
    ],
    ['1e999', '{"a":1}\n{"a":1e999}\n', 'non_finite', /row 2, column "a"/, { row: 2, column: 'a' }],
    ['an empty key', '{"":1}\n', 'empty_column_name', /column 1/, {}],
  ]
  for (const [name, text, code, message, place] of cases) {
    const act = () => readJsonLinesTable(text)
    await checkRefused(t, act, code, message, name)
    t.strictSame(placesOf(act), Object.keys(place).length > 0 ? [place] : [], `${name}: place`)
  }
})

function same(
  t: { strictSame(found: unknown, wanted: unknown, name: string): unknown },
  frame: DataFrame,
  expected: Record<string, Cell[]>,
  name: string,
): void {
  const cells = frame.columns.map((column) =>
    Array.from({ length: frame.length }, (_, row) => cellAt(column, row)),
  )
  t.strictSame([frame.names, cells], [Object.keys(expected), Object.values(expected)], name)
}

function placesOf(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error instanceof InputError ? error.places : error
  }
  return undefined
}

function nulls(count: number): null[] {
  return new Array<null>(count).fill(null)
}

function proto(): Record<string, Cell[]> {
  return JSON.parse('{"__proto__":[1],"constructor":["x"]}') as Record<string, Cell[]>
}
