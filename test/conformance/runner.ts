/** Runs conformance cases against the built command. */
import { rmSync } from 'node:fs'
import { mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConformanceCase, type Expectation, parseCases, type RequestSpec } from './case.ts'
import { judge } from './checks.ts'
import type { Answer, CheckContext, Exchange, WireRequest } from './exchange.ts'
import { bytesOfBody, execute } from './exec.ts'
import { judgeHeader } from './header-check.ts'
import { send } from './http.ts'
import { createModels } from './models.ts'
import type { PathMap } from './paths.ts'
import { createServers, type Servers } from './servers.ts'

export interface CaseResult {
  readonly id: string
  /** Why the case failed; absent when it passed. */
  readonly reason?: string
}

export interface RunOptions {
  /** The built command, an absolute path. */
  readonly cli: string
  /** Is told every result as soon as there is one. */
  readonly report?: (result: CaseResult) => void
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const SERVERS_KEPT = 2
/** How long after a broken connection a server may take to be seen to end. */
const END_MS = 500
const SHOWN = 300

/** Runs the cases of a JSON Lines text in their order and returns how each ended. */
export async function runCases(text: string, { cli, report }: RunOptions): Promise<CaseResult[]> {
  const parsed = parseCases(text)
  const cases = new Map(parsed.flatMap((one) => ('case' in one ? [[one.id, one.case]] : [])))
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'conformance-')))
  const servers = createServers(cli, directory, createModels(cli, join(directory, 'models')))
  const run: Run = { cli, cases, servers, exchanges: new Map() }
  const results: CaseResult[] = []
  const remove = () => rmSync(directory, { recursive: true, force: true })
  // A signal must end as an exit does: servers and files go with the runner.
  const interrupt = () => process.exit(1)
  for (const signal of signals) process.once(signal, interrupt)
  process.once('exit', remove)
  try {
    for (const one of parsed) {
      const reason = 'case' in one ? await runCase(one.case, run) : one.problem
      const result = { id: one.id, ...(reason === undefined ? {} : { reason }) }
      results.push(result)
      report?.(result)
      await servers.trim(SERVERS_KEPT)
    }
  } finally {
    await servers.trim(0)
    for (const signal of signals) process.off(signal, interrupt)
    process.off('exit', remove)
    remove()
  }
  return results
}

/** Returns the line of a result, as the command prints it. */
export function writeResult({ id, reason }: CaseResult): string {
  return reason === undefined ? `ok ${id}` : `not ok ${id}: ${reason.replaceAll(/\s*\n\s*/g, ' ')}`
}

/** What all cases of a run share. */
interface Run {
  readonly cli: string
  readonly cases: ReadonlyMap<string, ConformanceCase>
  readonly servers: Servers
  /** What other cases may refer to. */
  readonly exchanges: Map<string, Exchange>
}

/** Returns why a case failed; undefined when it passed. */
async function runCase(testCase: ConformanceCase, run: Run): Promise<string | undefined> {
  try {
    return testCase.request.method === 'EXEC'
      ? await runExec(testCase, run)
      : await withExchange(testCase, run, (context) => verify(testCase.expect, context))
  } catch (error) {
    return describeError(error)
  }
}

async function runExec(testCase: ConformanceCase, run: Run): Promise<string | undefined> {
  const { before, expect } = testCase
  if (before.length > 0 || expect.headers.length > 0)
    return 'a command takes no requests and answers with no headers'
  const execution = await execute(run.cli, testCase, run.servers)
  const problems = await findProblems(expect, {
    ...execution,
    send: () => Promise.reject(new Error('a command is not repeated')),
    reference: (id) => refer(id, run),
  })
  const all = [...problems, ...execution.problems]
  if (all.length === 0) return undefined
  // What went wrong stands at the end of what a command prints.
  const printed = execution.stderr.trim() || execution.answer.body.toString()
  return `${all.join('; ')} | got status ${execution.answer.status} ${cut(printed.slice(-SHOWN))}`
}

/** Does a case's requests and hands what came back to a judge; a server that it may have changed is ended. */
async function withExchange<T>(
  testCase: ConformanceCase,
  run: Run,
  use: (context: CheckContext) => Promise<T>,
): Promise<T> {
  const { before, expect } = testCase
  if (expect.command) throw new Error('files and output are expected of commands only')
  const own = before.length > 0 || changesState(testCase.request)
  const server = await run.servers.take(testCase, { own })
  let isUsable = !own
  const ask = async (request: WireRequest) => {
    try {
      const answer = await send(server.port, request)
      return { ...answer, body: server.paths.toContainer(answer.body) }
    } catch (error) {
      isUsable = false
      throw new Error((await server.ended(END_MS)) ?? `no answer: ${describeError(error)}`)
    }
  }
  try {
    for (const spec of before) {
      const answer = await ask(wireRequest(spec, server.paths))
      if (!spec.expectStatus.includes(answer.status))
        throw new Error(`before: ${spec.method} ${spec.path} | got ${describeAnswer(answer)}`)
    }
    const request = wireRequest(testCase.request, server.paths)
    const answer = await ask(request)
    run.exchanges.set(testCase.id, { request, answer })
    return await use({
      request,
      answer,
      send: (body) => ask({ ...request, ...(body ? { body } : {}) }),
      reference: (id) => refer(id, run),
    })
  } finally {
    if (!isUsable) await run.servers.retire(server)
  }
}

/** Returns the exchange of another case, which is run for it if it has not been. */
async function refer(id: string, run: Run): Promise<Exchange> {
  const known = run.exchanges.get(id)
  if (known) return known
  const other = run.cases.get(id)
  if (!other) throw new Error(`there is no case ${id}`)
  if (other.request.method === 'EXEC') throw new Error(`the case ${id} is a command`)
  return withExchange(other, run, async ({ request, answer }) => ({ request, answer }))
}

async function verify(expect: Expectation, context: CheckContext): Promise<string | undefined> {
  const problems = await findProblems(expect, context)
  return problems.length === 0
    ? undefined
    : `${problems.join('; ')} | got ${describeAnswer(context.answer)}`
}

async function findProblems(expect: Expectation, context: CheckContext): Promise<string[]> {
  const { answer } = context
  if (!expect.status.includes(answer.status))
    return [`status ${answer.status}, wanted ${expect.status.join(' or ')}`]
  const problems = expect.headers.map((check) => judgeHeader(check, answer))
  if (expect.maxMs !== undefined && answer.ms > expect.maxMs)
    problems.push(`took ${Math.round(answer.ms)} ms, at most ${expect.maxMs}`)
  for (const check of expect.body) problems.push(await judge(check, context))
  return problems.filter((problem) => problem !== undefined)
}

function wireRequest(spec: RequestSpec, paths: PathMap): WireRequest {
  const headers = Object.entries(spec.headers).map(([name, value]) => [name, paths.toLocal(value)])
  const text = spec.encoding === 'utf8' ? spec.body && paths.toLocal(spec.body) : spec.body
  return {
    method: spec.method,
    path: paths.toLocal(spec.path),
    headers: Object.fromEntries(headers),
    ...(text === undefined ? {} : { body: bytesOfBody(text, spec.encoding) }),
  }
}

/** Whether a request may load or unload a model. */
function changesState({ method, path }: RequestSpec): boolean {
  const isManagement = /^\/models(?!\/[^/]+\/invoke)|^\/v2\/repository\//.test(path)
  return isManagement && method !== 'GET' && method !== 'HEAD'
}

function describeAnswer({ status, headers, body }: Answer): string {
  return `${status} ${headers.get('content-type') ?? 'without a type'} ${cut(body.toString())}`
}

function cut(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text)
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || String((error as NodeJS.ErrnoException).code)
}
