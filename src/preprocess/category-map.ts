/** Takes some categories for others, such as spellings of one; all others, and missing ones, stay what they are. */
import { type Cell, mapTexts } from '../data/frame.ts'
import type { TransformerKind } from './transformer.ts'

export interface CategoryMap {
  readonly kind: 'category_map'
  /** From a text to the one that it is taken for. */
  readonly map: Readonly<Record<string, string>>
}

export const categoryMap: TransformerKind<CategoryMap> = {
  build({ map }) {
    const known = new Map(Object.entries(map))
    const replace = (text: string) => known.get(text) ?? text
    const replaceCell = (cell: Cell) => (typeof cell === 'string' ? replace(cell) : cell)
    return {
      names: (name) => [name],
      apply: (column) => [column.kind === 'text' ? mapTexts(column, replace) : column],
      cell: { makes: 'cell', apply: replaceCell },
    }
  },
  read: (value, reader, where) => ({
    kind: 'category_map',
    map: reader.textMap(value.get('map'), `${where}.map`),
  }),
}
