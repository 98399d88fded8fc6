/**
 * Signatures of model directories: who wrote a model, where checksums only say that it is whole. `manifest.sig` holds the
 * 64 bytes of an Ed25519 signature (RFC 8032) of the manifest, which has the checksums of all files that are read.
 */
import { type KeyObject, sign, verify } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ArtifactError, quotePath } from '../errors.ts'
import { NEXT } from './files.ts'
import type { ModelSource } from './model-source.ts'
import { syncDirectory, writeSynced } from './synced-files.ts'

export const SIGNATURE_FILE = 'manifest.sig'

const SIGNATURE_BYTES = 64

/**
 * Checks that a manifest was signed by the owner of a key.
 * @throws ArtifactError `signature`
 */
export async function checkSignature(
  source: ModelSource,
  manifest: Uint8Array,
  publicKey: KeyObject,
): Promise<void> {
  const { path: directory } = source
  const limits = { most: SIGNATURE_BYTES }
  const signature = await source.read(SIGNATURE_FILE, limits).catch((error) => {
    const isAbsent = (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
    throw refuseUnsigned(directory, isAbsent ? `there is no ${SIGNATURE_FILE}` : error.message)
  })
  if (signature.length !== SIGNATURE_BYTES)
    throw refuseUnsigned(
      directory,
      `${SIGNATURE_FILE} has ${signature.length} bytes, a signature ${SIGNATURE_BYTES}`,
    )
  if (verify(null, manifest, publicKey, signature)) return
  throw refuseUnsigned(
    directory,
    `${SIGNATURE_FILE} is by another key, or the model was changed since it was signed`,
  )
}

/** Returns the refusal of a directory that is not signed for the key. */
export function refuseUnsigned(directory: string, why: string): ArtifactError {
  return new ArtifactError(
    'signature',
    `the model directory ${quotePath(directory)} is not signed for the public key: ${why}`,
  )
}

/**
 * Writes the signature of a manifest beside it; a signature that is there stays until then.
 * @throws ArtifactError `unwritable`
 */
export async function signManifest(
  directory: string,
  manifest: Uint8Array,
  privateKey: KeyObject,
): Promise<void> {
  const path = join(directory, SIGNATURE_FILE)
  try {
    await writeSynced(path + NEXT, sign(null, manifest, privateKey))
    await rename(path + NEXT, path)
    await syncDirectory(directory)
  } catch (error) {
    await rm(path + NEXT, { force: true }).catch(() => {})
    const { code, message } = error as NodeJS.ErrnoException
    throw new ArtifactError(
      'unwritable',
      `${quotePath(directory)} cannot be written: ${code ?? message}`,
      { cause: error },
    )
  }
}
