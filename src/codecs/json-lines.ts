import type { Cell } from '../data/frame.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError, placed, quote } from '../errors.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import { type Codec, type DecodeContext, decodedRows } from './codec.ts'
import { ignoredByRow } from './ignored-names.ts'
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
  hasWarnings: true,
  explains: { interactions: true, counterfactuals: true },

  decode(body, context) {
    const text = decodeUtf8(body)
    checkJsonLimits(text)
    const lines = text.split('\n')
    while (lines.length > 0 && (lines.at(-1) as string).trim() === '') lines.pop()
    checkRowCount(lines.length, context)
    const ignored: (readonly string[])[] = []
    const rows = lines.map((line, index): Cell[] => {
      const row = index + 1
      const decoded = decodeRow(parseLine(line, row, context), context, row)
      ignored.push(decoded.ignored)
      return decoded.cells
    })
    return decodedRows(frameOfCells(context.inputs, rows), ignoredByRow(ignored))
  },

  encodePredictions: (predictions, { selection, warnings }) =>
    joinLines(
      Array.from({ length: predictions.rows }, (_, row) => {
        const written = selection
          ? selectMembers(predictions, row, selection)
          : writePrediction(predictions, row)
        return warnings ? { ...written, warnings: warnings[row] } : written
      }),
    ),

  encodeExplanations: (explanations, { format, warnings }) =>
    joinLines(
      explanations.rows.flatMap((row, i): object[] =>
        format === 'contributions'
          ? writeContributions(explanations, row, warnings?.[i])
          : [writeExplanation(explanations, row, true, warnings?.[i])],
      ),
    ),
} satisfies Codec

function parseLine(line: string, row: number, context: DecodeContext): unknown {
  if (line.trim() === '') throw new InputError('blank_row', placed`${{ row }} is an empty line`)
  try {
    return parseJson(line, context)
  } catch {
    throw new InputError('invalid_json', placed`${{ row }} is not JSON: ${quote(line)}`)
  }
}

function joinLines(objects: readonly object[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('')
}
