/** A thread for the tests of threads: does what it is told. */
import type { MessagePort } from 'node:worker_threads'
import { ArtifactError, InputError, placed } from '../../src/errors.ts'
import { threadSetup, threadTask } from '../../src/threads/threads.ts'

export type SampleTask =
  | { readonly kind: 'setup' | 'input_error' | 'artifact_error' | 'error' | 'exit' | 'wait' }
  | { readonly kind: 'double'; readonly port: MessagePort }

export default threadTask(async (task: SampleTask): Promise<unknown> => {
  switch (task.kind) {
    case 'setup':
      return threadSetup()
    case 'input_error':
      throw new InputError('missing_value', placed`${{ row: 2, column: 'a' }} is empty`)
    case 'artifact_error':
      throw new ArtifactError('corrupt', 'a byte differs')
    case 'error':
      throw new RangeError('a defect')
    case 'exit':
      return process.exit(7)
    case 'wait':
      return new Promise(() => setInterval(() => {}, 1000))
    case 'double': {
      const { port } = task
      const number = new Promise<number>((resolve) => port.once('message', resolve))
      port.postMessage('ready')
      return 2 * (await number)
    }
  }
})
