/** Trains on a file as the command does. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { runTraining } from '../../../src/commands/training/run-training.ts'
import type { TrainRequest } from '../../../src/commands/training/train-request.ts'
import type { Estimator } from '../../../src/estimators/estimator.ts'
import { logisticRegression } from '../../../src/estimators/native/logistic-regression.ts'
import { parseParams } from '../../../src/estimators/params.ts'
import { readModelDirectory } from '../../../src/model-directory/read.ts'
import type { readPlan } from '../../../src/preprocess/plan.ts'

export type Told = Partial<Omit<TrainRequest, 'source' | 'modelDir' | 'params'>> & {
  readonly params?: Readonly<Record<string, unknown>>
}

/** Trains a tree on a file and returns what is told of it; without an end of its own, as the command does. */
export async function trainOn(
  t: Test,
  text: string | Uint8Array,
  { params = {}, ...told }: Told = {},
) {
  const base = t.testdir()
  const file = join(base, 'train.csv')
  const modelDir = join(base, 'model')
  await writeFile(file, text)
  await runTraining({
    source: { files: [file] },
    header: 'present',
    target: 'y',
    roles: new Map(),
    estimator: 'decision_tree',
    engine: 'mljs',
    params: new Map(Object.entries(params)),
    modelDir,
    testSize: 0.2,
    seed: 0,
    dropMissingLabel: false,
    mistakes: true,
    json: false,
    quiet: true,
    ...told,
  })
  const { artifact } = await readModelDirectory(modelDir)
  return { artifact, warnings: artifact.training.warnings, modelDir }
}

/** Rows with a number that tells little, more columns, and the label. */
export function table(
  columns: Readonly<Record<string, (row: number) => string | number>>,
  rows = 60,
  label: (row: number) => string | number = (row) => ((row * 7) % 5) % 2,
): string {
  const lines = Array.from({ length: rows }, (_, row) =>
    [(row * 13) % 17, ...Object.values(columns).map((cell) => cell(row)), label(row)].join(','),
  )
  return `${['n', ...Object.keys(columns), 'y'].join(',')}\n${lines.join('\n')}\n`
}

/** How rows are parted and labelled where no command does it. */
export const options = { testSize: 0.25, seed: 3, dropMissingLabel: false, warn() {} }

/** Settings of a fit with the default parameters, which shows and checks nothing. */
export function settings(
  plan: ReturnType<typeof readPlan>,
  estimator: Estimator = logisticRegression,
) {
  return {
    plan,
    estimator,
    params: parseParams(estimator.params, new Map()),
    seed: 0,
    keep: [],
    progress: async () => {},
    warn() {},
  }
}
