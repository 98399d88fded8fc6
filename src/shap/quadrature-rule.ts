/** A quadrature as the kernels read it. */
import type { Arena } from '../trees/arena.ts'
import { DOUBLE, VECTOR } from '../trees/layout.generated.ts'
import { gaussLegendre } from './gauss-legendre.ts'

/** Returns the bytes of one double per point, the points in pairs. */
export function slotBytes(points: number): number {
  return Math.ceil((points * DOUBLE) / VECTOR) * VECTOR
}

/**
 * Writes the nodes of the Gauss-Legendre rule with so many points, as many ones, and the weights, all in pairs; a point
 * too many has the weight 0. Returns the address.
 */
export function writeRule(arena: Arena, points: number): number {
  const { nodes, weights } = gaussLegendre(points)
  const size = slotBytes(points)
  const address = arena.take(3 * size)
  // A node in the middle, so that nothing divides by zero at a point too many.
  arena.f64.fill(0.5, address / DOUBLE, (address + size) / DOUBLE)
  arena.putDoubles(address, nodes)
  arena.f64.fill(1, (address + size) / DOUBLE, (address + 2 * size) / DOUBLE)
  arena.putDoubles(address + 2 * size, weights)
  return address
}
