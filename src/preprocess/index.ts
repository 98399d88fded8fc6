import { type ImputeCategory, imputeCategory } from './impute-category.ts'
import { type ImputeNumber, imputeNumber } from './impute-number.ts'
import { type MissingNumber, missingNumber } from './missing-number.ts'
import { type OneHotEncoder, oneHotEncoder } from './one-hot-encoder.ts'
import { type OrdinalEncoder, ordinalEncoder } from './ordinal-encoder.ts'
import { type StandardScaler, standardScaler } from './standard-scaler.ts'
import type { TransformerKind } from './transformer.ts'

/** Every fitted transformer. */
export type AnyTransformer =
  | ImputeNumber
  | ImputeCategory
  | StandardScaler
  | MissingNumber
  | OrdinalEncoder
  | OneHotEncoder

/** The kinds of transformer by name. */
export const transformerKinds = {
  impute_number: imputeNumber,
  impute_category: imputeCategory,
  standard_scaler: standardScaler,
  missing_number: missingNumber,
  ordinal_encoder: ordinalEncoder,
  one_hot_encoder: oneHotEncoder,
} as const

/** Whether a missing value comes out of a chain of transformers as one. */
export function keepsMissing(chain: readonly AnyTransformer[]): boolean {
  return chain.every(
    (transformer) =>
      transformer.kind === 'missing_number' ||
      (transformer.kind === 'ordinal_encoder' && transformer.missing === 'kept'),
  )
}

/** Returns the behaviour of a transformer's kind. */
export function transformerKind(kind: AnyTransformer['kind']): TransformerKind<AnyTransformer> {
  return transformerKinds[kind] as TransformerKind<AnyTransformer>
}
