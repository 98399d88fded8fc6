import t from 'tap'
import { json } from '../../src/codecs/json.ts'
import { readForm } from '../../src/codecs/json-forms.ts'
import { jsonLines } from '../../src/codecs/json-lines.ts'
import {
  parseSelection,
  selectFields,
  selectionWarnings,
  selectMembers,
} from '../../src/codecs/selection.ts'
import { type Column, cellAt } from '../../src/data/frame.ts'
import type { InputErrorCode } from '../../src/errors.ts'
import type { Predictions } from '../../src/models/prediction.ts'
import { decodeBody, refusalOf } from '../helper.ts'

const numeric = {
  inputs: ['f1', 'f2', 'f3'].map((name) => ({
    name,
    type: 'number' as const,
    nullable: name === 'f2',
    example: 1,
  })),
  otherColumns: [],
  maxRows: 100,
}

function rowsOf(body: string, codec: typeof json | typeof jsonLines = json) {
  const { frame, dialect } = decodeBody(codec, body, numeric)
  const rows = Array.from({ length: frame.length }, (_, row) =>
    frame.columns.map((column: Column) => cellAt(column, row)),
  )
  return { rows, dialect }
}

const two = [
  [1, 2, 3],
  [4, 5.5, 6],
]
const forms: [name: string, body: unknown, dialect: string][] = [
  ['a bare list', two, 'labels'],
  ['instances of lists', { instances: two }, 'predictions'],
  ['instances with features', { instances: two.map((features) => ({ features })) }, 'predictions'],
  [
    'instances with protobuf-like values',
    { instances: two.map((values) => ({ data: { features: { values } } })) },
    'predictions',
  ],
  [
    'features as a list under data',
    { instances: two.map((features) => ({ configuration: {}, data: { features } })) },
    'predictions',
  ],
  [
    "pandas' split form",
    {
      dataframe_split: {
        columns: ['f3', 'f1', 'f2'],
        index: [0, 1],
        data: [
          [3, 1, 2],
          [6, 4, 5.5],
        ],
      },
    },
    'values',
  ],
  [
    'records',
    { dataframe_records: two.map(([f1, f2, f3]) => ({ f1, f2, f3 })), params: {} },
    'values',
  ],
  ['inputs by column', { inputs: { f1: [1, 4], f2: [2, 5.5], f3: [3, 6] } }, 'values'],
  ['inputs by row', { inputs: two }, 'values'],
]

for (const [name, body, dialect] of forms) {
  t.test(name, (t) => {
    t.strictSame(rowsOf(JSON.stringify(body)), { rows: two, dialect })
    t.end()
  })
}

t.test('sparse features: absent is 0', (t) => {
  const sparse = [
    { data: { features: { keys: [0, 2], shape: [3], values: [1, 3] } } },
    { features: { keys: [1], shape: [3], values: [5.5] } },
  ]
  const expected = [
    [1, 0, 3],
    [0, 5.5, 0],
  ]
  t.strictSame(rowsOf(JSON.stringify({ instances: sparse })).rows, expected)
  const lines = sparse.map((row) => JSON.stringify(row)).join('\n')
  t.strictSame(rowsOf(lines, jsonLines).rows, expected)
  t.end()
})

t.test("Python's NaN is a missing value where one may be, and refused elsewhere", (t) => {
  t.strictSame(rowsOf('[[1, NaN, 3]]').rows, [[1, null, 3]])
  t.throws(() => rowsOf('[[NaN, 2, 3]]'), { code: 'missing_value', message: /row 1, column "f1"/ })
  t.throws(() => rowsOf('[[-Infinity, 2, 3]]'), { code: 'non_finite' })
  t.throws(() => rowsOf('[["NaN", 2, 3]]'), { code: 'invalid_number' })
  t.end()
})

const refused: [name: string, body: string, code: string, message: RegExp][] = [
  [
    'two forms at once',
    '{"instances":[],"inputs":[]}',
    'invalid_shape',
    /both "instances" and "inputs"/,
  ],
  [
    'a stranger beside rows',
    '{"instances":[],"param":{}}',
    'invalid_shape',
    /not "param"; did you mean "params"/,
  ],
  [
    'a missing column',
    '{"dataframe_split":{"columns":["f1","f2"],"data":[[1,2]]}}',
    'missing_column',
    /"f3"/,
  ],
  [
    'a ragged split',
    '{"dataframe_split":{"columns":["f1"],"data":[[1,2]]}}',
    'ragged_row',
    /row 1 has 2 values/,
  ],
  [
    'columns of different length',
    '{"inputs":{"f1":[1],"f2":[]}}',
    'ragged_row',
    /"f2" has 0 values/,
  ],
  ['a column that is no list', '{"inputs":{"f1":1}}', 'invalid_shape', /"f1" is not a list/],
  [
    'a sparse key beyond the width',
    '[{"features":{"keys":[3],"shape":[3],"values":[1]}}]',
    'invalid_shape',
    /key 3/,
  ],
  [
    'a sparse key twice',
    '[{"features":{"keys":[1,1],"shape":[3],"values":[1,2]}}]',
    'invalid_shape',
    /key 1/,
  ],
  [
    'a huge sparse shape',
    '[{"features":{"keys":[1],"shape":[1e15],"values":[1]}}]',
    'invalid_shape',
    /"shape"/,
  ],
  [
    'fewer values than keys',
    '[{"features":{"keys":[1],"shape":[3],"values":[]}}]',
    'invalid_shape',
    /"keys"/,
  ],
  ['features of another width', '{"instances":[{"features":[1,2]}]}', 'wrong_width', /3 columns/],
]

for (const [name, body, code, message] of refused) {
  t.test(`${name} is refused`, (t) => {
    t.throws(() => rowsOf(body), { code, message })
    t.end()
  })
}

const predictions: Predictions = {
  classes: ['cat', 'dog'],
  numericClasses: false,
  rows: 1,
  labels: Int32Array.of(1),
  probabilities: Float64Array.of(0.4, 0.6),
}

t.test('selected members keep their order in JSON, and the order asked for in CSV', (t) => {
  const selection = parseSelection('probabilities, Predicted_Label,labels,probability') ?? []
  const members = selectMembers(predictions, 0, selection)
  t.strictSame(Object.entries(members), [
    ['predicted_label', 'dog'],
    ['labels', ['cat', 'dog']],
    ['probability', 0.6],
    ['probabilities', [0.4, 0.6]],
  ])
  t.strictSame(
    selectFields(predictions, 0, selection, (text) => text),
    ['[0.4, 0.6]', 'dog', "['cat', 'dog']", '0.6'],
  )
  t.equal(parseSelection(' '), undefined)
  const mistyped = parseSelection('predicted_score,probabilites') ?? []
  t.strictSame(mistyped, ['predicted_score', 'probabilites'], 'kept, to be answered as null')
  const [first, second, ...others] = selectionWarnings(mistyped)
  t.match(first, /"predicted_score" does not exist .*did you mean "predicted_label"\?$/)
  t.match(second, /"probabilites" does not exist .*did you mean "probabilities"\?$/)
  t.strictSame(others, [])
  t.end()
})

t.test('objects in a row are the columns that training made of them', (t) => {
  const context = {
    inputs: ['a.b', 'a.c.d', 'e', 'data.x', 'inputs.x', 'f.g', 'f'].map((name) => ({
      name,
      type: 'number' as const,
      nullable: name !== 'a.b',
      example: 1,
    })),
    otherColumns: ['a.id'],
    maxRows: 100,
  }
  const read = (value: unknown, codec: typeof json | typeof jsonLines = json) => {
    const { frame, ignoredColumns } = decodeBody(codec, JSON.stringify(value), context)
    const { columns, length } = frame
    const rows = Array.from({ length }, (_, row) => columns.map((column) => cellAt(column, row)))
    return { rows, ignoredColumns }
  }
  const flat = { 'a.b': 1, 'a.c.d': 2, e: 3, 'data.x': 4, 'inputs.x': 5, 'f.g': 6, f: 7, 'a.id': 8 }
  const nested = {
    a: { b: 1, c: { d: 2 }, id: 8 },
    e: 3,
    data: { x: 4 },
    inputs: { x: 5 },
    ...{ 'f.g': 6, f: 7 },
  }
  const wanted = read(flat)
  t.strictSame(wanted.rows, [[1, 2, 3, 4, 5, 6, 7]])
  const split = { columns: Object.keys(nested), data: [Object.values(nested)] }
  const same: [string, unknown, (typeof json | typeof jsonLines)?][] = [
    ['an object', nested],
    ['a line', nested, jsonLines],
    ['half of it', { ...nested, a: { b: 1, 'c.d': 2, id: 8 } }],
    ['instances', { instances: [nested] }],
    ['records', { dataframe_records: [nested] }],
    ['split', { dataframe_split: split }],
  ]
  for (const [name, body, codec] of same) t.strictSame(read(body, codec), wanted, name)
  const refused: [string, unknown, InputErrorCode, RegExp][] = [
    ['named both ways', { a: { b: 1 }, 'a.b': 1 }, 'duplicate_column', /row 1 names column "a.b"/],
    ['too deep', { a: { b: { x: 1 } } }, 'invalid_number', /row 1, column "a.b"/],
    ['nothing in it', { a: {}, e: 1 }, 'missing_column', /lacks column "a.b"/],
    ['a column with more below it', { a: { b: 1 }, f: { g: 1 } }, 'invalid_number', /column "f"/],
    [
      'what is no list here',
      { inputs: { x: [1] }, a: { b: 1 } },
      'invalid_number',
      /column "inputs.x"/,
    ],
    ['no such column', { a: { b: 1 }, e: { z: 1 } }, 'invalid_number', /column "e"/],
  ]
  for (const [name, body, code, message] of refused) {
    const error = refusalOf(() => read(body))
    t.match({ code: error.code, message: error.message }, { code, message }, name)
  }
  t.end()
})

t.test('a table beside many keys is told from a row in one look at each', (t) => {
  let looks = 0
  const inputs = Array.from({ length: 300 }, (_, i) => ({
    ...numeric.inputs[0]!,
    get name() {
      looks++
      return `column ${i}`
    },
  }))
  const keys = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key ${i}`, i]))
  const table = { columns: ['column 0'], data: [[1]], ...keys }
  t.strictSame(readForm(table, { ...numeric, inputs }).rows, [{ 'column 0': 1 }])
  t.ok(looks < 10 * inputs.length, `${looks} looks at names`)
  t.strictSame(readForm({ ...table, 'column 299': 1 }, { ...numeric, inputs }).rows.length, 1)
  t.end()
})
