// What the passes down and up over one row share: where a node's points and masks stand.
import {
  SIDES_SIZE, TREE_POINTS,
} from "./layout";
import { number } from "./sizes";

// Offsets of the pairs of points.
@unmanaged export class Q0 {}
@unmanaged export class Q1 { a: v128 }
@unmanaged export class Q2 extends Q1 { b: v128 }
@unmanaged export class Q3 extends Q2 { c: v128 }

/** Bytes of a slot: one double per point, in pairs. */
@inline export function slotSize<P>(tree: usize): usize {
  return number<P>() > 0 ? <usize>number<P>() * 16 : <usize>((load<u32>(tree, TREE_POINTS) + 1) >> 1) * 16;
}

/** Where the mask of a place stands: two of 8 bytes at the beginning of every split's sides. */
@inline export function sideOffset(place: u32): usize {
  return <usize>(place >> 1) * SIDES_SIZE + (<usize>(place & 1) << 3);
}
