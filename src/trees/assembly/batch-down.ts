// The pass down over a block of rows: C of every node, the weight of the quadrature times the factors above it.
import {
  BLOCK_ROWS, BLOCK_SIDES_SIZE,
  CONTEXT_ABOVE, CONTEXT_FACTORS, CONTEXT_SIDES,
  SPLIT_ABOVE, SPLIT_ANCESTOR, SPLIT_INVERSE, SPLIT_LEFT_ABOVE, SPLIT_REST, SPLIT_RIGHT_ABOVE, SPLIT_SIZE,
  SPLIT_THRESHOLD, SPLIT_WEIGHT, SPLIT_X,
  TREE_RULE, TREE_RUNS, TREE_RUN_COUNT, TREE_SPLITS,
} from "./layout";
import { LANES, pointsOf, sideOffset } from "./batch-slots";
import { N0, N1, N2, N3, N4, N5, N6, N7, number } from "./sizes";

/** Fills C of all nodes; at a repeated feature C becomes C inv², and what its feature gets lacks (s − rl) R. */
export function passDown<N>(context: usize, tree: usize, x: usize): void {
  const above = <usize>load<u32>(context, CONTEXT_ABOVE);
  const sides = <usize>load<u32>(context, CONTEXT_SIDES);
  const points = pointsOf<N>(tree);
  const size = points * LANES;
  const rule = <usize>load<u32>(tree, TREE_RULE);
  const weights = rule + ((points + 1) >> 1) * 16;
  const one = f64x2.splat(1);
  for (let q: usize = 0; q < points; q++) {
    const weight = v128.load64_splat(weights + q * 8);
    v128.store(above + q * LANES, weight);
    v128.store(above + q * LANES, weight, 16);
  }
  let split = <usize>load<u32>(tree, TREE_SPLITS);
  let C = above;
  let side = sides;
  let factor = <usize>load<u32>(context, CONTEXT_FACTORS);
  let run = <usize>load<u32>(tree, TREE_RUNS);
  const runEnd = run + (<usize>load<u32>(tree, TREE_RUN_COUNT) << 2);
  while (run < runEnd) {
    let end = split + <usize>load<u32>(run) * SPLIT_SIZE;
    for (; split < end; split += SPLIT_SIZE) {
      const value = x + <usize>load<u32>(split, SPLIT_X) * BLOCK_ROWS;
      const threshold = v128.load64_splat(split, SPLIT_THRESHOLD);
      const isLeft0 = f64x2.le(v128.load(value), threshold);
      const isLeft1 = f64x2.le(v128.load(value, 16), threshold);
      const rl = v128.load64_splat(split, SPLIT_WEIGHT);
      const g0 = f64x2.sub(v128.and(isLeft0, one), rl);
      const g1 = f64x2.sub(v128.and(isLeft1, one), rl);
      v128.store(side, isLeft0);
      v128.store(side, isLeft1, 16);
      v128.store(side, v128.not(isLeft0), 32);
      v128.store(side, v128.not(isLeft1), 48);
      v128.store(side, g0, 64);
      v128.store(side, g1, 80);
      const left = above + <usize>load<u32>(split, SPLIT_LEFT_ABOVE) * size;
      const right = above + <usize>load<u32>(split, SPLIT_RIGHT_ABOVE) * size;
      downNewPoints<N, N0>(points, C, left, right, rule, rl, g0);
      downNewPoints<N, N1>(points, C, left, right, rule, rl, g1);
      C += size;
      side += BLOCK_SIDES_SIZE;
    }
    run += 4;
    if (run >= runEnd) break;
    end = split + <usize>load<u32>(run) * SPLIT_SIZE;
    for (; split < end; split += SPLIT_SIZE) {
      const value = x + <usize>load<u32>(split, SPLIT_X) * BLOCK_ROWS;
      const threshold = v128.load64_splat(split, SPLIT_THRESHOLD);
      const isLeft0 = f64x2.le(v128.load(value), threshold);
      const isLeft1 = f64x2.le(v128.load(value, 16), threshold);
      const ancestor = sides + sideOffset(load<u32>(split, SPLIT_ANCESTOR));
      const alive0 = v128.load(ancestor);
      const alive1 = v128.load(ancestor, 16);
      const rl = v128.load64_splat(split, SPLIT_WEIGHT);
      const R = v128.load64_splat(split, SPLIT_ABOVE);
      const rest = v128.load64_splat(split, SPLIT_REST);
      const s0 = v128.and(isLeft0, one);
      const s1 = v128.and(isLeft1, one);
      v128.store(side, v128.and(alive0, isLeft0));
      v128.store(side, v128.and(alive1, isLeft1), 16);
      v128.store(side, v128.andnot(alive0, isLeft0), 32);
      v128.store(side, v128.andnot(alive1, isLeft1), 48);
      v128.store(side, v128.and(alive0, f64x2.mul(f64x2.sub(s0, rl), R)), 64);
      v128.store(side, v128.and(alive1, f64x2.mul(f64x2.sub(s1, rl), R)), 80);
      const left = above + <usize>load<u32>(split, SPLIT_LEFT_ABOVE) * size;
      const right = above + <usize>load<u32>(split, SPLIT_RIGHT_ABOVE) * size;
      const inverse = <usize>load<u32>(split, SPLIT_INVERSE);
      downRepeatedPoints<N, N0>(points, C, left, right, rule, inverse, factor, rl, rest, f64x2.sub(s0, rest), alive0);
      downRepeatedPoints<N, N1>(points, C, left, right, rule, inverse, factor, rl, rest, f64x2.sub(s1, rest), alive1);
      C += size;
      side += BLOCK_SIDES_SIZE;
      factor += size;
    }
    run += 4;
  }
}

@inline function downNewPoints<N, S>(points: usize, C: usize, left: usize, right: usize, t: usize, rl: v128, g: v128): void {
  if (number<N>() == 0) {
    for (let q: usize = 0; q < points; q++) downNew<N0, S>(C + q * LANES, left + q * LANES, right + q * LANES, t + q * 8, rl, g);
    return;
  }
  downNew<N0, S>(C, left, right, t, rl, g);
  if (number<N>() > 1) downNew<N1, S>(C, left, right, t, rl, g);
  if (number<N>() > 2) downNew<N2, S>(C, left, right, t, rl, g);
  if (number<N>() > 3) downNew<N3, S>(C, left, right, t, rl, g);
  if (number<N>() > 4) downNew<N4, S>(C, left, right, t, rl, g);
  if (number<N>() > 5) downNew<N5, S>(C, left, right, t, rl, g);
  if (number<N>() > 6) downNew<N6, S>(C, left, right, t, rl, g);
  if (number<N>() > 7) downNew<N7, S>(C, left, right, t, rl, g);
}

@inline function downNew<Q, S>(C: usize, left: usize, right: usize, t: usize, rl: v128, g: v128): void {
  const c = v128.load(C, offsetof<Q>() * 32 + offsetof<S>() * 16);
  const toLeft = f64x2.mul(c, f64x2.add(rl, f64x2.mul(g, v128.load64_splat(t, offsetof<Q>() * 8))));
  v128.store(left, toLeft, offsetof<Q>() * 32 + offsetof<S>() * 16);
  v128.store(right, f64x2.sub(c, toLeft), offsetof<Q>() * 32 + offsetof<S>() * 16);
}

@inline function downRepeatedPoints<N, S>(points: usize, C: usize, left: usize, right: usize, t: usize, inverse: usize, factor: usize, rl: v128, rest: v128, h: v128, alive: v128): void {
  if (number<N>() == 0) {
    for (let q: usize = 0; q < points; q++) downRepeated<N0, S>(C + q * LANES, left + q * LANES, right + q * LANES, t + q * 8, inverse + q * 8, factor + q * LANES, rl, rest, h, alive);
    return;
  }
  downRepeated<N0, S>(C, left, right, t, inverse, factor, rl, rest, h, alive);
  if (number<N>() > 1) downRepeated<N1, S>(C, left, right, t, inverse, factor, rl, rest, h, alive);
  if (number<N>() > 2) downRepeated<N2, S>(C, left, right, t, inverse, factor, rl, rest, h, alive);
  if (number<N>() > 3) downRepeated<N3, S>(C, left, right, t, inverse, factor, rl, rest, h, alive);
  if (number<N>() > 4) downRepeated<N4, S>(C, left, right, t, inverse, factor, rl, rest, h, alive);
  if (number<N>() > 5) downRepeated<N5, S>(C, left, right, t, inverse, factor, rl, rest, h, alive);
  if (number<N>() > 6) downRepeated<N6, S>(C, left, right, t, inverse, factor, rl, rest, h, alive);
  if (number<N>() > 7) downRepeated<N7, S>(C, left, right, t, inverse, factor, rl, rest, h, alive);
}

@inline function downRepeated<Q, S>(C: usize, left: usize, right: usize, t: usize, inverse: usize, factor: usize, rl: v128, rest: v128, h: v128, alive: v128): void {
  const c = v128.load(C, offsetof<Q>() * 32 + offsetof<S>() * 16);
  const inv = v128.load64_splat(inverse, offsetof<Q>() * 8);
  const f = v128.bitselect(
    f64x2.mul(inv, f64x2.add(rest, f64x2.mul(h, v128.load64_splat(t, offsetof<Q>() * 8)))),
    rl,
    alive,
  );
  const toLeft = f64x2.mul(c, f);
  v128.store(left, toLeft, offsetof<Q>() * 32 + offsetof<S>() * 16);
  v128.store(right, f64x2.sub(c, toLeft), offsetof<Q>() * 32 + offsetof<S>() * 16);
  v128.store(factor, f, offsetof<Q>() * 32 + offsetof<S>() * 16);
  v128.store(C, f64x2.mul(c, f64x2.mul(inv, inv)), offsetof<Q>() * 32 + offsetof<S>() * 16);
}
