/** What a test file printed as TAP: how many checks passed, and what is to be seen of those that did not. */

export interface TestCounts {
  pass: number
  fail: number
  skip: number
}

const summary = /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?(.*) \}$/gm

/** Returns a file's own counts; one that ended badly, or before its summary, has a failure at least. */
export function countsOf(output: string, status: string): TestCounts {
  const [, pass = '0', fail = '0', rest = ''] = [...output.matchAll(summary)].at(-1) ?? []
  const complete = /^1\.\.\d+/m.test(output)
  const skip = Number(/skip: (\d+)/.exec(rest)?.[1] ?? 0)
  const least = status !== '0' || !complete ? 1 : 0
  return { pass: Number(pass), fail: Math.max(Number(fail), least), skip }
}

/** What one of several files in a process printed, as if it had been alone. */
export interface FileOutput {
  readonly file: string
  readonly output: string
  /** As of a process of its own: how the shared one ended, where the file did not come to its end. */
  readonly status: string
  /** Seconds of the processor, as far as its own process took them. */
  readonly cpu: number
  /** Seconds from start to end. */
  readonly wall: number
}

const endOfFile = /^(# \{ total: .* \}) ([\d.]+) s$/m
const timeOfFile = /^(?:not )?ok \d+ - .* # time=([\d.]+)ms/gm

/**
 * Returns what each of the files printed that `several.ts` ran.
 * @param status how the process ended; the last file is to blame for a bad end behind checks that all passed
 */
export function outputsOf(all: string, status: string, files: readonly string[]): FileOutput[] {
  let start = 0
  const starts = files.map((file) => {
    const found = all.indexOf(`# Subtest: ${file}\n`, start)
    if (found >= 0) start = found
    return found
  })
  const hasFailed = /^not ok/m.test(all)
  return files.map((file, i) => {
    const isLast = starts.slice(i + 1).every((later) => later < 0)
    const text = starts[i]! < 0 ? '' : all.slice(starts[i], isLast ? undefined : starts[i + 1])
    const end = endOfFile.exec(text)
    const own = text.slice(0, end?.index)
    const isWell = end && (status === '0' || hasFailed || !isLast)
    return {
      file,
      // Its own counts stand last, as in a process of its own.
      output: [own.replace(/^ {4}/gm, ''), isWell ? '' : text.slice(own.length), end?.[1]].join(
        '\n',
      ),
      status: isWell ? (/^not ok/m.test(own) ? '1' : '0') : status === '0' ? 'no end' : status,
      cpu: Number(end?.[2] ?? 0),
      wall: Number([...own.matchAll(timeOfFile)].at(-1)?.[1] ?? 0) / 1000,
    }
  })
}

/** Returns the seconds in the last line of a shell's `times`: user and system, of its children; 0 without it. */
export function secondsOf(output: string): number {
  const last = output.trimEnd().split('\n').at(-1) ?? ''
  return [...last.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  )
}

/** Returns counts in words. */
export function summaryOf({ pass, fail, skip }: TestCounts): string {
  return `${pass} passed, ${fail} failed${skip > 0 ? `, ${skip} skipped` : ''}`
}

/** Returns why tests were skipped, each reason once. */
export function skippedOf(output: string): string[] {
  return [...new Set(Array.from(output.matchAll(/^ *ok .* # SKIP (.+)$/gm), ([, why]) => why!))]
}

/** What is left out: checks that passed, plans and summaries. */
const passed = /^ *(ok \d|\d+\.\.\d+|# time=|# \{ total|TAP version|$)/

/** Returns the lines of what failed, below the names of the tests that it stands in. */
export function failuresOf(output: string): string {
  const shown: string[] = []
  let headings: string[] = []
  const depthOf = (line: string) => line.search(/\S/)
  for (const line of output.split('\n')) {
    if (passed.test(line)) continue
    if (/^ *# Subtest/.test(line)) {
      headings = [...headings.filter((above) => depthOf(above) < depthOf(line)), line]
      continue
    }
    shown.push(...headings.filter((above) => depthOf(above) < Math.max(depthOf(line), 1)), line)
    headings = []
  }
  return shown.join('\n')
}
