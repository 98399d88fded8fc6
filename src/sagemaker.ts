/** SageMaker's training contract: the /opt/ml layout, hyperparameters that are all texts, the failure file. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Env } from './config.ts'
import { createJsonReader } from './data/json-reader.ts'
import { InputError, listNames, quote } from './errors.ts'

/** Where SageMaker puts and expects things. */
export interface SageMakerPaths {
  readonly hyperparameters: string
  readonly inputDataConfig: string
  readonly data: string
  readonly model: string
  /** Where a multi-model endpoint's models lie. */
  readonly models: string
  readonly failure: string
}

/** Returns the layout below SAGEMAKER_BASE_DIR, which is /opt/ml on SageMaker. */
export function sageMakerPaths(env: Env): SageMakerPaths {
  const base = env.SAGEMAKER_BASE_DIR || '/opt/ml'
  return {
    hyperparameters: join(base, 'input/config/hyperparameters.json'),
    inputDataConfig: join(base, 'input/config/inputdataconfig.json'),
    data: join(base, 'input/data'),
    model: env.SM_MODEL_DIR || join(base, 'model'),
    models: join(base, 'models'),
    failure: join(base, 'output/failure'),
  }
}

/** Whether this process was started by SageMaker, or by something that laid out the same files. */
export function isSageMakerTraining(paths: SageMakerPaths): boolean {
  return existsSync(paths.hyperparameters) || existsSync(paths.data)
}

const reader = createJsonReader(
  (message) => new InputError('invalid_parameter', `hyperparameters.json: ${message}`),
)

/**
 * Returns the hyperparameters, each decoded from the text that SageMaker's clients make of it: JSON, a Python
 * literal (`True`, `None`), or a plain text. SageMaker's own keys are left out.
 * @throws InputError `invalid_parameter`
 */
export async function readHyperparameters(path: string): Promise<Map<string, unknown>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw new InputError(
      'invalid_file',
      `${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
    )
  }
  if (text.trim() === '') throw new InputError('invalid_parameter', 'hyperparameters.json is empty')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new InputError('invalid_parameter', `hyperparameters.json is not JSON: ${quote(text)}`)
  }
  const own = [...reader.object(parsed, 'it')].filter(
    ([name]) => !name.startsWith('sagemaker_') && name !== '_tuning_objective_metric',
  )
  return new Map(own.map(([name, value]) => [name, decodeValue(value)]))
}

function decodeValue(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.trim()
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  if (/^(none|null)$/i.test(text)) return null
  try {
    const decoded: unknown = JSON.parse(text)
    // A number stays a text: "1.0" and "1" are different counts of features.
    return typeof decoded === 'number' ? text : decoded
  } catch {
    return text
  }
}

/** One channel's files. */
export interface Channel {
  readonly name: string
  readonly files: readonly string[]
}

/**
 * Returns the training channel's files in a fixed order, nested folders included, hidden ones not.
 * @throws InputError `empty_data` when there is no channel or no file, `invalid_file` for Pipe mode
 */
export async function findTrainingChannel(paths: SageMakerPaths): Promise<Channel> {
  await checkInputMode(paths.inputDataConfig)
  const channels = await listNamesOf(paths.data)
  const name = ['train', 'training'].find((known) => channels.includes(known))
  if (name === undefined) {
    const found = channels.length > 0 ? `there are ${listNames(channels)}` : 'there are none'
    throw new InputError(
      'empty_data',
      `there is no channel "train" or "training" in ${paths.data}; ${found}`,
    )
  }
  const files = await listFiles(join(paths.data, name))
  if (files.length === 0)
    throw new InputError('empty_data', `the channel ${quote(name)} has no files`)
  return { name, files }
}

async function checkInputMode(path: string): Promise<void> {
  let config: unknown
  try {
    config = JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return
  }
  for (const [name, channel] of Object.entries((config ?? {}) as object)) {
    if ((channel as { TrainingInputMode?: unknown })?.TrainingInputMode === 'Pipe') {
      throw new InputError(
        'invalid_file',
        `the channel ${quote(name)} is in Pipe mode, which is not supported; use File or FastFile`,
      )
    }
  }
}

async function listNamesOf(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort()
  } catch {
    return []
  }
}

async function listFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !/^[._]/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** Longest reason that SageMaker shows. */
const MAX_REASON = 1024

/** Writes why a training failed where SageMaker looks for it; does not replace an earlier reason. */
export async function writeFailure(path: string, reason: string): Promise<void> {
  try {
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, reason.slice(0, MAX_REASON), { flag: 'wx' })
  } catch {
    // The exit status still tells; there is nowhere else to write to.
  }
}
