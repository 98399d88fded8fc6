/** Short trainings of the built command into one directory, and the model that the directory holds afterwards. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ArtifactError } from '../../src/errors.ts'
import { readModelDirectory } from '../../src/model-directory/read.ts'
import { trainModel } from './models.ts'

/** Starts a training that replaces a directory's model; the rows are those of `trainModel`. */
export function startTraining(cli: string, rows: string, modelDir: string, seed: number) {
  const flags = ['--target', 'label', '--model-dir', modelDir, '--seed', String(seed), '--quiet']
  return spawn(
    process.execPath,
    [cli, 'train', rows, ...flags, '--estimator', 'decision_tree', '--set', 'max_depth=4'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
}

/** Returns how a training ended, and what it said. */
export async function finish(child: ChildProcess): Promise<{ status: unknown; said: string }> {
  let said = ''
  child.stderr?.on('data', (piece: Buffer) => {
    said += piece
  })
  const [status, signal] = await once(child, 'close')
  return { status: status ?? signal, said }
}

/** Trains the models that two seeds give; returns the rows' file and every model's files by its id. */
export async function trainWholes(cli: string, directory: string) {
  trainModel(cli, directory, 'logistic')
  const rows = join(directory, 'rows.csv')
  const wholes = new Map<string, ReadonlyMap<string, Uint8Array>>()
  for (const seed of [0, 1]) {
    const modelDir = join(directory, `whole-${seed}`)
    const { status, said } = await finish(startTraining(cli, rows, modelDir, seed))
    if (status !== 0) throw new Error(`a training ended with ${String(status)}: ${said}`)
    const { artifact, files } = await readModelDirectory(modelDir)
    wholes.set(artifact.modelId, files)
  }
  return { rows, wholes }
}

/** Returns the id of the whole model in a directory, `nothing` where there is none, or what is wrong with it. */
export async function heldIn(
  modelDir: string,
  wholes: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>,
): Promise<string> {
  try {
    const { artifact, files } = await readModelDirectory(modelDir)
    const whole = wholes.get(artifact.modelId)
    if (!whole) return `a third model, ${artifact.modelId}`
    for (const [name, bytes] of whole)
      if (!Buffer.from(bytes).equals(files.get(name) ?? new Uint8Array())) return `another ${name}`
    return artifact.modelId
  } catch (error) {
    if (error instanceof ArtifactError && error.code === 'missing') return 'nothing'
    return `damage: ${String(error)}`
  }
}

/** Returns the names in a directory that a finished training must not leave. */
export function remnantsIn(modelDir: string): string[] {
  return readdirSync(modelDir).filter((name) => name.endsWith('.next') || name.startsWith('.lock'))
}
