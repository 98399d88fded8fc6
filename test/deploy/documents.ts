/** The files of `deploy/` and the Dockerfile as data, and the settings that a container of them has. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { parse } from 'yaml'
import { declareServe, flagsByKey } from '../../src/commands/serve.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import { root } from '../command.ts'
import type { Container, PodSpec } from './pod-security.ts'

/** A container of the server, as far as the tests look at it. */
export interface ServerContainer extends Container {
  readonly image: string
  readonly args: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value: string }[]
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>
    readonly limits: Readonly<Record<string, string>>
  }
  readonly startupProbe?: Probe
  readonly readinessProbe: Probe
  readonly livenessProbe?: Probe
}

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string | number }
}

/** A pod of the server. */
export interface ServerPod extends PodSpec {
  readonly containers: readonly [ServerContainer]
  readonly automountServiceAccountToken?: boolean
  readonly enableServiceLinks?: boolean
  readonly terminationGracePeriodSeconds?: number
}

// biome-ignore lint/suspicious/noExplicitAny: documents of many kinds, whose schemas test/clients checks
export type Document = any

export const kubernetesFiles = list('deploy/kubernetes')
const kserveFiles = list('deploy/kserve')

/** All files of manifests by their path. */
export const documents: ReadonlyMap<string, Document> = new Map(
  [...kubernetesFiles, ...kserveFiles, 'deploy/compose.yaml'].map((path) => [
    path,
    parse(read(path)),
  ]),
)

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function list(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `${folder}/${name}`)
    .sort()
}

/** Returns the document of a kind. */
export function ofKind(kind: string): Document {
  return [...documents.values()].find((document) => document.kind === kind)
}

/** The pods of the server by what makes them; what KServe adds to its own is not in them. */
export const pods: Readonly<Record<string, ServerPod>> = {
  Deployment: ofKind('Deployment').spec.template.spec,
  ClusterServingRuntime: {
    ...ofKind('InferenceService').spec.predictor,
    ...ofKind('ClusterServingRuntime').spec,
  },
  explainer: ofKind('InferenceService').spec.explainer,
}

const dockerfile = read('Dockerfile')

/** Variables of the stage that both images have, and those of SageMaker's. */
export const imageEnv = envOf('runtime')
export const sageMakerEnv = envOf('sagemaker')

/** The instructions of a stage, each in one line. */
export function stage(name: string): string[] {
  const text = dockerfile.split(/^(?=FROM )/m).find((part) => part.includes(` AS ${name}\n`)) ?? ''
  return text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '')
}

function envOf(name: string): Readonly<Record<string, string>> {
  const lines = stage(name).filter((line) => line.startsWith('ENV '))
  const pairs = lines.flatMap((line) => line.slice('ENV '.length).split(' '))
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2)))
}

/** Returns the settings of a container by the real flags and variables; throws for one that there is not. */
export function configOf(args: readonly string[], env: Readonly<Record<string, string>>): Config {
  const program = new Command()
  declareServe(program)
  const [serve] = program.commands as [Command]
  // Read, not run: whoever runs the command has its hooks before it.
  const [name, ...given] = args
  if (name !== serve.name()) throw new Error(`there is no command ${name}`)
  const { operands, unknown } = serve.parseOptions(given)
  if (operands.length > 0 || unknown.length > 0)
    throw new Error(`unknown option ${[...operands, ...unknown].join(' ')}`)
  return loadConfig({ ...imageEnv, ...env }, flagsByKey(serve.opts()))
}

/** Returns the variables of a container. */
export function envOfContainer({ env = [] }: ServerContainer): Record<string, string> {
  return Object.fromEntries(env.map(({ name, value }) => [name, value]))
}

/** Returns the arguments of a container as KServe fills them in for a service. */
export function argsOf({ args }: ServerContainer, service = 'titanic'): string[] {
  return args.map((arg) => arg.replaceAll('{{.Name}}', service))
}

/** Pods of jobs that the documents show, by the document. */
export const shownJobs: readonly (readonly [string, PodSpec & ServerPod])[] = [
  'docs/kubernetes.md',
  'docs/monitoring.md',
].flatMap((path) =>
  [...read(path).matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map(([, block]) => parse(block as string))
    .filter(({ kind }) => kind === 'Job' || kind === 'CronJob')
    .map(({ spec }) => [path, (spec.jobTemplate?.spec ?? spec).template.spec] as const),
)
