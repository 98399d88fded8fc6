/** One setting of `serve`, and how the texts of flags and variables are read. */
import { InputError, quote } from '../errors.ts'

/** One setting: a flag, the environment variables that stand in for it, and what it means. */
export interface Setting<Key extends string = string> {
  readonly key: Key
  readonly flag: string
  readonly env: readonly string[]
  readonly default: string
  readonly description: string
  /** Whether the flag alone means true. */
  readonly isSwitch?: true
  /** Another flag that alone means false. */
  readonly negated?: string
  readonly parse: (text: string, name: string) => string | number | boolean
}

/**
 * Returns what users write for yes and no; SageMaker's own containers take even "false" for yes.
 * @throws InputError `invalid_parameter` naming the setting
 */
export function parseTruth(text: string, name: string): boolean {
  const value = text.trim().toLowerCase()
  if (['true', '1', 'yes', 'on'].includes(value)) return true
  if (['false', '0', 'no', 'off', ''].includes(value)) return false
  throw new InputError('invalid_parameter', `${name} is ${quote(text)}, expected true or false`)
}

/** Returns a whole number in a range; throws InputError `invalid_parameter` naming the setting. */
export function parseWhole(text: string, name: string, least: number, most: number): number {
  const value = /^[0-9]{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new InputError(
    'invalid_parameter',
    `${name} is ${quote(text)}, expected a whole number from ${least} to ${most}`,
  )
}
