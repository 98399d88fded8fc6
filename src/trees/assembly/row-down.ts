// The pass down over one row: C of every node, the weight of the quadrature times the factors above it.
import {
  CONTEXT_ABOVE, CONTEXT_FACTORS, CONTEXT_SIDES, CONTEXT_X, SIDES_SIZE,
  SPLIT_ABOVE, SPLIT_ANCESTOR, SPLIT_INVERSE, SPLIT_LEFT_ABOVE, SPLIT_REST, SPLIT_RIGHT_ABOVE, SPLIT_SIZE,
  SPLIT_THRESHOLD, SPLIT_WEIGHT, SPLIT_X,
  TREE_RULE, TREE_RUNS, TREE_RUN_COUNT, TREE_SPLITS,
} from "./layout";
import { Q0, Q1, Q2, Q3, sideOffset, slotSize } from "./row-slots";
import { number } from "./sizes";

/** Fills C of all nodes; at a repeated feature C becomes C inv² (s − rl) R. */
export function passDown<P>(context: usize, tree: usize): void {
  const x = <usize>load<u32>(context, CONTEXT_X);
  const above = <usize>load<u32>(context, CONTEXT_ABOVE);
  const sides = <usize>load<u32>(context, CONTEXT_SIDES);
  const size = slotSize<P>(tree);
  const rule = <usize>load<u32>(tree, TREE_RULE);
  const one = f64x2.splat(1);
  const notRight = i64x2(0, -1);
  // Not memory.copy, which is a call that takes longer than these few bytes.
  for (let q: usize = 0; q < size; q += 16) v128.store(above + q, v128.load(rule + size + q));
  let split = <usize>load<u32>(tree, TREE_SPLITS);
  let C = above;
  let side = sides;
  let factor = <usize>load<u32>(context, CONTEXT_FACTORS);
  let run = <usize>load<u32>(tree, TREE_RUNS);
  const runEnd = run + (<usize>load<u32>(tree, TREE_RUN_COUNT) << 2);
  while (run < runEnd) {
    let end = split + <usize>load<u32>(run) * SPLIT_SIZE;
    for (; split < end; split += SPLIT_SIZE) {
      const isLeft = f64x2.le(
        v128.load64_splat(x + <usize>load<u32>(split, SPLIT_X)),
        v128.load64_splat(split, SPLIT_THRESHOLD),
      );
      const rl = v128.load64_splat(split, SPLIT_WEIGHT);
      const g = f64x2.sub(v128.and(isLeft, one), rl);
      v128.store(side, v128.xor(isLeft, notRight));
      v128.store(side, g, 16);
      const left = above + <usize>load<u32>(split, SPLIT_LEFT_ABOVE) * size;
      const right = above + <usize>load<u32>(split, SPLIT_RIGHT_ABOVE) * size;
      downNewPoints<P>(size, C, left, right, rule, rl, g);
      C += size;
      side += SIDES_SIZE;
    }
    run += 4;
    if (run >= runEnd) break;
    end = split + <usize>load<u32>(run) * SPLIT_SIZE;
    for (; split < end; split += SPLIT_SIZE) {
      const isLeft = f64x2.le(
        v128.load64_splat(x + <usize>load<u32>(split, SPLIT_X)),
        v128.load64_splat(split, SPLIT_THRESHOLD),
      );
      const alive = v128.load64_splat(sides + sideOffset(load<u32>(split, SPLIT_ANCESTOR)));
      const rl = v128.load64_splat(split, SPLIT_WEIGHT);
      const rest = v128.load64_splat(split, SPLIT_REST);
      const s = v128.and(isLeft, one);
      const g = v128.and(alive, f64x2.mul(f64x2.sub(s, rl), v128.load64_splat(split, SPLIT_ABOVE)));
      const h = f64x2.sub(s, rest);
      v128.store(side, v128.and(alive, v128.xor(isLeft, notRight)));
      const left = above + <usize>load<u32>(split, SPLIT_LEFT_ABOVE) * size;
      const right = above + <usize>load<u32>(split, SPLIT_RIGHT_ABOVE) * size;
      const inverse = <usize>load<u32>(split, SPLIT_INVERSE);
      downRepeatedPoints<P>(size, C, left, right, rule, inverse, factor, rl, rest, g, h, alive);
      C += size;
      side += SIDES_SIZE;
      factor += size;
    }
    run += 4;
  }
}

@inline function downNewPoints<P>(size: usize, C: usize, left: usize, right: usize, t: usize, rl: v128, g: v128): void {
  if (number<P>() == 0) {
    for (let q: usize = 0; q < size; q += 16) downNew<Q0>(C + q, left + q, right + q, t + q, rl, g);
    return;
  }
  downNew<Q0>(C, left, right, t, rl, g);
  if (number<P>() > 1) downNew<Q1>(C, left, right, t, rl, g);
  if (number<P>() > 2) downNew<Q2>(C, left, right, t, rl, g);
  if (number<P>() > 3) downNew<Q3>(C, left, right, t, rl, g);
}

@inline function downNew<Q>(C: usize, left: usize, right: usize, t: usize, rl: v128, g: v128): void {
  const c = v128.load(C, offsetof<Q>());
  const toLeft = f64x2.mul(c, f64x2.add(rl, f64x2.mul(g, v128.load(t, offsetof<Q>()))));
  v128.store(left, toLeft, offsetof<Q>());
  v128.store(right, f64x2.sub(c, toLeft), offsetof<Q>());
}

@inline function downRepeatedPoints<P>(size: usize, C: usize, left: usize, right: usize, t: usize, inverse: usize, factor: usize, rl: v128, rest: v128, g: v128, h: v128, alive: v128): void {
  if (number<P>() == 0) {
    for (let q: usize = 0; q < size; q += 16) downRepeated<Q0>(C + q, left + q, right + q, t + q, inverse + q, factor + q, rl, rest, g, h, alive);
    return;
  }
  downRepeated<Q0>(C, left, right, t, inverse, factor, rl, rest, g, h, alive);
  if (number<P>() > 1) downRepeated<Q1>(C, left, right, t, inverse, factor, rl, rest, g, h, alive);
  if (number<P>() > 2) downRepeated<Q2>(C, left, right, t, inverse, factor, rl, rest, g, h, alive);
  if (number<P>() > 3) downRepeated<Q3>(C, left, right, t, inverse, factor, rl, rest, g, h, alive);
}

@inline function downRepeated<Q>(C: usize, left: usize, right: usize, t: usize, inverse: usize, factor: usize, rl: v128, rest: v128, g: v128, h: v128, alive: v128): void {
  const c = v128.load(C, offsetof<Q>());
  const inv = v128.load(inverse, offsetof<Q>());
  const f = v128.bitselect(
    f64x2.mul(inv, f64x2.add(rest, f64x2.mul(h, v128.load(t, offsetof<Q>())))),
    rl,
    alive,
  );
  const toLeft = f64x2.mul(c, f);
  v128.store(left, toLeft, offsetof<Q>());
  v128.store(right, f64x2.sub(c, toLeft), offsetof<Q>());
  v128.store(factor, f, offsetof<Q>());
  v128.store(C, f64x2.mul(f64x2.mul(c, g), f64x2.mul(inv, inv)), offsetof<Q>());
}
