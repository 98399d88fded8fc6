/** Turns one number, by which a model's training marked gaps, into a missing value. */
import { type NumberColumn, numberColumn } from '../data/frame.ts'
import type { TransformerKind } from './transformer.ts'

export interface MissingNumber {
  readonly kind: 'missing_number'
  /** Compared in single precision, as the libraries that have such a number do. */
  readonly value: number
}

export const missingNumber: TransformerKind<MissingNumber> = {
  build({ value }) {
    const mark = Math.fround(value)
    return {
      names: (name) => [name],
      apply: (column) => [
        numberColumn(
          (column as NumberColumn).values.map((number) =>
            Math.fround(number) === mark ? Number.NaN : number,
          ),
        ),
      ],
      cell: {
        makes: 'number',
        apply: (cell) => (cell === null || Math.fround(cell as number) === mark ? null : cell),
      },
    }
  },
  read: (value, reader, where) => ({
    kind: 'missing_number',
    value: reader.number(value.get('value'), `${where}.value`),
  }),
}
