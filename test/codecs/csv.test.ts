/** CSV in and out: reliability.md 2.3 (V1 to V19). V17 needs the process and its workers: test/cli. */
import fc from 'fast-check'
import t from 'tap'
import type { DecodeContext } from '../../src/codecs/codec.ts'
import { csv, writeField } from '../../src/codecs/csv.ts'
import type { Cell } from '../../src/data/frame.ts'
import { normalText } from '../../src/data/text.ts'
import { InputError, type InputErrorCode, type Place, quote } from '../../src/errors.ts'
import type { Explanations } from '../../src/shap/explanation.ts'
import {
  type Body,
  checkReadsOrRefuses,
  context,
  decodeBody,
  loadCheckpoint,
  mutants,
  passenger,
  refusalOf,
  rowsOf,
} from '../helper.ts'

const ann: Cell[] = [1, 'female', 38, 'C85']
const bob: Cell[] = [3, 'male', null, null]

type Parameters = Readonly<Record<string, string>>

const utf16 = (text: string, mark: string) => Buffer.from(mark + text, 'utf16le')

const accepted: [name: string, body: Body, rows: Cell[][], parameters?: Parameters][] = [
  ['lines may end in LF', '1,female,38,C85\n3,male,,\n', [ann, bob]],
  ['lines may end in CR LF', '1,female,38,C85\r\n3,male,,\r\n', [ann, bob]],
  ['lines may end in CR', '1,female,38,C85\r3,male,,\r', [ann, bob]],
  [
    'line ends may be mixed',
    '3,male,,\r1,female,38,C85\r\n3,male,,\n3,male,,',
    [bob, ann, bob, bob],
  ],
  ['the last line needs no end', '1,female,38,C85\n3,male,,', [ann, bob]],
  ['blank lines at the end are ignored', '1,female,38,C85\n\n\r\n\n', [ann]],
  ['blank lines alone hold no rows', '\r\n\n', []],
  [
    'quotes may hold a line break',
    '1,female,38,"C\n85"\n3,male,,',
    [[1, 'female', 38, 'C\n85'], bob],
  ],
  ['quotes may hold CR LF', '1,female,38,"C\r\n85"', [[1, 'female', 38, 'C\r\n85']]],
  ['quotes may hold a comma', '1,female,38,"C,85"', [[1, 'female', 38, 'C,85']]],
  ['two quotes are one', '1,female,38,"""C"" 85"', [[1, 'female', 38, '"C" 85']]],
  ['numbers may be quoted', '"1","female","38","C85"', [ann]],
  ['without a header fields go by position', '1,female,38,C85', [ann]],
  ['a first row of names is a header', 'Pclass,Sex,Age,Cabin\n1,female,38,C85', [ann]],
  ['a quoted header is a header', '"Pclass","Sex","Age","Cabin"\n1,female,38,C85', [ann]],
  ['a header alone holds no rows', 'Pclass,Sex,Age,Cabin\n', []],
  ['one cell that is a name makes no header', '1,male,38,Cabin', [[1, 'male', 38, 'Cabin']]],
  [
    'header=present reads the first row as one',
    'Pclass,Sex,Age,Cabin\n1,female,38,C85',
    [ann],
    { header: 'present' },
  ],
  [
    'header=present allows strangers',
    'Deck,Pclass,Sex,Age,Cabin\nB,1,female,38,C85',
    [ann],
    { header: 'present' },
  ],
  [
    'header=absent reads the first row as data',
    '1,Sex,,Cabin',
    [[1, 'Sex', null, 'Cabin']],
    { header: 'absent' },
  ],
  ['a header may have any order', 'Cabin,Age,Pclass,Sex\nC85,38,1,female\n,,3,male', [ann, bob]],
  [
    'id and label in a header are ignored',
    'PassengerId,Survived,Pclass,Sex,Age,Cabin\n7,1,1,female,38,C85',
    [ann],
  ],
  ['a header may lack nullable columns', 'Sex,Pclass\nmale,3', [bob]],
  [
    '__proto__ and constructor are plain names',
    '__proto__,Pclass,constructor,Sex,Age,Cabin\n9,1,8,female,38,C85',
    [ann],
    { header: 'present' },
  ],
  ['an empty number is missing, never 0', '3,male,,C85', [[3, 'male', null, 'C85']]],
  ['an empty text is missing', '3,male,22,', [[3, 'male', 22, null]]],
  ['blanks alone are missing', '3,male,  ,\t', [bob]],
  ['quoted nothing is missing', '3,male,"",""', [bob]],
  [
    'NA, NaN and null are missing',
    '3,male,NA,NULL\n3,male,NaN,N/A\n3,male,nan,null',
    [bob, bob, bob],
  ],
  ['blanks around a number are trimmed', ' 1 ,\tfemale , 38\t, C85', [ann]],
  ['blanks inside quotes are trimmed too', '" 1 "," female ",38,"C85 "', [ann]],
  ['quoted blanks alone are missing', '3,male,"  ","  "', [bob]],
  ['no-break spaces are trimmed', '1\u00a0,female\u00a0,38,\u00a0C85', [ann]],
  [
    'a byte order mark before a header is stripped',
    '\ufeffPclass,Sex,Age,Cabin\n1,female,38,C85',
    [ann],
  ],
  ['a byte order mark before data is stripped', '\ufeff1,female,38,C85', [ann]],
  ['a formula is a category', '1,female,38,=cmd()', [[1, 'female', 38, '=cmd()']]],
]

for (const [name, body, rows, parameters] of accepted) {
  t.test(name, (t) => {
    t.strictSame(rowsOf(decodeBody(csv, body, context, parameters).frame), rows)
    t.end()
  })
}

const numbers: [written: string, value: number][] = [
  ['+3', 3],
  ['.5', 0.5],
  ['5.', 5],
  ['1e3', 1000],
  ['1E-2', 0.01],
  ['-0', -0],
  ['007', 7],
  ['5e-324', 5e-324],
  ['1e-999', 0],
  ['1.7976931348623157e308', Number.MAX_VALUE],
  ['9007199254740993', 9007199254740992],
  ['123456789012345680000', 123456789012345680000],
  ['123456789012345683968', 123456789012345680000],
  ['1700000000000000001e0', 1700000000000000000],
]

for (const [written, value] of numbers) {
  t.test(`${written} is a number`, (t) => {
    const [[, , age] = []] = rowsOf(decodeBody(csv, `3,male,${written},C85`).frame)
    t.ok(Object.is(age, value), `${age} is ${value}`)
    t.end()
  })
}

/** Rows that are refused: the code, words of the message, and the place that it names. */
const refused: [
  name: string,
  body: Body,
  code: InputErrorCode,
  message: RegExp,
  place?: Place | undefined,
  parameters?: Parameters,
][] = [
  ['a blank line in the middle', '3,male,,\n\n3,male,,', 'blank_row', /row 2/, { row: 2 }],
  ['a line of blanks in the middle', '3,male,,\n  \n3,male,,', 'blank_row', /row 2/, { row: 2 }],
  ['a blank line under a header', 'Pclass,Sex\n3,male\n\n3,male', 'blank_row', /row 2/, { row: 2 }],
  [
    'an unterminated quote',
    '3,male,,\n3,male,,"C85\n3,male,,\n3,male,,',
    'invalid_csv',
    /row 2.*never ends/,
    { row: 2 },
  ],
  [
    'an unterminated quote in the first row',
    '3,male,,"C85\n3,male,,',
    'invalid_csv',
    /row 1.*never ends/,
    { row: 1 },
  ],
  ['a quote alone', '"', 'invalid_csv', /row 1.*never ends/, { row: 1 }],
  [
    'a bare quote inside a field',
    '3,male,,\n3,male,,C"8"5',
    'invalid_csv',
    /row 2.*quote/,
    { row: 2 },
  ],
  [
    'a bare quote in the first row',
    '3,male,,C"8"5\n3,male,,',
    'invalid_csv',
    /row 1.*quote/,
    { row: 1 },
  ],
  [
    'text behind a closing quote',
    '3,male,,\n3,male,,"C"85',
    'invalid_csv',
    /row 2.*quote/,
    { row: 2 },
  ],
  [
    'a bare quote under a header',
    'Pclass,Sex\n3,male\n3,m"a"le',
    'invalid_csv',
    /row 2.*quote/,
    { row: 2 },
  ],
  [
    'a short row',
    '3,male,,\n3,male,\n3,male,,',
    'ragged_row',
    /row 2 has 3 fields, row 1 has 4/,
    { row: 2 },
  ],
  ['a long row', '3,male,,\n3,male,,,', 'ragged_row', /row 2 has 5 fields/, { row: 2 }],
  [
    'a row longer than the header',
    'Pclass,Sex\n3,male\n3,male,2',
    'ragged_row',
    /row 2 has 3 fields, the header has 2/,
    { row: 2 },
  ],
  [
    'header=absent over a header',
    'Pclass,Sex,Age,Cabin\n3,male,,',
    'invalid_number',
    /row 1, column "Pclass": "Pclass"/,
    { row: 1, column: 'Pclass' },
    { header: 'absent' },
  ],
  ['header=maybe', '3,male,,', 'invalid_option', /"maybe"/, undefined, { header: 'maybe' }],
  [
    'a header without a column',
    'Pclass,Age\n3,22',
    'missing_column',
    /header lacks column "Sex"/,
    { column: 'Sex' },
  ],
  ['a header with a typing error', 'Pclass,Sexx,Age,Cabin\n3,male,,', 'ambiguous_header', /"Sexx"/],
  [
    'a typing error under header=present',
    'Pclass,Sexx\n3,male',
    'missing_column',
    /"Sex".*there is "Sexx"; did you mean "Sex"/,
    { column: 'Sex' },
    { header: 'present' },
  ],
  [
    'a header that names a column twice',
    'Pclass,Sex,Age,Sex\n3,male,22,male',
    'duplicate_column',
    /"Sex" twice/,
    { column: 'Sex' },
  ],
  [
    'a header with an empty name',
    'Pclass,Sex,,Age\n3,male,1,2',
    'empty_column_name',
    /column 3/,
    undefined,
    { header: 'present' },
  ],
  [
    'a header with __proto__ among names',
    'Pclass,Sex,Age,Cabin,__proto__\n3,male,,,1',
    'ambiguous_header',
    /"__proto__"/,
  ],
  ['semicolons', '3;male;22;C85', 'invalid_delimiter', /";".*commas/, { row: 1 }],
  ['tabs', '3\tmale\t22\tC85', 'invalid_delimiter', /tabs.*commas/, { row: 1 }],
  ['bars', '3|male|22|C85', 'invalid_delimiter', /"\|".*commas/, { row: 1 }],
  [
    'semicolons under a header',
    'Pclass;Sex;Age;Cabin\n3;male;22;C85',
    'invalid_delimiter',
    /";".*commas/,
  ],
  [
    'semicolons with a decimal comma',
    '3;male;22,5;C85',
    'invalid_delimiter',
    /";".*commas/,
    { row: 1 },
  ],
  [
    'semicolons and a comma in a text',
    'Pclass;Sex;Age;Cabin\n3;male;22;C85, C86',
    'invalid_delimiter',
    /";".*commas/,
  ],
  ['semicolons and a quoted text', '3;"male";22;"C86"', 'invalid_delimiter', /";".*commas/],
  ['tabs and a comma in a text', '3\tmale\t22\tC85, C86', 'invalid_delimiter', /tabs.*commas/],
  [
    'a quoted decimal comma',
    '3,male,"22,5",C85',
    'invalid_number',
    /row 1, column "Age": "22,5".*point/,
    { row: 1, column: 'Age' },
  ],
  [
    'an empty cell where training had none',
    '3,male,,\n,male,,',
    'missing_value',
    /row 2, column "Pclass"/,
    { row: 2, column: 'Pclass' },
  ],
  [
    'an empty text where training had none',
    '3,,22,',
    'missing_value',
    /row 1, column "Sex"/,
    { row: 1, column: 'Sex' },
  ],
  ['NUL', '3,male,,\n3,male,22,C\x0085', 'control_character', /row 2.*U\+0000/, { row: 2 }],
  [
    'a C0 control character',
    '3,male,,\n3,male,\x1b22,',
    'control_character',
    /row 2.*U\+001b/,
    { row: 2 },
  ],
  [
    'delete',
    '3,male,,\r\n3,male,,\r\n3,\x7fmale,,',
    'control_character',
    /row 3.*U\+007f/,
    { row: 3 },
  ],
  [
    'a control character under a header',
    'Pclass,Sex\n3,ma\x01le',
    'control_character',
    /row 1.*U\+0001/,
    { row: 1 },
  ],
  [
    'a control character in the first row',
    '3,ma\x01le,,\n3,male,,',
    'control_character',
    /row 1.*U\+0001/,
    { row: 1 },
  ],
  [
    'UTF-16 with its mark, as Excel exports',
    utf16('3,male,22,C85', '\ufeff'),
    'invalid_utf8',
    /UTF-16.*UTF-8/,
  ],
  ['UTF-16 without a mark', utf16('3,male,22,C85', ''), 'invalid_utf8', /UTF-16.*UTF-8/],
  ['big-endian UTF-16', utf16('3,male,22,C85', '\ufeff').swap16(), 'invalid_utf8', /UTF-16.*UTF-8/],
  ['Latin-1', Buffer.from('3,male,22,\xe9t\xe9', 'latin1'), 'invalid_utf8', /byte 1[12] is wrong/],
  ['the label left in', '0,3,male,22,C85', 'wrong_width', /row 1 has 5 values.*label/, { row: 1 }],
  [
    'a column left out',
    '3,male,22',
    'wrong_width',
    /row 1 has 3 values.*4 columns: "Pclass", "Sex"/,
    { row: 1 },
  ],
]

for (const [name, body, code, message, place, parameters] of refused) {
  t.test(`${name} is refused`, (t) => {
    const error = refusalOf(() => decodeBody(csv, body, context, parameters))
    t.equal(error.code, code)
    t.match(error.message, message)
    if (place) t.strictSame(error.places, [place])
    t.end()
  })
}

/** Cells of a number column that are no number, or none that a double holds. */
const noNumbers: [written: string, code: InputErrorCode][] = [
  ['0x10', 'invalid_number'],
  ['0b1', 'invalid_number'],
  ['1_0', 'invalid_number'],
  ['12abc', 'invalid_number'],
  ['1 2', 'invalid_number'],
  ['--1', 'invalid_number'],
  ['1e', 'invalid_number'],
  ['e5', 'invalid_number'],
  ['.', 'invalid_number'],
  ['-', 'invalid_number'],
  ['true', 'invalid_number'],
  ['Infinity', 'invalid_number'],
  ['-inf', 'invalid_number'],
  ['1e999', 'non_finite'],
  ['-1e999', 'non_finite'],
  ['\u0661\u0662', 'invalid_number'],
  ['\uff11\uff12', 'invalid_number'],
  ['\u221212', 'invalid_number'],
]

for (const [written, code] of noNumbers) {
  t.test(`${JSON.stringify(written)} is refused`, (t) => {
    const error = refusalOf(() => decodeBody(csv, `3,male,22,\n3,male,${written},`))
    t.equal(error.code, code)
    t.match(error.message, /^row 2, column "Age": "/)
    t.strictSame(error.places, [{ row: 2, column: 'Age' }])
    t.ok(error.message.includes(quote(written)), 'the value')
    const [strange] = /[^ -~]/u.exec(written) ?? []
    if (strange !== undefined && /[\p{Nd}\u2212]/u.test(strange)) {
      const code = strange.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
      t.ok(error.message.endsWith(`; "${strange}" is U+${code}`), 'what looks like a number')
    }
    t.end()
  })
}

t.test('an error of the rows counts them without the header', (t) => {
  const error = refusalOf(() => decodeBody(csv, 'Sex,Pclass,Age\nmale,3,1\nmale,3,old'))
  t.strictSame(error.places, [{ row: 2, column: 'Age' }])
  t.end()
})

t.test('the index that pandas writes is ignored, and counted', (t) => {
  const expected = rowsOf(decodeBody(csv, '3,male,22,C85').frame)
  for (const name of ['', '""', 'Unnamed: 0']) {
    for (const parameters of [undefined, { header: 'present' }]) {
      const decoded = decodeBody(
        csv,
        `${name},Pclass,Sex,Age,Cabin\n7,3,male,22,C85`,
        undefined,
        parameters,
      )
      t.strictSame(rowsOf(decoded.frame), expected, name)
      t.equal(decoded.ignoredColumns, 1)
    }
  }
  const error = refusalOf(() =>
    decodeBody(csv, 'Pclass,,Sex\n3,7,male', undefined, { header: 'present' }),
  )
  t.equal(error.code, 'empty_column_name', 'only in front')
  t.end()
})

t.test('ignored columns are counted', (t) => {
  const body = 'Survived,Pclass,PassengerId,Sex\n1,3,7,male'
  t.equal(decodeBody(csv, body).ignoredColumns, 2)
  t.equal(decodeBody(csv, '3,male,,').ignoredColumns, 0)
  t.end()
})

t.test('a model may have columns named as members of objects', (t) => {
  const names = ['__proto__', 'constructor', 'toString']
  const odd: DecodeContext = {
    inputs: names.map((name) => ({ name, type: 'number', nullable: false, example: 0 })),
    otherColumns: [],
    maxRows: 10,
  }
  const { frame } = decodeBody(csv, 'toString,__proto__,constructor\n3,1,2', odd)
  t.strictSame(frame.names, names)
  t.strictSame(rowsOf(frame), [[1, 2, 3]])
  t.equal(refusalOf(() => decodeBody(csv, 'toString,__proto__\n3,1', odd)).code, 'missing_column')
  t.end()
})

t.test('a long value is echoed in part', (t) => {
  const error = refusalOf(() => decodeBody(csv, `3,male,${'x'.repeat(5000)},`))
  t.match(error.message, /: "x{64}…" is not a number$/)
  t.end()
})

t.test('more rows than allowed are refused whatever they hold', (t) => {
  for (const rows of [101, 102, 5000]) {
    const error = refusalOf(() => decodeBody(csv, '1\n'.repeat(rows)))
    t.equal(error.code, 'too_many_rows')
    t.match(error.message, /may hold 100 rows/)
  }
  t.equal(
    decodeBody(csv, '3,male,,\n'.repeat(100)).frame.length,
    100,
    'the limit itself is allowed',
  )
  const under = `Pclass,Sex\n${'3,male\n'.repeat(100)}`
  t.equal(decodeBody(csv, under).frame.length, 100, 'a header is no row')
  t.equal(refusalOf(() => decodeBody(csv, `${under}3,male\n`)).code, 'too_many_rows')
  t.end()
})

t.test('the refusal claims no wrong number of rows', (t) => {
  const { message } = refusalOf(() => decodeBody(csv, '3,male,,\n'.repeat(5000)))
  const [, claimed = '5000'] = /this one has (\d+)/.exec(message) ?? []
  t.equal(claimed, '5000')
  t.end()
})

t.test('a row of 100,000 fields is refused', (t) => {
  const error = refusalOf(() => decodeBody(csv, '1,'.repeat(99_999)))
  t.equal(error.code, 'wrong_width')
  t.match(error.message, /row 1 has 100000 values/)
  t.end()
})

t.test('a formula is never echoed in CSV', async (t) => {
  const { artifact, predictor } = await loadCheckpoint()
  const { inputs, otherColumns } = artifact.preprocessor
  const body = passenger.csv.replace('Mernagh, Mr. Robert', '=cmd()').replace('male', '=cmd()')
  const { frame } = decodeBody(csv, body, { inputs, otherColumns, maxRows: 1 })
  const style = { format: 'json', mediaParameters: new Map() } as const
  t.notMatch(csv.encodePredictions?.(predictor.predict(frame), { dialect: 'predictions' }), /cmd/)
  t.notMatch(csv.encodeExplanations?.(predictor.explain(frame), style), /cmd/)
})

t.test('predictions are one line of scores a row', (t) => {
  const two = {
    classes: ['0', '1'],
    numericClasses: true,
    rows: 2,
    labels: Int32Array.of(0, 1),
    probabilities: Float64Array.of(0.75, 0.25, 1e-7, 0.9999999),
  }
  t.equal(csv.encodePredictions?.(two, { dialect: 'predictions' }), '0.25\n0.9999999\n')
  const three = {
    classes: ['a', 'b', 'c'],
    numericClasses: false,
    rows: 1,
    labels: Int32Array.of(2),
    probabilities: Float64Array.of(1e-7, 0.25, 0.7499999),
  }
  t.equal(csv.encodePredictions?.(three, { dialect: 'labels' }), '1e-7,0.25,0.7499999\n')
  t.equal(
    csv.encodePredictions?.({ ...two, rows: 0 }, { dialect: 'predictions' }),
    '',
    'no rows, no lines',
  )
  t.end()
})

t.test('explanations are one column a feature', async (t) => {
  const { artifact, predictor } = await loadCheckpoint()
  const { inputs, otherColumns } = artifact.preprocessor
  const { frame } = decodeBody(csv, passenger.csv, { inputs, otherColumns, maxRows: 1 })
  const encode = (explanations: Explanations, header?: string) =>
    csv
      .encodeExplanations?.(explanations, {
        format: 'json',
        mediaParameters: new Map(header === undefined ? [] : [['header', header]]),
      })
      .split('\n')
      .map((line) => line.split(','))
  const explanations = predictor.explain(frame, { output: 'all' })
  const lines = encode(explanations) ?? []
  const [head = [], first = [], second = [], end] = lines
  t.strictSame(head, [
    'row',
    'predicted_label',
    'output_name',
    'base_value',
    ...inputs.map(({ name }) => name),
    'output',
  ])
  t.strictSame(end, [''], 'the last line ends too')
  const [row] = explanations.rows
  for (const [k, line] of [first, second].entries()) {
    t.strictSame(line.slice(0, 3), ['1', row?.predictedLabel, String(artifact.classes[k])])
    t.strictSame(
      line.slice(3).map(Number),
      [row?.baseValues[k], ...(row?.shapValues[k] ?? []), row?.outputs[k]],
      'the numbers of the explanation, bit by bit',
    )
  }
  t.strictSame(encode(explanations, 'absent'), lines.slice(1))
  t.throws(() => encode(predictor.explain(frame, { top: 2 })), { code: 'invalid_option' })
})

const fields: [text: string, field: string][] = [
  ['plain', 'plain'],
  ['', ''],
  ['a,b', '"a,b"'],
  ['a"b', '"a""b"'],
  ['a\nb', '"a\nb"'],
  ['a\rb', '"a\rb"'],
]
for (const [text, field] of fields) {
  t.test(`${JSON.stringify(text)} is written as ${JSON.stringify(field)}`, (t) => {
    t.equal(writeField(text), field)
    t.end()
  })
}

t.test('G6 whatever the bytes, they are read or refused', (t) => {
  const seeds = [
    '1,female,38,C85\n3,male,,\n',
    'Cabin,Age,Pclass,Sex\r\n"C ""85""",38,1,female\r\n,,3,"ma\nle"\r\n',
    'PassengerId,Pclass,Sex,Age,Cabin\n1,3,male,-0.5e-3,é\n',
    '3;male;22;C85\r3;male;22,5;C85\r',
  ]
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(mutants(seeds), (body) => checkReadsOrRefuses(csv, body)),
        { seed: 1, numRuns: 1000 },
      ),
    '1,000 bodies',
  )
  t.end()
})

t.test('whatever text is quoted comes back in its normal form', (t) => {
  const text = fc
    .string({
      unit: fc.oneof(
        fc.constantFrom('"', ',', '\n', '\r', ' ', ';', '='),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      ),
    })
    .map((text) => `<${text}>`)
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (texts) => {
          const body = texts.map((text) => `3,male,,"${text.replaceAll('"', '""')}"`).join('\r\n')
          const cells = rowsOf(decodeBody(csv, body).frame).map((row) => row[3])
          return (
            cells.every((cell, i) => cell === normalText(texts[i] as string)) &&
            cells.length === texts.length
          )
        }),
        { seed: 2, numRuns: 200 },
      ),
    '200 texts',
  )
  t.end()
})

t.test('an InputError says its place as data', (t) => {
  const error = refusalOf(() => decodeBody(csv, '3,male,old,'))
  t.ok(error instanceof InputError)
  t.strictSame(error.places, [{ row: 1, column: 'Age' }])
  t.end()
})
