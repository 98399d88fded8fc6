/** A quadrature as the kernels read it. */
import type { Arena } from '../trees/arena.ts'
import { DOUBLE, VECTOR } from '../trees/layout.generated.ts'
import { gaussLegendre } from './gauss-legendre.ts'

/** Returns the bytes of one double per point, the points in pairs. */
export function slotBytes(points: number): number {
  return Math.ceil((points * DOUBLE) / VECTOR) * VECTOR
}

/**
 * Writes the nodes of the Gauss-Legendre rule with so many points, then its weights, both in pairs; a point too many
 * has the weight 0. Returns the address.
 */
export function writeRule(arena: Arena, points: number): number {
  const { nodes, weights } = gaussLegendre(points)
  const size = slotBytes(points)
  const address = arena.take(2 * size)
  // A node in the middle, so that nothing divides by zero at a point too many.
  arena.f64.fill(0.5, address / DOUBLE, (address + size) / DOUBLE)
  arena.putDoubles(address, nodes)
  arena.putDoubles(address + size, weights)
  return address
}
