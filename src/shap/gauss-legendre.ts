/** Nodes and weights of a quadrature rule on (0, 1): Σ weights[q] f(nodes[q]) ≈ ∫ f. */
export interface Quadrature {
  readonly nodes: Float64Array
  readonly weights: Float64Array
}

const rules = new Map<number, Quadrature>()

/**
 * Returns the Gauss-Legendre rule with n points on (0, 1); exact for polynomials of degree 2n − 1.
 * Roots of the Legendre polynomial by Newton's method from Tricomi's estimate (Abramowitz and Stegun 22.16.6).
 */
export function gaussLegendre(n: number): Quadrature {
  const known = rules.get(n)
  if (known) return known
  const nodes = new Float64Array(n)
  const weights = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5))
    let slope = 0
    for (let step = 0; step < 100; step++) {
      const p = legendre(n, x)
      slope = p.slope
      const change = p.value / slope
      x -= change
      if (Math.abs(change) < 1e-16) break
    }
    slope = legendre(n, x).slope
    // The interval (−1, 1) maps to (0, 1): nodes by (1 − x) / 2, which also makes them ascend; weights by a half.
    nodes[i] = (1 - x) / 2
    weights[i] = 1 / ((1 - x * x) * slope * slope)
  }
  const rule = { nodes, weights }
  rules.set(n, rule)
  return rule
}

/** Value and derivative of the Legendre polynomial of degree n, by its three-term recurrence. */
function legendre(n: number, x: number): { value: number; slope: number } {
  let previous = 1
  let value = x
  for (let k = 2; k <= n; k++) {
    const next = ((2 * k - 1) * x * value - (k - 1) * previous) / k
    previous = value
    value = next
  }
  return { value, slope: (n * (x * value - previous)) / (x * x - 1) }
}
