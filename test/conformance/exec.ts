/** Cases that run the container's command instead of sending a request. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConformanceCase } from './case.ts'
import type { Exchange } from './exchange.ts'
import { generateBody } from './generate.ts'
import { send } from './http.ts'
import { type PathMap, parseGlob } from './paths.ts'
import { predictionsOf } from './prediction-checks.ts'
import { runCommand } from './process.ts'
import { parseRegex } from './python-regex.ts'
import { containerEnv, type Servers } from './servers.ts'

/** Longest reason that SageMaker reads of a failure file. */
const MAX_REASON = 1024

/** What a command did: its output stands for an answer's body. */
export interface Execution extends Exchange {
  readonly stderr: string
  readonly problems: readonly string[]
}

/** Runs a case's command in a base directory of its own and checks what only commands have. */
export async function execute(
  cli: string,
  testCase: ConformanceCase,
  servers: Servers,
): Promise<Execution> {
  const { request, env, expect } = testCase
  const paths = await servers.prepare(testCase)
  const before = await listFiles(paths)
  const args = request.path.split(/\s+/).filter((arg) => arg !== '')
  const input = request.body === undefined ? undefined : bytesOfBody(request.body, request.encoding)
  const { status, stdout, stderr, ms } = await runCommand(cli, args.map(paths.toLocal), {
    env: containerEnv(paths, env),
    cwd: paths.base,
    ...(input ? { input } : {}),
  })
  const output = paths.toContainer(stdout)
  const after = await listFiles(paths)
  const { command } = expect
  const problems = command
    ? [
        ...checkFiles(command.filesCreated, command.filesAbsent, before, after),
        ...(await checkContents(command.fileRegex, paths)),
        ...checkOutput('stdout', output.toString(), command.stdoutRegex, expect.note),
        ...checkOutput('stderr', stderr, command.stderrRegex, expect.note),
        ...(await checkAfterwards(command.afterwards, paths, env, servers)),
      ]
    : []
  return {
    request: { ...request, body: input ?? Buffer.of() },
    answer: { status, headers: new Map(), body: output, ms },
    stderr: paths.toContainer(Buffer.from(stderr)).toString(),
    problems,
  }
}

/** Returns the bytes of a body as a case writes it. */
export function bytesOfBody(body: string, encoding: 'utf8' | 'base64'): Buffer {
  if (encoding === 'utf8') return generateBody(body) ?? Buffer.from(body)
  const bytes = Buffer.from(body, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== body.replace(/\s|=+$/g, ''))
    throw new Error('the body is not base64')
  return bytes
}

type Files = ReadonlyMap<string, number>

/** Returns the container's files by path with the times of their last change. */
async function listFiles(paths: PathMap): Promise<Files> {
  const entries = await readdir(paths.base, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const listed = files.map(async (entry) => {
    const path = join(entry.parentPath, entry.name)
    const { mtimeMs } = await stat(path)
    return [paths.toContainer(Buffer.from(path)).toString(), mtimeMs] as const
  })
  return new Map(await Promise.all(listed))
}

function checkFiles(
  created: readonly string[],
  absent: readonly string[],
  before: Files,
  after: Files,
): string[] {
  const fresh = [...after].flatMap(([path, time]) => (before.get(path) === time ? [] : [path]))
  const missing = created.filter((glob) => !fresh.some((path) => parseGlob(glob).test(path)))
  const present = absent.filter((glob) =>
    [...after.keys()].some((path) => parseGlob(glob).test(path)),
  )
  return [
    ...missing.map((glob) => `no file ${glob} was created`),
    ...present.map((glob) => `there is a file ${glob}`),
  ]
}

async function checkContents(
  patterns: Readonly<Record<string, string>>,
  paths: PathMap,
): Promise<string[]> {
  const checked = Object.entries(patterns).map(async ([path, pattern]) => {
    let text: string
    try {
      text = paths.toContainer(await readFile(paths.toLocal(path))).toString()
    } catch {
      return [`there is no file ${path}`]
    }
    const read = path.endsWith('/failure') ? text.slice(0, MAX_REASON) : text
    return parseRegex(pattern).test(read)
      ? []
      : [`${path} does not match ${pattern}: ${JSON.stringify(read.slice(0, 200))}`]
  })
  return (await Promise.all(checked)).flat()
}

function checkOutput(
  stream: string,
  text: string,
  pattern: string | undefined,
  note: string | undefined,
): string[] {
  if (pattern === undefined) return []
  const regex = parseRegex(pattern)
  if (!regex.test(text)) return [`${stream} does not match ${pattern}`]
  const hasTab = text.split('\n').some((line) => line.includes('\t') && regex.test(line))
  return hasTab && /no TAB/i.test(note ?? '') ? [`a line of ${stream} has a TAB`] : []
}

/** What must hold after a command, in the one sentence that the runner knows. */
async function checkAfterwards(
  sentence: string | undefined,
  paths: PathMap,
  env: Readonly<Record<string, string>>,
  servers: Servers,
): Promise<string[]> {
  if (sentence === undefined) return []
  const found = /^serve from (\/opt\/ml\/\S+) answers \/ping 200 and predicts (\d+) features$/.exec(
    sentence,
  )
  if (!found) return [`the runner cannot do this: ${sentence}`]
  const [, directory = '', features] = found
  try {
    const server = await servers.start(paths, { ...env, SM_MODEL_DIR: directory })
    try {
      return await checkServes(server.port, Number(features))
    } finally {
      await servers.retire(server)
    }
  } catch (error) {
    return [`then: ${(error as Error).message}`]
  }
}

async function checkServes(port: number, features: number): Promise<string[]> {
  const ping = await send(port, { method: 'GET', path: '/ping', headers: {} })
  if (ping.status !== 200) return [`then: /ping answers ${ping.status}`]
  const answer = await send(port, {
    method: 'POST',
    path: '/invocations',
    headers: { 'Content-Type': 'text/csv', Accept: 'text/csv' },
    body: Buffer.from(Array.from({ length: features }, (_, j) => j + 1.5).join(',')),
  })
  if (answer.status !== 200) return [`then: a prediction is answered with ${answer.status}`]
  const { rows } = predictionsOf(answer)
  return rows.length === 1 ? [] : [`then: ${rows.length} predictions for one row`]
}
