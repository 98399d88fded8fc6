/** Targets that are quantities: to predict them is regression, which classes cannot stand for. */
import { countDistinct, type DataFrame, findColumn } from '../data/frame.ts'
import { InputError, quote } from '../errors.ts'
import { isWhole } from './identifiers.ts'
import { MAX_CLASSES } from './labels.ts'

/** Up to so many different numbers may well be classes. */
const FEW = 20
/** Whole numbers are a quantity when fewer rows than this have the same one, on average. */
const LEAST_ROWS_PER_NUMBER = 10

/**
 * Refuses a target whose numbers look like a quantity.
 * @param asClasses how to say that they are classes, if they are
 * @param asBins how to make classes of them
 * @throws InputError `invalid_label`
 */
export function checkIsNoQuantity(
  table: DataFrame,
  target: string,
  asClasses: string,
  asBins: string,
): void {
  const column = findColumn(table, target)
  if (column?.kind !== 'number') return
  const distinct = countDistinct(column)
  const isQuantity =
    distinct > FEW && (!isWhole(column) || distinct * LEAST_ROWS_PER_NUMBER > table.length)
  if (!isQuantity && distinct <= MAX_CLASSES) return
  const hint = distinct > MAX_CLASSES ? '' : `; if every number is a class, ${asClasses}`
  throw new InputError(
    'invalid_label',
    `the target ${quote(target)} holds ${distinct} different numbers in ${table.length} rows: to predict a quantity is regression, which is not offered; ${asBins} makes classes of as many rows each of it${hint}`,
    [{ column: target }],
  )
}
