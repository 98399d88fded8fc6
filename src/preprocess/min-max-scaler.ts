/** Moves numbers into a range: x · scale + offset, cut at the ends of the range where that is asked for. */
import { type NumberColumn, numberColumn } from '../data/frame.ts'
import type { TransformerKind } from './transformer.ts'

export interface MinMaxScaler {
  readonly kind: 'min_max_scaler'
  readonly scale: number
  readonly offset: number
  /** The ends of the range. */
  readonly clip?: readonly [number, number]
}

export const minMaxScaler: TransformerKind<MinMaxScaler> = {
  build({ scale, offset, clip: [low, high] = [-Infinity, Infinity] }) {
    const move = (value: number) => Math.min(high, Math.max(low, value * scale + offset))
    return {
      names: (name) => [name],
      apply: (column) => [numberColumn((column as NumberColumn).values.map(move))],
      cell: {
        makes: 'number',
        apply: (cell) => (cell === null ? null : move(cell as number)),
      },
    }
  },
  read(value, reader, where) {
    const made = {
      kind: 'min_max_scaler' as const,
      scale: reader.number(value.get('scale'), `${where}.scale`),
      offset: reader.number(value.get('offset'), `${where}.offset`),
    }
    if (!value.has('clip')) return made
    const ends = reader.list(value.get('clip'), `${where}.clip`)
    const [low, high] = [0, 1].map((i) => reader.number(ends[i], `${where}.clip[${i}]`))
    return { ...made, clip: [low!, high!] as const }
  },
}
