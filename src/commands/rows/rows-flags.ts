/** The flags that `predict` and `explain` have in common. */
import type { Command } from 'commander'
import type { Operation } from '../../answering/media-type.ts'
import { addReadingFlags, type ReadingFlags } from '../reading-flags.ts'
import { listChoices, modelDirOption, publicKeyOption } from '../shared-flags.ts'
import { answerFormats, inputFormats } from './formats.ts'
import type { RowsRequest } from './rows-request.ts'

/** Their values, as they were typed. */
export interface RowsFlags extends ReadingFlags {
  readonly modelDir: string
  readonly publicKey?: string
  readonly inputFormat?: string
  readonly format?: string
  readonly out: string
  readonly jobs?: string
}

/** What it means that rows have no header. */
export const NO_HEADER = 'CSV has no header: its fields are the columns of the model, in its order'

/** Adds the file and the flags that say where rows come from and answers go. */
export function addRowsFlags(command: Command, operation: Operation): Command {
  command
    .argument(
      '<file>',
      'rows as CSV, JSON, JSON Lines, .xlsx (also .gz and .zip) or Parquet; - = standard input',
    )
    .addOption(modelDirOption())
    .addOption(publicKeyOption())
    .option('--input-format <format>', `${listChoices(inputFormats)}; default: by the file name`)
  addReadingFlags(command, NO_HEADER)
  return command
    .option(
      '--format <format>',
      `${listChoices(answerFormats[operation])}; default: by the name of --out, or as the input`,
    )
    .option('--out <file>', 'file to write; - = standard output', '-')
    .option('--jobs <n>', 'threads; default: one per core')
}

/** Runs a command over a file, with what is its own besides the common flags. */
export async function runWithFlags(
  file: string,
  flags: RowsFlags,
  own: Pick<RowsRequest, 'operation' | 'options' | 'summary'>,
): Promise<void> {
  const { runRows } = await import('./run-rows.ts')
  const { readReading } = await import('../reading-flags.ts')
  const { readWhole } = await import('../setting-values.ts')
  const { modelDir, publicKey, inputFormat, format, out, jobs } = flags
  await runRows({
    file,
    modelDir,
    publicKey,
    inputFormat,
    format,
    out,
    reading: readReading(flags),
    hasNoHeader: !flags.header,
    jobs: jobs === undefined ? undefined : readWhole('--jobs', jobs, 1, 256),
    ...own,
  })
}
