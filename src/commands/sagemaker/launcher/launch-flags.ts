/** The flags that the launcher's commands have in common: one table per theme. */
import { type Command, Option } from 'commander'
import { flagWith, InputError, quote } from '../../../errors.ts'
import { readNumber } from '../../setting-values.ts'
import { collect } from '../../shared-flags.ts'
import { type Aws, type Connection, connect, type Tag } from './aws.ts'
import {
  defaultPlace,
  type Role,
  readImage,
  readRole,
  readS3,
  readTags,
  type S3Place,
} from './names.ts'

/** Who asks whom, and how it is told. */
export interface AccountFlags {
  readonly region?: string
  readonly profile?: string
  readonly endpointUrl?: string
  readonly dryRun?: true
  readonly pollSeconds: string
}

/** What a job or a model runs in, and where its files lie. */
export interface ResourceFlags extends AccountFlags {
  readonly image?: string
  readonly role?: string
  readonly output?: string
  readonly tag?: readonly string[]
  readonly kmsKey?: string
  readonly subnet?: readonly string[]
  readonly securityGroup?: readonly string[]
}

const repeated = (form: string, help: string) => new Option(form, help).argParser(collect)

const accountFlags = () => [
  new Option('--region <name>', 'AWS region (default: AWS_REGION, or that of the profile)'),
  new Option('--profile <name>', "profile in AWS's own files (default: AWS_PROFILE)"),
  new Option('--endpoint-url <url>', 'address of all services, for private endpoints'),
  new Option('--dry-run', 'print the requests as JSON and send nothing'),
  new Option('--poll-seconds <number>', 'seconds between two questions how far it is').default('5'),
]

const resourceFlags = () => [
  new Option('--image <uri>', 'image of shapserve in ECR, as sagemaker push prints it').env(
    'SHAPSERVE_IMAGE',
  ),
  new Option('--role <arn>', 'role that SageMaker works as').env('SHAPSERVE_ROLE'),
  new Option(
    '--output <s3>',
    's3://BUCKET/PREFIX of everything that is uploaded and written (default: shapserve/ in the bucket sagemaker-REGION-ACCOUNT)',
  ),
  repeated('--tag <key=value>', 'tag of what is made; may be repeated'),
  new Option('--kms-key <id>', 'key for what is stored in S3 and on volumes'),
  repeated('--subnet <id>', 'subnet to run in; may be repeated, needs --security-group'),
  repeated('--security-group <id>', 'security group to run in; may be repeated'),
]

/** Adds the flags that say who asks. */
export function addAccountFlags(command: Command): Command {
  for (const option of accountFlags()) command.addOption(option)
  return command
}

/** Adds the flags that say what runs where. */
export function addResourceFlags(command: Command): Command {
  for (const option of resourceFlags()) command.addOption(option)
  return addAccountFlags(command)
}

/** A connection, and how it is asked. */
export interface Account {
  readonly aws: Aws
  readonly isDryRun: boolean
  readonly pollMs: number
}

/** @throws InputError `invalid_option`, `invalid_parameter` */
export function readAccount(flags: AccountFlags): Account {
  const { region, profile, endpointUrl } = flags
  if (region !== undefined && !/^[a-z]{2,6}(-[a-z]+)+-\d{1,2}$/.test(region))
    throw new InputError(
      'invalid_option',
      `--region is ${quote(region)}, expected a name such as eu-central-1`,
    )
  if (endpointUrl !== undefined && !/^https?:\/\/[^\s@]+$/.test(endpointUrl))
    throw new InputError(
      'invalid_option',
      `--endpoint-url is ${quote(endpointUrl)}, expected https://HOST`,
    )
  const connection: Connection = { region, profile, endpointUrl }
  return {
    aws: connect(connection),
    isDryRun: flags.dryRun === true,
    pollMs: 1000 * readNumber('--poll-seconds', flags.pollSeconds, 0.01, 3600),
  }
}

/**
 * Checks what stands beside `--attach`, which follows a job that runs already.
 * @param argument what is named without a flag, as the message calls it; undefined where nothing is
 * @throws InputError `invalid_option`
 */
export function checkAttached(
  flags: AccountFlags & { readonly wait: boolean },
  argument: string | undefined,
): void {
  const stranger = argument ?? (flags.wait ? flags.dryRun && '--dry-run' : '--no-wait')
  if (stranger !== undefined)
    throw new InputError(
      'invalid_option',
      `--attach follows a job that runs; it takes no ${stranger}`,
    )
}

/** Returns the flags that lead another command to the same account, each behind a blank, as a shell reads them. */
export function accountOf({ region, profile, endpointUrl }: AccountFlags): string {
  const flags = { '--region': region, '--profile': profile, '--endpoint-url': endpointUrl }
  return Object.entries(flags)
    .map(([flag, value]) => (value === undefined ? '' : ` ${flagWith(flag, value)}`))
    .join('')
}

/** What runs in which image, by which role, and where its files lie. */
export interface Resources {
  readonly image: string
  readonly role: Role
  readonly region: string
  readonly place: S3Place
  /** Whether nobody named the place: its bucket is made where it is missing. */
  readonly isDefaultPlace: boolean
  readonly tags: readonly Tag[]
  readonly kmsKey?: string
  readonly network?: { readonly Subnets: string[]; readonly SecurityGroupIds: string[] }
}

/**
 * Returns what the flags say.
 * @param more tags besides
 * @throws InputError `invalid_option`; CloudError where no region is known
 */
export async function readResources(
  flags: ResourceFlags,
  aws: Aws,
  more: readonly Tag[] = [],
): Promise<Resources> {
  const image = readImage(required('--image', flags.image, 'SHAPSERVE_IMAGE'))
  const role = readRole(required('--role', flags.role, 'SHAPSERVE_ROLE'))
  const tags = readTags(flags.tag, more)
  const network = readNetwork(flags)
  const place = flags.output === undefined ? undefined : readS3('--output', flags.output)
  const region = await aws.region()
  return {
    image,
    role,
    region,
    place: place ?? defaultPlace(region, role.account),
    isDefaultPlace: place === undefined,
    tags,
    kmsKey: flags.kmsKey,
    network,
  }
}

function required(flag: string, value: string | undefined, variable: string): string {
  if (value) return value
  throw new InputError(
    'invalid_option',
    `${flag} is needed; ${variable} in the environment says it for all commands`,
  )
}

function readNetwork({ subnet, securityGroup }: ResourceFlags): Resources['network'] {
  if (subnet === undefined && securityGroup === undefined) return undefined
  if (subnet && securityGroup) return { Subnets: [...subnet], SecurityGroupIds: [...securityGroup] }
  throw new InputError(
    'invalid_option',
    `a network takes --subnet and --security-group; ${subnet ? '--security-group' : '--subnet'} is missing`,
  )
}
