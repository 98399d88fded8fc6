/** Model directories as bytes in memory, to be broken on purpose. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Artifact,
  MANIFEST_FILE,
  manifestChecksum,
  NO_CHECKSUM,
} from '../../src/artifact/artifact.ts'
import { decodeArtifact } from '../../src/artifact/decode.ts'
import { decodeManifest } from '../../src/artifact/decode-manifest.ts'
import { encodeArtifact, withModelId } from '../../src/artifact/encode.ts'
import { createRandom } from '../../src/data/random.ts'
import { sha256 } from '../../src/model-directory/read.ts'
import { readPlan } from '../../src/preprocess/plan.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'
import type { EstimatorName } from '../../src/training/choose-estimator.ts'
import { train } from '../../src/training/train.ts'

/** The model directory that is committed. */
export const REFERENCE = join(import.meta.dirname, '../../model_checkpoint')

export type Files = ReadonlyMap<string, Uint8Array>
export type Json = Record<string, unknown>

/** Returns the files of a directory that its manifest names, and the manifest. */
export function readFiles(directory: string): Map<string, Uint8Array> {
  const { files } = decodeManifest(readFileSync(join(directory, MANIFEST_FILE)), sha256)
  const names = [...files.map(({ name }) => name), MANIFEST_FILE]
  // No Buffers: their slices are not copies.
  return new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(directory, name)))]))
}

/** Writes files into a directory, which is made if needed, and returns the directory. */
export function writeFiles(directory: string, files: Files): string {
  mkdirSync(directory, { recursive: true })
  for (const [name, bytes] of files) writeFileSync(join(directory, name), bytes)
  return directory
}

/** Returns the names in a directory that a finished training must not leave. */
export function remnants(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith('.next') || name === '.lock')
}

export function parseFile(files: Files, name: string): Json {
  return JSON.parse(Buffer.from(files.get(name) as Uint8Array).toString()) as Json
}

export function toBytes(value: unknown): Uint8Array {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Returns a manifest's bytes with the checksum that is theirs. */
export function sealManifest(value: unknown): Uint8Array {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const blank = text.replace(/("checksum":\s*")[0-9a-f]{64}"/, `$1${NO_CHECKSUM}"`)
  const checksum = manifestChecksum(Buffer.from(blank), sha256)
  return Buffer.from(blank.replace(NO_CHECKSUM, checksum))
}

/** Returns the files with some replaced, and sizes and checksums in the manifest that are theirs. */
export function reseal(
  files: Files,
  changes: Readonly<Record<string, Uint8Array>> = {},
): Map<string, Uint8Array> {
  const changed = new Map([...files, ...Object.entries(changes)])
  const manifest = parseFile(changed, MANIFEST_FILE)
  const listed = Object.keys(manifest.files as Json).map((name) => {
    const bytes = changed.get(name) as Uint8Array
    return [name, { size: bytes.length, sha256: sha256(bytes) }]
  })
  changed.set(MANIFEST_FILE, sealManifest({ ...manifest, files: Object.fromEntries(listed) }))
  return changed
}

/** Returns the files with keys of the manifest replaced. */
export function withManifest(files: Files, changes: Json): Map<string, Uint8Array> {
  const manifest = { ...parseFile(files, MANIFEST_FILE), ...changes }
  return new Map([...files, [MANIFEST_FILE, sealManifest(manifest)]])
}

/** Returns the artifact in files, its self-test not run. */
export function decodeFiles(files: Files): Artifact {
  return decodeArtifact(decodeManifest(files.get(MANIFEST_FILE) as Uint8Array, sha256), files)
}

/** Returns the files of an artifact with some parts replaced, consistent in everything else: identity and checksums. */
export function encodeChanged(artifact: Artifact, changes: Partial<Artifact> = {}): Files {
  return encodeArtifact(withModelId({ ...artifact, ...changes }, sha256), sha256)
}

/** Returns a table with numbers, categories, gaps and a derived column. */
export function smallCsv(classes: readonly string[]): string {
  const random = createRandom(5)
  const lines = ['size,weight,colour,grade,title,kind']
  for (let row = 0; row < 60; row++) {
    const label = row % classes.length
    const size = random.below(8) === 0 ? '' : (label * 2 + random.uniform() * 3).toFixed(3)
    const weight = (label * 30 + random.below(60)).toString()
    const colour = random.below(9) === 0 ? '' : ['red', 'green', 'blue'][random.below(3)]
    const grade = ['low', 'mid', 'high'][(label + random.below(2)) % 3]
    const title = `Item ${['Mr', 'Dr', 'Mx'][random.below(3)]}. ${row}`
    lines.push([size, weight, colour, grade, title, classes[label]].join(','))
  }
  return `${lines.join('\n')}\n`
}

/** The plan of {@link smallCsv}. */
export const smallPlan = {
  target: 'kind',
  numeric: ['size', { column: 'weight', impute: 'mean' }],
  ordinal: [{ column: 'grade', categories: ['low', 'mid', 'high'] }],
  nominal: ['colour', { column: 'form', min_frequency: 3 }],
  derived: [{ column: 'form', from: 'title', pattern: 'Item ([A-Z][a-z])', group: 1 }],
}

/** Trains a model of a few kilobytes. */
export async function trainSmall(
  estimator: EstimatorName,
  classes: readonly string[] = ['a', 'b', 'c'],
  seed = 0,
): Promise<Artifact> {
  const csv = smallCsv(classes)
  const { artifact } = await train(readCsvTable(csv), readPlan(smallPlan), {
    estimator,
    engine: 'native',
    params: new Map(),
    testSize: 0.2,
    seed,
    dropMissingLabel: false,
    dataSha256: sha256(Buffer.from(csv)),
    sha256,
    progress: async () => {},
    warn() {},
  })
  return artifact
}

export const isRoot = process.geteuid?.() === 0
const NOBODY = 65534

/** Runs as a user without rights to what root owns; root can read everything. */
export async function asNobody(run: () => Promise<void>): Promise<void> {
  if (isRoot) process.seteuid?.(NOBODY)
  try {
    await run()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}
