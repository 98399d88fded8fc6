/** Files as programs write them: delimiters, encodings, containers; all of them are one table. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { zipSync } from 'fflate/browser'
import t, { type Test } from 'tap'
import { type Cell, cellAt, type DataFrame } from '../../src/data/frame.ts'
import { type Delimiter, delimiters } from '../../src/tables/formats/dialect.ts'
import { toPlainCsv } from '../../src/tables/formats/plain-csv.ts'
import { type Header, type Reading, readTables } from '../../src/tables/read-tables.ts'
import { checkRefused } from '../tables.ts'
import { textCell, workbook } from '../workbook.ts'

async function read(
  t: Test,
  name: string,
  content: string | Uint8Array,
  reading: Reading = {},
  header: Header = 'present',
) {
  const path = join(t.testdir(), name)
  await writeFile(path, content)
  return readTables({ files: [path], reading }, header)
}

function rowsOf({ names, columns, length }: DataFrame): Cell[][] {
  return [
    [...names],
    ...Array.from({ length }, (_, row) => columns.map((column) => cellAt(column, row))),
  ]
}

const bytes = (text: string) => new TextEncoder().encode(text)

function utf16(text: string, isBig: boolean, mark: boolean): Uint8Array {
  const little = Buffer.from(`${mark ? '\ufeff' : ''}${text}`, 'utf16le')
  return isBig ? little.swap16() : little
}

const sheet = `<row r="3">${textCell('B3', 'who')}${textCell('C3', 'born')}${textCell('D3', 'n')}</row>
<row r="4">${textCell('B4', 'a, b')}<c r="C4" s="1"><v>45351</v></c><c r="D4"><v>0.1</v></c></row>
<row r="5">${textCell('B5', 'c')}<c r="C5" s="1"><v>45351.5</v></c></row>`

const plain = 'a,b,c\n1,x,2\n3,y,4\n'
const expected = [
  ['a', 'b', 'c'],
  [1, 'x', 2],
  [3, 'y', 4],
]

t.test('what programs write is one table', async (t) => {
  const cases: [string, string, string | Uint8Array, RegExp?, Reading?][] = [
    ['commas', '1.csv', plain],
    ['semicolons', '1.csv', plain.replaceAll(',', ';'), /semicolons/],
    ['tabs', '1.tsv', plain.replaceAll(',', '\t'), /tabs/],
    ['bars', '1.data', plain.replaceAll(',', '|'), /bars/],
    ['blanks', '1.data', ' a  b   c\n 1  x   2\n3 y  4 \n', /blanks/],
    ['blanks, as R quotes them', '1.txt', '"a" "b" "c"\n1 "x" 2\n3 "y" 4\n', /blanks/],
    ['columns filled up, and a tab', '1.data', 'a  b\t"c"\n1  x\t2\n3  y\t4\n', /blanks/],
    ['blanks that are said', '1.csv', plain.replaceAll(',', ' \t'), /blanks/, { delimiter: ' ' }],
    ['UTF-16 with a mark', '1.csv', utf16(plain, false, true), /utf-16le/],
    ['UTF-16 the other way round', '1.csv', utf16(plain, true, true), /utf-16be/],
    ['UTF-16 without a mark', '1.txt', utf16(plain, false, false), /utf-16le/],
    ['lines left out', '1.csv', `a title\r\n\r\n${plain}`, /2 lines left out/, { skipRows: 2 }],
    ['rows in quotes', '1.csv', '"a;""b"";""c"""\n"1;""x"";2"\n"3;y;4"\n', /in quotes/],
    ['a header in quotes', '1.csv', '"a;""b"";""c"""\n1;x;2\n3;y;4\n', /in quotes/],
    ['a list', '1.json', '[{"a":1,"b":"x","c":2},\n {"a":3,"b":"y","c":4}]'],
    [
      'an archive',
      '1.zip',
      zipSync({ 'in/1.csv': bytes(plain), '__MACOSX/1': bytes('-') }),
      /1\.csv/,
    ],
  ]
  for (const [name, file, content, note, reading] of cases) {
    const { table, files } = await read(t, file, content, reading)
    t.strictSame(rowsOf(table), expected, name)
    if (note) t.match(files[0]?.notes.join(' · '), note, `${name}: said`)
    else t.strictSame(files[0]?.notes, [], `${name}: nothing to say`)
  }
})

t.test('what only looks like another dialect is none', async (t) => {
  const cases: [string, string, Cell[][]][] = [
    [
      'lists in fields',
      'a,b\nx,1;2\ny,3;4\n',
      [
        ['a', 'b'],
        ['x', '1;2'],
        ['y', '3;4'],
      ],
    ],
    [
      'a quoted delimiter',
      'a;b\n"x,y";1\n"z,w";2\n',
      [
        ['a', 'b'],
        ['x,y', 1],
        ['z,w', 2],
      ],
    ],
    [
      'decimal commas',
      'a;b\n1,5;x\n2,5;y\n',
      [
        ['a', 'b'],
        ['1,5', 'x'],
        ['2,5', 'y'],
      ],
    ],
    ['one column', 'a\nx;1\ny\n', [['a'], ['x;1'], ['y']]],
    ['words', 'a\nx y\nz w\n', [['a'], ['x y'], ['z w']]],
    [
      'words in fields',
      'a b,c d\nx y,1 2\nz w,3 4\n',
      [
        ['a b', 'c d'],
        ['x y', '1 2'],
        ['z w', '3 4'],
      ],
    ],
    [
      'words between tabs',
      'a b\tc d\nx y\t1 2\nz w\t3 4\n',
      [
        ['a b', 'c d'],
        ['x y', '1 2'],
        ['z w', '3 4'],
      ],
    ],
    [
      'names of rows, as R writes them',
      '"a" "b"\n"1" 1 "x y"\n"2" 2 "z"\n',
      [
        ['Unnamed: 0', 'a', 'b'],
        [1, 1, 'x y'],
        [2, 2, 'z'],
      ],
    ],
    [
      'an index',
      ',a,b\n0,1,x\n1,2,y\n',
      [
        ['Unnamed: 0', 'a', 'b'],
        [0, 1, 'x'],
        [1, 2, 'y'],
      ],
    ],
    [
      'names of rows',
      'a,b\nr1,1,x\nr2,2,y\n',
      [
        ['Unnamed: 0', 'a', 'b'],
        ['r1', 1, 'x'],
        ['r2', 2, 'y'],
      ],
    ],
  ]
  for (const [name, text, rows] of cases)
    t.strictSame(rowsOf((await read(t, '1.csv', text)).table), rows, name)
})

t.test('a spreadsheet: its first sheet, with dates', async (t) => {
  const { table, files } = await read(t, '1.xlsx', workbook(sheet))
  t.strictSame(rowsOf(table), [
    ['who', 'born', 'n'],
    ['a, b', '2024-02-29', 0.1],
    ['c', '2024-02-29 12:00:00', null],
  ])
  t.match(files[0]?.notes.join(), /sheet "People"/)
})

t.test('without a header', async (t) => {
  const { table, isNamed } = await read(t, '1.data', '1;x\n2;y\n', {}, 'numbered')
  t.strictSame(rowsOf(table), [
    ['c1', 'c2'],
    [1, 'x'],
    [2, 'y'],
  ])
  t.ok(isNamed)
  const { warnings } = await read(t, '1.csv', '5.1,a\n4.9,a\n4.7,b\n')
  t.match(warnings.join(), /names of the columns look like data .*add --no-header/)
})

t.test('objects in objects', async (t) => {
  const { table } = await read(t, '1.jsonl', '{"a":{"b":1,"c":{"d":"x"}},"e":2}\n{"e":3}\n')
  t.strictSame(rowsOf(table), [
    ['a.b', 'a.c.d', 'e'],
    [1, 'x', 2],
    [null, null, 3],
  ])
})

t.test('an encoding that is said', async (t) => {
  const content = Buffer.from('a,b\n1,M\xfcller \x80\n2,x\n', 'latin1')
  await checkRefused(
    t,
    () => read(t, '1.csv', content),
    'invalid_utf8',
    /add --encoding windows-1252/,
    'not said',
  )
  const { table } = await read(t, '1.csv', content, { encoding: 'windows-1252' })
  t.strictSame(rowsOf(table)[1], [1, 'Müller €'])
})

t.test('what is refused names the way out', async (t) => {
  const far = `<row r="1">${textCell('A1', 'a')}${textCell('XFD1', 'b')}</row><row r="900000">${textCell('A900000', 'c')}</row>`
  const broken = zipSync({ '1.csv': bytes(plain) }, { level: 0 })
  broken[broken.indexOf(0x78, 30)]! ^= 1
  const cases: [string, string, string | Uint8Array, Parameters<typeof checkRefused>[2], RegExp][] =
    [
      ['a title', '1.csv', `Report\n${plain}`, 'invalid_csv', /"Report".*--skip-rows 1/],
      ['a title and a blank line', '1.csv', `R\n\n${plain}`, 'invalid_csv', /--skip-rows 2/],
      ['rows that end in a delimiter', '1.csv', 'a,b\n1,2,\n3,4,\n', 'ragged_row', /row 1 has 3/],
      ['a name twice', '1.csv', '1,1\n2,3\n', 'duplicate_column', /--no-header/],
      [
        'two files',
        '1.zip',
        zipSync({ '1.csv': bytes('a'), '2.csv': bytes('b') }),
        'invalid_file',
        /2 files/,
      ],
      ['a damaged archive', '1.zip', broken, 'invalid_file', /damaged/],
      ['no archive', '1.zip', 'a,b\n', 'invalid_file', /named \.zip/],
      ['a far cell', '1.xlsx', workbook(far), 'too_large', /900000 rows of 16384/],
      [
        'an old workbook',
        '1.xls',
        Buffer.from('d0cf11e0a1b11ae1', 'hex'),
        'invalid_file',
        /\.xlsx or CSV/,
      ],
      ['a list that never ends', '1.json', '[{"a":1}', 'invalid_json', /never ends/],
      ['numbers in a list', '1.json', '[{"a":1},2]', 'invalid_shape', /object 2/],
      ['mixed types', '1.jsonl', '{"a":1}\n{"a":"x"}', 'invalid_text', /line 2 "x"/],
    ]
  for (const [name, file, content, code, message] of cases)
    await checkRefused(t, () => read(t, file, content), code, message, name)
})

t.test('a random table is the same in every dialect', async (t) => {
  const path = join(t.testdir(), 'table.csv')
  const field = fc.string({ unit: fc.constantFrom(...'ab1 ,;|"\t\nü€'), maxLength: 6 })
  const tables = fc.integer({ min: 2, max: 4 }).chain((width) =>
    fc.array(fc.array(field, { minLength: width, maxLength: width }), {
      minLength: 2,
      maxLength: 8,
    }),
  )
  const dialect = fc.record({
    delimiter: fc.constantFrom(...(Object.keys(delimiters) as Delimiter[])),
    encoding: fc.constantFrom('utf-8', 'utf-16le', 'utf-16be'),
    end: fc.constantFrom('\n', '\r\n', '\r'),
  })
  await fc.assert(
    fc.asyncProperty(tables, dialect, async (rows, { delimiter, encoding, end }) => {
      const all = [rows[0]!.map((_, j) => `col${j}`), ...rows]
      const write = (by: string, lineEnd: string) =>
        all
          .map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(by) + lineEnd)
          .join('')
      const text = write(delimiter, end)
      const table = async (content: string | Uint8Array) => {
        await writeFile(path, content)
        return rowsOf((await readTables({ files: [path], reading: {} }, 'present')).table)
      }
      const content = encoding === 'utf-8' ? text : utf16(text, encoding === 'utf-16be', true)
      const [found, wanted] = [await table(content), await table(write(',', '\n'))]
      if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(JSON.stringify(found))
    }),
    { numRuns: 300 },
  )
})

t.test('rows are rewritten alike however they arrive', async (t) => {
  const dialect = { delimiter: ';', isWrapped: false, hasRowNames: false } as const
  const rewrite = async (pieces: AsyncIterable<Uint8Array>) => {
    const written: Uint8Array[] = []
    for await (const piece of toPlainCsv(pieces, dialect, true)) written.push(piece.slice())
    return Buffer.concat(written).toString()
  }
  const text = Buffer.from(`\ufeffa;b\n1;"x""y"\n${'z'.repeat(300)};"${'é\n'.repeat(90)}"\n2;3`)
  const expected = `"a","b"\n"1","x""y"\n"${'z'.repeat(300)}","${'é\n'.repeat(90).trim()}"\n"2","3"\n`
  for (const size of [3, 7, 64, 1000]) {
    // A piece holds until the next one is asked for.
    const buffer = Buffer.alloc(size)
    async function* pieces() {
      for (let at = 0; at < text.length; at += size)
        yield buffer.subarray(0, text.copy(buffer, 0, at))
    }
    t.equal(await rewrite(pieces()), expected, `pieces of ${size} bytes`)
  }
})
