/**
 * Routes over HTTP: what each answers, how each refuses, and the bounds on what is read and sent
 * (reliability.md 2.0 and 2.2; what headers alone decide is in negotiation.test.ts).
 */
import { isUtf8 } from 'node:buffer'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import fc from 'fast-check'
import { pino } from 'pino'
import t from 'tap'
import { InputError, type InputErrorCode, inputErrorCodes } from '../../src/errors.ts'
import { asInputError, describeProblem, statusOfCode } from '../../src/http/errors.ts'
import {
  type Body,
  buildTestApp,
  checkProblem,
  exchange,
  listen,
  loadCheckpoint,
  mutants,
  passenger,
  placesOf,
  post,
} from '../helper.ts'

const model = await loadCheckpoint()
const app = await buildTestApp(t)
const rowRoutes = ['/invocations', '/explain'] as const
const object = JSON.stringify(passenger.object)
const list = JSON.stringify(passenger.list)
const JSON_TYPE = 'application/json'
const CSV_TYPE = 'text/csv'

/** One prediction, by the predictor itself. */
interface Prediction {
  predicted_label: number
  score: number
  probabilities: Record<string, number>
}

// What works

t.test('/ping answers 200 and nothing else', async (t) => {
  const answer = await app.inject({ url: '/ping' })
  t.equal(answer.statusCode, 200)
  t.equal(answer.body, '')
  t.equal((await app.inject({ method: 'HEAD', url: '/ping' })).statusCode, 200)
  t.equal((await app.inject({ url: '/p%69ng?now=1' })).statusCode, 200)
})

t.test('/ping answers 503 while the service stops', async (t) => {
  let draining = false
  const app = await buildTestApp(t, { isDraining: () => draining })
  t.equal((await app.inject({ url: '/ping' })).statusCode, 200)
  draining = true
  const answer = await app.inject({ url: '/ping' })
  checkProblem(t, answer, 503, 'shutting_down')
  t.equal(answer.headers['retry-after'], '1')
  t.equal(answer.headers['connection'], 'close')
  const last = await post(app, '/invocations', CSV_TYPE, passenger.csv)
  t.equal(last.statusCode, 200, 'what still arrives is answered')
  t.equal(last.headers['connection'], 'close')
})

t.test('/model answers the card of the model', async (t) => {
  const answer = await app.inject({ url: '/model' })
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], JSON_TYPE)
  const card = answer.json()
  t.equal(card.model_id, model.artifact.modelId)
  t.strictSame(
    card.columns.map(({ name }: { name: string }) => name),
    model.predictor.preprocessor.featureNamesIn,
  )
  const example = await post(app, '/invocations', JSON_TYPE, JSON.stringify(card.example))
  t.equal(example.statusCode, 200, 'its example is a request')
})

t.test('/openapi.json and /docs are there', async (t) => {
  const document = await app.inject({ url: '/openapi.json' })
  t.equal(document.statusCode, 200)
  t.equal(document.headers['content-type'], JSON_TYPE)
  const paths = Object.keys(document.json().paths)
  for (const path of ['/explain', '/invocations', '/model', '/ping', '/v1/models/{name}:predict']) {
    t.ok(paths.includes(path), path)
  }
  const short = await app.inject({ url: '/docs?a=1' })
  t.equal(short.statusCode, 302)
  t.equal(short.headers['location'], 'docs/?a=1', 'relative, for proxies with a path of their own')
  const docs = await app.inject({ url: '/docs/' })
  t.equal(docs.statusCode, 200)
  t.match(docs.body, '<title>shapserve API</title>')
  t.match(docs.body, /href="\.\/static\/theme\/icon\.svg"/)
})

const forms: [name: string, type: string, body: string][] = [
  ['CSV', CSV_TYPE, passenger.csv],
  ['CSV with a header', CSV_TYPE, `${passenger.header}\n${passenger.csv}\n`],
  ['a JSON object', JSON_TYPE, object],
  ['a list of objects', JSON_TYPE, `[${object}]`],
  ['instances', JSON_TYPE, `{"instances":[${list}]}`],
  ['JSON Lines', 'application/jsonlines', `${object}\n`],
]

t.test('every form of a request is answered alike', async (t) => {
  const answers = await Promise.all(
    rowRoutes.map((url) => Promise.all(forms.map(([, type, body]) => post(app, url, type, body)))),
  )
  for (const [i, ofRoute] of answers.entries()) {
    for (const [k, answer] of ofRoute.entries()) {
      t.equal(answer.statusCode, 200)
      t.equal(answer.headers['content-type'], JSON_TYPE, 'bare, without a charset')
      t.equal(answer.headers['x-content-type-options'], 'nosniff')
      t.equal(answer.body, ofRoute[0]?.body, `${rowRoutes[i]} ${forms[k]?.[0]}`)
    }
  }
  const { predictions } = JSON.parse(answers[0]?.[0]?.body ?? '') as { predictions: [Prediction] }
  const [prediction] = predictions
  t.equal(prediction.score, prediction.probabilities['1'])
  t.equal(prediction.predicted_label, Number(prediction.score > 0.5))
})

t.test('a bare list of lists is answered with bare labels', async (t) => {
  const answer = await post(app, '/invocations', JSON_TYPE, `[${list},${list}]`)
  const [{ predicted_label: label }] = (
    await post(app, '/invocations', CSV_TYPE, passenger.csv)
  ).json().predictions
  t.equal(answer.body, `[${label},${label}]`)
  t.equal(answer.headers['content-type'], JSON_TYPE)
})

t.test('CSV scores are those of JSON', async (t) => {
  const csv = await post(app, '/invocations', CSV_TYPE, passenger.csv, { accept: CSV_TYPE })
  const [{ score }] = (await post(app, '/invocations', JSON_TYPE, object)).json().predictions
  t.equal(csv.body, `${score}\n`)
})

t.test('an explanation adds up to the prediction', async (t) => {
  const { base_values, explanations } = (await post(app, '/explain', JSON_TYPE, object)).json()
  const [{ score, outputs, shap_values, data }] = explanations
  const sum = shap_values[0].reduce((a: number, b: number) => a + b, base_values[0])
  t.ok(Math.abs(sum - score) < 1e-12)
  t.strictSame(outputs, [score])
  t.strictSame(data, passenger.list)
})

t.test('options come in the query or in the body, where they win', async (t) => {
  const outputs = async (query: string, parameters: string) => {
    const body = `{"instances":[${list}],"parameters":${parameters}}`
    return (await post(app, `/explain${query}`, JSON_TYPE, body)).json().output_names
  }
  t.strictSame(await outputs('', 'null'), ['1'])
  t.strictSame(await outputs('?output=0', '{}'), ['0'])
  t.strictSame(await outputs('?output=0', '{"output":"all"}'), ['0', '1'])
  t.strictSame(await outputs('', '{"output":0}'), ['0'])
})

const options: [query: string, detail: RegExp][] = [
  ['outptu=1', /"outptu"; did you mean "output"/],
  ['__proto__=1', /"__proto__"/],
  ['output=2', /output is "2".*"0", "1", "predicted", "all"/],
  ['output=', /output is ""/],
  ['output=1&output=0', /output is \["1","0"\]/],
  ['space=log_odds', /space is "log_odds".*"probability"/],
  ['method=kernel', /method is "kernel"/],
  ['level=column', /level is "column".*did you mean "columns"/],
  ['format=xml', /format is "xml"/],
  ['top=0', /top is "0"/],
  ['top=-1', /top is "-1"/],
  ['top=1.5', /top is "1.5"/],
  ['top=1e3', /top is "1e3"/],
]
for (const [query, detail] of options) {
  t.test(`?${query} is no option`, async (t) => {
    const answer = await post(app, `/explain?${query}`, CSV_TYPE, passenger.csv)
    checkProblem(t, answer, 400, 'invalid_option', detail)
  })
}

t.test('a picture shows one row and one output', async (t) => {
  const accept = 'image/svg+xml'
  const two = await post(app, '/explain', CSV_TYPE, `${passenger.csv}\n${passenger.csv}`, {
    accept,
  })
  checkProblem(t, two, 400, 'one_row', /2/)
  const all = await post(app, '/explain?output=all', CSV_TYPE, passenger.csv, { accept })
  checkProblem(t, all, 400, 'invalid_option', /the option output/)
  const one = await post(app, '/explain', CSV_TYPE, passenger.csv, { accept })
  t.match(one.body, /^<svg /)
})

// Paths and methods

const wrongMethods: [method: string, url: string, allow: string][] = [
  ['GET', '/invocations', 'POST'],
  ['HEAD', '/invocations', 'POST'],
  ['PUT', '/invocations?x=1', 'POST'],
  ['DELETE', '/explain', 'POST'],
  ['OPTIONS', '/explain', 'POST'],
  ['PATCH', '/invocations', 'POST'],
  ['TRACE', '/invocations', 'POST'],
  ['POST', '/ping', 'GET, HEAD'],
  ['DELETE', '/ping', 'GET, HEAD'],
  ['POST', '/model', 'GET, HEAD'],
  ['POST', '/openapi.json', 'GET, HEAD'],
  ['PUT', '/docs', 'GET, HEAD'],
]
for (const [method, url, allow] of wrongMethods) {
  t.test(`${method} ${url} is a wrong method`, async (t) => {
    const answer = await app.inject({ method: method as 'GET', url })
    t.equal(answer.statusCode, 405)
    t.equal(answer.headers['allow'], allow)
    if (method !== 'HEAD') checkProblem(t, answer, 405, 'method_not_allowed', new RegExp(method))
  })
}

t.test('methods of other protocols are wrong methods', async (t) => {
  const port = await listen(await buildTestApp(t))
  for (const method of ['TRACE', 'PROPFIND', 'SUBSCRIBE']) {
    const [answer] = await exchange(
      port,
      `${method} /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    )
    if (!answer) return t.fail('no answer')
    checkProblem(t, answer, 405, 'method_not_allowed')
    t.equal(answer.headers.get('allow'), 'GET, HEAD')
  }
})

for (const url of [
  '/',
  '/nothing',
  '//ping',
  '/ping/',
  '/PING',
  '/ping;x',
  '/%00',
  '/invocations/',
  '/models',
  '/__proto__',
  '/constructor',
]) {
  t.test(`${url} does not exist`, async (t) => {
    for (const method of ['GET', 'POST'] as const) {
      checkProblem(
        t,
        await app.inject({ method, url }),
        404,
        'not_found',
        /"\/ping", "\/invocations"/,
      )
    }
  })
}

t.test('a path that is no path is refused', async (t) => {
  checkProblem(t, await app.inject({ url: '/%zz' }), 400, 'invalid_request')
  checkProblem(t, await app.inject({ url: '/ping%' }), 400, 'invalid_request')
})

t.test('a long path is echoed in part', async (t) => {
  const answer = await app.inject({ url: `/${'x'.repeat(5000)}` })
  checkProblem(t, answer, 404, 'not_found', /"\/x{127}…?/)
  t.notMatch(answer.body, /x{128}/)
})

t.test('a path is taken as it was sent', async (t) => {
  const port = await listen(await buildTestApp(t))
  for (const path of ['/../ping', '/./ping', '/x/../ping', '/%2e%2e/ping']) {
    const [answer] = await exchange(
      port,
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    )
    t.equal(answer?.status, 404, path)
  }
})

t.test('a path of quotes and backslashes stays within bounds', async (t) => {
  const port = await listen(await buildTestApp(t))
  for (const character of ['\\', '"', '\\"']) {
    const [answer] = await exchange(
      port,
      `GET /${character.repeat(300)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    )
    if (!answer) return t.fail('no answer')
    checkProblem(t, answer, 404, 'not_found')
  }
})

// Bodies

for (const url of rowRoutes) {
  t.test(`C1 ${url} without a Content-Type is refused`, async (t) => {
    const answer = await post(app, url, undefined, object)
    checkProblem(
      t,
      answer,
      415,
      'unsupported_media_type',
      /no Content-Type; send application\/json, text\/csv/,
    )
  })

  t.test(`C2 ${url} without type and body is refused`, async (t) => {
    const port = await listen(await buildTestApp(t))
    for (const headers of ['', 'Content-Length: 0\r\n']) {
      const [answer, ping] = await exchange(
        port,
        `POST ${url} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`,
        'GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      )
      if (!answer) return t.fail('no answer')
      checkProblem(t, answer, 400, 'empty_body')
      t.equal(ping?.status, 200, 'the connection goes on')
    }
  })

  for (const type of [JSON_TYPE, CSV_TYPE, 'application/jsonlines']) {
    t.test(`C3 ${url} with 0 bytes of ${type} is refused`, async (t) => {
      checkProblem(t, await post(app, url, type, ''), 400, 'empty_body')
    })
  }

  t.test(`C3 ${url} with 0 bytes in pieces is refused`, async (t) => {
    const port = await listen(await buildTestApp(t))
    const [answer] = await exchange(
      port,
      `POST ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    )
    if (!answer) return t.fail('no answer')
    checkProblem(t, answer, 400, 'empty_body')
  })
}

t.test('C5 two Content-Type headers are refused', async (t) => {
  const port = await listen(await buildTestApp(t))
  for (const [first, second] of [
    ['text/csv', 'application/json'],
    ['application/json', 'text/csv'],
    ['text/csv', 'text/csv'],
    ['text/csv', ''],
  ]) {
    const [answer, ping] = await exchange(
      port,
      `POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: ${first}\r\ncontent-TYPE: ${second}\r\nContent-Length: ${passenger.csv.length}\r\n\r\n${passenger.csv}`,
      'GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    )
    if (!answer) return t.fail('no answer')
    checkProblem(t, answer, 400, 'duplicate_content_type')
    t.equal(ping?.status, 200, 'the connection goes on')
  }
})

const withAge = (age: string) => object.replace('28', age)

/** What is refused on both routes alike, and how the answer names it. */
const refused: [
  name: string,
  type: string,
  body: Body,
  status: number,
  code: InputErrorCode,
  detail: RegExp,
  places?: unknown,
][] = [
  ['C14 JSON with a comment', JSON_TYPE, `${object} // one`, 400, 'invalid_json', /position \d+/],
  [
    'C14 a line that is no JSON',
    'application/jsonlines',
    `${object}\nnope`,
    400,
    'invalid_json',
    /row 2/,
    [{ row: 2 }],
  ],
  ['C17 nesting deeper than 32', JSON_TYPE, '['.repeat(33), 400, 'json_too_deep', /32/],
  [
    'C18 more than 10,000 keys',
    JSON_TYPE,
    `{${'"k":0,'.repeat(10_001)}`,
    400,
    'too_many_keys',
    /10,?000/,
  ],
  [
    'C21 1e999',
    JSON_TYPE,
    withAge('1e999'),
    400,
    'non_finite',
    /row 1, column "Age"/,
    [{ row: 1, column: 'Age' }],
  ],
  ['C25 UTF-16', JSON_TYPE, Buffer.from(object, 'utf16le'), 400, 'invalid_utf8', /UTF-16/],
  [
    'C26 bytes that are not UTF-8',
    CSV_TYPE,
    Buffer.of(0x41, 0xff, 0xfe, 0xc0, 0x80),
    400,
    'invalid_utf8',
    /byte 2/,
  ],
  ['C28 null', JSON_TYPE, 'null', 400, 'invalid_shape', /list of objects/],
  [
    'C30 ragged lists',
    JSON_TYPE,
    `[${list},[1]]`,
    400,
    'wrong_width',
    /row 2 has 1 value,/,
    [{ row: 2 }],
  ],
  [
    'C31 an absent column',
    JSON_TYPE,
    object.replace('"Sex"', '"Sexx"'),
    400,
    'missing_column',
    /row 1 lacks column "Sex"/,
    [{ row: 1, column: 'Sex' }],
  ],
  [
    'C35 a quoted number',
    JSON_TYPE,
    withAge('"12"'),
    400,
    'invalid_number',
    /row 1, column "Age": "12"/,
    [{ row: 1, column: 'Age' }],
  ],
  [
    'C36 a row of 100,000 columns',
    JSON_TYPE,
    `[[${'0,'.repeat(99_999)}0]]`,
    400,
    'wrong_width',
    /100000/,
    [{ row: 1 }],
  ],
  [
    'C37 more than 1,000 rows',
    JSON_TYPE,
    `[${'[],'.repeat(1000)}[]]`,
    413,
    'too_many_rows',
    /1000 rows/,
  ],
  [
    'V3 a blank line in the middle',
    CSV_TYPE,
    `${passenger.csv}\n\n${passenger.csv}`,
    400,
    'blank_row',
    /row 2/,
    [{ row: 2 }],
  ],
  [
    'V5 an unterminated quote',
    CSV_TYPE,
    `${passenger.csv}\n3,"a`,
    400,
    'invalid_csv',
    /row 2/,
    [{ row: 2 }],
  ],
  [
    'V6 a ragged row',
    CSV_TYPE,
    `${passenger.csv}\n1,2`,
    400,
    'ragged_row',
    /row 2 has 2 fields/,
    [{ row: 2 }],
  ],
  [
    'V8 a column named twice',
    CSV_TYPE,
    `${passenger.header},Age\n${passenger.csv},1`,
    400,
    'duplicate_column',
    /"Age" twice/,
    [{ column: 'Age' }],
  ],
  [
    'V8 a name with a typing error',
    CSV_TYPE,
    `${passenger.header},Aeg\n${passenger.csv},1`,
    400,
    'ambiguous_header',
    /"Aeg"/,
  ],
  ['V10 semicolons', CSV_TYPE, '3;a;male;28;0;0', 400, 'invalid_delimiter', /";"/, [{ row: 1 }]],
  [
    'V11 an empty cell where training had none',
    CSV_TYPE,
    passenger.csv.replace('male', ''),
    400,
    'missing_value',
    /row 1, column "Sex"/,
    [{ row: 1, column: 'Sex' }],
  ],
  [
    'V12 a number with letters',
    CSV_TYPE,
    passenger.csv.replace('28', '12abc'),
    400,
    'invalid_number',
    /row 1, column "Age": "12abc"/,
    [{ row: 1, column: 'Age' }],
  ],
  [
    'V13 a control character',
    CSV_TYPE,
    `${passenger.csv}\n\x1b`,
    400,
    'control_character',
    /row 2/,
    [{ row: 2 }],
  ],
  [
    'V15 UTF-16 of Excel',
    CSV_TYPE,
    Buffer.from(`\ufeff${passenger.csv}`, 'utf16le'),
    400,
    'invalid_utf8',
    /UTF-16/,
  ],
  [
    'V16 the label left in',
    CSV_TYPE,
    `0,${passenger.csv}`,
    400,
    'wrong_width',
    /row 1 has 7 values.*label/,
    [{ row: 1 }],
  ],
  [
    'V18 200,000 rows of one column',
    CSV_TYPE,
    '1\n'.repeat(200_000),
    413,
    'too_many_rows',
    /1000 rows/,
  ],
]
for (const [name, type, body, status, code, detail, places] of refused) {
  t.test(`${name} is refused`, async (t) => {
    for (const url of rowRoutes) {
      const answer = await post(app, url, type, body)
      checkProblem(t, answer, status, code, detail)
      t.strictSame(placesOf(answer), places, 'errors')
    }
  })
}

t.test('V13 a body that begins with NUL is refused', async (t) => {
  const answer = await post(app, '/invocations', CSV_TYPE, `\0${passenger.csv}`)
  t.equal(answer.statusCode, 400)
})

t.test('C27 a lone surrogate is an unknown category, and the answer is UTF-8', async (t) => {
  const body = object.replace('"male"', '"\\ud800"')
  for (const accept of ['application/json', 'application/jsonlines', 'text/csv', 'image/svg+xml']) {
    const answer = await post(app, '/explain', JSON_TYPE, body, { accept })
    t.equal(answer.statusCode, 200, accept)
    t.ok(isUtf8(answer.rawPayload), accept)
  }
  const [{ data }] = (await post(app, '/explain', JSON_TYPE, body)).json().explanations
  t.equal(data[2], '\ud800', 'as it was sent')
})

const none: [type: string, body: string, url: string, expected: string | RegExp][] = [
  [JSON_TYPE, '{"instances":[]}', '/invocations', '{"predictions":[]}'],
  [JSON_TYPE, '[]', '/invocations', '[]'],
  [CSV_TYPE, `${passenger.header}\n`, '/invocations', '{"predictions":[]}'],
  ['application/jsonlines', '\n', '/invocations', '{"predictions":[]}'],
  [JSON_TYPE, '{"instances":[]}', '/explain', /"explanations":\[\]}$/],
  [CSV_TYPE, `${passenger.header}\n`, '/explain', /"explanations":\[\]}$/],
]
for (const [type, body, url, expected] of none) {
  t.test(`C29 ${url} of ${JSON.stringify(body)} answers no rows`, async (t) => {
    const answer = await post(app, url, type, body)
    t.equal(answer.statusCode, 200)
    t.match(answer.body, expected)
    const lines = await post(app, url, type, body, { accept: 'application/jsonlines' })
    t.equal(lines.statusCode, 200)
    t.equal(lines.body, '')
  })
}

t.test('C34 an unknown category is answered', async (t) => {
  const seen = await post(app, '/invocations', JSON_TYPE, object)
  const unseen = await post(app, '/invocations', JSON_TYPE, object.replace('"male"', '"other"'))
  t.equal(unseen.statusCode, 200)
  t.not(unseen.body, seen.body, 'by other numbers than a known one')
})

// Limits

const rows = (count: number) => `${passenger.csv}\n`.repeat(count)

t.test('C37 the rows of a request are limited before they are read', async (t) => {
  const app = await buildTestApp(t, { limits: { maxRows: 3 } })
  t.equal((await post(app, '/invocations', CSV_TYPE, rows(3))).statusCode, 200)
  for (const [type, body, detail] of [
    [CSV_TYPE, rows(4), /3 rows/],
    [CSV_TYPE, '?\n'.repeat(4), /3 rows/],
    [JSON_TYPE, '[null,null,null,null]', /3 rows/],
    ['application/jsonlines', '?\n?\n?\n?', /3 rows/],
  ] as const) {
    checkProblem(t, await post(app, '/invocations', type, body), 413, 'too_many_rows', detail)
  }
})

t.test('C38 an explanation over the budget is refused, and says the budget', async (t) => {
  const seconds = model.predictor.estimateSeconds(10, {})
  const app = await buildTestApp(t, { limits: { maxSeconds: seconds } })
  t.equal((await post(app, '/explain', CSV_TYPE, rows(10))).statusCode, 200)
  const answer = await post(app, '/explain', CSV_TYPE, rows(11))
  checkProblem(t, answer, 413, 'too_expensive', /11 rows/)
  t.ok(answer.json().detail.includes(`the budget is ${seconds} s`))
  const all = await post(app, '/explain?output=all', CSV_TYPE, rows(6))
  checkProblem(t, all, 413, 'too_expensive', /6 rows/)
  t.equal(
    (await post(app, '/invocations', CSV_TYPE, rows(11))).statusCode,
    200,
    'a prediction is not',
  )
})

t.test('C39 an answer over the limit is refused before it is computed', async (t) => {
  const app = await buildTestApp(t, { limits: { maxAnswerBytes: 2000 } })
  t.equal((await post(app, '/invocations', CSV_TYPE, rows(2))).statusCode, 200)
  for (const url of rowRoutes) {
    checkProblem(t, await post(app, url, CSV_TYPE, rows(100)), 413, 'too_large', /send fewer rows/)
  }
})

t.test('C39 no answer is larger than the limit', async (t) => {
  const long = passenger.csv.replace('Mernagh', 'M'.repeat(2000))
  for (const [name, query, accept, body] of [
    ['predictions', '', JSON_TYPE, rows(50)],
    ['predictions as lines', '', 'application/jsonlines', rows(50)],
    ['explanations', '/explain', JSON_TYPE, rows(50)],
    ['explanations of all classes', '/explain?output=all', JSON_TYPE, rows(50)],
    ['explanations of predicted classes', '/explain?output=predicted', JSON_TYPE, rows(50)],
    ['features', '/explain?level=features', JSON_TYPE, rows(50)],
    ['explanations as lines', '/explain', 'application/jsonlines', rows(50)],
    ['features as lines', '/explain?level=features', 'application/jsonlines', rows(50)],
    ['explanations as CSV', '/explain?output=all', CSV_TYPE, rows(50)],
    ['contributions', '/explain?format=contributions&output=all', JSON_TYPE, rows(50)],
    ['contributions as lines', '/explain?format=contributions', 'application/jsonlines', rows(50)],
    ['interactions', '/explain?interactions=true&output=all', JSON_TYPE, rows(20)],
    ['interactions as CSV', '/explain?interactions=true&output=all', CSV_TYPE, rows(20)],
    ['counterfactuals', '/explain?counterfactual=1', JSON_TYPE, rows(5)],
    ['long texts', '/explain', JSON_TYPE, `${long}\n`.repeat(20)],
    [
      'long texts twice',
      '/explain?format=contributions&output=all',
      JSON_TYPE,
      `${long}\n`.repeat(20),
    ],
  ] as const) {
    const url = query === '' ? '/invocations' : query
    const free = await post(app, url, CSV_TYPE, body, { accept })
    t.equal(free.statusCode, 200)
    const bound = await buildTestApp(t, { limits: { maxAnswerBytes: free.rawPayload.length - 1 } })
    const answer = await post(bound, url, CSV_TYPE, body, { accept })
    t.equal(answer.statusCode, 413, `${name}: ${free.rawPayload.length} bytes`)
  }
})

t.test('H12 a body announced too large is refused', async (t) => {
  const app = await buildTestApp(t, { maxBodyBytes: 1000 })
  const answer = await post(app, '/invocations', CSV_TYPE, 'x'.repeat(1001))
  checkProblem(t, answer, 413, 'too_large', /1000 bytes/)
  const least = passenger.csv.length
  const exact = await buildTestApp(t, { maxBodyBytes: least })
  t.equal((await post(exact, '/invocations', CSV_TYPE, passenger.csv)).statusCode, 200)
})

t.test('H13 the refusal of a large body can be read, and the connection goes on', async (t) => {
  const port = await listen(await buildTestApp(t, { maxBodyBytes: 1000 }))
  const body = Buffer.alloc(8 << 20, '1')
  const head = 'POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n'
  const ping = 'GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  const announced = await exchange(
    port,
    `${head}Content-Length: ${body.length}\r\n\r\n`,
    body,
    ping,
  )
  const pieces = await exchange(
    port,
    `${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`,
    body,
    '\r\n0\r\n\r\n',
    ping,
  )
  for (const [refusal, after] of [announced, pieces]) {
    if (!refusal) return t.fail('no answer')
    checkProblem(t, refusal, 413, 'too_large', /1000 bytes/)
    t.equal(after?.status, 200)
  }
})

t.test('H13 a client that closes reads it too', async (t) => {
  const port = await listen(await buildTestApp(t, { maxBodyBytes: 1000 }))
  const body = Buffer.alloc(8 << 20, '1')
  const send = () =>
    new Promise((resolve) => {
      const sent = request(
        {
          port,
          host: '127.0.0.1',
          path: '/invocations',
          method: 'POST',
          agent: new Agent({ keepAlive: false }),
          headers: { 'content-type': CSV_TYPE, 'content-length': body.length },
        },
        async (answer) => {
          let text = ''
          for await (const piece of answer) text += piece
          resolve(`${answer.statusCode} ${(JSON.parse(text) as { code: string }).code}`)
        },
      )
      sent.on('error', resolve)
      sent.end(body)
    })
  for (let i = 0; i < 5; i++) t.equal(await send(), '413 too_large')
})

t.test('H8 a body in too many pieces is refused, and not parsed to its end', async (t) => {
  const app = await buildTestApp(t)
  let parsed = 0
  app.server.on('request', (request) => request.on('data', () => parsed++))
  const port = await listen(app)
  const [answer, ping] = await exchange(
    port,
    'POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n',
    '1\r\n1\r\n'.repeat(1_000_000),
    '0\r\n\r\nGET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  )
  if (!answer) return t.fail('no answer')
  checkProblem(t, answer, 400, 'invalid_request', /65536 pieces/)
  t.equal(answer.headers.get('connection'), 'close')
  t.equal(ping, undefined, 'what comes behind it is not read as HTTP')
  // What waits at a busy process is read up to 2 MiB at once, before the connection can be taken from the parser.
  const atOnce = (2 << 20) / '1\r\n1\r\n'.length
  t.ok(parsed > 65_536 && parsed < 200_000 + atOnce, `${parsed} pieces were parsed`)
})

t.test('P11 bodies over the memory set aside are told to try again', async (t) => {
  const app = await buildTestApp(t, { maxBodyBytes: 2000, bodyBudget: 1000 })
  const answer = await post(app, '/invocations', CSV_TYPE, 'x'.repeat(1001))
  checkProblem(t, answer, 503, 'overloaded', /try again/)
  t.equal(answer.headers['retry-after'], '1')
})

/** Sends a part of a request and nothing more; resolves when the server has closed the connection, too. */
async function leave(port: number, bytes: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.resume()
  socket.end(bytes)
  await once(socket, 'close')
}

t.test('P11 the memory of every body is given back, whatever became of it', async (t) => {
  const app = await buildTestApp(t, {
    maxBodyBytes: 2000,
    bodyBudget: 1000,
    limits: { maxRows: 20 },
  })
  const port = await listen(app)
  const announced =
    'POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 900\r\n\r\n'
  const lost =
    'POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\nnonsense\r\n'
  for (let i = 0; i < 20; i++) {
    for (const body of [rows(10), 'wrong'.repeat(100), 'x'.repeat(1500), 'x'.repeat(2500), '']) {
      await post(app, '/invocations', CSV_TYPE, body)
    }
    await exchange(port, lost)
    await leave(port, `${announced}${rows(5)}`)
  }
  const whole = rows(20)
  t.ok(whole.length > 600 && whole.length < 1000, 'most of the budget')
  t.equal((await post(app, '/invocations', CSV_TYPE, whole)).statusCode, 200)
})

t.test('H26 more than 100 headers are refused', async (t) => {
  const port = await listen(await buildTestApp(t))
  const ping = (headers: string) =>
    exchange(port, `GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`)
  const [fine] = await ping('a: b\r\n'.repeat(98))
  t.equal(fine?.status, 200)
  const [answer] = await ping('a: b\r\n'.repeat(99))
  if (!answer) return t.fail('no answer')
  checkProblem(t, answer, 431, 'too_many_headers', /100/)
})

t.test('H24 headers over 16 KiB are refused', async (t) => {
  const port = await listen(await buildTestApp(t))
  const [answer] = await exchange(
    port,
    `GET /ping HTTP/1.1\r\nHost: x\r\na: ${'b'.repeat(17_000)}\r\n\r\n`,
  )
  if (!answer) return t.fail('no answer')
  checkProblem(t, answer, 431, 'too_many_headers', /16 KiB/)
})

const broken: [name: string, bytes: Body][] = [
  ['H27 two Host headers', 'GET /ping HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n'],
  [
    'H1 a length that is no number',
    'POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n',
  ],
  [
    'H3 a length and pieces',
    'POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  [
    'H4 a coding that does not end in chunks',
    'POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n',
  ],
  [
    'H6 chunks in HTTP/1.0',
    'POST /invocations HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['H28 HTTP/0.9', 'GET /ping\r\nConnection: close\r\n\r\n'],
  ['H28 HTTP/2.0', 'GET /ping HTTP/2.0\r\nHost: x\r\nConnection: close\r\n\r\n'],
  ['H29 a TLS greeting', Buffer.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00)],
  ['H30 a header with NUL', 'GET /ping HTTP/1.1\r\nHost: x\r\na: b\0c\r\n\r\n'],
  ['H32 a method that does not exist', 'BREW /ping HTTP/1.1\r\nHost: x\r\n\r\n'],
]
t.test('H5 a coding that is not known is refused, never ignored', async (t) => {
  const port = await listen(await buildTestApp(t))
  const [answer] = await exchange(
    port,
    `POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${passenger.csv.length.toString(16)}\r\n${passenger.csv}\r\n0\r\n\r\n`,
  )
  if (!answer) return t.fail('no answer')
  checkProblem(t, answer, 501, 'unsupported_transfer_coding', /"gzip, chunked"/)
})

t.test('H27 a request without a Host header is refused', async (t) => {
  const port = await listen(await buildTestApp(t))
  const [answer] = await exchange(port, 'GET /ping HTTP/1.1\r\nConnection: close\r\n\r\n')
  t.equal(answer?.status, 400)
})

t.test('bytes that are not HTTP are answered by a problem', async (t) => {
  const port = await listen(await buildTestApp(t))
  for (const [name, bytes] of broken) {
    await t.test(name, async (t) => {
      const [answer] = await exchange(port, bytes)
      if (!answer) return t.fail('no answer')
      checkProblem(t, answer, 400, 'invalid_request')
    })
  }
})

// Errors as such

t.test('every code has a status, and only a defect has 500', (t) => {
  const allowed = [400, 401, 404, 405, 406, 408, 409, 413, 415, 431, 500, 501, 503, 507]
  for (const code of Object.keys(inputErrorCodes) as InputErrorCode[]) {
    t.ok(allowed.includes(statusOfCode(code)), code)
    t.equal(statusOfCode(code) === 500, code === 'internal_error', code)
  }
  t.end()
})

t.test('a defect says nothing of itself', (t) => {
  for (const thrown of [new Error('/etc/secret'), new TypeError('x is undefined'), 'text']) {
    const { status, body } = describeProblem(asInputError(thrown), 'id')
    t.equal(status, 500)
    t.notMatch(body.toString(), /secret|undefined|stack|\.ts/)
  }
  t.end()
})

t.test('a problem is one line of ASCII of at most 1 KiB, whatever it quotes', (t) => {
  const nasty = fc.string({
    unit: fc.oneof(
      fc.constantFrom('\\', '"', '\n', '\0', '\u2028', 'é', '…', '😀', '\ud800', 'a'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    maxLength: 700,
    size: 'max',
  })
  const place = fc.record({ row: fc.nat(), column: nasty })
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(nasty, fc.array(place, { maxLength: 30 }), (message, places) => {
          const { body } = describeProblem(new InputError('invalid_number', message, places), 'id')
          const problem = JSON.parse(body.toString()) as { detail: string; errors?: unknown[] }
          return (
            body.length <= 1024 &&
            /^[\x20-\x7e]+$/.test(body.toString('latin1')) &&
            problem.detail.slice(0, 12) === message.slice(0, 12) &&
            (problem.errors?.length ?? 0) <= 10
          )
        }),
        { seed: 6, numRuns: 200, endOnFailure: true },
      ),
    '200 messages',
  )
  t.end()
})

t.test('a problem of names full of backslashes is at most 1 KiB', async (t) => {
  const names = Array.from({ length: 6 }, (_, i) => '\\'.repeat(60) + i).join(',')
  const answer = await post(app, '/invocations', CSV_TYPE, `${passenger.header},${names}\n1`)
  checkProblem(t, answer, 400, 'ambiguous_header')
})

t.test('A10 the log says what was asked, never the rows', async (t) => {
  const lines: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line) => void lines.push(line) })
  const app = await buildTestApp(t, { logger })
  await app.inject({ url: '/ping' })
  t.strictSame(lines, [], 'nothing of /ping')
  const odd = `[${object},${object.replace('"male"', '"mermaid","x":1')}]`
  await post(app, '/invocations?secret=1', JSON_TYPE, odd)
  await post(app, '/invocations', CSV_TYPE, passenger.csv.replace('28', 'Mernagh'))
  const [fine, wrong, ...more] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  t.match(fine, { method: 'POST', path: '/invocations', status: 200, rows: 2 })
  t.match(fine, { ignored_columns: 1, unknown_categories: 1 }, 'C32 and C34 are counted')
  t.match(wrong, { status: 400, code: 'invalid_number' })
  t.strictSame(more, [])
  t.notMatch(lines.join(''), /Mernagh|mermaid|secret/)
})

t.test('G6 whatever the bytes, the answer is never a 5xx', async (t) => {
  const bodies = mutants([
    ...forms.map(([, , body]) => body),
    `[${list},${list}]`,
    `{"instances":[${object}],"parameters":{"output":"all","top":2,"level":"features"}}`,
  ])
  const types = [JSON_TYPE, CSV_TYPE, 'text/csv;header=present', 'application/jsonlines']
  const answers = ['*/*', JSON_TYPE, CSV_TYPE, 'application/jsonlines', 'image/svg+xml']
  const queries = ['', '?output=all', '?format=contributions', '?top=1', '?level=features']
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(
      bodies,
      fc.constantFrom(...types),
      fc.constantFrom(...answers),
      fc.constantFrom('/invocations', ...queries.map((query) => `/explain${query}`)),
      async (body, type, accept, url) => {
        const answer = await post(app, url, type, body, { accept })
        statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1)
        if (answer.statusCode !== 200) {
          const { code, status } = answer.json()
          return (
            answer.statusCode < 500 &&
            Object.hasOwn(inputErrorCodes, code) &&
            status === answer.statusCode
          )
        }
        return isUtf8(answer.rawPayload) && !/NaN|Infinity|undefined/.test(answer.body)
      },
    ),
    { seed: 7, numRuns: 500 },
  )
  t.ok((statuses.get(200) ?? 0) > 20, 'some are still read')
  t.ok((statuses.get(400) ?? 0) > 100, 'most are refused')
})
