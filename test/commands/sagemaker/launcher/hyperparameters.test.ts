/** Flags become hyperparameters: the container reads what `train` would have read here. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import fc from 'fast-check'
import t from 'tap'
import {
  encodeHyperparameter,
  hyperparametersOf,
  type JobTrainingFlags,
} from '../../../../src/commands/sagemaker/launcher/hyperparameters-of-flags.ts'
import { declareLaunchTrain } from '../../../../src/commands/sagemaker/launcher/launch-train.ts'
import { planTraining } from '../../../../src/commands/sagemaker/launcher/plan-training.ts'
import type { LaunchTrainFlags } from '../../../../src/commands/sagemaker/launcher/train-flags.ts'
import { readSageMakerRequest } from '../../../../src/commands/sagemaker/read-request.ts'
import { readRequest } from '../../../../src/commands/training/read-training-flags.ts'
import type { TrainRequest } from '../../../../src/commands/training/train-request.ts'
import { addTrainingFlags } from '../../../../src/commands/training/training-flags.ts'
import { readFolds } from '../../../../src/commands/training/tuning-settings.ts'
import { root } from '../../../command.ts'
import { flagsOf } from './flags.ts'

const base = t.testdir({
  input: { config: {}, data: { train: { 'a.jsonl': '{"x":1,"y":2}\n' } } },
  'table.csv': 'x,y\n1,2\n3,4\n',
})
/** Its columns are seen by the training only. */
const file = join(base, 'input/data/train/a.jsonl')
const place = { bucket: 'b-b', key: 'k' }

/** What must be the same, in a form that can be compared. */
function told(request: TrainRequest) {
  const { target, positive, bins, weight, merge, estimator, engine, seed, testSize } = request
  const { header, plan, dropMissingLabel, mistakes, crossValidation, written, source } = request
  return {
    ...{ target, positive, bins, weight, estimator, engine, seed, testSize, header, plan },
    ...{ dropMissingLabel, mistakes, crossValidation, written, merge: merge ?? [] },
    reading: { ...source.reading },
    texts: source.texts,
    roles: [...request.roles].sort(),
    params: [...request.params].map(([name, value]) => [name, String(value)]),
  }
}

/** Returns what the container reads of the hyperparameters of flags, and what `train` reads of the flags. */
async function bothWays(args: readonly string[]) {
  const flags = flagsOf<LaunchTrainFlags>(declareLaunchTrain, [file, ...args])
  const { hyperparameters } = await planTraining(flags.files, flags, place)
  await mkdir(join(base, 'input/config'), { recursive: true })
  await writeFile(join(base, 'input/config/hyperparameters.json'), JSON.stringify(hyperparameters))
  const here = await readRequest(flags.files, flags)
  const crossValidation = readFolds(flags.cv, flags.cvRepeats)
  const there = await readSageMakerRequest({ SAGEMAKER_BASE_DIR: base })
  return { here: told({ ...here, crossValidation }), there: told(there), hyperparameters }
}

const cases: [what: string, args: string[]][] = [
  ['the least', ['--target', 'y']],
  ['another estimator', ['--target', 'y', '--estimator', 'logistic_regression', '--set', 'C=0.5']],
  ['parameters', ['--target', 'y', '--set', 'max_depth=none', '--set', 'oob_score=true']],
  ['roles', ['--target', 'y', '--id', 'a', '--drop', 'null', '--drop', '[1]', '--numeric', 'True']],
  ['an order', ['--target', 'y', '--ordinal', 'size=small,medium,large']],
  ['merged spellings', ['--target', 'y', '--merge', 'a', '--merge', 'b', '--merge', '1']],
  [
    'written',
    [
      ...['--target', 'y', '--missing-values', '-,?', '--treat-as-missing', '-999'],
      ...['--number-format', 'price=1.234,5', '--date-format', 'day=DMY'],
    ],
  ],
  ['reading', ['--target', 'y', '--delimiter', '\t', '--encoding', 'latin1', '--skip-rows', '2']],
  ['a blank that separates', ['--target', 'y', '--delimiter', ' ']],
  ['no header', ['--target', 'c1', '--no-header']],
  ['seed and share', ['--target', 'y', '--seed', '7', '--test-size', '0.3']],
  ['folds', ['--target', 'y', '--cv', '5', '--cv-repeats', '2']],
  ['label', ['--target', 'y', '--drop-missing-label', '--positive', 'None', '--weight', 'w']],
  ['no rows', ['--target', 'y', '--no-mistakes']],
  ['bins', ['--target', 'y', '--bins', '4']],
  ['a plan', ['--plan', join(root, 'data/titanic.plan.json')]],
]
for (const [what, args] of cases) {
  t.test(what, async (t) => {
    const { here, there, hyperparameters } = await bothWays(args)
    t.same(there, here)
    for (const value of Object.values(hyperparameters)) t.match(value, /^.{0,2500}$/)
  })
}

t.test('any name of a column arrives as it is', async (t) => {
  const awkward = fc.constantFrom(
    'null',
    'None',
    'true',
    'TRUE',
    '1',
    '1.0',
    '[1]',
    '"a"',
    '{}',
    ' a',
    'a\nb',
    'é',
  )
  const name = fc.oneof(awkward, fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }))
  await fc.assert(
    fc.asyncProperty(
      name,
      fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
      async (target, ids) => {
        const args = [`--target=${target}`, ...ids.map((id) => `--id=${id}`)]
        const { here, there } = await bothWays(args)
        t.same(there, here)
      },
    ),
    { numRuns: 40 },
  )
})

t.test('what SageMaker has no room for is refused', async (t) => {
  const flags = flagsOf<LaunchTrainFlags>(declareLaunchTrain, [file, '--target', 'y'])
  t.throws(() => hyperparametersOf({ ...flags, target: 'y'.repeat(2501) }, undefined, []), {
    message: 'target takes 2501 characters as a hyperparameter, of which SageMaker takes 2500',
  })
  const many = Array.from({ length: 100 }, (_, i): [string, string] => [`p${i}`, '1'])
  t.throws(() => hyperparametersOf(flags, undefined, many), { code: 'invalid_parameter' })
  t.equal(encodeHyperparameter(['a', 'b']), '["a","b"]')
  t.equal(encodeHyperparameter('null'), '"null"')
})

t.test('no flag of train is lost on the way', (t) => {
  // What is said by channels, by the plan and by parameters, what is refused, and what is of this machine.
  const others = 'validation plan set background labels modelDir force json quiet config'.split(' ')
  const nothing = hyperparametersOf({} as JobTrainingFlags, undefined, [])
  for (const option of addTrainingFlags(new Command()).options) {
    const name = option.attributeName()
    if (others.includes(name)) continue
    const given = { [name]: name === 'header' ? true : 'x' } as unknown as JobTrainingFlags
    t.notSame(hyperparametersOf(given, undefined, []), nothing, option.flags)
  }
  t.end()
})

t.test('what train refuses before it reads a row is refused before an upload', async (t) => {
  const refused: [args: string[], message: RegExp][] = [
    [['--target', 'z'], /^the table has no column "z"$/],
    [['--target', 'y', '--drop', 'xx'], /^the table has no column "xx"; did you mean "x"\?$/],
    [[], /which column is to be predicted/],
    [['--target', 'y', '--set', 'n_estimator=5'], /n_estimator/],
    [['--target', 'y', '--estimator', 'forest'], /--estimator is "forest"/],
    [['--target', 'y', '--background', file], /--background has no channel/],
    [['--target', 'y', '--labels', file], /--labels has no channel/],
    [['--target', 'y', '--cv', '1'], /cv is "1"/],
    [['--target', 'y', '--validation', join(base, 'none.csv')], /none\.csv" does not exist/],
  ]
  const table = join(base, 'table.csv')
  for (const [args, message] of refused) {
    const flags = flagsOf<LaunchTrainFlags>(declareLaunchTrain, [table, ...args])
    await t.rejects(planTraining(flags.files, flags, place), { message }, args.join(' '))
  }
  const absent = flagsOf<LaunchTrainFlags>(declareLaunchTrain, [
    join(base, 'b.csv'),
    '--target',
    'y',
  ])
  await t.rejects(planTraining(absent.files, absent, place), { code: 'invalid_file' })
  const folder = flagsOf<LaunchTrainFlags>(declareLaunchTrain, [base, '--target', 'y'])
  await t.rejects(planTraining(folder.files, folder, place), { code: 'invalid_file' })
})
