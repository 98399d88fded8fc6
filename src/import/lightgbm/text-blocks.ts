/** LightGBM's text files as blocks of `key=value` lines: the header, and one block per tree. */
import { invalid } from '../imported-model.ts'

/** Lines of one block. */
export interface Block {
  readonly where: string
  has(key: string): boolean
  /** @throws ArtifactError `invalid` where the key is missing */
  text(key: string): string
  /** A whole number within limits. */
  whole(key: string, least: number, most: number): number
  /** So many numbers, separated by blanks; none where there must be none. */
  numbers(key: string, length: number): Float64Array
  /** The same as whole numbers within limits. */
  wholes(key: string, length: number, least: number, most: number): Float64Array
}

export interface TextModel {
  readonly header: Block
  readonly trees: readonly Block[]
  /** Settings of the training, by their name. */
  readonly settings: ReadonlyMap<string, string>
  /** What Python wrote of the categories of a data frame: one list per column that holds some. */
  readonly pandasCategories?: string
}

const PANDAS = 'pandas_categorical:'

/**
 * Returns the blocks of a file.
 * @throws ArtifactError `invalid` where it ends before its trees do or a key appears twice
 */
export function cutBlocks(text: string): TextModel {
  const lines = text.split(/\r?\n/)
  const end = lines.indexOf('end of trees')
  if (end < 0) throw invalid('it ends before the line "end of trees"')
  const starts: number[] = []
  for (let i = 0; i < end; i++) if (lines[i]!.startsWith('Tree=')) starts.push(i)
  const trees = starts.map((start, number) => {
    if (lines[start] !== `Tree=${number}`)
      throw invalid(
        `${JSON.stringify(lines[start]!.slice(0, 64))} stands where Tree=${number} must`,
      )
    return readBlock(lines, start + 1, starts[number + 1] ?? end, `tree ${number}`)
  })
  const settings = new Map<string, string>()
  let pandasCategories: string | undefined
  for (let i = end + 1; i < lines.length; i++) {
    const line = lines[i]!
    const setting = /^\[(\w+): (.*)\]$/.exec(line)
    if (setting) settings.set(setting[1]!, setting[2]!)
    if (line.startsWith(PANDAS)) pandasCategories = line.slice(PANDAS.length)
  }
  const header = readBlock(lines, 1, starts[0] ?? end, 'the header')
  return { header, trees, settings, pandasCategories }
}

function readBlock(lines: readonly string[], from: number, to: number, where: string): Block {
  const values = new Map<string, string>()
  for (let i = from; i < to; i++) {
    const line = lines[i]!
    if (line === '') continue
    const at = line.indexOf('=')
    const key = at < 0 ? line : line.slice(0, at)
    if (values.has(key))
      throw invalid(`${where} has ${JSON.stringify(key.slice(0, 64))} twice, at line ${i + 1}`)
    values.set(key, at < 0 ? '' : line.slice(at + 1))
  }
  const text = (key: string): string => {
    const found = values.get(key)
    if (found === undefined) throw invalid(`${where} has no ${key}`)
    return found
  }
  const numbers = (key: string, length: number): Float64Array => {
    const parts = text(key).trim().split(' ')
    const count = parts.length === 1 && parts[0] === '' ? 0 : parts.length
    if (count !== length) throw invalid(`${where}: ${key} has ${count} numbers, expected ${length}`)
    const found = new Float64Array(length)
    for (let i = 0; i < length; i++) found[i] = readNumber(parts[i]!, where, key)
    return found
  }
  const wholes: Block['wholes'] = (key, length, least, most) => {
    const found = numbers(key, length)
    for (const number of found)
      if (!(Number.isInteger(number) && number >= least && number <= most))
        throw invalid(`${where}: ${key} holds ${number}, expected ${least} to ${most}`)
    return found
  }
  return {
    where,
    has: (key) => values.has(key),
    text,
    whole: (key, least, most) => wholes(key, 1, least, most)[0]!,
    numbers,
    wholes,
  }
}

/** As C writes numbers: `inf` and `nan` are some. */
function readNumber(text: string, where: string, key: string): number {
  const number = Number(text)
  // Besides decimal numbers, Number takes "", "0x1", "0b1", "0o1" and "Infinity".
  if (!Number.isNaN(number) && text !== '' && !/[xobi]/i.test(text)) return number
  if (/^[+-]?inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (/^[+-]?nan$/i.test(text)) return Number.NaN
  throw invalid(`${where}: ${key} holds ${JSON.stringify(text.slice(0, 64))}, which is no number`)
}
