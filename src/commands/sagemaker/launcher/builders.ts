/** Programs that build and push images: how each is called. Pure. */

/** One call of a builder. */
export interface BuilderCall {
  readonly args: readonly string[]
  /** Whether the password of the registry is its standard input: on a command line everybody would see it. */
  readonly takesPassword?: true
  /** Whether it is called when another call has failed, too. */
  readonly isLast?: true
}

/** What is built, and where it goes. */
export interface ImagePush {
  readonly directory: string
  /** Address in the registry, with its tag. */
  readonly target: string
  readonly registry: string
  readonly platform: string
  /** An image that is there already. */
  readonly local?: string
  /** Stage of the Dockerfile that is built, instead of its last. */
  readonly stage?: string
}

interface Builder {
  /** SageMaker wants a manifest of Docker's. */
  readonly build: readonly string[]
  /** Whether it keeps its logins in a file of our choice; otherwise it is logged out again. */
  readonly hasOwnLogin: boolean
}

const builders = {
  docker: { build: ['build'], hasOwnLogin: false },
  podman: { build: ['build', '--format', 'docker'], hasOwnLogin: true },
  buildah: { build: ['build', '--format', 'docker'], hasOwnLogin: true },
} as const satisfies Readonly<Record<string, Builder>>

/** What builders are told by their environment: attestations make an index of an image, which SageMaker does not read. */
export const builderSettings = { BUILDX_NO_DEFAULT_ATTESTATIONS: '1' } as const

export type BuilderName = keyof typeof builders

/** In the order in which they are looked for. */
export const builderNames = Object.keys(builders) as BuilderName[]

/** Returns the calls that build an image, or name the one that is there, and push it. */
export function callsOf(name: BuilderName, push: ImagePush): BuilderCall[] {
  const { build, hasOwnLogin } = builders[name]
  const { directory, target, registry, platform, local, stage } = push
  const format = name === 'docker' ? [] : ['--format', 'v2s2']
  return [
    local === undefined
      ? {
          args: [
            ...build,
            ...(stage === undefined ? [] : ['--target', stage]),
            ...['--platform', platform, '--tag', target, directory],
          ],
        }
      : { args: ['tag', local, target] },
    {
      args: ['login', '--username', 'AWS', '--password-stdin', registry],
      takesPassword: true,
    },
    { args: ['push', ...format, target] },
    ...(hasOwnLogin ? [] : [{ args: ['logout', registry], isLast: true as const }]),
  ]
}

const STAGE = 'sagemaker'

/** Returns the stage of a Dockerfile that is meant for SageMaker; undefined where it has only one way to be built. */
export function stageForSageMaker(dockerfile: string): string | undefined {
  return new RegExp(`^FROM\\s.*\\sAS\\s+${STAGE}\\s*$`, 'im').test(dockerfile) ? STAGE : undefined
}
