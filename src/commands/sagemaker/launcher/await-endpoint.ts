/** Asks how far an endpoint is. */
import type { Aws } from './aws.ts'
import type { Account } from './launch-flags.ts'
import { CloudError } from './refusal.ts'
import type { StatusLine } from './status-line.ts'
import { pause } from './until-signal.ts'

/** An endpoint as it is now. */
export interface EndpointState {
  readonly status: string
  readonly config: string
  /** What an update under way brings. */
  readonly pending: string | undefined
  readonly arn: string
  readonly isAsync: boolean
  /** Why it failed, or was rolled back. */
  readonly reason?: string
}

/** Returns an endpoint; undefined where there is none. @throws CloudError */
export async function findEndpoint(aws: Aws, name: string): Promise<EndpointState | undefined> {
  try {
    const found = await aws.send('sagemaker:DescribeEndpoint', { EndpointName: name })
    return {
      status: found.EndpointStatus ?? 'Unknown',
      config: found.EndpointConfigName ?? '',
      pending: found.PendingDeploymentSummary?.EndpointConfigName,
      arn: found.EndpointArn ?? '',
      isAsync: found.AsyncInferenceConfig !== undefined,
      reason: found.FailureReason,
    }
  } catch (error) {
    if (error instanceof CloudError && isNoEndpoint(error)) return undefined
    throw error
  }
}

function isNoEndpoint({ code, message }: CloudError): boolean {
  return code === 'ResourceNotFound' || /could not find endpoint/i.test(message)
}

/** In these states an endpoint is on its way to another one. */
const ON_ITS_WAY: readonly string[] = ['Creating', 'Updating', 'SystemUpdating', 'RollingBack']

/**
 * Waits until an endpoint serves a configuration.
 * @throws CloudError with AWS's reason where it failed or was rolled back
 */
export async function awaitEndpoint(
  { aws, pollMs }: Account,
  name: string,
  config: string,
  line: StatusLine,
): Promise<void> {
  for (;;) {
    const found = await findEndpoint(aws, name)
    if (!found) throw new CloudError('', `the endpoint ${name} is gone`)
    line.show(found.status)
    if (!ON_ITS_WAY.includes(found.status)) {
      checkServes(name, found, config)
      return
    }
    await pause(pollMs)
  }
}

function checkServes(
  name: string,
  { status, config, reason }: EndpointState,
  wanted: string,
): void {
  if (status === 'InService' && config === wanted) return
  const why = (reason ?? 'AWS gives no reason; see its log in CloudWatch')
    .replace(/\s+/g, ' ')
    .trim()
  const hint = /health check|ping/i.test(why)
    ? '; shapserve doctor MODEL says what it would find'
    : ''
  throw new CloudError(
    'Failed',
    status === 'InService'
      ? `the endpoint ${name} was rolled back to ${config}: ${why}${hint}`
      : `the endpoint ${name} is ${status}: ${why}${hint}`,
  )
}

/** One that has failed may be so for as many questions more, before it is on its way. */
const PATIENCE = 12

/** Waits until an endpoint is deleted. @throws CloudError */
export async function awaitGone({ aws, pollMs }: Account, name: string): Promise<void> {
  let isDeleting = false
  for (let asked = 0; ; asked++) {
    const found = await findEndpoint(aws, name)
    if (!found) return
    isDeleting ||= found.status === 'Deleting'
    if (found.status === 'Failed' && (isDeleting || asked >= PATIENCE))
      throw new CloudError(
        'Failed',
        `the endpoint ${name} cannot be deleted: ${found.reason ?? 'no reason is given'}`,
      )
    await pause(pollMs)
  }
}
