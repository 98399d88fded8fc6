// The pass down over one row: C of every node, the weight of the quadrature times the factors above it.
import {
  CONTEXT_ABOVE, CONTEXT_SIDES, SIDES_SIZE,
  SPLIT_ANCESTOR, SPLIT_LEFT, SPLIT_RIGHT, SPLIT_SHARES, SPLIT_SIZE, SPLIT_THRESHOLD, SPLIT_WEIGHT, SPLIT_X,
  TREE_RULE, TREE_RUNS, TREE_RUN_COUNT, TREE_SPLITS,
} from "./layout";
import { factor, onesOf, pairIn, pairOf, Q0, Q1, Q2, Q3, slotSize, surplus } from "./row-slots";
import { number } from "./sizes";

/** Fills C of the nodes below all splits, or, with E = N1, below those that are no quartets. */
export function passDown<P, E>(context: usize, tree: usize): void {
  const above = <usize>load<u32>(context, CONTEXT_ABOVE);
  const sides = <usize>load<u32>(context, CONTEXT_SIDES);
  const size = slotSize<P>(tree);
  const rule = <usize>load<u32>(tree, TREE_RULE);
  const one = onesOf<P>(tree);
  const notRight = v128.load(sides, 16);
  // Not memory.copy, which is a call that takes longer than these few bytes.
  for (let q: usize = 0; q < size; q += 16) v128.store(above + q, v128.load(rule + 2 * size + q));
  let split = <usize>load<u32>(tree, TREE_SPLITS);
  let C = above;
  let side = sides + SIDES_SIZE;
  const t0 = pairIn<P, Q0>(rule);
  const t1 = pairIn<P, Q1>(rule);
  const t2 = pairIn<P, Q2>(rule);
  const t3 = pairIn<P, Q3>(rule);
  let run = <usize>load<u32>(tree, TREE_RUNS);
  // The quartets are the last two runs.
  const runEnd = run + ((<usize>load<u32>(tree, TREE_RUN_COUNT) - (number<E>() > 0 ? 2 : 0)) << 2);
  while (run < runEnd) {
    let end = split + <usize>load<u32>(run) * SPLIT_SIZE;
    for (; split < end; split += SPLIT_SIZE) {
      const isLeft = f64x2.le(v128.load64_splat(<usize>load<u32>(split, SPLIT_X)), v128.load64_splat(split, SPLIT_THRESHOLD));
      const rl = v128.load64_splat(split, SPLIT_WEIGHT);
      const g = surplus(isLeft, rl, one);
      v128.store(side, v128.xor(isLeft, notRight));
      v128.store(side, g, 16);
      const left = above + <usize>load<u32>(split, SPLIT_LEFT);
      const right = above + <usize>load<u32>(split, SPLIT_RIGHT);
      downPoints<P>(size, C, left, right, rule, t0, t1, t2, t3, rl, g);
      C += size;
      side += SIDES_SIZE;
    }
    run += 4;
    end = split + <usize>load<u32>(run) * SPLIT_SIZE;
    for (; split < end; split += SPLIT_SIZE) {
      const isLeft = f64x2.le(v128.load64_splat(<usize>load<u32>(split, SPLIT_X)), v128.load64_splat(split, SPLIT_THRESHOLD));
      const alive = v128.load64_splat(sides + <usize>load<u32>(split, SPLIT_ANCESTOR));
      const rl = v128.load64_splat(split, SPLIT_WEIGHT);
      const g = v128.and(alive, surplus(isLeft, rl, one));
      v128.store(side, v128.and(alive, v128.xor(isLeft, notRight)));
      v128.store(side, g, 16);
      const left = above + <usize>load<u32>(split, SPLIT_LEFT);
      const right = above + <usize>load<u32>(split, SPLIT_RIGHT);
      const shares = <usize>load<u32>(split, SPLIT_SHARES);
      downPoints<P>(size, C, left, right, shares, pairIn<P, Q0>(shares), pairIn<P, Q1>(shares), pairIn<P, Q2>(shares), pairIn<P, Q3>(shares), rl, g);
      C += size;
      side += SIDES_SIZE;
    }
    run += 4;
  }
}

@inline function downPoints<P>(size: usize, C: usize, left: usize, right: usize, t: usize, t0: v128, t1: v128, t2: v128, t3: v128, rl: v128, g: v128): void {
  if (number<P>() == 0) {
    for (let q: usize = 0; q < size; q += 16) divide<Q0>(C + q, left + q, right + q, factor(pairOf<Q0>(t + q), rl, g));
    return;
  }
  divide<Q0>(C, left, right, factor(t0, rl, g));
  if (number<P>() > 1) divide<Q1>(C, left, right, factor(t1, rl, g));
  if (number<P>() > 2) divide<Q2>(C, left, right, factor(t2, rl, g));
  if (number<P>() > 3) divide<Q3>(C, left, right, factor(t3, rl, g));
}

/** Gives both children their part of C. */
@inline function divide<Q>(C: usize, left: usize, right: usize, f: v128): void {
  const c = v128.load(C, offsetof<Q>());
  const toLeft = f64x2.mul(c, f);
  v128.store(left, toLeft, offsetof<Q>());
  v128.store(right, f64x2.sub(c, toLeft), offsetof<Q>());
}
