/** What a model did not understand of rows that it answers all the same. */
import type { Cell } from '../data/frame.ts'

/** Every code that a {@link RowWarning} can carry, with what it means. Stable: clients may switch on them. */
export const warningCodes = {
  ignored_column: 'a value whose column the model does not use',
  imputed_value: 'a missing value, for which another one was taken',
  outside_range: 'a number below or above all numbers of training',
  unknown_category: 'a category that training has not seen',
  unknown_missing: 'a missing value where training had seen none: it counts as no category',
} as const

/** A stable code of a {@link RowWarning}. */
export type WarningCode = keyof typeof warningCodes

/** One thing in a row that was not understood as it was meant, perhaps. */
export interface RowWarning {
  readonly code: WarningCode
  readonly column: string
  /** What was sent; absent where nothing was, and in columns that are ignored. */
  readonly value?: Cell
  /** What was taken for a missing value. */
  readonly imputed?: Cell
  /** The known category that resembles the one sent. */
  readonly nearest?: string
  readonly message: string
}
