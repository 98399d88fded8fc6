/** Flags of the launcher's commands, as commander reads them, without the work behind them. */
import { Command } from 'commander'

/** What every command is told here. */
export const account = [
  '--region',
  'eu-central-1',
  '--image',
  '123456789012.dkr.ecr.eu-central-1.amazonaws.com/shapserve:1',
  '--role',
  'arn:aws:iam::123456789012:role/sm',
] as const

/** Returns the flags that arguments say. */
export function flagsOf<Flags>(
  declare: (group: Command) => void,
  args: readonly string[],
): Flags & { readonly files: readonly string[] } {
  const group = new Command()
  declare(group)
  const [command] = group.commands
  if (!command) throw new Error('nothing was declared')
  command.exitOverride().configureOutput({ writeErr: () => {} })
  const { operands, unknown } = command.parseOptions([...args])
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(' ')}`)
  return { ...(command.opts() as Flags), files: operands }
}
