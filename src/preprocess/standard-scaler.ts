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

/**
 * Returns the scaler of a column without missing values: population standard deviation, as scikit-learn's
 * StandardScaler; a constant column has scale 1.
 */
export function fitStandardScaler(column: NumberColumn): StandardScaler {
  const { values } = column
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  const scale = Math.sqrt(variance)
  // A spread that is only rounding noise of the mean counts as constant.
  return {
    kind: 'standard_scaler',
    mean,
    scale: scale > 1e-12 * Math.max(1, Math.abs(mean)) ? scale : 1,
  }
}
