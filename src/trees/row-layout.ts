/**
 * A row as the kernels read it, who compare numbers with ≤ and ask nothing else: the row itself, in which missing
 * values go right as NaN; if some node sends them left, a copy with −∞ in their place; then one number per view.
 */
import { packCodes, type Slot } from './code-slots.ts'
import { type TreeEnsemble, viewOf } from './ensemble.ts'
import { DOUBLE } from './layout.generated.ts'
import { type ColumnView, isOfCodes, nameOfView, ZERO } from './views.ts'

/** Where the numbers of a row stand, and how they are made. */
export interface RowLayout {
  /** Numbers per row. */
  readonly length: number
  /** Returns the offset in bytes of the number that an inner node compares, where a row's numbers are adjacent. */
  offsetOf(node: number): number
  /**
   * Writes one row.
   * @param from index of its first value in `data`
   * @param start index of its first number in `to`; the others follow every `stride` places
   */
  put(data: Float64Array, from: number, to: Float64Array, start: number, stride: number): void
}

/** Features from which on copying a row as one is faster than number by number. */
const WIDE = 64

/**
 * Returns the layout of the first `features` features of an ensemble's rows; equal views share a number.
 * @param isElsewhere tells views that have no number, because the kernel looks for them in another place
 */
export function planRows(
  trees: TreeEnsemble,
  features: number,
  isElsewhere?: (view: ColumnView) => boolean,
): RowLayout {
  const isSingle = trees.precision === 'float32'
  const isPlain = (feature: number, node: number) => feature >= 0 && !viewOf(trees, node)
  const hasPlain = trees.feature.some(isPlain)
  const hasCopy = trees.feature.some(
    (feature, node) => isPlain(feature, node) && trees.missingLeft[node] === 1,
  )
  const first = hasCopy ? 2 * features : features
  const { ofCodes, ofNumbers, slotOf } = listSlots(trees, isElsewhere)
  const putCodes = packCodes(ofCodes)
  const numbers = packNumbers(ofNumbers)
  const length = first + ofCodes.length + ofNumbers.length

  const isWideCopy = !isSingle && !hasCopy && features >= WIDE
  const putPlain: RowLayout['put'] = (data, from, to, start, stride) => {
    if (isWideCopy && stride === 1) {
      to.set(data.subarray(from, from + features), start)
      return
    }
    for (let j = 0, at = start; j < features; j++, at += stride) {
      const raw = data[from + j]!
      to[at] = isSingle ? Math.fround(raw) : raw
    }
    if (!hasCopy) return
    for (let j = 0, at = start + features * stride; j < features; j++, at += stride) {
      const raw = data[from + j]!
      const value = isSingle ? Math.fround(raw) : raw
      to[at] = Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value
    }
  }
  const putNumbers: RowLayout['put'] = (data, from, to, start, stride) => {
    const { feature, missing, zero } = numbers
    let at = start
    for (let i = 0; i < feature.length; i++) {
      const raw = data[from + feature[i]!]!
      const value = isSingle ? Math.fround(raw) : raw
      // Written so that NaN is missing too.
      to[at] = Math.abs(value) > zero[i]! ? value : missing[i]!
      at += stride
    }
  }
  return {
    length,
    offsetOf(node) {
      const slot = slotOf(node)
      if (slot >= 0) return (first + slot) * DOUBLE
      return (trees.feature[node]! + (trees.missingLeft[node] === 1 ? features : 0)) * DOUBLE
    },
    put:
      length === first
        ? putPlain
        : (data, from, to, start, stride) => {
            // What no node looks at may hold anything.
            if (hasPlain) putPlain(data, from, to, start, stride)
            if (ofCodes.length > 0) putCodes(data, from, to, start + first * stride, stride)
            if (ofNumbers.length > 0)
              putNumbers(data, from, to, start + (first + ofCodes.length) * stride, stride)
          },
  }
}

/** Lists the views in use, each once per side of missing values: those of codes in the order of their columns, then those of numbers. */
function listSlots(trees: TreeEnsemble, isElsewhere?: (view: ColumnView) => boolean) {
  const ofCodes = new Map<string, Slot>()
  const ofNumbers = new Map<string, Slot>()
  const { view = new Int32Array(0), views = [] } = trees
  const names = views.map((own) => (isElsewhere?.(own) ? undefined : nameOfView(own)))
  const keys = new Array<string>(view.length)
  view.forEach((number, node) => {
    if (number < 0 || trees.feature[node]! < 0 || names[number] === undefined) return
    const own = views[number] as ColumnView
    const missing = missingOf(own, trees.missingLeft[node] === 1)
    const key = `${missing} ${names[number]}`
    keys[node] = key
    ;(isOfCodes(own) ? ofCodes : ofNumbers).set(key, { view: own, missing })
  })
  const byColumn = [...ofCodes].sort(([, a], [, b]) => a.view.feature - b.view.feature)
  const order = [...byColumn.map(([key]) => key), ...ofNumbers.keys()]
  const slots = new Map(order.map((key, i) => [key, i]))
  const slot = Int32Array.from(view, (_, node) => slots.get(keys[node] ?? '') ?? -1)
  return {
    ofCodes: byColumn.map(([, slot]) => slot),
    ofNumbers: [...ofNumbers.values()],
    slotOf: (node: number) => slot[node] ?? -1,
  }
}

function missingOf({ kind }: ColumnView, isLeft: boolean): number {
  if (kind === 'missing_as_zero') return 0
  return isLeft ? Number.NEGATIVE_INFINITY : Number.NaN
}

function packNumbers(slots: readonly Slot[]) {
  return {
    feature: Int32Array.from(slots, ({ view }) => view.feature),
    missing: Float64Array.from(slots, ({ missing }) => missing),
    /** Up to which size a number is missing; nothing is smaller than −1. */
    zero: Float64Array.from(slots, ({ view }) => (view.kind === 'zero_as_missing' ? ZERO : -1)),
  }
}
