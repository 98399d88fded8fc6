/** JSON Lines in and out: the rows of reliability.md 2.2 as far as lines differ from JSON. */
import fc from 'fast-check'
import t from 'tap'
import { jsonLines } from '../../src/codecs/json-lines.ts'
import type { Cell } from '../../src/data/frame.ts'
import type { InputErrorCode, Place } from '../../src/errors.ts'
import {
  type Body,
  checkReadsOrRefuses,
  decodeBody,
  loadCheckpoint,
  mutants,
  passenger,
  refusalOf,
  rowsOf,
} from '../helper.ts'

const ann: Cell[] = [1, 'female', 38, 'C85']
const bob: Cell[] = [3, 'male', null, null]
const A = '{"Pclass":1,"Sex":"female","Age":38,"Cabin":"C85"}'
const B = '{"Pclass":3,"Sex":"male"}'

const accepted: [name: string, body: Body, rows: Cell[][]][] = [
  ['one object a line', `${A}\n${B}\n`, [ann, bob]],
  ['one list a line', '[1,"female",38,"C85"]\n[3,"male",null,null]', [ann, bob]],
  [
    'every line stands alone: lists and objects may mix',
    `${A}\n[3,"male",null,null]\n${B}`,
    [ann, bob, bob],
  ],
  ['lines may end in CR LF', `${A}\r\n${B}\r\n`, [ann, bob]],
  ['blank lines at the end are ignored', `${A}\n\n \n\r\n`, [ann]],
  ['blank lines alone hold no rows', '\n\n', []],
  ['a text may hold an escaped line break', '[3,"male",1,"C\\n85"]', [[3, 'male', 1, 'C\n85']]],
  ['a text may hold a line separator', '[3,"male",1,"C\u202885"]', [[3, 'male', 1, 'C\u202885']]],
  ['of a key sent twice the last one wins', '{"Pclass":1,"Pclass":3,"Sex":"male"}', [bob]],
  ['a byte order mark is accepted', `\ufeff${A}`, [ann]],
  ['a nullable column may be left out', B, [bob]],
  ['keys may come in any order', '{"Sex":"male","Cabin":null,"Pclass":3}', [bob]],
  ['an unknown category is kept', '[3,"other",1,null]', [[3, 'other', 1, null]]],
]

for (const [name, body, rows] of accepted) {
  t.test(name, (t) => {
    t.strictSame(rowsOf(decodeBody(jsonLines, body).frame), rows)
    t.end()
  })
}

const refused: [name: string, body: Body, code: InputErrorCode, message: RegExp, place?: Place][] =
  [
    ['a blank line in the middle', `${A}\n\n${B}`, 'blank_row', /row 2/, { row: 2 }],
    ['a blank first line', `\n${A}`, 'blank_row', /row 1/, { row: 1 }],
    ['a trailing comma', `${A}\n[3,"male",1,null,]\n`, 'invalid_json', /row 2/, { row: 2 }],
    ['a comma between lines', `${A},\n${B}`, 'invalid_json', /row 1/, { row: 1 }],
    ['two documents in a line', `${A}\n${B} ${B}`, 'invalid_json', /row 2/, { row: 2 }],
    [
      'JSON over several lines',
      '{\n"Pclass": 3,\n"Sex": "male"\n}',
      'invalid_json',
      /row 1/,
      { row: 1 },
    ],
    ['a last line cut short', `${A}\n{"Pcl`, 'invalid_json', /row 2/, { row: 2 }],
    [
      'a prototype',
      `${A}\n{"Pclass":3,"__proto__":{}}`,
      'invalid_json',
      /row 2 names a prototype/,
      { row: 2 },
    ],
    ['33 levels', `${A}\n{"Pclass":${'['.repeat(32)}${']'.repeat(32)}}`, 'json_too_deep', /32/],
    [
      '10,001 keys',
      `${A}\n{${Array.from({ length: 10_001 }, (_, i) => `"k${i}":0`).join(',')}}`,
      'too_many_keys',
      /10,?000/,
    ],
    [
      '1e999',
      `${A}\n[3,"male",1e999,null]`,
      'non_finite',
      /row 2, column "Age": .*(1e999|Infinity)/,
      { row: 2, column: 'Age' },
    ],
    [
      'byte FF',
      Buffer.concat([Buffer.from(`${A}\n[3,"`), Buffer.of(0xff)]),
      'invalid_utf8',
      /byte 56 is wrong/,
    ],
    ['null', `${A}\nnull`, 'invalid_shape', /row 2 is null/, { row: 2 }],
    ['a number', '1', 'invalid_shape', /row 1 is 1/, { row: 1 }],
    ['a list of rows', '[[3,"male",1,null]]', 'wrong_width', /row 1 has 1 value,/, { row: 1 }],
    ['a row too short', `${A}\n[3,"male",1]`, 'wrong_width', /row 2 has 3 values/, { row: 2 }],
    [
      'a line without a column',
      `${A}\n{"Sex":"male"}`,
      'missing_column',
      /row 2 lacks column "Pclass"/,
      { row: 2, column: 'Pclass' },
    ],
    [
      'a quoted number',
      `${A}\n[3,"male","12",null]`,
      'invalid_number',
      /row 2, column "Age": "12"/,
      { row: 2, column: 'Age' },
    ],
    ['101 rows of 100', `${A}\n`.repeat(101), 'too_many_rows', /100 rows, this one has 101/],
    [
      'too many rows, whatever they hold',
      'null\n'.repeat(500),
      'too_many_rows',
      /100 rows, this one has 500/,
    ],
  ]

for (const [name, body, code, message, place] of refused) {
  t.test(`${name} is refused`, (t) => {
    const error = refusalOf(() => decodeBody(jsonLines, body))
    t.equal(error.code, code)
    t.match(error.message, message)
    if (place) t.strictSame(error.places, [place])
    t.end()
  })
}

t.test('a long line is echoed in part', (t) => {
  const { message } = refusalOf(() => decodeBody(jsonLines, `x${'y'.repeat(5000)}`))
  t.match(message, /"xy{63}…"$/)
  t.end()
})

t.test('other keys are ignored and counted over all lines', (t) => {
  const { ignoredColumns } = decodeBody(
    jsonLines,
    `{"x":1,${A.slice(1)}\n{"Survived":1,${B.slice(1)}`,
  )
  t.equal(ignoredColumns, 2)
  t.end()
})

t.test('100 rows of 100 are allowed', (t) => {
  t.equal(decodeBody(jsonLines, `${A}\n`.repeat(100)).frame.length, 100)
  t.end()
})

t.test('predictions are one object a line', (t) => {
  const two = {
    classes: ['no', 'yes'],
    numericClasses: false,
    rows: 2,
    labels: Int32Array.of(0, 1),
    probabilities: Float64Array.of(0.75, 0.25, 1e-7, 0.9999999),
  }
  t.equal(
    jsonLines.encodePredictions?.(two, { dialect: 'labels' }),
    '{"predicted_label":"no","score":0.25,"probabilities":{"no":0.75,"yes":0.25}}\n{"predicted_label":"yes","score":0.9999999,"probabilities":{"no":1e-7,"yes":0.9999999}}\n',
  )
  t.equal(jsonLines.encodePredictions?.({ ...two, rows: 0 }, { dialect: 'predictions' }), '')
  t.end()
})

t.test('explanations stand alone line by line', async (t) => {
  const { artifact, predictor } = await loadCheckpoint()
  const { inputs, otherColumns } = artifact.preprocessor
  const body = `${JSON.stringify(passenger.list)}\n${JSON.stringify(passenger.object)}`
  const { frame } = decodeBody(jsonLines, body, { inputs, otherColumns, maxRows: 2 })
  const encode = (format: 'json' | 'contributions') =>
    (
      jsonLines.encodeExplanations?.(predictor.explain(frame, { output: 'all' }), {
        format,
        mediaParameters: new Map(),
      }) ?? ''
    ).split('\n')
  const lines = encode('json')
  t.equal(lines.pop(), '', 'the last line ends too')
  t.equal(lines.length, 2)
  for (const line of lines) {
    const row = JSON.parse(line) as Record<string, unknown>
    t.strictSame(row['output_names'], artifact.classes)
    t.strictSame(
      row['feature_names'],
      inputs.map(({ name }) => name),
    )
    t.strictSame(row['data'], passenger.list)
  }
  t.equal(encode('contributions').length, 5, 'one line a row and class')
})

t.test('G6 whatever the bytes, they are read or refused', (t) => {
  const seeds = [
    `${A}\n${B}\n`,
    `[1,"féma\\u006ce",38e0,"C85"]\r\n${B}\r\n\r\n`,
    `${B}\n{"Sex":"male","Pclass":-0.0,"x":{"y":[1,2]}}`,
  ]
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(mutants(seeds), (body) => checkReadsOrRefuses(jsonLines, body)),
        { seed: 4, numRuns: 1000 },
      ),
    '1,000 bodies',
  )
  t.end()
})
