/** One column that grows cell by cell and finds out on the way whether it holds numbers or texts. */

import { beginsWithZero, readDecimal } from '../../data/decimal.ts'
import { type Column, mapTexts, numberColumn } from '../../data/frame.ts'
import { momentText } from '../../data/moment.ts'
import {
  checkFinite,
  isInexactInteger,
  isInfinity,
  isMissingBytes,
  isMissingText,
} from '../../data/number.ts'
import { normalText } from '../../data/text.ts'
import { InputError } from '../../errors.ts'
import { createCells, type MemoryBudget } from './growing-cells.ts'
import { createTextDictionary, type TextDictionary } from './text-dictionary.ts'

/** Most different texts of a column; a column with more is kept without its texts. */
export const MAX_LEVELS = 1_000_000

/**
 * A column that is read. It begins as numbers and becomes text at the first cell that is none. Texts are kept as
 * they were written, so a column that has thrown away the texts of its numbers by then is torn: it must be read once
 * more, as text from the first cell.
 */
export interface ColumnBuilder {
  readonly name: string
  /** How many cells it has. */
  readonly length: number
  readonly state: 'number' | 'text' | 'torn' | 'full' | 'done'
  /** Bytes that its different texts take. */
  readonly dictionaryMemory: number
  addMissing(): void
  /**
   * Adds a cell that a person wrote: a number if it is a decimal without zeros in front whose digits a double keeps,
   * otherwise a text.
   */
  addBytes(bytes: Uint8Array, start: number, end: number): void
  /** Adds a cell that is a number; in a text column, its text. */
  addNumber(value: number): void
  /** Adds a cell that is a text, whatever it looks like. */
  addText(text: string): void
  /** Gives the texts up: there are too many. */
  overflow(): void
  /** Begins again: a torn column as text, any other is done and takes no more cells. */
  restart(): void
  /** @throws InputError `non_finite`, its place holding the row of all files, for a number column with an infinity */
  finish(): Column
}

/** An infinity, where it was first seen. */
interface Infinite {
  readonly row: number
  readonly written: string
}

/**
 * Returns an empty column.
 * @param capacity how many cells to expect; more are taken, at the price of a copy
 * @param isText whether it is known to hold texts
 */
export function createColumnBuilder(
  name: string,
  capacity: number,
  isText: boolean,
  budget: MemoryBudget,
): ColumnBuilder {
  let state: ColumnBuilder['state'] = isText ? 'text' : 'number'
  let length = 0
  let present = 0
  const numbers = createCells(Float64Array, capacity, budget)
  const codes = createCells(Int32Array, capacity, budget)
  // Made for the first text: most columns of a wide table hold none.
  let dictionary: TextDictionary | undefined
  // A text that is no number of any kind: then an infinity is a text, too.
  let hasWord = false
  let infinite: Infinite | undefined
  let overflowed: Infinite | undefined
  let finished: Column | undefined

  const drop = () => {
    numbers.drop()
    codes.drop()
    dictionary = undefined
  }
  const becomeText = () => {
    if (present > 0) {
      state = 'torn'
      drop()
      return
    }
    state = 'text'
    numbers.drop()
    for (let row = 0; row < length; row++) codes.push(-1)
  }
  const addCode = (bytes: Uint8Array, start: number, end: number) => {
    if (state !== 'text') return
    dictionary ??= createTextDictionary()
    codes.push(dictionary.codeOf(bytes, start, end))
    if (dictionary.size > MAX_LEVELS) overflow()
  }
  const overflow = () => {
    state = 'full'
    drop()
  }
  /** Texts that look like numbers do not make an infinity a text. */
  const noteWord = (bytes: Uint8Array, start: number, end: number) => {
    if (!Number.isNaN(readDecimal(bytes, start, end))) return
    if (!isInfinity(bytes, start, end)) hasWord = true
    else infinite ??= { row: length, written: decode(bytes, start, end) }
  }

  return {
    name,
    get length() {
      return length
    },
    get state() {
      return state
    },
    get dictionaryMemory() {
      return dictionary?.memory ?? 0
    },
    addMissing() {
      if (state === 'number') numbers.push(Number.NaN)
      else if (state === 'text') codes.push(-1)
      length++
    },
    addBytes(bytes, start, end) {
      if (state === 'number') {
        const value = readDecimal(bytes, start, end)
        if (
          !Number.isNaN(value) &&
          !beginsWithZero(bytes, start, end) &&
          !(
            Math.abs(value) > Number.MAX_SAFE_INTEGER && isInexactInteger(decode(bytes, start, end))
          )
        ) {
          if (value - value !== 0)
            overflowed ??= { row: length, written: decode(bytes, start, end) }
          numbers.push(value)
          present++
          length++
          return
        }
      }
      if (isMissingBytes(bytes, start, end)) {
        this.addMissing()
        return
      }
      if (state === 'number') becomeText()
      if (!hasWord) noteWord(bytes, start, end)
      addCode(bytes, start, end)
      length++
    },
    addNumber(value) {
      if (state !== 'number') {
        this.addText(String(value))
        return
      }
      numbers.push(value)
      present++
      length++
    },
    addText(text) {
      const trimmed = text.trim()
      if (isMissingText(trimmed)) {
        this.addMissing()
        return
      }
      if (state === 'number') becomeText()
      hasWord = true
      const scratch = roomFor(3 * trimmed.length)
      const { written } = encoder.encodeInto(trimmed, scratch)
      addCode(scratch, 0, written)
      length++
    },
    overflow,
    restart() {
      // An infinity among numbers with zeros in front: no second reading would change that.
      if (state === 'torn' && infinite && !hasWord) this.finish()
      if (state === 'torn') {
        state = 'text'
        length = 0
        hasWord = false
        infinite = undefined
      } else {
        finished ??= this.finish()
        state = 'done'
      }
    },
    finish() {
      if (finished) return finished
      const wrong = state === 'number' ? overflowed : hasWord ? undefined : infinite
      if (wrong)
        checkFinite(Number.POSITIVE_INFINITY, wrong.written, { row: wrong.row + 1, column: name })
      if (state === 'torn')
        throw new InputError('internal_error', `column ${name} was read in part`)
      if (state === 'full') {
        const reason = `text with more than ${MAX_LEVELS} different values`
        return { kind: 'text', codes: new Int32Array(length).fill(-1), levels: [], unread: reason }
      }
      if (state === 'number' && present > 0) return numberColumn(numbers.take())
      if (state === 'number')
        return { kind: 'text', codes: new Int32Array(length).fill(-1), levels: [] }
      const levels = dictionary?.texts() ?? []
      dictionary = undefined
      return mapTexts({ kind: 'text', codes: codes.take(), levels }, normalOrMissing)
    },
  }
}

/** Texts that differ in nothing that an eye sees are one, so are those of a moment; what has nothing to see is missing. */
function normalOrMissing(text: string): string | null {
  const normal = momentText(normalText(text))
  return normal !== text && isMissingText(normal) ? null : normal
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder().decode(bytes.subarray(start, end))
}

const encoder = new TextEncoder()
const room = new Uint8Array(4096)

/** Returns room for so many bytes, which all columns share where it is little: a table may have 100,000 of them. */
function roomFor(bytes: number): Uint8Array {
  return bytes > room.length ? new Uint8Array(bytes) : room
}
