/** How far something is that AWS does: a line per state, and on a terminal one that counts the time. */
import { type Output, printable } from '../../terminal.ts'

/** Tells states as they change. */
export interface StatusLine {
  /** Tells a state, with what is said about it, where it is not the one that was told last. */
  show(state: string, detail?: string): void
  /** Tells something else, above the state. */
  note(line: string): void
  /** Tells how far the state is: on a terminal in its line, otherwise as a line of its own. */
  advance(line: string): void
  /** Ends it, so that other lines can follow; what goes on in vain says nothing more. */
  close(): void
}

/** Runs what tells its states; the line ends with it, also where it is not waited for any more. */
export async function showingStatus<T>(
  output: Output,
  run: (status: StatusLine) => Promise<T>,
  isQuiet = false,
): Promise<T> {
  const status = createStatusLine(output, isQuiet)
  try {
    return await run(status)
  } finally {
    status.close()
  }
}

const EACH_MS = 1000

/** Returns the line of something that began now. */
export function createStatusLine(
  output: Output,
  isQuiet: boolean,
  stream: NodeJS.WriteStream = process.stderr,
): StatusLine {
  const began = performance.now()
  const isLively =
    !isQuiet && stream.isTTY === true && process.env.TERM !== 'dumb' && !process.env.NO_COLOR
  let told = ''
  let state = ''
  let advanced = ''
  let shown = ''
  let isClosed = false
  const passed = () => describeSeconds((performance.now() - began) / 1000)
  const clear = () => {
    if (shown !== '') stream.write('\r\x1b[2K')
    shown = ''
  }
  const draw = () => {
    clear()
    const time = `   ${passed()}`
    const room = (stream.columns || 80) - time.length - 1
    shown = `${(advanced || told).slice(0, Math.max(10, room))}${time}`
    stream.write(shown)
  }
  const timer = isLively ? setInterval(() => told !== '' && draw(), EACH_MS) : undefined
  timer?.unref()
  return {
    show(name, detail) {
      const line = `status    ${[name, detail].filter(Boolean).join(' · ')}`
      if (line === told || isClosed) return
      clear()
      told = line
      state = name
      advanced = ''
      output.note(`${line}   ${passed()}`)
    },
    note(line) {
      if (isClosed) return
      clear()
      output.note(line)
    },
    advance(line) {
      if (!isLively) this.note(`log       ${line}`)
      else if (!isClosed && told !== '') {
        // What is said about a state would leave no room.
        advanced = `status    ${state} · ${printable(line).replace(/ {2,}/g, ' ')}`
        draw()
      }
    },
    close() {
      isClosed = true
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
