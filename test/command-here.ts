/** Runs commands in the test's own process, from the sources: many in the time that one of the built command takes to start. */
import { fstatSync } from 'node:fs'
import { main } from '../src/commands/main.ts'
import { type Finished, type RunOptions, root, shapserve } from './command.ts'

/** A terminal or a file is written past the streams that are listened to here. */
const isPiped = [1, 2].every((descriptor) => {
  const found = fstatSync(descriptor)
  return found.isFIFO() || found.isSocket()
})

type Write = typeof process.stdout.write

/**
 * Returns how `shapserve ARGS` ended, as {@link shapserve} does, one command at a time. For commands that end by
 * themselves; what a process alone shows (its end, signals, streams that break) needs one.
 */
export async function shapserveHere(
  args: readonly string[],
  options: Omit<RunOptions, 'input'> = {},
): Promise<Finished> {
  if (!isPiped) return shapserve(args, options)
  // What tap has said before goes its own way.
  while (process.stdout.writableLength > 0) await new Promise((resolve) => setImmediate(resolve))
  const before = { env: process.env, cwd: process.cwd(), exitCode: process.exitCode }
  const [stdout, stderr] = [listenTo(process.stdout), listenTo(process.stderr)]
  try {
    process.env = { ...before.env, NO_COLOR: '1', ...options.env }
    process.chdir(options.cwd ?? root)
    process.exitCode = undefined
    const status = await main(args)
    return { status, stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    stdout.end()
    stderr.end()
    process.env = before.env
    process.chdir(before.cwd)
    process.exitCode = before.exitCode
  }
}

/** Keeps what is written to a stream to itself. */
function listenTo(stream: NodeJS.WriteStream) {
  const pieces: Buffer[] = []
  const own = Object.getOwnPropertyDescriptor(stream, 'write')
  stream.write = ((piece: string | Uint8Array, ...rest: unknown[]) => {
    pieces.push(Buffer.from(piece as string))
    const done = rest.at(-1)
    if (typeof done === 'function') process.nextTick(done)
    return true
  }) as Write
  return {
    text: () => Buffer.concat(pieces).toString(),
    end() {
      if (own) Object.defineProperty(stream, 'write', own)
      else Reflect.deleteProperty(stream, 'write')
    },
  }
}
