/** Runs the built command as users do. */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { atEnd } from './at-end.ts'

/** The checkout, and the command that `npm run build` makes. */
export const root = join(import.meta.dirname, '..')
export const cli = join(root, 'dist/cli.js')

export interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly input?: string
}

/** A command without the loader that tap puts into every Node process, which doubles its time. */
const WITHOUT_LOADER = ['-u', 'NODE_OPTIONS']

/** Starts a command as the head of a process group, which ends with the tests at the latest. */
export function start(
  command: string,
  args: readonly string[],
  options: Omit<RunOptions, 'input'> = {},
): ChildProcessWithoutNullStreams {
  const child = spawn('env', [...WITHOUT_LOADER, command, ...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    detached: true,
  })
  const forget = atEnd(`kill -s KILL -- -${child.pid} 2>/dev/null`)
  child.on('exit', forget)
  // A command may end before it has read its input.
  child.stdin.on('error', () => {})
  return child
}

/** Signals a command and everything it started, as a terminal does. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid as number), signal)
  } catch {
    // It has ended already.
  }
}

/** Returns what a command printed and how it ended. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const child = start(command, args, { ...options, env: { NO_COLOR: '1', ...options.env } })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  child.stdin.end(options.input ?? '')
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout: stdout(), stderr: stderr() }
}

/** Returns how `shapserve ARGS` ended. */
export function shapserve(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return run(process.execPath, [cli, ...args], options)
}

export interface Serving {
  readonly child: ChildProcess
  readonly url: string
  /** Everything printed so far. */
  readonly output: () => string
  /** Signals the command and everything it started, as a terminal does. */
  readonly kill: (signal: NodeJS.Signals) => void
}

/** Starts a serving command and waits until its log says where it listens. */
export async function startServing(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Serving> {
  const child = start(command, args, options)
  const output = collect(child.stdout, child.stderr)
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /"url":"(http:[^"]+)"/.exec(output())
      if (found) resolve(found[1] as string)
    })
    child.on('exit', () => reject(new Error(`the server did not start: ${output()}`)))
  })
  const kill = (signal: NodeJS.Signals) => signalGroup(child, signal)
  return { child, url, output, kill }
}

function collect(...streams: readonly NodeJS.ReadableStream[]): () => string {
  let text = ''
  for (const stream of streams) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
  }
  return () => text
}
