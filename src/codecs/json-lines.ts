import type { Cell } from '../data/frame.ts'
import { decodeUtf8, hasMark } from '../data/utf8.ts'
import { InputError, placed, quote } from '../errors.ts'
import { frameOfCells } from '../preprocess/preprocessor.ts'
import { appendBlock, blocksOfText, numberedFrom } from './blocks.ts'
import { type Codec, type DecodeContext, type Decoded, decodedRows } from './codec.ts'
import { ignoredByRow } from './ignored-names.ts'
import { decodeRow } from './instances.ts'
import { checkJsonLimits, namesPrototype, parseJson } from './json-text.ts'
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
    return decodeLines(lines, context)
  },

  decodeBlocks: (body, context, _mediaParameters, blockBytes) =>
    blocksOfText(body, readBlocks(body, context, blockBytes)),
  joinBlocks: appendBlock,

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

function* readBlocks(
  body: Uint8Array,
  context: DecodeContext,
  blockBytes: number,
): Generator<Decoded> {
  const end = endOfLines(body)
  if (end === 0) yield decodeLines([], context)
  let rowsBefore = 0
  for (let from = 0; from < end; ) {
    const found = from + blockBytes < end ? body.indexOf(LINE_FEED, from + blockBytes) : -1
    const to = found < 0 || found >= end ? end : found
    const text = decodeUtf8(body.subarray(from, to), from === 0)
    // A byte order mark is one at the very beginning only.
    const lines = (from > 0 && hasMark(body, from) ? `\ufeff${text}` : text).split('\n')
    if (rowsBefore + lines.length > context.maxRows)
      checkRowCount(Number.POSITIVE_INFINITY, context)
    yield numberedFrom(rowsBefore, () => {
      checkJsonLimits(text)
      return decodeLines(lines, context)
    })
    rowsBefore += lines.length
    from = to + 1
  }
}

const LINE_FEED = 10

/** Returns where the last line ends that is not empty. */
function endOfLines(body: Uint8Array): number {
  for (let end = body.length; end > 0; ) {
    const start = body.lastIndexOf(LINE_FEED, end - 1) + 1
    if (start < end && decodeUtf8(body.subarray(start, end), start === 0).trim() !== '') return end
    end = start - 1
  }
  return 0
}

function decodeLines(lines: readonly string[], context: DecodeContext): Decoded {
  const ignored: (readonly string[])[] = []
  const rows = lines.map((line, index): Cell[] => {
    const row = index + 1
    const decoded = decodeRow(parseLine(line, row, context), context, row)
    ignored.push(decoded.ignored)
    return decoded.cells
  })
  return decodedRows(frameOfCells(context.inputs, rows), ignoredByRow(ignored))
}

function parseLine(line: string, row: number, context: DecodeContext): unknown {
  if (line.trim() === '') throw new InputError('blank_row', placed`${{ row }} is an empty line`)
  try {
    return parseJson(line, context)
  } catch {
    throw new InputError(
      'invalid_json',
      namesPrototype(line)
        ? placed`${{ row }} names a prototype: ${quote(line)}`
        : placed`${{ row }} is not JSON: ${quote(line)}`,
    )
  }
}

function joinLines(objects: readonly object[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('')
}
