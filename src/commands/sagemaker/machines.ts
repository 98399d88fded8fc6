/** How many machines a training job has. */
import { readFile } from 'node:fs/promises'
import { InputError } from '../../errors.ts'

/**
 * Refuses a job of several machines: each would be paid for the same model, or for another one where SageMaker parts the rows
 * between them, and one of those would be kept.
 * @param path of `resourceconfig.json`; one that is not there, or says nothing of machines, is no reason
 * @throws InputError `invalid_parameter`
 */
export async function checkMachines(path: string): Promise<void> {
  const hosts = await readFile(path, 'utf8')
    .then(hostsIn)
    .catch(() => [])
  if (hosts.length > 1)
    throw new InputError(
      'invalid_parameter',
      `the job has ${hosts.length} machines, and a model is trained in the memory of one: start it with an InstanceCount of 1, or search parameters side by side by a tuning job`,
    )
}

function hostsIn(text: string): readonly unknown[] {
  const { hosts } = (JSON.parse(text) ?? {}) as { readonly hosts?: unknown }
  return Array.isArray(hosts) ? hosts : []
}
