/** What the tests of the number formats share: columns of numbers alone, and a check for mutated bodies. */
import fc from 'fast-check'
import type { DecodeContext } from '../../src/codecs/codec.ts'
import type { Cell } from '../../src/data/frame.ts'
import { InputError, inputErrorCodes } from '../../src/errors.ts'
import type { Predictions } from '../../src/models/prediction.ts'
import { type Body, decodeBody, rowsOf, type TextCodec } from '../helper.ts'

/** Returns columns x1, x2 … of numbers, all nullable unless told otherwise. */
export function numberColumns(width: number, nullable = true, maxRows = 100): DecodeContext {
  return {
    inputs: Array.from({ length: width }, (_, j) => ({
      name: `x${j + 1}`,
      type: 'number',
      nullable,
      example: 0,
    })),
    otherColumns: [],
    maxRows,
  }
}

/** Returns the rows that a codec reads for a model of so many columns of numbers. */
export function readRows(codec: TextCodec, body: Body, width = 3): Cell[][] {
  const { frame, dialect, parameters } = decodeBody(codec, body, numberColumns(width))
  if (dialect !== 'predictions' || parameters.size > 0) throw new Error('numbers and nothing else')
  return rowsOf(frame)
}

/** Throws unless a codec reads a body into finite numbers or refuses it by an InputError. */
export function checkReadsNumbersOrRefuses(codec: TextCodec, body: Body, width = 3): void {
  try {
    for (const row of readRows(codec, body, width)) {
      const isWhole = row.length === width
      if (!isWhole || row.some((cell) => cell !== null && !Number.isFinite(cell)))
        throw new Error(`not a row of numbers: ${row}`)
    }
  } catch (error) {
    if (!(error instanceof InputError && Object.hasOwn(inputErrorCodes, error.code))) throw error
  }
}

/** Returns all bodies that differ from one in a single bit. */
export function* bitFlips(body: Uint8Array): Generator<Buffer> {
  for (let bit = 0; bit < body.length * 8; bit++) {
    const flipped = Buffer.from(body)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    yield flipped
  }
}

/** Rows of finite doubles and missing values, of one width from 1 to 5. */
export const tables = fc.integer({ min: 1, max: 5 }).chain((width) =>
  fc.record({
    width: fc.constant(width),
    rows: fc.array(
      fc.array(
        fc.oneof(
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.integer({ min: -200, max: 300 }),
          fc.constantFrom<number | null>(null, 0, -0, 2 ** 53 + 2, -(2 ** 31), 5e-324),
        ),
        { minLength: width, maxLength: width },
      ),
      { maxLength: 5 },
    ),
  }),
)

/** Predictions of two classes that are numbers. */
export const binary: Predictions = {
  classes: ['0', '1'],
  numericClasses: true,
  rows: 2,
  labels: Int32Array.of(0, 1),
  probabilities: Float64Array.of(0.75, 0.25, 0.1, 0.9),
}

/** Predictions of three classes that are words. */
export const ternary: Predictions = {
  classes: ['a', 'b', 'c'],
  numericClasses: false,
  rows: 2,
  labels: Int32Array.of(2, 0),
  probabilities: Float64Array.of(0.1, 0.2, 0.7, 0.5, 0.25, 0.25),
}
