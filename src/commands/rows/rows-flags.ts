/** The flags that commands over the rows of a file have in common. */
import type { Command } from 'commander'
import { addReadingFlags, type ReadingFlags } from '../reading-flags.ts'
import { collect, listChoices, modelDirOption, publicKeyOption } from '../shared-flags.ts'
import { answerFormats, inputFormats } from './formats.ts'
import type { RowsOperation, RowsRequest } from './rows-request.ts'

/** Their values, as they were typed. */
export interface RowsFlags extends ReadingFlags {
  readonly modelDir: string
  readonly publicKey?: string
  readonly inputFormat?: string
  readonly format?: string
  readonly out: string
  readonly jobs?: string
  readonly keep?: readonly string[]
  readonly outputHeader?: true
  readonly select?: string
  readonly labels?: string
}

/** Adds the flags that say how a file of rows is written. */
export function addRowReadingFlags(command: Command): Command {
  // Where it stands first, neither of the two is what is usual.
  command.option('--header', 'CSV has a header, also with columns that the model does not know')
  return addReadingFlags(
    command,
    'CSV has no header: its fields are the columns of the model, in its order',
  )
}

/** Adds the file and the flags that say where rows come from and answers go. */
export function addRowsFlags(command: Command, operation: RowsOperation): Command {
  command
    .argument(
      '<file>',
      'rows as CSV, JSON, JSON Lines, .xlsx (also .gz and .zip) or Parquet; - = standard input',
    )
    .addOption(modelDirOption())
    .addOption(publicKeyOption())
    .option('--input-format <format>', `${listChoices(inputFormats)}; default: by the file name`)
  addRowReadingFlags(command)
  return command
    .option(
      '--format <format>',
      `${listChoices(answerFormats[operation])}; default: by the name of --out, or as the input`,
    )
    .option('--out <file>', 'file to write; - = standard output', '-')
    .option(
      '--keep <columns>',
      'columns of the file that stand before each answer, separated by commas; may be repeated',
      collect,
    )
}

/** Adds the flag of the commands that share the work. */
export function addJobsFlag(command: Command): Command {
  return command.option('--jobs <n>', 'threads; default: one per core')
}

/** Runs a command over a file, with what is its own besides the common flags. */
export async function runWithFlags(
  file: string,
  flags: RowsFlags,
  own: Pick<RowsRequest, 'operation' | 'options' | 'summary'>,
): Promise<void> {
  const { runRows } = await import('./run-rows.ts')
  const { runPreprocess } = await import('./run-preprocess.ts')
  const { readReading } = await import('../reading-flags.ts')
  const { readWhole } = await import('../setting-values.ts')
  const { readKeep } = await import('./kept-columns.ts')
  const { readSelection } = await import('../../codecs/selection.ts')
  const { modelDir, publicKey, inputFormat, format, out, jobs, keep, outputHeader, select } = flags
  const request: RowsRequest = {
    file,
    modelDir,
    publicKey,
    labels: flags.labels,
    inputFormat,
    format,
    out,
    reading: readReading(flags),
    hasHeader: flags.header,
    jobs: jobs === undefined ? undefined : readWhole('--jobs', jobs, 1, 256),
    keep: keep && readKeep(keep),
    hasOutputHeader: outputHeader === true,
    selection: select === undefined ? undefined : readSelection('--select', select),
    ...own,
  }
  await (request.operation === 'preprocess' ? runPreprocess(request) : runRows(request))
}
