import { type NumberColumn, numberColumn } from '../data/frame.ts'
import type { TransformerKind } from './transformer.ts'

/** Shifts and scales numbers to mean 0 and standard deviation 1: (x − mean) / scale. */
export interface StandardScaler {
  readonly kind: 'standard_scaler'
  readonly mean: number
  readonly scale: number
}

export const standardScaler: TransformerKind<StandardScaler> = {
  build: ({ mean, scale }) => ({
    names: (name) => [name],
    apply: (column) => [
      numberColumn((column as NumberColumn).values.map((value) => (value - mean) / scale)),
    ],
    cell: {
      makes: 'number',
      apply: (cell) => (cell === null ? null : ((cell as number) - mean) / scale),
    },
  }),
  read(value, reader, where) {
    const scale = reader.number(value.get('scale'), `${where}.scale`)
    return {
      kind: 'standard_scaler',
      mean: reader.number(value.get('mean'), `${where}.mean`),
      scale: reader.number(scale > 0 ? scale : undefined, `${where}.scale (positive)`),
    }
  },
}

/** The mean is made better where it is off by more than this share of the deviation. */
const MEAN_TOLERANCE = 2 ** -40

/**
 * Returns the scaler of a column without missing values: population standard deviation; a constant column has scale 1.
 * Mean, variance and the rule for what is constant are those of scikit-learn's StandardScaler.
 */
export function fitStandardScaler(column: NumberColumn): StandardScaler {
  const { values } = column
  const { mean, variance } = momentsOf(values)
  // A spread that is only rounding noise of the mean counts as constant.
  const n = values.length
  const noise = n * Number.EPSILON * variance + (n * mean * Number.EPSILON) ** 2
  const isConstant = variance <= noise && Number.isFinite(variance)
  return { kind: 'standard_scaler', mean, scale: isConstant ? 1 : Math.sqrt(variance) }
}

/**
 * Returns mean and population variance in two passes, and two more where a large offset took the mean's digits: the
 * mean of the distances to a first mean is what that one is off by (Chan, Golub and LeVeque, "Algorithms for Computing
 * the Sample Variance", 1983).
 */
function momentsOf(values: Float64Array): { mean: number; variance: number } {
  const n = values.length
  const first = values.reduce((sum, value) => sum + value, 0) / n
  const rough = varianceAround(values, first)
  const error = values.reduce((sum, value) => sum + (value - first), 0) / n
  if (!(Math.abs(error) > MEAN_TOLERANCE * Math.sqrt(rough)))
    return { mean: first, variance: rough }
  const mean = first + error
  // What is left is the mean's own rounding.
  const rest = values.reduce((sum, value) => sum + (value - mean), 0) / n
  return { mean, variance: Math.max(0, varianceAround(values, mean) - rest * rest) }
}

function varianceAround(values: Float64Array, centre: number): number {
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / values.length
}
