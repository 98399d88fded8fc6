/** What was made of every column of a training table, and why, as JSON in a model directory. */
import type { JsonReader } from '../data/json-fields.ts'
import { quote } from '../errors.ts'
import { type Role, roles } from '../preprocess/guess-role.ts'

/** One column's part in a plan that was guessed. */
export interface StoredColumn {
  readonly column: string
  readonly role: Role
  /** Why; the order of its categories and what is merged stand in the plan. */
  readonly reason: string
}

/** Returns columns as they are written. */
export function writeColumns(columns: readonly StoredColumn[]): Record<string, unknown>[] {
  return columns.map(({ column, role, reason }) => ({ column, role, reason }))
}

/**
 * Returns the columns in parsed JSON.
 * @param known names of the columns that the training table had
 * @throws what the reader throws, and what `fail` makes for a column that is not known or is there twice
 */
export function readColumns(
  value: unknown,
  reader: JsonReader,
  fail: (message: string) => Error,
  known: ReadonlySet<string>,
): StoredColumn[] {
  const seen = new Set<string>()
  return reader.list(value, 'columns').map((item, i) => {
    const where = `columns[${i}]`
    const entry = reader.object(item, where, ['column', 'role', 'reason'])
    const column = reader.text(entry.get('column'), `${where}.column`)
    if (!known.has(column)) throw fail(`${where}: the table had no column ${quote(column)}`)
    if (seen.size === seen.add(column).size) throw fail(`${where} names ${quote(column)} again`)
    return {
      column,
      role: reader.choice(entry.get('role'), `${where}.role`, roles),
      reason: reader.text(entry.get('reason'), `${where}.reason`),
    }
  })
}
