/** How much is measured beside a fit, and how it lets other work run. */
import { kindOf } from '../models/index.ts'
import type { ModelSpec } from '../models/model.ts'
import type { FitSettings } from './fit.ts'

/** What is measured after a fit; what its progress counts. */
export type MeasuringStep = 'rows predicted' | 'resamples' | 'rows explained' | 'columns shuffled'

export interface Pace {
  /** Estimated nanoseconds for what can be chosen: rows explained and shuffled, resamples. */
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

/** At least this share is left for what can be chosen. */
const LEAST_LEFT = 0.3

/**
 * Returns what is left of so many nanoseconds once the model is ready to predict and explain and has predicted the rows
 * that it is measured on.
 * @param rows of all tables that it is measured on
 */
export function timeLeft(nanoseconds: number, model: ModelSpec, rows: number): number {
  const kind = kindOf(model)
  const spent = kind.prepareCost(model) + rows * kind.predictCost(model)
  return Math.max(LEAST_LEFT * nanoseconds, nanoseconds - spent)
}

/** Shares of the time left; the rest is for what is not counted. */
export const SHARES = { explain: 0.1, permutation: 0.1, intervals: 0.07 } as const
