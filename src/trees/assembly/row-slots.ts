// What the passes down and up over one row share: where a node's points and masks stand, and what a node is to a row.
import {
  TREE_POINTS, TREE_RULE,
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

/** A vector of ones. Read from memory, because V8 makes a constant anew at every use, in four instructions. */
@inline export function onesOf<P>(tree: usize): v128 {
  return v128.load(<usize>load<u32>(tree, TREE_RULE) + slotSize<P>(tree));
}

/** s − rl: what a row that goes left, or not, has more of the left edge than all rows together. */
@inline export function surplus(isLeft: v128, rl: v128, one: v128): v128 {
  return f64x2.sub(v128.and(isLeft, one), rl);
}

/** The pair Q of a vector of points. */
@inline export function pairOf<Q>(points: usize): v128 {
  return v128.load(points, offsetof<Q>());
}

/** The same, where there is one with P pairs. Read before a loop, it stays in a register. */
@inline export function pairIn<P, Q>(points: usize): v128 {
  return <i32>offsetof<Q>() < number<P>() * 16 ? v128.load(points, offsetof<Q>()) : v128.load(points);
}

/** f, the factor of the left edge: rl + g t, where t is what it is to the feature. */
@inline export function factor(t: v128, rl: v128, g: v128): v128 {
  return f64x2.add(rl, f64x2.mul(g, t));
}

@inline export function addTo(address: usize, value: v128): void {
  v128.store(address, f64x2.add(v128.load(address), value));
}
