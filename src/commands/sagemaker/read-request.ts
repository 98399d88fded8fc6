/** SageMaker's bare `train`: what its files ask for. */
import { existsSync } from 'node:fs'
import type { Env } from '../../config.ts'
import { InputError, quote } from '../../errors.ts'
import type { Role } from '../../preprocess/guess-role.ts'
import { parsePlan, readPlan } from '../../preprocess/plan.ts'
import { MOST_BINS } from '../../preprocess/target-bins.ts'
import {
  checkParams,
  DEFAULT_ENGINE,
  DEFAULT_ESTIMATOR,
  engineNames,
  estimatorNames,
} from '../../training/choose-estimator.ts'
import { readReading } from '../reading-flags.ts'
import { readName, readNumber, readSeed, readWhole } from '../setting-values.ts'
import { readRoleFlags, roleFlags } from '../training/read-role-flags.ts'
import { columnsAsTexts, readWrittenSettings } from '../training/read-written-flags.ts'
import type { TrainRequest } from '../training/train-request.ts'
import { readFolds, readTuning } from '../training/tuning-settings.ts'
import { findChannels } from './channels.ts'
import { sageMakerPaths } from './directories.ts'
import { decodeHyperparameter, decodeName, readHyperparameters } from './hyperparameters.ts'
import { checkMachines } from './machines.ts'

/**
 * Returns what SageMaker's files ask for.
 * @throws InputError naming everything wrong in the hyperparameters
 */
export async function readSageMakerRequest(env: Env): Promise<TrainRequest> {
  const paths = sageMakerPaths(env)
  await checkMachines(paths.resourceConfig)
  const given = await readHyperparameters(paths.hyperparameters, env)
  const { testSize, plan, header, written, reading, ...settings } = await readSettings(given)
  if (plan !== undefined && written)
    throw new InputError(
      'invalid_plan',
      'a plan already says how columns are written, and hyperparameters say it again',
    )
  if (plan !== undefined && settings.roles.size + (settings.merge ?? []).length > 0)
    throw new InputError(
      'invalid_plan',
      'a plan already says what every column is, and hyperparameters say it again',
    )
  const { train, validation, test, unused } = await findChannels(paths)
  const read =
    plan === undefined ? undefined : typeof plan === 'string' ? parsePlan(plan) : readPlan(plan)
  const hasNames = settings.target !== undefined || plan !== undefined
  return {
    ...settings,
    source: { ...train, reading, texts: columnsAsTexts(written, read) },
    validation: validation && { ...validation, reading },
    test: test && { ...test, reading },
    header: header ?? (hasNames ? 'present' : 'assumed_absent'),
    plan: read,
    written,
    modelDir: paths.model,
    destination: 'beside_others',
    testSize: testSize ?? (validation ? 0 : 0.2),
    json: false,
    quiet: false,
    sageMaker: {
      outputData: paths.outputData,
      notes: [
        ...unused.map((name) => `the channel ${quote(name)} is not used`),
        ...(existsSync(paths.checkpointConfig)
          ? ['checkpoints are not used: a training begins anew after an interruption']
          : []),
      ],
    },
  }
}

async function readSettings(given: ReadonlyMap<string, unknown>) {
  const rest = new Map(given)
  const problems: string[] = []
  const take = (name: string) => {
    const value = rest.get(name)
    rest.delete(name)
    return value
  }
  const note = (error: unknown) => {
    if (!(error instanceof InputError)) throw error
    problems.push(error.message)
    return undefined
  }
  const attempt = <T>(parse: () => T): T | undefined => {
    try {
      return parse()
    } catch (error) {
      return note(error)
    }
  }
  /** A setting that is None counts as not given, as Python's clients mean it. */
  const read = <T>(value: unknown, parse: (value: unknown) => T): T | undefined => {
    const decoded = decodeHyperparameter(value) ?? undefined
    return decoded === undefined ? undefined : attempt(() => parse(decoded))
  }
  const target = decodeName(take('target'))
  const weight = decodeName(take('weight'))
  const positive = decodeName(take('positive'))
  const bins = read(take('bins'), (value) => readWhole('bins', value, 2, MOST_BINS))
  const plan = read(take('plan'), (value) => value)
  const header = read(take('header'), (value) =>
    readName('header', value, ['present', 'absent', 'numbered'] as const),
  )
  const testSize = read(take('test_size'), (value) => readNumber('test_size', value, 0, 0.99))
  const seed = read(take('seed'), readSeed) ?? 0
  const dropMissingLabel = read(take('drop_missing_label'), readFlag('drop_missing_label')) ?? false
  const mistakes = read(take('mistakes'), readFlag('mistakes')) ?? true
  const [cv, cvRepeats] = [take('cv'), take('cv_repeats')].map(
    (value) => decodeHyperparameter(value) ?? undefined,
  )
  const crossValidation = attempt(() => readFolds(cv, cvRepeats))
  const [trials, folds, search, metric] = ['trials', 'folds', 'search', 'metric'].map(
    (name) => decodeHyperparameter(take(name)) ?? undefined,
  )
  const tuning =
    trials === undefined ? undefined : attempt(() => readTuning({ trials, folds, search, metric }))
  const list = (name: string) =>
    read(take(name), (value) => (Array.isArray(value) ? value : [value]).map(String))
  const said = {
    missingValues: read(take('missing_values'), String),
    treatAsMissing: list('treat_as_missing'),
    numberFormat: list('number_format'),
    dateFormat: list('date_format'),
    cyclic: list('cyclic'),
  }
  const written = attempt(() => readWrittenSettings(said))
  const names = (name: string) => {
    const value = take(name)
    const decoded = decodeHyperparameter(value)
    return Array.isArray(decoded) ? decoded.map(String) : (decodeName(value) ?? undefined)
  }
  const columns = Object.fromEntries(
    roleFlags.map((role) => [role, [names(role) ?? []].flat()] as const),
  )
  const roles = attempt(() => readRoleFlags(columns)) ?? new Map<string, Role>()
  const merge = names('merge')
  const reading = attempt(() =>
    readReading({
      delimiter: decodeName(take('delimiter')) ?? undefined,
      encoding: decodeName(take('encoding')) ?? undefined,
      skipRows: decodeName(take('skip_rows')) ?? undefined,
    }),
  )
  const engine =
    read(take('engine'), (value) => readName('engine', value, engineNames)) ?? DEFAULT_ENGINE
  const [named, alias] = [take('estimator'), take('algorithm')]
  const known = read(named ?? alias ?? DEFAULT_ESTIMATOR, (value) =>
    readName('estimator', value, estimatorNames),
  )
  const estimator = known ?? DEFAULT_ESTIMATOR
  const params = new Map([...rest].map(([name, value]) => [name, decodeHyperparameter(value)]))
  // Without a known estimator every parameter would be reported as unknown.
  if (known) await checkParams({ engine, estimator }, params).catch(note)
  if (problems.length > 0)
    throw new InputError('invalid_parameter', `hyperparameters: ${problems.join('; ')}`)
  return {
    target: target ?? undefined,
    weight: weight ?? undefined,
    positive: positive ?? undefined,
    bins,
    plan,
    roles,
    merge: merge === undefined ? undefined : [merge].flat(),
    written,
    reading,
    header,
    testSize,
    seed,
    dropMissingLabel,
    mistakes,
    crossValidation,
    tuning,
    engine,
    estimator,
    params,
  }
}

function readFlag(name: string): (value: unknown) => boolean {
  return (value) => {
    if (typeof value === 'boolean') return value
    throw new InputError('invalid_parameter', `${name} is ${quote(value)}, expected true or false`)
  }
}
