/** Tables that a model is measured on, made to fit the table that it is trained on. */
import { type Column, type DataFrame, findColumn, numberColumn, textColumn } from '../data/frame.ts'
import { isDecimal } from '../data/number.ts'
import { flagWith, InputError, listNames, quote } from '../errors.ts'
import { numbersOfBooleans } from '../preprocess/booleans.ts'
import type { ReadTable } from './read-tables.ts'

/** A table to measure on may lack the weights: they do not count there. */
function withMissingWeight(table: DataFrame, weight: string | undefined): DataFrame {
  if (weight === undefined || table.names.includes(weight)) return table
  return {
    names: [...table.names, weight],
    columns: [...table.columns, numberColumn(new Float64Array(table.length).fill(Number.NaN))],
    length: table.length,
  }
}

/** What texts mean no value where training has numbers, and who is told of them. */
export interface Gaps {
  isMissing(text: string): boolean
  warn(line: string): void
}

const noGaps: Gaps = { isMissing: () => false, warn: () => {} }

/**
 * Returns the other table with the training table's columns, in their order and of their types.
 * @param weight the column of weights, which the other table may lack
 * @throws InputError `missing_column`, `unknown_column` or `invalid_number` naming both files and the column
 */
export function alignTable(
  train: ReadTable,
  other: ReadTable,
  weight?: string,
  gaps = noGaps,
): DataFrame {
  const { names } = train.table
  const wanted = new Set(names)
  const table = withMissingWeight(other.table, wanted.has(weight ?? '') ? weight : undefined)
  const there = new Set(table.names)
  const shown = { train: quote(train.name, 256), other: quote(other.name, 256) }
  const missing = names.find((name) => !there.has(name))
  if (missing !== undefined) {
    throw new InputError(
      'missing_column',
      `${shown.other} has no column ${quote(missing)}, ${shown.train} has`,
      [{ column: missing }],
    )
  }
  const extra = table.names.find((name) => !wanted.has(name))
  if (extra !== undefined) {
    throw new InputError(
      'unknown_column',
      `${shown.other} has a column ${quote(extra)}, ${shown.train} has not`,
      [{ column: extra }],
    )
  }
  return {
    names,
    columns: names.map((name, j) => {
      const { kind } = train.table.columns[j] as Column
      const found = findColumn(table, name) as Column
      const column = kind === 'number' ? numbersOfBooleans(found) : found
      if (column.kind === 'text' && column.unread !== undefined)
        throw new InputError(
          'invalid_text',
          `${shown.other} has ${column.unread} in column ${quote(name)}`,
          [{ column: name }],
        )
      if (column.kind === kind) return column
      if (column.kind === 'number') return textColumn(Array.from(column.values, textOf))
      const { codes, levels } = column
      if (levels.length === 0) return numberColumn(new Float64Array(table.length).fill(Number.NaN))
      // Numbers are texts beside one that is none, which is the one to name.
      const strangers = levels.filter((text) => !isDecimal(text))
      if (strangers.length > 0 && strangers.every(gaps.isMissing)) {
        gaps.warn(
          `${shown.other}: ${listNames(strangers)} ${strangers.length === 1 ? 'means' : 'mean'} missing in column ${quote(name)}; ${shown.train} has numbers there`,
        )
        const values = levels.map((text) => (gaps.isMissing(text) ? Number.NaN : Number(text)))
        return numberColumn(Float64Array.from(codes, (code) => values[code] ?? Number.NaN))
      }
      const stranger = levels.findIndex((text) => !isDecimal(text) && !gaps.isMissing(text))
      const code = Math.max(0, stranger)
      const row = codes.indexOf(code) + 1
      throw new InputError(
        'invalid_number',
        `${shown.other} has ${quote(levels[code])} in column ${quote(name)}, row ${row}; ${shown.train} has numbers there${stranger < 0 ? '' : `; ${flagWith('--treat-as-missing', levels[code]!)} if it means no value`}`,
        [{ row, column: name }],
      )
    }),
    length: table.length,
  }
}

function textOf(value: number): string | null {
  return Number.isNaN(value) ? null : String(value)
}
