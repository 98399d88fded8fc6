import { type ImputeCategory, imputeCategory } from './impute-category.ts'
import { type ImputeNumber, imputeNumber } from './impute-number.ts'
import { type OneHotEncoder, oneHotEncoder } from './one-hot-encoder.ts'
import { type OrdinalEncoder, ordinalEncoder } from './ordinal-encoder.ts'
import { type StandardScaler, standardScaler } from './standard-scaler.ts'
import type { TransformerKind } from './transformer.ts'

/** Every fitted transformer. */
export type AnyTransformer =
  | ImputeNumber
  | ImputeCategory
  | StandardScaler
  | OrdinalEncoder
  | OneHotEncoder

/** The kinds of transformer by name. */
export const transformerKinds = {
  impute_number: imputeNumber,
  impute_category: imputeCategory,
  standard_scaler: standardScaler,
  ordinal_encoder: ordinalEncoder,
  one_hot_encoder: oneHotEncoder,
} as const

/** Returns the behaviour of a transformer's kind. */
export function transformerKind(kind: AnyTransformer['kind']): TransformerKind<AnyTransformer> {
  return transformerKinds[kind] as TransformerKind<AnyTransformer>
}
