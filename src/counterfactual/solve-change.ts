/** The change of a column that a model follows along a straight line: its value is solved for. */
import type { Arranged } from './arrangement.ts'
import type { Change } from './best.ts'
import type { Box } from './box.ts'
import { justBeyond, type Line } from './candidates.ts'

/** Returns the change of a column from which on the class leads, the others as they are now; undefined = none. */
export function solveChange(
  box: Box,
  column: Arranged,
  line: Line,
  integer: boolean,
): Change | undefined {
  const feature = column.features[0]!
  const solved = box.solve(feature)
  if (solved === undefined) return undefined
  const value = line.minimum + (solved - line.start) / line.slope
  const own = line.minimum + (box.x[feature]! - line.start) / line.slope
  const to = value + Math.sign(value - own || 1) * line.spread
  const beyond = justBeyond(value, to, line.spread, integer)
  if (!(beyond >= line.minimum && beyond <= line.maximum)) return undefined
  const distance = typeof column.own === 'number' ? Math.abs(beyond - column.own) / line.spread : 1
  return { column: column.column, cell: beyond, distance }
}
