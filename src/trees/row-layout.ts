/**
 * A row as the kernels read it, who compare numbers with ≤ and ask nothing else: the row itself, in which missing
 * values go right as NaN; if some node sends them left, a copy with −∞ in their place; then one number per view.
 */
import { packCodes, type Slot } from './code-slots.ts'
import type { TreeEnsemble } from './ensemble.ts'
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
/** Of so wide rows, those that are looked at are picked out where they are at most this share. */
const FEW = 0.25

/**
 * Returns the layout of the first `features` features of an ensemble's rows; equal views share a number.
 * @param isElsewhere tells views that have no number, because the kernel looks for them in another place
 */
export function planRows(
  trees: TreeEnsemble,
  features: number,
  isElsewhere?: (view: ColumnView) => boolean,
): RowLayout {
  const { ofCodes, ofNumbers, slotOf } = listSlots(trees, isElsewhere)
  const plain = planPlain(trees, features)
  const putCodes = packCodes(ofCodes)
  const numbers = packNumbers(ofNumbers)
  const first = plain.length
  const length = first + ofCodes.length + ofNumbers.length
  const isSingle = trees.precision === 'float32'
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
      return plain.placeOf(node) * DOUBLE
    },
    put:
      length === first
        ? plain.put
        : (data, from, to, start, stride) => {
            plain.put(data, from, to, start, stride)
            if (ofCodes.length > 0) putCodes(data, from, to, start + first * stride, stride)
            if (ofNumbers.length > 0)
              putNumbers(data, from, to, start + (first + ofCodes.length) * stride, stride)
          },
  }
}

/** The numbers of a row as they are, with the copy in which missing ones go left where some node wants that. */
function planPlain(trees: TreeEnsemble, features: number) {
  const isSingle = trees.precision === 'float32'
  const { view } = trees
  const used = new Uint8Array(features)
  let [count, hasCopy] = [0, false]
  for (let node = 0; node < trees.feature.length; node++) {
    const feature = trees.feature[node]!
    if (feature < 0 || (view && view[node]! >= 0)) continue
    if (used[feature] === 0) count++
    used[feature] = 1
    hasCopy ||= trees.missingLeft[node] === 1
  }
  // What no node looks at may hold anything.
  const isPicked = count === 0 || (features >= WIDE && count <= features * FEW)
  const picked = Int32Array.from(used.keys()).filter((j) => !isPicked || used[j] === 1)
  const place = new Int32Array(features)
  picked.forEach((feature, at) => {
    place[feature] = at
  })
  const width = count === 0 ? features : picked.length
  const isWideCopy = !isSingle && !hasCopy && !isPicked && features >= WIDE
  const put: RowLayout['put'] = (data, from, to, start, stride) => {
    if (isWideCopy && stride === 1) {
      to.set(data.subarray(from, from + features), start)
      return
    }
    for (let i = 0, at = start; i < picked.length; i++, at += stride) {
      const raw = data[from + picked[i]!]!
      to[at] = isSingle ? Math.fround(raw) : raw
    }
    if (!hasCopy) return
    for (let i = 0, at = start + width * stride; i < picked.length; i++, at += stride) {
      const raw = data[from + picked[i]!]!
      const value = isSingle ? Math.fround(raw) : raw
      to[at] = Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value
    }
  }
  return {
    length: hasCopy ? 2 * width : width,
    put,
    placeOf: (node: number) =>
      place[trees.feature[node]!]! + (trees.missingLeft[node] === 1 ? width : 0),
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
