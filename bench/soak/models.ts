/** The models that the soak serves, trained by the built command: three columns of numbers, two classes. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom } from '../../src/data/random.ts'

const estimators = {
  logistic: ['--estimator', 'logistic_regression'],
  forest: [
    ...['--estimator', 'random_forest', '--set', 'n_estimators=24', '--set', 'max_depth=11'],
    ...['--set', 'n_jobs=1'],
  ],
} as const

/** Trains a model below a directory and returns where it is. */
export function trainModel(
  cli: string,
  directory: string,
  estimator: keyof typeof estimators,
): string {
  const random = createRandom(1)
  const lines = Array.from({ length: 2000 }, () => {
    const row = [0, 0, 0].map(() => Math.round(random.uniform() * 800) / 100)
    const [a = 0, b = 0, c = 0] = row
    return [...row, a * b - 3 * c + 8 * random.uniform() > 10 ? 1 : 0].join(',')
  })
  const file = join(directory, 'rows.csv')
  writeFileSync(file, `f1,f2,f3,label\n${lines.join('\n')}\n`)
  const model = join(directory, estimator)
  const numeric = ['f1', 'f2', 'f3'].flatMap((name) => ['--numeric', name])
  const args = ['train', file, '--target', 'label', '--model-dir', model, '--quiet', ...numeric]
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args, ...estimators[estimator]], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the model could not be trained: ${stderr}`)
  return model
}
