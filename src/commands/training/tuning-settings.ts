/** Settings of cross-validation and search, as flags and hyperparameters give them. */

import { InputError } from '../../errors.ts'
import { type MetricName, metricNames } from '../../evaluation/metric-names.ts'
import { searchMethods } from '../../training/tuning/tune.ts'
import { readName, readWhole } from '../setting-values.ts'
import type { TrainRequest } from './train-request.ts'

const names = Object.keys(metricNames) as MetricName[]

/**
 * Returns how to cross-validate; undefined when no number of folds is given.
 * @throws InputError `invalid_parameter`
 */
export function readFolds(
  folds: unknown,
  repeats: unknown,
): TrainRequest['crossValidation'] | undefined {
  if (folds === undefined) {
    if (repeats === undefined) return undefined
    throw new InputError(
      'invalid_parameter',
      'cv_repeats says how often; cv must say how many folds',
    )
  }
  return {
    folds: readWhole('cv', folds, 2, 1000),
    repeats: readWhole('cv_repeats', repeats ?? 1, 1, 1000),
  }
}

/**
 * Returns how to search parameters.
 * @throws InputError `invalid_parameter`
 */
export function readTuning(given: {
  readonly trials: unknown
  readonly folds: unknown
  readonly search: unknown
  readonly metric?: unknown
}): NonNullable<TrainRequest['tuning']> {
  return {
    trials: readWhole('trials', given.trials, 1, 10_000),
    folds: readWhole('folds', given.folds ?? 5, 2, 1000),
    method: readName('search', given.search ?? 'halving', searchMethods),
    metric: given.metric === undefined ? undefined : readName('metric', given.metric, names),
  }
}
