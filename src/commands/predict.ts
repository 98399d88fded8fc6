/** `shapserve predict`: predicts the rows of a file. */
import type { Command } from 'commander'
import { addRowsFlags, type RowsFlags, runWithFlags } from './rows/rows-flags.ts'

export function declarePredict(program: Command): void {
  const command = program.command('predict').description('predict the rows of a file')
  addRowsFlags(command, 'predict').action((file: string, flags: RowsFlags) =>
    runWithFlags(file, flags, { operation: 'predict', options: [] }),
  )
}
