/** What tests share: the model that ships, an application around it, and requests as text or as bytes. */
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import type { Limits } from '../src/answering/limits.ts'
import { createInlineLoader } from '../src/answering/loader.ts'
import type { Codec, DecodeContext, Decoded } from '../src/codecs/codec.ts'
import { type Cell, cellAt, type DataFrame } from '../src/data/frame.ts'
import { InputError, type InputErrorCode, inputErrorCodes } from '../src/errors.ts'
import { type AppOptions, buildApp } from '../src/http/app.ts'
import { type MultiModelOptions, multiModelRoutes } from '../src/http/multi-model.ts'
import { buildRoutes } from '../src/http/routes.ts'
import { createService } from '../src/http/service.ts'
import { type LoadedModel, readModelDirectory } from '../src/model-directory/read.ts'

export type Body = string | Uint8Array

/** Directory of the model that ships. */
export const checkpoint = join(import.meta.dirname, '../model_checkpoint')

let loaded: Promise<LoadedModel> | undefined

/** Returns the model that ships, read once per process. */
export function loadCheckpoint(): Promise<LoadedModel> {
  loaded ??= readModelDirectory(checkpoint)
  return loaded
}

export type TestOptions = Partial<Omit<AppOptions, 'limits'>> & { limits?: Partial<Limits> }

/** Returns what an application takes, without workers by default. */
export function testOptions({ limits, ...options }: TestOptions = {}): AppOptions {
  return {
    maxBodyBytes: 1 << 20,
    bodyBudget: 8 << 20,
    defaultAccept: 'application/json',
    deadlineMs: 55_000,
    maxConcurrent: 1,
    modelName: 'model',
    ...options,
    limits: { maxRows: 1000, maxAnswerBytes: 1 << 20, maxSeconds: 50, ...limits },
  }
}

/** Returns the application of the model that ships, or of another, without workers by default; it closes with its test. */
export async function buildTestApp(
  t: Test,
  { model, ...overrides }: TestOptions & { model?: LoadedModel } = {},
): Promise<FastifyInstance> {
  const all = testOptions(overrides)
  const app = buildApp(buildRoutes(model ?? (await loadCheckpoint()), createService(all)), all)
  t.teardown(() => app.close())
  return app
}

/** Returns a multi-model endpoint over the models below a root, without threads by default; it closes with its test. */
export function buildMultiModelApp(
  t: Test,
  {
    root,
    memoryBudget = 64 << 20,
    memory,
    loader = createInlineLoader(),
  }: Partial<MultiModelOptions> & { root: string },
  overrides: Partial<AppOptions> = {},
): FastifyInstance {
  const all = testOptions(overrides)
  const app = buildApp(
    multiModelRoutes(createService(all), { root, memoryBudget, memory, loader }),
    all,
  )
  t.teardown(() => app.close())
  return app
}

/** A row of the model that ships, as every request form writes it. */
export const passenger = {
  csv: '3,"Mernagh, Mr. Robert",male,28,0,0',
  header: 'Pclass,Name,Sex,Age,SibSp,Parch',
  object: { Pclass: 3, Name: 'Mernagh, Mr. Robert', Sex: 'male', Age: 28, SibSp: 0, Parch: 0 },
  list: [3, 'Mernagh, Mr. Robert', 'male', 28, 0, 0],
} as const

/** Returns the answer to a POST; without a type, no Content-Type is sent. */
export function post(
  app: FastifyInstance,
  url: string,
  type: string | undefined,
  body: Body,
  headers: Readonly<Record<string, string>> = {},
): Promise<LightMyRequestResponse> {
  return app.inject({
    method: 'POST',
    url,
    headers: { ...(type === undefined ? {} : { 'content-type': type }), ...headers },
    payload: Buffer.from(body),
  })
}

/** What every error answer must hold, however it was received. */
export interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly body: string
}

/** Checks that an answer is a problem of this status and code, whole and within its bounds. */
export function checkProblem(
  t: Test,
  answer: Answer | LightMyRequestResponse,
  status: number,
  code: InputErrorCode,
  detail = /./,
): void {
  const { body } = answer
  const [found, type] =
    'type' in answer
      ? [answer.status, answer.type]
      : [answer.statusCode, answer.headers['content-type']]
  t.equal(found, status, `status ${status}`)
  t.equal(type, 'application/problem+json', 'bare problem type')
  t.match(body, /^[\x20-\x7e]+$/, 'one line of ASCII')
  t.ok(body.length <= 1024, `at most 1 KiB, ${body.length} bytes`)
  const problem = JSON.parse(body) as Record<string, unknown>
  t.match(String(problem['detail']), detail, 'detail')
  const title = String(problem['title'])
  t.strictSame(
    { ...problem, errors: undefined },
    {
      type: 'about:blank',
      title,
      status,
      detail: problem['detail'],
      code,
      instance: problem['instance'],
      error: problem['detail'],
      error_code: title.toUpperCase().replaceAll(' ', '_'),
      message: problem['detail'],
      errors: undefined,
    },
    'every member, for every kind of client',
  )
  t.match(problem['instance'], /^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'instance')
}

/** Returns the places that a problem names. */
export function placesOf({ body }: { readonly body: string }): unknown {
  return (JSON.parse(body) as { errors?: unknown }).errors
}

/** A small table for decoders: numbers and texts, some of which may be missing. */
export const context: DecodeContext = {
  inputs: [
    { name: 'Pclass', type: 'number', nullable: false, example: 3 },
    { name: 'Sex', type: 'text', nullable: false, categories: ['female', 'male'], example: 'male' },
    { name: 'Age', type: 'number', nullable: true, example: 28 },
    { name: 'Cabin', type: 'text', nullable: true, example: 'C85' },
  ],
  otherColumns: ['PassengerId', 'Survived'],
  maxRows: 100,
}

/** A codec whose decoder answers at once. */
export type TextCodec = Pick<Codec, 'name' | 'mediaTypes'> & {
  readonly decode: (
    body: Uint8Array,
    context: DecodeContext,
    mediaParameters: ReadonlyMap<string, string>,
  ) => Decoded
}

/** Returns what a codec reads in a body, as a request's body is read. */
export function decodeBody(
  codec: TextCodec,
  body: Body,
  where: DecodeContext = context,
  parameters: Readonly<Record<string, string>> = {},
): Decoded {
  return codec.decode(Buffer.from(body), where, new Map(Object.entries(parameters)))
}

/** Returns a frame's rows as cells. */
export function rowsOf({ columns, length }: DataFrame): Cell[][] {
  return Array.from({ length }, (_, row) => columns.map((column) => cellAt(column, row)))
}

/** Returns the InputError that an act ends in; anything else fails the test. */
export function refusalOf(act: () => unknown): InputError {
  try {
    act()
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  throw new Error('this was not refused')
}

/** Returns bodies that differ from one of the seeds by some cuts, copies and odd bytes, or by none. */
export function mutants(seeds: readonly Body[]): fc.Arbitrary<Buffer> {
  const odd = [
    ...Buffer.from('\r\n\t\0 ,;:"\'\\[]{}()-+.eE019_nNtf/*#='),
    0x7f,
    0x80,
    0xbf,
    0xc0,
    0xc3,
    0xe2,
    0xed,
    0xef,
    0xf0,
    0xf4,
    0xfe,
    0xff,
  ]
  const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  const byte = fc.oneof(fc.constantFrom(...odd), fc.nat(255))
  const change = fc.record({
    kind: fc.constantFrom('cut', 'insert', 'replace', 'delete', 'copy'),
    at,
    length: fc.nat(12),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 3 }),
    byte,
  })
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(change, { maxLength: 6 }))
    .map(([seed, changes]) =>
      changes.reduce<Buffer>((body, { kind, at, length, bytes, byte }) => {
        const from = Math.floor(at * body.length)
        const before = body.subarray(0, from)
        const after = body.subarray(from)
        switch (kind) {
          case 'cut':
            return before
          case 'insert':
            return Buffer.concat([before, Buffer.of(byte), after])
          case 'replace':
            return Buffer.concat([before, bytes, after.subarray(bytes.length)])
          case 'delete':
            return Buffer.concat([before, after.subarray(length)])
          default:
            return Buffer.concat([body, after.subarray(0, length * 4)])
        }
      }, Buffer.from(seed)),
    )
}

/** Throws unless a codec either reads a body into whole columns or refuses it by an InputError. */
export function checkReadsOrRefuses(codec: TextCodec, body: Body): void {
  let frame: DataFrame
  try {
    frame = decodeBody(codec, body).frame
  } catch (error) {
    if (error instanceof InputError && Object.hasOwn(inputErrorCodes, error.code)) return
    throw error
  }
  for (const column of frame.columns) {
    const numbers = column.kind === 'number' ? column.values : column.codes
    if (numbers.length !== frame.length) throw new Error('a column of another length')
    if (numbers.some((value) => Math.abs(value) === Number.POSITIVE_INFINITY))
      throw new Error('an infinite number')
  }
}

/** One answer as it came over a socket. */
export interface RawAnswer extends Answer {
  readonly headers: ReadonlyMap<string, string>
}

/** Listens on a free port of this machine. */
export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

/**
 * Writes bytes to a port as they are and returns the answers once the server has closed the connection;
 * the last request must ask for that.
 */
export function exchange(port: number, ...pieces: readonly Body[]): Promise<RawAnswer[]> {
  return new Promise((resolve) => {
    const received: Buffer[] = []
    const socket = connect(port, '127.0.0.1')
    socket.on('data', (piece) => received.push(Buffer.from(piece)))
    // What was received before a reset counts; the answers say whether it was enough.
    socket.on('error', () => {})
    socket.on('close', () => resolve(splitAnswers(Buffer.concat(received).toString('latin1'))))
    for (const piece of pieces) socket.write(piece)
  })
}

function splitAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  let rest = text
  while (rest.includes('\r\n\r\n')) {
    const end = rest.indexOf('\r\n\r\n')
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    const length = Number(headers.get('content-length') ?? 0)
    const body = rest.slice(end + 4, end + 4 + length)
    answers.push({
      status: Number(first.split(' ')[1]),
      type: headers.get('content-type'),
      headers,
      body,
    })
    rest = rest.slice(end + 4 + length)
  }
  return answers
}
