/** The training matrix as tree growers read it: values replaced by small whole numbers in the same order. */
import type { Matrix } from '../../data/matrix.ts'
import type { Steps } from '../../data/steps.ts'
import { createRadixOrder } from './radix-order.ts'
import { createSharedMemory, reserve } from './shared-memory.ts'
import { treeGrower as encoded } from './tree-grower.generated.ts'

/** Value bins per column at most; one more code is for missing values, so that all fit a byte. */
const MAX_BINS = 255

/** Where the columns lie in a memory that threads share. */
export interface TrainingColumns {
  readonly memory: WebAssembly.Memory
  /** The compiled grower: threads that share it compile nothing anew. */
  readonly module: WebAssembly.Module
  readonly rows: number
  readonly columns: number
  /** Columns with more values than bins; only they have ranks. */
  readonly rankColumns: number
  /** Words of a row's mask; 0 when no column has just two values. */
  readonly maskWords: number
  /** Uint64 [row][word]: the bit of a column's number is set where it holds the larger of its two values; others' bits mean nothing. */
  readonly masks: number
  /** Uint8 [column with bins][row]: the bin of a value; the column's bin count where it is missing. */
  readonly bins: number
  /** Uint8 [row][column]: the same for all columns. */
  readonly rowBins: number
  /** Int32 [row][column with ranks]: number of the value among the distinct ones; their count where missing. */
  readonly ranks: number
  /** Int32 [column]: number of value bins. */
  readonly binCounts: number
  /** Int32 [column]: which of the columns with bins it is; −1 where it has at most two values and none missing. */
  readonly binColumn: number
  /** Int32 [column]: which of the columns with ranks it is; −1 where every distinct value has a bin of its own. */
  readonly rankColumn: number
  /** Int32 [column]: number of distinct values. */
  readonly distinct: number
  /** Int32 [column]: 1 where a value is missing. */
  readonly hasMissing: number
}

/**
 * Returns the columns of a matrix; NaN is a missing value.
 * @throws InputError `too_large`
 */
export function* buildTrainingColumns(X: Matrix): Steps<TrainingColumns> {
  const { rows, columns } = X
  const memory = createSharedMemory()
  const maskWords = Math.ceil(columns / 64)
  const small = layOut(memory, {
    masks: 8 * rows * maskWords,
    rowBins: rows * columns,
    binCounts: 4 * columns,
    binColumn: 4 * columns,
    rankColumn: 4 * columns,
    distinct: 4 * columns,
    hasMissing: 4 * columns,
  })
  const ints = (address: number) => new Int32Array(memory.buffer, address, columns)
  const rowBins = new Uint8Array(memory.buffer, small.rowBins, rows * columns)
  const binCounts = ints(small.binCounts)
  const distinct = ints(small.distinct)
  const hasMissing = ints(small.hasMissing)
  const binColumn = ints(small.binColumn).fill(-1)
  const rankColumn = ints(small.rankColumn).fill(-1)
  const masks = new Uint32Array(memory.buffer, small.masks, 2 * rows * maskWords)
  const { first, other, hasMore } = yield* binPairs(X, rowBins, masks)

  const column = new Float64Array(rows)
  const columnOf = (j: number) => {
    for (let row = 0; row < rows; row++) column[row] = X.data[row * columns + j]!
    return column
  }
  let binColumns = 0
  let rankColumns = 0
  for (let j = 0; j < columns; j++) {
    yield
    if (hasMore[j]) {
      binColumn[j] = binColumns++
      if (hasMoreValues(columnOf(j), MAX_BINS)) rankColumn[j] = rankColumns++
      continue
    }
    const isConstant = Number.isNaN(other[j]!)
    distinct[j] = isConstant ? 1 : 2
    binCounts[j] = distinct[j]!
    if (first[j]! > other[j]!) swapPair(j, rowBins, masks, rows, columns)
  }
  const large = layOut(memory, { bins: rows * binColumns, ranks: 4 * rows * rankColumns })
  const bins = new Uint8Array(memory.buffer, large.bins, rows * binColumns)
  const ranks = new Int32Array(memory.buffer, large.ranks, rows * rankColumns)
  const orderRows = createRadixOrder(rows)
  const rankOf = new Int32Array(rows)
  for (let j = 0; j < columns; j++) {
    if (!hasMore[j]) continue
    yield
    const count = rankValues(columnOf(j), orderRows, rankOf)
    distinct[j] = count
    hasMissing[j] = rankOf.includes(count) ? 1 : 0
    const part = rankColumn[j]!
    binCounts[j] = part < 0 ? count : MAX_BINS
    const own = bins.subarray(binColumn[j]! * rows)
    const binOf = part < 0 ? undefined : cutIntoBins(rankOf, count)
    for (let row = 0; row < rows; row++) {
      const rank = rankOf[row]!
      const bin = binOf ? binOf[rank]! : rank
      own[row] = bin
      rowBins[row * columns + j] = bin
      if (binOf) ranks[row * rankColumns + part] = rank
    }
  }
  const hasPairs = hasMore.includes(0)
  return {
    ...small,
    ...large,
    memory,
    module: compileGrower(),
    rows,
    columns,
    rankColumns,
    maskWords: hasPairs ? maskWords : 0,
  }
}

/** Rows between two steps. */
const STEP_ROWS = 2 ** 14

/**
 * Gives every column's first value bin 0 and the other one bin 1, as if it had no more, row by row as they lie in
 * memory: most columns of one-hot data have no more.
 * @returns the two values of every column (the other one NaN in a constant column) and whether it has more, or missing ones
 */
function* binPairs({ rows, columns, data }: Matrix, rowBins: Uint8Array, masks: Uint32Array) {
  const first = data.slice(0, columns)
  const other = new Float64Array(columns).fill(Number.NaN)
  const hasMore = Uint8Array.from(first, (value) => (Number.isNaN(value) ? 1 : 0))
  const words = masks.length / rows
  for (let row = 0; row < rows; row++) {
    if (row % STEP_ROWS === 0) yield
    const at = row * columns
    for (let j = 0; j < columns; j++) {
      const value = data[at + j]!
      if (value === first[j]!) continue
      rowBins[at + j] = 1
      const word = row * words + (j >> 5)
      masks[word] = masks[word]! | (1 << (j & 31))
      if (value === other[j]!) continue
      if (Number.isNaN(other[j]!) && !Number.isNaN(value)) other[j] = value
      else hasMore[j] = 1
    }
  }
  return { first, other, hasMore }
}

/** Gives the smaller of a column's two values bin 0. */
function swapPair(
  j: number,
  rowBins: Uint8Array,
  masks: Uint32Array,
  rows: number,
  columns: number,
): void {
  const words = masks.length / rows
  const bit = 1 << (j & 31)
  for (let row = 0; row < rows; row++) {
    const word = row * words + (j >> 5)
    masks[word] = masks[word]! ^ bit
    rowBins[row * columns + j] = 1 - rowBins[row * columns + j]!
  }
}

let compiled: WebAssembly.Module | undefined

function compileGrower(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)))
  return compiled
}

/** Returns the addresses of parts of the given lengths in new memory. */
function layOut<const Name extends string>(
  memory: WebAssembly.Memory,
  lengths: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const sizes = Object.entries<number>(lengths).map(([name, length]) => ({
    name,
    size: Math.ceil(length / 8) * 8,
  }))
  let address = reserve(
    memory,
    sizes.reduce((sum, { size }) => sum + size, 0),
  )
  const addresses: Record<string, number> = {}
  for (const { name, size } of sizes) {
    addresses[name] = address
    address += size
  }
  return addresses as Record<Name, number>
}

/** Whether a column has more than `limit` different values; missing ones do not count. */
function hasMoreValues(column: Float64Array, limit: number): boolean {
  const seen = new Set<number>()
  let previous = Number.NaN
  for (const value of column) {
    // Most neighbours in a one-hot column are equal, which is cheaper to see than to look up.
    if (value === previous || Number.isNaN(value)) continue
    previous = value
    seen.add(value)
    if (seen.size > limit) return true
  }
  return false
}

/** Writes the rank of every row's value among the distinct ones and returns their number, the rank of a missing value. */
function rankValues(
  column: Float64Array,
  orderRows: (values: Float64Array) => Int32Array,
  rankOf: Int32Array,
): number {
  let count = 0
  let previous = Number.NaN
  let missing = 0
  for (const row of orderRows(column)) {
    const value = column[row]!
    if (Number.isNaN(value)) {
      missing++
      continue
    }
    if (value !== previous) {
      count++
      previous = value
    }
    rankOf[row] = count - 1
  }
  if (missing > 0) {
    for (let row = 0; row < column.length; row++)
      if (Number.isNaN(column[row]!)) rankOf[row] = count
  }
  return count
}

/** Returns the bin of every rank, bins of about as many rows each; the rank behind the last one is that of missing values. */
function cutIntoBins(rankOf: Int32Array, count: number): Uint8Array {
  const rowsOfRank = new Int32Array(count + 1)
  for (const rank of rankOf) rowsOfRank[rank] = rowsOfRank[rank]! + 1
  const binOf = new Uint8Array(count + 1)
  binOf[count] = MAX_BINS
  let left = rankOf.length - rowsOfRank[count]!
  let bin = 0
  let inBin = 0
  for (let rank = 0; rank < count; rank++) {
    const here = rowsOfRank[rank]!
    const room = MAX_BINS - bin
    // A value that is frequent on its own gets a bin of its own; the others share what is left evenly.
    if (inBin > 0 && room > 1 && inBin + here / 2 > left / room) {
      left -= inBin
      bin++
      inBin = 0
    }
    binOf[rank] = bin
    inBin += here
  }
  return binOf
}
