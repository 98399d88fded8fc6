// Sums of weights as doubles: one per class, behind them the number of rows where leaves have a
// least size.
import { classes, minSamplesLeaf, sumCount } from './limits'
import { weightsAt } from './scratch'

export function addEntry(entry: u64, sums: usize): void {
  const cell = sums + 8 * <usize>(entry >>> 32)
  store<f64>(cell, load<f64>(cell) + load<f64>(weightsAt + 8 * <usize>(<u32>entry)))
  if (minSamplesLeaf > 1) {
    const count = sums + 8 * <usize>classes
    store<f64>(count, load<f64>(count) + 1)
  }
}

export function clearSums(at: usize): void {
  for (let k: usize = 0; k < <usize>sumCount; k++) store<f64>(at + 8 * k, 0)
}

export function copySums(from: usize, to: usize): void {
  for (let k: usize = 0; k < <usize>sumCount; k++) store<f64>(to + 8 * k, load<f64>(from + 8 * k))
}

/** Weight of all classes. */
export function totalOf(at: usize): f64 {
  let total: f64 = 0
  for (let k: usize = 0; k < <usize>classes; k++) total += load<f64>(at + 8 * k)
  return total
}
