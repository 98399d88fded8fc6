import { type CategoryMap, categoryMap } from './category-map.ts'
import { type ImputeCategory, imputeCategory } from './impute-category.ts'
import { type ImputeNumber, imputeNumber } from './impute-number.ts'
import { type MinMaxScaler, minMaxScaler } from './min-max-scaler.ts'
import { type MissingIndicator, missingIndicator } from './missing-indicator.ts'
import { type MissingNumber, missingNumber } from './missing-number.ts'
import { type OneHotEncoder, oneHotEncoder } from './one-hot-encoder.ts'
import { type OrdinalEncoder, ordinalEncoder } from './ordinal-encoder.ts'
import { type SinglePrecision, singlePrecision } from './single-precision.ts'
import { type StandardScaler, standardScaler } from './standard-scaler.ts'
import type { TransformerKind } from './transformer.ts'

/** Every fitted transformer. */
export type AnyTransformer =
  | ImputeNumber
  | ImputeCategory
  | CategoryMap
  | StandardScaler
  | MinMaxScaler
  | SinglePrecision
  | MissingNumber
  | MissingIndicator
  | OrdinalEncoder
  | OneHotEncoder

/** The kinds of transformer by name. */
export const transformerKinds = {
  impute_number: imputeNumber,
  impute_category: imputeCategory,
  category_map: categoryMap,
  standard_scaler: standardScaler,
  min_max_scaler: minMaxScaler,
  single_precision: singlePrecision,
  missing_number: missingNumber,
  missing_indicator: missingIndicator,
  ordinal_encoder: ordinalEncoder,
  one_hot_encoder: oneHotEncoder,
} as const

/** Transformers that leave no gap. */
const fillsGaps: readonly AnyTransformer['kind'][] = [
  'impute_number',
  'impute_category',
  'one_hot_encoder',
  'missing_indicator',
]

/**
 * Whether a missing value can come out of a chain of transformers.
 * @param goesIn whether one can go in
 */
export function keepsMissing(chain: readonly AnyTransformer[], goesIn = true): boolean {
  let isMissing = goesIn
  for (const transformer of chain) {
    const { kind } = transformer
    if (kind === 'missing_number') isMissing = true
    if (kind === 'ordinal_encoder')
      isMissing = (isMissing && transformer.missing === 'kept') || transformer.unknown === 'missing'
    if (fillsGaps.includes(kind)) isMissing = false
  }
  return isMissing
}

/** Returns the first transformer of a chain that says what a missing value is: one that takes categories for others does not. */
export function firstForMissing(chain: readonly AnyTransformer[]): AnyTransformer | undefined {
  return chain.find(({ kind }) => kind !== 'category_map')
}

/** Returns the behaviour of a transformer's kind. */
export function transformerKind(kind: AnyTransformer['kind']): TransformerKind<AnyTransformer> {
  return transformerKinds[kind] as TransformerKind<AnyTransformer>
}
