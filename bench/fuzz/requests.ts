/** Requests of every protocol and format, right ones and ones with odd bytes, headers, queries and framings. */
import fc from 'fast-check'
import { mutants } from '../../test/helper.ts'
import { encodeRows, pack } from './bodies.ts'
import type { Servers, Target } from './target.ts'
import { checkAnswer, exchangeInTime } from './wire.ts'

export interface FuzzedRequest {
  readonly isNumeric: boolean
  readonly head: string
  readonly pieces: readonly Buffer[]
}

const routes = [
  ...['/invocations', '/invocations', '/explain', '/v1/models/model:predict'],
  ...['/v1/models/model:explain', '/v2/models/model/infer', '/invocations?explain=shap'],
]

const queryPart = fc.oneof(
  fc.constantFrom(
    ...['warnings=true', 'output=all', 'top=1', 'format=clarify', 'format=contributions', 'level='],
    ...[
      'interactions=true',
      'counterfactual=0',
      'counterfactual=1',
      'space=log_odds',
      '%',
      '=',
      '&',
    ],
    ...['method=tree_interventional', 'freeze=f1', 'max_changes=2', '__proto__=1', 'explain=shap'],
  ),
  fc.string({ maxLength: 6 }).map(encodeURIComponent),
)

/** Header values as HTTP lets them pass. */
const headerValue = fc.oneof(
  fc.constantFrom(
    ...['application/json', 'text/csv', 'image/svg+xml', '*/*', 'application/x-npy', 'gzip', 'br'],
    ...['text/csv;q=0', 'application/jsonlines', 'explain=shap', 'explain=shap,top=1', '1', '-1'],
    ...['99999999999', 'score>`0.5`', '100-continue', 'chunked', '%0d%0a', 'application/x-parquet'],
  ),
  fc
    .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), {
      maxLength: 60,
    })
    .map((codes) => String.fromCharCode(...codes)),
)
const headerName = fc.constantFrom(
  ...['accept', 'accept', 'content-encoding', 'content-type', 'inference-header-content-length'],
  ...['x-amzn-sagemaker-custom-attributes', 'x-amzn-sagemaker-enable-explanations', 'ce-id'],
  ...['ce-specversion', 'x-request-id', 'x-amzn-sagemaker-inference-id', 'expect', '__proto__'],
)

/** How a body is sent: by its length or in chunks, and cut into writes at some places. */
const framing = fc.record({
  chunk: fc.option(fc.integer({ min: 1, max: 5000 }), { freq: 4 }),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
})

const request: fc.Arbitrary<FuzzedRequest> = fc
  .record({
    isNumeric: fc.boolean(),
    seed: fc.nat(),
    packing: fc.constantFrom('no', 'no', 'no', 'before', 'after'),
    isMutated: fc.boolean(),
    route: fc.constantFrom(...routes),
    query: fc.array(queryPart, { maxLength: 3 }),
    headers: fc.array(fc.tuple(headerName, headerValue), { maxLength: 3 }),
    framing,
  })
  .chain(({ isNumeric, seed, packing, isMutated, route, query, headers, framing }) => {
    const rows = encodeRows(seed, isNumeric)
    const sent = packing === 'no' ? rows : pack(rows)
    const body = isMutated ? mutants([packing === 'after' ? rows.bytes : sent.bytes]) : undefined
    const path = rows.isTensors ? '/v2/models/model/infer' : route
    const question = path.includes('?') || query.length === 0 ? '' : '?'
    // What was mutated before it is packed is a right gzip of wrong rows.
    const whole = (body ?? fc.constant(sent.bytes)).map((bytes) =>
      isMutated && packing === 'after' ? pack({ ...rows, bytes }).bytes : bytes,
    )
    const lines = new Map([['content-type', rows.type], ...Object.entries(sent.headers ?? {})])
    for (const [name, value] of headers) lines.set(name, value)
    const target = `${path}${question}${query.join('&')}`
    return whole.map((bytes) => ({ isNumeric, ...frame(target, lines, bytes, framing) }))
  })

interface Framing {
  readonly chunk: number | null
  readonly cuts: readonly number[]
}

function frame(
  target: string,
  headers: ReadonlyMap<string, string>,
  body: Buffer,
  { chunk, cuts }: Framing,
): Omit<FuzzedRequest, 'isNumeric'> {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const length =
    chunk === null ? `content-length: ${body.length}\r\n` : 'transfer-encoding: chunked\r\n'
  const head = `POST ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${lines}${length}\r\n`
  const bytes = Buffer.concat([
    Buffer.from(head, 'latin1'),
    chunk === null ? body : inChunks(body, chunk),
  ])
  const places = [...new Set(cuts.map((share) => Math.floor(share * bytes.length)))].sort(
    (a, b) => a - b,
  )
  return { head, pieces: [0, ...places].map((from, i) => bytes.subarray(from, places[i])) }
}

function inChunks(body: Buffer, size: number): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size)
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

/** Returns the target that sends them to the servers and counts the statuses. */
export function requestTarget(
  servers: Servers,
  statuses: Map<number, number>,
): Target<FuzzedRequest> {
  return {
    arbitrary: request,
    async check({ isNumeric, pieces }) {
      const port = isNumeric ? servers.numbers : servers.passengers
      const { answers, rest } = await exchangeInTime(port, pieces, true)
      if (answers.length !== 1 || rest.length > 0)
        throw new Error(
          `${answers.length} answers, and ${rest.length} bytes: ${rest.subarray(0, 200)}`,
        )
      for (const answer of answers) {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        checkAnswer(answer)
      }
    },
    show({ isNumeric, head, pieces }) {
      const bytes = Buffer.concat(pieces).subarray(head.length)
      const where = isNumeric ? 'numbers' : 'passengers'
      return `to ${where}:\n${head}${bytes.subarray(0, 400).toString('latin1')} (${bytes.length} bytes)`
    },
  }
}
