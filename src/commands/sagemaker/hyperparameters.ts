/** Hyperparameters: texts that every client of SageMaker writes in its own way. */
import { readFile } from 'node:fs/promises'
import type { Env } from '../../config.ts'
import { createJsonReader } from '../../data/json-fields.ts'
import { InputError, quote } from '../../errors.ts'

/** Keys that SageMaker's own tools add. */
const FOREIGN = /^(sagemaker_|_tuning_objective_metric$|default_user_module_name$)/

/**
 * Returns the hyperparameters as they were sent, without those of SageMaker's own tools. Where the file is absent,
 * SM_HPS stands in for it.
 * @throws InputError `invalid_parameter` or `invalid_file`
 */
export async function readHyperparameters(path: string, env: Env): Promise<Map<string, unknown>> {
  const file = await readIfPresent(path)
  const text = file ?? env.SM_HPS
  if (text === undefined) return new Map()
  const source = file === undefined ? 'SM_HPS' : 'hyperparameters.json'
  if (text.trim() === '') throw new InputError('invalid_parameter', `${source} is empty`)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new InputError('invalid_parameter', `${source} is not JSON: ${quote(text)}`)
  }
  const reader = createJsonReader(
    (message) => new InputError('invalid_parameter', `${source}: ${message}`),
  )
  return new Map([...reader.object(parsed, 'it')].filter(([name]) => !FOREIGN.test(name)))
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new InputError('invalid_file', `${path} cannot be read: ${code}`)
  }
}

/** Returns what a hyperparameter means: JSON, a Python literal (`True`, `None`) or a plain text. */
export function decodeHyperparameter(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.trim()
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  if (/^(none|null)$/i.test(text)) return null
  try {
    const decoded: unknown = JSON.parse(text)
    // A number stays a text: "1.0" and "1" are different counts of features.
    return typeof decoded === 'number' ? text : decoded
  } catch {
    return text
  }
}

/** Returns a hyperparameter that is a name, such as a column called `True` or `1`; null when there is none. */
export function decodeName(value: unknown): string | null {
  const decoded = decodeHyperparameter(value)
  if (decoded === null || decoded === undefined || decoded === '') return null
  return typeof decoded === 'string' ? decoded : String(value).trim()
}
