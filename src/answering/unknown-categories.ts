/** Cells of a request that training knows nothing of. */
import { type Column, countValues, type DataFrame } from '../data/frame.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'

/** Returns how many cells hold a category that training has not seen. */
export function countUnknown(inputs: readonly InputColumn[], frame: DataFrame): number {
  let count = 0
  inputs.forEach(({ categories }, j) => {
    if (!categories) return
    const known = new Set(categories)
    for (const [value, cells] of countValues(frame.columns[j] as Column)) {
      if (!known.has(value)) count += cells
    }
  })
  return count
}
