/** Searches an estimator's parameters, then trains with the best through `train`. */
import type { DataFrame } from '../../data/frame.ts'
import { inTurns } from '../../data/steps.ts'
import type { SearchSpace } from '../../estimators/search-space.ts'
import { isLoss, type MetricName } from '../../evaluation/metric-names.ts'
import { planBooleans } from '../../preprocess/booleans.ts'
import type { ColumnPlan } from '../../preprocess/plan.ts'
import { applyWrittenSteps } from '../../preprocess/written/apply-written.ts'
import { checkHeedsWeights, loadEstimator } from '../choose-estimator.ts'
import { labelTable } from '../labelled-table.ts'
import { keptColumns, train } from '../train.ts'
import type { TrainOptions } from '../train-options.ts'
import type { TrainReport } from '../train-report.ts'
import { type ParameterSearch, type SearchOptions, searchParams } from './parameter-search.ts'

export { searchMethods } from './parameter-search.ts'

export interface TuneOptions
  extends TrainOptions,
    Pick<SearchOptions, 'trials' | 'folds' | 'method' | 'onScore'> {
  /** What is searched for; absent: ROC AUC of two classes, otherwise log loss. */
  readonly metric?: MetricName
  /** Whether to end the final training early; `shouldStop` ends the search. */
  readonly shouldStopFinal?: () => boolean
}

export interface TuneReport extends TrainReport {
  readonly search: ParameterSearch
}

/**
 * Searches parameters on the training rows and trains the best on all of them; rows held out for testing take no part
 * in the search. The same table, plan, options and seed give the same artifact, byte for byte.
 * @throws InputError for a table, plan or option that cannot be used, or when no trial can be scored
 */
export async function tune(
  raw: DataFrame,
  given: ColumnPlan,
  options: TuneOptions,
): Promise<TuneReport> {
  const table = await inTurns(applyWrittenSteps(raw, given.written), options.pause)
  const plan = planBooleans(given, table)
  const { shouldStop, shouldStopFinal, onSplit, ...training } = options
  const estimator = await loadEstimator(options)
  // What there is to warn of, the training will warn of.
  checkHeedsWeights(plan, estimator, options)
  const data = labelTable(table, plan, { ...options, warn: () => {} })
  onSplit?.(data.split.train.length, data.split.test.length)
  const search = await searchParams(
    data,
    {
      ...options,
      metric: options.metric ?? (data.classes.length === 2 ? 'roc_auc' : 'log_loss'),
      fixed: options.params,
      space: estimator.searchSpace,
    },
    {
      plan,
      estimator,
      seed: options.seed,
      keep: keptColumns(data.frame, plan, options),
      progress: options.progress,
      shouldStop,
      threads: options.threads,
      warn: options.warn,
    },
  )
  const report = await train(raw, plan, {
    ...training,
    params: search.ranking[0]?.given ?? options.params,
    shouldStop: shouldStopFinal,
    tuning: {
      trials: writeSearch(search, estimator.searchSpace, options.seed),
      interrupted: search.interrupted,
      crossValidation: search.crossValidation,
    },
  })
  return { ...report, search }
}

/** Returns a search as it is written to trials.json. */
function writeSearch(
  search: ParameterSearch,
  space: SearchSpace,
  seed: number,
): Record<string, unknown> {
  const { metric, method, folds, resource, rungs, ranking, interrupted } = search
  return {
    metric,
    goal: isLoss(metric) ? 'minimize' : 'maximize',
    search: method,
    folds,
    seed,
    interrupted: interrupted || undefined,
    resource,
    rungs,
    space,
    best: ranking[0]?.trial,
    trials: ranking.map(({ trial, params, rungs, error }) => ({
      trial,
      params,
      rungs,
      error,
    })),
  }
}
