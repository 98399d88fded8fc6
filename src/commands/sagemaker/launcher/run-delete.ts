/** Deletes what deploy made for an endpoint, found by its tags. */
import { addToStandardOutput } from '../../output/standard-streams.ts'
import { createOutput, type Output } from '../../terminal.ts'
import { awaitGone, findEndpoint } from './await-endpoint.ts'
import type { Aws } from './aws.ts'
import { type Account, type AccountFlags, readAccount } from './launch-flags.ts'
import { ENDPOINT_TAG, MADE_BY, readResourceName } from './names.ts'
import { describeSteps, type Step } from './operations.ts'
import { CloudError } from './refusal.ts'
import { untilSignal } from './until-signal.ts'

export interface DeleteFlags extends AccountFlags {
  readonly force?: true
}

interface Found {
  readonly name: string
  readonly arn: string
}

/**
 * Deletes an endpoint, then its configurations and models. With `--dry-run` AWS is asked what there is, and nothing is
 * deleted.
 * @throws InputError, CloudError where there is nothing, or for an endpoint that deploy did not make
 */
export async function runDelete(given: string, flags: DeleteFlags): Promise<void> {
  const account = readAccount(flags)
  const { aws } = account
  const name = readResourceName('ENDPOINT', given)
  const steps = await stepsFor(aws, name, flags.force === true)
  if (steps.length === 0)
    throw new CloudError('', `there is no endpoint ${name}, nor anything that deploy made for it`)
  if (account.isDryRun) {
    addToStandardOutput(describeSteps(steps))
    return
  }
  const output = createOutput({ quiet: false })
  const removeAll = async () => {
    for (const step of steps) await remove(account, step, output)
  }
  await untilSignal(
    removeAll(),
    () => 'what is not deleted yet stays: the same command goes on with it',
  )
}

async function stepsFor(aws: Aws, name: string, isForced: boolean): Promise<Step[]> {
  const endpoint = await findEndpoint(aws, name)
  if (endpoint && !isForced && !(await isOurs(aws, endpoint.arn, name)))
    throw new CloudError(
      '',
      `the endpoint ${name} was not made by shapserve sagemaker deploy; --force deletes it all the same`,
    )
  const models = await ours(aws, name, await listModels(aws, name))
  const configs = await ours(aws, name, await listConfigs(aws, name))
  const foreign = endpoint && isForced && !configs.some(({ name }) => name === endpoint.config)
  const configNames = [...(foreign ? [endpoint.config] : []), ...configs.map(({ name }) => name)]
  return [
    ...(endpoint
      ? [{ operation: 'sagemaker:DeleteEndpoint' as const, input: { EndpointName: name } }]
      : []),
    ...configNames.map((EndpointConfigName) => ({
      operation: 'sagemaker:DeleteEndpointConfig' as const,
      input: { EndpointConfigName },
    })),
    ...models.map(({ name: ModelName }) => ({
      operation: 'sagemaker:DeleteModel' as const,
      input: { ModelName },
    })),
  ]
}

async function remove(account: Account, step: Step, output: Output): Promise<void> {
  const { aws } = account
  if (step.operation === 'sagemaker:DeleteEndpoint') {
    await aws.send(step.operation, step.input)
    // Its configuration is in use as long as it is there.
    await awaitGone(account, step.input.EndpointName as string)
    output.note(`deleted   endpoint ${step.input.EndpointName}`)
  }
  if (step.operation === 'sagemaker:DeleteEndpointConfig') {
    await aws.send(step.operation, step.input)
    output.note(`deleted   endpoint configuration ${step.input.EndpointConfigName}`)
  }
  if (step.operation === 'sagemaker:DeleteModel') {
    await aws.send(step.operation, step.input)
    output.note(`deleted   model ${step.input.ModelName}`)
  }
}

async function ours(aws: Aws, endpoint: string, found: readonly Found[]): Promise<Found[]> {
  const kept: Found[] = []
  for (const one of found) if (await isOurs(aws, one.arn, endpoint)) kept.push(one)
  return kept
}

async function isOurs(aws: Aws, arn: string, endpoint: string): Promise<boolean> {
  const { Tags: tags = [] } = await aws.send('sagemaker:ListTags', { ResourceArn: arn })
  const has = (key: string | undefined, value: string | undefined) =>
    tags.some(({ Key, Value }) => Key === key && Value === value)
  return has(MADE_BY.Key, MADE_BY.Value) && has(ENDPOINT_TAG, endpoint)
}

/** What deploy makes is called by its endpoint, as far as there is room. */
function beginningOf(endpoint: string): string {
  return endpoint.slice(0, 50).replace(/-+$/, '')
}

async function listModels(aws: Aws, endpoint: string): Promise<Found[]> {
  const found: Found[] = []
  let NextToken: string | undefined
  do {
    const page = await aws.send('sagemaker:ListModels', {
      NameContains: beginningOf(endpoint),
      ...(NextToken === undefined ? {} : { NextToken }),
    })
    for (const { ModelName, ModelArn } of page.Models ?? [])
      found.push({ name: ModelName as string, arn: ModelArn as string })
    NextToken = page.NextToken
  } while (NextToken)
  return found
}

async function listConfigs(aws: Aws, endpoint: string): Promise<Found[]> {
  const found: Found[] = []
  let NextToken: string | undefined
  do {
    const page = await aws.send('sagemaker:ListEndpointConfigs', {
      NameContains: beginningOf(endpoint),
      ...(NextToken === undefined ? {} : { NextToken }),
    })
    for (const { EndpointConfigName, EndpointConfigArn } of page.EndpointConfigs ?? [])
      found.push({ name: EndpointConfigName as string, arn: EndpointConfigArn as string })
    NextToken = page.NextToken
  } while (NextToken)
  return found
}
