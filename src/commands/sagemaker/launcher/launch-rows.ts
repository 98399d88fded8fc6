/** `shapserve sagemaker predict` and `explain`: the rows of a file, answered by an endpoint. */
import type { Command } from 'commander'
import { explainFlags, optionsOfFlags } from '../../../answering/explain-options.ts'
import type { Operation } from '../../../answering/media-type.ts'
import { addReadingFlags } from '../../reading-flags.ts'
import { answerFormats, inputFormats } from '../../rows/formats.ts'
import { listChoices } from '../../shared-flags.ts'
import { addAccountFlags } from './launch-flags.ts'
import type { InvokeFlags } from './rows-flags.ts'

/** Bytes of rows in a request: what is explained of them must fit into an answer, and be made in a minute. */
const BATCH_BYTES = 256 << 10

export function declareLaunchPredict(group: Command): void {
  addRowsFlags(group, 'predict', 'predict the rows of a file by an endpoint').action(
    (endpoint: string, file: string, flags: InvokeFlags) =>
      run('predict', endpoint, file, flags, []),
  )
}

export function declareLaunchExplain(group: Command): void {
  const command = addRowsFlags(group, 'explain', 'explain the rows of a file by an endpoint')
  for (const { form, help } of explainFlags) command.option(form, help)
  command.action(
    (endpoint: string, file: string, flags: InvokeFlags & Readonly<Record<string, unknown>>) =>
      run('explain', endpoint, file, flags, optionsOfFlags(flags)),
  )
}

function addRowsFlags(group: Command, operation: Operation, description: string): Command {
  const formats = answerFormats[operation].filter((format) => format !== 'text')
  const command = group
    .command(operation)
    .description(description)
    .argument('<endpoint>', 'name of the endpoint')
    .argument(
      '<file>',
      'rows as CSV, JSON, JSON Lines, .xlsx (also .gz and .zip) or Parquet; - = standard input',
    )
    .option('--input-format <format>', `${listChoices(inputFormats)}; default: by the file name`)
  addReadingFlags(command, "CSV has no header: its fields are the model's columns, in its order")
    .option(
      '--format <format>',
      `${listChoices(formats)}; default: by the name of --out, or as the input`,
    )
    .option('--out <file>', 'file to write; - = standard output', '-')
    .option('--jobs <n>', 'requests at a time', '4')
    .option('--batch-bytes <n>', 'bytes of rows in a request', String(BATCH_BYTES))
    .option('--target-model <name>', "of a multi-model endpoint: the model's archive, NAME.tar.gz")
    .option('--variant <name>', 'of an endpoint with several variants: which one')
  return addAccountFlags(command)
}

async function run(
  operation: Operation,
  endpoint: string,
  file: string,
  flags: InvokeFlags,
  options: readonly (readonly [string, unknown])[],
): Promise<void> {
  const { runInvoke } = await import('./run-invoke.ts')
  await runInvoke({ operation, endpoint, file, options }, flags)
}
