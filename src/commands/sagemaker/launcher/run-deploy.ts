/** Deploys: uploads, creates model, configuration and endpoint, or updates it, and waits; what failed is taken back. */

import { InputError } from '../../../errors.ts'
import { readPublicKey } from '../../../model-directory/keys.ts'
import { addToStandardOutput } from '../../output/standard-streams.ts'
import { createOutput, type Output } from '../../terminal.ts'
import { awaitEndpoint, type EndpointState, findEndpoint } from './await-endpoint.ts'
import type { DeployFlags } from './deploy-flags.ts'
import { type DeploymentRequests, deploymentRequests, readDeployment } from './deployment.ts'
import { type Account, accountOf, readAccount, readResources } from './launch-flags.ts'
import { createMade, type Made } from './made.ts'
import { planModel, planModels } from './model-archives.ts'
import { below, ENDPOINT_TAG, readResourceName, slugOf } from './names.ts'
import { describeSteps, type Step } from './operations.ts'
import { CloudError } from './refusal.ts'
import { showingStatus } from './status-line.ts'
import { bucketSteps, putStep, uploadAll } from './storage.ts'
import { untilSignal } from './until-signal.ts'

/**
 * Puts models behind an endpoint.
 * @throws InputError, ArtifactError for a model that is refused, CloudError, StoppedWaiting
 */
export async function runDeploy(models: readonly string[], flags: DeployFlags): Promise<void> {
  const account = readAccount(flags)
  const settings = readDeployment(flags)
  if (models.length > 1 && !settings.isMultiModel)
    throw new InputError('invalid_option', 'several models share an endpoint by --multi-model only')
  const endpoint = readResourceName(
    '--endpoint-name',
    flags.endpointName ?? `shapserve-${slugOf(models[0] as string) || 'model'}`,
  )
  const tag = { Key: ENDPOINT_TAG, Value: endpoint }
  const resources = await readResources(flags, account.aws, [tag])
  const key = flags.publicKey ? await readPublicKey(flags.publicKey) : undefined
  const place = below(resources.place, endpoint)
  const planned = settings.isMultiModel
    ? await planModels(models, below(place, 'models'), key)
    : await planModel(models[0] as string, place, key)
  const puts = planned.uploads.map((upload) => putStep(resources, upload.place, upload.body))
  const again = flags.again ? new Date().toISOString() : undefined
  const modelData = planned.uri
  const requests = deploymentRequests({ endpoint, resources, modelData, settings, again })
  if (account.isDryRun) {
    addToStandardOutput(
      describeSteps([
        ...(puts.length > 0 ? bucketSteps(resources) : []),
        ...puts,
        ...stepsOf(requests),
      ]),
    )
    return
  }
  const output = createOutput({ quiet: false })
  try {
    const found = await findEndpoint(account.aws, endpoint)
    checkReady(found, requests, flags)
    await untilSignal(uploadAll(account.aws, resources, puts, output), () => 'nothing was deployed')
    await bringAbout(account, requests, found, flags, output)
    if (flags.json) output.result(`${JSON.stringify(resultOf(requests, modelData))}\n`)
  } finally {
    output.close()
  }
}

function stepsOf({ model, config, create, update }: DeploymentRequests): Step[] {
  return [
    { operation: 'sagemaker:CreateModel', input: model },
    { operation: 'sagemaker:CreateEndpointConfig', input: config },
    { operation: 'sagemaker:CreateEndpoint', input: create, when: 'there is no such endpoint' },
    { operation: 'sagemaker:UpdateEndpoint', input: update, when: 'the endpoint is in service' },
  ]
}

function resultOf({ model, config, create }: DeploymentRequests, modelData: string) {
  return {
    endpoint: create.EndpointName,
    config: config.EndpointConfigName,
    model: model.ModelName,
    model_data: modelData,
  }
}

/** @throws CloudError for an endpoint that takes no update now */
function checkReady(
  found: EndpointState | undefined,
  { config, create }: DeploymentRequests,
  flags: DeployFlags,
): void {
  if (!found || found.status === 'InService') return
  const wanted = config.EndpointConfigName
  if (found.status === 'Creating' && found.config === wanted) return
  if (found.status === 'Updating' && found.pending === wanted) return
  const name = create.EndpointName
  const advice =
    found.status === 'Failed'
      ? `shapserve sagemaker delete ${name}${accountOf(flags)} removes it; then deploy again`
      : 'try again when it is InService'
  const why = found.status === 'Failed' && found.reason ? `: ${oneLineOf(found.reason)}` : ''
  throw new CloudError('', `the endpoint ${name} is ${found.status}${why}; ${advice}`)
}

function oneLineOf(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/\.$/, '')
}

async function bringAbout(
  account: Account,
  requests: DeploymentRequests,
  found: EndpointState | undefined,
  flags: DeployFlags,
  output: Output,
): Promise<void> {
  const { aws } = account
  const { model, config, create, update } = requests
  const name = create.EndpointName as string
  const wanted = config.EndpointConfigName as string
  if (found?.config === wanted && found.status === 'InService') {
    output.note(`endpoint  ${name} has it already; --again deploys it once more`)
    return
  }
  const made = createMade(account)
  const make = async () => {
    try {
      await made.model(model)
      await made.config(config)
      if (found) await aws.send('sagemaker:UpdateEndpoint', update)
      else await made.endpoint(create)
      output.note(`endpoint  ${name} ${found ? 'is updated' : 'is new'}   ${wanted}`)
    } catch (error) {
      await takeBack(made, output)
      throw error
    }
  }
  if (found?.config !== wanted && found?.pending !== wanted)
    await untilSignal(
      make(),
      () =>
        `how far the endpoint ${name} is made is not known: the same command goes on with it, shapserve sagemaker delete ${name}${accountOf(flags)} removes what is there`,
    )
  if (!flags.wait) return
  const goesOn = () =>
    `the endpoint ${name} goes on being made: the same command follows it, shapserve sagemaker delete ${name}${accountOf(flags)} removes it`
  try {
    await showingStatus(output, (line) =>
      untilSignal(awaitEndpoint(account, name, wanted, line), goesOn),
    )
  } catch (error) {
    // That it cannot be asked for a moment is no reason to remove it.
    if (error instanceof CloudError && error.code === 'Failed') await takeBack(made, output)
    throw error
  }
  if (found && found.config !== wanted)
    output.note(
      `kept      ${found.config}, what was before; sagemaker delete removes it with the rest`,
    )
  output.note(`next      shapserve sagemaker predict ${name} FILE${accountOf(flags)}`)
}

async function takeBack(made: Made, output: Output): Promise<void> {
  const left = await made.takeBack()
  if (left.length === 0) return
  output.warn(
    `left over: ${left.join(', ')}; remove it in the console, or by aws sagemaker delete-…`,
  )
}
