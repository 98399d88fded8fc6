/** Categories for prediction: a column's code is one bit of a number, a node's set is a mask of bits. */
import { type TreeEnsemble, viewOf } from './ensemble.ts'
import { type ColumnView, hasCode, isOfCodes } from './views.ts'

/** Codes from 0 on that have a bit of their own; two bits follow, for all others and for a missing one. */
const CODES = 50
const OUTSIDE = 50
const MISSING = 51

/** What a node compares with where no bit counts. The fraction of a number from 2 on has 52 bits. */
export const NO_BIT = 2
const numbers = Float64Array.from({ length: MISSING + 1 }, (_, bit) => NO_BIT + 2 ** (bit - 51))

/** Bits of a number in two halves. */
export interface Mask {
  readonly low: number
  readonly high: number
}

/** Compares a number as it is. */
export const WHOLE: Mask = { low: -1, high: -1 }
/** The bits that all numbers of codes have. */
const HIGH = 0x40000000

/** The numbers of an ensemble's rows that stand for codes. */
export interface CodeNumbers {
  /** Numbers per row: one for every column that nodes look at so. */
  readonly count: number
  /**
   * Returns which of the numbers an inner node looks at, and the bits of the codes that go right: under the mask it is at
   * most `NO_BIT` exactly for the others. Undefined for a node that compares another number.
   */
  lookOf(node: number): { readonly number: number; readonly mask: Mask } | undefined
  /**
   * Writes the numbers of one row.
   * @param from index of its first value in `data`
   */
  put(data: Float64Array, from: number, to: Float64Array, start: number): void
}

const NO_CODES: CodeNumbers = { count: 0, lookOf: () => undefined, put() {} }

/** Whether a set has no code beyond those that have a bit. */
export function hasBits(view: ColumnView): boolean {
  if (!isOfCodes(view)) return false
  for (let code = CODES; code < view.codes.length * 8; code++)
    if (hasCode(view.codes, code)) return false
  return true
}

/** Returns the numbers for the sets whose codes have bits. */
export function planCodes(trees: TreeEnsemble): CodeNumbers {
  if (!trees.views?.some(hasBits)) return NO_CODES
  const numberOf = new Map<number, number>()
  const masks = new Map<string, Mask>()
  const fits = (trees.views ?? []).map(hasBits)
  trees.feature.forEach((feature, node) => {
    if (feature >= 0 && fits[trees.view?.[node] ?? -1] && !numberOf.has(feature))
      numberOf.set(feature, numberOf.size)
  })
  const columns = Int32Array.from(numberOf.keys())
  return {
    count: columns.length,
    lookOf(node) {
      const view = trees.feature[node]! < 0 ? undefined : viewOf(trees, node)
      if (!view || !fits[trees.view![node]!]) return undefined
      const missingLeft = trees.missingLeft[node] === 1
      const key = `${trees.view![node]} ${missingLeft}`
      const mask = masks.get(key) ?? maskOf(view, missingLeft)
      masks.set(key, mask)
      return { number: numberOf.get(view.feature)!, mask }
    },
    put(data, from, to, start) {
      for (let i = 0; i < columns.length; i++) {
        const value = data[from + columns[i]!]!
        let bit = Number.isNaN(value) ? MISSING : OUTSIDE
        // As `hasCode` says it: fractions are cut off towards 0.
        if (value > -1 && value < CODES) bit = value | 0
        to[start + i] = numbers[bit]!
      }
    },
  }
}

function maskOf({ kind, codes }: ColumnView, missingLeft: boolean): Mask {
  let [low, high] = [0, HIGH]
  for (let bit = 0; bit <= MISSING; bit++) {
    const isIn = bit < CODES && hasCode(codes, bit)
    const isRight = bit === MISSING ? !missingLeft : isIn === (kind === 'codes_right')
    if (!isRight) continue
    if (bit < 32) low |= 1 << bit
    else high |= 1 << (bit - 32)
  }
  return { low, high }
}
