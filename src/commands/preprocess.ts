/** `shapserve preprocess`: the rows of a file as the model sees them. */
import type { Command } from 'commander'
import { addRowsFlags, type RowsFlags, runWithFlags } from './rows/rows-flags.ts'

export function declarePreprocess(program: Command): void {
  const command = program
    .command('preprocess')
    .description('write the features that a model makes of the rows of a file')
  addRowsFlags(command, 'preprocess').action((file: string, flags: RowsFlags) =>
    runWithFlags(file, flags, { operation: 'preprocess', options: [] }),
  )
}
