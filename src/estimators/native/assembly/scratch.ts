// Where this instance's scratch memory lies.
import { classes, exactRows, maxDepth, sumCount } from './limits'
import { columns, maskWords, rows } from './training-columns'

/** u64 [position]: the entries, and as much room for parting them. */
export let entriesAt: usize
export let spareAt: usize
/** f64 [row]: what it weighs. Packed entries say so themselves; then these are free. */
export let weightsAt: usize
/** Sums per group: a u64, or doubles as many as `sumCount`. */
export let sumsAt: usize
/** u64 [key] each: see sort-keys.ts. */
export let keysAt: usize
export let spareKeysAt: usize
/** i32 [bucket]: how many keys fall into it. */
export let bucketsAt: usize
/** i32 [group] each: the code of its rows, and one of them. */
export let groupCodeAt: usize
export let groupRowAt: usize
/** i32 [column] each: see draw-columns.ts. */
export let orderAt: usize
export let constantsAt: usize
/** f64 [class and count] each: sums of the left and of the right side. */
export let leftSumsAt: usize
export let rightSumsAt: usize
/** f64 [class and count]: sums of the rows whose value is missing. */
export let missingAt: usize
/** Parts that wait to be grown: `PART_SIZE` bytes each. */
export let partsAt: usize
/** i32 [row]: how often it was drawn. */
export let countsAt: usize
/** u64 [word] each: columns of two values that are 1 in some, and in all rows of the open node. */
export let someAt: usize
export let everyAt: usize
/** u64 [word]: binary columns that wait; u64 [bit]: their sums; i32 [number]: the columns. */
export let waitingAt: usize
export let bitSumsAt: usize
export let waitingColumnsAt: usize
/** The tree's nodes: see nodes.ts. */
export let nodesAt: usize

/** Bytes of a part that waits to be grown: node, start, end, depth, known constants. */
export const PART_SIZE: usize = 20

/** Lays out the memory from `at` on; returns where it ends without the nodes, which come last. */
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
  leftSumsAt = constantsAt + 8 * <usize>columns
  rightSumsAt = leftSumsAt + 8 * <usize>(classes + 1)
  missingAt = rightSumsAt + 8 * <usize>(classes + 1)
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
