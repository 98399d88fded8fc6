/** SageMaker's channels: which there are, how they are read, their files. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { InputError, listNames, quote } from '../../errors.ts'
import type { TableSource } from '../../tables/read-tables.ts'
import { channelNames, type SageMakerPaths } from './directories.ts'

/** The channels of a training job. */
export interface Channels {
  readonly train: TableSource
  readonly validation?: TableSource
  readonly test?: TableSource
  /** Names of channels that nothing is done with. */
  readonly unused: readonly string[]
}

/**
 * Returns the channels with their files, nested folders included, hidden files not.
 * @throws InputError `empty_data` without a training channel or without files, `invalid_file` for Pipe mode, an
 *   unknown content type or an unreadable directory
 */
export async function findChannels(paths: SageMakerPaths): Promise<Channels> {
  const config = await readInputDataConfig(paths.inputDataConfig)
  for (const [name, channel] of config) {
    if (channel?.TrainingInputMode !== 'Pipe') continue
    throw new InputError(
      'invalid_file',
      `the channel ${quote(name)} is in Pipe mode, which is not supported; use File or FastFile`,
    )
  }
  const directories = new Map([...(await listDirectories(paths.data)), ...paths.channels])
  const find = async (known: readonly string[]) => {
    const name =
      known.find((candidate) => paths.channels.has(candidate)) ??
      known.find((candidate) => directories.has(candidate))
    const directory = name === undefined ? undefined : directories.get(name)
    if (name === undefined || directory === undefined) return undefined
    return readChannel(name, directory, config.get(name)?.ContentType)
  }
  const train = await find(channelNames.train)
  if (!train) {
    const names = [...directories.keys()]
    const found = names.length > 0 ? `there are ${listNames(names)}` : 'there are none'
    throw new InputError(
      'empty_data',
      `there is no channel "train" or "training" in ${paths.data}; ${found}`,
    )
  }
  const validation = await find(channelNames.validation)
  const test = await find(channelNames.test)
  const used = [train, validation, test].map((source) => source?.directory)
  const unused = [...directories].filter(([, directory]) => !used.includes(directory))
  return {
    train,
    validation,
    test,
    unused: unused.map(([name]) => name),
  }
}

interface ChannelConfig {
  readonly ContentType?: unknown
  readonly TrainingInputMode?: unknown
}

/** The file says more than is needed here and local runs have none: what cannot be read is as if it were absent. */
async function readInputDataConfig(path: string): Promise<Map<string, ChannelConfig | null>> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'))
    return new Map(Object.entries((parsed ?? {}) as Record<string, ChannelConfig | null>))
  } catch {
    return new Map()
  }
}

/** Manifests and pipes lie beside the channels' directories. */
async function listDirectories(directory: string): Promise<Map<string, string>> {
  const names = await readdir(directory).catch(() => [])
  const paths = names.sort().map((name) => [name, join(directory, name)] as const)
  const kept = await Promise.all(
    paths.map(async ([name, path]) => !isHidden(name) && (await hasKind(path, 'isDirectory'))),
  )
  return new Map(paths.filter((_, i) => kept[i]))
}

async function readChannel(
  name: string,
  directory: string,
  contentType: unknown,
): Promise<TableSource> {
  const format = readFormat(name, contentType)
  const files = await listFiles(name, directory)
  if (files.length === 0)
    throw new InputError(
      'empty_data',
      `the channel ${quote(name)} has no files in ${quote(directory, 256)}`,
    )
  return { files, directory, root: dirname(directory), format }
}

function readFormat(name: string, contentType: unknown): TableSource['format'] {
  if (typeof contentType !== 'string') return undefined
  const type = contentType.split(';')[0]!.trim().toLowerCase()
  if (/^application\/(x-)?(jsonlines|jsonl|ndjson)$/.test(type)) return 'jsonl'
  if (type === 'text/csv' || type === 'application/csv') return 'csv'
  if (/parquet/.test(type)) return 'parquet'
  if (!/libsvm|recordio|^image\//.test(type)) return undefined
  throw new InputError(
    'invalid_file',
    `the channel ${quote(name)} has the content type ${quote(contentType)}; text/csv, application/jsonlines and application/x-parquet are read`,
  )
}

async function listFiles(name: string, directory: string): Promise<string[]> {
  let paths: string[]
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true })
    paths = entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new InputError(
      'invalid_file',
      `the channel ${quote(name)} cannot be read from ${quote(directory, 256)}: ${code}`,
    )
  }
  const shown = paths.filter((path) => !relative(directory, path).split(sep).some(isHidden)).sort()
  const kept = await Promise.all(shown.map((path) => hasKind(path, 'isFile')))
  return shown.filter((_, i) => kept[i])
}

/** Other tools leave `.ipynb_checkpoints`, `_SUCCESS` and the like beside the data. */
function isHidden(name: string): boolean {
  return /^[._]/.test(name)
}

async function hasKind(path: string, kind: 'isFile' | 'isDirectory'): Promise<boolean> {
  return stat(path).then(
    (found) => found[kind](),
    () => false,
  )
}
