/** Models as archives in S3: verified first, then packed, so that the same model has the same bytes and address. */
import type { KeyObject } from 'node:crypto'
import { ArtifactError, InputError, quotePath } from '../../../errors.ts'
import { sha256 } from '../../../model-directory/files.ts'
import { openModelSource } from '../../../model-directory/model-source.ts'
import { readModelDirectory } from '../../../model-directory/read.ts'
import { SIGNATURE_FILE } from '../../../model-directory/signature.ts'
import { packTarGz } from '../../../model-directory/write-tar.ts'
import type { UploadBody } from './aws.ts'
import { below, isS3, readS3, type S3Place, s3Uri, slugOf } from './names.ts'

/** Where a model lies, or will, and what must be uploaded for that. */
export interface PlannedModel {
  readonly uri: string
  readonly uploads: readonly { readonly place: S3Place; readonly body: UploadBody }[]
}

const MAX_SIGNATURE = 4096

/**
 * Returns the bytes of `model.tar.gz` of a directory or an archive; a model of another library is imported.
 * @throws ArtifactError for a model that serve would refuse
 */
export async function packModel(path: string, publicKey?: KeyObject): Promise<Uint8Array> {
  const { files } = await readModelDirectory(path, undefined, publicKey)
  const source = await openModelSource(path)
  const isSigned = (await source.list()).includes(SIGNATURE_FILE)
  const signature = isSigned
    ? await source.read(SIGNATURE_FILE, { most: MAX_SIGNATURE })
    : undefined
  return packTarGz(new Map(signature ? [...files, [SIGNATURE_FILE, signature]] : files))
}

/**
 * Returns where a model lies: of this machine below `place`, by its own bytes.
 * @throws ArtifactError, InputError `invalid_option`
 */
export async function planModel(
  path: string,
  place: S3Place,
  publicKey?: KeyObject,
): Promise<PlannedModel> {
  if (isS3(path)) {
    const { bucket, key } = readS3('MODEL', path)
    if (/\.tar\.gz$/.test(key)) return { uri: s3Uri({ bucket, key }), uploads: [] }
    throw new InputError(
      'invalid_option',
      `MODEL is ${quotePath(path)}, expected the address of a model.tar.gz`,
    )
  }
  const bytes = await packModel(path, publicKey)
  const there = below(place, sha256(bytes).slice(0, 16), 'model.tar.gz')
  return { uri: s3Uri(there), uploads: [{ place: there, body: { bytes } }] }
}

/**
 * Returns the folder of a multi-model endpoint's models: of this machine, `NAME.tar.gz` by the names of their
 * directories, or an s3:// folder that is there.
 * @throws ArtifactError, InputError `invalid_option` for two of one name
 */
export async function planModels(
  paths: readonly string[],
  place: S3Place,
  publicKey?: KeyObject,
): Promise<PlannedModel> {
  const [first] = paths
  if (paths.some(isS3)) {
    if (paths.length === 1)
      return { uri: `${s3Uri(readS3('MODEL', first as string))}/`, uploads: [] }
    throw new InputError(
      'invalid_option',
      '--multi-model takes one s3:// folder, or models of this machine, not both',
    )
  }
  const names = paths.map((path) => slugOf(path) || 'model')
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined)
    throw new InputError(
      'invalid_option',
      `two models would be ${twice}.tar.gz; give one of the directories another name`,
    )
  const uploads = []
  for (const [at, path] of paths.entries()) {
    const bytes = await packModel(path, publicKey).catch((error) => {
      if (!(error instanceof ArtifactError)) throw error
      throw new ArtifactError(error.code, `${quotePath(path)}: ${error.message}`, { cause: error })
    })
    uploads.push({ place: below(place, `${names[at]}.tar.gz`), body: { bytes } })
  }
  return { uri: `${s3Uri(place)}/`, uploads }
}
