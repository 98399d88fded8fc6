/** The columns and row groups of a Parquet file, from its footer; nothing in that is believed before it is checked. */
import type { ColumnChunk, FileMetaData, SchemaElement } from 'hyparquet'
import { normalText } from '../../data/text.ts'
import { InputError, quote } from '../../errors.ts'
import { type CellType, cellTypeOf } from './parquet-types.ts'

/** Rows that are stored together. */
export interface RowGroup {
  /** Rows of the file before them. */
  readonly firstRow: number
  readonly length: number
  readonly chunks: readonly ColumnChunk[]
}

/** A column as the footer describes it. */
export interface ParquetColumn {
  /** Its name in normal form. */
  readonly name: string
  /** Where its leaves are: one, unless it holds lists or records. */
  readonly leaves: readonly string[]
  /** How many leaves stand before it. */
  readonly firstLeaf: number
  readonly element: SchemaElement
  readonly type: CellType
}

/**
 * Returns the columns: a schema lists its tree from the root on.
 * @throws InputError `invalid_parquet` or `duplicate_column`
 */
export function readSchema(schema: readonly SchemaElement[]): ParquetColumn[] {
  let at = 1
  /** Returns the paths of the leaves of the subtree that begins here. */
  const leavesOf = (path: readonly string[], depth: number): string[] => {
    const element = schema[at++]
    if (element === undefined || depth > MAX_DEPTH) throw broken()
    const own = [...path, element.name]
    if (element.num_children === undefined) return [JSON.stringify(own)]
    return Array.from({ length: checkCount(element.num_children) }, () =>
      leavesOf(own, depth + 1),
    ).flat()
  }
  const columns: ParquetColumn[] = []
  let allLeaves = 0
  const seen = new Set<string>()
  while (at < schema.length) {
    const element = schema[at] as SchemaElement
    const leaves = leavesOf([], 0)
    const firstLeaf = allLeaves
    allLeaves += leaves.length
    const isNested = element.num_children !== undefined || element.repetition_type === 'REPEATED'
    const name = normalText(element.name.trim())
    if (seen.size === seen.add(name).size)
      throw new InputError('duplicate_column', `column ${quote(name)} is there twice`, [
        { column: name },
      ])
    columns.push({
      name,
      leaves,
      firstLeaf,
      element,
      type: isNested
        ? { refused: 'lists or records; one value a row is needed' }
        : cellTypeOf(element),
    })
  }
  return columns
}

/** Deepest nesting of a schema, and most children that one element may say it has. */
const MAX_DEPTH = 64
const MAX_CHILDREN = 100_000

function checkCount(children: number): number {
  if (children >= 0 && children <= MAX_CHILDREN) return children
  throw broken()
}

/** Most rows of a group: those of a column are in memory at once. */
const MOST_ROWS = 1 << 25

/**
 * Returns the row groups: each must have the chunks of the schema's leaves in their order, and as many values as rows.
 * @throws InputError `invalid_parquet`, or `too_large` for a group of more rows than are read at once
 */
export function readGroups(metadata: FileMetaData, columns: readonly ParquetColumn[]): RowGroup[] {
  const leaves = columns.flatMap((column) => column.leaves.map((path) => ({ path, column })))
  let firstRow = 0
  const groups = metadata.row_groups.map((group): RowGroup => {
    const length = Number(group.num_rows)
    const isWhole =
      Number.isSafeInteger(length) &&
      length >= 0 &&
      group.columns.length === leaves.length &&
      leaves.every(({ path, column }, i) => {
        const chunk = group.columns[i]?.meta_data
        return (
          chunk !== undefined &&
          JSON.stringify(chunk.path_in_schema) === path &&
          (column.leaves.length > 1 ||
            'refused' in column.type ||
            (Number(chunk.num_values) === length && chunk.type === column.element.type))
        )
      })
    if (!isWhole) throw broken()
    if (length > MOST_ROWS)
      throw new InputError(
        'too_large',
        `a row group holds ${length} rows; at most ${MOST_ROWS} are read at once: write the file with smaller row groups`,
      )
    const made = { firstRow, length, chunks: group.columns }
    firstRow += length
    return made
  })
  if (Number(metadata.num_rows) !== firstRow) throw broken()
  return groups
}

/** Returns the error for bytes that are no Parquet file, or that of a column in it. */
export function broken(column?: string): InputError {
  const where = column === undefined ? '' : `: what is stored of column ${quote(column)} is damaged`
  const places = column === undefined ? [] : [{ column }]
  return new InputError(
    'invalid_parquet',
    `this is not a Parquet file that can be read${where}`,
    places,
  )
}
