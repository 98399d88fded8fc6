/** A loopback server that answers AWS's protocols: S3 from memory, everything else as a test says. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** What answers an action; what it throws is AWS's error. */
export type Handler = (input: Record<string, unknown>) => unknown

/** An error as AWS sends it. */
export class Refusal extends Error {
  readonly type: string
  readonly status: number

  constructor(type: string, message: string, status = 400) {
    super(message)
    this.type = type
    this.status = status
  }
}

export interface Invoked {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export interface StandIn {
  readonly url: string
  /** Actions in the order in which they were asked for, such as `CreateModel`. */
  readonly asked: string[]
  /** What was sent to an action, the last time. */
  readonly inputs: Map<string, Record<string, unknown>>
  /** Objects by `bucket/key`. */
  readonly objects: Map<string, Buffer>
  readonly buckets: Set<string>
  /** Answers to actions; without one an action is not known. */
  readonly handlers: Record<string, Handler>
  /** What answers invocations. */
  invoke: (invoked: Invoked) => Promise<{ status: number; body: Buffer }>
  /** What answers invocations of an asynchronous endpoint, by the address of their rows. */
  answerAsync: (input: string) => { OutputLocation: string; FailureLocation: string }
}

/** Starts the server and points the SDK to it, for as long as a test runs. */
export async function standIn(t: Test): Promise<StandIn> {
  const standing: StandIn = {
    url: '',
    asked: [],
    inputs: new Map(),
    objects: new Map(),
    buckets: new Set(),
    handlers: {},
    invoke: async () => ({ status: 404, body: Buffer.from('') }),
    answerAsync: () => ({ OutputLocation: '', FailureLocation: '' }),
  }
  const server = createServer((request, response) => {
    answer(standing, request, response).catch((error) => response.destroy(error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const before = { ...process.env }
  Object.assign(process.env, environment, { AWS_ENDPOINT_URL: url })
  t.teardown(() => {
    process.env = before
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return Object.assign(standing, { url })
}

/** What keeps the SDK from everything but this server. */
export const environment = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'a-secret-that-nobody-prints',
  AWS_REGION: 'eu-central-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nowhere/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials',
  AWS_MAX_ATTEMPTS: '1',
}

async function answer(
  standing: StandIn,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const body = Buffer.concat(pieces)
  const path = new URL(request.url ?? '/', 'http://x').pathname
  const target = request.headers['x-amz-target']
  if (typeof target === 'string') return answerAction(standing, target, body, response)
  const endpoint = /^\/endpoints\/([^/]+)\/invocations$/.exec(path)?.[1]
  if (endpoint !== undefined) return answerInvocation(standing, endpoint, request, body, response)
  if (/\/async-invocations$/.test(path)) {
    const location = request.headers['x-amzn-sagemaker-inputlocation']
    const { OutputLocation, FailureLocation } = standing.answerAsync(String(location))
    response.writeHead(202, {
      'content-type': 'application/json',
      'x-amzn-sagemaker-outputlocation': OutputLocation,
      'x-amzn-sagemaker-failurelocation': FailureLocation,
    })
    response.end('{}')
    return
  }
  answerS3(standing, request, decodeURIComponent(path.slice(1)), body, response)
}

function answerAction(
  { asked, inputs, handlers }: StandIn,
  target: string,
  body: Buffer,
  response: ServerResponse,
): void {
  const action = target.split('.').at(-1) as string
  const input = JSON.parse(body.toString()) as Record<string, unknown>
  asked.push(action)
  inputs.set(action, input)
  try {
    const handler = handlers[action]
    if (!handler) throw new Refusal('UnknownOperationException', `no ${action} here`)
    send(response, 200, handler(input) ?? {})
  } catch (error) {
    const { type, message, status } = error as Refusal
    send(response, status ?? 500, { __type: type, message })
  }
}

function send(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify(json))
}

async function answerInvocation(
  standing: StandIn,
  endpoint: string,
  { headers }: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  standing.asked.push('InvokeEndpoint')
  const answered = await standing.invoke({ endpoint, headers, body })
  if (answered.status === 200) {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    response.end(answered.body)
    return
  }
  // What SageMaker makes of a container's error.
  response.writeHead(424, {
    'content-type': 'application/json',
    'x-amzn-errortype': 'ModelError',
  })
  const OriginalMessage = answered.body.toString().slice(0, 2048)
  response.end(
    JSON.stringify({
      Message: `Received client error (${answered.status}) from primary with message "${OriginalMessage}"`,
      OriginalMessage,
      OriginalStatusCode: answered.status,
    }),
  )
}

function answerS3(
  { asked, buckets, objects }: StandIn,
  { method, url }: IncomingMessage,
  path: string,
  body: Buffer,
  response: ServerResponse,
): void {
  const [bucket = '', ...rest] = path.split('/')
  const key = rest.join('/')
  const what = key === '' ? 'Bucket' : 'Object'
  const isList = method === 'GET' && url?.includes('list-type=2')
  asked.push(isList ? 'ListObjectsV2' : `${method}${what}`)
  if (method === 'PUT' && key === '') buckets.add(bucket)
  if (method === 'PUT' && key !== '') objects.set(path, body)
  const found = key === '' ? buckets.has(bucket) : objects.has(path)
  if (!found && !isList) {
    response.writeHead(404, { 'content-type': 'application/xml' })
    const code = key === '' ? 'NoSuchBucket' : 'NoSuchKey'
    response.end(
      method === 'HEAD' ? '' : `<Error><Code>${code}</Code><Message>none</Message></Error>`,
    )
    return
  }
  response.writeHead(200, { 'content-type': 'application/xml', etag: '"0"' })
  if (isList) {
    const prefix = new URL(url as string, 'http://x').searchParams.get('prefix') ?? ''
    const keys = [...objects.keys()].sort().filter((name) => name.startsWith(`${bucket}/${prefix}`))
    const contents = keys.map(
      (name) => `<Contents><Key>${name.slice(bucket.length + 1)}</Key></Contents>`,
    )
    response.end(`<ListBucketResult>${contents.join('')}</ListBucketResult>`)
    return
  }
  response.end(method === 'GET' ? objects.get(path) : '')
}
