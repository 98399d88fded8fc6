/** JSON in and out: reliability.md 2.2. C19 needs the process and its workers; statuses are in ../http. */
import fc from 'fast-check'
import t from 'tap'
import type { DecodeContext } from '../../src/codecs/codec.ts'
import { json } from '../../src/codecs/json.ts'
import type { Cell } from '../../src/data/frame.ts'
import type { InputErrorCode, Place } from '../../src/errors.ts'
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
const annObject = '{"Pclass":1,"Sex":"female","Age":38,"Cabin":"C85"}'
const annList = '[1,"female",38,"C85"]'
const bobList = '[3,"male",null,null]'

/** A list of one row with this text where its age stands. */
const aged = (age: string) => `[[3,"male",${age},"C85"]]`
/** A list of one row with these bytes in its cabin. */
const inCabin = (...bytes: number[]) =>
  Buffer.concat([Buffer.from('[[3,"male",1,"C'), Buffer.from(bytes), Buffer.from('"]]')])
const utf16 = (text: string) => Buffer.from(text, 'utf16le')
const utf32 = (text: string, mark: string) => {
  const bytes = Buffer.alloc(4 * (mark + text).length)
  for (const [i, character] of [...(mark + text)].entries())
    bytes.writeUInt32LE(character.codePointAt(0) ?? 0, 4 * i)
  return bytes
}

const accepted: [name: string, body: Body, rows: Cell[][]][] = [
  ['one object is one row', annObject, [ann]],
  ['a list of objects', `[${annObject},{"Pclass":3,"Sex":"male"}]`, [ann, bob]],
  ['a list of lists', `[${annList},${bobList}]`, [ann, bob]],
  ['instances of objects', `{"instances":[${annObject}]}`, [ann]],
  ['instances of lists', `{"instances":[${annList},${bobList}]}`, [ann, bob]],
  ['true and false are texts of a text column', '[[3,true,1,false]]', [[3, 'true', 1, 'false']]],
  ['texts are trimmed', '[[3," male\\t",1," C85"]]', [[3, 'male', 1, 'C85']]],
  [
    'words for nothing are missing texts',
    '[[3,"male",1,"NA"],[3,"male",1,""],[3,"male",1," "]]',
    [
      [3, 'male', 1, null],
      [3, 'male', 1, null],
      [3, 'male', 1, null],
    ],
  ],
  ['blanks around JSON are allowed', `\r\n [${annList}]\t\n`, [ann]],
  [
    'names of object members are plain unknown names',
    '{"toString":1,"hasOwnProperty":2,"constructor":3,"valueOf":4,"Pclass":3,"Sex":"male"}',
    [bob],
  ],
  [
    '32 levels are allowed',
    `{"x":${'['.repeat(31)}${']'.repeat(31)},"Pclass":3,"Sex":"male"}`,
    [bob],
  ],
  [
    'brackets inside texts are no levels',
    `[[3,"male",1,"${'[{'.repeat(50)}\\"[[\\\\"]]`,
    [[3, 'male', 1, `${'[{'.repeat(50)}"[[\\`]],
  ],
  [
    '10,000 keys are allowed',
    `{${Array.from({ length: 9998 }, (_, i) => `"k${i}":0`).join(',')},"Pclass":3,"Sex":"male"}`,
    [bob],
  ],
  [
    'colons inside texts are no keys',
    `[[3,"male",1,"${':'.repeat(20_000)}"]]`,
    [[3, 'male', 1, ':'.repeat(20_000)]],
  ],
  [
    'keys are counted for each object alone',
    `[${Array.from({ length: 60 }, () => `{${Array.from({ length: 200 }, (_, i) => `"k${i}":0`).join(',')},"Pclass":3,"Sex":"male"}`).join(',')}]`,
    Array.from({ length: 60 }, () => bob),
  ],
  [
    'of a key sent twice the last one wins',
    '{"Pclass":1,"Pclass":3,"Sex":"female","Sex":"male"}',
    [bob],
  ],
  ['a byte order mark is accepted', `\ufeff[${annList}]`, [ann]],
  ['a lone surrogate is a category', '[[3,"\\ud800",1,null]]', [[3, '\ud800', 1, null]]],
  ['no instances are no rows', '{"instances":[]}', []],
  ['an empty list is no rows', '[]', []],
  [
    'a nullable column may be left out',
    '{"Pclass":3,"Sex":"male","Cabin":"C85"}',
    [[3, 'male', null, 'C85']],
  ],
  ['null is missing', '{"Pclass":3,"Sex":"male","Age":null,"Cabin":null}', [bob]],
  ['keys may come in any order', '{"Cabin":"C85","Age":38,"Sex":"female","Pclass":1}', [ann]],
  ['an unknown category is kept', '[[3,"other",1,null]]', [[3, 'other', 1, null]]],
]

for (const [name, body, rows] of accepted) {
  t.test(name, (t) => {
    t.strictSame(rowsOf(decodeBody(json, body).frame), rows)
    t.end()
  })
}

const numbers: [written: string, value: number][] = [
  ['-0', -0],
  ['5e-324', 5e-324],
  ['1.7976931348623157e308', Number.MAX_VALUE],
  ['9007199254740993', 9007199254740992],
  ['123456789012345678901234567890', 123456789012345680000000000000],
  ['9007199254740993.0', 9007199254740992],
  ['0.1000000000000000055511151231257827', 0.1],
  ['1e-999', 0],
]

for (const [written, value] of numbers) {
  t.test(`${written} is the nearest double`, (t) => {
    const [[, , age] = []] = rowsOf(decodeBody(json, aged(written)).frame)
    t.ok(Object.is(age, value), `${age} is ${value}`)
    t.end()
  })
}

const POSITION = /\b(?:position|offset|character|byte) \d+/
const SHAPES = /one object, a list of objects, a list of lists, or {"instances": \[\.\.\.\]}/
const firstAge: Place = { row: 1, column: 'Age' }
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

const refused: [name: string, body: Body, code: InputErrorCode, message: RegExp, place?: Place][] =
  [
    ['a trailing comma', '[[3,"male",1,null],]', 'invalid_json', POSITION],
    ['single quotes', "[[3,'male',1,null]]", 'invalid_json', POSITION],
    ['Infinity', aged('Infinity'), 'non_finite', /Infinity is not a finite number/, firstAge],
    ['a comment', `[${annList}] // one`, 'invalid_json', POSITION],
    ['two documents', '{"Pclass":3} {"Pclass":3}', 'invalid_json', POSITION],
    ['a document cut short', '{"instances":[[3,"male"', 'invalid_json', POSITION],
    ['a line break inside a text', '[[3,"ma\nle",1,null]]', 'invalid_json', POSITION],
    ['a hexadecimal number', aged('0x10'), 'invalid_json', POSITION],
    ['a leading zero', aged('012'), 'invalid_json', POSITION],
    ['text that is no JSON', 'male', 'invalid_json', POSITION],
    ['blanks alone', '  \n', 'invalid_json', /./],
    ['33 levels', nested(33), 'json_too_deep', /32/],
    ['33 levels of objects', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, 'json_too_deep', /32/],
    ['millions of brackets', '['.repeat(6 << 20), 'json_too_deep', /32/],
    ['depth of what is no JSON at all', `nonsense ${'[{'.repeat(20)}`, 'json_too_deep', /32/],
    [
      '10,001 keys',
      `{${Array.from({ length: 10_001 }, (_, i) => `"k${i}":0`).join(',')}}`,
      'too_many_keys',
      /10,?000/,
    ],
    [
      'many keys of what is no JSON at all',
      `{${'"k":0,'.repeat(10_001)}`,
      'too_many_keys',
      /10,?000/,
    ],
    [
      'many keys in one of several objects',
      `[${annObject},{${'"k":0,'.repeat(10_001)}"k":0}]`,
      'too_many_keys',
      /10,?000/,
    ],
    ['1e999', aged('1e999'), 'non_finite', /row 1, column "Age": .*(1e999|Infinity)/, firstAge],
    ['-1e999', aged('-1e999'), 'non_finite', /row 1, column "Age": .*-(1e999|Infinity)/, firstAge],
    [
      'an integer of 100,000 digits',
      aged('9'.repeat(100_000)),
      'non_finite',
      /row 1, column "Age"/,
      firstAge,
    ],
    ['UTF-16 with its mark', utf16(`\ufeff[${annList}]`), 'invalid_utf8', /UTF-16/],
    ['UTF-16 without a mark', utf16(`[${annList}]`), 'invalid_utf8', /UTF-16/],
    ['big-endian UTF-16', utf16(`\ufeff[${annList}]`).swap16(), 'invalid_utf8', /UTF-16/],
    ['UTF-32 with its mark', utf32(`[${annList}]`, '\ufeff'), 'invalid_utf8', /./],
    ['UTF-32 without a mark', utf32(`[${annList}]`, ''), 'invalid_utf8', /./],
    ['byte FF', inCabin(0xff), 'invalid_utf8', /byte 16 is wrong/],
    ['byte FE', inCabin(0x41, 0xfe), 'invalid_utf8', /byte 17 is wrong/],
    ['an overlong zero', inCabin(0xc0, 0x80), 'invalid_utf8', /byte 16 is wrong/],
    ['a surrogate half', inCabin(0xed, 0xa0, 0x80), 'invalid_utf8', /byte 1[67] is wrong/],
    [
      'beyond the last code point',
      inCabin(0xf4, 0x90, 0x80, 0x80),
      'invalid_utf8',
      /byte 1[67] is wrong/,
    ],
    ['a lone continuation byte', inCabin(0x80), 'invalid_utf8', /byte 16 is wrong/],
    ['a character cut short', inCabin(0xe2, 0x82), 'invalid_utf8', /byte 1[678] is wrong/],
    ['Latin-1', inCabin(0xe9), 'invalid_utf8', /byte 1[67] is wrong/],
    ['null', 'null', 'invalid_shape', SHAPES],
    ['a number', '1', 'invalid_shape', SHAPES],
    ['a text', '"x"', 'invalid_shape', SHAPES],
    ['true', 'true', 'invalid_shape', SHAPES],
    ['a list of numbers', '[1,2,3]', 'invalid_shape', SHAPES, { row: 1 }],
    ['a list of numbers and a list', '[1,2,3,[4]]', 'invalid_shape', SHAPES, { row: 1 }],
    ['instances that are no list', '{"instances":{"Pclass":3}}', 'invalid_shape', SHAPES],
    [
      'something beside instances',
      `{"instances":[${annList}],"rows":1}`,
      'invalid_shape',
      /"rows"/,
    ],
    [
      'parameters that are no object',
      `{"instances":[${annList}],"parameters":[]}`,
      'invalid_shape',
      /"parameters"/,
    ],
    [
      'a row too short',
      `[${annList},[3,"male",null],${bobList}]`,
      'wrong_width',
      /row 2 has 3 values/,
      { row: 2 },
    ],
    [
      'an object among lists',
      `[${annList},${annObject},1]`,
      'invalid_shape',
      /row 2 is an object/,
      { row: 2 },
    ],
    [
      'a list among objects',
      `[${annObject},${annObject},${annList}]`,
      'invalid_shape',
      /row 3 is a list/,
      { row: 3 },
    ],
    [
      'null among lists',
      `{"instances":[${annList},null]}`,
      'invalid_shape',
      /row 2 is null/,
      { row: 2 },
    ],
    [
      'an object without a column',
      `[${annObject},{"Sex":"male"}]`,
      'missing_column',
      /row 2 lacks column "Pclass"/,
      { row: 2, column: 'Pclass' },
    ],
    [
      'a typing error in a key',
      '{"Pclas":3,"Sex":"male"}',
      'missing_column',
      /"Pclass"; there is "Pclas"; did you mean "Pclass"/,
      { row: 1, column: 'Pclass' },
    ],
    [
      'null where training had none',
      `[${annList},[null,"male",1,null]]`,
      'missing_value',
      /row 2, column "Pclass"/,
      { row: 2, column: 'Pclass' },
    ],
    [
      'a value too many',
      '[[3,"male",1,null,0]]',
      'wrong_width',
      /row 1 has 5 values.*label/,
      { row: 1 },
    ],
    [
      'a quoted number',
      aged('"12"'),
      'invalid_number',
      /row 1, column "Age": "12".*without quotes/,
      firstAge,
    ],
    ['true', aged('true'), 'invalid_number', /row 1, column "Age": true/, firstAge],
    ['a list', aged('[1]'), 'invalid_number', /row 1, column "Age": \[1\]/, firstAge],
    ['an object', aged('{"a":1}'), 'invalid_number', /row 1, column "Age": {"a":1}/, firstAge],
    ['an empty text', aged('""'), 'invalid_number', /row 1, column "Age": ""/, firstAge],
    ['C35 "NaN"', aged('"NaN"'), 'invalid_number', /row 1, column "Age": "NaN"/, firstAge],
    ['a word', aged('"nothing"'), 'invalid_number', /row 1, column "Age": "nothing"/, firstAge],
    [
      'a number for a text',
      '[[3,1,22,null]]',
      'invalid_text',
      /row 1, column "Sex": 1 .*"1" in quotes/,
      { row: 1, column: 'Sex' },
    ],
    [
      'a list for a text',
      '[[3,["male"],22,null]]',
      'invalid_text',
      /row 1, column "Sex"/,
      { row: 1, column: 'Sex' },
    ],
    [
      'a row of 100,000 values',
      `[[${'0,'.repeat(99_999)}0]]`,
      'wrong_width',
      /row 1 has 100000 values/,
      { row: 1 },
    ],
    [
      '101 rows of 100',
      `[${Array.from({ length: 101 }, () => annList).join(',')}]`,
      'too_many_rows',
      /100 rows, this one has 101/,
    ],
    [
      'too many rows, whatever they hold',
      `{"instances":[${'null,'.repeat(500)}null]}`,
      'too_many_rows',
      /100 rows, this one has 501/,
    ],
  ]

for (const [name, body, code, message, place] of refused) {
  t.test(`${name} is refused`, (t) => {
    const error = refusalOf(() => decodeBody(json, body))
    t.equal(error.code, code)
    t.match(error.message, message)
    if (place) t.strictSame(error.places, [place])
    t.end()
  })
}

t.test('one row may stand without a list around it', (t) => {
  const row = '[3, "male", 22, null]'
  const { frame, dialect } = decodeBody(json, row)
  t.strictSame(rowsOf(frame), rowsOf(decodeBody(json, `[${row}]`).frame))
  t.equal(dialect, 'labels')
  t.equal(refusalOf(() => decodeBody(json, '[3, 1, 22, null]')).code, 'invalid_text')
  const [first] = context.inputs
  if (!first) throw new Error('there is a column')
  const bare = decodeBody(json, '[1, 2, 3]', { ...context, inputs: [first] })
  t.equal(bare.frame.length, 3, 'rows of a model of one column')
  t.end()
})

/** Keys by which objects of other programs are poisoned. */
const poison: [name: string, body: string][] = [
  ['__proto__', '{"__proto__":{"Age":1},"Pclass":3,"Sex":"male"}'],
  ['an escaped __proto__', '{"\\u005f_proto__":{"Age":1},"Pclass":3,"Sex":"male"}'],
  [
    'a constructor with a prototype',
    '[{"Pclass":3,"Sex":"male","constructor":{"prototype":{"Age":1}}}]',
  ],
  [
    'an escaped constructor with a prototype',
    '[{"Pclass":3,"Sex":"male","\\u0063onstructor":{"prototype":{"Age":1}}}]',
  ],
  [
    '__proto__ among the parameters',
    `{"instances":[${annList}],"parameters":{"__proto__":{"output":"all"}}}`,
  ],
]
for (const [name, body] of poison) {
  t.test(`${name} is refused`, (t) => {
    t.throws(() => decodeBody(json, body), { name: 'InputError' })
    t.end()
  })
}

t.test('no object is poisoned by it', (t) => {
  for (const [, body] of poison) {
    try {
      const { frame, parameters } = decodeBody(json, body)
      t.notSame(rowsOf(frame)[0]?.[2], 1, 'no inherited age')
      t.notOk(parameters.has('output'), 'no inherited option')
    } catch {}
  }
  t.equal(({} as Record<string, unknown>)['Age'], undefined)
  t.end()
})

t.test('a column is never found in a prototype', (t) => {
  const odd: DecodeContext = {
    inputs: ['toString', 'valueOf'].map((name) => ({
      name,
      type: 'text',
      nullable: false,
      example: 'a',
    })),
    otherColumns: [],
    maxRows: 10,
  }
  t.equal(refusalOf(() => decodeBody(json, '{"toString":"a"}', odd)).code, 'missing_column')
  t.strictSame(rowsOf(decodeBody(json, '{"valueOf":"b","toString":"a"}', odd).frame), [['a', 'b']])
  t.end()
})

t.test('an empty object holds no rows', (t) => {
  const error = refusalOf(() => decodeBody(json, '{}'))
  t.equal(error.code, 'invalid_shape')
  t.match(error.message, /send one object, a list of objects/)
  t.end()
})

t.test('at most ten missing columns are named', (t) => {
  const wide: DecodeContext = {
    inputs: Array.from({ length: 25 }, (_, i) => ({
      name: `x${i}`,
      type: 'number',
      nullable: false,
      example: 0,
    })),
    otherColumns: [],
    maxRows: 10,
  }
  const { message, places } = refusalOf(() => decodeBody(json, '[{"x3":1}]', wide))
  t.match(message, /"x0", "x1", "x2", "x4".*"x10" and 14 more$/)
  t.equal(places.length, 10)
  t.end()
})

t.test('other keys are ignored and counted', (t) => {
  const body = `[{"PassengerId":7,"Survived":1,"Deck":[{}],${annObject.slice(1)},{"Pclass":3,"Sex":"male","x":0}]`
  const { frame, ignoredColumns } = decodeBody(json, body)
  t.strictSame(rowsOf(frame), [ann, bob])
  t.equal(ignoredColumns, 4)
  t.end()
})

t.test('a long value is echoed in part', (t) => {
  const { message } = refusalOf(() => decodeBody(json, aged(`"${'é'.repeat(5000)}"`)))
  t.match(message, /: "(é){64}…" is not a number$/)
  t.end()
})

t.test('100 rows of 100 are allowed', (t) => {
  const body = `[${Array.from({ length: 100 }, () => annList).join(',')}]`
  t.equal(decodeBody(json, body).frame.length, 100)
  t.end()
})

const dialects: [body: string, dialect: string][] = [
  [`[${annList}]`, 'labels'],
  ['[]', 'labels'],
  [`[${annObject}]`, 'predictions'],
  [annObject, 'predictions'],
  [`{"instances":[${annList}]}`, 'predictions'],
  ['{"instances":[]}', 'predictions'],
]
for (const [body, dialect] of dialects) {
  t.test(`${body} is answered with ${dialect}`, (t) => {
    t.equal(decodeBody(json, body).dialect, dialect)
    t.end()
  })
}

t.test('parameters come with the rows', (t) => {
  const body = `{"parameters":{"output":"all","top":3},"instances":[${annList}]}`
  t.strictSame(
    [...decodeBody(json, body).parameters],
    [
      ['output', 'all'],
      ['top', 3],
    ],
  )
  t.strictSame([...decodeBody(json, `{"parameters":null,"instances":[]}`).parameters], [])
  t.end()
})

t.test('predictions hold label, score and probabilities', (t) => {
  const two = {
    classes: ['0', '1'],
    numericClasses: true,
    rows: 2,
    labels: Int32Array.of(0, 1),
    probabilities: Float64Array.of(0.75, 0.25, 1e-7, 0.9999999),
  }
  t.equal(
    json.encodePredictions?.(two, { dialect: 'predictions' }),
    '{"predictions":[{"predicted_label":0,"score":0.25,"probabilities":{"0":0.75,"1":0.25}},{"predicted_label":1,"score":0.9999999,"probabilities":{"0":1e-7,"1":0.9999999}}]}',
  )
  t.equal(json.encodePredictions?.(two, { dialect: 'labels' }), '[0,1]')
  const three = {
    classes: ['10', '9', '__proto__'],
    numericClasses: false,
    rows: 1,
    labels: Int32Array.of(0),
    probabilities: Float64Array.of(0.5, 0.25, 0.25),
  }
  t.equal(
    json.encodePredictions?.(three, { dialect: 'predictions' }),
    '{"predictions":[{"predicted_label":"10","score":[0.5,0.25,0.25],"probabilities":{"9":0.25,"10":0.5,"__proto__":0.25}}]}',
  )
  t.equal(json.encodePredictions?.(three, { dialect: 'labels' }), '["10"]')
  t.equal(
    json.encodePredictions?.({ ...two, rows: 0 }, { dialect: 'predictions' }),
    '{"predictions":[]}',
  )
  t.end()
})

t.test('explanations have the members of the design', async (t) => {
  const { artifact, predictor } = await loadCheckpoint()
  const { inputs, otherColumns } = artifact.preprocessor
  const body = JSON.stringify([passenger.object, { ...passenger.object, Sex: 'female', Age: null }])
  const { frame } = decodeBody(json, body, { inputs, otherColumns, maxRows: 2 })
  const encode = (format: 'json' | 'contributions', options = {}) =>
    JSON.parse(
      json.encodeExplanations?.(predictor.explain(frame, options), {
        format,
        mediaParameters: new Map(),
      }) ?? '',
    ) as { explanations: Record<string, unknown>[] }
  const shared = encode('json')
  t.strictSame(Object.keys(shared), [
    'model_id',
    'space',
    'method',
    'output_names',
    'base_values',
    'feature_names',
    'explanations',
  ])
  t.strictSame(Object.keys(shared.explanations[0] ?? {}), [
    'predicted_label',
    'score',
    'outputs',
    'data',
    'shap_values',
    'additivity_error',
  ])
  t.strictSame(shared.explanations[1]?.['data'], [3, 'Mernagh, Mr. Robert', 'female', null, 0, 0])
  const own = encode('json', { output: 'predicted' })
  t.notOk('output_names' in own, 'rows differ')
  for (const row of own.explanations) {
    t.strictSame(row['output_names'], [String(row['predicted_label'])])
    t.equal((row['base_values'] as number[]).length, 1)
  }
  const [top] = encode('json', { top: 2 }).explanations
  t.match(top, { feature_names: { length: 2 }, others: { length: 1 } })
  const people = encode('contributions', { output: 'all' }).explanations
  t.strictSame(
    people.map((row) => [row['row'], row['output_name']]),
    [
      [1, '0'],
      [1, '1'],
      [2, '0'],
      [2, '1'],
    ],
  )
  for (const row of people) {
    const sizes = (row['contributions'] as { shap_value: number }[]).map(({ shap_value }) =>
      Math.abs(shap_value),
    )
    t.strictSame(
      sizes,
      sizes.slice().sort((a, b) => b - a),
      'largest first',
    )
  }
})

t.test('the depth is that of the value', (t) => {
  const { json: value } = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 6 },
      fc.string({ unit: fc.constantFrom('[', ']', '{', '}', ':', ',', '"', '\\', 'a') }),
      fc.integer(),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(fc.string({ unit: fc.constantFrom('[', '}', ':', '"', '\\') }), tie('json'), {
        maxKeys: 3,
      }),
    ),
  }))
  const depthOf = (value: unknown): number =>
    value !== null && typeof value === 'object'
      ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
      : 0
  let deep = 0
  fc.assert(
    fc.property(value, fc.integer({ min: 24, max: 33 }), (value, levels) => {
      const body = '['.repeat(levels) + JSON.stringify(value) + ']'.repeat(levels)
      const isDeep = levels + depthOf(value) > 32
      if (isDeep) deep++
      // Such a list holds no row, so it is always refused; the question is for what.
      return (refusalOf(() => decodeBody(json, body)).code === 'json_too_deep') === isDeep
    }),
    { seed: 1, numRuns: 200 },
  )
  t.ok(deep > 20 && deep < 180, `${deep} of 200 were too deep`)
  t.end()
})

t.test('G6 whatever the bytes, they are read or refused', (t) => {
  const seeds = [
    annObject,
    `[${annObject},{"Sex":"m\\u00e9\\ud83d\\ude00","Pclass":-0.5e-3,"x":[{}]}]`,
    `[${annList},${bobList}]`,
    `{"instances":[${annList},[3,"mâle",1E+2,null]],"parameters":{"top":3}}`,
  ]
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(mutants(seeds), (body) => checkReadsOrRefuses(json, body)),
        { seed: 3, numRuns: 1000 },
      ),
    '1,000 bodies',
  )
  t.end()
})
