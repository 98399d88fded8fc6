/** What the flags of `train` and `tune` ask for. */
import { InputError, quote } from '../../errors.ts'
import { parsePlan } from '../../preprocess/plan.ts'
import { MOST_BINS } from '../../preprocess/target-bins.ts'
import { readInputFile } from '../../tables/read-tables.ts'
import { engineNames, estimatorNames } from '../../training/choose-estimator.ts'
import { readReading } from '../reading-flags.ts'
import { readName, readNumber, readSeed, readWhole } from '../setting-values.ts'
import { readOnce, readRoleFlags } from './read-role-flags.ts'
import { columnsAsTexts, readWrittenSettings } from './read-written-flags.ts'
import type { TrainRequest } from './train-request.ts'
import type { TrainingFlags } from './training-flags.ts'

/**
 * Returns the training that files and flags ask for.
 * @throws InputError for a value that cannot be used, or a plan beside flags that say what a plan says
 */
export async function readRequest(
  files: readonly string[],
  flags: TrainingFlags,
): Promise<TrainRequest> {
  const roles = readRoleFlags(flags)
  const plan =
    flags.plan === undefined ? undefined : parsePlan((await readInputFile(flags.plan)).toString())
  if (plan && roles.size + (flags.merge ?? []).length > 0)
    throw new InputError(
      'invalid_plan',
      'a plan already says what every column is; leave out the column flags',
    )
  const written = readWrittenSettings(flags)
  if (plan && written)
    throw new InputError(
      'invalid_plan',
      'a plan already says how columns are written; leave out the flags for it',
    )
  const { validation, background } = flags
  const reading = readReading(flags)
  return {
    source: { files, reading, texts: columnsAsTexts(written, plan) },
    validation: validation && { files: validation, reading },
    background: background === undefined ? undefined : { files: [background], reading },
    header: flags.header === false ? 'numbered' : 'present',
    target: flags.target,
    positive: flags.positive,
    bins: flags.bins === undefined ? undefined : readWhole('--bins', flags.bins, 2, MOST_BINS),
    weight: flags.weight,
    plan,
    roles,
    merge: flags.merge,
    estimator: readName('--estimator', flags.estimator, estimatorNames),
    engine: readName('--engine', flags.engine, engineNames),
    written,
    params: readOnce(
      (flags.set ?? []).map(splitSetting).map(([name, value]) => [name, value, value]),
      'parameter',
    ),
    modelDir: flags.modelDir,
    destination: flags.force ? 'in_place_of_others' : 'alone',
    testSize: readNumber('--test-size', flags.testSize ?? (validation ? 0 : 0.2), 0, 0.99),
    seed: readSeed(flags.seed),
    dropMissingLabel: flags.dropMissingLabel === true,
    mistakes: flags.mistakes,
    labels: flags.labels,
    json: flags.json === true,
    quiet: flags.quiet === true || flags.json === true,
  }
}

function splitSetting(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new InputError('invalid_parameter', `--set takes name=value, not ${quote(text)}`)
}
