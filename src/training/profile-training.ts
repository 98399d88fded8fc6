/** The profile of the training rows that is stored with a model, for others to be compared with. */
import { type DataFrame, findColumn, takeColumnRows, takeRows } from '../data/frame.ts'
import { createRandom } from '../data/random.ts'
import {
  type ColumnProfile,
  countSeenOnce,
  EXPECTED_OUTSIDE,
  type TrainingProfile,
} from '../evaluation/drift/profile.ts'
import type { Predictions } from '../models/prediction.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { planProfile, profilePredictions, startProfile } from '../predictor/profile-rows.ts'

/** Ranges are cut by a sample of so many rows, which knows tenths to 0.3 %, of wide tables to 1.3 %; all rows are counted. */
const PLANNED_ROWS = 10_000
const LEAST_PLANNED_ROWS = 500
const PLANNED_CELLS = 1_000_000
/** Rows that are counted at a time, of which nothing but the inputs is copied. */
const BLOCK = 2 ** 15
/** Predictions that are made for the profile. */
const PREDICTED_ROWS = 20_000
const STREAM = 0x70726f66

/**
 * Returns the profile of the training rows and of the model's predictions of rows held out; where none were, of training rows.
 * @param frame the table
 * @param rows numbers of those that the model was trained on
 * @param heldOut predictions of those that it was not
 */
export function profileTraining(
  predictor: Predictor,
  frame: DataFrame,
  rows: Int32Array,
  heldOut: Predictions | undefined,
  seed: number,
): TrainingProfile {
  const names = predictor.preprocessor.featureNamesIn
  const inputs = { ...frame, names, columns: names.map((name) => findColumn(frame, name)!) }
  const affordable = Math.floor(PLANNED_CELLS / names.length)
  const planned = Math.max(LEAST_PLANNED_ROWS, Math.min(PLANNED_ROWS, affordable))
  const sampled = takeRows(inputs, sampleOf(rows, planned, seed))
  const builder = startProfile(predictor, planProfile(predictor, sampled))
  for (let from = 0; from < rows.length; from += BLOCK)
    builder.add(takeRows(inputs, rows.subarray(from, from + BLOCK)))
  const profile = builder.finish()
  const predictions = heldOut
    ? samplePredictions(heldOut, seed)
    : predictor.predict(takeRows(inputs, sampleOf(rows, PREDICTED_ROWS, seed)))
  return {
    ...profile,
    columns: profile.columns.map((column, j) => {
      const { categories } = predictor.preprocessor.spec.inputs[j]!
      return { ...column, ...expectedOf(column, categories !== undefined, frame, rows) }
    }),
    predictions: profilePredictions(predictions, heldOut ? 'held_out' : 'training'),
  }
}

function samplePredictions(all: Predictions, seed: number): Predictions {
  if (all.rows <= PREDICTED_ROWS) return all
  const rows = sampleOf(Int32Array.from(all.labels.keys()), PREDICTED_ROWS, seed)
  const width = all.classes.length
  const probabilities = new Float64Array(rows.length * width)
  rows.forEach((row, i) => {
    probabilities.set(all.probabilities.subarray(row * width, (row + 1) * width), i * width)
  })
  return { ...all, rows: rows.length, labels: rows.map((row) => all.labels[row]!), probabilities }
}

/** Of training rows, nothing is unknown or out of range: what of as many new ones would be is told by those seen once. */
function expectedOf(
  { column, unknown, numbers }: ColumnProfile,
  hasCategories: boolean,
  frame: DataFrame,
  rows: Int32Array,
): Pick<ColumnProfile, 'unknown' | 'outside'> {
  if (!hasCategories) return { unknown: 0, outside: numbers ? EXPECTED_OUTSIDE : 0 }
  const own = takeColumnRows(findColumn(frame, column)!, rows)
  return { unknown: unknown + countSeenOnce(own), outside: 0 }
}

/** A sample of row numbers without replacement, in their order: by selection sampling (D. Knuth, TAOCP 3.4.2, algorithm S). */
function sampleOf(rows: Int32Array, most: number, seed: number): Int32Array {
  if (rows.length <= most) return rows
  const random = createRandom(seed, STREAM)
  const chosen = new Int32Array(most)
  for (let at = 0, taken = 0; taken < most; at++) {
    if (random.uniform() * (rows.length - at) >= most - taken) continue
    chosen[taken++] = rows[at]!
  }
  return chosen
}
