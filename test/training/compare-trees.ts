/** Comparing a fitted tree with one of scikit-learn's, split by split. */
import { rowOf } from '../../src/data/matrix.ts'
import type { TreesSpec } from '../../src/models/model.ts'
import type { Labelled } from '../contract.ts'
import { coversOf } from '../models/ask-model.ts'

/** The arrays of scikit-learn's `tree_`; leaves have feature −1. */
export interface SklearnTree {
  readonly params: Readonly<Record<string, unknown>>
  readonly feature: readonly number[]
  readonly threshold: readonly number[]
  readonly left: readonly number[]
  readonly right: readonly number[]
  readonly missing_left: readonly number[]
  readonly cover: readonly number[]
  readonly value: readonly (readonly number[])[]
}

/**
 * Walks both trees at once. Where two splits part the rows differently they must take away the same impurity; what is
 * below such a tie is not compared.
 */
export function compareTrees(
  spec: TreesSpec,
  expected: SklearnTree,
  { X, y, classes }: Labelled,
  weight: (row: number) => number = () => 1,
) {
  const all = Array.from(y.keys()).filter((row) => weight(row) > 0)
  const differences: string[] = []
  let same = 0
  let ties = 0
  const visits = [{ own: spec.roots[0] as number, other: 0, rows: all }]
  for (let visit = visits.pop(); visit; visit = visits.pop()) {
    const { own, other, rows } = visit
    const at = `node ${other}`
    const cover = expected.cover[other] as number
    if (Math.abs((coversOf(spec)[own] as number) - cover) > 1e-9 * cover)
      differences.push(`${at}: cover ${coversOf(spec)[own]} instead of ${cover}`)
    const isLeaf = (spec.feature[own] as number) < 0
    if (isLeaf !== (expected.feature[other] as number) < 0) {
      differences.push(`${at}: one is a leaf, the other is not`)
      continue
    }
    if (isLeaf) {
      for (let k = 0; k < classes; k++) {
        const share = spec.value[own * classes + k] as number
        const due = (expected.value[other] as number[])[k] as number
        if (Math.abs(share - due) > 1e-12) differences.push(`${at}: share ${share}, not ${due}`)
      }
      same++
      continue
    }
    const goesLeft = (row: number) => leftOf(spec, own, rowOf(X, row))
    const otherLeft = (row: number) => {
      const value = Math.fround(
        X.data[row * X.columns + (expected.feature[other] as number)] as number,
      )
      return Number.isNaN(value)
        ? expected.missing_left[other] === 1
        : value <= (expected.threshold[other] as number)
    }
    if (rows.every((row) => goesLeft(row) === otherLeft(row))) {
      same++
      const [left, right] = [rows.filter(goesLeft), rows.filter((row) => !goesLeft(row))]
      visits.push({
        own: spec.left[own] as number,
        other: expected.left[other] as number,
        rows: left,
      })
      visits.push({
        own: spec.right[own] as number,
        other: expected.right[other] as number,
        rows: right,
      })
      continue
    }
    ties++
    const gain = (side: (row: number) => boolean) =>
      gainOf(rows, side, y, classes, weight, expected.params.criterion as string)
    if (Math.abs(gain(goesLeft) - gain(otherLeft)) > 1e-9)
      differences.push(`${at}: gain ${gain(goesLeft)} instead of ${gain(otherLeft)}`)
  }
  return { differences, same, ties }
}

export function leftOf(spec: TreesSpec, node: number, x: Float64Array): boolean {
  const value = x[spec.feature[node] as number] as number
  return Number.isNaN(value)
    ? spec.missingLeft[node] === 1
    : value <= (spec.threshold[node] as number)
}

/** Impurity that a split takes away, per unit of weight in the node. */
export function gainOf(
  rows: readonly number[],
  isLeft: (row: number) => boolean,
  y: Int32Array,
  classes: number,
  weight: (row: number) => number,
  criterion = 'gini',
): number {
  const sums = [0, 1].map(() => new Float64Array(classes))
  for (const row of rows) {
    const side = sums[isLeft(row) ? 0 : 1] as Float64Array
    const k = y[row] as number
    side[k] = (side[k] as number) + weight(row)
  }
  const total = (side: Float64Array) => side.reduce((sum, value) => sum + value, 0)
  const impurity = (side: Float64Array) =>
    criterion === 'gini'
      ? 1 - side.reduce((sum, value) => sum + (value / total(side)) ** 2, 0)
      : side.reduce(
          (sum, value) =>
            value > 0 ? sum - (value / total(side)) * Math.log2(value / total(side)) : sum,
          0,
        )
  const [left, right] = sums as [Float64Array, Float64Array]
  const node = left.map((value, k) => value + (right[k] as number))
  return (
    impurity(node) - (total(left) * impurity(left) + total(right) * impurity(right)) / total(node)
  )
}
