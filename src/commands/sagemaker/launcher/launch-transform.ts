/** `shapserve sagemaker transform`: the rows of files, answered by machines that end with them. */
import type { Command } from 'commander'
import { UsageError } from '../../exit-status.ts'
import { addReadingFlags } from '../../reading-flags.ts'
import { inputFormats } from '../../rows/formats.ts'
import { collect, listChoices, publicKeyOption } from '../../shared-flags.ts'
import { addResourceFlags, checkAttached } from './launch-flags.ts'
import { instanceOption } from './machine-flags.ts'
import type { TransformFlags } from './transform-flags.ts'

export function declareLaunchTransform(group: Command): void {
  const command = group
    .command('transform')
    .description('predict or explain the rows of a file by batch transform')
    .argument('[model]', 'model directory, model.tar.gz, or s3:// address of one')
    .argument('[input]', 'file of rows, which is uploaded in parts, or s3:// address of files')
    .option('--input-format <format>', `${listChoices(inputFormats)}; default: by the name`)
  addReadingFlags(command, "CSV has no header: its fields are the model's columns, in its order")
    .option('--format <format>', 'csv or jsonl (default: as the input)')
    .option('--explain', "explanations beside predictions, in Clarify's form, one JSON a row")
    .option(
      '--join',
      'put the answer behind the row that it is of (rows as jsonl, or csv without header)',
    )
    .option('--input-filter <path>', "JSONPath of what of a row the model gets, such as '$[1:]'")
    .option('--output-filter <path>', "JSONPath of what is written of a row, such as '$[0,-1]'")
    .option('--out <file>', 'fetch the answers into one file, in the order of the rows')
    .addOption(instanceOption())
    .option('--instance-count <number>', 'machines', '1')
    .option('--max-payload <mb>', 'largest request in MB (default: 6, or 100 for whole files)')
    .option('--max-concurrent <number>', 'requests at a time and machine (default: 4, or 1)')
    .option('--env <name=value>', 'setting of serve; may be repeated', collect)
    .option('--job-name <name>', 'name of the job (default: by the input and the time)')
    .addOption(publicKeyOption())
  addResourceFlags(command)
    .option('--attach <job>', 'follow a job that was started before, and fetch its answers')
    .option('--no-wait', 'start the job and end')
    .option('--json', 'the job as JSON')
    .action(launchTransform)
}

async function launchTransform(
  model: string | undefined,
  input: string | undefined,
  flags: TransformFlags,
): Promise<void> {
  const { attachToTransform, runTransform } = await import('./run-transform.ts')
  if (flags.attach !== undefined) {
    checkAttached(flags, model === undefined ? undefined : 'model and no file')
    return await attachToTransform(flags.attach, flags)
  }
  if (model === undefined || input === undefined)
    throw new UsageError('which rows? shapserve sagemaker transform MODEL FILE')
  await runTransform(model, input, flags)
}
