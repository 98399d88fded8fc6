/** MLflow's scoring server: its routes, the bodies that its clients send and the answers that they read. */
import t from 'tap'
import type { InputErrorCode } from '../../src/errors.ts'
import { VERSION } from '../../src/version.ts'
import { buildTestApp, checkProblem, passenger, post } from '../helper.ts'

const app = await buildTestApp(t)
const JSON_TYPE = 'application/json'
const other = [1, 'Cumings, Mrs. John', 'female', 38, 1, 0]
const data = [passenger.list, other]
const columns = Object.keys(passenger.object)
const records = data.map((row) => Object.fromEntries(columns.map((name, j) => [name, row[j]])))
const byColumn = Object.fromEntries(columns.map((name, j) => [name, data.map((row) => row[j])]))
const send = (value: unknown, url = '/invocations', type = JSON_TYPE) =>
  post(app, url, type, JSON.stringify(value))

const objects = (await send({ instances: data })).json().predictions as {
  predicted_label: number
}[]
const labels = objects.map(({ predicted_label }) => predicted_label)
t.strictSame(labels, [0, 1], 'rows of both classes')

t.test('/health is /ping', async (t) => {
  let draining = false
  const app = await buildTestApp(t, { isDraining: () => draining })
  t.equal((await app.inject({ url: '/health' })).statusCode, 200)
  t.equal((await app.inject({ method: 'HEAD', url: '/health' })).statusCode, 200)
  draining = true
  checkProblem(t, await app.inject({ url: '/health' }), 503, 'shutting_down')
})

t.test('/version answers the version, bare', async (t) => {
  const answer = await app.inject({ url: '/version' })
  t.equal(answer.statusCode, 200)
  t.equal(answer.body, VERSION)
})

const forms: [name: string, body: unknown][] = [
  ['dataframe_split', { dataframe_split: { columns, data } }],
  ['dataframe_split with an index', { dataframe_split: { columns, index: [7, 9], data } }],
  ['dataframe_split without columns', { dataframe_split: { data } }],
  [
    'dataframe_split in another order',
    {
      dataframe_split: {
        columns: columns.toReversed(),
        data: data.map((row) => row.toReversed()),
      },
    },
  ],
  ['dataframe_records', { dataframe_records: records }],
  ['inputs by column', { inputs: byColumn }],
  ['inputs by row', { inputs: data }],
  ['params beside the rows', { dataframe_split: { columns, data }, params: { a: 1 } }],
  ['empty params', { dataframe_records: records, params: {} }],
  ['a bare split, as pandas writes it', { columns, index: [0, 1], data }],
  ['a bare split, as MLflow 1 read it', { columns, data }],
  [
    'a bare split in another order, with params',
    {
      columns: columns.toReversed(),
      data: data.map((row) => row.toReversed()),
      params: {},
    },
  ],
  ['keys beside a split', { dataframe_split: { columns, data }, signature_name: 'x', model: 'y' }],
  ['keys beside records', { id: 1, dataframe_records: records, explain: 'shap' }],
]
for (const [name, body] of forms) {
  t.test(`${name} are answered by labels`, async (t) => {
    for (const type of [
      JSON_TYPE,
      'application/json; charset=utf-8',
      'application/json;charset=UTF-8',
    ]) {
      const answer = await send(body, '/invocations', type)
      t.equal(answer.statusCode, 200, type)
      t.equal(answer.headers['content-type'], JSON_TYPE)
      t.strictSame(answer.json(), { predictions: labels })
    }
  })
}

t.test('every form is explained as its rows are', async (t) => {
  const expected = (await send({ instances: data }, '/explain')).body
  for (const [name, body] of forms.filter(([name]) => name !== 'params beside the rows')) {
    t.equal((await send(body, '/explain')).body, expected, name)
  }
  const params = { output: 'all', top: 1 }
  const inParams = await send({ dataframe_records: records, params }, '/explain')
  t.equal(inParams.body, (await send({ instances: data }, '/explain?output=all&top=1')).body)
})

t.test('instances are answered by objects, as SageMaker clients read them', async (t) => {
  t.strictSame((await send({ instances: records })).json(), { predictions: objects })
})

t.test('CSV with a header is read by names', async (t) => {
  const names = columns.toReversed()
  const row = ['0', '0', '28', 'male', '"Mernagh, Mr. Robert"', '3']
  const answer = await post(app, '/invocations', 'text/csv', `${names}\n${row}\n`)
  t.strictSame(answer.json(), { predictions: objects.slice(0, 1) })
})

t.test("pandas' missing values are missing", async (t) => {
  const body = JSON.stringify({ dataframe_split: { columns, data } })
  for (const missing of ['null', 'NaN']) {
    const answer = await post(app, '/invocations', JSON_TYPE, body.replace('28', missing))
    t.equal(answer.statusCode, 200, missing)
    t.equal(answer.json().predictions.length, 2)
  }
})

const none: [name: string, body: unknown][] = [
  ['dataframe_split', { dataframe_split: { columns, data: [] } }],
  ['dataframe_records', { dataframe_records: [] }],
  ['inputs', { inputs: [] }],
  ['empty columns', { inputs: Object.fromEntries(columns.map((name) => [name, []])) }],
]
for (const [name, body] of none) {
  t.test(`no rows in ${name} are answered by no labels`, async (t) => {
    t.strictSame((await send(body)).json(), { predictions: [] })
  })
}

const refused: [name: string, body: unknown, code: InputErrorCode, detail: RegExp][] = [
  [
    'two forms',
    { dataframe_split: { columns, data }, instances: data },
    'invalid_shape',
    /both "dataframe_split" and "instances"/,
  ],
  ['a split that is null', { dataframe_split: null }, 'invalid_shape', /"dataframe_split" must/],
  ['a split that is a number', { dataframe_split: 5 }, 'invalid_shape', /"dataframe_split" must/],
  ['a split without data', { dataframe_split: { columns } }, 'invalid_shape', /"data"/],
  [
    'columns that are no names',
    { dataframe_split: { columns: [1, 2], data } },
    'invalid_shape',
    /"columns", a list of names/,
  ],
  [
    'a column twice',
    { dataframe_split: { columns: ['Age', ...columns.slice(1)], data } },
    'duplicate_column',
    /"Age"/,
  ],
  [
    'a row of another width',
    { dataframe_split: { columns, data: [passenger.list, [1]] } },
    'ragged_row',
    /row 2 has 1 values, "columns" has 6 names/,
  ],
  [
    'a row that is an object',
    { dataframe_split: { columns, data: records } },
    'ragged_row',
    /row 1 has no list/,
  ],
  [
    'records that are an object',
    { dataframe_records: byColumn },
    'invalid_shape',
    /must be a list/,
  ],
  [
    'columns of other lengths',
    { inputs: { ...byColumn, Age: [1] } },
    'ragged_row',
    /column "Age" has 1 values, the first has 2/,
  ],
  ['a column that is no list', { inputs: { ...byColumn, Age: 1 } }, 'invalid_shape', /"Age"/],
  ['a column that lacks', { inputs: { Age: [1] } }, 'missing_column', /"Sex"/],
  ['params that are a list', { inputs: data, params: [] }, 'invalid_shape', /parameters/],
  ['what is beside', { dataframe_records: records, parms: {} }, 'invalid_shape', /"params"/],
  ['what is beside a bare split', { columns, data, parms: {} }, 'invalid_shape', /"params"/],
  ['a stranger beside inputs', { inputs: data, model: 'x' }, 'invalid_shape', /not "model"/],
  ['a bare split of columns', { columns, data: byColumn }, 'invalid_shape', /a list of lists/],
  ['a bare split without names', { columns: 6, data }, 'invalid_shape', /a list of names/],
  ['a ragged bare split', { columns, data: [[1]] }, 'ragged_row', /row 1 has 1 values/],
  ['a column twice in it', { columns: ['Age', 'Age'], data }, 'duplicate_column', /"Age"/],
]
for (const [name, body, code, detail] of refused) {
  t.test(`${name} is refused where MLflow clients look`, async (t) => {
    for (const url of ['/invocations', '/explain']) {
      const answer = await send(body, url)
      checkProblem(t, answer, 400, code, detail)
      const { error_code: errorCode, message } = answer.json()
      t.equal(errorCode, 'BAD_REQUEST')
      t.match(message, detail)
    }
  })
}

t.test('other charsets and types are refused', async (t) => {
  for (const type of ['application/json; charset=latin1', 'text/plain', 'application/xml']) {
    const answer = await send({ inputs: data }, '/invocations', type)
    checkProblem(t, answer, 415, 'unsupported_media_type', /send/)
  }
})
