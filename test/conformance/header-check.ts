/** The checks of headers. */
import type { HeaderCheck } from './case.ts'
import type { Answer } from './exchange.ts'
import { parseRegex } from './python-regex.ts'

/** Returns what is wrong with a header; undefined when nothing is. */
export function judgeHeader({ name, op, value }: HeaderCheck, answer: Answer): string | undefined {
  const found = answer.headers.get(name.toLowerCase())
  const problem = `header ${name} is ${JSON.stringify(found)}, wanted ${op} ${JSON.stringify(value)}`
  if (op === 'absent') return found === undefined ? undefined : problem
  const holds: Readonly<Record<string, (text: string) => boolean>> = {
    exists: () => true,
    equals: (text) => text === value,
    regex: (text) => parseRegex(String(value)).test(text),
    one_of: (text) => Array.isArray(value) && value.includes(text),
    contains: (text) => text.includes(String(value)),
  }
  const apply = Object.hasOwn(holds, op) ? holds[op] : undefined
  if (!apply) return `the header check "${op}" is not known`
  try {
    return found !== undefined && apply(found) ? undefined : problem
  } catch (error) {
    return `${problem}: ${(error as Error).message}`
  }
}
