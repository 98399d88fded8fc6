/** Turns a column into one feature: 1 where its value is missing, 0 where there is one, whatever it is. */
import { cellAt, lengthOf, numberColumn } from '../data/frame.ts'
import type { TransformerKind } from './transformer.ts'

export interface MissingIndicator {
  readonly kind: 'missing_indicator'
}

export const missingIndicator: TransformerKind<MissingIndicator> = {
  build: () => ({
    names: (name) => [`${name}=(missing)`],
    apply(column) {
      const length = lengthOf(column)
      return [
        numberColumn(
          Float64Array.from({ length }, (_, row) => (cellAt(column, row) === null ? 1 : 0)),
        ),
      ]
    },
    cell: { makes: 'number', apply: (cell) => (cell === null ? 1 : 0) },
  }),
  read: () => ({ kind: 'missing_indicator' }),
}
