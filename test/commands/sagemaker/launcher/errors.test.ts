/** What AWS refuses ends in one line that says what to do: the real SDK, and AWS's own answers. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'
import { connect, type Operations } from '../../../../src/commands/sagemaker/launcher/aws.ts'
import { describeAwsError } from '../../../../src/commands/sagemaker/launcher/aws-errors.ts'
import { CloudError } from '../../../../src/commands/sagemaker/launcher/refusal.ts'
import { cli, run, shapserve } from '../../../command.ts'
import { checkpoint } from '../../../helper.ts'
import { account } from './flags.ts'
import { environment } from './stand-in.ts'

/** An answer of AWS, by the request that gets it. */
interface Case {
  readonly what: string
  readonly operation: keyof Operations
  readonly status: number
  readonly type?: string
  readonly message?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly expected: RegExp
}

const [train, deploy] = ['sagemaker:CreateTrainingJob', 'sagemaker:CreateEndpoint'] as const
const cases: readonly Case[] = [
  {
    what: 'a permission',
    operation: train,
    status: 400,
    type: 'AccessDeniedException',
    message:
      'User: arn:aws:iam::1:user/u is not authorized to perform: sagemaker:CreateTrainingJob on resource: r because no identity-based policy allows it',
    expected: /^AWS denies sagemaker:CreateTrainingJob: User: .* policy needs that permission$/,
  },
  {
    what: 'to pass a role',
    operation: train,
    status: 400,
    type: 'AccessDeniedException',
    message: 'User: u is not authorized to perform: iam:PassRole on resource: r',
    expected: /^AWS denies iam:PassRole: .* --role$/,
  },
  {
    what: 'a quota',
    operation: train,
    status: 400,
    type: 'ResourceLimitExceeded',
    message:
      "The account-level service limit 'ml.m5.large for training job usage' is 0 Instances, with current utilization of 0 Instances and a request delta of 1 Instances.",
    expected: /^the account's quota is used up: .*ml\.m5\.large.*--instance.*Service Quotas$/,
  },
  {
    what: 'an image that is not there',
    operation: train,
    status: 400,
    type: 'ValidationException',
    message: 'Cannot find repository: shapserve in registry ID: 123456789012. Image does not exist',
    expected: /^AWS finds no such image: .*sagemaker push puts it there/,
  },
  {
    what: 'a role that cannot be assumed',
    operation: train,
    status: 400,
    type: 'ValidationException',
    message: 'Could not assume role arn:aws:iam::1:role/x. Please ensure that the role exists',
    expected: /^AWS cannot use --role: .*sagemaker\.amazonaws\.com may assume$/,
  },
  {
    what: 'a model that the role may not read',
    operation: 'sagemaker:CreateModel',
    status: 400,
    type: 'ValidationException',
    message:
      'Could not access model data at s3://b/m.tar.gz. Please ensure that the role "arn:aws:iam::1:role/x" exists and that its trust relationship policy allows the action "sts:AssumeRole"',
    expected: /^AWS cannot read the model for --role: Could not access model data at s3:/,
  },
  {
    what: 'a job that is not there, or elsewhere',
    operation: 'sagemaker:DescribeTrainingJob',
    status: 400,
    type: 'ValidationException',
    message: 'Requested resource not found.',
    expected:
      /^there is no training job "j" in eu-central-1 \(Requested resource not found\); check the name and --region$/,
  },
  {
    what: 'a value',
    operation: deploy,
    status: 400,
    type: 'ValidationException',
    message: "1 validation error detected: Value 'x' at 'instanceType'\nfailed to satisfy",
    expected: /^AWS refuses sagemaker:CreateEndpoint: 1 validation error .* failed to satisfy$/,
  },
  {
    what: 'a name that is taken',
    operation: train,
    status: 400,
    type: 'ResourceInUse',
    message: 'Job name must be unique within an AWS account and region',
    expected: /^Job name must be unique .*; choose another name/,
  },
  {
    what: 'throttling',
    operation: deploy,
    status: 400,
    type: 'ThrottlingException',
    message: 'Rate exceeded',
    expected: /^AWS takes no more requests \(sagemaker:CreateEndpoint, 1 attempts\); try again/,
  },
  {
    what: 'expired credentials',
    operation: deploy,
    status: 400,
    type: 'ExpiredTokenException',
    message: 'The security token included in the request is expired',
    expected: /^the AWS credentials have expired; log in again/,
  },
  {
    what: 'a wrong key',
    operation: deploy,
    status: 400,
    type: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
    expected: /^AWS does not accept the credentials in eu-central-1; check the key/,
  },
  {
    what: 'a wrong secret',
    operation: deploy,
    status: 400,
    type: 'InvalidSignatureException',
    message: 'The request signature we calculated does not match AKIAIOSFODNN7EXAMPLE',
    expected: /^AWS does not accept the credentials/,
  },
  {
    what: 'a bucket of another region',
    operation: 's3:HeadBucket',
    status: 301,
    headers: { 'x-amz-bucket-region': 'us-west-2' },
    expected: /^the bucket "b-b" is in the region us-west-2; .*--region us-west-2$/,
  },
  {
    what: "somebody else's bucket",
    operation: 's3:HeadBucket',
    status: 403,
    expected: /^AWS denies s3:HeadBucket: no reason is given/,
  },
  {
    what: 'a defect of AWS',
    operation: deploy,
    status: 500,
    type: 'InternalFailure',
    message: 'oh, AKIAIOSFODNN7EXAMPLE',
    expected: /^AWS fails at sagemaker:CreateEndpoint: InternalFailure: oh, AKIA…$/,
  },
]

const inputs: Partial<{ readonly [K in keyof Operations]: Operations[K]['input'] }> = {
  's3:HeadBucket': { Bucket: 'b-b' },
  'sagemaker:DescribeTrainingJob': { TrainingJobName: 'j' },
  's3:GetObject': { Bucket: 'b-b', Key: 'k' },
}

let current: Case | undefined
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    if (!current) {
      response.writeHead(502, { 'content-type': 'text/html' })
      response.end('<html>a proxy')
      return
    }
    const { status, type, message, headers } = current
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...headers })
    response.end(type === undefined ? '' : JSON.stringify({ __type: type, message }))
  })
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
t.teardown(() => server.close())
Object.assign(process.env, environment)

async function refusalOf(operation: keyof Operations, endpointUrl = url): Promise<CloudError> {
  const aws = connect({ region: 'eu-central-1', endpointUrl })
  const input = (inputs[operation] ?? { EndpointName: 'e', EndpointConfigName: 'c' }) as never
  return (await aws.send(operation, input).catch((error) => error)) as CloudError
}

t.test('one line for each', async (t) => {
  for (const one of cases) {
    current = one
    const error = await refusalOf(one.operation)
    t.type(error, CloudError, one.what)
    t.match(error.message, one.expected, one.what)
    t.notMatch(error.message, /\n|AKIAIOSFODNN7EXAMPLE|nobody-prints/, one.what)
  }
})

t.test('what is not AWS, and what is not there', async (t) => {
  current = undefined
  t.match(
    (await refusalOf(deploy)).message,
    /^what answers sagemaker:CreateEndpoint is not AWS \(HTTP 502\)/,
  )
  const closed = await refusalOf(deploy, 'http://127.0.0.1:1')
  t.match(
    closed.message,
    /^AWS cannot be reached for sagemaker:CreateEndpoint \(ECONNREFUSED 127\.0\.0\.1:1\)/,
  )
})

t.test('a proxy of the environment is asked', async (t) => {
  const asked: (string | undefined)[] = []
  const proxy = createServer().on('connect', ({ url }, socket) => {
    asked.push(url)
    socket.end('HTTP/1.1 502 no\r\n\r\n')
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.teardown(() => proxy.close())
  process.env['HTTPS_PROXY'] =
    `http://me:hunter2@127.0.0.1:${(proxy.address() as AddressInfo).port}`
  t.teardown(() => {
    delete process.env['HTTPS_PROXY']
  })
  const { message } = await refusalOf(deploy, 'https://aws.invalid')
  // Before, Node has no proxies.
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 22 || (major === 22 && minor < 21) || (major === 24 && minor < 5)) return
  t.strictSame(asked, ['aws.invalid:443'])
  t.notMatch(message, 'hunter2')
})

t.test('errors that no server sends', async (t) => {
  const request = { operation: 'sagemaker:CreateModel', input: {} }
  const told = (error: object) =>
    describeAwsError(Object.assign(new Error(), error), request).message
  t.match(told({ name: 'TimeoutError', message: 'socket' }), /did not answer .* in time/)
  t.match(
    told({ name: 'Error', code: 'ENOTFOUND', hostname: 's3.eu-mars-1.amazonaws.com' }),
    /\(ENOTFOUND s3\.eu-mars-1\.amazonaws\.com\); check the network, --region/,
    'the host tells a misspelled region',
  )
  t.match(
    told({ name: 'Error', message: 'no tunnel via http://me:hunter2@proxy:1', code: 'ERR_PROXY' }),
    /ERR_PROXY: no tunnel via http:\/\/…@proxy:1$/,
  )
  t.match(
    told({ name: 'Error', code: 'SELF_SIGNED_CERT_IN_CHAIN' }),
    /certificate that Node does not trust .*NODE_EXTRA_CA_CERTS/,
  )
  t.match(told({ name: 'Error', message: 'Region is missing' }), /^which AWS region\? add --region/)
  t.match(
    told({ name: 'X', message: 'a\nb', code: 'Y' }),
    /^AWS fails at sagemaker:CreateModel: X: a b$/,
  )
  t.match(
    told({
      name: 'ModelError',
      message: 'x',
      OriginalStatusCode: 400,
      OriginalMessage: '{"detail":"row 1 lacks \\"a\\"","code":"x"',
    }),
    /^row 1 lacks "a"$/,
    "the container's words, also where they are cut",
  )
  t.match(
    told({ name: 'ModelError', message: 'x', OriginalStatusCode: 500, OriginalMessage: 'boom' }),
    /^the model's container fails \(500\): boom; its log is in CloudWatch/,
  )
  t.match(
    told({ name: 'ModelError', message: 'could not load the entire response body' }),
    /--batch-bytes/,
  )
})

t.test('no credentials, no region, no SDK: one line and status 1', async (t) => {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...others } = environment
  const without = { ...others, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }
  const args = ['sagemaker', 'deploy', checkpoint, ...account]
  const done = await shapserve([...args, '--endpoint-url', url], { env: without })
  t.equal(done.status, 1)
  t.match(done.stderr, /^shapserve: there are no AWS credentials; run aws configure .*\n$/)
  t.equal(done.stdout, '')
  const named = await shapserve([...args, '--endpoint-url', url, '--profile', 'nobody'], {
    env: without,
  })
  t.match(
    named.stderr,
    /^shapserve: there are no AWS credentials in the profile "nobody"; run .*\n$/,
  )
  // Packages are looked for beside the command and above it.
  const elsewhere = await mkdtemp(join(tmpdir(), 'shapserve-test-'))
  t.teardown(() => rm(elsewhere, { recursive: true, force: true }))
  await cp(dirname(cli), join(elsewhere, 'dist'), { recursive: true })
  await writeFile(join(elsewhere, 'package.json'), '{"type":"module"}')
  const bare = await run(process.execPath, [join(elsewhere, 'dist/cli.js'), ...args])
  t.equal(bare.status, 1)
  t.match(
    bare.stderr,
    /^shapserve: AWS's SDK is not installed; npm install @aws-sdk\/client-sagemaker .*\n$/,
  )
  const region = args.filter((arg) => arg !== '--region' && arg !== 'eu-central-1')
  const lost = await shapserve(region, { env: { ...environment, AWS_REGION: '' } })
  t.equal(lost.status, 1)
  t.match(lost.stderr, /^shapserve: which AWS region\? add --region.*\n$/)
})
