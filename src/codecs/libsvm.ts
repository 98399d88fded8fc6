import { isDecimal, parseNumber } from '../data/number.ts'
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError, placed, quote } from '../errors.ts'
import { type Codec, decodedRows } from './codec.ts'
import { frameOfNumbers } from './matrix.ts'
import { sparseRows } from './sparse.ts'

/** More digits, and more blanks at once, are written by nobody; an expression that repeats overflows its stack on them. */
const INDEX = /^[0-9]{1,9999}$/
const NAN = /^nan$/i

/**
 * LIBSVM: a row a line as `label index:value …`, where the label may be absent and is ignored.
 * Absent indexes are 0; indexes count from 1 unless an index 0 occurs anywhere, as XGBoost's container reads them.
 */
export const libsvm = {
  name: 'libsvm',
  mediaTypes: ['text/libsvm', 'text/x-libsvm'],
  form: 'text',
  bodyDescription: 'lines of index:value',

  decode(body, context) {
    const width = context.inputs.length
    const rows = sparseRows(context)
    let first = 1
    /** The first row with the last index of a payload that counts from 1. */
    let lastIndexRow: number | undefined
    let blankRow: number | undefined
    for (const line of linesOf(decodeUtf8(body))) {
      if (line.trim() === '') {
        blankRow ??= rows.length + 1
        continue
      }
      const comment = line.indexOf('#')
      const content = (comment < 0 ? line : line.slice(0, comment)).trim()
      // A line of a comment alone, as scikit-learn writes at the top, is no row.
      if (content === '') continue
      if (blankRow !== undefined) {
        throw new InputError('blank_row', placed`${{ row: blankRow }} is an empty line`)
      }
      const row = rows.startRow()
      let previous = -1
      for (const [index, value] of readEntries(content, row)) {
        if (index > width) throw outOfRange(row, index, width)
        if (index <= previous) {
          throw invalidRow(row, `index ${index} follows ${previous}; indexes must ascend`)
        }
        previous = index
        rows.set(index, value)
        if (index === 0) first = 0
        if (index === width) lastIndexRow ??= row
      }
    }
    if (first === 0 && lastIndexRow !== undefined) throw outOfRange(lastIndexRow, width, width)
    const frame = frameOfNumbers(context, rows.length, width, (row, column) =>
      rows.at(row, column + first),
    )
    return decodedRows(frame)
  },
} satisfies Codec

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** Yields lines one by one: a list of them could be far larger than the text. */
function* linesOf(text: string): Generator<string> {
  let start = 0
  for (let end = 0; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code !== LINE_FEED && code !== CARRIAGE_RETURN) continue
    yield text.slice(start, end)
    if (code === CARRIAGE_RETURN && text.charCodeAt(end + 1) === LINE_FEED) end++
    start = end + 1
  }
  if (start < text.length) yield text.slice(start)
}

/** Yields index and value of a row's entries, without the label. */
function* readEntries(content: string, row: number): Generator<[index: number, value: number]> {
  const tokens = content.split(/[ \t]/).filter((token) => token !== '')
  // Only a number is a label: a row of CSV would otherwise be one, and all its values 0.
  const start = isDecimal(tokens[0]!) ? 1 : 0
  for (const token of tokens.slice(start)) {
    const colon = token.indexOf(':')
    const index = token.slice(0, colon)
    const value = token.slice(colon + 1)
    if (colon < 0 || !INDEX.test(index) || value === '') {
      throw invalidRow(row, `${quote(token)} is not index:value`)
    }
    yield [Number(index), NAN.test(value) ? Number.NaN : parseNumber(value, { row })]
  }
}

function outOfRange(row: number, index: number, width: number): InputError {
  const base = index === width ? ', counted from 0 because an index 0 occurs' : ''
  return invalidRow(row, `index ${index} is beyond the ${width} columns of the model${base}`)
}

function invalidRow(row: number, message: string): InputError {
  return new InputError('invalid_libsvm', placed`${{ row }}: ${message}`)
}
