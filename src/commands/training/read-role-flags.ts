/** What flags and hyperparameters say that columns are. */
import { InputError, quote } from '../../errors.ts'
import type { Role } from '../../preprocess/guess-role.ts'

export const roleFlags = [
  'numeric',
  'ordinal',
  'nominal',
  'indicator',
  'id',
  'drop',
] as const satisfies readonly Role[]

/**
 * Returns the roles of columns by their names.
 * @throws InputError `invalid_parameter` for a column of two
 */
export function readRoleFlags(
  flags: Readonly<Partial<Record<Role, readonly string[]>>>,
): Map<string, Role> {
  return readOnce(
    roleFlags.flatMap((role) =>
      (flags[role] ?? []).map((column) => [column, role, `--${role}`] as const),
    ),
    'column',
  )
}

/** Returns what names mean; a name may be repeated but not with another meaning. @throws InputError `invalid_parameter` */
export function readOnce<T>(
  given: readonly (readonly [name: string, value: T, shown: string])[],
  what: string,
): Map<string, T> {
  const shownOf = new Map<string, string>()
  for (const [name, , shown] of given) {
    const before = shownOf.get(name)
    if (before !== undefined && before !== shown)
      throw new InputError(
        'invalid_parameter',
        `the ${what} ${quote(name)} is given as ${quote(before).slice(1, -1)} and as ${quote(shown).slice(1, -1)}; leave one of them out`,
      )
    shownOf.set(name, shown)
  }
  return new Map(given.map(([name, value]) => [name, value]))
}
