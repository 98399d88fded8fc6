/** Column-oriented tables: names, columns and a length. */

/** Numbers of one column; NaN = missing. */
export interface NumberColumn {
  readonly kind: 'number'
  readonly values: Float64Array
}

/** Text of one column as codes into `levels`, in order of first appearance; code -1 = missing. */
export interface TextColumn {
  readonly kind: 'text'
  readonly codes: Int32Array
  readonly levels: readonly string[]
  /** Why the texts were not kept, where they were not: every code is -1 then, and the column cannot be used. */
  readonly unread?: string
}

export type Column = NumberColumn | TextColumn

/** A table: `names[i]` names `columns[i]`, every column has `length` rows. */
export interface DataFrame {
  readonly names: readonly string[]
  readonly columns: readonly Column[]
  readonly length: number
}

/** One cell as a person would write it: null = missing. */
export type Cell = string | number | null

/** Returns a number column over the given values, NaN = missing (not copied). */
export function numberColumn(values: Float64Array): NumberColumn {
  return { kind: 'number', values }
}

/** Returns a text column that holds the given strings, null = missing. */
export function textColumn(values: readonly (string | null)[]): TextColumn {
  const codes = new Int32Array(values.length)
  const levels: string[] = []
  const codeOf = new Map<string, number>()
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as string | null
    if (value === null) {
      codes[row] = -1
      continue
    }
    let code = codeOf.get(value)
    if (code === undefined) {
      code = levels.length
      levels.push(value)
      codeOf.set(value, code)
    }
    codes[row] = code
  }
  return { kind: 'text', codes, levels }
}

/**
 * Returns a text column with every text replaced, null = missing; equal ones become one, in order of first appearance.
 * The column itself where nothing changes.
 */
export function mapTexts(column: TextColumn, replace: (text: string) => string | null): TextColumn {
  const replaced = column.levels.map(replace)
  if (replaced.every((text, code) => text === column.levels[code])) return column
  const levels: string[] = []
  const codeOf = new Map<string | null, number>([[null, -1]])
  const codes = replaced.map((text) => {
    const code = codeOf.get(text) ?? levels.push(text as string) - 1
    codeOf.set(text, code)
    return code
  })
  return { ...column, codes: column.codes.map((code) => (code < 0 ? code : codes[code]!)), levels }
}

/** Returns how many rows a column has. */
export function lengthOf(column: Column): number {
  return column.kind === 'number' ? column.values.length : column.codes.length
}

/** Returns the texts that a column has in a row. */
export function usedLevels({ codes, levels }: TextColumn): string[] {
  const used = new Set(codes)
  return levels.filter((_, code) => used.has(code))
}

/** Names from which on a table of them is worth making: among fewer, looking at each is as fast. */
const WIDE = 32

/** Where the names of wide frames stand. */
const positions = new WeakMap<readonly string[], ReadonlyMap<string, number>>()

/** Returns the number of the first column of that name, or -1; of a wide frame without looking at all names. */
export function columnAt({ names }: DataFrame, name: string): number {
  if (names.length < WIDE) return names.indexOf(name)
  let known = positions.get(names)
  if (!known) {
    const made = new Map<string, number>()
    for (let at = names.length - 1; at >= 0; at--) made.set(names[at]!, at)
    positions.set(names, made)
    known = made
  }
  return known.get(name) ?? -1
}

/** Returns the column of that name, or undefined. */
export function findColumn(frame: DataFrame, name: string): Column | undefined {
  const index = columnAt(frame, name)
  return index < 0 ? undefined : frame.columns[index]
}

/** Returns one cell of a column: a number, a text, or null where it is missing. */
export function cellAt(column: Column, row: number): Cell {
  if (column.kind === 'number') {
    const value = column.values[row]!
    return Number.isNaN(value) ? null : value
  }
  const code = column.codes[row]!
  return code < 0 ? null : column.levels[code]!
}

/**
 * Returns the numbers that are not missing, in memory of their own. A typed array's own `filter` makes an object of
 * every number, which costs more than sorting them.
 */
export function presentNumbers(values: Float64Array): Float64Array {
  const present = new Float64Array(values.length)
  let count = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!Number.isNaN(value)) present[count++] = value
  }
  return count === values.length ? present : present.slice(0, count)
}

/** Returns how many cells of a column are missing. */
export function countMissing(column: Column): number {
  let count = 0
  if (column.kind === 'number') {
    const { values } = column
    for (let row = 0; row < values.length; row++) if (Number.isNaN(values[row]!)) count++
  } else {
    const { codes } = column
    for (let row = 0; row < codes.length; row++) if (codes[row]! < 0) count++
  }
  return count
}

/** Returns the rows with the given numbers, in that order. */
export function takeRows(frame: DataFrame, rows: Int32Array): DataFrame {
  return {
    names: frame.names,
    columns: frame.columns.map((column) => takeColumnRows(column, rows)),
    length: rows.length,
  }
}

/** Returns the rows from one number to before another; of numbers and codes nothing is copied. */
export function sliceRows(frame: DataFrame, from: number, to: number): DataFrame {
  return {
    names: frame.names,
    columns: frame.columns.map((column) =>
      column.kind === 'number'
        ? numberColumn(column.values.subarray(from, to))
        : { ...column, codes: column.codes.subarray(from, to) },
    ),
    length: Math.max(0, Math.min(to, frame.length) - from),
  }
}

/** Returns the rows of tables with the same columns, one table behind the other. */
export function joinRows(frames: readonly [DataFrame, ...DataFrame[]]): DataFrame {
  const [first] = frames
  if (frames.length === 1) return first
  return {
    names: first.names,
    columns: first.columns.map((_, j) => joinColumn(frames.map(({ columns }) => columns[j]!))),
    length: frames.reduce((sum, { length }) => sum + length, 0),
  }
}

function joinColumn(parts: readonly Column[]): Column {
  const sizeOf = (part: Column) => (part.kind === 'number' ? part.values : part.codes).length
  const length = parts.reduce((sum, part) => sum + sizeOf(part), 0)
  let at = 0
  if (parts[0]?.kind === 'number') {
    const values = new Float64Array(length)
    for (const part of parts) {
      values.set((part as NumberColumn).values, at)
      at += sizeOf(part)
    }
    return numberColumn(values)
  }
  const codes = new Int32Array(length)
  const codeOf = new Map<string, number>()
  for (const part of parts as readonly TextColumn[]) {
    const own = part.levels.map((level) => {
      if (!codeOf.has(level)) codeOf.set(level, codeOf.size)
      return codeOf.get(level) as number
    })
    for (const code of part.codes) codes[at++] = code < 0 ? -1 : own[code]!
  }
  return { kind: 'text', codes, levels: [...codeOf.keys()] }
}

/** Returns a column's cells at the given row numbers, in that order. */
export function takeColumnRows(column: Column, rows: Int32Array): Column {
  if (column.kind === 'number') {
    const values = new Float64Array(rows.length)
    for (let i = 0; i < rows.length; i++) values[i] = column.values[rows[i]!]!
    return numberColumn(values)
  }
  return {
    ...column,
    codes: rows.map((row) => column.codes[row]!),
  }
}

/** Returns the distinct non-missing values of a column with their counts, in order of first appearance. */
export function countValues(column: Column): Map<string | number, number> {
  const counts = new Map<string | number, number>()
  if (column.kind === 'number') {
    for (const value of column.values)
      if (!Number.isNaN(value)) counts.set(value, (counts.get(value) ?? 0) + 1)
    return counts
  }
  const { codes, levels } = column
  const countOf = new Int32Array(levels.length)
  const seen: number[] = []
  for (const code of codes) {
    if (code < 0) continue
    if (countOf[code] === 0) seen.push(code)
    countOf[code] = countOf[code]! + 1
  }
  for (const code of seen) counts.set(levels[code]!, countOf[code]!)
  return counts
}

/** Returns how many distinct non-missing values a column has, in memory for one copy of it. */
export function countDistinct(column: Column): number {
  let count = 0
  if (column.kind === 'text') {
    const isSeen = new Uint8Array(column.levels.length)
    for (const code of column.codes) {
      if (code < 0 || isSeen[code] === 1) continue
      isSeen[code] = 1
      count++
    }
    return count
  }
  // Missing values are sorted to the end, where each differs from the one before.
  const sorted = column.values.slice().sort()
  for (let i = 0; i < sorted.length; i++) {
    const value = sorted[i]!
    if (Number.isNaN(value)) break
    if (i === 0 || value !== sorted[i - 1]) count++
  }
  return count
}

/** Whether a column has two distinct values, a missing one not counted. */
export function varies(column: Column): boolean {
  const isNumber = column.kind === 'number'
  const cells = isNumber ? column.values : column.codes
  let first: number | undefined
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row]!
    if (isNumber ? Number.isNaN(cell) : cell < 0) continue
    first ??= cell
    if (cell !== first) return true
  }
  return false
}
