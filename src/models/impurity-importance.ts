import type { Criterion, TreesSpec } from './model.ts'

/**
 * Returns the share of every feature in the trees' decrease of impurity, as scikit-learn's `feature_importances_`:
 * per tree to a sum of 1, then the mean over the trees that split at all. Class weights of inner nodes are summed up
 * from the leaves, cover · class share. Length = features; all 0 when no tree splits.
 * Undefined for trees whose leaves hold no class shares: votes for one class, or scores; and where covers are not
 * known.
 */
export function impurityImportance(
  spec: TreesSpec,
  features: number,
  criterion: Criterion,
): Float64Array | undefined {
  const { cover } = spec
  if (spec.link !== 'identity' || spec.vote !== 'soft' || !cover) return undefined
  const mixed = mixNodes(spec, cover, impurities[criterion])
  const mean = new Float64Array(features)
  const own = new Float64Array(features)
  const queue = new Int32Array(cover.length)
  for (const root of spec.roots) {
    own.fill(0)
    queue[0] = root
    for (let i = 0, count = 1; i < count; i++) {
      const node = queue[i]!
      const feature = spec.feature[node]!
      if (feature < 0) continue
      const left = spec.left[node]!
      const right = spec.right[node]!
      own[feature] = own[feature]! + mixed[node]! - mixed[left]! - mixed[right]!
      queue[count++] = left
      queue[count++] = right
    }
    addShares(own, mean)
  }
  const shares = new Float64Array(features)
  addShares(mean, shares)
  return shares
}

/** Weight of a node's rows times their impurity, from the weights of its classes. */
type Impurity = (weights: Float64Array, from: number, classes: number) => number

const impurities: Readonly<Record<Criterion, Impurity>> = {
  gini(weights, from, classes) {
    let [sum, squares] = [0, 0]
    for (let at = from; at < from + classes; at++) {
      const weight = weights[at]!
      sum += weight
      squares += weight * weight
    }
    return sum > 0 ? sum - squares / sum : 0
  },
  entropy(weights, from, classes) {
    let [sum, bits] = [0, 0]
    for (let at = from; at < from + classes; at++) sum += weights[at]!
    for (let at = from; at < from + classes; at++) {
      const weight = weights[at]!
      if (weight > 0) bits -= weight * Math.log2(weight / sum)
    }
    return bits
  },
}

/**
 * Returns the weight of the rows of every node times their impurity; children have larger numbers than their parent, so
 * the weights of classes, [node][class], are summed up from the last node on.
 */
function mixNodes(
  { feature, left, right, value, outputs }: TreesSpec,
  cover: Float64Array,
  impurity: Impurity,
): Float64Array {
  const weights = new Float64Array(value.length)
  const mixed = new Float64Array(feature.length)
  for (let node = feature.length - 1; node >= 0; node--) {
    const at = node * outputs
    if (feature[node] === -1) {
      const own = cover[node]!
      for (let k = 0; k < outputs; k++) weights[at + k] = own * value[at + k]!
    } else {
      const fromLeft = left[node]! * outputs
      const fromRight = right[node]! * outputs
      for (let k = 0; k < outputs; k++)
        weights[at + k] = weights[fromLeft + k]! + weights[fromRight + k]!
    }
    mixed[node] = impurity(weights, at, outputs)
  }
  return mixed
}

/** Adds the values, divided by their sum, to others; rounding may leave a split that decreased nothing below 0. */
function addShares(values: Float64Array, sums: Float64Array): void {
  const total = values.reduce((sum, value) => sum + value, 0)
  if (!(total > 0)) return
  for (let j = 0; j < values.length; j++) sums[j] = sums[j]! + Math.max(0, values[j]!) / total
}
