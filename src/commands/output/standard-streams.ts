/** Standard output and error: a result that cannot be written ends the command with a failure, a note does not. */
import { fstatSync, writeSync } from 'node:fs'
import { InputError } from '../../errors.ts'
import { ReaderGone } from '../exit-status.ts'

/** The first failure of standard output; what follows it is lost too. */
let failure: unknown

/** How long the end of a log is waited for. */
const LOG_MS = 1000

let isWatched = false
/** Whether there was a result: that the reader of a server's log has gone is no failure. */
let hasResult = false

/** A stream's failure is an event, which would end the process where nobody listens. */
function watch(): void {
  if (isWatched) return
  isWatched = true
  process.stdout.on('error', (error) => {
    failure ??= error
  })
  // Notes that nobody can read are no reason to lose the work.
  process.stderr.on('error', () => {})
}

/** Node's stream of a file takes a short write, as on a disk that is nearly full, for a whole one. */
function isPlainFile(descriptor: number): boolean {
  const found = fstatSync(descriptor)
  return found.isFile() || (found.isCharacterDevice() && !process.stdout.isTTY)
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
}

/**
 * Writes to standard output; returns when there is room for more.
 * @throws InputError `invalid_file` where it cannot be written
 */
export async function writeStandardOutput(content: string | Uint8Array): Promise<void> {
  addToStandardOutput(content)
  await flushStandardOutput()
}

/** Writes to standard output; a failure is told by the next flush. */
export function addToStandardOutput(content: string | Uint8Array): void {
  watch()
  hasResult = true
  if (failure !== undefined) return
  try {
    if (isPlainFile(1)) writeWhole(1, Buffer.from(content))
    else process.stdout.write(content)
  } catch (error) {
    failure ??= error
  }
}

/**
 * Returns when everything is written.
 * @throws InputError `invalid_file` where something was not, ReaderGone where nobody reads any more
 */
export async function flushStandardOutput(): Promise<void> {
  watch()
  if (failure === undefined)
    await new Promise<void>((resolve) => {
      process.stdout.write('', (error) => {
        if (error) failure ??= error
        resolve()
      })
      // A result is waited for; a log that nobody reads does not keep a server that has stopped.
      if (!hasResult) setTimeout(resolve, LOG_MS).unref()
    })
  if (failure === undefined || !hasResult) return
  const { code } = failure as NodeJS.ErrnoException
  if (code === 'EPIPE') throw new ReaderGone()
  throw new InputError('invalid_file', `standard output cannot be written: ${code ?? failure}`)
}

/** Writes a note to standard error; where that cannot be written, nobody is left to tell. */
export function writeStandardError(text: string): void {
  watch()
  try {
    process.stderr.write(text)
  } catch {
    // As above.
  }
}

/** Returns how many cells a line of a stream has; infinitely many where nobody looks at it. */
export function columnsOf(stream: NodeJS.WriteStream): number {
  return (stream.isTTY && stream.columns) || Number.POSITIVE_INFINITY
}
