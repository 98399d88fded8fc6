/** Reads model directories: whole, verified, or not at all. */
import type { KeyObject } from 'node:crypto'
import { join } from 'node:path'
import {
  type Artifact,
  DATA_FILES,
  MANIFEST_FILE,
  MAX_MANIFEST,
  OPTIONAL_FILES,
} from '../artifact/artifact.ts'
import { decodeArtifact } from '../artifact/decode.ts'
import { decodeManifest, type FileEntry, type Manifest } from '../artifact/decode-manifest.ts'
import { ArtifactError, listNames, quote, quotePath } from '../errors.ts'
import { buildPredictor, type Predictor } from '../predictor/predictor.ts'
import { runSelfTest } from '../predictor/self-test.ts'
import { MAX_FILE, NEXT, sha256 } from './files.ts'
import { mayHoldForeign } from './foreign-directory.ts'
import { isArchive, type ModelSource, openModelSource } from './model-source.ts'
import { paperFiles } from './papers.ts'
import { checkSignature, refuseUnsigned, SIGNATURE_FILE } from './signature.ts'

export { sha256 } from './files.ts'

/** Reads of a directory whose model is being replaced all the time. */
const MAX_ATTEMPTS = 10
export const LOCK_FILE = '.lock'

/** Decides whether so many bytes may be read. */
export type Reserve = (bytes: number) => void | Promise<void>

/** A model directory's verified contents. */
export interface LoadedModel {
  readonly artifact: Artifact
  readonly predictor: Predictor
  /** The bytes of every file in shared memory, for a worker that builds the same model. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Files in the directory that no manifest names. */
  readonly extraFiles: readonly string[]
}

/**
 * Returns the model of a directory, or of an archive of its files (`.tar.gz`, `.tgz`, `.tar`): every size and checksum verified, every number checked, its self-test passed.
 * @param reserve is told how many bytes the files have before they are read, and may refuse by throwing
 * @param publicKey the model must be signed for it; absent = it need not be signed
 * @throws ArtifactError with one line that says what is wrong and where
 */
export async function readModelDirectory(
  directory: string,
  reserve: Reserve = () => {},
  publicKey?: KeyObject,
): Promise<LoadedModel> {
  const source = await openModelSource(directory)
  for (let attempt = 1; ; attempt++) {
    const names = await source.list()
    if (!names.includes(MANIFEST_FILE)) {
      if (!mayHoldForeign(names)) throw await noManifest(source, names)
      // Nobody signs the directories of other programs.
      if (publicKey) throw refuseUnsigned(directory, `there is no ${MANIFEST_FILE}`)
      return await importModel(source, names, reserve)
    }
    const manifestBytes = await source.read(MANIFEST_FILE, { most: MAX_MANIFEST })
    try {
      // Before anything is made of what it holds.
      if (publicKey) await checkSignature(source, manifestBytes, publicKey)
      return await readManifestFiles(source, names, manifestBytes, reserve)
    } catch (error) {
      // A training may have put another model in place between two reads.
      const now = await source.read(MANIFEST_FILE, { most: MAX_MANIFEST })
      if (attempt >= MAX_ATTEMPTS || now.equals(manifestBytes)) throw error
    }
  }
}

/** The model of another library in a directory, as if it had been imported. */
async function importModel(
  source: ModelSource,
  names: readonly string[],
  reserve: Reserve,
): Promise<LoadedModel> {
  const { importDirectory } = await import('./import-directory.ts')
  const files = await importDirectory(source, names, reserve)
  return { ...loadModelFiles(files), files, extraFiles: [] }
}

async function readManifestFiles(
  source: ModelSource,
  names: readonly string[],
  manifestBytes: Buffer,
  reserve: Reserve,
): Promise<LoadedModel> {
  const manifest = decodeManifest(manifestBytes, sha256)
  await reserve(manifest.files.reduce((sum, { size }) => sum + size, manifestBytes.length))
  const files = new Map<string, Uint8Array>([[MANIFEST_FILE, manifestBytes]])
  for (const entry of manifest.files) {
    files.set(entry.name, await readListedFile(source, entry))
  }
  const { artifact, predictor } = buildModel(manifest, files)
  const known = new Set([...files.keys(), ...paperFiles, LOCK_FILE, SIGNATURE_FILE])
  return {
    artifact,
    predictor,
    files,
    extraFiles: names.filter((name) => !known.has(name) && !name.startsWith('..')),
  }
}

/**
 * Returns the model of an artifact that was checked before, in another thread. Its explainers are made when they are
 * first asked for.
 */
export function adoptModel(
  artifact: Artifact,
  files: LoadedModel['files'],
  extraFiles: readonly string[],
): LoadedModel {
  return { artifact, predictor: buildPredictor(artifact), files, extraFiles }
}

/**
 * Returns the model in bytes that were read from a directory before.
 * @param isTested whether its self-test has passed in another thread: it makes an explainer, which takes several times
 *   the memory of the model and may never be asked for
 */
export function loadModelFiles(
  files: ReadonlyMap<string, Uint8Array>,
  isTested = false,
): { artifact: Artifact; predictor: Predictor } {
  const manifest = decodeManifest(files.get(MANIFEST_FILE) as Uint8Array, sha256)
  return buildModel(manifest, files, isTested)
}

function buildModel(manifest: Manifest, files: ReadonlyMap<string, Uint8Array>, isTested = false) {
  const artifact = decodeArtifact(manifest, files)
  const predictor = buildPredictor(artifact)
  if (!isTested) runSelfTest(predictor, artifact)
  return { artifact, predictor }
}

async function noManifest(source: ModelSource, names: readonly string[]): Promise<ArtifactError> {
  const { path: directory } = source
  const below = await source.nameModelsBelow(names)
  if (below !== undefined)
    return new ArtifactError(
      'missing',
      `the model directory ${quotePath(directory)} has no ${MANIFEST_FILE}; ${below}`,
    )
  const archives = isArchive(directory) ? [] : names.filter(isArchive)
  if (archives.length > 0)
    return new ArtifactError(
      'missing',
      `the model directory ${quotePath(directory)} has no ${MANIFEST_FILE}; it holds ${listNames(archives, 3)}: an archive is named itself, such as ${quote(join(directory, archives[0]!), 4096)}`,
    )
  const foreign = names
    .filter((name) => ![...DATA_FILES, ...OPTIONAL_FILES].some((own) => own === name))
    .filter((name) => /\.(pkl|pickle|joblib|onnx|pt|bin|model|json)$/.test(name))
  if (foreign.length > 0) {
    return new ArtifactError(
      'foreign',
      `${quotePath(directory)} has no ${MANIFEST_FILE}; it holds ${listNames(foreign, 3)}, a foreign artifact that is not read`,
    )
  }
  const what = names.length === 0 ? 'is empty' : `has no ${MANIFEST_FILE}`
  return new ArtifactError('missing', `the model directory ${quotePath(directory)} ${what}`)
}

/** Reads a file that a manifest names; a file that is about to be renamed may still have the suffix. */
async function readListedFile(source: ModelSource, entry: FileEntry): Promise<Uint8Array> {
  let problem: unknown
  for (const name of [entry.name, entry.name + NEXT, entry.name]) {
    try {
      const bytes = await source.read(name, { exactly: entry.size, most: MAX_FILE })
      if (sha256(bytes) === entry.sha256) return bytes
      problem ??= new ArtifactError('corrupt', `${entry.name} differs from the manifest's checksum`)
    } catch (error) {
      problem ??= error
    }
  }
  throw problem
}
