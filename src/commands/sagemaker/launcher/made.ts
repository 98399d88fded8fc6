/** What a command has created, so that a failure leaves nothing behind. */

import { awaitGone } from './await-endpoint.ts'
import type {
  CreateEndpointConfigRequest,
  CreateEndpointRequest,
  CreateModelRequest,
} from './aws.ts'
import { ABSENT } from './aws-errors.ts'
import type { Account } from './launch-flags.ts'
import { CloudError } from './refusal.ts'

/** Creates resources, those that are there already left as they are. */
export interface Made {
  model(request: CreateModelRequest): Promise<void>
  config(request: CreateEndpointConfigRequest): Promise<void>
  endpoint(request: CreateEndpointRequest): Promise<void>
  /** Deletes what was created, the last first; returns what could not be. */
  takeBack(): Promise<string[]>
}

/** Returns what keeps count of new resources. */
export function createMade(account: Account): Made {
  const { aws } = account
  const undo: { readonly what: string; readonly remove: () => Promise<unknown> }[] = []
  return {
    async model(request) {
      const name = request.ModelName as string
      if (await isThere(() => aws.send('sagemaker:DescribeModel', { ModelName: name }))) return
      await aws.send('sagemaker:CreateModel', request)
      const remove = () => aws.send('sagemaker:DeleteModel', { ModelName: name })
      undo.unshift({ what: `model ${name}`, remove })
    },
    async config(request) {
      const name = request.EndpointConfigName as string
      const asked = { EndpointConfigName: name }
      if (await isThere(() => aws.send('sagemaker:DescribeEndpointConfig', asked))) return
      await aws.send('sagemaker:CreateEndpointConfig', request)
      const remove = () => aws.send('sagemaker:DeleteEndpointConfig', asked)
      undo.unshift({ what: `endpoint configuration ${name}`, remove })
    },
    async endpoint(request) {
      const name = request.EndpointName as string
      await aws.send('sagemaker:CreateEndpoint', request)
      const remove = async () => {
        await aws.send('sagemaker:DeleteEndpoint', { EndpointName: name })
        await awaitGone(account, name)
      }
      undo.unshift({ what: `endpoint ${name}`, remove })
    },
    async takeBack() {
      const left: string[] = []
      for (const { what, remove } of undo)
        await remove().catch(() => {
          left.push(what)
        })
      return left
    },
  }
}

/** Whether a question about something finds it. @throws CloudError for any other failure */
export async function isThere(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask()
    return true
  } catch (error) {
    if (isAbsence(error)) return false
    throw error
  }
}

/** SageMaker has no name of its own for what is not there: it says so in words. */
export function isAbsence(error: unknown): boolean {
  if (!(error instanceof CloudError)) return false
  const { code, message } = error
  if (/^(ResourceNotFound(Exception)?|NotFound|NoSuchKey)$/.test(code)) return true
  return code === 'ValidationException' && ABSENT.test(message)
}
