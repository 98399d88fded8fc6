/** Fetches the answers of a batch transform into one file, in the order of their parts. */
import type { Readable } from 'node:stream'
import { openOutputFile } from '../../output/output-file.ts'
import type { Output } from '../../terminal.ts'
import type { Aws } from './aws.ts'
import type { S3Place } from './names.ts'
import { CloudError } from './refusal.ts'

/**
 * Writes every answer below a place, one after another.
 * @throws CloudError where there is none; InputError for a file that cannot be written
 */
export async function fetchAnswers(
  aws: Aws,
  { bucket, key }: S3Place,
  out: string,
  output: Output,
): Promise<void> {
  const keys = await listKeys(aws, bucket, `${key}/`)
  if (keys.length === 0) throw new CloudError('', `there are no answers in s3://${bucket}/${key}/`)
  const sink = await openOutputFile(out)
  try {
    for (const [at, name] of keys.entries()) {
      const { Body: body } = await aws.send('s3:GetObject', { Bucket: bucket, Key: name })
      let last: number | undefined
      for await (const piece of body as Readable) {
        const bytes = piece as Uint8Array
        if (bytes.length === 0) continue
        await sink.write(bytes)
        last = bytes.at(-1)
      }
      if (last !== undefined && last !== 10) await sink.write(Buffer.from('\n'))
      await output.progress('download', at + 1, keys.length, 'files')
    }
    await sink.finish()
  } catch (error) {
    await sink.abandon()
    throw error
  }
}

/** S3 lists names in the order of their bytes, which is that of numbered parts. */
async function listKeys(aws: Aws, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = []
  let token: string | undefined
  do {
    const page = await aws.send('s3:ListObjectsV2', {
      Bucket: bucket,
      Prefix: prefix,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    })
    for (const { Key } of page.Contents ?? []) if (Key?.endsWith('.out')) keys.push(Key)
    token = page.NextContinuationToken
  } while (token)
  return keys
}
