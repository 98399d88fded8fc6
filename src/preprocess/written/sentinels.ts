/** Numbers such as -999 that may stand for missing values. */
import { type DataFrame, findColumn } from '../../data/frame.ts'
import { flagWith, quote } from '../../errors.ts'

/** Nines only, as many as there are. */
const NINES = /^-?9{2,8}$/

/**
 * Returns a warning for every column with a number of nines that lies farther from the others than they lie apart.
 * @param names of the number columns that are learned from as numbers
 */
export function describeSentinels(frame: DataFrame, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const column = findColumn(frame, name)
    if (column?.kind !== 'number') return []
    return findSentinels(column.values).map((value) => {
      const count = column.values.filter((other) => other === value).length
      return `column ${quote(name)} has ${value} in ${count} ${count === 1 ? 'row' : 'rows'}, far from its other numbers; ${flagWith('--treat-as-missing', String(value))} if it means no value`
    })
  })
}

function findSentinels(values: Float64Array): number[] {
  // The ends, and what is next to them.
  let [least, second] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  let [most, next] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    if (value < least) {
      second = least
      least = value
    } else if (value > least && value < second) second = value
    if (value > most) {
      next = most
      most = value
    } else if (value < most && value > next) next = value
  }
  const isNines = (value: number) => NINES.test(String(value))
  const found: number[] = []
  const bottom = isNines(least) ? second : least
  const top = isNines(most) ? next : most
  const spread = Math.max(top - bottom, 1)
  if (isNines(least) && second - least > spread && Number.isFinite(spread)) found.push(least)
  if (isNines(most) && most - next > spread && Number.isFinite(spread)) found.push(most)
  return found
}
