/** Objects in a row's object as the columns that training made of them: `{"a": {"b": 1}}` is column `a.b`. */
import { normalText } from '../data/text.ts'
import { InputError, placed, quote } from '../errors.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import type { DecodeContext } from './codec.ts'

type Row = Readonly<Record<string, unknown>>

/** Requests of a model share what its names say. */
const known = new WeakMap<readonly InputColumn[], ReadonlySet<string>>()

/**
 * Returns what stands before the first, second … point of a column's name and is no column itself; nothing where the
 * model takes no column with a point in its name.
 */
function prefixesOf({ inputs, otherColumns }: DecodeContext): ReadonlySet<string> {
  const before = known.get(inputs)
  if (before) return before
  const columns = new Set([...inputs.map(({ name }) => name), ...otherColumns].map(normalText))
  const prefixes = new Set<string>()
  if (inputs.some(({ name }) => name.includes('.')))
    for (const name of columns)
      for (let at = name.indexOf('.'); at >= 0; at = name.indexOf('.', at + 1)) {
        const prefix = name.slice(0, at)
        if (!columns.has(prefix)) prefixes.add(prefix)
      }
  known.set(inputs, prefixes)
  return prefixes
}

/**
 * Returns a row with the members of objects in it behind their own keys and a point, as files that are trained on are
 * read, where the model has columns of such names; otherwise the row itself.
 * @param row its number, from 1
 * @throws InputError `duplicate_column` for a column that is named both ways
 */
export function flattenMembers(context: DecodeContext, object: Row, row: number): Row {
  const prefixes = prefixesOf(context)
  if (prefixes.size === 0) return object
  if (!Object.entries(object).some(([key, value]) => isNested(key, value, prefixes))) return object
  const members = new Map<string, unknown>()
  const add = (key: string, value: unknown) => {
    if (isNested(key, value, prefixes)) {
      for (const [name, inner] of Object.entries(value)) add(`${key}.${name}`, inner)
      return
    }
    if (members.has(key)) {
      throw new InputError(
        'duplicate_column',
        placed`${{ row }} names column ${quote(key)} twice`,
        [{ row, column: key }],
      )
    }
    members.set(key, value)
  }
  for (const [key, value] of Object.entries(object)) add(key, value)
  // Own members all, whatever they are called.
  return Object.fromEntries(members)
}

/** Whether a member of a body or a row is an object that holds columns of the model. */
export function holdsColumns(context: DecodeContext, key: string, value: unknown): boolean {
  return isNested(key, value, prefixesOf(context))
}

function isNested(key: string, value: unknown, prefixes: ReadonlySet<string>): value is object {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false
  return Object.keys(value).length > 0 && prefixes.has(normalText(key.trim()))
}
