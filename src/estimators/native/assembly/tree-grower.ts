/**
 * Grows classification trees (CART: Breiman, Friedman, Olshen, Stone 1984) with scikit-learn's meaning of every limit.
 * AssemblyScript: compiled to WebAssembly by the build. All data lies in one linear memory that threads may share; each
 * thread has an instance with scratch memory of its own. Nothing is allocated here.
 *
 * A node's rows are entries between two positions, in ascending order of rows: the row in the low 32 bits, above it
 * the class, or with `packed` (two classes, whole weights) weight · 2 + class. A packed sum holds the weight of
 * class 0 in its low and that of class 1 in its high 32 bits, so that one addition serves both.
 */

// The training columns; see training-columns.ts.
let rows: i32
let columns: i32
let rankColumns: i32
/** u8 [column with bins][row] */
let binsAt: usize
/** u8 [row][column]: the same of all columns, for nodes whose rows lie far apart. */
let rowBinsAt: usize
/** i32 [row][column with ranks] */
let ranksAt: usize
/** i32 [column] each */
let binCountsAt: usize
let rankColumnAt: usize
let distinctAt: usize
let hasMissingAt: usize
/** u64 [row][word]: a bit per column; it counts for columns of two values. */
let masksAt: usize
let maskWords: i32
/** i32 [column]: −1 for those. */
let binColumnAt: usize
/** i32 [row]: the class. */
let labelsAt: usize

// Limits.
let classes: i32
let packed: bool
let entropy: bool
let maxDepth: i32
let maxFeatures: i32
let minSamplesSplit: i32
let minSamplesLeaf: i32
let minImpurityDecrease: f64
/** Nodes with at most as many rows see every value of every column. */
let exactRows: i32

// Scratch memory of this instance.
let entriesAt: usize
let spareAt: usize
/** f64 [row]; not used with `packed`. */
let weightsAt: usize
let nodesAt: usize
let nodeSize: i32
let sumsAt: usize
let groupCodeAt: usize
let groupRowAt: usize
let keysAt: usize
let spareKeysAt: usize
let bucketsAt: usize
let orderAt: usize
let constantsAt: usize
let sidesAt: usize
let missingAt: usize
let partsAt: usize
/** i32 [row]: how often it was drawn. */
let countsAt: usize
/** u64 [word] each: columns of two values that are 1 in some, and in all rows of the open node. */
let someAt: usize
let everyAt: usize
/** u64 [word]: columns of two values that wait to be searched together; u64 [bit]: their sums; i32 [bit]: the columns. */
let waitingAt: usize
let bitSumsAt: usize
let waitingColumnsAt: usize
let waitingCount: i32

/** Sums per group: one per class, and one of rows where leaves have a least size. */
let sumCount: i32

const EPSILON: f64 = 2.220446049250313e-16
const INSERTION_LENGTH: i32 = 16
const FULL_BUCKET: i32 = 48

// Offsets in a node's record.
const FEATURE: usize = 0
const LEFT: usize = 4
const RIGHT: usize = 8
const MISSING_LEFT: usize = 12
const ROW_BELOW: usize = 16
const ROW_ABOVE: usize = 20
const IMPURITY: usize = 24
const WEIGHT: usize = 32

export function setData(
  rows_: i32,
  columns_: i32,
  rankColumns_: i32,
  bins: usize,
  rowBins: usize,
  ranks: usize,
  binCounts: usize,
  rankColumn: usize,
  distinct: usize,
  hasMissing: usize,
  masks: usize,
  maskWords_: i32,
  binColumn: usize,
  labels: usize,
): void {
  rows = rows_
  columns = columns_
  rankColumns = rankColumns_
  binsAt = bins
  rowBinsAt = rowBins
  ranksAt = ranks
  binCountsAt = binCounts
  rankColumnAt = rankColumn
  distinctAt = distinct
  hasMissingAt = hasMissing
  masksAt = masks
  maskWords = maskWords_
  binColumnAt = binColumn
  labelsAt = labels
}

export function setLimits(
  classes_: i32,
  packed_: bool,
  entropy_: bool,
  maxDepth_: i32,
  maxFeatures_: i32,
  minSamplesSplit_: i32,
  minSamplesLeaf_: i32,
  minImpurityDecrease_: f64,
  exactRows_: i32,
): void {
  classes = classes_
  packed = packed_
  entropy = entropy_
  maxDepth = maxDepth_
  maxFeatures = maxFeatures_
  minSamplesSplit = minSamplesSplit_
  minSamplesLeaf = minSamplesLeaf_
  minImpurityDecrease = minImpurityDecrease_
  exactRows = exactRows_
  sumCount = classes + (minSamplesLeaf > 1 ? 1 : 0)
  nodeSize = <i32>WEIGHT + 8 * classes
}

/** Lays out this instance's scratch memory from `at` on; returns where it ends without the nodes, which come last. */
export function setScratch(at: usize): usize {
  const keys: usize = <usize>max(exactRows, 256)
  const groups: usize = <usize>max(exactRows, 256) + 1
  entriesAt = at
  spareAt = entriesAt + 8 * <usize>rows
  weightsAt = spareAt + 8 * <usize>rows
  sumsAt = weightsAt + 8 * <usize>rows
  keysAt = sumsAt + 8 * groups * <usize>max(sumCount, 2)
  spareKeysAt = keysAt + 8 * keys
  bucketsAt = spareKeysAt + 8 * keys
  groupCodeAt = bucketsAt + 8 * (keys + 2)
  groupRowAt = groupCodeAt + 8 * groups
  orderAt = groupRowAt + 8 * groups
  constantsAt = orderAt + 8 * <usize>columns
  sidesAt = constantsAt + 8 * <usize>columns
  missingAt = sidesAt + 16 * <usize>(classes + 1)
  partsAt = missingAt + 8 * <usize>(classes + 1)
  countsAt = partsAt + ((PART_SIZE * <usize>(maxDepth + 2) + 7) & ~7)
  someAt = countsAt + ((4 * <usize>rows + 7) & ~7)
  everyAt = someAt + 8 * <usize>maskWords
  waitingAt = everyAt + 8 * <usize>maskWords
  bitSumsAt = waitingAt + 8 * <usize>maskWords
  waitingColumnsAt = bitSumsAt + 512 * <usize>maskWords
  nodesAt = waitingColumnsAt + 256 * <usize>maskWords
  return nodesAt
}

export function entries(): usize {
  return entriesAt
}
export function weights(): usize {
  return weightsAt
}
export function nodes(): usize {
  return nodesAt
}

// Random numbers: sfc32 (Chris Doty-Humphrey, PractRand).
let randomA: u32
let randomB: u32
let randomC: u32
let randomCounter: u32

export function seed(a: u32, b: u32, c: u32): void {
  randomA = a
  randomB = b
  randomC = c
  randomCounter = 1
  for (let i = 0; i < 12; i++) nextRandom()
}

function nextRandom(): u32 {
  const sum: u32 = randomA + randomB + randomCounter
  randomCounter++
  randomA = randomB ^ (randomB >>> 9)
  randomB = randomC + (randomC << 3)
  randomC = rotl<u32>(randomC, 21) + sum
  return sum
}

/** Next integer from 0 to bound − 1, without bias (Lemire 2019). */
function below(bound: u32): u32 {
  let product: u64 = <u64>nextRandom() * <u64>bound
  if (<u32>product < bound) {
    const least: u32 = (0 - bound) % bound
    while (<u32>product < least) product = <u64>nextRandom() * <u64>bound
  }
  return <u32>(product >>> 32)
}

/** Draws `count` rows with replacement; `counts` tells how often each was drawn. */
export function drawRows(count: i32): void {
  memory.fill(countsAt, 0, 4 * <usize>rows)
  for (let i = 0; i < count; i++) {
    const at = countsAt + 4 * <usize>below(rows)
    store<i32>(at, load<i32>(at) + 1)
  }
}

export function counts(): usize {
  return countsAt
}

/** Makes the packed entries of the drawn rows, each weighing what it was drawn; returns their number. */
export function fillPacked(): i32 {
  let at = entriesAt
  for (let row = 0; row < rows; row++) {
    const weight = load<i32>(countsAt + 4 * <usize>row)
    const label = load<i32>(labelsAt + 4 * <usize>row)
    store<u64>(at, <u64>row | (<u64>(2 * weight + label) << 32))
    // Overwritten by the next one where the row was not drawn.
    at += weight > 0 ? 8 : 0
  }
  return <i32>((at - entriesAt) >> 3)
}

// The best split of the open node.
let bestColumn: i32
let bestScore: f64
/** Last code that goes left, and the first one behind it in the node; −1 when only missing values go right. */
let bestCode: i32
let bestNext: i32
/** Whether codes are ranks; bins otherwise. */
let bestByRank: bool
let bestHasMissing: bool
let bestMissingLeft: bool
/** Whether the rows that hold the values on either side are known. */
let bestIsSorted: bool
let bestRowBelow: i32
let bestRowAbove: i32

// The column under search.
let mayTie: bool
let foundBetter: bool
let columnHasMissing: bool
let nodeSums: usize
/** Of a packed node: its sum. */
let nodePacked: u64

function pairScore(a: f64, b: f64): f64 {
  if (entropy) return plogp(a) + plogp(b) - plogp(a + b)
  return (a * a + b * b) / (a + b)
}

function plogp(weight: f64): f64 {
  return weight > 0 ? weight * Math.log2(weight) : 0
}

/** One side's part of a split's score: two sides with a larger sum have less impurity left. */
function sideScore(at: usize): f64 {
  let total: f64 = 0
  let sum: f64 = 0
  if (entropy) {
    for (let k: usize = 0; k < <usize>classes; k++) {
      const weight = load<f64>(at + 8 * k)
      total += weight
      sum += plogp(weight)
    }
    return sum - plogp(total)
  }
  for (let k: usize = 0; k < <usize>classes; k++) {
    const weight = load<f64>(at + 8 * k)
    total += weight
    sum += weight * weight
  }
  return sum / total
}

/** Gini: 1 − Σ p²; entropy: −Σ p log₂ p. */
function impurityOf(at: usize): f64 {
  let total: f64 = 0
  for (let k: usize = 0; k < <usize>classes; k++) total += load<f64>(at + 8 * k)
  let sum: f64 = 0
  for (let k: usize = 0; k < <usize>classes; k++) {
    const weight = load<f64>(at + 8 * k)
    if (entropy) {
      const share = weight / total
      if (share > 0) sum -= share * Math.log2(share)
    } else sum += weight * weight
  }
  return entropy ? sum : 1 - sum / (total * total)
}

function totalOf(at: usize): f64 {
  let total: f64 = 0
  for (let k: usize = 0; k < <usize>classes; k++) total += load<f64>(at + 8 * k)
  return total
}

/** A packed entry's addition to a packed sum. */
function packedWeight(entry: u64): u64 {
  return (entry >>> 33) << ((entry >>> 27) & 32)
}

// ---- Packed sums -------------------------------------------------------------------------------------------------

function histogramPacked(base: usize, stride: usize, start: i32, end: i32, bins: i32): void {
  memory.fill(sumsAt, 0, 8 * <usize>(bins + 1))
  const last = entriesAt + 8 * <usize>end
  for (let at = entriesAt + 8 * <usize>start; at < last; at += 8) {
    const entry = load<u64>(at)
    const cell = sumsAt + 8 * <usize>load<u8>(base + <usize>(<u32>entry) * stride)
    store<u64>(cell, load<u64>(cell) + packedWeight(entry))
  }
}

function scorePacked(left: u64): f64 {
  const right = nodePacked - left
  return (
    pairScore(<f64>(<u32>left), <f64>(<u32>(left >>> 32))) +
    pairScore(<f64>(<u32>right), <f64>(<u32>(right >>> 32)))
  )
}

function isBetter(score: f64): bool {
  return score > bestScore || (mayTie && score == bestScore)
}

function keep(score: f64, code: i32, next: i32, missingLeft: bool): void {
  bestScore = score
  bestCode = code
  bestNext = next
  bestMissingLeft = missingLeft
  mayTie = false
  foundBetter = true
}

/** Sum of the entries whose row has a bit of the masks set. */
function sumBits(bit: i32, start: i32, end: i32): u64 {
  let sum: u64 = 0
  const base = masksAt + 8 * <usize>(bit >> 6)
  const shift = <u64>(bit & 63)
  const stride = 8 * <usize>maskWords
  const last = entriesAt + 8 * <usize>end
  for (let at = entriesAt + 8 * <usize>start; at < last; at += 8) {
    const entry = load<u64>(at)
    const bits = load<u64>(base + <usize>(<u32>entry) * stride)
    sum += packedWeight(entry) & (0 - ((bits >>> shift) & 1))
  }
  return sum
}

/** Finds which columns of two values are constant in a node: all at once, which is cheaper than one by one. */
function scanMasks(start: i32, end: i32): void {
  const stride = 8 * <usize>maskWords
  const last = entriesAt + 8 * <usize>end
  for (let word: usize = 0; word < <usize>maskWords; word++) {
    let some: u64 = 0
    let every: u64 = ~0
    const base = masksAt + 8 * word
    for (let at = entriesAt + 8 * <usize>start; at < last; at += 8) {
      const bits = load<u64>(base + <usize>load<u32>(at) * stride)
      some |= bits
      every &= bits
    }
    store<u64>(someAt + 8 * word, some)
    store<u64>(everyAt + 8 * word, every)
  }
}

function isConstantBit(bit: i32): bool {
  const word = 8 * <usize>(bit >> 6)
  const mixed = load<u64>(someAt + word) & ~load<u64>(everyAt + word)
  return ((mixed >>> <u64>(bit & 63)) & 1) == 0
}

/** Keeps a column of two values, which has both in the node, for `searchWaiting`. */
function wait(column: i32): void {
  const at = waitingAt + 8 * <usize>(column >> 6)
  store<u64>(at, load<u64>(at) | ((<u64>1) << <u64>(column & 63)))
  store<u64>(bitSumsAt + 8 * <usize>column, 0)
  store<i32>(waitingColumnsAt + 4 * <usize>waitingCount, column)
  waitingCount++
}

/** Fewer waiting columns than this are summed one by one. */
const FEW_COLUMNS: i32 = 4

/** Searches all columns that wait: one pass over the rows, in which few bits are set. */
function searchWaiting(start: i32, end: i32): void {
  const isFew = waitingCount < FEW_COLUMNS
  if (!isFew) sumWaiting(start, end)
  nodeHasMissing = false
  for (let i = 0; i < waitingCount; i++) {
    const column = load<i32>(waitingColumnsAt + 4 * <usize>i)
    const ones = isFew
      ? sumBits(column, start, end)
      : load<u64>(bitSumsAt + 8 * <usize>column)
    const score = scorePacked(nodePacked - ones)
    mayTie = column < bestColumn
    if (!isBetter(score)) continue
    keep(score, 0, 1, false)
    keepColumn(column, false)
  }
  waitingCount = 0
  memory.fill(waitingAt, 0, 8 * <usize>maskWords)
}

function sumWaiting(start: i32, end: i32): void {
  const stride = 8 * <usize>maskWords
  const last = entriesAt + 8 * <usize>end
  for (let word: usize = 0; word < <usize>maskWords; word++) {
    const waiting = load<u64>(waitingAt + 8 * word)
    if (waiting == 0) continue
    const base = masksAt + 8 * word
    const sums = bitSumsAt + 512 * word
    // Rows without a bit are left out first: a branch on that would be mispredicted every second time.
    let bitsEnd = spareAt
    let weightsEnd = weightsAt
    for (let at = entriesAt + 8 * <usize>start; at < last; at += 8) {
      const entry = load<u64>(at)
      const bits = load<u64>(base + <usize>(<u32>entry) * stride) & waiting
      store<u64>(bitsEnd, bits)
      store<u64>(weightsEnd, packedWeight(entry))
      const step = <usize>(bits != 0) << 3
      bitsEnd += step
      weightsEnd += step
    }
    let weightAt = weightsAt
    for (let at = spareAt; at < bitsEnd; at += 8) {
      let bits = load<u64>(at)
      const weight = load<u64>(weightAt)
      weightAt += 8
      do {
        const cell = sums + (<usize>ctz(bits) << 3)
        store<u64>(cell, load<u64>(cell) + weight)
        bits &= bits - 1
      } while (bits != 0)
    }
  }
}

function searchBinsPacked(base: usize, stride: usize, start: i32, end: i32, bins: i32): bool {
  histogramPacked(base, stride, start, end, bins)
  const missing: u64 = columnHasMissing ? load<u64>(sumsAt + 8 * <usize>bins) : 0
  let count = 0
  for (let bin = 0; bin < bins; bin++) {
    if (load<u64>(sumsAt + 8 * <usize>bin) == 0) continue
    store<i32>(groupCodeAt + 4 * <usize>count, bin)
    count++
  }
  nodeHasMissing = missing != 0
  if (count == 0 || (count == 1 && missing == 0)) return true
  scanGroupsPacked(count, missing)
  return false
}

/** Tries the splits between groups, whose codes are bins, with missing values on either side. */
function scanGroupsPacked(count: i32, missing: u64): void {
  const sides = missing != 0 ? 2 : 1
  for (let side = 0; side < sides; side++) {
    let left: u64 = side == 1 ? missing : 0
    for (let group = 0; group < count - 1; group++) {
      const code = load<i32>(groupCodeAt + 4 * <usize>group)
      left += load<u64>(sumsAt + 8 * <usize>code)
      const score = scorePacked(left)
      if (isBetter(score))
        keep(score, code, load<i32>(groupCodeAt + 4 * <usize>(group + 1)), side == 1)
    }
  }
  if (missing == 0) return
  const score = scorePacked(nodePacked - missing)
  if (isBetter(score)) keep(score, load<i32>(groupCodeAt + 4 * <usize>(count - 1)), -1, false)
}

/** Tries the splits between sorted keys: the code above the position of its entry. */
function scanKeysPacked(count: i32, missing: u64): void {
  const sides = missing != 0 ? 2 : 1
  for (let side = 0; side < sides; side++) {
    let left: u64 = side == 1 ? missing : 0
    let key = load<u64>(keysAt)
    for (let i = 0; i < count - 1; i++) {
      left += packedWeight(load<u64>(entriesAt + 8 * <usize>(<u32>key)))
      const next = load<u64>(keysAt + 8 * <usize>(i + 1))
      if (key >>> 32 != next >>> 32) {
        const score = scorePacked(left)
        if (isBetter(score)) {
          keep(score, <i32>(key >>> 32), <i32>(next >>> 32), side == 1)
          bestRowBelow = rowAt(<i32>key)
          bestRowAbove = rowAt(<i32>next)
        }
      }
      key = next
    }
  }
  if (missing == 0) return
  const score = scorePacked(nodePacked - missing)
  if (isBetter(score)) {
    const key = load<u64>(keysAt + 8 * <usize>(count - 1))
    keep(score, <i32>(key >>> 32), -1, false)
    bestRowBelow = rowAt(<i32>key)
    bestRowAbove = -1
  }
}

function rowAt(position: i32): i32 {
  return load<i32>(entriesAt + 8 * <usize>position)
}

// ---- Sums of doubles ---------------------------------------------------------------------------------------------

function addEntry(entry: u64, sums: usize): void {
  const cell = sums + 8 * <usize>(entry >>> 32)
  store<f64>(cell, load<f64>(cell) + load<f64>(weightsAt + 8 * <usize>(<u32>entry)))
  if (minSamplesLeaf > 1) {
    const count = sums + 8 * <usize>classes
    store<f64>(count, load<f64>(count) + 1)
  }
}

function clearSums(at: usize): void {
  for (let k: usize = 0; k < <usize>sumCount; k++) store<f64>(at + 8 * k, 0)
}

function copySums(from: usize, to: usize): void {
  for (let k: usize = 0; k < <usize>sumCount; k++) store<f64>(to + 8 * k, load<f64>(from + 8 * k))
}

function searchBins(base: usize, stride: usize, start: i32, end: i32, bins: i32): bool {
  const size = 8 * <usize>sumCount
  memory.fill(sumsAt, 0, size * <usize>(bins + 1))
  const last = entriesAt + 8 * <usize>end
  for (let at = entriesAt + 8 * <usize>start; at < last; at += 8) {
    const entry = load<u64>(at)
    addEntry(entry, sumsAt + size * <usize>load<u8>(base + <usize>(<u32>entry) * stride))
  }
  copySums(sumsAt + size * <usize>bins, missingAt)
  // The bins that have rows move together; every row weighs something.
  let count = 0
  for (let bin = 0; bin < bins; bin++) {
    const from = sumsAt + size * <usize>bin
    if (totalOf(from) == 0) continue
    copySums(from, sumsAt + size * <usize>count)
    store<i32>(groupCodeAt + 4 * <usize>count, bin)
    count++
  }
  return scanGroups(count, start, end)
}

function searchKeys(count: i32, start: i32, end: i32): bool {
  const size = 8 * <usize>sumCount
  let group = -1
  let previous: i32 = -1
  for (let i = 0; i < count; i++) {
    const key = load<u64>(keysAt + 8 * <usize>i)
    const code = <i32>(key >>> 32)
    if (code != previous) {
      group++
      clearSums(sumsAt + size * <usize>group)
      store<i32>(groupCodeAt + 4 * <usize>group, code)
      store<i32>(groupRowAt + 4 * <usize>group, rowAt(<i32>key))
      previous = code
    }
    addEntry(load<u64>(entriesAt + 8 * <usize>(<u32>key)), sumsAt + size * <usize>group)
  }
  const isConstant = scanGroups(group + 1, start, end)
  if (foundBetter) {
    bestRowBelow = rowOfGroup(bestCode, group + 1)
    bestRowAbove = rowOfGroup(bestNext, group + 1)
  }
  return isConstant
}

function rowOfGroup(code: i32, count: i32): i32 {
  for (let group = 0; group < count; group++) {
    if (load<i32>(groupCodeAt + 4 * <usize>group) == code)
      return load<i32>(groupRowAt + 4 * <usize>group)
  }
  return -1
}

/** Returns whether the column is constant in the node; otherwise tries all splits between its groups. */
function scanGroups(count: i32, start: i32, end: i32): bool {
  const missing = columnHasMissing && totalOf(missingAt) > 0
  nodeHasMissing = missing
  if (count == 0 || (count == 1 && !missing)) return true
  const length = <f64>(end - start)
  const size = 8 * <usize>sumCount
  const right = sidesAt + 8 * <usize>(classes + 1)
  const sides = missing ? 2 : 1
  for (let side = 0; side < sides; side++) {
    if (side == 1) copySums(missingAt, sidesAt)
    else clearSums(sidesAt)
    // All known values left makes a split of its own where missing ones go right.
    const splits = missing && side == 0 ? count : count - 1
    for (let group = 0; group < splits; group++) {
      const own = sumsAt + size * <usize>group
      for (let k: usize = 0; k < <usize>sumCount; k++)
        store<f64>(sidesAt + 8 * k, load<f64>(sidesAt + 8 * k) + load<f64>(own + 8 * k))
      if (minSamplesLeaf > 1) {
        const rowsLeft = load<f64>(sidesAt + 8 * <usize>classes)
        const least = <f64>minSamplesLeaf
        if (rowsLeft < least || length - rowsLeft < least) continue
      }
      for (let k: usize = 0; k < <usize>classes; k++)
        store<f64>(right + 8 * k, load<f64>(nodeSums + 8 * k) - load<f64>(sidesAt + 8 * k))
      const score = sideScore(sidesAt) + sideScore(right)
      if (isBetter(score)) {
        const next = group + 1 < count ? load<i32>(groupCodeAt + 4 * <usize>(group + 1)) : -1
        keep(score, load<i32>(groupCodeAt + 4 * <usize>group), next, side == 1)
      }
    }
  }
  return false
}

// ---- One column --------------------------------------------------------------------------------------------------

/** Where a column's bins lie, and how far apart those of two rows are: by column where a node's rows lie close. */
let codeBase: usize
let codeStride: usize

function locateBins(column: i32, length: i32): void {
  const own = load<i32>(binColumnAt + 4 * <usize>column)
  if (own >= 0 && length >= rows >> 5) {
    codeBase = binsAt + <usize>own * <usize>rows
    codeStride = 1
  } else {
    codeBase = rowBinsAt + <usize>column
    codeStride = <usize>columns
  }
}

function locateRanks(column: i32): void {
  codeBase = ranksAt + 4 * <usize>load<i32>(rankColumnAt + 4 * <usize>column)
  codeStride = 4 * <usize>rankColumns
}

/**
 * Replaces the best split by one on this column with a larger score; of equal ones the lower column, then the lower
 * value wins. Returns whether the column is constant in the node, and so in all nodes below it.
 */
function searchColumn(column: i32, start: i32, end: i32): bool {
  const length = end - start
  const bins = load<i32>(binCountsAt + 4 * <usize>column)
  const isRanked = load<i32>(rankColumnAt + 4 * <usize>column) >= 0
  columnHasMissing = load<i32>(hasMissingAt + 4 * <usize>column) != 0
  // A split of a higher column with the same score gives way, whatever the order in which columns are drawn.
  mayTie = column < bestColumn
  foundBetter = false
  if (maskWords > 0 && load<i32>(binColumnAt + 4 * <usize>column) < 0) {
    if (isConstantBit(column)) return true
    if (packed) {
      wait(column)
      return false
    }
  }
  let isConstant: bool
  let byRank = false
  let isSorted = false
  if (isRanked && length <= exactRows) {
    byRank = true
    isSorted = true
    isConstant = searchSorted(column, start, end, true)
  } else if (!isRanked && bins > 2 * length && length <= exactRows) {
    isSorted = true
    isConstant = searchSorted(column, start, end, false)
  } else {
    locateBins(column, length)
    if (!packed) isConstant = searchBins(codeBase, codeStride, start, end, bins)
    else isConstant = searchBinsPacked(codeBase, codeStride, start, end, bins)
  }
  if (foundBetter) {
    keepColumn(column, byRank)
    bestIsSorted = isSorted
  }
  return isConstant
}

function keepColumn(column: i32, byRank: bool): void {
  bestColumn = column
  bestByRank = byRank
  bestHasMissing = nodeHasMissing
  bestIsSorted = false
}

/** Whether the last searched column has missing values in the node. */
let nodeHasMissing: bool

/** Splits between any two values that the node has. */
function searchSorted(column: i32, start: i32, end: i32, byRank: bool): bool {
  let missing: u64 = 0
  const missingCode = byRank
    ? load<i32>(distinctAt + 4 * <usize>column)
    : load<i32>(binCountsAt + 4 * <usize>column)
  if (byRank) locateRanks(column)
  else locateBins(column, end - start)
  if (!packed) clearSums(missingAt)
  let lowest: i32 = i32.MAX_VALUE
  let highest: i32 = -1
  let count = 0
  nodeHasMissing = false
  for (let i = start; i < end; i++) {
    const entry = load<u64>(entriesAt + 8 * <usize>i)
    const at = codeBase + <usize>(<u32>entry) * codeStride
    const code: i32 = byRank ? load<i32>(at) : <i32>load<u8>(at)
    if (columnHasMissing && code == missingCode) {
      nodeHasMissing = true
      if (packed) missing += packedWeight(entry)
      else addEntry(entry, missingAt)
      continue
    }
    lowest = min(lowest, code)
    highest = max(highest, code)
    store<u64>(keysAt + 8 * <usize>count, ((<u64>code) << 32) | <u64>i)
    count++
  }
  if (count == 0 || (lowest == highest && !nodeHasMissing)) return true
  sortKeys(count, lowest, highest)
  if (!packed) return searchKeys(count, start, end)
  scanKeysPacked(count, missing)
  return false
}

/** Sorts the first keys; their codes lie between `lowest` and `highest`. */
function sortKeys(count: i32, lowest: i32, highest: i32): void {
  if (count > INSERTION_LENGTH && lowest != highest && !spreadKeys(count, lowest, highest)) {
    mergeKeys(count)
    return
  }
  for (let i = 1; i < count; i++) {
    const key = load<u64>(keysAt + 8 * <usize>i)
    let at = keysAt + 8 * <usize>(i - 1)
    while (at >= keysAt && load<u64>(at) > key) {
      store<u64>(at + 8, load<u64>(at))
      at -= 8
    }
    store<u64>(at + 8, key)
  }
}

/** Brings keys nearly into order by about as many buckets; returns false when too many fall into one. */
function spreadKeys(count: i32, lowest: i32, highest: i32): bool {
  const shift = max(0, 32 - clz<i32>(highest - lowest) - (32 - clz<i32>(count)))
  const buckets = ((highest - lowest) >> shift) + 1
  memory.fill(bucketsAt, 0, 4 * <usize>(buckets + 1))
  for (let i = 0; i < count; i++) {
    const code = <i32>(load<u64>(keysAt + 8 * <usize>i) >>> 32)
    const cell = bucketsAt + 4 * <usize>(((code - lowest) >> shift) + 1)
    store<i32>(cell, load<i32>(cell) + 1)
  }
  let fullest = 0
  let sum = 0
  for (let bucket = 1; bucket <= buckets; bucket++) {
    const cell = bucketsAt + 4 * <usize>bucket
    const here = load<i32>(cell)
    fullest = max(fullest, here)
    sum += here
    store<i32>(cell, sum)
  }
  if (fullest > FULL_BUCKET) return false
  for (let i = 0; i < count; i++) {
    const key = load<u64>(keysAt + 8 * <usize>i)
    const cell = bucketsAt + 4 * <usize>((<i32>(key >>> 32) - lowest) >> shift)
    const to = load<i32>(cell)
    store<i32>(cell, to + 1)
    store<u64>(spareKeysAt + 8 * <usize>to, key)
  }
  memory.copy(keysAt, spareKeysAt, 8 * <usize>count)
  return true
}

/** Merge sort, for keys that are not spread evenly. */
function mergeKeys(count: i32): void {
  let from = keysAt
  let to = spareKeysAt
  for (let width = 1; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) {
      const middle = min(start + width, count)
      const end = min(start + 2 * width, count)
      let left = start
      let right = middle
      for (let i = start; i < end; i++) {
        const takeLeft =
          left < middle &&
          (right >= end || load<u64>(from + 8 * <usize>left) <= load<u64>(from + 8 * <usize>right))
        const taken = takeLeft ? left++ : right++
        store<u64>(to + 8 * <usize>i, load<u64>(from + 8 * <usize>taken))
      }
    }
    const swapped = from
    from = to
    to = swapped
  }
  if (from != keysAt) memory.copy(keysAt, from, 8 * <usize>count)
}

// ---- Columns of a node -------------------------------------------------------------------------------------------

function swapOrder(a: i32, b: i32): void {
  const atA = orderAt + 4 * <usize>a
  const atB = orderAt + 4 * <usize>b
  const kept = load<i32>(atA)
  store<i32>(atA, load<i32>(atB))
  store<i32>(atB, kept)
}

/**
 * Searches drawn columns until `maxFeatures` were looked at, and on as long as all were constant. Draws follow
 * scikit-learn's rule: a constant column counts as looked at. Nodes must come depth first, or with `known` 0.
 * Returns how many columns are known to be constant in the node's children.
 */
function searchColumns(known: i32, start: i32, end: i32): i32 {
  // order = known constants, constants found now, columns not drawn, columns drawn.
  let found = 0
  let drawnConstants = 0
  let last = columns
  let looked = 0
  const isAll = maxFeatures >= columns
  while (
    last > known + found &&
    (isAll || looked < maxFeatures || looked <= found + drawnConstants)
  ) {
    looked++
    // With all columns there is nothing to draw, nor a reason to look at constant ones.
    const draw = isAll
      ? last - found - 1
      : drawnConstants + <i32>below(<u32>(last - found - drawnConstants))
    if (draw < known) {
      swapOrder(drawnConstants++, draw)
      continue
    }
    const at = draw + found
    if (searchColumn(load<i32>(orderAt + 4 * <usize>at), start, end)) {
      swapOrder(at, known + found)
      found++
    } else {
      last--
      swapOrder(at, last)
    }
  }
  if (waitingCount > 0) searchWaiting(start, end)
  // Deeper calls have mixed the part in front; the same columns in the order of before keep nodes independent.
  memory.copy(orderAt, constantsAt, 4 * <usize>known)
  memory.copy(constantsAt + 4 * <usize>known, orderAt + 4 * <usize>known, 4 * <usize>found)
  return known + found
}

// ---- Nodes -------------------------------------------------------------------------------------------------------

let nodeCount: i32
let allWeight: f64
/** Results of `openNode`. */
let openMiddle: i32
let openKnown: i32
let openGain: f64
let leftImpurity: f64
let rightImpurity: f64

export function middle(): i32 {
  return openMiddle
}
export function gain(): f64 {
  return openGain
}
export function countNodes(): i32 {
  return nodeCount
}

function nodeAt(node: i32): usize {
  return nodesAt + <usize>node * <usize>nodeSize
}

/** Adds up the entries start … end − 1 per class. */
function sumEntries(start: i32, end: i32, to: usize): void {
  const last = entriesAt + 8 * <usize>end
  if (packed) {
    let sum: u64 = 0
    for (let at = entriesAt + 8 * <usize>start; at < last; at += 8)
      sum += packedWeight(load<u64>(at))
    store<f64>(to, <f64>(<u32>sum))
    store<f64>(to + 8, <f64>(<u32>(sum >>> 32)))
    return
  }
  for (let k: usize = 0; k < <usize>classes; k++) store<f64>(to + 8 * k, 0)
  for (let at = entriesAt + 8 * <usize>start; at < last; at += 8) {
    const entry = load<u64>(at)
    const cell = to + 8 * <usize>(entry >>> 32)
    store<f64>(cell, load<f64>(cell) + load<f64>(weightsAt + 8 * <usize>(<u32>entry)))
  }
}

/** Adds a leaf of the entries start … end − 1 and returns its number. */
export function addNode(start: i32, end: i32): i32 {
  const node = addLeaf()
  const at = nodeAt(node)
  sumEntries(start, end, at + WEIGHT)
  store<f64>(at + IMPURITY, impurityOf(at + WEIGHT))
  return node
}

/** The same for a child of the node opened last, whose sums are known. */
function addChild(sums: usize, impurity: f64): i32 {
  const node = addLeaf()
  const at = nodeAt(node)
  for (let k: usize = 0; k < <usize>classes; k++)
    store<f64>(at + WEIGHT + 8 * k, load<f64>(sums + 8 * k))
  store<f64>(at + IMPURITY, impurity)
  return node
}

function addLeaf(): i32 {
  const node = nodeCount++
  const at = nodeAt(node)
  memory.fill(at, 0, WEIGHT)
  store<i32>(at + FEATURE, -1)
  store<i32>(at + LEFT, -1)
  store<i32>(at + RIGHT, -1)
  return node
}

/** Begins a tree of the first `count` entries; returns its root. */
export function begin(count: i32): i32 {
  nodeCount = 0
  waitingCount = 0
  memory.fill(waitingAt, 0, 8 * <usize>maskWords)
  for (let j = 0; j < columns; j++) store<i32>(orderAt + 4 * <usize>j, j)
  const root = addNode(0, count)
  allWeight = totalOf(nodeAt(root) + WEIGHT)
  return root
}

function mayBeSplit(node: i32, length: i32, depth: i32): bool {
  return (
    depth < maxDepth &&
    length >= minSamplesSplit &&
    length >= 2 * minSamplesLeaf &&
    load<f64>(nodeAt(node) + IMPURITY) > EPSILON
  )
}

/** Finds a node's best split and parts its entries by it; returns whether there is one worth making. */
export function openNode(node: i32, start: i32, end: i32, depth: i32, known: i32): bool {
  if (!mayBeSplit(node, end - start, depth)) return false
  const at = nodeAt(node)
  nodeSums = at + WEIGHT
  if (packed) nodePacked = <u64>load<f64>(nodeSums) | ((<u64>load<f64>(nodeSums + 8)) << 32)
  bestColumn = -1
  bestScore = -Infinity
  if (maskWords > 0) scanMasks(start, end)
  openKnown = searchColumns(known, start, end)
  if (bestColumn < 0) return false
  partEntries(start, end)
  const right = sidesAt + 8 * <usize>(classes + 1)
  sumEntries(start, openMiddle, sidesAt)
  if (packed) {
    store<f64>(right, load<f64>(nodeSums) - load<f64>(sidesAt))
    store<f64>(right + 8, load<f64>(nodeSums + 8) - load<f64>(sidesAt + 8))
  } else sumEntries(openMiddle, end, right)
  leftImpurity = impurityOf(sidesAt)
  rightImpurity = impurityOf(right)
  const weight = totalOf(nodeSums)
  openGain =
    (weight / allWeight) *
    (load<f64>(at + IMPURITY) -
      (totalOf(right) / weight) * rightImpurity -
      (totalOf(sidesAt) / weight) * leftImpurity)
  if (openGain + EPSILON < minImpurityDecrease) return false
  const leftLength = openMiddle - start
  const missingLeft = bestHasMissing ? bestMissingLeft : leftLength > end - openMiddle
  store<i32>(at + MISSING_LEFT, missingLeft ? 1 : 0)
  store<i32>(at + ROW_BELOW, bestRowBelow)
  store<i32>(at + ROW_ABOVE, bestRowAbove)
  // The feature waits in the record's place of the left child until the split is made.
  store<i32>(at + LEFT, -2 - bestColumn)
  return true
}

/** Makes an opened node a split; its children must be added next, the left one first. */
export function splitNode(node: i32): void {
  const at = nodeAt(node)
  store<i32>(at + FEATURE, -2 - load<i32>(at + LEFT))
  store<i32>(at + LEFT, nodeCount)
  store<i32>(at + RIGHT, nodeCount + 1)
}

/** Brings entries that go left before the others, both in their old order. */
function partEntries(start: i32, end: i32): void {
  const column = bestColumn
  let missing: i32
  if (bestByRank) {
    locateRanks(column)
    missing = load<i32>(distinctAt + 4 * <usize>column)
  } else {
    locateBins(column, end - start)
    missing = load<i32>(binCountsAt + 4 * <usize>column)
  }
  // The code of missing values is the largest, so by comparison they go right.
  const alsoLeft = bestHasMissing && bestMissingLeft ? missing : -1
  if (maskWords > 0 && load<i32>(binColumnAt + 4 * <usize>column) < 0) partByBit(column, start, end)
  else partByCode(alsoLeft, start, end)
  if (bestIsSorted) return
  if (load<i32>(rankColumnAt + 4 * <usize>column) >= 0) {
    narrowEdges(column, start, end)
    return
  }
  bestRowBelow = findCode(bestCode, start, openMiddle)
  bestRowAbove = findCode(bestNext, openMiddle, end)
}

function partByCode(alsoLeft: i32, start: i32, end: i32): void {
  const base = codeBase
  const stride = codeStride
  const code = bestCode
  const byRank = bestByRank
  let left = entriesAt + 8 * <usize>start
  let right = spareAt
  const last = entriesAt + 8 * <usize>end
  for (let at = left; at < last; at += 8) {
    const entry = load<u64>(at)
    const codeAt = base + <usize>(<u32>entry) * stride
    const own = byRank ? load<i32>(codeAt) : <i32>load<u8>(codeAt)
    const goesLeft = <usize>(own <= code) | <usize>(own == alsoLeft)
    // Written to both sides and kept on one: a branch here would be mispredicted every second time.
    store<u64>(left, entry)
    store<u64>(right, entry)
    left += goesLeft << 3
    right += 8 - (goesLeft << 3)
  }
  finishParts(left, right)
}

/** The same for a column of two values. */
function partByBit(column: i32, start: i32, end: i32): void {
  const base = masksAt + 8 * <usize>(column >> 6)
  const stride = 8 * <usize>maskWords
  const shift = <u64>(column & 63)
  let left = entriesAt + 8 * <usize>start
  let right = spareAt
  const last = entriesAt + 8 * <usize>end
  for (let at = left; at < last; at += 8) {
    const entry = load<u64>(at)
    const goesRight = <usize>((load<u64>(base + <usize>(<u32>entry) * stride) >>> shift) & 1) << 3
    store<u64>(left, entry)
    store<u64>(right, entry)
    left += 8 - goesRight
    right += goesRight
  }
  finishParts(left, right)
}

function finishParts(left: usize, right: usize): void {
  memory.copy(left, spareAt, right - spareAt)
  openMiddle = <i32>((left - entriesAt) >> 3)
}

/** Returns a row among the entries start … end − 1 that has a code where the bins were located; −1 if there is none. */
function findCode(code: i32, start: i32, end: i32): i32 {
  for (let i = start; i < end; i++) {
    const row = rowAt(i)
    if (<i32>load<u8>(codeBase + <usize>row * codeStride) == code) return row
  }
  return -1
}

/** Bins of many values: the edges are the nearest values on either side that the node has. */
function narrowEdges(column: i32, start: i32, end: i32): void {
  const base = codeBase
  const stride = codeStride
  locateRanks(column)
  const code = bestCode
  const next = bestNext
  let highest: i32 = -1
  let lowest: i32 = i32.MAX_VALUE
  for (let i = start; i < end; i++) {
    const row = rowAt(i)
    const own = <i32>load<u8>(base + <usize>row * stride)
    if (own != code && own != next) continue
    const rank = load<i32>(codeBase + <usize>row * codeStride)
    if (own == code && rank > highest) {
      highest = rank
      bestRowBelow = row
    }
    if (own == next && rank < lowest) {
      lowest = rank
      bestRowAbove = row
    }
  }
}

/** Grows a whole tree from the first `count` entries, a node's left part before its right one; returns its nodes. */
export function growDepthFirst(count: i32): i32 {
  begin(count)
  // node, start, end, depth, known: at most one waiting entry per level and one more.
  let top = 0
  pushPart(top++, 0, 0, count, 0, 0)
  while (top > 0) {
    const at = partsAt + PART_SIZE * <usize>--top
    const node = load<i32>(at)
    const start = load<i32>(at + 4)
    const end = load<i32>(at + 8)
    const depth = load<i32>(at + 12)
    if (!openNode(node, start, end, depth, load<i32>(at + 16))) continue
    const known = openKnown
    const split = openMiddle
    splitNode(node)
    const left = addChild(sidesAt, leftImpurity)
    const right = addChild(sidesAt + 8 * <usize>(classes + 1), rightImpurity)
    if (mayBeSplit(right, end - split, depth + 1))
      pushPart(top++, right, split, end, depth + 1, known)
    if (mayBeSplit(left, split - start, depth + 1))
      pushPart(top++, left, start, split, depth + 1, known)
  }
  return nodeCount
}

const PART_SIZE: usize = 20

function pushPart(index: i32, node: i32, start: i32, end: i32, depth: i32, known: i32): void {
  const at = partsAt + PART_SIZE * <usize>index
  store<i32>(at, node)
  store<i32>(at + 4, start)
  store<i32>(at + 8, end)
  store<i32>(at + 12, depth)
  store<i32>(at + 16, known)
}
