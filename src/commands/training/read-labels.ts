/** `--labels`: a file of readable names, checked against the table that they are of. */
import { type DataFrame, findColumn } from '../../data/frame.ts'
import type { Labels } from '../../data/readable.ts'
import { normalText } from '../../data/text.ts'
import { readYaml, type YamlEntry, type YamlNode } from '../../data/yaml-text.ts'
import { didYouMean, InputError, inFile, quote } from '../../errors.ts'
import { readInputFile } from '../../tables/read-tables.ts'

/** They stand in the manifest, which is small. */
const MOST_BYTES = 2 ** 16
const LONGEST = 200

/**
 * Returns the labels in a file of YAML or JSON: `columns` with a text for each, `values` with a text for each of some
 * values of a column.
 * @throws InputError naming the file and the line of a column or a value that the table does not have, and of labels
 * that two of them would share
 */
export async function readLabelsFile(path: string, table: DataFrame): Promise<Labels> {
  const bytes = await readInputFile(path)
  try {
    if (bytes.length > MOST_BYTES)
      throw new InputError('too_large', `labels take at most ${MOST_BYTES} bytes`)
    return parseLabels(bytes.toString(), table)
  } catch (error) {
    throw inFile(path, error)
  }
}

/** @throws InputError as {@link readLabelsFile} */
export function parseLabels(text: string, table: DataFrame): Labels {
  let columns: Labels['columns'] = {}
  const values: Record<string, Readonly<Record<string, string>>> = Object.create(null)
  for (const { name, line, value } of entriesOf(readYaml(text), 'it')) {
    if (name === 'columns') {
      const known = table.names
      columns = textsOf(value, (entry) => {
        const column = normalText(entry.name)
        if (!known.includes(column)) throw unknown(entry, 'the table has no column', known)
        return column
      })
      checkNames(columns, known)
    } else if (name === 'values')
      for (const entry of entriesOf(value, name)) {
        const column = normalText(entry.name)
        if (!table.names.includes(column))
          throw unknown(entry, 'the table has no column', table.names)
        values[column] = textsOf(entry.value, keyOf(table, column))
      }
    else throw at(line, `${quote(name)} is neither columns nor values`)
  }
  return { columns, values: { ...values } }
}

/** Returns what reads the name of a value: as the table has it, numbers in their one form. */
function keyOf(table: DataFrame, column: string): (entry: YamlEntry) => string {
  const cells = findColumn(table, column)!
  const known = new Set<string>(
    cells.kind === 'text' ? cells.levels : Array.from(cells.values, String),
  )
  return (entry) => {
    const own = normalText(entry.name)
    const key = cells.kind === 'number' && own !== '' ? String(Number(own)) : own
    if (known.has(key) && key !== 'NaN') return key
    // Of thousands of numbers, none resembles another.
    const near = cells.kind === 'text' ? cells.levels : []
    throw unknown(entry, `column ${quote(column)} has no value`, near)
  }
}

function textsOf(node: YamlNode, keyOf: (entry: YamlEntry) => string): Record<string, string> {
  const texts = new Map<string, string>()
  const seen = new Map<string, number>()
  for (const entry of entriesOf(node, 'this')) {
    const key = keyOf(entry)
    const { value, line } = entry
    if (value.kind !== 'text' || value.text.trim() === '')
      throw at(line, `the label of ${quote(entry.name)} must be a text`)
    const label = value.text.trim()
    if (label.length > LONGEST)
      throw at(line, `the label of ${quote(entry.name)} has more than ${LONGEST} characters`)
    const before = seen.get(label)
    if (before !== undefined)
      throw at(
        line,
        `${quote(label)} is the label in line ${before}, too: nobody could tell them apart`,
      )
    if (texts.has(key)) throw at(line, `${quote(entry.name)} has a label already`)
    seen.set(label, line)
    texts.set(key, label)
  }
  return Object.fromEntries(texts)
}

/** A label that is another column's name would be taken for that column. */
function checkNames(columns: Labels['columns'], names: readonly string[]): void {
  for (const [column, label] of Object.entries(columns))
    if (label !== column && names.includes(label) && !Object.hasOwn(columns, label))
      throw new InputError(
        'invalid_parameter',
        `the label ${quote(label)} of column ${quote(column)} is the name of another column`,
        [{ column }],
      )
}

function entriesOf(node: YamlNode, what: string): readonly YamlEntry[] {
  if (node.kind === 'entries') return node.entries
  if (node.kind === 'nothing') return []
  throw at(node.line, `${what} must be names with labels`)
}

function unknown({ name, line }: YamlEntry, what: string, known: readonly string[]): InputError {
  return at(line, `${what} ${quote(name)}${didYouMean(normalText(name), known)}`)
}

function at(line: number, why: string): InputError {
  return new InputError('invalid_parameter', `line ${line}: ${why}`)
}
