/** Shifts and scales numbers as ONNX's Scaler does: in single precision, rounded before and after each step. */
import { type NumberColumn, numberColumn } from '../data/frame.ts'
import type { TransformerKind } from './transformer.ts'

/** fround(fround(fround(x) − offset) · scale); with offset 0 and scale 1 a number is rounded only. */
export interface SinglePrecision {
  readonly kind: 'single_precision'
  readonly offset: number
  readonly scale: number
}

export const singlePrecision: TransformerKind<SinglePrecision> = {
  build({ offset, scale }) {
    const move = (value: number) => Math.fround(Math.fround(Math.fround(value) - offset) * scale)
    return {
      names: (name) => [name],
      apply: (column) => [numberColumn((column as NumberColumn).values.map(move))],
      cell: {
        makes: 'number',
        apply: (cell) => (cell === null ? null : move(cell as number)),
      },
    }
  },
  read: (value, reader, where) => ({
    kind: 'single_precision',
    offset: reader.number(value.get('offset'), `${where}.offset`),
    scale: reader.number(value.get('scale'), `${where}.scale`),
  }),
}
