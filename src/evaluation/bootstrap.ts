/** How far metrics would move on other rows of the same kind: percentile bootstrap. */
import { createRandom, type Random } from '../data/random.ts'
import { metricNames } from './metric-names.ts'
import { measureNumbers, type RankedAnswers } from './metrics.ts'
import { quantile } from './quantile.ts'

/** The metrics that have an interval. */
export const intervalMetrics = Object.values(metricNames)
export type IntervalMetric = (typeof intervalMetrics)[number]

/** Lower and upper bound of the middle 95 %; null where too few resamples have the metric. */
export type Interval = readonly [number, number] | null

export interface Intervals {
  readonly level: 0.95
  readonly resamples: number
  /** Whether every class keeps its rows in every resample. */
  readonly stratified: boolean
  readonly of: Readonly<Record<IntervalMetric, Interval>>
}

const STREAM = 11
const MOST_RESAMPLES = 1000
const LEAST_RESAMPLES = 100
/** Estimated nanoseconds of drawing a row, and of measuring it in one class. */
const DRAW_NANOSECONDS = 15
const CLASS_NANOSECONDS = 15
const NANOSECONDS = 1e9

/** Returns the estimated nanoseconds of one resample. */
export function resampleCost(rows: number, classes: number): number {
  return rows * (DRAW_NANOSECONDS + classes * CLASS_NANOSECONDS) + 1000 * classes
}

/**
 * Returns how many resamples are drawn of so many rows: 1000, and fewer of large tables, whose intervals are narrow.
 * @param nanoseconds that all of them may take, as far as the least number allows
 */
export function resampleCount(rows: number, classes: number, nanoseconds = NANOSECONDS): number {
  const affordable = Math.floor(nanoseconds / resampleCost(rows, classes))
  return Math.max(LEAST_RESAMPLES, Math.min(MOST_RESAMPLES, affordable))
}

export interface BootstrapOptions {
  readonly seed: number
  readonly stratified?: boolean
  /** By default what `resampleCount` says. */
  readonly resamples?: number
}

/** Returns 95 % intervals of metrics, as {@link startBootstrap} makes them, at once. */
export function bootstrapIntervals(answers: RankedAnswers, options: BootstrapOptions): Intervals {
  const bootstrap = startBootstrap(answers, options)
  for (let i = 0; i < bootstrap.resamples; i++) bootstrap.draw()
  return bootstrap.finish()
}

/** Intervals that are drawn one resample at a time. */
export interface Bootstrap {
  /** How many are to be drawn. */
  readonly resamples: number
  draw(): void
  /** Returns the intervals over what was drawn; null where that is too little. */
  finish(): Intervals
}

/**
 * Starts 95 % intervals of metrics: their quantiles over resamples with replacement, as many rows each (Efron's
 * percentile method). The same seed gives the same numbers.
 */
export function startBootstrap(answers: RankedAnswers, options: BootstrapOptions): Bootstrap {
  const { y, classes } = answers
  const stratified = options.stratified === true
  const resamples = options.resamples ?? resampleCount(y.length, classes)
  const least = Math.min(LEAST_RESAMPLES, resamples)
  let drawn = 0
  const random = createRandom(options.seed, STREAM)
  const groups = stratified ? rowsByClass(y, classes) : [Int32Array.from(y, (_, row) => row)]
  const found = new Map(intervalMetrics.map((name) => [name, [] as number[]]))
  const counts = new Float64Array(y.length)
  return {
    resamples,
    draw() {
      drawn++
      drawCounts(groups, random, counts)
      const numbers = measureNumbers(answers, counts)
      for (const name of intervalMetrics) {
        const value = numbers[name]
        if (value !== null) found.get(name)?.push(value)
      }
    },
    finish: () => ({
      level: 0.95,
      resamples: drawn,
      stratified,
      of: Object.fromEntries(
        [...found].map(([name, values]) => [name, drawn < least ? null : middle(values, drawn)]),
      ) as Record<IntervalMetric, Interval>,
    }),
  }
}

/** Writes how often every row is drawn when each group is drawn from as often as it has rows. */
function drawCounts(groups: readonly Int32Array[], random: Random, counts: Float64Array): void {
  counts.fill(0)
  for (const group of groups) {
    for (let i = 0; i < group.length; i++) {
      const row = group[random.below(group.length)]!
      counts[row] = counts[row]! + 1
    }
  }
}

/** A metric that most resamples lack, such as an area without one of the classes, has no honest interval. */
function middle(values: readonly number[], resamples: number): Interval {
  if (values.length < resamples / 2) return null
  const sorted = Float64Array.from(values).sort()
  return [quantile(sorted, 0.025), quantile(sorted, 0.975)]
}

function rowsByClass(y: Int32Array, classes: number): Int32Array[] {
  const rows = Int32Array.from(y, (_, row) => row)
  return Array.from({ length: classes }, (_, label) => rows.filter((row) => y[row] === label))
}
