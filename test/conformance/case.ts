/** Conformance cases as their file has them, read strictly: what is not understood is refused. */

export interface RequestSpec {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly encoding: 'utf8' | 'base64'
}

export interface BeforeSpec extends RequestSpec {
  readonly expectStatus: readonly number[]
}

export interface HeaderCheck {
  readonly name: string
  readonly op: string
  readonly value: unknown
}

/** One check of a body; its kind says which other members it has. */
export interface BodyCheck {
  readonly kind: string
  readonly [field: string]: unknown
}

export interface Expectation {
  readonly status: readonly number[]
  readonly headers: readonly HeaderCheck[]
  readonly body: readonly BodyCheck[]
  readonly maxMs?: number
  readonly note?: string
  readonly command?: CommandExpectation
}

/** What only a command can be asked for. */
export interface CommandExpectation {
  readonly filesCreated: readonly string[]
  readonly filesAbsent: readonly string[]
  readonly fileRegex: Readonly<Record<string, string>>
  readonly stdoutRegex?: string
  readonly stderrRegex?: string
  /** What must hold afterwards, in words. */
  readonly afterwards?: string
}

export interface ConformanceCase {
  readonly id: string
  readonly model: string
  readonly env: Readonly<Record<string, string>>
  readonly before: readonly BeforeSpec[]
  /** Contents by path: a text, or a value to be written as JSON. */
  readonly files: Readonly<Record<string, unknown>>
  readonly request: RequestSpec
  readonly expect: Expectation
}

/** One line of a case file: a case, or why it is none. */
export type ParsedCase =
  | { readonly id: string; readonly case: ConformanceCase }
  | { readonly id: string; readonly problem: string }

type Fields = Readonly<Record<string, unknown>>

/** Returns the cases of a JSON Lines text; a line that is wrong becomes a problem, not an error. */
export function parseCases(text: string): ParsedCase[] {
  const seen = new Set<string>()
  return text.split('\n').flatMap((line, index): ParsedCase[] => {
    if (line.trim() === '') return []
    let id = `line ${index + 1}`
    try {
      const fields = readObject(JSON.parse(line), 'the case')
      id = readText(fields.id, 'id')
      if (seen.has(id)) throw new Error('another case has the same id')
      seen.add(id)
      return [{ id, case: readCase(id, fields) }]
    } catch (error) {
      return [{ id, problem: (error as Error).message }]
    }
  })
}

const caseFields = ['id', 'area', 'level', 'source', 'model', 'env', 'before', 'files', 'request']
const requestFields = ['method', 'path', 'headers', 'body', 'body_encoding']
const expectFields = ['status', 'headers', 'body', 'max_ms', 'note']
const commandFields = [
  ...['files_created', 'files_absent', 'file_regex'],
  ...['stdout_regex', 'stderr_regex', 'then'],
]

function readCase(id: string, fields: Fields): ConformanceCase {
  checkFields(fields, [...caseFields, 'expect', 'note'], 'the case')
  return {
    id,
    model: readText(fields.model, 'model'),
    env: readEnv(fields.env ?? {}),
    before: readList(fields.before ?? [], 'before').map((value) => {
      const own = readObject(value, 'before')
      const { expect_status: status, ...request } = own
      return { ...readRequest(request, 'before'), expectStatus: readStatus(status) }
    }),
    files: readObject(fields.files ?? {}, 'files'),
    request: readRequest(fields.request, 'request'),
    expect: readExpectation(readObject(fields.expect, 'expect')),
  }
}

function readRequest(value: unknown, where: string): RequestSpec {
  const fields = readObject(value, where)
  checkFields(fields, requestFields, where)
  const encoding = fields.body_encoding ?? 'utf8'
  if (encoding !== 'utf8' && encoding !== 'base64')
    throw new Error(`${where}.body_encoding is ${JSON.stringify(encoding)}`)
  return {
    method: readText(fields.method, `${where}.method`),
    path: readText(fields.path, `${where}.path`),
    headers: readTexts(fields.headers ?? {}, `${where}.headers`),
    ...(fields.body === undefined ? {} : { body: readText(fields.body, `${where}.body`) }),
    encoding,
  }
}

function readExpectation(fields: Fields): Expectation {
  checkFields(fields, [...expectFields, ...commandFields], 'expect')
  const { max_ms: maxMs } = fields
  if (maxMs !== undefined && typeof maxMs !== 'number') throw new Error('max_ms is no number')
  return {
    status: readStatus(fields.status),
    headers: readList(fields.headers ?? [], 'expect.headers').map(readHeaderCheck),
    body: readList(fields.body ?? [], 'expect.body').map(readBodyCheck),
    ...(maxMs === undefined ? {} : { maxMs }),
    ...(fields.note === undefined ? {} : { note: readText(fields.note, 'note') }),
    ...(commandFields.some((name) => name in fields) ? { command: readCommand(fields) } : {}),
  }
}

function readCommand(fields: Fields): CommandExpectation {
  const texts = (name: string) =>
    readList(fields[name] ?? [], name).map((value) => readText(value, name))
  const text = (name: string, key: keyof CommandExpectation) =>
    fields[name] === undefined ? {} : { [key]: readText(fields[name], name) }
  return {
    filesCreated: texts('files_created'),
    filesAbsent: texts('files_absent'),
    fileRegex: readTexts(fields.file_regex ?? {}, 'file_regex'),
    ...text('stdout_regex', 'stdoutRegex'),
    ...text('stderr_regex', 'stderrRegex'),
    ...text('then', 'afterwards'),
  }
}

function readHeaderCheck(value: unknown): HeaderCheck {
  const fields = readObject(value, 'expect.headers')
  checkFields(fields, ['name', 'op', 'value'], 'expect.headers')
  return {
    name: readText(fields.name, 'expect.headers.name'),
    op: readText(fields.op, 'expect.headers.op'),
    value: fields.value,
  }
}

/** Returns a value as a body check. */
export function readBodyCheck(value: unknown): BodyCheck {
  const fields = readObject(value, 'expect.body')
  return { ...fields, kind: readText(fields.kind, 'expect.body.kind') }
}

function readEnv(value: unknown): Record<string, string> {
  const env = readTexts(value, 'env')
  const [setting] = Object.keys(env).filter((name) => name.startsWith('_'))
  if (setting !== undefined) throw new Error(`the harness setting ${setting} is not known`)
  return env
}

function readStatus(value: unknown): number[] {
  const list = Array.isArray(value) ? (value as unknown[]) : [value]
  if (list.length > 0 && list.every((status) => Number.isInteger(status))) return list as number[]
  throw new Error(`a status is ${JSON.stringify(value)}, expected a list of numbers`)
}

function readTexts(value: unknown, where: string): Record<string, string> {
  const entries = Object.entries(readObject(value, where))
  return Object.fromEntries(
    entries.map(([name, text]) => [name, readText(text, `${where}.${name}`)]),
  )
}

function readObject(value: unknown, where: string): Fields {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Fields
  throw new Error(`${where} is no object`)
}

function readList(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value as unknown[]
  throw new Error(`${where} is no list`)
}

function readText(value: unknown, where: string): string {
  if (typeof value === 'string') return value
  throw new Error(`${where} is no text`)
}

function checkFields(fields: Fields, known: readonly string[], where: string): void {
  const [stranger] = Object.keys(fields).filter((name) => !known.includes(name))
  if (stranger !== undefined) throw new Error(`${where} has an unknown member "${stranger}"`)
}
