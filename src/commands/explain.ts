/** `shapserve explain`: explains the rows of a file by SHAP values. */
import type { Command } from 'commander'
import { explainFlags, optionsOfFlags } from '../answering/explain-options.ts'
import { addJobsFlag, addRowsFlags, type RowsFlags, runWithFlags } from './rows/rows-flags.ts'
import { labelsOption } from './shared-flags.ts'

/** Those of a file, and by name those that are options of requests. */
type ExplainFlags = RowsFlags & Readonly<Record<string, unknown>>

export function declareExplain(program: Command): void {
  const command = program
    .command('explain')
    .description('explain the rows of a file by SHAP values')
  addJobsFlag(addRowsFlags(command, 'explain'))
  for (const { form, help } of explainFlags) command.option(form, help)
  command
    .addOption(labelsOption('for this run'))
    .option('--summary', 'one summary of all rows: per column and by its values')
    .action((file: string, flags: ExplainFlags) =>
      runWithFlags(file, flags, {
        operation: 'explain',
        // The format of the file is a flag of its own; the form of explanations is --contributions.
        options: optionsOfFlags(flags),
        summary: flags.summary === true,
      }),
    )
}
