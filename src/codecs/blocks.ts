/** Bodies and answers in blocks of rows: what the codecs that can do so share. */
import { decodeUtf8 } from '../data/utf8.ts'
import { InputError } from '../errors.ts'
import type { Encoded } from './codec.ts'

/** Blocks of formats that are one line or one frame a row stand behind each other as they are. */
export const appendBlock = (block: Encoded): Encoded => block

/**
 * Yields blocks of text. A body that is not UTF-8 is refused as one, wherever a block comes upon it.
 * @throws InputError `invalid_utf8`, and what the blocks throw
 */
export function* blocksOfText<T>(body: Uint8Array, blocks: Iterable<T>): Generator<T> {
  try {
    yield* blocks
  } catch (error) {
    decodeUtf8(body)
    throw error
  }
}

/**
 * Returns what is made of a block, whose rows are numbered from 1.
 * @throws InputError with the rows' numbers in the body
 */
export function numberedFrom<T>(rowsBefore: number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof InputError ? error.numberRows((row) => row + rowsBefore) : error
  }
}
