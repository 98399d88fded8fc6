/** What `sagemaker deploy` asks for, and the requests for it. Pure. */
import { createHash } from 'node:crypto'
import { InputError, quote } from '../../../errors.ts'
import { readName, readNumber, readWhole } from '../../setting-values.ts'
import type {
  CreateEndpointConfigRequest,
  CreateEndpointRequest,
  CreateModelRequest,
  DeploymentConfig,
  ProductionVariant,
  ProductionVariantInstanceType,
  UpdateEndpointRequest,
} from './aws.ts'
import { type DeployFlags, trafficKinds } from './deploy-flags.ts'
import type { Resources } from './launch-flags.ts'
import { readInstance } from './machine-flags.ts'
import { below, s3Uri } from './names.ts'

const VARIANT = 'AllTraffic'

/** An endpoint as it shall be. */
export interface Deployment {
  readonly endpoint: string
  readonly resources: Resources
  /** Address of model.tar.gz, or of the folder of many. */
  readonly modelData: string
  readonly settings: DeploySettings
  /** What makes another revision of the same; absent = nothing. */
  readonly again?: string
}

/** The requests for an endpoint; those of an endpoint that is not there, and of one that is. */
export interface DeploymentRequests {
  readonly model: CreateModelRequest
  readonly config: CreateEndpointConfigRequest
  readonly create: CreateEndpointRequest
  readonly update: UpdateEndpointRequest
}

/** What flags say of an endpoint, besides its model. */
export type DeploySettings = ReturnType<typeof readDeployment>

/** Flags that need another one, and flags that exclude each other, with the reason. */
const needs: readonly (readonly [keyof DeployFlags, readonly (keyof DeployFlags)[]])[] = [
  ['memory', ['serverless']],
  ['provisioned', ['serverless']],
  ['maxConcurrency', ['serverless', 'async']],
  ['capturePercent', ['capture']],
  ['stepSize', ['traffic']],
  ['stepWait', ['traffic']],
]
const apart: readonly (readonly [keyof DeployFlags, keyof DeployFlags])[] = [
  ['serverless', 'async'],
  ['serverless', 'multiModel'],
  ['serverless', 'capture'],
  ['serverless', 'instance'],
  ['serverless', 'count'],
  ['serverless', 'traffic'],
  ['serverless', 'alarm'],
  ['serverless', 'subnet'],
  ['async', 'multiModel'],
]

/**
 * Returns what the flags say.
 * @throws InputError `invalid_option`, `invalid_parameter` for a value, or for flags that do not go together
 */
export function readDeployment(flags: DeployFlags) {
  for (const [name, others] of needs)
    if (flags[name] !== undefined && others.every((other) => flags[other] === undefined))
      throw new InputError(
        'invalid_option',
        `${flagOf(name)} is for ${others.map(flagOf).join(' or ')}; add it, or leave out ${flagOf(name)}`,
      )
  for (const [name, other] of apart)
    if (flags[name] !== undefined && flags[other] !== undefined)
      throw new InputError(
        'invalid_option',
        `SageMaker has no ${flagOf(name)} with ${flagOf(other)}; leave one of them out`,
      )
  const { serverless, async: isAsync, capture, multiModel } = flags
  return {
    isMultiModel: multiModel === true,
    instance: readInstance(flags.instance ?? 'ml.m5.large'),
    count: readWhole('--count', flags.count ?? 1, 1, 1000),
    serverless: serverless && {
      memory: readMemory(flags.memory ?? '2048'),
      concurrency: readWhole('--max-concurrency', flags.maxConcurrency ?? 5, 1, 200),
      provisioned:
        flags.provisioned === undefined
          ? undefined
          : readWhole('--provisioned', flags.provisioned, 1, 200),
    },
    async: isAsync && {
      concurrency:
        flags.maxConcurrency === undefined
          ? undefined
          : readWhole('--max-concurrency', flags.maxConcurrency, 1, 1000),
    },
    capturePercent: capture
      ? readWhole('--capture-percent', flags.capturePercent ?? 100, 0, 100)
      : undefined,
    environment: readEnvironment(flags.env),
    rollout: serverless ? undefined : readRollout(flags),
  }
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

function readMemory(text: string): number {
  const memory = readWhole('--memory', text, 1024, 6144)
  if (memory % 1024 === 0) return memory
  throw new InputError(
    'invalid_parameter',
    `--memory is ${quote(text)}, expected a multiple of 1024`,
  )
}

/** @throws InputError `invalid_option` */
export function readEnvironment(given: readonly string[] = []): Record<string, string> {
  const pairs = given.map((text): [string, string] => {
    const [, name, value] = /^([A-Za-z_]\w{0,1023})=([\s\S]{0,1024})$/.exec(text) ?? []
    // What is given may be a secret: its name is enough.
    if (name === undefined || value === undefined)
      throw new InputError(
        'invalid_option',
        `--env takes NAME=value, not ${quote(text.split('=')[0])}…`,
      )
    return [name, value]
  })
  if (pairs.length > 100)
    throw new InputError('invalid_option', `SageMaker takes 100 --env, there are ${pairs.length}`)
  return Object.fromEntries(pairs)
}

/** How an update goes: all at once, or in steps, and which alarms take it back. */
function readRollout({ traffic, stepSize, stepWait, alarm }: DeployFlags): DeploymentConfig {
  const kind = readName('--traffic', traffic ?? 'all-at-once', trafficKinds)
  const wait = readWhole('--step-wait', stepWait ?? 300, 0, 3600)
  const most = kind === 'canary' || kind === 'linear' ? 50 : 100
  const size = {
    Type: 'CAPACITY_PERCENT' as const,
    Value: readNumber('--step-size', stepSize ?? 10, 1, most),
  }
  const routing = {
    'all-at-once': { Type: 'ALL_AT_ONCE' as const, WaitIntervalInSeconds: wait },
    canary: { Type: 'CANARY' as const, WaitIntervalInSeconds: wait, CanarySize: size },
    linear: { Type: 'LINEAR' as const, WaitIntervalInSeconds: wait, LinearStepSize: size },
  }
  return {
    BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: routing[kind] },
    ...(alarm
      ? { AutoRollbackConfiguration: { Alarms: alarm.map((AlarmName) => ({ AlarmName })) } }
      : {}),
  }
}

/**
 * Returns the requests for a deployment. Model and configuration are called by the endpoint and by what they say, so
 * that the same deployment is the same resources.
 */
export function deploymentRequests(deployment: Deployment): DeploymentRequests {
  const { endpoint, resources, modelData, settings, again } = deployment
  const { image, role, network, tags } = resources
  const container: CreateModelRequest['PrimaryContainer'] = {
    Image: image,
    Mode: settings.isMultiModel ? 'MultiModel' : 'SingleModel',
    ModelDataUrl: modelData,
    Environment: settings.environment,
  }
  const what = {
    PrimaryContainer: container,
    ExecutionRoleArn: role.arn,
    ...(network === undefined ? {} : { VpcConfig: network }),
  }
  const modelName = nameOf(endpoint, [what, again])
  const served = configParts(deployment, modelName)
  const configName = nameOf(endpoint, [modelName, served])
  return {
    model: { ModelName: modelName, ...what, Tags: [...tags] },
    config: { EndpointConfigName: configName, ...served, Tags: [...tags] },
    create: { EndpointName: endpoint, EndpointConfigName: configName, Tags: [...tags] },
    update: {
      EndpointName: endpoint,
      EndpointConfigName: configName,
      ...(settings.rollout ? { DeploymentConfig: settings.rollout } : {}),
    },
  }
}

/** Digits of a name that say what it is the name of. */
const DIGITS = 12

function nameOf(endpoint: string, what: unknown): string {
  const digest = createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, DIGITS)
  return `${endpoint.slice(0, 62 - DIGITS).replace(/-+$/, '')}-${digest}`
}

function configParts({ endpoint, resources, settings }: Deployment, modelName: string) {
  const { place, kmsKey } = resources
  const { serverless, async: isAsync, capturePercent } = settings
  return {
    ProductionVariants: [variantOf(settings, modelName)],
    ...(isAsync
      ? {
          AsyncInferenceConfig: {
            OutputConfig: {
              S3OutputPath: s3Uri(below(place, endpoint, 'async', 'answers')),
              S3FailurePath: s3Uri(below(place, endpoint, 'async', 'failures')),
              ...(kmsKey === undefined ? {} : { KmsKeyId: kmsKey }),
            },
            ...(isAsync.concurrency === undefined
              ? {}
              : {
                  ClientConfig: { MaxConcurrentInvocationsPerInstance: isAsync.concurrency },
                }),
          },
        }
      : {}),
    ...(capturePercent === undefined
      ? {}
      : {
          DataCaptureConfig: {
            EnableCapture: true,
            InitialSamplingPercentage: capturePercent,
            DestinationS3Uri: s3Uri(below(place, endpoint, 'capture')),
            ...(kmsKey === undefined ? {} : { KmsKeyId: kmsKey }),
            CaptureOptions: [{ CaptureMode: 'Input' }, { CaptureMode: 'Output' }],
            CaptureContentTypeHeader: {
              CsvContentTypes: ['text/csv'],
              JsonContentTypes: ['application/json', 'application/jsonlines'],
            },
          },
        }),
    // A serverless endpoint has no disk of its own.
    ...(kmsKey === undefined || serverless ? {} : { KmsKeyId: kmsKey }),
  } satisfies Partial<CreateEndpointConfigRequest>
}

function variantOf(
  { serverless, instance, count }: DeploySettings,
  modelName: string,
): ProductionVariant {
  const named = { VariantName: VARIANT, ModelName: modelName }
  if (!serverless)
    return {
      ...named,
      InstanceType: instance as ProductionVariantInstanceType,
      InitialInstanceCount: count,
      InitialVariantWeight: 1,
    }
  const { memory, concurrency, provisioned } = serverless
  return {
    ...named,
    InitialVariantWeight: 1,
    ServerlessConfig: {
      MemorySizeInMB: memory,
      MaxConcurrency: concurrency,
      ...(provisioned === undefined ? {} : { ProvisionedConcurrency: provisioned }),
    },
  }
}
