/** How good an estimator is on rows it was not trained on, by training it several times. */
import { takeRows } from '../data/frame.ts'
import { stratifiedFolds } from '../data/split.ts'
import { InputError, quote } from '../errors.ts'
import { type MetricName, metricNames } from '../evaluation/metric-names.ts'
import { evaluate, type Metrics } from '../evaluation/metrics.ts'
import { buildPredictor } from '../predictor/predictor.ts'
import { draftArtifact, type FitSettings, fitRows } from './fit.ts'
import type { LabelledTable } from './labelled-table.ts'

/** How rows are parted. */
export interface FoldOptions {
  /** Parts; each is held out once. At least 2. */
  readonly folds: number
  /** How often the rows are parted anew. */
  readonly repeats: number
  readonly seed: number
}

/** One held-out part. */
export interface FoldScore {
  /** From 1, as `fold`. */
  readonly repeat: number
  readonly fold: number
  readonly metrics: Metrics
}

export interface CrossValidation extends FoldOptions {
  /** Rows that were parted. */
  readonly rows: number
  /** In order of repeats and folds; fewer than folds · repeats when it was interrupted. */
  readonly scores: readonly FoldScore[]
}

/** A metric over the folds that have it. */
export interface FoldSummary {
  readonly mean: number
  /** Standard deviation, divided by folds − 1; null of a single fold. */
  readonly sd: number | null
  readonly folds: number
}

/**
 * Trains on all folds but one and measures on that one, for every fold of every repeat; preprocessor and model are
 * fitted anew each time. Folds are stratified. Ends early, with at least one fold, when `settings.shouldStop` says so.
 * @param rows numbers of the rows to part
 * @throws InputError `too_few_rows` when no class has a row for every fold, `invalid_parameter` for less than 2 folds
 */
export async function crossValidate(
  data: LabelledTable,
  rows: Int32Array,
  options: FoldOptions,
  settings: FitSettings,
): Promise<CrossValidation> {
  const { folds, repeats, seed } = options
  const y = rows.map((row) => data.y[row]!)
  checkFolds(data, y, folds, settings.warn)
  const scores: FoldScore[] = []
  const total = folds * repeats
  const told = countWarnings()
  for (let repeat = 0; repeat < repeats; repeat++) {
    const foldOf = stratifiedFolds(y, data.classes.length, folds, seed, repeat)
    for (let fold = 0; fold < folds; fold++) {
      const progress = () => settings.progress(scores.length, total, 'folds')
      await progress()
      if (scores.length > 0 && settings.shouldStop?.()) {
        settings.warn(`interrupted after ${scores.length} of ${total} folds`)
        return { ...options, rows: rows.length, scores }
      }
      const { shouldStop: _, ...whole } = settings
      const kept = rows.filter((_, i) => foldOf[i] !== fold)
      const held = rows.filter((_, i) => foldOf[i] === fold)
      const fitted = await fitRows(data, kept, { ...whole, progress, warn: told.warn })
      const predictor = buildPredictor(draftArtifact(data, fitted, settings.plan))
      const { probabilities, labels } = predictor.predict(takeRows(data.frame, held))
      const truth = held.map((row) => data.y[row]!)
      const metrics = evaluate(truth, probabilities, labels, data.classes.length)
      scores.push({ repeat: repeat + 1, fold: fold + 1, metrics })
    }
  }
  await settings.progress(total, total, 'folds')
  for (const [message, count] of told.counts)
    settings.warn(`${message} (in ${count} of ${total} folds)`)
  return { ...options, rows: rows.length, scores }
}

/** Returns mean and standard deviation of every metric; null where no fold has it. */
export function summariseFolds({
  scores,
}: CrossValidation): Record<MetricName, FoldSummary | null> {
  return Object.fromEntries(
    Object.entries(metricNames).map(([name, key]) => [
      name,
      summarise(scores.map(({ metrics }) => metrics[key]).filter((value) => value !== null)),
    ]),
  ) as Record<MetricName, FoldSummary | null>
}

function summarise(values: readonly number[]): FoldSummary | null {
  const folds = values.length
  if (folds === 0) return null
  const mean = values.reduce((sum, value) => sum + value, 0) / folds
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, sd: folds > 1 ? Math.sqrt(squares / (folds - 1)) : null, folds }
}

function checkFolds(
  { classes }: LabelledTable,
  y: Int32Array,
  folds: number,
  warn: (message: string) => void,
): void {
  if (!(Number.isInteger(folds) && folds >= 2)) {
    throw new InputError('invalid_parameter', `cv is ${folds}, expected at least 2 folds`)
  }
  const counts = classes.map((_, label) => y.filter((value) => value === label).length)
  const largest = Math.max(...counts)
  if (largest < folds) {
    throw new InputError(
      'too_few_rows',
      `${folds} folds are too many: of ${y.length} training rows, the largest class has ${largest}`,
    )
  }
  counts.forEach((count, label) => {
    const name = quote(classes[label])
    if (count === 1) warn(`class ${name} has a single training row; no fold holds it out`)
    else if (count < folds)
      warn(`class ${name} has ${count} training rows, fewer than ${folds} folds: not in every fold`)
  })
}

/** The same warning in many folds is one. */
function countWarnings() {
  const counts = new Map<string, number>()
  const warn = (message: string) => {
    counts.set(message, (counts.get(message) ?? 0) + 1)
  }
  return { counts, warn }
}
