/** The flags of `train` as hyperparameters of a job: what the container reads back is what was typed. */
import { InputError } from '../../../errors.ts'
import type { TrainingFlags } from '../../training/training-flags.ts'
import { decodeHyperparameter } from '../hyperparameters.ts'

/** Longest value, and most of them, that SageMaker takes. */
const MAX_VALUE = 2500
const MOST = 100

/** The flags of a training job, those of `train` that say what is done on this machine left out. */
export type JobTrainingFlags = Omit<
  TrainingFlags,
  'modelDir' | 'force' | 'json' | 'quiet' | 'validation' | 'background' | 'plan'
> & {
  readonly cv?: string
  readonly cvRepeats?: string
}

type Source = (flags: JobTrainingFlags) => string | readonly string[] | undefined

/** Hyperparameters in the order in which they are shown, each with the flag that it comes from. */
const sources: Readonly<Record<string, Source>> = {
  estimator: ({ estimator }) => estimator,
  engine: ({ engine }) => engine,
  target: ({ target }) => target,
  header: ({ header }) => (header ? 'present' : 'numbered'),
  positive: ({ positive }) => positive,
  bins: ({ bins }) => bins,
  weight: ({ weight }) => weight,
  numeric: ({ numeric }) => numeric,
  ordinal: ({ ordinal }) => ordinal,
  nominal: ({ nominal }) => nominal,
  indicator: ({ indicator }) => indicator,
  merge: ({ merge }) => merge,
  id: ({ id }) => id,
  drop: ({ drop }) => drop,
  missing_values: ({ missingValues }) => missingValues,
  treat_as_missing: ({ treatAsMissing }) => treatAsMissing,
  number_format: ({ numberFormat }) => numberFormat,
  date_format: ({ dateFormat }) => dateFormat,
  cyclic: ({ cyclic }) => cyclic,
  delimiter: ({ delimiter }) => delimiter,
  encoding: ({ encoding }) => encoding,
  skip_rows: ({ skipRows }) => skipRows,
  test_size: ({ testSize }) => testSize,
  seed: ({ seed }) => seed,
  drop_missing_label: ({ dropMissingLabel }) => (dropMissingLabel ? 'true' : undefined),
  mistakes: ({ mistakes }) => (mistakes ? undefined : 'false'),
  cv: ({ cv }) => cv,
  cv_repeats: ({ cvRepeats }) => cvRepeats,
}

/**
 * Returns the hyperparameters that say what flags say.
 * @param plan a column plan's JSON
 * @param params the estimator's own parameters, by name
 * @throws InputError `invalid_parameter` for more than SageMaker takes
 */
export function hyperparametersOf(
  flags: JobTrainingFlags,
  plan: string | undefined,
  params: Iterable<readonly [string, unknown]>,
): Record<string, string> {
  const said = Object.entries(sources).flatMap(([name, read]): [string, string][] => {
    const value = read(flags)
    return value === undefined ? [] : [[name, encodeHyperparameter(value)]]
  })
  const planned: [string, string][] = plan === undefined ? [] : [['plan', compact(plan)]]
  const own = [...params].map(([name, value]): [string, string] => [
    name,
    encodeHyperparameter(String(value)),
  ])
  const all = [...said, ...planned, ...own]
  for (const [name, value] of all) {
    if (value.length <= MAX_VALUE) continue
    throw new InputError(
      'invalid_parameter',
      `${name} takes ${value.length} characters as a hyperparameter, of which SageMaker takes ${MAX_VALUE}`,
    )
  }
  if (all.length > MOST)
    throw new InputError(
      'invalid_parameter',
      `there are ${all.length} hyperparameters, of which SageMaker takes ${MOST}`,
    )
  return Object.fromEntries(all)
}

/** JSON on one line: a value is one. */
function compact(json: string): string {
  return JSON.stringify(JSON.parse(json))
}

/**
 * Returns a text as a hyperparameter that is read back as this text, or several as a JSON list. What would be read as
 * something else, such as a column called `null` or `[1]`, stands in quotes.
 */
export function encodeHyperparameter(value: string | readonly string[]): string {
  if (typeof value !== 'string') {
    const [only] = value
    return value.length === 1 && only !== undefined
      ? encodeHyperparameter(only)
      : JSON.stringify(value)
  }
  const isPlain = decodeHyperparameter(value) === value && !/[\p{Cc}\u2028\u2029]/u.test(value)
  // A switch is read as one.
  return isPlain || /^(true|false)$/.test(value) ? value : JSON.stringify(value)
}
