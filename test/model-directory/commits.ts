/** Commits of models to directories, by this process and by trainings of their own. */
import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import {
  type Artifact,
  EXPLAIN_FILE,
  METRICS_FILE,
  MISTAKES_FILE,
  MODEL_FILE,
  PREPROCESSOR_FILE,
  PROFILE_FILE,
  SUMMARY_FILE,
} from '../../src/artifact/artifact.ts'
import { encodeArtifact } from '../../src/artifact/encode.ts'
import { ArtifactError } from '../../src/errors.ts'
import { CARD_FILE } from '../../src/model-directory/papers.ts'
import { readModelDirectory, sha256 } from '../../src/model-directory/read.ts'
import { openModelWriter } from '../../src/model-directory/write.ts'
import { atEnd } from '../at-end.ts'
import { cli, root, start } from '../command.ts'
import { type Files, remnants, smallCsv, smallPlan, trainSmall } from './model-files.ts'

if (!existsSync(cli)) execFileSync('npm', ['run', '--silent', 'build'], { cwd: root })

export const CARD = 'MODEL_CARD.md'
export const LOCK = '.lock'
export const DATA_FILES = [
  PREPROCESSOR_FILE,
  MODEL_FILE,
  EXPLAIN_FILE,
  METRICS_FILE,
  SUMMARY_FILE,
  PROFILE_FILE,
  MISTAKES_FILE,
]

export const oldModel = await trainSmall('decision_tree')
export const newModel = await trainSmall('random_forest', ['a', 'b', 'c'], 1)
export const thirdModel = await trainSmall('logistic_regression', ['a', 'b'], 2)
export const oldFiles = encodeArtifact(oldModel, sha256)
export const newFiles = encodeArtifact(newModel, sha256)

/** Writes a model as a training does. */
export async function commit(directory: string, artifact: Artifact): Promise<void> {
  const writer = await openModelWriter(directory)
  try {
    await writer.commit(artifact, { [CARD_FILE]: `# ${artifact.modelId}\n` })
  } finally {
    await writer.release()
  }
}

/**
 * Returns the id of the model in a directory, `nothing` if there is none yet; throws when one is
 * damaged.
 */
export async function modelIn(directory: string): Promise<string> {
  try {
    const { artifact } = await readModelDirectory(directory)
    return artifact.modelId
  } catch (error) {
    if (error instanceof ArtifactError && error.code === 'missing') return 'nothing'
    throw error
  }
}

const encoded = new Map<Artifact, Files>()

/** Returns a model's files, made once. */
function filesOf(artifact: Artifact): Files {
  const files = encoded.get(artifact) ?? encodeArtifact(artifact, sha256)
  encoded.set(artifact, files)
  return files
}

/**
 * Asserts that a directory holds just this model: loaded, every file byte for byte, and nothing
 * left over.
 */
export async function holds(
  t: Test,
  directory: string,
  artifact: Artifact,
  what: string,
): Promise<void> {
  t.equal(await modelIn(directory), artifact.modelId, `${what}: the model`)
  for (const [name, bytes] of filesOf(artifact))
    t.ok(readFileSync(join(directory, name)).equals(bytes), `${what}: ${name}`)
  t.match(readFileSync(join(directory, CARD), 'utf8'), artifact.modelId, `${what}: the card`)
  t.strictSame(remnants(directory), [], `${what}: nothing is left over`)
}

/** A directory that cannot be written. */
export const unwritable = { name: 'ArtifactError', code: 'unwritable' }

/** Mounts a file system of so many KiB on a new directory; undefined where that is not allowed. */
export function mountTmpfs(t: Test, kibibytes: number): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'shapserve-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', directory], {
      stdio: 'ignore',
    })
  } catch {
    t.comment('no right to mount a small file system')
    return undefined
  }
  const forget = atEnd(`umount --lazy ${directory}`)
  t.teardown(() => {
    execFileSync('umount', [directory])
    forget()
  })
  return directory
}

export function remount(directory: string, options: string): void {
  execFileSync('mount', ['-o', `remount,${options}`, directory])
}

/** What a training that was killed leaves: the old model, and so much of the new one. */
export function writeNext(directory: string, names: readonly string[], files: Files): void {
  for (const name of names)
    writeFileSync(join(directory, `${name}.next`), files.get(name) as Uint8Array)
}

/** Starts `shapserve train` on a small table; with `stdin` it waits for its rows. */
export function startTraining(
  directory: string,
  data: string,
  seed: number,
  options: { stdin?: boolean; env?: Record<string, string> } = {},
): ChildProcess {
  const file = options.stdin ? '-' : join(data, 'data.csv')
  const child = start(
    process.execPath,
    [
      ...[cli, 'train', file, '--plan', join(data, 'plan.json'), '--model-dir', directory],
      ...['--estimator', 'decision_tree', '--seed', String(seed), '--quiet'],
    ],
    { env: options.env },
  )
  child.stdout.resume()
  if (!options.stdin) child.stdin.end()
  return child
}

/** Waits for a process; returns its exit status, or the signal that ended it, and what it said. */
export async function finish(
  child: ChildProcess,
): Promise<{ status: number | string; said: string }> {
  const chunks: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { status: status ?? (signal as string), said: Buffer.concat(chunks).toString() }
}

export function writeTrainingData(directory: string): string {
  writeFileSync(join(directory, 'data.csv'), smallCsv(['a', 'b', 'c']))
  writeFileSync(join(directory, 'plan.json'), JSON.stringify(smallPlan))
  return directory
}

export function lockIsWritten(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0
}

/** Waits until a training has written its lock, however long that takes, or has ended. */
export async function waitForLock(child: ChildProcess, lock: string): Promise<void> {
  while (!lockIsWritten(lock) && child.exitCode === null && child.signalCode === null)
    await sleep(10)
}
