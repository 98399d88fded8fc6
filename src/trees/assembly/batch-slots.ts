// What the passes down and up over blocks of rows share: where a node's points and masks stand.
import {
  BLOCK_ROWS, BLOCK_SIDES_SIZE, DOUBLE, SIDES_SIZE, SUM_SIZE, TREE_POINTS,
} from "./layout";
import { number } from "./sizes";

/** Four rows of one point. */
@inline export const LANES: usize = BLOCK_ROWS * DOUBLE;

/** Offsets of features are those among the sums of one row: so many times as much here. */
@inline export const SUMS: usize = LANES / SUM_SIZE;

/** Bytes from the first vector of points to the next, in a rule or in shares. */
@inline export function vectorSize(points: usize): usize {
  return ((points + 1) >> 1) * 16;
}

@inline export function pointsOf<N>(tree: usize): usize {
  return number<N>() > 0 ? <usize>number<N>() : <usize>load<u32>(tree, TREE_POINTS);
}

/** Where the masks of a block stand, two of 32 bytes at the beginning of every split's sides, by where that of a row does. */
@inline export function sideOffset(offset: u32): usize {
  return <usize>offset / SIDES_SIZE * BLOCK_SIDES_SIZE + ((<usize>offset & 8) << 2);
}
