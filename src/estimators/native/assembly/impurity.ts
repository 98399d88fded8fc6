/**
 * Impurity of a node, and scores of its splits. A score leaves out what all splits of a node share:
 * the larger it is, the less impurity is left in the two sides.
 */
import { totalOf } from './class-sums'
import { classes, entropy } from './limits'

/** Gini: 1 − Σ p²; entropy: −Σ p log₂ p. */
export function impurityOf(at: usize): f64 {
  const total = totalOf(at)
  let sum: f64 = 0
  for (let k: usize = 0; k < <usize>classes; k++) {
    const weight = load<f64>(at + 8 * k)
    if (entropy) {
      const share = weight / total
      if (share > 0) sum -= share * Math.log2(share)
    } else sum += weight * weight
  }
  return entropy ? sum : 1 - sum / (total * total)
}

/** One side's part of a split's score. */
export function sideScore(at: usize): f64 {
  let total: f64 = 0
  let sum: f64 = 0
  if (entropy) {
    for (let k: usize = 0; k < <usize>classes; k++) {
      const weight = load<f64>(at + 8 * k)
      total += weight
      sum += plogp(weight)
    }
    return sum - plogp(total)
  }
  for (let k: usize = 0; k < <usize>classes; k++) {
    const weight = load<f64>(at + 8 * k)
    total += weight
    sum += weight * weight
  }
  return sum / total
}

/** Score of a split by the packed sums of its sides. */
export function packedScore(left: u64, right: u64): f64 {
  return (
    pairScore(<f64>(<u32>left), <f64>(<u32>(left >>> 32))) +
    pairScore(<f64>(<u32>right), <f64>(<u32>(right >>> 32)))
  )
}

/** The side score of two classes. */
function pairScore(a: f64, b: f64): f64 {
  if (entropy) return plogp(a) + plogp(b) - plogp(a + b)
  return (a * a + b * b) / (a + b)
}

function plogp(weight: f64): f64 {
  return weight > 0 ? weight * Math.log2(weight) : 0
}
