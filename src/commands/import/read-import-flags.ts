/** What the flags of `import` say about a model. */
import { stat } from 'node:fs/promises'
import { createJsonReader } from '../../data/json-fields.ts'
import { InputError, quote } from '../../errors.ts'
import type { ModelWords } from '../../import/build-artifact.ts'
import type { ReadOptions } from '../../import/imported-model.ts'
import { readInputFile, readTables } from '../../tables/read-tables.ts'
import { readName, readNumber, readWhole } from '../setting-values.ts'

export interface ImportFlags {
  readonly format: string
  readonly modelDir: string
  readonly target: string
  readonly classes?: string
  readonly positiveClass?: string
  readonly columns?: string
  readonly categories?: string
  readonly background?: string
  readonly rounds?: string
  readonly missing?: string
  readonly unknownCategory: string
  readonly allowMissing?: true
  readonly check?: string
  readonly labels?: string
  readonly json?: true
}

/** @throws InputError `invalid_parameter` */
export function readRounds({ rounds }: ImportFlags): ReadOptions['rounds'] {
  if (rounds === undefined || rounds === 'best' || rounds === 'all') return rounds
  return readWhole('--rounds', rounds, 1, 2 ** 31)
}

/** @throws InputError for a flag or a file of names that cannot be used */
export async function readWords(flags: ImportFlags): Promise<ModelWords> {
  const { target, classes, positiveClass, columns, categories, missing } = flags
  const rule = readName('--unknown-category', flags.unknownCategory, ['as-library', 'refuse'])
  if (target === '') throw new InputError('invalid_parameter', '--target is empty')
  return {
    target,
    classes: classes === undefined ? undefined : splitNames(classes),
    positiveClass,
    columns: columns === undefined ? undefined : await readColumns(columns, target),
    categories: categories === undefined ? undefined : await readCategories(categories),
    missing: readMissing(missing),
    refuseUnknown: rule === 'refuse',
  }
}

/** An empty value and NaN are missing anyway. */
function readMissing(value: string | undefined): number | undefined {
  if (value === undefined || /^nan$/i.test(value)) return undefined
  return readNumber('--missing', value, -Number.MAX_VALUE, Number.MAX_VALUE)
}

function splitNames(text: string): string[] {
  return text.split(',').map((name) => name.trim())
}

/** Names, or the header of a file; there the target may stand among them. */
async function readColumns(value: string, target: string): Promise<string[]> {
  const isFile = await stat(value).then(
    (found) => found.isFile(),
    () => false,
  )
  if (!isFile) return splitNames(value)
  const { table } = await readTables({ files: [value] }, 'present')
  return table.names.filter((name) => name !== target)
}

async function readCategories(file: string): Promise<Map<string, (string | number)[]>> {
  const read = createJsonReader((message) => new InputError('invalid_parameter', message))
  let value: unknown
  try {
    value = JSON.parse((await readInputFile(file)).toString())
  } catch (error) {
    if (error instanceof InputError) throw error
    throw new InputError('invalid_json', `--categories: ${quote(file)} is not JSON`)
  }
  const entries = [...read.object(value, '--categories')]
  return new Map(
    entries.map(([name, list]) => [name, read.categories(list, `--categories, ${quote(name)}`)]),
  )
}
