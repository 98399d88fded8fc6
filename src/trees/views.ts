/** What a node may see of its column in place of the plain number: whether a category is in a set, or zeros as gaps. */
import { nextDown } from '../data/doubles.ts'

/**
 * `codes_left`: codes of the set go left, all others right. `codes_right`: codes of the set go right, all others left.
 * `zero_as_missing`: a number within ±1e-35 is missing. `missing_as_zero`: a missing number is 0.
 */
export const viewKinds = [
  'codes_left',
  'codes_right',
  'zero_as_missing',
  'missing_as_zero',
] as const

export type ViewKind = (typeof viewKinds)[number]

/** One way to look at one column. */
export interface ColumnView {
  readonly kind: ViewKind
  /** The column: a feature's number. */
  readonly feature: number
  /** The set of a view of codes: bit b of byte w is the code 8 w + b. Empty for the other kinds. */
  readonly codes: Uint8Array
}

/** Numbers up to here are zeros to LightGBM, which reads 1e-35 in single precision. */
export const ZERO = Math.fround(1e-35)

/** Whether a view tells categories apart, not numbers. */
export function isOfCodes({ kind }: Pick<ColumnView, 'kind'>): boolean {
  return kind === 'codes_left' || kind === 'codes_right'
}

/** Returns a name that equal views have in common. */
export function nameOfView({ kind, feature, codes }: ColumnView): string {
  let name = `${kind} ${feature} `
  for (const byte of codes) name += String.fromCharCode(byte)
  return name
}

/** Whether the code of a number is in a set; fractions are cut off towards 0. */
export function hasCode(codes: Uint8Array, value: number): boolean {
  const code = Math.trunc(value)
  return code >= 0 && code < codes.length * 8 && ((codes[code >> 3]! >> (code & 7)) & 1) === 1
}

/**
 * Returns what a view shows of a number: −∞ or ∞ for the side of a code, the number itself, or NaN for a missing one.
 * @param raw the number as it is; codes are never rounded
 * @param rounded the number in the ensemble's precision
 */
export function lookThrough(view: ColumnView, raw: number, rounded: number): number {
  switch (view.kind) {
    case 'codes_left':
      if (Number.isNaN(raw)) return raw
      return hasCode(view.codes, raw) ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
    case 'codes_right':
      if (Number.isNaN(raw)) return raw
      return hasCode(view.codes, raw) ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
    case 'zero_as_missing':
      return Math.abs(rounded) <= ZERO ? Number.NaN : rounded
    case 'missing_as_zero':
      return Number.isNaN(rounded) ? 0 : rounded
  }
}

/**
 * Returns the numbers t at which the side of a code changes, ascending: a value up to t has another side than one
 * just above it.
 */
export function codeCuts({ codes }: ColumnView): number[] {
  const cuts: number[] = []
  let last = false
  for (let code = 0; code <= codes.length * 8; code++) {
    const own = hasCode(codes, code)
    // Everything above −1 has the code 0, because fractions are cut off.
    if (own !== last) cuts.push(code === 0 ? -1 : nextDown(code))
    last = own
  }
  return cuts
}
