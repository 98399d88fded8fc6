import { createRandom, shuffle } from './random.ts'

/** Row numbers of the two parts, each ascending. */
export interface Split {
  readonly train: Int32Array
  readonly test: Int32Array
}

/**
 * Returns a stratified split: about `testSize` of every class goes to the test part, rows chosen by `seed`.
 * A class with fewer than two members stays in the training part, so that no class is unknown to the model.
 * @param y class number of every row
 * @param testSize share in [0, 1)
 */
export function stratifiedSplit(
  y: Int32Array,
  classes: number,
  testSize: number,
  seed: number,
): Split {
  const isTest = new Uint8Array(y.length)
  const random = createRandom(seed, 1)
  for (let label = 0; label < classes; label++) {
    const members = shuffle(rowsOfClass(y, label), random)
    if (members.length < 2) continue
    const wanted = Math.round(members.length * testSize)
    const count = Math.min(wanted, members.length - 1)
    for (const row of members.subarray(0, count)) isTest[row] = 1
  }
  const rows = Int32Array.from(y, (_, row) => row)
  return { train: rows.filter((row) => !isTest[row]), test: rows.filter((row) => isTest[row]) }
}

/**
 * Returns the fold that holds every row out, 0 … folds − 1; about equally many rows of every class go to each fold,
 * rows chosen by `seed` and `repeat`. A single row of a class has fold −1: it is in every training part.
 * @param y class number of every row
 */
export function stratifiedFolds(
  y: Int32Array,
  classes: number,
  folds: number,
  seed: number,
  repeat = 0,
): Int32Array {
  const foldOf = new Int32Array(y.length).fill(-1)
  const random = createRandom(seed, FOLD_STREAM + repeat)
  // Goes on from class to class, so that the folds' sizes differ by one at most.
  let next = 0
  for (let label = 0; label < classes; label++) {
    const members = shuffle(rowsOfClass(y, label), random)
    if (members.length < 2) continue
    for (const row of members) foldOf[row] = next++ % folds
  }
  return foldOf
}

/** Streams of random numbers from this one on belong to repeats. */
const FOLD_STREAM = 1000

/**
 * Returns up to `count` row numbers, ascending, with every class in its share (largest remainders), chosen by `seed`.
 */
export function stratifiedSample(
  y: Int32Array,
  classes: number,
  count: number,
  seed: number,
): Int32Array {
  if (y.length <= count) return Int32Array.from(y, (_, row) => row)
  const groups = Array.from({ length: classes }, (_, label) => rowsOfClass(y, label))
  const exact = groups.map((group) => (group.length * count) / y.length)
  const taken = exact.map(Math.floor)
  const byRemainder = exact
    .map((share, label) => ({ label, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.label - b.label)
  let left = count - taken.reduce((sum, n) => sum + n, 0)
  for (const { label } of byRemainder) {
    if (left-- <= 0) break
    taken[label] = taken[label]! + 1
  }
  const random = createRandom(seed, 2)
  const chosen = groups.flatMap((group, label) => [
    ...shuffle(group, random).subarray(0, taken[label]),
  ])
  return Int32Array.from(chosen).sort()
}

/**
 * Returns about a share of every class's row numbers, ascending, but `least` of each where there are so many; chosen
 * by `seed`.
 * @param share in (0, 1]
 */
export function stratifiedSubset(
  y: Int32Array,
  classes: number,
  share: number,
  least: number,
  seed: number,
): Int32Array {
  const random = createRandom(seed, 4)
  const chosen = Array.from({ length: classes }, (_, label) => {
    const members = shuffle(rowsOfClass(y, label), random)
    return [...members.subarray(0, Math.max(least, Math.round(members.length * share)))]
  })
  return Int32Array.from(chosen.flat()).sort()
}

function rowsOfClass(y: Int32Array, label: number): Int32Array {
  let count = 0
  for (const value of y) if (value === label) count++
  const rows = new Int32Array(count)
  let at = 0
  for (let row = 0; row < y.length; row++) if (y[row] === label) rows[at++] = row
  return rows
}
