/** Fetches a job's model.tar.gz and writes it as the model directory that `train` would have written. */
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Destination } from '../../../model-directory/check-destination.ts'
import { openModelSource } from '../../../model-directory/model-source.ts'
import { type Papers, paperFiles } from '../../../model-directory/papers.ts'
import { readModelDirectory } from '../../../model-directory/read.ts'
import { openModelWriter } from '../../../model-directory/write.ts'
import { sizeOf } from '../../output/file-size.ts'
import type { Output } from '../../terminal.ts'
import type { Aws } from './aws.ts'
import { readS3 } from './names.ts'

/** Largest text beside a model. */
const MAX_PAPER = 64 << 20

/**
 * Writes the model of an archive in S3 into a directory, once it is verified; returns its id.
 * @throws ArtifactError for a model or directory that is refused, CloudError
 */
export async function fetchModel(
  aws: Aws,
  uri: string,
  modelDir: string,
  allowed: Destination,
  output: Output,
): Promise<string> {
  const { bucket, key } = readS3('the model', uri)
  const folder = await mkdtemp(join(tmpdir(), 'shapserve-'))
  try {
    const archive = join(folder, 'model.tar.gz')
    const { Body: body, ContentLength: total = 0 } = await aws.send('s3:GetObject', {
      Bucket: bucket,
      Key: key,
    })
    await pipeline(counted(body as Readable, total, output), createWriteStream(archive))
    const { artifact } = await readModelDirectory(archive)
    const papers = await readPapers(archive)
    const writer = await openModelWriter(modelDir, allowed)
    try {
      const files = await writer.commit(artifact, papers)
      const bytes = [...files.values()].reduce((sum, size) => sum + size, 0)
      output.note(`saved     ${modelDir}/   model ${artifact.modelId}   ${sizeOf(bytes)}`)
    } finally {
      await writer.release()
    }
    return artifact.modelId
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function* counted(body: Readable, total: number, output: Output) {
  let done = 0
  for await (const piece of body) {
    done += (piece as Uint8Array).length
    if (total > 0) await output.progress('download', done, total, 'bytes')
    yield piece
  }
}

async function readPapers(archive: string): Promise<Papers> {
  const source = await openModelSource(archive)
  const names = (await source.list()).filter((name) => paperFiles.includes(name))
  const texts = await Promise.all(
    names.map(async (name) => [name, (await source.read(name, { most: MAX_PAPER })).toString()]),
  )
  return Object.fromEntries(texts) as Papers
}
