/** Asks an endpoint: at once, or through S3 where it is asynchronous. */
import { randomUUID } from 'node:crypto'
import type { Aws } from './aws.ts'
import type { Invocation } from './invocation.ts'
import type { Account } from './launch-flags.ts'
import { isAbsence } from './made.ts'
import { below, readS3, type S3Place, s3Uri } from './names.ts'
import { CloudError } from './refusal.ts'
import { pause } from './until-signal.ts'

/** Which endpoint, and what of it. */
export interface Target {
  readonly EndpointName: string
  readonly TargetModel?: string
  readonly TargetVariant?: string
}

/** Returns what asks an endpoint. @throws CloudError where there is none */
export async function openEndpoint(
  account: Account,
  target: Target,
): Promise<(invocation: Invocation) => Promise<Uint8Array>> {
  const { aws } = account
  const place = await findAsyncPlace(aws, target.EndpointName)
  if (place) return (invocation) => askThroughS3(account, target, place, invocation)
  return async (invocation) => {
    const input = { ...target, ...invocation }
    const { Body: body } = await aws.send('sagemaker-runtime:InvokeEndpoint', input)
    return body ?? new Uint8Array()
  }
}

/** Where an asynchronous endpoint has its answers; undefined for one that answers at once. */
async function findAsyncPlace(aws: Aws, name: string): Promise<S3Place | undefined> {
  try {
    const found = await aws.send('sagemaker:DescribeEndpoint', { EndpointName: name })
    const path = found.AsyncInferenceConfig?.OutputConfig?.S3OutputPath
    return path === undefined ? undefined : readS3('the place of answers', path)
  } catch (error) {
    // Whoever may only invoke it does not know; the invocation itself tells what is wrong.
    if (error instanceof CloudError && /^AccessDenied/.test(error.code)) return undefined
    throw error
  }
}

async function askThroughS3(
  { aws, pollMs }: Account,
  target: Target,
  place: S3Place,
  { Body: body, ...headers }: Invocation,
): Promise<Uint8Array> {
  const { bucket, key } = below(place, 'requests', randomUUID())
  const { ContentType } = headers
  await aws.upload({ Bucket: bucket, Key: key, ContentType, Body: { bytes: body } }, () => {})
  const { OutputLocation: output, FailureLocation: failure } = await aws.send(
    'sagemaker-runtime:InvokeEndpointAsync',
    { EndpointName: target.EndpointName, ...headers, InputLocation: s3Uri({ bucket, key }) },
  )
  if (output === undefined)
    throw new CloudError('', 'SageMaker does not say where the answer will be')
  for (;;) {
    const answer = await readIfThere(aws, output)
    if (answer) return answer
    const refused = failure === undefined ? undefined : await readIfThere(aws, failure)
    if (refused)
      throw new CloudError('ModelError', describeFailure(Buffer.from(refused).toString()))
    await pause(pollMs)
  }
}

function describeFailure(text: string): string {
  const detail = /"detail":("(?:[^"\\]|\\.)*")/.exec(text)?.[1]
  const said = detail === undefined ? text.slice(0, 600) : String(JSON.parse(detail))
  return said.replace(/\s+/g, ' ').trim()
}

async function readIfThere(aws: Aws, uri: string): Promise<Uint8Array | undefined> {
  const { bucket, key } = readS3('the answer', uri)
  try {
    const { Body: body } = await aws.send('s3:GetObject', { Bucket: bucket, Key: key })
    return await body?.transformToByteArray()
  } catch (error) {
    // Without the permission to list, S3 says of what is not there that it is forbidden.
    if (isAbsence(error) || (error instanceof CloudError && error.code === 'AccessDenied'))
      return undefined
    throw error
  }
}
