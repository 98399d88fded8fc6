/** The rows of files, captured ones or others, in blocks and in constant memory. */
import { numberedFrom } from '../../codecs/blocks.ts'
import type { DecodeContext, Decoded } from '../../codecs/codec.ts'
import { findCodec } from '../../codecs/index.ts'
import type { Cell, DataFrame } from '../../data/frame.ts'
import { InputError, quotePath } from '../../errors.ts'
import type { Predictor } from '../../predictor/predictor.ts'
import { frameOfCells } from '../../preprocess/preprocessor.ts'
import { openRowFile, PART_BYTES } from '../../tables/row-files.ts'
import { mediaTypes } from '../rows/formats.ts'
import { openCapture, readCapture } from './capture-lines.ts'
import { lenientColumns, readRecords } from './record-rows.ts'

/** What was read besides rows. */
export interface Reading {
  /** Captured records, those that are no rows of the model included. */
  records: number
  unreadable: number
  /** Why the first of them is, and the column that it is about. */
  firstProblem: string | undefined
  firstColumn: string | undefined
  /** Records of another model. */
  otherModel: number
  /** Records of answers alone. */
  withoutInput: number
  /** Columns that were left out of records. */
  readonly masked: Set<string>
}

export interface LiveOptions {
  /** Whether CSV has no header, whatever its first row looks like. */
  readonly hasNoHeader: boolean
  readonly anyModel: boolean
}

/** Rows that are compared at a time. */
const BLOCK = 4096

/** Returns what reads files of a model's rows, and what it has found of them. */
export function readLiveRows(
  { preprocessor, modelId }: Predictor,
  options: LiveOptions,
): { readonly found: Reading; rows(path: string): AsyncGenerator<DataFrame> } {
  const columns = lenientColumns(preprocessor.spec)
  const { inputs, otherColumns } = columns
  const context: DecodeContext = { inputs, otherColumns, maxRows: Number.MAX_SAFE_INTEGER }
  const read = readRecords(columns)
  const found: Reading = {
    records: 0,
    unreadable: 0,
    firstProblem: undefined,
    firstColumn: undefined,
    otherModel: 0,
    withoutInput: 0,
    masked: new Set(),
  }
  const refuse = (problem: string, column?: string) => {
    found.unreadable++
    found.firstProblem ??= problem
    found.firstColumn ??= column
  }
  async function* captured(path: string, lines: AsyncIterable<string>) {
    let cells: (readonly Cell[])[] = []
    const take = (): DataFrame => {
      const frame = frameOfCells(inputs, cells)
      cells = []
      return frame
    }
    let number = 0
    for await (const line of lines) {
      number++
      if (line.trim() === '') continue
      found.records++
      const record = readCapture(line)
      if (record === 'no_input') {
        found.withoutInput++
        continue
      }
      if (!record) {
        refuse(`${path}, line ${number}: this is no captured record`)
        continue
      }
      const isOther = record.modelId !== undefined && record.modelId !== modelId
      if (isOther && !options.anyModel) {
        found.otherModel++
        continue
      }
      for (const name of record.masked) found.masked.add(name)
      try {
        const made = read(record)
        const rows = made instanceof Promise ? await made : made
        if (!('columns' in rows)) cells.push(rows)
        else if (rows.length > 0) yield rows
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        refuse(`${path}, line ${number}: ${error.message}`, error.places?.[0]?.column)
      }
      if (cells.length >= BLOCK) yield take()
    }
    if (cells.length > 0) yield take()
  }
  async function* table(path: string) {
    const file = await openRowFile(path, { hasHeader: options.hasNoHeader ? false : undefined })
    for await (const part of file.parts(columns, PART_BYTES)) {
      const codec = findCodec(mediaTypes[part.format])
      try {
        // Parts are text, which is decoded at once.
        const decoded = numberedFrom(
          part.rowOffset,
          () => codec?.decode?.(part.body, context, part.parameters) as Decoded,
        )
        if (decoded.frame.length > 0) yield decoded.frame
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        throw new InputError(error.code, `${quotePath(path)}: ${error.message}`, error.places)
      }
    }
  }
  return {
    found,
    async *rows(path) {
      // Standard input cannot be opened twice.
      const capture = await openCapture(path)
      if (capture.isCapture || path === '-') {
        if (!capture.isCapture)
          throw new InputError('invalid_file', 'standard input holds no captured records')
        yield* captured(path, capture.lines())
        return
      }
      await capture.close()
      yield* table(path)
    },
  }
}
