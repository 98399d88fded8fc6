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
