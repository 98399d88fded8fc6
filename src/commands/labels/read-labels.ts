/** `--labels`: a file of readable names, checked against what they are of. */
import { type Labels, overlayLabels } from '../../data/readable.ts'
import { normalText } from '../../data/text.ts'
import { readYaml, type YamlEntry, type YamlNode } from '../../data/yaml-text.ts'
import { didYouMean, InputError, inFile, quote } from '../../errors.ts'
import { readInputFile } from '../../tables/read-tables.ts'
import type { KnownNames } from './known-names.ts'

/** They stand in the manifest, which is small. */
const MOST_BYTES = 2 ** 16
const LONGEST = 200

/**
 * Returns the labels in a file of YAML or JSON: `columns` with a text for each, `values` with a text for each of some
 * values of a column.
 * @param known the columns and values that there are
 * @param under labels that hold where the file says nothing
 * @throws InputError naming the file and the line of a column or a value that there is not, and of labels that two of
 * them would share
 */
export async function readLabelsFile(
  path: string,
  known: KnownNames,
  under?: Labels,
): Promise<Labels> {
  const bytes = await readInputFile(path)
  try {
    if (bytes.length > MOST_BYTES)
      throw new InputError('too_large', `labels take at most ${MOST_BYTES} bytes`)
    return parseLabels(bytes.toString(), known, under)
  } catch (error) {
    throw inFile(path, error)
  }
}

/** @throws InputError as {@link readLabelsFile} */
export function parseLabels(text: string, known: KnownNames, under?: Labels): Labels {
  let columns: Labels['columns'] = {}
  const values: Record<string, Readonly<Record<string, string>>> = Object.create(null)
  for (const { name, line, value } of entriesOf(readYaml(text), 'it')) {
    if (name === 'columns') columns = textsOf(value, (entry) => columnOf(entry, known))
    else if (name === 'values')
      for (const entry of entriesOf(value, name)) {
        const column = columnOf(entry, known)
        values[column] = textsOf(entry.value, keyOf(known, column))
      }
    else throw at(line, `${quote(name)} is neither columns nor values`)
  }
  const labels = overlayLabels(under, { columns, values: { ...values } })
  const columnNames = new Set(known.columns)
  checkApart(
    labels.columns,
    (name) => columnNames.has(name),
    (label, [a, b]) => [
      b === undefined
        ? `the label ${quote(label)} of column ${quote(a)} is the name of another column`
        : `${quote(label)} is the label of columns ${quote(a)} and ${quote(b)}: nobody could tell them apart`,
      a,
    ],
  )
  for (const [column, own] of Object.entries(labels.values))
    checkApart(own, known.valuesOf(column).has ?? (() => false), (label, [a, b]) => [
      b === undefined
        ? `the label ${quote(label)} of ${quote(a)} in column ${quote(column)} is another value of it`
        : `${quote(label)} is the label of ${quote(a)} and ${quote(b)} in column ${quote(column)}: nobody could tell them apart`,
      column,
    ])
  return {
    columns: { ...labelsOfDerived(labels, known), ...labels.columns },
    values: { ...labels.values, ...valuesOfSources(labels, known) },
  }
}

/** Of a stored row a text is known by what a pattern made of it, which is shown in its place. */
function valuesOfSources({ values }: Labels, known: KnownNames): Labels['values'] {
  return Object.fromEntries(
    known.derived.flatMap(({ column, from }) => {
      if (!Object.hasOwn(values, column)) return []
      const { has } = known.valuesOf(from)
      const made = Object.entries(values[column]!).filter(([text]) => !has?.(text))
      const own = Object.hasOwn(values, from) ? values[from] : {}
      return made.length === 0 ? [] : [[from, { ...Object.fromEntries(made), ...own }]]
    }),
  )
}

/** A column made from one with a label is called by that, too: what follows the name of its source says which part. */
function labelsOfDerived({ columns }: Labels, { derived }: KnownNames): Record<string, string> {
  return Object.fromEntries(
    derived.flatMap(({ column, from }) => {
      const part = column.startsWith(from) ? /^[_. ]+(.+)$/.exec(column.slice(from.length)) : null
      if (!part || !Object.hasOwn(columns, from)) return []
      return [[column, `${columns[from]}: ${part[1]!.replaceAll('_', ' ')}`]]
    }),
  )
}

function columnOf(entry: YamlEntry, { columns, what }: KnownNames): string {
  const column = normalText(entry.name)
  if (columns.includes(column)) return column
  throw unknown(entry, `${what} has no column`, columns)
}

/** Returns what reads the name of a value: as the column has it, numbers in their one form. */
function keyOf(names: KnownNames, column: string): (entry: YamlEntry) => string {
  const { areNumbers, has, near } = names.valuesOf(column)
  return (entry) => {
    const own = normalText(entry.name)
    const key = areNumbers && own !== '' ? String(Number(own)) : own
    if ((has?.(key) ?? own !== '') && key !== 'NaN') return key
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

/**
 * Throws where two names would be read as one: two have a label, or one has the name of another as its label.
 * @param describe returns the message and the column, for the label and the names that share it; the second one is
 * absent where it has no label itself
 */
function checkApart(
  labels: Readonly<Record<string, string>>,
  isName: (text: string) => boolean,
  describe: (label: string, of: readonly [string, string?]) => readonly [string, string],
): void {
  const seen = new Map<string, string>()
  const isBare = (text: string) => isName(text) && !Object.hasOwn(labels, text)
  for (const [name, label] of Object.entries(labels)) {
    const before = seen.get(label)
    if (before === undefined && !isBare(label)) {
      seen.set(label, name)
      continue
    }
    const [message, column] = describe(label, before === undefined ? [name] : [before, name])
    throw new InputError('invalid_parameter', message, [{ column }])
  }
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
