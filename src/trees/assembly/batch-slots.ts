// What the passes down and up over blocks of rows share: where a node's points and masks stand.
import {
  BLOCK_ROWS, BLOCK_SIDES_SIZE, DOUBLE, SUM_SIZE, TREE_POINTS,
} from "./layout";
import { number } from "./sizes";

/** Four rows of one point. */
@inline export const LANES: usize = BLOCK_ROWS * DOUBLE;

/** Offsets of features are those among the sums of one row: so many times as much here. */
@inline export const SUMS: usize = LANES / SUM_SIZE;

@inline export function pointsOf<N>(tree: usize): usize {
  return number<N>() > 0 ? <usize>number<N>() : <usize>load<u32>(tree, TREE_POINTS);
}

/** Where the mask of a place stands: two of 32 bytes at the beginning of every split's sides. */
@inline export function sideOffset(place: u32): usize {
  return <usize>(place >> 1) * BLOCK_SIDES_SIZE + (<usize>(place & 1) << 5);
}
