/** Where a command speaks: lines and progress to stderr, results to stdout; colours and bars only on a terminal. */
import type { SingleBar } from 'cli-progress'
import pc from 'picocolors'
import { addToStandardOutput, writeStandardError } from './output/standard-streams.ts'

/** Where lines go: progress to stderr, results to stdout. */
export interface Output {
  note(line: string, paint?: (text: string) => string): void
  warn(line: string): void
  result(text: string): void
  /** Tells how often warnings were repeated. */
  foldWarnings(): void
  /** Reports progress of a long step. */
  progress(name: string, done: number, total: number, unit: string): Promise<void>
  /** Reports progress of what is no news in a log: on a terminal alone, and only of what takes its time. */
  activity(name: string, done: number, total: number, unit: string): Promise<void>
  /** Gives the terminal back as it was, also when a step did not end. */
  close(): void
}

const SILENT: Output['note'] = () => {}

/**
 * Returns the output of a command. With `quiet` only results are written; `json` keeps results to one object.
 * Lines are shown without control characters, so that data can neither move the cursor nor forge a line.
 */
export function createOutput(options: { quiet: boolean }): Output {
  const bar = !options.quiet && process.stderr.isTTY ? createBar() : undefined
  const warned = new Map<string, number>()
  const note: Output['note'] = options.quiet
    ? SILENT
    : (line, paint = (text) => text) => {
        writeStandardError(`${paint(printable(line))}\n`)
      }
  return {
    note,
    warn(line) {
      const count = (warned.get(line) ?? 0) + 1
      warned.set(line, count)
      if (count === 1) note(`warning   ${line}`, pc.yellow)
    },
    result: addToStandardOutput,
    foldWarnings() {
      for (const [line, count] of warned) {
        if (count > 1) note(`warning   × ${count}   ${line}`, pc.yellow)
      }
    },
    progress: bar?.progress ?? (options.quiet ? async () => {} : createLines(note)),
    activity: bar ? onceSlow(bar.progress) : async () => {},
    close: () => bar?.stop(),
  }
}

/** What moves the cursor, ends a line, or turns the direction of text. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** Returns JSON, on one line or several, with every character that {@link printable} hides as an escape. */
export function printableJson(json: string): string {
  return json.replace(CONTROLS, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Returns a line in which data's control characters are question marks, and in which nothing looks like a metric line:
 * a column may be called `validation:auc=1;`, and SageMaker searches the log for that.
 */
export function printable(line: string): string {
  return line.replace(CONTROLS, '?').replace(/(:[a-z_0-9]+=)(?=[0-9.eE+-]+;)/g, '$1 ')
}

/** One bar at a time; a step of another name gets one of its own. */
function createBar(): { progress: Output['progress']; stop: () => void } {
  let bar: SingleBar | undefined
  let shown: string | undefined
  let started = 0
  const stop = () => {
    bar?.stop()
    bar = undefined
  }
  const progress: Output['progress'] = async (name, done, total, unit) => {
    if (name !== shown) {
      stop()
      shown = name
      started = performance.now()
      const { default: cliProgress } = await import('cli-progress')
      bar = new cliProgress.SingleBar(
        {
          format: `${name.padEnd(9)} {bar}  {value}/{total} ${unit}   {spent}  {left}`,
          hideCursor: true,
          barsize: 24,
        },
        cliProgress.Presets.shades_classic,
      )
      bar.start(total, done, { spent: '0.0 s', left: '' })
    }
    const seconds = (performance.now() - started) / 1000
    bar?.update(done, { spent: `${seconds.toFixed(1)} s`, left: timeLeft(seconds, done, total) })
    if (done >= total) stop()
  }
  return { progress, stop }
}

/** Milliseconds that a step takes before its bar is shown. */
const PATIENCE = 200

/** Returns progress that begins to show when a step has taken a while. */
function onceSlow(progress: Output['progress']): Output['progress'] {
  let [shownName, started] = ['', 0]
  return async (name, done, total, unit) => {
    if (name !== shownName) [shownName, started] = [name, performance.now()]
    if (performance.now() - started > PATIENCE) await progress(name, done, total, unit)
  }
}

/** How long the rest takes if it goes on as so far; empty while nothing, or all, is done. */
function timeLeft(seconds: number, done: number, total: number): string {
  if (done === 0 || done >= total) return ''
  return `ETA ${((seconds / done) * (total - done)).toFixed(1)} s`
}

/** One line per 10 %: for logs and CI. */
function createLines(note: Output['note']): Output['progress'] {
  let [started, shownName, shownTenth] = [0, '', 0]
  return async (name, done, total, unit) => {
    if (name !== shownName) [started, shownName, shownTenth] = [performance.now(), name, 0]
    const tenth = Math.floor((done / total) * 10)
    if (tenth === shownTenth) return
    shownTenth = tenth
    const seconds = (performance.now() - started) / 1000
    const left = timeLeft(seconds, done, total)
    note(`${name.padEnd(9)} ${done}/${total} ${unit}   ${seconds.toFixed(1)} s   ${left}`.trimEnd())
  }
}
