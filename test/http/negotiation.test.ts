/** Types in and out, from headers alone: reliability.md C4 and C6 to C9, H-rows aside. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { Operation } from '../../src/answering/media-type.ts'
import type { Codec } from '../../src/codecs/codec.ts'
import { codecs, findCodec, holdsExplanations, requestTypes } from '../../src/codecs/index.ts'
import { checkDefaultAccept, negotiateAnswer } from '../../src/http/negotiation.ts'
import {
  type Body,
  buildTestApp,
  checkProblem,
  exchange,
  listen,
  passenger,
  post,
  refusalOf,
} from '../helper.ts'

const app = await buildTestApp(t)

t.test('the documents name the types that answers have, and no other', (t) => {
  const typesIn = (file: string, start: string) => {
    const text = readFileSync(join(import.meta.dirname, '../../docs', file), 'utf8')
    const paragraph = text.slice(text.indexOf(start)).split('\n\n')[0] ?? ''
    return [...paragraph.matchAll(/`([a-z]+\/[a-z0-9.+-]+)`/g)].map(([, type]) => type)
  }
  const first = (encodes: (codec: Codec) => unknown) =>
    codecs.filter(encodes).map(({ mediaTypes: [type] }) => type)
  const explained = first(holdsExplanations)
  t.strictSame(
    ['application/json', ...typesIn('explaining.md', 'Besides JSON, `Accept` may ask')],
    explained,
  )
  const predicted = first(({ encodePredictions }) => encodePredictions)
  t.strictSame(
    new Set(['application/json', ...typesIn('protocols.md', 'Answers are JSON unless `Accept`')]),
    new Set([...predicted, 'image/svg+xml', 'image/png']),
  )
  t.end()
})
const object = JSON.stringify(passenger.object)

const read: [type: string, body: Body][] = [
  ['application/json', object],
  ['C6 Application/JSON; Charset=UTF-8', object],
  ['C6 application/json;charset="utf-8"', object],
  ['C6 APPLICATION/JSON', object],
  ['application/json; charset=utf8', object],
  ['application/json; charset=us-ascii', object],
  ['application/json; profile=other', object],
  ['text/csv', passenger.csv],
  ['Text/CSV;Header=absent', passenger.csv],
  ['text/csv; header="present"', `${passenger.header}\n${passenger.csv}`],
  ['text/csv ; header=present ; charset=utf-8', `${passenger.header}\n${passenger.csv}`],
  ['application/jsonlines', object],
  ['application/x-ndjson', object],
  ['application/jsonl; charset=utf-8', object],
]

for (const [name, body] of read) {
  t.test(`${name} is read`, async (t) => {
    const answer = await post(app, '/invocations', name.replace(/^C6 /, ''), body)
    t.equal(answer.statusCode, 200)
    t.equal(answer.headers['content-type'], 'application/json')
  })
}

const unread: [name: string, type: string][] = [
  ['C4 text/xml', 'text/xml'],
  ['C4 two types in one header', 'application/json, text/csv'],
  ['C4 semicolons alone', ';;;'],
  ['C4 a parameter of 10 KB', `application/json;x=${'a'.repeat(10_240)}`],
  ['C4 text/csv with a parameter of 10 KB', `text/csv;x="${'a'.repeat(10_240)}"`],
  ['C4 a type without a subtype', 'json'],
  ['C4 a wildcard', '*/*'],
  ['C4 a form, as curl -d sends it', 'application/x-www-form-urlencoded'],
  ['C4 bytes of anything', 'application/octet-stream'],
  ['C4 an answer type', 'image/svg+xml'],
  ['C4 another JSON', 'application/vnd.api+json'],
  ['C4 an empty header', ''],
  ['C7 UTF-16', 'application/json; charset=utf-16'],
  ['C7 Latin-1', 'text/csv; charset=latin1'],
  ['C7 ISO 8859-1', 'text/csv; charset="ISO-8859-1"'],
  ['C7 an empty charset', 'text/csv; charset=""'],
  ['C8 a tab inside', 'application/json\ta'],
  ['C8 a tab before a parameter', 'application/json\t; charset=utf-8'],
  ['C8 a blank inside', 'application /json'],
]

for (const [name, type] of unread) {
  t.test(`${name} is not read`, async (t) => {
    for (const url of ['/invocations', '/explain']) {
      checkProblem(t, await post(app, url, type, object), 415, 'unsupported_media_type')
    }
  })
}

t.test('C4 Accept of the refusal names what is read', async (t) => {
  for (const type of [undefined, 'text/xml', ';;;', 'text/csv; charset=utf-16']) {
    const answer = await post(app, '/invocations', type, object)
    t.equal(answer.statusCode, 415)
    t.equal(answer.headers['accept'], requestTypes.join(', '), `${type}`)
  }
})

t.test('C4 the refusal quotes the type and names the others', async (t) => {
  const { detail } = (await post(app, '/invocations', `text/x${'y'.repeat(200)}`, object)).json()
  t.match(detail, /"text\/xy{58}…" is not read; send application\/json, text\/csv, /)
})

t.test('C8 blanks before the type are no part of it', async (t) => {
  const port = await listen(await buildTestApp(t))
  const request = (value: string, body: string) =>
    `POST /invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type:${value}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const [fine] = await exchange(port, request('  \t application/json', '{}'))
  if (!fine) return t.fail('no answer')
  checkProblem(t, fine, 400, 'invalid_shape')
  const [tabbed] = await exchange(port, request(' application/json\ta', '{}'))
  if (!tabbed) return t.fail('no answer')
  checkProblem(t, tabbed, 415, 'unsupported_media_type')
})

/** What an Accept header is answered with; undefined = nothing fits. */
const accepts: [accept: string | undefined, predict: string | undefined, explain?: string][] = [
  [undefined, 'application/json'],
  ['', 'application/json'],
  ['*/*', 'application/json'],
  [' */* ', 'application/json'],
  ['text/csv', 'text/csv'],
  ['TEXT/CSV', 'text/csv'],
  ['application/json', 'application/json'],
  ['application/json; charset=utf-8', 'application/json'],
  ['application/jsonlines', 'application/jsonlines'],
  ['application/x-ndjson', 'application/x-ndjson'],
  ['application/jsonl', 'application/jsonl'],
  ['text/*', 'text/csv'],
  ['application/*', 'application/json'],
  ['text/csv, application/json', 'text/csv'],
  ['application/json, text/csv', 'application/json'],
  ['text/csv;q=0.5, application/json', 'application/json'],
  ['application/json;q=0.5, text/csv;q=0.6', 'text/csv'],
  ['*/*;q=0.1, application/jsonlines', 'application/jsonlines'],
  ['text/*;q=0.3, text/csv;q=0.7, application/json;q=0.5', 'text/csv'],
  ['text/csv;q=0.001', 'text/csv'],
  ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', 'application/json'],
  ['nonsense, text/csv', 'text/csv'],
  ['text/csv;q=0, */*', 'application/json'],
  ['application/json;q=0, */*', 'text/csv'],
  ['*/*, application/json;q=0', 'text/csv'],
  // What Java's HttpURLConnection sends when nothing is set.
  ['text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', 'application/json'],
  ['text/csv;q=0', undefined],
  ['text/csv;q=0.0', undefined],
  ['*/*;q=0', undefined],
  ['garbage', undefined],
  ['text', undefined],
  ['text/html', undefined],
  ['image/webp', undefined],
  ['image/png', undefined, 'image/png'],
  ['application/json;q=2', undefined],
  ['application/json;q=-1', undefined],
  [`application/json, ${'x/y, '.repeat(300)}`, undefined],
  ['image/svg+xml', undefined, 'image/svg+xml'],
  ['image/*', undefined, 'image/svg+xml'],
  ['image/svg+xml, */*', 'application/json', 'image/svg+xml'],
]

for (const [accept, predict, explain = predict] of accepts) {
  const name = accept === undefined ? 'no Accept' : `Accept ${accept.slice(0, 60)}`
  t.test(`C9 ${name} is answered with ${predict ?? 'nothing'}`, (t) => {
    const found = (operation: Operation) =>
      negotiateAnswer(accept, operation, 'application/json').essence
    const check = (operation: Operation, expected: string | undefined) => {
      if (expected !== undefined) return t.equal(found(operation), expected, operation)
      return t.equal(refusalOf(() => found(operation)).code, 'not_acceptable', operation)
    }
    check('predict', predict)
    check('explain', explain)
    t.end()
  })
}

t.test('C9 a wildcard stands for the default first', (t) => {
  for (const accept of [undefined, '*/*', 'text/html, */*;q=0.8', 'text/*']) {
    t.equal(negotiateAnswer(accept, 'predict', 'text/csv').essence, 'text/csv', `${accept}`)
  }
  t.equal(negotiateAnswer('application/json', 'predict', 'text/csv').essence, 'application/json')
  t.end()
})

t.test('C9 parameters of the type chosen are kept, q is not', (t) => {
  const { parameters } = negotiateAnswer('text/csv;header=absent;q=0.5', 'explain', 'text/csv')
  t.strictSame([...parameters], [['header', 'absent']])
  t.end()
})

t.test('C9 the refusal names what there is', async (t) => {
  const answer = await post(app, '/explain', 'text/csv', passenger.csv, { accept: 'image/webp' })
  checkProblem(
    t,
    answer,
    406,
    'not_acceptable',
    /"image\/webp".*application\/json.*image\/svg\+xml/,
  )
  const predict = await post(app, '/invocations', 'text/csv', passenger.csv, {
    accept: 'image/svg+xml',
  })
  checkProblem(t, predict, 406, 'not_acceptable', /there are [^"]*application\/jsonl, /)
})

t.test('C9 an Accept that nothing fits is refused before the body is looked at', async (t) => {
  for (const url of ['/invocations', '/explain']) {
    const answer = await post(app, url, 'text/csv', 'not,the,right,width', { accept: 'image/webp' })
    checkProblem(t, answer, 406, 'not_acceptable')
  }
})

t.test('C9 whatever the header, a type that is offered is found or none', (t) => {
  const range = fc.tuple(
    fc.constantFrom(
      '*/*',
      'text/*',
      'image/*',
      '*',
      '',
      ...codecs.flatMap((codec) => codec.mediaTypes),
    ),
    fc.constantFrom(
      '',
      ';q=0',
      ';q=1',
      ';q=0.5',
      ';q=.5',
      ';q=',
      ';header=absent',
      ';x="a,b"',
      '\t;',
    ),
  )
  const header = fc.oneof(
    fc
      .array(
        range.map((parts) => parts.join('')),
        { maxLength: 5 },
      )
      .map((list) => list.join(',')),
    fc.string({ unit: 'binary' }),
  )
  t.doesNotThrow(
    () =>
      fc.assert(
        fc.property(header, fc.constantFrom('predict', 'explain'), (accept, operation) => {
          try {
            const { essence } = negotiateAnswer(accept, operation, 'application/json')
            const codec = findCodec(essence)
            if (!codec) return false
            return operation === 'predict'
              ? codec.encodePredictions !== undefined
              : holdsExplanations(codec)
          } catch (error) {
            return (error as { code?: unknown }).code === 'not_acceptable'
          }
        }),
        { seed: 5, numRuns: 200 },
      ),
    '200 headers',
  )
  t.end()
})

t.test('every type that is offered is answered under its own bare name', async (t) => {
  for (const codec of codecs) {
    for (const type of codec.mediaTypes) {
      const urls = [
        ...(codec.encodePredictions ? ['/invocations'] : []),
        ...(holdsExplanations(codec) ? ['/explain'] : []),
      ]
      for (const url of urls) {
        const answer = await post(app, url, 'text/csv', passenger.csv, { accept: type })
        t.equal(answer.statusCode, 200, `${url} ${type}`)
        t.equal(answer.headers['content-type'], type, 'without a charset')
      }
    }
  }
})

t.test('the default of predictions is a setting', async (t) => {
  const app = await buildTestApp(t, { defaultAccept: 'text/csv' })
  const types = async (url: string, headers: Record<string, string> = {}) =>
    (await post(app, url, 'text/csv', passenger.csv, headers)).headers['content-type']
  t.equal(await types('/invocations'), 'text/csv')
  t.equal(await types('/invocations', { accept: '*/*' }), 'text/csv')
  t.equal(await types('/invocations', { accept: 'application/json' }), 'application/json')
  t.equal(await types('/explain'), 'application/json', 'not of explanations')
})

const defaults: [value: string, type: string | undefined][] = [
  ['application/json', 'application/json'],
  ['Text/CSV', 'text/csv'],
  ['text/csv; charset=utf-8', 'text/csv'],
  ['application/jsonlines', 'application/jsonlines'],
  ['image/svg+xml', undefined],
  ['*/*', undefined],
  ['csv', undefined],
  ['', undefined],
]
for (const [value, type] of defaults) {
  t.test(`a default of "${value}" is ${type ?? 'refused'}`, (t) => {
    if (type !== undefined) t.equal(checkDefaultAccept(value), type)
    else t.equal(refusalOf(() => checkDefaultAccept(value)).code, 'invalid_option')
    t.end()
  })
}
