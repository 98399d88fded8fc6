import type { Cell } from '../data/frame.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError, placed, quote } from '../errors.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import { type Codec, decodedRows } from './codec.ts'
import { decodeRow } from './instances.ts'
import { checkJsonLimits, parseJson } from './json-text.ts'
import { checkRowCount } from './rows.ts'
import { selectMembers } from './selection.ts'
import { writeContributions, writeExplanation, writePrediction } from './wire.ts'

/** JSON Lines: one object or list a line, in and out. */
export const jsonLines = {
  name: 'json-lines',
  mediaTypes: ['application/jsonlines', 'application/x-ndjson', 'application/jsonl'],
  form: 'text',
  writeExample: (row) => `${JSON.stringify(row)}\n`,
  explains: { interactions: true, counterfactuals: true },

  decode(body, context) {
    const text = decodeUtf8(body)
    checkJsonLimits(text)
    const lines = text.split('\n')
    while (lines.length > 0 && (lines.at(-1) as string).trim() === '') lines.pop()
    checkRowCount(lines.length, context)
    let ignoredColumns = 0
    const rows = lines.map((line, index): Cell[] => {
      const row = index + 1
      const { cells, ignored } = decodeRow(parseLine(line, row), context, row)
      ignoredColumns += ignored
      return cells
    })
    return decodedRows(frameOfCells(context.inputs, rows), ignoredColumns)
  },

  encodePredictions: (predictions, { selection }) =>
    joinLines(
      Array.from({ length: predictions.rows }, (_, row) =>
        selection ? selectMembers(predictions, row, selection) : writePrediction(predictions, row),
      ),
    ),

  encodeExplanations: (explanations, { format }) =>
    joinLines(
      explanations.rows.flatMap((row): object[] =>
        format === 'contributions'
          ? writeContributions(explanations, row)
          : [writeExplanation(explanations, row, true)],
      ),
    ),
} satisfies Codec

function parseLine(line: string, row: number): unknown {
  if (line.trim() === '') throw new InputError('blank_row', placed`${{ row }} is an empty line`)
  try {
    return parseJson(line)
  } catch {
    throw new InputError('invalid_json', placed`${{ row }} is not JSON: ${quote(line)}`)
  }
}

function joinLines(objects: readonly object[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('')
}
