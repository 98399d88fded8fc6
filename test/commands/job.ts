/** Training jobs in an /opt/ml of their own. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import type { Finished } from '../command.ts'
import { shapserveHere } from '../command-here.ts'
import { sampleRows } from '../conformance/generate.ts'

/** A training job's files, and its command. */
export interface Job {
  readonly base: string
  /** Runs the bare word `train`, one job at a time. */
  readonly train: (env?: Readonly<Record<string, string>>) => Promise<Finished>
  readonly read: (path: string) => Promise<string>
  readonly failure: () => Promise<string>
}

/** Contents by path; objects become JSON. */
export type Files = Readonly<Record<string, string | Uint8Array | object>>

/** Lays out a job's files below a directory that stands for /opt/ml. */
export async function layOut(t: Test, files: Files): Promise<Job> {
  const base = t.testdir()
  for (const [path, content] of Object.entries(files)) {
    const target = join(base, path)
    await mkdir(dirname(target), { recursive: true })
    const isText = typeof content === 'string' || content instanceof Uint8Array
    await writeFile(target, isText ? content : JSON.stringify(content))
  }
  const read = (path: string) => readFile(join(base, path), 'utf8')
  return {
    base,
    train: (env = {}) => shapserveHere(['train'], { env: { SAGEMAKER_BASE_DIR: base, ...env } }),
    read,
    failure: () => read('output/failure').catch(() => ''),
  }
}

/** Where SageMaker puts a job's settings. */
export const hyperparameters = 'input/config/hyperparameters.json'
export const inputDataConfig = 'input/config/inputdataconfig.json'
/** The fastest training. */
export const tree = { [hyperparameters]: { algorithm: 'decision_tree' } }

/** Rows of 3 numbers with the label first, the label being what the names say. */
export function csv(
  rows: number,
  options: { from?: number; labels?: readonly string[] } = {},
): string {
  const { from = 0, labels = ['0', '1'] } = options
  return sampleRows(from + rows, 3)
    .slice(from)
    .map(({ values, level }) => [labels[level > 0.5 ? 1 : 0], ...values].join(','))
    .join('\n')
}

/** What makes a table of `csv` one with a header. */
export const header = 'outcome,a,b,c\n'

/** Returns the metric lines, as a metric definition's regular expression finds them. */
export function metricsOf(stdout: string): Record<string, number> {
  const found = stdout.matchAll(/^([a-z]+:[a-z_0-9]+)=([0-9.eE+-]+);$/gm)
  return Object.fromEntries([...found].map(([, name, value]) => [name as string, Number(value)]))
}

/** Names of the lines that a channel gives, in order of the alphabet. */
const printed = ['accuracy', 'auc', 'balanced_accuracy', 'brier', 'f1', 'log_loss', 'pr_auc']
export const [validationNames, testNames, cvNames] = ['validation', 'test', 'cv'].map((channel) =>
  printed.map((name) => `${channel}:${name}`),
) as [string[], string[], string[]]
