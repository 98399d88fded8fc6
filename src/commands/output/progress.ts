/** How far a long step is: a bar on a terminal, lines in a log. */
import type { SingleBar } from 'cli-progress'
import { sizeOf } from './file-size.ts'

/** Steps report to it, one at a time; a step of another name begins anew. */
export interface Progress {
  /** @param unit what is counted, in the plural; `bytes` are shown as sizes */
  show(name: string, done: number, total: number, unit: string): Promise<void>
  /** Ends what is shown, so that other lines can follow. */
  stop(): void
}

export const noProgress: Progress = { show: async () => {}, stop: () => {} }

/** Milliseconds without a word before a bar is shown; after the first bar all steps have one, from their beginning. */
const PATIENCE = 200
/** Seconds after which a log has lines of a step. */
const WORTH_A_LINE = 1
/** Cells beside the bar itself. */
const BESIDE = 46
const [LEAST_BAR, MOST_BAR] = [4, 24]

/** Returns a bar for the width of a terminal. */
export function createBar(columnsNow: () => number): Progress {
  let bar: SingleBar | undefined
  let [shownName, started, isDone] = ['', 0, false]
  let [quietSince, wasLong] = [performance.now(), false]
  const end = () => {
    bar?.stop()
    bar = undefined
  }
  const stop = () => {
    end()
    quietSince = performance.now()
  }
  const show: Progress['show'] = async (name, done, total, unit) => {
    if (name !== shownName || (isDone && done < total)) {
      end()
      shownName = name
      started = performance.now()
      isDone = false
    }
    const passed = performance.now() - started
    // Short steps one after the other are a long wait, too; and what computes without a pause is shown before or not at all.
    if (isDone || (!wasLong && performance.now() - quietSince < PATIENCE)) return
    const [spent, left] = [seconds(passed / 1000), timeLeft(passed / 1000, done, total)]
    if (!bar) {
      const { default: cliProgress } = await import('cli-progress')
      bar = new cliProgress.SingleBar(
        {
          format: `${name.padEnd(9)} {bar}  {amount}   {spent}  {left}`,
          hideCursor: true,
          barsize: Math.max(LEAST_BAR, Math.min(MOST_BAR, columnsNow() - BESIDE)),
        },
        cliProgress.Presets.shades_classic,
      )
      wasLong = true
      bar.start(total, done, { amount: amountOf(done, total, unit), spent, left })
    }
    bar.setTotal(total)
    bar.update(done, { amount: amountOf(done, total, unit), spent, left })
    isDone = done >= total
    if (isDone) stop()
  }
  return { show, stop }
}

/**
 * Returns lines at every 10 % of a step, from when it has taken a second.
 * @param now milliseconds of a clock
 */
export function createLines(
  write: (line: string) => void,
  now: () => number = () => performance.now(),
): Progress {
  let [started, shownName, shownTenth, hasLines] = [0, '', 0, false]
  return {
    async show(name, done, total, unit) {
      if (name !== shownName) [started, shownName, shownTenth, hasLines] = [now(), name, 0, false]
      const tenth = Math.floor((done / total) * 10)
      if (tenth === shownTenth) return
      shownTenth = tenth
      const passed = (now() - started) / 1000
      if (!hasLines && passed < WORTH_A_LINE) return
      hasLines = true
      const left = timeLeft(passed, done, total)
      write(
        `${name.padEnd(9)} ${amountOf(done, total, unit)}   ${seconds(passed)}   ${left}`.trimEnd(),
      )
    },
    stop() {},
  }
}

/** Whether a line of a log is one of {@link createLines}, such as `forest    12/100 trees   3.1 s   ETA 22.7 s`. */
export function isProgressLine(line: string): boolean {
  return /^[a-z][a-z ]{0,15} +\d+\/\d+ [a-z ]+ {3}\d/.test(line)
}

/** Returns `3/24 trees`, `1/1 tree`. */
function amountOf(done: number, total: number, unit: string): string {
  if (unit === 'bytes') return `${sizeOf(done)} of ${sizeOf(total)}`
  return `${done}/${total} ${total === 1 ? unit.replace(/s\b/, '') : unit}`
}

function seconds(passed: number): string {
  if (passed < 100) return `${passed.toFixed(1)} s`
  const minutes = Math.floor(passed / 60)
  return `${minutes} min ${Math.floor(passed - 60 * minutes)} s`
}

/** How long the rest takes if it goes on as so far; empty while nothing, or all, is done. */
function timeLeft(passed: number, done: number, total: number): string {
  if (done === 0 || done >= total) return ''
  return `ETA ${seconds((passed / done) * (total - done))}`
}
