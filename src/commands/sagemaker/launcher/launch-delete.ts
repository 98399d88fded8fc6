/** `shapserve sagemaker delete`: an endpoint, and what deploy made for it. */
import type { Command } from 'commander'
import { addAccountFlags } from './launch-flags.ts'
import type { DeleteFlags } from './run-delete.ts'

export function declareLaunchDelete(group: Command): void {
  const command = group
    .command('delete')
    .description('delete an endpoint with the models and configurations that deploy made for it')
    .argument('<endpoint>', 'name of the endpoint')
    .option(
      '--force',
      'delete the endpoint and its configuration also where deploy did not make them',
    )
  addAccountFlags(command).action(async (endpoint: string, flags: DeleteFlags) => {
    const { runDelete } = await import('./run-delete.ts')
    await runDelete(endpoint, flags)
  })
}
