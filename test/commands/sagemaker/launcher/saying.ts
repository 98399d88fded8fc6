/** What a command says on standard error, kept out of the log of the tests. */
import type { Test } from 'tap'

/** Returns what is said while something runs, also where it fails. */
export async function saying(t: Test, run: () => Promise<void>): Promise<string> {
  const said: string[] = []
  const { write } = process.stderr
  process.stderr.write = ((text: string) => said.push(text)) as unknown as typeof write
  const restore = () => {
    process.stderr.write = write
  }
  t.teardown(restore)
  try {
    await run()
  } finally {
    restore()
  }
  return said.join('')
}
