/** The small expressions of `json_expr`, read by a parser of their own; nothing in them is run as code. */

/** Looks a name up; throws for one that is not known. */
export type Resolve = (name: string) => unknown

export interface Expression {
  /** Names that are looked up, functions not included. */
  readonly names: readonly string[]
  readonly evaluate: (resolve: Resolve) => unknown
}

type Node = (resolve: Resolve) => unknown

const functions: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  abs: (x) => Math.abs(number(x)),
  round: (x, digits = 0) => Number(number(x).toFixed(number(digits))),
  len: lengthOf,
  flatten: (x) => list(x).flat(Number.POSITIVE_INFINITY),
  product: (x) => list(x).reduce<number>((total, value) => total * number(value), 1),
  sum: (x) => list(x).reduce<number>((total, value) => total + number(value), 0),
  min: (...args) => Math.min(...numbers(args)),
  max: (...args) => Math.max(...numbers(args)),
  all: (x) => list(x).every(boolean),
  any: (x) => list(x).some(boolean),
}

/** Operators from the loosest to the tightest; comparisons lie between `and` and `+`. */
const sums: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
}
const products: typeof sums = {
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
}
const comparisons: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  '==': (a, b) => JSON.stringify(a) === JSON.stringify(b),
  '!=': (a, b) => JSON.stringify(a) !== JSON.stringify(b),
  '<=': (a, b) => number(a) <= number(b),
  '>=': (a, b) => number(a) >= number(b),
  '<': (a, b) => number(a) < number(b),
  '>': (a, b) => number(a) > number(b),
}
const constants: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...(['true', 'True'] as const).map((name) => [name, true] as const),
  ...(['false', 'False'] as const).map((name) => [name, false] as const),
  ...(['null', 'None'] as const).map((name) => [name, null] as const),
])

/**
 * Returns an expression ready to be evaluated.
 * @throws Error for what is not understood
 */
export function parseExpression(text: string): Expression {
  const tokens = tokenize(text)
  const names = new Set<string>()
  let at = 0
  const peek = () => tokens[at] ?? ''
  const take = (...wanted: readonly string[]) =>
    wanted.includes(peek()) ? tokens[at++] : undefined
  const expect = (wanted: string) => {
    if (take(wanted) === undefined) throw new Error(`expected ${wanted} at "${peek()}" in ${text}`)
  }
  const binary = (operators: typeof sums, next: () => Node) => (): Node => {
    let left = next()
    for (let op = take(...Object.keys(operators)); op; op = take(...Object.keys(operators))) {
      const [a, b, apply] = [left, next(), operators[op] as (x: number, y: number) => number]
      left = (resolve) => apply(number(a(resolve)), number(b(resolve)))
    }
    return left
  }
  const logic = (words: readonly string[], until: boolean, next: () => Node) => (): Node => {
    const parts = [next()]
    while (take(...words)) parts.push(next())
    if (parts.length === 1) return parts[0] as Node
    const reached = (part: Node) => (resolve: Resolve) => boolean(part(resolve)) === until
    return (resolve) => (parts.some((part) => reached(part)(resolve)) ? until : !until)
  }
  const items = (end: string): Node[] => {
    const found: Node[] = []
    while (!take(end)) {
      if (found.length > 0) expect(',')
      found.push(disjunction())
    }
    return found
  }
  const primary = (): Node => {
    const token = peek()
    at++
    if (/^[\d.]/.test(token)) return () => Number(token)
    if (/^["']/.test(token)) return () => token.slice(1, -1)
    if (token === '(') {
      const inner = disjunction()
      expect(')')
      return inner
    }
    if (token === '[') {
      const parts = items(']')
      return (resolve) => parts.map((part) => part(resolve))
    }
    if (!/^[A-Za-z_$]/.test(token)) throw new Error(`"${token}" is not understood in ${text}`)
    if (constants.has(token)) return () => constants.get(token)
    if (take('(')) {
      const apply = Object.hasOwn(functions, token) ? functions[token] : undefined
      if (!apply) throw new Error(`the function ${token} is not known`)
      const args = items(')')
      return (resolve) => apply(...args.map((arg) => arg(resolve)))
    }
    names.add(token)
    return (resolve) => resolve(token)
  }
  const postfix = (): Node => {
    let node = primary()
    for (;;) {
      const object = node
      if (take('.')) {
        const name = peek()
        at++
        node = (resolve) => memberOf(object(resolve), name)
      } else if (take('[')) {
        const key = disjunction()
        expect(']')
        node = (resolve) => memberOf(object(resolve), key(resolve))
      } else return node
    }
  }
  const unary = (): Node => {
    const op = take('-', '!', 'not')
    if (!op) return postfix()
    const inner = op === 'not' ? comparison() : unary()
    return op === '-' ? (resolve) => -number(inner(resolve)) : (resolve) => !boolean(inner(resolve))
  }
  const arithmetic = binary(sums, binary(products, unary))
  /** `0 <= x <= 1` holds when both parts do. */
  const comparison = (): Node => {
    const parts = [arithmetic()]
    const operators: ((a: unknown, b: unknown) => boolean)[] = []
    for (let op = take(...Object.keys(comparisons)); op; op = take(...Object.keys(comparisons))) {
      operators.push(comparisons[op] as (a: unknown, b: unknown) => boolean)
      parts.push(arithmetic())
    }
    if (operators.length === 0) return parts[0] as Node
    return (resolve) => {
      const values = parts.map((part) => part(resolve))
      return operators.every((holds, i) => holds(values[i], values[i + 1]))
    }
  }
  const conjunction = logic(['and', '&&'], false, comparison)
  const disjunction: () => Node = logic(['or', '||'], true, conjunction)

  const root = disjunction()
  if (at < tokens.length) throw new Error(`"${peek()}" is not understood in ${text}`)
  return { names: [...names], evaluate: root }
}

function tokenize(text: string): string[] {
  const token =
    /\s*(\d+\.?\d*(?:[eE][+-]?\d+)?|[A-Za-z_$]\w*|"[^"]*"|'[^']*'|==|!=|<=|>=|&&|\|\||[-+*/%<>!.,()[\]])/y
  const tokens: string[] = []
  const whole = text.trimEnd()
  while (token.lastIndex < whole.length) {
    const start = token.lastIndex
    const found = token.exec(whole)
    if (!found) throw new Error(`"${whole.slice(start)}" is not understood`)
    tokens.push(found[1] as string)
  }
  return tokens
}

function memberOf(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    if (key === 'length') return value.length
    const index = number(key)
    const found = value.at(index) as unknown
    if (found === undefined) throw new Error(`there is no [${index}] in a list of ${value.length}`)
    return found
  }
  if (value !== null && typeof value === 'object' && Object.hasOwn(value, String(key)))
    return (value as Record<string, unknown>)[String(key)]
  throw new Error(`there is no "${String(key)}"`)
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' ? value.length : list(value).length
}

function list(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[]
  throw new Error(`${describe(value)} is no list`)
}

function number(value: unknown): number {
  if (typeof value === 'number') return value
  throw new Error(`${describe(value)} is no number`)
}

function numbers(args: readonly unknown[]): number[] {
  return (args.length === 1 && Array.isArray(args[0]) ? list(args[0]) : args).map(number)
}

function boolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new Error(`${describe(value)} is neither true nor false`)
}

function describe(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 80)
}
