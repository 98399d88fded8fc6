/** One line of CSV straight to the cells of its row; whatever is unusual is left to the general way. */
import { cellOfField } from '../data/cell.ts'
import type { Cell } from '../data/frame.ts'
import { normalText } from '../data/text.ts'
import type { InputColumn } from '../preprocess/preprocessor.ts'
import type { RowReader } from './one-row-json.ts'
import { missing } from './rows.ts'

/** Control characters and more than one line are refused or read elsewhere, as are other delimiters and marks of order. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: CSV forbids exactly these
const DOUBTFUL = /[\u0000-\u001f\u007f;|\ufeff]/

/** Returns the reader of a model's rows without a header; what it throws is for the general way to say. */
export function compileCsvRow(inputs: readonly InputColumn[]): RowReader | undefined {
  // A line of one column may be blank, and one of none is.
  if (inputs.length < 2) return undefined
  const names = new Set(inputs.map(({ name }) => normalText(name)))
  return (text) => {
    const line = cutLineEnd(text)
    if (DOUBTFUL.test(line)) return undefined
    const cells = new Array<Cell>(inputs.length)
    let at = 0
    for (let j = 0; j < inputs.length; j++) {
      const isQuoted = line.charCodeAt(at) === QUOTE
      const start = isQuoted ? at + 1 : at
      const close = line.indexOf(isQuoted ? '"' : ',', start)
      const end = close < 0 && !isQuoted ? line.length : close
      if (end < 0) return undefined
      const field = line.slice(start, end).trim()
      if (!isQuoted && field.includes('"')) return undefined
      const next = isQuoted ? end + 1 : end
      // Behind a field stands a comma, behind the last one nothing.
      const isLast = j === inputs.length - 1
      if (isLast ? next !== line.length : line.charCodeAt(next) !== COMMA) return undefined
      at = next + 1
      // It may be a header.
      if (names.has(normalText(field))) return undefined
      const input = inputs[j]!
      cells[j] = cellOfField(input, field, 1) ?? missing(input, 1)
    }
    return { cells, dialect: 'predictions' }
  }
}

const QUOTE = 0x22
const COMMA = 0x2c

function cutLineEnd(text: string): string {
  if (text.endsWith('\r\n')) return text.slice(0, -2)
  return text.endsWith('\n') || text.endsWith('\r') ? text.slice(0, -1) : text
}
