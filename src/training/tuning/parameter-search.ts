/** Tries parameters of an estimator by cross-validation; see tuning/ for what is tried and how much each trial gets. */

import { createRandom } from '../../data/random.ts'
import { stratifiedSubset } from '../../data/split.ts'
import { InputError } from '../../errors.ts'
import { type Params, parseParams, storedParams } from '../../estimators/params.ts'
import type { SearchSpace } from '../../estimators/search-space.ts'
import { isLoss, type MetricName } from '../../evaluation/metric-names.ts'
import { type CrossValidation, crossValidate, summariseFolds } from '../cross-validation.ts'
import type { FitSettings } from '../fit.ts'
import type { LabelledTable } from '../labelled-table.ts'
import { drawParams } from './draw-params.ts'
import { planRungs, type Rung } from './successive-halving.ts'

/** Successive halving, or every trial with the whole resource. */
export const searchMethods = ['halving', 'random'] as const

export interface SearchOptions {
  /** Parameter settings tried, at least 1; the first is the given ones with the defaults. */
  readonly trials: number
  /** What is searched for. */
  readonly metric: MetricName
  readonly folds: number
  readonly method: (typeof searchMethods)[number]
  readonly space: SearchSpace
  /** Parameters that are not searched. */
  readonly fixed: ReadonlyMap<string, unknown>
  /** Told of every trial's score, with the best so far in the same round. */
  readonly onScore?: ((score: number, best: number) => void) | undefined
}

/** One setting of parameters and how it did. */
export interface Trial {
  /** From 1. */
  readonly trial: number
  /** The fixed and the drawn parameters. */
  readonly given: ReadonlyMap<string, unknown>
  /** All parameters that make the model. */
  readonly params: Params
  readonly rungs: readonly TrialRung[]
  /** Why it could not be trained. */
  readonly error?: string
}

/** A trial's score in one round. */
export interface TrialRung {
  readonly resource: number
  /** Null when no fold has the metric. */
  readonly mean: number | null
  readonly sd: number | null
  readonly folds: number
}

export interface ParameterSearch extends Pick<SearchOptions, 'metric' | 'method' | 'folds'> {
  /** What the rounds differ in. */
  readonly resource: 'n_estimators' | 'rows'
  readonly rungs: readonly Rung[]
  /** All trials, best first. */
  readonly ranking: readonly Trial[]
  /** Of the best, when it got the whole resource. */
  readonly crossValidation?: CrossValidation
  readonly interrupted: boolean
}

const STREAM = 14
/** Fewer trees or rows tell too little to choose by. */
const LEAST = { n_estimators: 5, rows: 200 } as const

/** A trial while it runs. */
interface Candidate extends Trial {
  /** Settings of the run included. */
  readonly settings: Params
  readonly rungs: TrialRung[]
  error?: string
  /** With the whole resource. */
  crossValidation?: CrossValidation
}

/**
 * Returns the trials ranked by their mean score over the folds of the training rows. The same arguments give the same
 * ranking. Ends early, with at least one fold of one trial, when `base.shouldStop` says so.
 * @param base settings of every fit but the parameters
 * @throws InputError when the given parameters cannot be used, or when no trial can be scored
 */
export async function searchParams(
  data: LabelledTable,
  options: SearchOptions,
  base: Omit<FitSettings, 'params'>,
): Promise<ParameterSearch> {
  const { metric, method, folds } = options
  const candidates = drawCandidates(options, base)
  const resource = 'n_estimators' in base.estimator.params ? 'n_estimators' : 'rows'
  const most =
    resource === 'rows' ? data.split.train.length : Number(candidates[0]?.settings.n_estimators)
  const rungs =
    method === 'halving'
      ? planRungs(candidates.length, most, LEAST[resource])
      : [{ candidates: candidates.length, resource: most }]
  const total = rungs.reduce((sum, rung) => sum + rung.candidates * folds, 0)
  const order = orderOf(metric)
  let alive = candidates
  let done = 0
  let interrupted = false
  for (const rung of rungs) {
    alive = alive.slice(0, rung.candidates)
    for (const candidate of alive) {
      interrupted ||= done > 0 && base.shouldStop?.() === true
      if (interrupted) break
      const progress = (fold: number) => base.progress(done + fold, total, 'fits')
      const result = await tryCandidate(candidate, () =>
        crossValidate(
          data,
          resource === 'rows' ? subset(data, rung.resource, folds, base.seed) : data.split.train,
          { folds, repeats: 1, seed: base.seed },
          {
            ...base,
            progress,
            params:
              resource === 'rows'
                ? candidate.settings
                : { ...candidate.settings, n_estimators: rung.resource },
          },
        ),
      )
      done += folds
      if (!result) continue
      const isWhole = result.scores.length === folds
      interrupted ||= !isWhole
      // Some of the folds count only when there is nothing else to go by.
      if (!isWhole && candidates.some((other) => other.rungs.length > 0)) break
      const { mean = null, sd = null } = summariseFolds(result)[metric] ?? {}
      candidate.rungs.push({ resource: rung.resource, mean, sd, folds: result.scores.length })
      if (isWhole && rung === rungs.at(-1)) candidate.crossValidation = result
      const best = [...alive].sort(order)[0]?.rungs.at(-1)?.mean ?? null
      if (mean !== null && best !== null) options.onScore?.(mean, best)
    }
    alive = alive.filter((candidate) => candidate.error === undefined).sort(order)
    if (interrupted) break
  }
  await base.progress(total, total, 'fits')
  const ranking = candidates.sort(order)
  const best = ranking[0] as Candidate
  checkScored(best, metric)
  if (interrupted)
    base.warn(
      `the search was interrupted after ${done} of ${total} fits; the best so far is trained`,
    )
  return {
    metric,
    method,
    folds,
    resource,
    rungs,
    ranking,
    crossValidation: best.crossValidation,
    interrupted,
  }
}

/** The first candidate is what was given; the others are drawn, each different from those before. */
function drawCandidates(
  { trials, fixed, space }: SearchOptions,
  { estimator, seed }: Omit<FitSettings, 'params'>,
): Candidate[] {
  if (!(Number.isInteger(trials) && trials >= 1))
    throw new InputError('invalid_parameter', `trials is ${trials}, expected at least 1`)
  const random = createRandom(seed, STREAM)
  const seen = new Set<string>()
  const candidates: Candidate[] = []
  // A small space has fewer settings than trials; then it is searched as far as chance finds new ones.
  for (let draws = 0; candidates.length < trials && draws < trials * 20; draws++) {
    const drawn = draws === 0 ? [] : drawParams(space, fixed, random)
    const given = new Map<string, unknown>([...fixed, ...drawn])
    const settings = parseParams(estimator.params, given)
    const params = storedParams(estimator.params, settings)
    const key = JSON.stringify(params)
    if (seen.has(key)) continue
    seen.add(key)
    candidates.push({ trial: candidates.length + 1, given, params, settings, rungs: [] })
  }
  return candidates
}

/** Drawn parameters that do not go together fail their trial, not the search. */
async function tryCandidate(
  candidate: Candidate,
  run: () => Promise<CrossValidation>,
): Promise<CrossValidation | undefined> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof InputError) || candidate.trial === 1) throw error
    candidate.error = error.message
    return undefined
  }
}

/** Rows of a round: the share of every class, but enough of each for every fold. */
function subset(data: LabelledTable, count: number, folds: number, seed: number): Int32Array {
  const { train } = data.split
  if (count >= train.length) return train
  const y = train.map((row) => data.y[row]!)
  const kept = stratifiedSubset(y, data.classes.length, count / train.length, folds, seed)
  return kept.map((at) => train[at]!)
}

/** Best first: by the rounds survived, then by the score in the last of them, then by number. */
function orderOf(metric: MetricName): (a: Candidate, b: Candidate) => number {
  const sign = isLoss(metric) ? 1 : -1
  return (a, b) => {
    if (a.rungs.length !== b.rungs.length) return b.rungs.length - a.rungs.length
    const [p, q] = [a.rungs.at(-1)?.mean ?? null, b.rungs.at(-1)?.mean ?? null]
    if (p !== q && (p === null || q === null)) return p === null ? 1 : -1
    return sign * ((p ?? 0) - (q ?? 0)) || a.trial - b.trial
  }
}

function checkScored(best: Candidate, metric: MetricName): void {
  if ((best.rungs.at(-1)?.mean ?? null) !== null) return
  throw new InputError(
    'invalid_parameter',
    `no trial has a ${metric}: some class has too few rows for it; search for another metric`,
  )
}
