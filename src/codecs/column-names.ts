/** Names that a request gives its columns, beside those that the model has: what is ignored, what is refused. */
import { normalText } from '../data/text.ts'
import { InputError, listNames, placed, quote } from '../errors.ts'
import { closely, indexNames, type NameIndex, startWork, type Work } from '../near-names.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import type { DecodeContext } from './codec.ts'

/** The columns that a request may leave out, and what its other names were found to resemble. */
interface NameCheck {
  readonly optional: NameIndex
  readonly others: ReadonlySet<string>
  readonly work: Work
  /** Optional columns that a name resembles. */
  readonly found: Map<string, readonly string[]>
}

const NONE: readonly string[] = []

/** Rows of one request mostly have the same names; each is looked at once. */
const checks = new WeakMap<DecodeContext, NameCheck>()
/** The part of a check that all requests of a model share. */
const indexes = new WeakMap<readonly InputColumn[], NameIndex>()
const names = new WeakMap<readonly InputColumn[], ReadonlySet<string>>()

/** Returns the names that are none of the inputs'. */
export function strangersAmong({ inputs }: DecodeContext, sent: readonly string[]): string[] {
  const known = names.get(inputs) ?? new Set(inputs.map(({ name }) => name))
  names.set(inputs, known)
  return sent.filter((name) => !known.has(name))
}

function checkOf(context: DecodeContext): NameCheck {
  const known = checks.get(context)
  if (known) return known
  const { inputs, otherColumns } = context
  const optional =
    indexes.get(inputs) ??
    indexNames(inputs.filter(({ nullable }) => nullable).map(({ name }) => name))
  indexes.set(inputs, optional)
  const check = {
    optional,
    others: new Set(otherColumns.map(normalText)),
    work: startWork(),
    found: new Map(),
  }
  checks.set(context, check)
  return check
}

/**
 * Refuses names that the model does not know where a column is absent that they resemble: whoever misspells an
 * optional column would get an answer for a missing value.
 * @param strangers names that are no inputs
 * @param isAbsent whether a column is absent
 * @param row its number, or undefined for a header
 * @throws InputError `missing_column`
 */
export function checkStrangers(
  context: DecodeContext,
  strangers: readonly string[],
  isAbsent: (column: string) => boolean,
  row?: number,
): void {
  const { optional, others, work, found } = checkOf(context)
  for (const name of strangers) {
    let columns = found.get(name)
    if (columns === undefined) {
      columns = others.has(normalText(name)) ? NONE : optional.resembling(name, work, closely)
      found.set(name, columns)
    }
    const column = columns.find(isAbsent)
    if (column === undefined) continue
    const where = row === undefined ? 'the header' : { row }
    const what = row === undefined ? 'with empty fields' : 'as null'
    throw new InputError(
      'missing_column',
      placed`${where} lacks column ${quote(column)}; there is ${quote(name)}; did you mean ${quote(column)}? if not, send ${quote(column)} too, ${what}`,
      [row === undefined ? { column } : { row, column }],
    )
  }
}

/** Returns the error for columns that were not sent; names the key that was probably meant for one. */
export function missingColumns(
  { inputs, otherColumns }: DecodeContext,
  absent: readonly string[],
  sent: readonly string[],
  row?: number,
): InputError {
  const known = new Set([...inputs.map(({ name }) => name), ...otherColumns])
  const index = indexNames(absent)
  const work = startWork()
  let hint = ''
  for (const name of sent) {
    if (known.has(name)) continue
    const [guess] = index.resembling(name, work)
    if (guess === undefined) continue
    hint = `; there is ${quote(name)}; did you mean ${quote(guess)}?`
    break
  }
  const where = row === undefined ? 'the header' : { row }
  const what = absent.length === 1 ? 'column' : 'columns'
  return new InputError(
    'missing_column',
    placed`${where} lacks ${what} ${listNames(absent)}${hint}`,
    absent.slice(0, 10).map((column) => (row === undefined ? { column } : { row, column })),
  )
}
