/** How much is measured beside a fit, and how it lets other work run. */
import type { ModelSpec } from '../models/model.ts'
import type { FitSettings } from './fit.ts'

/** What is measured after a fit; what its progress counts. */
export type MeasuringStep = 'rows predicted' | 'resamples' | 'rows explained' | 'columns shuffled'

export interface Pace {
  /** Estimated nanoseconds that all measuring may take. */
  readonly nanoseconds: number
  /** Reports what is done of a step and lets other work run. */
  turn(step: MeasuringStep, done: number, total: number): Promise<void>
  /** Whether the training was asked to end: then only what makes a model is measured. */
  isCut(): boolean
}

/** A part of the pace's time that every training may use, however short its fit was. */
const LEAST_NANOSECONDS = 1e9
/** What is measured takes at most this share of the fit. */
const SHARE_OF_FIT = 0.5

/**
 * Returns the estimated nanoseconds that measuring may take: half of the fit or a second, whichever is more. Both are
 * counted from the model and the rows, never taken from a clock, so that the same seed gives the same bytes.
 * @param shape rows and features that the model was fitted on
 */
export function measuringTime(
  { estimator, params }: Pick<FitSettings, 'estimator' | 'params'>,
  model: ModelSpec,
  shape: { readonly rows: number; readonly columns: number },
): number {
  const fit = estimator.fitCost?.(model, shape, params) ?? 0
  return Math.max(LEAST_NANOSECONDS, fit * SHARE_OF_FIT)
}

/** Shares of the measuring time; the rest is for predicting the test rows, compiling and writing. */
export const SHARES = { explain: 0.12, permutation: 0.1, intervals: 0.06 } as const
