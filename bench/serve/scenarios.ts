/** Requests that are measured, the same bytes at every run. */

/** Where everything listens: loopback only. */
export const HOST = '127.0.0.1'

export interface Scenario {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly type?: string
  readonly body?: string
  /** Type of the answer; JSON where nothing is said. */
  readonly accept?: string
}

export const row = {
  Pclass: 1,
  Name: 'Cumings, Mrs. John',
  Sex: 'female',
  Age: 38,
  SibSp: 1,
  Parch: 0,
}

export const scenarios: readonly Scenario[] = [
  { name: '/invocations, JSON, 1 row', ...post('/invocations', 'application/json', asJson(row)) },
  { name: '/invocations, CSV, 1 row', ...post('/invocations', 'text/csv', csvRows(1)) },
  { name: '/invocations, CSV, 100 rows', ...post('/invocations', 'text/csv', csvRows(100)) },
  { name: '/explain, JSON, 1 row', ...post('/explain', 'application/json', asJson(row)) },
  { name: '/ping', method: 'GET', path: '/ping' },
]

export function post(path: string, type: string, body: string): Omit<Scenario, 'name'> {
  return { method: 'POST', path, type, body }
}

export function asJson(value: object): string {
  return JSON.stringify(value)
}

/** Returns rows in the model's order, the same at every call. */
export function csvRows(count: number): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const [title, sex] = i % 3 === 0 ? ['Mrs', 'female'] : ['Mr', 'male']
    return `${(i % 3) + 1},"Doe, ${title}. N${i}",${sex},${1 + ((i * 7) % 70)},${i % 4},${i % 3}\n`
  })
  return lines.join('')
}
