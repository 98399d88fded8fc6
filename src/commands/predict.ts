/** `shapserve predict`: predicts the rows of a file. */
import type { Command } from 'commander'
import { selectable } from '../codecs/selection.ts'
import { addJobsFlag, addRowsFlags, type RowsFlags, runWithFlags } from './rows/rows-flags.ts'
import { labelsOption, listChoices } from './shared-flags.ts'

export function declarePredict(program: Command): void {
  const command = program.command('predict').description('predict the rows of a file')
  addJobsFlag(addRowsFlags(command, 'predict'))
    .option(
      '--select <members>',
      `what is written of a prediction, separated by commas: ${listChoices(selectable)}`,
    )
    .option(
      '--output-header',
      'begin CSV with the names of its columns; with --keep it always does',
    )
    .addOption(labelsOption('for this run'))
    .action((file: string, flags: RowsFlags) =>
      runWithFlags(file, flags, { operation: 'predict', options: [] }),
    )
}
