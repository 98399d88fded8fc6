/** The only file, with its types, that knows AWS's SDK. It is loaded when it is needed; serving never needs it. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type * as S3 from '@aws-sdk/client-s3'
import { describeAwsError } from './aws-errors.ts'
import type { Operations } from './aws-types.ts'
import { CloudError } from './refusal.ts'

export type * from './aws-types.ts'

/** Which account and region is asked, and where. */
export interface Connection {
  readonly region?: string
  readonly profile?: string
  /** Address of all services, for private endpoints and for tests. */
  readonly endpointUrl?: string
}

/** A connection to AWS. */
export interface Aws {
  /**
   * Sends one request; what fails for a while is tried again by the SDK.
   * @throws CloudError with one line that says what to do
   */
  send<K extends keyof Operations>(
    operation: K,
    input: Operations[K]['input'],
  ): Promise<Operations[K]['output']>
  /**
   * Uploads a file or bytes, large ones in parts.
   * @param progress is told how many bytes are sent, of how many
   * @throws CloudError, InputError for a file that cannot be read
   */
  upload(
    input: Operations['s3:PutObject']['input'],
    progress: (done: number, total: number) => void,
  ): Promise<void>
  /** The region that flags, environment and profile say. @throws CloudError where none does */
  region(): Promise<string>
}

/** Attempts of a request, where AWS_MAX_ATTEMPTS says nothing else. */
const ATTEMPTS = 6
const CONNECT_MS = 10_000
/** An invocation may take a minute; SageMaker's clients are advised to wait ten seconds more. */
const IDLE_MS = 75_000
/** Bytes of a part of an upload; S3 takes 10,000 parts. */
const PART = 16 << 20
const MOST_PARTS = 10_000

interface Client {
  send(command: object): Promise<unknown>
  readonly config: { region(): Promise<string> }
}

type ClientClass = new (config: object) => Client
type CommandClass = new (input: object) => object
type SdkModule = Readonly<Record<string, unknown>>

/** The packages by service, and the names of their clients. */
const services = {
  sagemaker: ['SageMakerClient', () => import('@aws-sdk/client-sagemaker')],
  'sagemaker-runtime': [
    'SageMakerRuntimeClient',
    () => import('@aws-sdk/client-sagemaker-runtime'),
  ],
  s3: ['S3Client', () => import('@aws-sdk/client-s3')],
  logs: ['CloudWatchLogsClient', () => import('@aws-sdk/client-cloudwatch-logs')],
  ecr: ['ECRClient', () => import('@aws-sdk/client-ecr')],
} as const satisfies Readonly<Record<string, readonly [string, () => Promise<object>]>>

type Service = keyof typeof services

/** What to install where the SDK is absent. */
const PACKAGES =
  'client-sagemaker client-sagemaker-runtime client-s3 client-cloudwatch-logs client-ecr lib-storage'
    .split(' ')
    .map((name) => `@aws-sdk/${name}`)
    .join(' ')

/** The region of flags or environment; a profile may know another one. */
function saidRegion({ region }: Connection): string | undefined {
  return region || process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || undefined
}

/** Returns a connection; nothing is loaded or sent before it is asked for. */
export function connect(given: Connection): Aws {
  const connection = { ...given, region: saidRegion(given) }
  const clients = new Map<Service, Promise<{ client: Client; sdk: SdkModule }>>()
  const clientOf = (service: Service) => {
    let made = clients.get(service)
    if (!made) {
      made = createClient(service, connection)
      clients.set(service, made)
    }
    return made
  }
  return {
    async send<K extends keyof Operations>(operation: K, input: Operations[K]['input']) {
      const [service, action] = operation.split(':') as [Service, string]
      const { client, sdk } = await clientOf(service)
      const command = sdk[`${action}Command`] as CommandClass
      try {
        return (await client.send(new command(input))) as Operations[K]['output']
      } catch (error) {
        throw describeAwsError(error, { operation, input, ...connection })
      }
    },
    async upload(input, progress) {
      const { client } = await clientOf('s3')
      await uploadParts(client, input, progress).catch((error) => {
        throw describeAwsError(error, { operation: 's3:PutObject', input, ...connection })
      })
    },
    async region() {
      if (connection.region) return connection.region
      const { client } = await clientOf('sagemaker')
      try {
        return await client.config.region()
      } catch (error) {
        throw describeAwsError(error, {
          operation: 'sagemaker:DescribeEndpoint',
          input: {},
          ...connection,
        })
      }
    },
  }
}

async function createClient(service: Service, connection: Connection) {
  const [name, load] = services[service]
  const sdk = (await installed(load)) as SdkModule
  const { region, profile, endpointUrl } = connection
  const { AWS_MAX_ATTEMPTS, AWS_RETRY_MODE } = process.env
  const url = endpointUrl ?? process.env.AWS_ENDPOINT_URL ?? process.env.AWS_ENDPOINT_URL_S3
  const client = new (sdk[name] as ClientClass)({
    ...(region ? { region } : {}),
    ...(profile === undefined ? {} : { profile }),
    ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    // A bucket's name is no subdomain of an address of one's own.
    ...(service === 's3' && url ? { forcePathStyle: true } : {}),
    ...(AWS_MAX_ATTEMPTS ? {} : { maxAttempts: ATTEMPTS }),
    ...(AWS_RETRY_MODE ? {} : { retryMode: 'adaptive' }),
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: IDLE_MS,
      // HTTPS_PROXY and NO_PROXY, as AWS's own tools take them; Node before 22.21 and 24.5 does not know of that.
      httpAgent: { proxyEnv: process.env },
      httpsAgent: { proxyEnv: process.env },
    },
    // The SDK's own words about versions of Node are not this command's.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  })
  return { client, sdk }
}

/** Loads a part of the SDK. @throws CloudError where it is not installed */
async function installed<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new CloudError('', `AWS's SDK is not installed; npm install ${PACKAGES}`, {
      cause: error,
    })
  }
}

async function uploadParts(
  client: Client,
  { Body: body, ...input }: Operations['s3:PutObject']['input'],
  progress: (done: number, total: number) => void,
): Promise<void> {
  const { Upload } = await installed(() => import('@aws-sdk/lib-storage'))
  const total = 'bytes' in body ? body.bytes.length : (await stat(body.file)).size
  const upload = new Upload({
    client: client as unknown as S3.S3Client,
    params: { ...input, Body: 'bytes' in body ? body.bytes : createReadStream(body.file) },
    partSize: Math.max(PART, Math.ceil(total / MOST_PARTS)),
    queueSize: 4,
  })
  upload.on('httpUploadProgress', ({ loaded = 0 }) => progress(loaded, total))
  await upload.done()
}
