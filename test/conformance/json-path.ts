/** Paths into JSON: `$.a.b[0]['c'][*]`. */

type Step = string | number | typeof every

const every = Symbol('*')

/** What a path leads to; `missing` are the concrete places that do not exist. */
export interface Selection {
  readonly values: readonly unknown[]
  readonly missing: readonly string[]
}

/**
 * Returns what a path leads to; a path without `$` begins at the root as well.
 * @throws Error for a path that is not understood
 */
export function select(root: unknown, path: string): Selection {
  let places: { at: string; value: unknown }[] = [{ at: '$', value: root }]
  const missing: string[] = []
  for (const step of parsePath(path)) {
    places = places.flatMap(({ at, value }) => {
      const found = childrenOf(value, step)
      if (found.length === 0 && step !== every) missing.push(`${at}${writeStep(step)}`)
      return found.map(([own, child]) => ({ at: `${at}${writeStep(own)}`, value: child }))
    })
  }
  return { values: places.map(({ value }) => value), missing }
}

function parsePath(path: string): Step[] {
  const text = path.startsWith('$') ? path.slice(1) : `.${path}`
  const token = /\.([A-Za-z_][\w-]*)|\[(-?\d+)\]|\[(?:'([^']*)'|"([^"]*)")\]|(\[\*\]|\.\*)/y
  const steps: Step[] = []
  while (token.lastIndex < text.length) {
    const found = token.exec(text)
    if (!found) throw new Error(`the path ${path} is not understood`)
    const [, name, index, single, double, star] = found
    steps.push(star ? every : index === undefined ? (name ?? single ?? double ?? '') : +index)
  }
  return steps
}

function childrenOf(value: unknown, step: Step): [string | number, unknown][] {
  if (value === null || typeof value !== 'object') return []
  if (step === every) return Object.entries(value)
  if (!Array.isArray(value)) {
    const name = String(step)
    return Object.hasOwn(value, name) ? [[name, (value as Record<string, unknown>)[name]]] : []
  }
  if (typeof step !== 'number') return []
  const index = step < 0 ? value.length + step : step
  return index in value ? [[index, value[index] as unknown]] : []
}

function writeStep(step: Step): string {
  return typeof step === 'number' ? `[${step}]` : `.${step === every ? '*' : step}`
}
