/** How far something is that AWS does: a line per state, and on a terminal one that counts the time. */
import type { Output } from '../../terminal.ts'

/** Tells states as they change. */
export interface StatusLine {
  /** Tells a state, with what is said about it, where it is not the one that was told last. */
  show(state: string, detail?: string): void
  /** Tells something else, above the state. */
  note(line: string): void
  /** Ends it, so that other lines can follow. */
  close(): void
}

const EACH_MS = 1000

/** Returns the line of something that began now. */
export function createStatusLine(
  output: Output,
  stream: NodeJS.WriteStream = process.stderr,
): StatusLine {
  const began = performance.now()
  const isLively = stream.isTTY === true && process.env.TERM !== 'dumb' && !process.env.NO_COLOR
  let told = ''
  let shown = ''
  const passed = () => describeSeconds((performance.now() - began) / 1000)
  const clear = () => {
    if (shown !== '') stream.write('\r\x1b[2K')
    shown = ''
  }
  const draw = () => {
    clear()
    shown = `${told}   ${passed()}`.slice(0, Math.max(20, (stream.columns ?? 80) - 1))
    stream.write(shown)
  }
  const timer = isLively ? setInterval(() => told !== '' && draw(), EACH_MS) : undefined
  timer?.unref()
  return {
    show(state, detail) {
      const line = `status    ${[state, detail].filter(Boolean).join(' · ')}`
      if (line === told) return
      clear()
      told = line
      output.note(`${line}   ${passed()}`)
    },
    note(line) {
      clear()
      output.note(line)
    },
    close() {
      clearInterval(timer)
      clear()
    },
  }
}

/** Returns `12 s`, `3 min 4 s`. */
export function describeSeconds(seconds: number): string {
  const whole = Math.floor(seconds)
  const minutes = Math.floor(whole / 60)
  return minutes === 0 ? `${whole} s` : `${minutes} min ${whole % 60} s`
}
