// The pass down over a block of rows: C of every node, the weight of the quadrature times the factors above it.
import {
  BLOCK_ROWS, BLOCK_SIDES_SIZE,
  CONTEXT_ABOVE, CONTEXT_SIDES,
  SPLIT_ANCESTOR, SPLIT_LEFT, SPLIT_RIGHT, SPLIT_SHARES, SPLIT_SIZE, SPLIT_THRESHOLD, SPLIT_WEIGHT, SPLIT_X,
  TREE_FORK_COUNT, TREE_RULE, TREE_RUNS, TREE_RUN_COUNT, TREE_SPLITS, TREE_SPLIT_COUNT,
} from "./layout";
import { LANES, pointsOf, sideOffset, vectorSize } from "./batch-slots";
import { N0, N1, N2, N3, N4, N5, N6, N7, number } from "./sizes";

/** Fills C of all nodes. */
export function passDown<N>(context: usize, tree: usize, x: usize): void {
  const above = <usize>load<u32>(context, CONTEXT_ABOVE);
  const sides = <usize>load<u32>(context, CONTEXT_SIDES);
  const points = pointsOf<N>(tree);
  const size = points * LANES;
  const vector = vectorSize(points);
  const rule = <usize>load<u32>(tree, TREE_RULE);
  const weights = rule + 2 * vector;
  const one = f64x2.splat(1);
  for (let q: usize = 0; q < points; q++) {
    const weight = v128.load64_splat(weights + q * 8);
    v128.store(above + q * LANES, weight);
    v128.store(above + q * LANES, weight, 16);
  }
  let split = <usize>load<u32>(tree, TREE_SPLITS);
  let C = above;
  let side = sides + BLOCK_SIDES_SIZE;
  // Takes what goes to leaves: their slots keep H for all rows.
  const trash = (<usize>load<u32>(tree, TREE_SPLIT_COUNT) + <usize>load<u32>(tree, TREE_FORK_COUNT)) * vector;
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
      const left = above + upTo(trash, load<u32>(split, SPLIT_LEFT)) / vector * size;
      const right = above + upTo(trash, load<u32>(split, SPLIT_RIGHT)) / vector * size;
      downPoints<N, N0>(points, C, left, right, rule, rl, g0);
      downPoints<N, N1>(points, C, left, right, rule, rl, g1);
      C += size;
      side += BLOCK_SIDES_SIZE;
    }
    run += 4;
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
      const g0 = v128.and(alive0, f64x2.sub(v128.and(isLeft0, one), rl));
      const g1 = v128.and(alive1, f64x2.sub(v128.and(isLeft1, one), rl));
      v128.store(side, v128.and(alive0, isLeft0));
      v128.store(side, v128.and(alive1, isLeft1), 16);
      v128.store(side, v128.andnot(alive0, isLeft0), 32);
      v128.store(side, v128.andnot(alive1, isLeft1), 48);
      v128.store(side, g0, 64);
      v128.store(side, g1, 80);
      const left = above + upTo(trash, load<u32>(split, SPLIT_LEFT)) / vector * size;
      const right = above + upTo(trash, load<u32>(split, SPLIT_RIGHT)) / vector * size;
      const shares = <usize>load<u32>(split, SPLIT_SHARES);
      downPoints<N, N0>(points, C, left, right, shares, rl, g0);
      downPoints<N, N1>(points, C, left, right, shares, rl, g1);
      C += size;
      side += BLOCK_SIDES_SIZE;
    }
    run += 4;
  }
}

@inline function downPoints<N, S>(points: usize, C: usize, left: usize, right: usize, t: usize, rl: v128, g: v128): void {
  if (number<N>() == 0) {
    for (let q: usize = 0; q < points; q++) down<N0, S>(C + q * LANES, left + q * LANES, right + q * LANES, t + q * 8, rl, g);
    return;
  }
  down<N0, S>(C, left, right, t, rl, g);
  if (number<N>() > 1) down<N1, S>(C, left, right, t, rl, g);
  if (number<N>() > 2) down<N2, S>(C, left, right, t, rl, g);
  if (number<N>() > 3) down<N3, S>(C, left, right, t, rl, g);
  if (number<N>() > 4) down<N4, S>(C, left, right, t, rl, g);
  if (number<N>() > 5) down<N5, S>(C, left, right, t, rl, g);
  if (number<N>() > 6) down<N6, S>(C, left, right, t, rl, g);
  if (number<N>() > 7) down<N7, S>(C, left, right, t, rl, g);
}

@inline function down<Q, S>(C: usize, left: usize, right: usize, t: usize, rl: v128, g: v128): void {
  const c = v128.load(C, offsetof<Q>() * 32 + offsetof<S>() * 16);
  const toLeft = f64x2.mul(c, f64x2.add(rl, f64x2.mul(g, v128.load64_splat(t, offsetof<Q>() * 8))));
  v128.store(left, toLeft, offsetof<Q>() * 32 + offsetof<S>() * 16);
  v128.store(right, f64x2.sub(c, toLeft), offsetof<Q>() * 32 + offsetof<S>() * 16);
}

@inline function upTo(most: usize, offset: u32): usize {
  return select<usize>(most, <usize>offset, <usize>offset > most);
}
