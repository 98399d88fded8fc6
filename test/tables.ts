/** What tests of training share: the example tables, and a check of what is refused. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { DataFrame } from '../src/data/frame.ts'
import { decodeUtf8 } from '../src/data/utf8.ts'
import { InputError, type InputErrorCode } from '../src/errors.ts'
import { readCsvTable } from '../src/tables/formats/read-text.ts'

/** The example data sets with their targets. */
export const examples = [
  { file: 'titanic.csv', target: 'Survived' },
  { file: 'penguins.csv', target: 'species' },
  { file: 'credit-g.csv', target: 'class' },
] as const

/** Returns the table of an example data set. */
export function readExample(file: (typeof examples)[number]['file']): DataFrame {
  return readCsvTable(decodeUtf8(readFileSync(join(import.meta.dirname, '../data', file))))
}

/** Checks that an act ends in an InputError of this code whose message matches. */
export async function checkRefused(
  t: Test,
  act: () => unknown,
  code: InputErrorCode,
  message: RegExp,
  name: string,
): Promise<void> {
  let error: unknown
  try {
    await act()
  } catch (thrown) {
    error = thrown
  }
  if (error instanceof InputError) {
    t.equal(error.code, code, `${name}: code`)
    t.match(error.message, message, `${name}: message`)
  } else t.fail(`${name}: not refused`, { found: error })
}
