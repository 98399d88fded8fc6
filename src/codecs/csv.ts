import {
  type CsvRows,
  checkHeader,
  findBlockEnd,
  isIndexName,
  parseCsv,
  type RowsBefore,
  withIndexName,
} from '../data/csv.ts'
import type { Cell } from '../data/frame.ts'
import { isDecimal, isMissingText } from '../data/number.ts'
import { normalText } from '../data/text.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError, listNames } from '../errors.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import type { Explanations } from '../shap/explanation.ts'
import { appendBlock, blocksOfText } from './blocks.ts'
import { type Codec, type DecodeContext, type Decoded, decodedRows } from './codec.ts'
import { ignoredInAll } from './ignored-names.ts'
import { cellOfText, checkRowCount, findPositions, wrongWidth } from './rows.ts'
import { selectFields } from './selection.ts'
import { probabilitiesAt, writeLabel } from './wire.ts'

/**
 * CSV: one row a line. Without a header the fields are the model's columns in its order, as SageMaker sends them;
 * the first row is a header when every field of it names a column of the training table, or with `header=present`.
 */
export const csv = {
  name: 'csv',
  mediaTypes: ['text/csv'],
  form: 'text',
  writeExample: (row) => `${Object.values(row).map(writeCell).join(',')}\n`,
  recordIsScores: true,
  explains: { interactions: true },

  decode(body, context, mediaParameters) {
    const text = decodeUtf8(body)
    const hasHeader = readsHeader(text, context, mediaParameters)
    checkDelimiter(text, context)
    const rows = parseCsv(text, { header: hasHeader, maxRows: context.maxRows })
    // The parser stops behind the limit: how many rows there are is not known then.
    const count = rows.length - (hasHeader ? 1 : 0)
    checkRowCount(count > context.maxRows ? Number.POSITIVE_INFINITY : count, context)
    return hasHeader ? decodeNamed(rows, context) : decodePositional(rows, context)
  },

  decodeBlocks: (body, context, mediaParameters, blockBytes) =>
    blocksOfText(body, readBlocks(body, context, mediaParameters, blockBytes)),
  joinBlocks: appendBlock,

  encodePredictions(predictions, { selection }) {
    const lines = Array.from({ length: predictions.rows }, (_, row) => {
      if (selection) return `${selectFields(predictions, row, selection, writeField).join(',')}\n`
      const own = probabilitiesAt(predictions, row)
      return own.length === 2 ? `${own[1]}\n` : `${own.join(',')}\n`
    })
    return lines.join('')
  },

  encodeExplanations(explanations, { mediaParameters, interactions }) {
    if (interactions)
      return writeInteractions(explanations, mediaParameters.get('header') !== 'absent')
    const lines: string[] = []
    const [first] = explanations.rows
    const hasOthers = first?.others !== undefined
    if (hasOthers) {
      throw new InputError(
        'invalid_option',
        'CSV has one column per feature and cannot leave any out; ask for top in JSON',
      )
    }
    if (mediaParameters.get('header') !== 'absent') {
      lines.push(
        [
          'row',
          'predicted_label',
          'output_name',
          'base_value',
          ...explanations.featureNames,
          'output',
        ]
          .map(writeField)
          .join(','),
      )
    }
    for (const row of explanations.rows) {
      row.outputNames.forEach((outputName, k) => {
        const label = writeLabel(row.predictedLabel, explanations.numericClasses)
        const cells = [
          row.row,
          writeField(String(label)),
          writeField(outputName),
          row.baseValues[k],
          ...(row.shapValues[k] as Float64Array),
        ]
        lines.push([...cells, row.outputs[k]].join(','))
      })
    }
    return lines.map((line) => `${line}\n`).join('')
  },
} satisfies Codec

/** Every block is read as the first one is: with the body's header, or without one. */
function* readBlocks(
  body: Uint8Array,
  context: DecodeContext,
  mediaParameters: ReadonlyMap<string, string>,
  blockBytes: number,
): Generator<Decoded> {
  let header: readonly string[] | undefined
  let before: RowsBefore | undefined
  for (let from = 0; from < body.length; ) {
    const to = findBlockEnd(body, from, blockBytes)
    const text = decodeUtf8(body.subarray(from, to), !before)
    const hasHeader = !before && readsHeader(text, context, mediaParameters)
    if (!before) checkDelimiter(text, context)
    const rows = parseCsv(text, { header: hasHeader, before })
    if (hasHeader) header = rows[0] ?? []
    const rowsBefore = before?.rows ?? 0
    const count = rows.length - (hasHeader ? 1 : 0)
    // How many rows will follow is not known.
    if (rowsBefore + count > context.maxRows) checkRowCount(Number.POSITIVE_INFINITY, context)
    if (count > 0 || !before) {
      const decoded = header
        ? decodeNamed(hasHeader ? rows : [header, ...rows], context, rowsBefore)
        : decodePositional(rows, context, rowsBefore)
      // What is ignored is counted once per column.
      yield hasHeader ? decoded : { ...decoded, ignoredColumns: 0 }
    }
    before = {
      rows: rowsBefore + count,
      width: before?.width ?? rows[0]?.length ?? 0,
      firstRow: before?.firstRow ?? (hasHeader ? 0 : 1),
    }
    from = to
  }
}

/** Whether the first row of a text is a header: as its type says, or as it looks. */
function readsHeader(
  text: string,
  context: DecodeContext,
  mediaParameters: ReadonlyMap<string, string>,
): boolean {
  const header = mediaParameters.get('header')
  if (header !== undefined && header !== 'present' && header !== 'absent') {
    throw new InputError(
      'invalid_option',
      `text/csv;header may be present or absent, not ${listNames([header])}`,
    )
  }
  return header === 'present' || (header === undefined && startsWithHeader(text, context))
}

/** One line per pair of columns: the matrix of JSON in long form. */
function writeInteractions(explanations: Explanations, hasHeader: boolean): string {
  const lines = hasHeader ? ['row,output_name,feature_1,feature_2,value\n'] : []
  const names = explanations.featureNames.map(writeField)
  for (const { row, outputNames, interactions = [] } of explanations.rows) {
    interactions.forEach((values, k) => {
      const start = `${row},${writeField(outputNames[k]!)}`
      values.forEach((value, at) => {
        const first = names[Math.floor(at / names.length)]
        lines.push(`${start},${first},${names[at % names.length]},${value}\n`)
      })
    })
  }
  return lines.join('')
}

function writeCell(value: unknown): string {
  return value === null ? '' : writeField(String(value))
}

/** Returns a text as a CSV field, in quotes where it needs them. */
export function writeField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/**
 * Whether the first row names columns and nothing else.
 * @param ofFile whether it may name others beside all of the model's, as a table has that is kept in a file
 * @throws InputError `ambiguous_header` when it names some columns, which positional data never would
 */
export function startsWithHeader(
  text: string,
  { inputs, otherColumns }: DecodeContext,
  ofFile = false,
): boolean {
  const line = firstLine(text)
  if (line.length > 1 << 20) return false
  // A quoted line break in a header is no header of a table that was trained from.
  if (countOf(line, '"') % 2 === 1) return false
  const names = parseHeader(line).map(normalText)
  const columns = new Set(inputs.map(({ name }) => normalText(name)))
  const others = new Set(otherColumns.map(normalText))
  const strangers = names.filter(
    (name, at) => !(columns.has(name) || others.has(name) || isIndexName(name, at)),
  )
  const asked = names.filter((name) => columns.has(name))
  if (asked.length === 0 || names.every(isValue)) return false
  if (strangers.length === 0 || (ofFile && asked.length === columns.size)) return true
  if (asked.length * 2 < names.length) return false
  throw new InputError(
    'ambiguous_header',
    `the first row looks like a header, but the model knows no column ${listNames(strangers.filter((name) => name !== ''))}; ${ofFile ? 'add --header' : 'send text/csv;header=present'} to ignore it`,
  )
}

/** A line that is no CSV is no header; what is wrong with it is said of row 1. */
function parseHeader(line: string): readonly string[] {
  try {
    return parseCsv(line, { header: true })[0] ?? []
  } catch {
    return []
  }
}

/** A number or nothing: never a column's name in a header that counts. */
function isValue(field: string): boolean {
  return isMissingText(field) || isDecimal(field)
}

/** Looks at the first line only: other delimiters make errors further on that say something else. */
function checkDelimiter(text: string, { inputs }: DecodeContext): void {
  const line = firstLine(text)
  const count = (delimiter: string) => countOf(line, delimiter) + 1
  const found = [';', '\t', '|'].find(
    (delimiter) => count(delimiter) >= inputs.length && count(delimiter) > count(','),
  )
  if (inputs.length < 2 || found === undefined) return
  const name = found === '\t' ? 'tabs' : `"${found}"`
  throw new InputError(
    'invalid_delimiter',
    `fields are separated by ${name}; separate them by commas`,
    [{ row: 1 }],
  )
}

function countOf(text: string, character: string): number {
  let count = 0
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count++
  return count
}

function firstLine(text: string): string {
  return text.slice(0, /\r|\n/.exec(text)?.index ?? text.length)
}

function decodePositional(rows: CsvRows, context: DecodeContext, rowsBefore = 0): Decoded {
  const { inputs } = context
  const cells = rows.map((fields, index): Cell[] => {
    const row = rowsBefore + index + 1
    if (fields.length !== inputs.length) throw wrongWidth(inputs, fields.length, row)
    return inputs.map((input, j) => cellOfText(input, fields[j]!, row))
  })
  return decodedRows(frameOfCells(inputs, cells))
}

function decodeNamed(
  [header = [], ...rows]: CsvRows,
  context: DecodeContext,
  rowsBefore = 0,
): Decoded {
  const { inputs } = context
  const names = checkHeader(withIndexName(header))
  const { positions, ignored } = findPositions(context, names)
  const cells = rows.map((fields, index): Cell[] =>
    inputs.map((input, j) => {
      const position = positions[j]!
      return position < 0 ? null : cellOfText(input, fields[position]!, rowsBefore + index + 1)
    }),
  )
  return decodedRows(
    frameOfCells(inputs, cells),
    ignoredInAll(ignored, rows.length),
    ignored.length,
  )
}
