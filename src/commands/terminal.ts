/** Where a command speaks: lines and progress to stderr, results to stdout; colours and bars only on a terminal. */
import pc from 'picocolors'
import { escapeHidden } from '../hidden-characters.ts'
import { wrap } from './output/layout.ts'
import { createBar, createLines, noProgress, type Progress } from './output/progress.ts'
import { addToStandardOutput, columnsOf, writeStandardError } from './output/standard-streams.ts'

/** Where lines go: progress to stderr, results to stdout. */
export interface Output {
  note(line: string, paint?: (text: string) => string): void
  warn(line: string): void
  result(text: string): void
  /** Results for people: printable lines, wrapped to the width of a terminal. */
  lines(lines: readonly string[]): void
  /** Tells how often warnings were repeated. */
  foldWarnings(): void
  /** Reports progress of a step that may be long. */
  progress: Progress['show']
  /** Gives the terminal back as it was, also when a step did not end. */
  close(): void
}

/** Spaces before what a line goes on with: a little more than its heading takes. */
const INDENT = 12

/** Whether a stream shows colours and moves its cursor: a terminal that nothing was said against. */
function isLively({ isTTY }: NodeJS.WriteStream): boolean {
  return isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
}

/** Returns what paints text for a stream: nothing where no colours are shown. */
export function coloursFor(stream: NodeJS.WriteStream) {
  return pc.createColors(isLively(stream))
}

/**
 * Returns the output of a command. With `quiet` only results are written; `json` keeps results to one object.
 * Lines are shown without control characters, so that data can neither move the cursor nor forge a line.
 */
export function createOutput(options: { quiet: boolean }): Output {
  const { stderr } = process
  const { yellow } = coloursFor(stderr)
  const write = (line: string, paint: (text: string) => string) => {
    const lines = wrap(printable(line), columnsOf(stderr), INDENT)
    writeStandardError(lines.map((text) => `${paint(text)}\n`).join(''))
  }
  const plain = (text: string) => text
  const progress = options.quiet
    ? noProgress
    : isLively(stderr)
      ? createBar(() => columnsOf(stderr))
      : createLines((line) => write(line, plain))
  const note: Output['note'] = options.quiet
    ? () => {}
    : (line, paint = plain) => {
        progress.stop()
        write(line, paint)
      }
  const warned = new Map<string, number>()
  return {
    note,
    warn(line) {
      const count = (warned.get(line) ?? 0) + 1
      warned.set(line, count)
      if (count === 1) note(`warning   ${line}`, yellow)
    },
    result(text) {
      progress.stop()
      addToStandardOutput(text)
    },
    lines(lines) {
      progress.stop()
      for (const line of lines.flatMap((text) =>
        wrap(printable(text), columnsOf(process.stdout), INDENT),
      ))
        addToStandardOutput(`${line}\n`)
    },
    foldWarnings() {
      for (const [line, count] of warned) {
        if (count > 1) note(`warning   × ${count}   ${line}`, yellow)
      }
    },
    progress: progress.show,
    close: progress.stop,
  }
}

/** What moves the cursor, ends a line, or turns the direction of text. */
const CONTROLS = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** Returns JSON, on one line or several, with an escape for every character that is not seen. */
export function printableJson(json: string): string {
  return json.split('\n').map(escapeHidden).join('\n')
}

/**
 * Returns a line in which data's control characters are question marks, and in which nothing looks like a metric line:
 * a column may be called `validation:auc=1;`, and SageMaker searches the log for that.
 */
export function printable(line: string): string {
  return line.replace(CONTROLS, '?').replace(/(:[a-z_0-9]+=)(?=[0-9.eE+-]+;)/g, '$1 ')
}
