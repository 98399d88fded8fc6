/** The checks of `json{path,check,value}`. */
import { isDeepStrictEqual } from 'node:util'
import { select } from './json-path.ts'
import { parseRegex } from './python-regex.ts'

/** Throws what is wrong with one value. */
type Check = (value: unknown, wanted: unknown) => void

const SUM_TOLERANCE = 1e-6

const checks: Readonly<Record<string, Check>> = {
  equals: (value, wanted) => need(isDeepStrictEqual(value, wanted), value, `not ${show(wanted)}`),
  type(value, wanted) {
    const types = Array.isArray(wanted) ? wanted : [wanted]
    const own = types.some((type) => {
      const is = Object.hasOwn(typeChecks, String(type)) ? typeChecks[String(type)] : undefined
      if (!is) throw new Error(`the type ${show(type)} is not known`)
      return is(value)
    })
    need(own, value, `no ${types.join(' or ')}`)
  },
  exists: (value) => need(value !== null, value, 'nothing'),
  length(value, wanted) {
    if (typeof value !== 'string' && !Array.isArray(value))
      throw new Error(`${show(value)} has no length`)
    need(value.length === wanted, value, `of length ${value.length}, not ${show(wanted)}`)
  },
  min: (value, wanted) => need(toNumber(value) >= toNumber(wanted), value, `below ${show(wanted)}`),
  max: (value, wanted) => need(toNumber(value) <= toNumber(wanted), value, `above ${show(wanted)}`),
  range(value, wanted) {
    const [least, most] = toList(wanted).map(toNumber) as [number, number]
    need(toNumber(value) >= least && toNumber(value) <= most, value, `not in ${show(wanted)}`)
  },
  sum(value, wanted) {
    const sum = toList(value).reduce<number>((total, part) => total + toNumber(part), 0)
    need(Math.abs(sum - toNumber(wanted)) <= SUM_TOLERANCE, value, `of sum ${sum}`)
  },
  regex(value, wanted) {
    need(typeof value === 'string', value, 'no string')
    need(parseRegex(String(wanted)).test(value as string), value, `no match of ${show(wanted)}`)
  },
  one_of(value, wanted) {
    const own = toList(wanted).some((choice) => isDeepStrictEqual(value, choice))
    need(own, value, `none of ${show(wanted)}`)
  },
  contains(value, wanted) {
    const own =
      typeof value === 'string'
        ? value.includes(String(wanted))
        : toList(value).some((part) => isDeepStrictEqual(part, wanted))
    need(own, value, `without ${show(wanted)}`)
  },
}

const typeChecks: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
  list: (value) => Array.isArray(value),
  object: (value) => value !== null && typeof value === 'object' && !Array.isArray(value),
  null: (value) => value === null,
}

/**
 * Checks every value that a path leads to; `exists` wants something else than null, `absent` not even that.
 * @throws Error saying what was found instead
 */
export function checkJson(root: unknown, path: string, check: string, wanted: unknown): void {
  const { values, missing } = select(root, path)
  if (check === 'absent') {
    if (values.length > 0) throw new Error(`${path} is there: ${show(values[0])}`)
    return
  }
  const apply = Object.hasOwn(checks, check) ? checks[check] : undefined
  if (!apply) throw new Error(`the check "${check}" is not known`)
  if (missing.length > 0) throw new Error(`there is no ${missing[0]}`)
  if (values.length === 0) throw new Error(`there is nothing at ${path}`)
  for (const value of values) {
    try {
      apply(value, wanted)
    } catch (error) {
      throw new Error(`${path}: ${(error as Error).message}`)
    }
  }
}

function need(holds: boolean, value: unknown, problem: string): void {
  if (!holds) throw new Error(`${show(value)} is ${problem}`)
}

function toNumber(value: unknown): number {
  if (typeof value === 'number') return value
  throw new Error(`${show(value)} is no number`)
}

function toList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[]
  throw new Error(`${show(value)} is no list`)
}

function show(value: unknown): string {
  const text = String(JSON.stringify(value))
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
