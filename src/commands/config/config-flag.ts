/** The flag that names a file of flags. */
import type { Command } from 'commander'

/** Adds `--config`: before the command runs, what the file says becomes its flags, unless the command line has them. */
export function addConfigFlag(command: Command): Command {
  return command
    .option('--config <file>', 'file of flags, as YAML or JSON; those of the command line win')
    .hook('preAction', async (_, own) => {
      const file = own.getOptionValue('config')
      if (typeof file !== 'string') return
      const { applyConfig } = await import('./apply-config.ts')
      await applyConfig(own, file)
    })
}
