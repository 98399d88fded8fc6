/**
 * What a model predicted, counted in memory that threads share: how often each class, how probable, and how many cells
 * were missing. Counting costs a walk over the rows; without a tally nothing is counted.
 */
import type { Cell, DataFrame } from '../data/frame.ts'
import type { Predictions } from '../models/prediction.ts'
import type { OneRow } from '../predictor/one-row.ts'
import type { Predictor } from '../predictor/predictor.ts'

/** Upper ends of all buckets of probabilities but the last, which ends at 1. */
const BOUNDS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
/** Classes that are counted each for itself; those beyond are counted together. */
const MOST_CLASSES = 100

/** Places in the memory: missing cells, the sum of probabilities in millionths, buckets, classes. */
const MISSING = 0
const SUM = 1
const BUCKETS = 2
const CLASSES = BUCKETS + BOUNDS.length + 1
const MILLION = 1e6

/** Counts that threads share. */
export type TallyMemory = SharedArrayBuffer

/** What was counted so far. */
export interface TallyCounts {
  readonly missing: number
  /** How often each class was predicted. */
  readonly classes: Readonly<Record<string, number>>
  /**
   * Probabilities of a binary model's second class, of other models' predicted classes: how many are at most each
   * bound, their sum and their count.
   */
  readonly probabilities: {
    readonly atMost: readonly (readonly [bound: number, count: number])[]
    readonly sum: number
    readonly count: number
  }
}

const memories = new WeakMap<Predictor, TallyMemory>()

/** Returns memory for the tally of a model with so many classes, all of it 0. */
export function createTally(classes: number): TallyMemory {
  const slots = CLASSES + Math.min(classes, MOST_CLASSES) + 1
  return new SharedArrayBuffer(slots * BigInt64Array.BYTES_PER_ELEMENT)
}

/** Returns the memory in which a predictor counts; undefined for one that does not. */
export function tallyOf(predictor: Predictor): TallyMemory | undefined {
  return memories.get(predictor)
}

/** Returns a predictor that gives the same answers and counts them. */
export function withTally(predictor: Predictor, memory: TallyMemory): Predictor {
  const counts = new BigInt64Array(memory)
  // The same rows may be predicted more than once for one answer.
  const predicted = new WeakSet<DataFrame>()
  const seen = new WeakSet<DataFrame>()
  const lookAt = (frame: DataFrame) => {
    if (seen.has(frame)) return
    seen.add(frame)
    add(counts, MISSING, missingCells(frame))
  }
  const { oneRow } = predictor
  const tallied: Predictor = Object.create(predictor, {
    oneRow: { value: oneRow && countRows(oneRow, counts) },
    predict: {
      value(frame: DataFrame) {
        const predictions = predictor.predict(frame)
        lookAt(frame)
        if (!predicted.has(frame)) countPredictions(counts, predictions)
        predicted.add(frame)
        return predictions
      },
    },
    explain: {
      value(...args: Parameters<Predictor['explain']>) {
        const explanations = predictor.explain(...args)
        lookAt(args[0])
        return explanations
      },
    },
  })
  memories.set(tallied, memory)
  return tallied
}

/** Returns what was counted of a model with these classes. */
export function readTally(memory: TallyMemory, classes: readonly string[]): TallyCounts {
  const counts = new BigInt64Array(memory)
  const at = (place: number) => Number(Atomics.load(counts, place))
  let count = 0
  const atMost = [...BOUNDS, 1].map((bound, i) => {
    count += at(BUCKETS + i)
    return [bound, count] as const
  })
  const names = [
    ...classes.slice(0, MOST_CLASSES),
    ...(classes.length > MOST_CLASSES ? ['(others)'] : []),
  ]
  return {
    missing: at(MISSING),
    classes: Object.fromEntries(names.map((name, i) => [name, at(CLASSES + i)])),
    probabilities: { atMost, sum: at(SUM) / MILLION, count },
  }
}

/** Rows that are not answered this way are answered, and counted, in another. */
function countRows(oneRow: OneRow, counts: BigInt64Array): OneRow {
  const lookAt = (cells: readonly Cell[]) =>
    add(counts, MISSING, cells.filter((cell) => cell === null).length)
  return {
    predict(cells) {
      const found = oneRow.predict(cells)
      if (!found) return undefined
      countPredictions(counts, found.predictions)
      lookAt(cells)
      return found
    },
    explain(cells) {
      const found = oneRow.explain(cells)
      if (found) lookAt(cells)
      return found
    },
  }
}

function countPredictions(counts: BigInt64Array, predictions: Predictions): void {
  const { rows, classes, labels, probabilities } = predictions
  const found = new Float64Array(counts.length)
  for (let row = 0; row < rows; row++) {
    const label = labels[row]!
    const probability = probabilities[row * classes.length + (classes.length === 2 ? 1 : label)]!
    let bucket = 0
    while (bucket < BOUNDS.length && probability > BOUNDS[bucket]!) bucket++
    found[BUCKETS + bucket]!++
    found[CLASSES + Math.min(label, MOST_CLASSES)]!++
    found[SUM]! += probability
  }
  found[SUM] = Math.round(found[SUM]! * MILLION)
  for (let place = 0; place < found.length; place++) add(counts, place, found[place]!)
}

function add(counts: BigInt64Array, place: number, count: number): void {
  if (count !== 0) Atomics.add(counts, place, BigInt(count))
}

function missingCells({ columns }: DataFrame): number {
  let missing = 0
  for (const column of columns) {
    if (column.kind === 'number') {
      for (const value of column.values) if (Number.isNaN(value)) missing++
    } else for (const code of column.codes) if (code < 0) missing++
  }
  return missing
}
