/** Builds an image and pushes it to ECR. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { InputError, quote, quotePath } from '../../../errors.ts'
import { VERSION } from '../../../version.ts'
import { addToStandardOutput } from '../../output/standard-streams.ts'
import { createOutput, type Output } from '../../terminal.ts'
import type { Aws } from './aws.ts'
import {
  type BuilderCall,
  type BuilderName,
  builderNames,
  builderSettings,
  callsOf,
  stageForSageMaker,
} from './builders.ts'
import { type AccountFlags, readAccount } from './launch-flags.ts'
import { MADE_BY } from './names.ts'
import { CloudError } from './refusal.ts'

export interface PushFlags extends AccountFlags {
  readonly repository: string
  readonly imageTag?: string
  readonly image?: string
  readonly builder?: BuilderName
  readonly platform: string
  readonly json?: true
}

/**
 * Builds and pushes, and tells the address of the image.
 * @throws InputError `invalid_option`, CloudError where no builder is there or one fails
 */
export async function runPush(directory: string, flags: PushFlags): Promise<void> {
  const account = readAccount(flags)
  const { image: local, platform } = flags
  const repository = readRepository(flags.repository)
  const tag = readTag(flags.imageTag ?? VERSION)
  if (!/^linux\/(amd64|arm64)$/.test(platform))
    throw new InputError(
      'invalid_option',
      `--platform is ${quote(platform)}, expected linux/amd64 or linux/arm64`,
    )
  const stage = local === undefined ? stageForSageMaker(await readDockerfile(directory)) : undefined
  const builder = flags.builder ?? findBuilder()
  const push = { directory, platform, local, stage }
  if (account.isDryRun) {
    const registry = 'ACCOUNT.dkr.ecr.REGION.amazonaws.com'
    describePush(builder, repository, {
      ...push,
      registry,
      target: `${registry}/${repository}:${tag}`,
    })
    return
  }
  const output = createOutput({ quiet: false })
  const { registry, password } = await logIn(account.aws)
  await ensureRepository(account.aws, repository, output)
  const target = `${registry}/${repository}:${tag}`
  await callAll(builder, callsOf(builder, { ...push, registry, target }), password, output)
  output.note(`image     ${target}`)
  output.note(`next      export SHAPSERVE_IMAGE=${target}`)
  if (flags.json) output.result(`${JSON.stringify({ image: target })}\n`)
}

/** @throws InputError */
async function readDockerfile(directory: string): Promise<string> {
  try {
    return await readFile(join(directory, 'Dockerfile'), 'utf8')
  } catch {
    throw new InputError(
      'invalid_file',
      `there is no Dockerfile in ${quotePath(directory)}; name the directory of shapserve's sources, or an image with --image`,
    )
  }
}

function describePush(
  builder: BuilderName,
  repository: string,
  push: Parameters<typeof callsOf>[1],
): void {
  const asked = [
    { service: 'ecr', action: 'GetAuthorizationToken', input: {} },
    { service: 'ecr', action: 'CreateRepository', input: repositoryInput(repository) },
  ]
  const calls = callsOf(builder, push).map(({ args }) => ({ command: [builder, ...args] }))
  addToStandardOutput(`${JSON.stringify([...asked, ...calls], null, 2)}\n`)
}

function readRepository(name: string): string {
  if (/^[a-z0-9]+([._/-][a-z0-9]+)*$/.test(name) && name.length <= 256) return name
  throw new InputError(
    'invalid_option',
    `--repository is ${quote(name)}, expected a name in lower case, such as team/shapserve`,
  )
}

function readTag(tag: string): string {
  if (/^\w[\w.-]{0,127}$/.test(tag)) return tag
  throw new InputError('invalid_option', `--image-tag is ${quote(tag)}, expected a tag such as 1.0`)
}

/** @throws CloudError */
function findBuilder(): BuilderName {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const found = builderNames.find((name) =>
    folders.some((folder) => existsSync(join(folder, name))),
  )
  if (found) return found
  throw new CloudError(
    '',
    `there is none of ${builderNames.join(', ')} to build the image with; install one of them`,
  )
}

/** @throws CloudError */
async function logIn(aws: Aws): Promise<{ readonly registry: string; readonly password: string }> {
  const { authorizationData: [data] = [] } = await aws.send('ecr:GetAuthorizationToken', {})
  const token = Buffer.from(data?.authorizationToken ?? '', 'base64').toString()
  const registry = (data?.proxyEndpoint ?? '').replace(/^https?:\/\//, '')
  const at = token.indexOf(':')
  if (at < 0 || registry === '') throw new CloudError('', 'ECR gives no token to log in with')
  return { registry, password: token.slice(at + 1) }
}

function repositoryInput(repositoryName: string) {
  return {
    repositoryName,
    imageScanningConfiguration: { scanOnPush: true },
    tags: [{ Key: MADE_BY.Key as string, Value: MADE_BY.Value as string }],
  }
}

async function ensureRepository(aws: Aws, name: string, output: Output): Promise<void> {
  try {
    await aws.send('ecr:CreateRepository', repositoryInput(name))
    output.note(`registry  ${name} is new`)
  } catch (error) {
    if (!(error instanceof CloudError) || error.code !== 'RepositoryAlreadyExistsException')
      throw error
  }
}

async function callAll(
  builder: BuilderName,
  calls: readonly BuilderCall[],
  password: string,
  output: Output,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'shapserve-'))
  // Podman and buildah keep logins there; docker would look for its plug-ins in such a place too.
  const env = {
    ...process.env,
    ...builderSettings,
    REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
  }
  const run = async ({ args, takesPassword }: BuilderCall) => {
    output.note(`run       ${[builder, ...args].join(' ')}`)
    await call(builder, args, env, takesPassword ? password : undefined)
  }
  try {
    for (const one of calls) if (!one.isLast) await run(one)
  } finally {
    for (const one of calls) if (one.isLast) await run(one)
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a builder prints goes to standard error: results alone stand on standard output. */
async function call(
  builder: BuilderName,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input: string | undefined,
): Promise<void> {
  const child = spawn(builder, args, { env, stdio: ['pipe', process.stderr, process.stderr] })
  // It may end before it has read its input.
  child.stdin?.on('error', () => {})
  child.stdin?.end(input ?? '')
  const [status] = (await once(child, 'close').catch((error) => {
    throw new CloudError(
      '',
      `${builder} cannot be started: ${(error as NodeJS.ErrnoException).code}`,
    )
  })) as [number | null]
  if (status !== 0)
    throw new CloudError(
      '',
      `${builder} ${args[0]} failed with status ${status ?? 'unknown'}; what it says stands above`,
    )
}
