import { Matrix as MlMatrix } from 'ml-matrix'
import { type Matrix, rowOf } from '../../../src/data/matrix.ts'
import { createRandom } from '../../../src/data/random.ts'
import type { Labelled } from '../../contract.ts'

/** Rows of five columns whose classes overlap, so that no model is without a mistake. */
export function noisy(classes: number, rows: number, seed = 1): Labelled {
  const random = createRandom(seed, 211)
  const y = Int32Array.from({ length: rows }, (_, row) => row % classes)
  const X = matrix(
    ...Array.from(y, (label) => [
      label + 2.5 * random.uniform(),
      random.uniform() - label * random.uniform(),
      // Few different values, so that thresholds meet them.
      random.below(4),
      random.uniform(),
      (label % 2) + random.below(3),
    ]),
  )
  return { X, y, classes }
}

export function matrix(...rows: readonly ArrayLike<number>[]): Matrix {
  const data = Float64Array.from(rows.flatMap((row) => Array.from(row)))
  return { rows: rows.length, columns: data.length / rows.length, data }
}

export function rowsOf(X: Matrix): Float64Array[] {
  return Array.from({ length: X.rows }, (_, row) => rowOf(X, row))
}

export function toMlMatrix(X: Matrix): MlMatrix {
  return new MlMatrix(rowsOf(X).map((row) => [...row]))
}
