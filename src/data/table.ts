/** Training tables: text or JSON Lines in, typed columns out. */
import { InputError, listNames, quote } from '../errors.ts'
import { checkHeader, parseCsv } from './csv.ts'
import { type Column, type DataFrame, numberColumn, textColumn } from './frame.ts'
import { checkFinite, hasLeadingZero, isDecimal, isMissingText } from './number.ts'

/**
 * Returns the table of a CSV text; a column is a number column when every value in it is a decimal number.
 * @param names column names of a file without a header; otherwise the first row is the header
 * @throws InputError for anything that is not one clean table
 */
export function readCsvTable(text: string, names?: readonly string[]): DataFrame {
  const rows = parseCsv(text, { header: names === undefined })
  const header = names ?? checkHeader(rows[0] ?? [])
  const body = names === undefined ? rows.slice(1) : rows
  const width = body[0]?.length ?? header.length
  if (width !== header.length) {
    throw new InputError(
      'wrong_width',
      `the table has ${width} columns, ${header.length} names were given`,
    )
  }
  return {
    names: header,
    columns: header.map((name, index) => typedColumn(name, body, index)),
    length: body.length,
  }
}

function typedColumn(name: string, rows: readonly (readonly string[])[], index: number): Column {
  let isNumber = false
  for (const row of rows) {
    const cell = row[index] as string
    if (isMissingText(cell)) continue
    isNumber = isDecimal(cell) && !hasLeadingZero(cell)
    if (!isNumber) break
  }
  if (!isNumber) {
    checkInfinity(name, rows, index)
    return textColumn(rows.map((row) => presentText(row[index] as string)))
  }
  const values = new Float64Array(rows.length)
  rows.forEach((row, i) => {
    const cell = row[index] as string
    values[i] = isMissingText(cell)
      ? Number.NaN
      : checkFinite(Number(cell), cell, { row: i + 1, column: name })
  })
  return numberColumn(values)
}

/** A number column with an infinity in it must not silently become a text column. */
function checkInfinity(name: string, rows: readonly (readonly string[])[], index: number): void {
  let infinite: { cell: string; row: number } | undefined
  for (let i = 0; i < rows.length; i++) {
    const cell = rows[i]?.[index] as string
    if (/^[+-]?inf(inity)?$/i.test(cell)) infinite ??= { cell, row: i + 1 }
    else if (!isMissingText(cell) && !isDecimal(cell)) return
  }
  if (infinite)
    checkFinite(Number.POSITIVE_INFINITY, infinite.cell, { row: infinite.row, column: name })
}

function presentText(cell: string): string | null {
  return isMissingText(cell) ? null : cell
}

/**
 * Returns the table of a JSON Lines text: one flat object a line, columns in order of first appearance,
 * absent keys missing. Booleans become the texts "true" and "false".
 * @throws InputError naming the line and the key
 */
export function readJsonLinesTable(text: string): DataFrame {
  const lines = text.split('\n')
  while (lines.length > 0 && (lines.at(-1) as string).trim() === '') lines.pop()
  const cellsOf = new Map<string, unknown[]>()
  lines.forEach((line, row) => {
    for (const [name, value] of Object.entries(parseLine(line, row + 1))) {
      let cells = cellsOf.get(name)
      if (!cells) {
        cells = new Array(lines.length).fill(null)
        cellsOf.set(name, cells)
      }
      cells[row] = value
    }
  })
  const names = checkHeader([...cellsOf.keys()])
  return {
    names,
    columns: names.map((name) => typedJsonColumn(name, cellsOf.get(name) as unknown[])),
    length: lines.length,
  }
}

function parseLine(line: string, row: number): Record<string, unknown> {
  if (line.trim() === '') throw new InputError('blank_row', `line ${row} is empty`, [{ row }])
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new InputError('invalid_json', `line ${row} is not JSON: ${quote(line)}`, [{ row }])
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new InputError('invalid_shape', `line ${row} is not a JSON object`, [{ row }])
  }
  return value as Record<string, unknown>
}

function typedJsonColumn(name: string, cells: readonly unknown[]): Column {
  const kinds = new Set(
    cells.filter((cell) => cell !== null && cell !== '').map((cell) => typeof cell),
  )
  if (kinds.size > 1 || kinds.has('object')) {
    const isPresent = (cell: unknown) => cell !== null && cell !== ''
    const first = typeof cells.find(isPresent)
    const row = cells.findIndex(
      (cell) => isPresent(cell) && (typeof cell === 'object' || typeof cell !== first),
    )
    const found = kinds.has('object') ? 'a list or an object' : [...kinds].join(' and ')
    throw new InputError(
      'invalid_text',
      `column ${quote(name)} holds ${found}; one type is needed`,
      [{ row: row + 1, column: name }],
    )
  }
  if (kinds.has('number')) {
    const values = cells.map((cell, i) =>
      cell === null || cell === ''
        ? Number.NaN
        : checkFinite(cell as number, cell, { row: i + 1, column: name }),
    )
    return numberColumn(Float64Array.from(values))
  }
  return textColumn(cells.map((cell) => (cell === null ? null : presentText(String(cell).trim()))))
}

/**
 * Returns one table of several with the same columns, in the order of the first.
 * @throws InputError `missing_column` naming both tables when their columns differ
 */
export function concatTables(parts: readonly { name: string; frame: DataFrame }[]): DataFrame {
  const [first, ...rest] = parts
  if (!first) throw new InputError('empty_data', 'there is no table to read')
  if (rest.length === 0) return first.frame
  for (const part of rest) {
    const missing = first.frame.names.filter((name) => !part.frame.names.includes(name))
    const extra = part.frame.names.filter((name) => !first.frame.names.includes(name))
    if (missing.length > 0 || extra.length > 0) {
      const what =
        missing.length > 0 ? `lacks ${listNames(missing)}` : `has ${listNames(extra)} besides`
      throw new InputError(
        'missing_column',
        `${quote(part.name)} ${what}, compared with ${quote(first.name)}`,
      )
    }
  }
  const frames = parts.map((part) => part.frame)
  return {
    names: first.frame.names,
    columns: first.frame.names.map((name) =>
      concatColumns(frames.map((frame) => frame.columns[frame.names.indexOf(name)] as Column)),
    ),
    length: frames.reduce((sum, frame) => sum + frame.length, 0),
  }
}

/** A column that is numbers in one file and text in another is text in all of them. */
function concatColumns(columns: readonly Column[]): Column {
  if (columns.every((column) => column.kind === 'number')) {
    return numberColumn(Float64Array.from(columns.flatMap((column) => [...column.values])))
  }
  return textColumn(
    columns.flatMap((column) =>
      column.kind === 'text'
        ? Array.from(column.codes, (code) => (code < 0 ? null : (column.levels[code] as string)))
        : Array.from(column.values, (value) => (Number.isNaN(value) ? null : String(value))),
    ),
  )
}
