/** A table that is read file by file and row by row, in memory that is known beforehand. */

import type { DataFrame } from '../../data/frame.ts'
import { InputError, inFile, listNames, quote } from '../../errors.ts'
import { type ColumnBuilder, createColumnBuilder } from './column-builder.ts'
import type { MemoryBudget } from './growing-cells.ts'

/** Most memory that the different texts of all columns may take; the column with most of them is given up first. */
const MAX_TEXT_MEMORY = 2 ** 28

/** What a reader writes one file into. */
export interface TableFile {
  /** Row number in the file, from 1, of the row that is written. */
  readonly row: number
  /**
   * Returns the column of that name; undefined where its cells are not wanted again.
   * @throws InputError `missing_column` for a name that the first file has not
   */
  column(name: string): ColumnBuilder | undefined
  /** Ends a row in which every column got its cell. */
  endRow(): void
  /** Ends a row; columns that got no cell get a missing one. */
  padRow(): void
  /** @throws InputError `missing_column` for a column of the first file that has not been named */
  end(): void
}

export interface TableBuilder {
  /** Rows of all files so far. */
  readonly rows: number
  /** Names of the columns so far. */
  readonly names: readonly string[]
  /** @param name what messages call it */
  openFile(name: string): TableFile
  /** Keeps the memory of texts in bounds; to be called every now and then. */
  checkMemory(): void
  /** Names of columns that must be read as text from their first cell. */
  torn(): string[]
  /** Names of columns that hold texts so far. */
  texts(): string[]
  /** Begins again with the first file, for torn columns only. */
  restart(): void
  /** @throws InputError naming file, row and column of a number that is infinite */
  finish(): DataFrame
}

export interface TableBuilderOptions {
  /** Rows to expect of all files. */
  readonly capacity: number
  /** Columns known to hold texts. */
  readonly texts?: ReadonlySet<string>
  readonly budget?: MemoryBudget
}

const unlimited: MemoryBudget = { reserve() {}, release() {} }

/** Returns an empty table; its columns are those of the first file. */
export function createTableBuilder(options: TableBuilderOptions): TableBuilder {
  const { capacity, texts = new Set<string>(), budget = unlimited } = options
  const columns = new Map<string, ColumnBuilder>()
  let files: { name: string; firstRow: number }[] = []
  let rows = 0
  let textMemory = 0
  const active = () => [...columns.values()].filter(({ state }) => state !== 'done')

  const openFile = (name: string): TableFile => {
    const first = files[0]
    const firstRow = rows
    files.push({ name, firstRow })
    const named = new Set<string>()
    const open = active()
    const create = (column: string) => {
      const made = createColumnBuilder(column, capacity, texts.has(column), budget)
      for (let row = 0; row < rows; row++) made.addMissing()
      columns.set(column, made)
      open.push(made)
      return made
    }
    return {
      get row() {
        return rows - firstRow + 1
      },
      column(column) {
        const known = columns.get(column)
        if (!known && first)
          throw new InputError(
            'missing_column',
            `has ${listNames([column])} besides, compared with ${quote(first.name, 256)}`,
            [{ column }],
          )
        named.add(column)
        const found = known ?? create(column)
        return found.state === 'done' ? undefined : found
      },
      endRow() {
        rows++
      },
      padRow() {
        rows++
        for (const column of open) if (column.length < rows) column.addMissing()
      },
      end() {
        const missing = [...columns.keys()].filter((column) => !named.has(column))
        if (first && missing.length > 0)
          throw new InputError(
            'missing_column',
            `lacks ${listNames(missing)}, compared with ${quote(first.name, 256)}`,
          )
      },
    }
  }

  return {
    get rows() {
      return rows
    },
    get names() {
      return [...columns.keys()]
    },
    openFile,
    checkMemory() {
      const memory = () => active().reduce((sum, column) => sum + column.dictionaryMemory, 0)
      while (memory() > MAX_TEXT_MEMORY) {
        active()
          .reduce((most, column) =>
            column.dictionaryMemory > most.dictionaryMemory ? column : most,
          )
          .overflow()
      }
      const now = memory()
      if (now > textMemory) budget.reserve(now - textMemory)
      else budget.release(textMemory - now)
      textMemory = now
    },
    torn: () => active().flatMap(({ name, state }) => (state === 'torn' ? [name] : [])),
    texts: () =>
      active().flatMap(({ name, state }) =>
        state === 'text' || state === 'torn' || state === 'full' ? [name] : [],
      ),
    restart() {
      for (const column of active()) inItsFile(files, () => column.restart())
      files = []
      rows = 0
    },
    finish: () => ({
      names: [...columns.keys()],
      columns: [...columns.values()].map((column) => inItsFile(files, () => column.finish())),
      length: rows,
    }),
  }
}

/** Names the file of an error and the row in it. */
function inItsFile<T>(files: readonly { name: string; firstRow: number }[], act: () => T): T {
  try {
    return act()
  } catch (error) {
    const place = error instanceof InputError ? error.places[0] : undefined
    if (!(error instanceof InputError) || place?.row === undefined) throw error
    const { row } = place
    const file = files.findLast(({ firstRow }) => firstRow < row)
    if (!file) throw error
    const own = error.numberRows((number) => number - file.firstRow)
    throw file.name === '' ? own : inFile(file.name, own)
  }
}
