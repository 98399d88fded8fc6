/** Uploads: which bucket, and the requests that put files there. */
import { stat } from 'node:fs/promises'
import { InputError, quotePath } from '../../../errors.ts'
import type { Output } from '../../terminal.ts'
import type { Aws, Operations, UploadBody } from './aws.ts'
import type { Resources } from './launch-flags.ts'
import type { S3Place } from './names.ts'
import type { Step } from './operations.ts'
import { CloudError } from './refusal.ts'

type Put = Step & { readonly operation: 's3:PutObject' }
type Where = Pick<Resources, 'place' | 'isDefaultPlace' | 'role' | 'region' | 'kmsKey'>

/** Returns the request that uploads one thing. */
export function putStep(where: Where, { bucket, key }: S3Place, body: UploadBody): Put {
  const { kmsKey, isDefaultPlace, role } = where
  return {
    operation: 's3:PutObject',
    input: {
      Bucket: bucket,
      Key: key,
      Body: body,
      ...ownerOf({ isDefaultPlace, role }),
      ...(kmsKey === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKey }),
    },
  }
}

/** Whoever guessed the name of the default bucket first must not get the data. */
function ownerOf({ isDefaultPlace, role }: Pick<Where, 'isDefaultPlace' | 'role'>) {
  return isDefaultPlace ? { ExpectedBucketOwner: role.account } : {}
}

/** Returns the requests that see to the default bucket; none for one that was named. */
export function bucketSteps(where: Where): Step[] {
  if (!where.isDefaultPlace) return []
  const { place, region } = where
  const create: Operations['s3:CreateBucket']['input'] = {
    Bucket: place.bucket,
    // Its oldest region is the one that has no name here.
    ...(region === 'us-east-1'
      ? {}
      : { CreateBucketConfiguration: { LocationConstraint: region as never } }),
  }
  return [
    { operation: 's3:HeadBucket', input: { Bucket: place.bucket, ...ownerOf(where) } },
    { operation: 's3:CreateBucket', input: create, when: 'there is no such bucket' },
  ]
}

/** Makes the default bucket where it is missing. @throws CloudError */
export async function ensureBucket(aws: Aws, where: Where, output: Output): Promise<void> {
  const [head, create] = bucketSteps(where)
  if (head?.operation !== 's3:HeadBucket' || create?.operation !== 's3:CreateBucket') return
  try {
    await aws.send('s3:HeadBucket', head.input)
  } catch (error) {
    if (!(error instanceof CloudError)) throw error
    if (error.code !== 'NotFound' && error.code !== 'NoSuchBucket') throw error
    await aws.send('s3:CreateBucket', create.input)
    output.note(`bucket    ${where.place.bucket} is new`)
  }
}

/**
 * Uploads what steps say, with a bar; the default bucket is made where it is missing.
 * @throws CloudError; InputError for a file that cannot be read
 */
export async function uploadAll(
  aws: Aws,
  where: Where,
  puts: readonly Put[],
  output: Output,
): Promise<void> {
  if (puts.length === 0) return
  await ensureBucket(aws, where, output)
  const sizes = await Promise.all(puts.map(({ input }) => bytesOf(input.Body)))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let before = 0
  for (const [at, { input }] of puts.entries()) {
    await aws.upload(input, (done) => {
      // A bar that cannot be drawn is no reason to stop.
      output.progress('upload', before + done, Math.max(total, 1), 'bytes').catch(() => {})
    })
    before += sizes[at]!
  }
}

async function bytesOf(body: UploadBody): Promise<number> {
  return 'bytes' in body ? body.bytes.length : await sizeOfFile(body.file)
}

/** Returns a file's bytes. @throws InputError `invalid_file` for what is no readable file */
export async function sizeOfFile(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'does not exist' : `cannot be read: ${error.code}`
    throw new InputError('invalid_file', `the file ${quotePath(path)} ${why}`)
  })
  if (found.isFile()) return found.size
  throw new InputError('invalid_file', `${quotePath(path)} is no file that could be uploaded`)
}
