// Quartets over one row: a split over two forks in one step, down and up again, so that nothing of the forks is
// written to memory. Plain ones first, then those in which a feature repeats, whose nodes are all computed as
// repeated ones: what C of a new feature is multiplied by is 1, and it is always alive.
import {
  FORK_ANCESTOR, FORK_FEATURE, FORK_SHARES, FORK_SIZE, FORK_THRESHOLD, FORK_VALUE_DIFFERENCE, FORK_VALUE_MEAN,
  FORK_VALUE_SIZE, FORK_WEIGHT, FORK_X, SIDES_SIZE,
  SPLIT_ANCESTOR, SPLIT_FEATURE, SPLIT_SHARES, SPLIT_SIZE, SPLIT_THRESHOLD, SPLIT_WEIGHT, SPLIT_X, TREE_SPLITS,
} from "./layout";
import { addTo, factor, pairIn, pairOf, Q0, Q1, Q2, Q3, surplus } from "./row-slots";
import { number } from "./sizes";

/**
 * Computes H of the splits of plain quartets, which start at `first`, and adds what their nodes get to phi. The forks
 * of a quartet lie beside each other, in the order of the quartets.
 */
@inline export function upPlain<P>(tree: usize, above: usize, below: usize, rule: usize, one: v128, phi: usize, forks: usize, forkValues: usize, first: usize, count: usize): void {
  const size = <usize>number<P>() * 16;
  let split = <usize>load<u32>(tree, TREE_SPLITS) + first * SPLIT_SIZE;
  let C = above + first * size;
  let H = below + first * size;
  let fork = forks;
  let values = forkValues;
  const t0 = pairIn<P, Q0>(rule);
  const t1 = pairIn<P, Q1>(rule);
  const t2 = pairIn<P, Q2>(rule);
  const t3 = pairIn<P, Q3>(rule);
  for (const end = split + count * SPLIT_SIZE; split < end; split += SPLIT_SIZE) {
    const rl = v128.load64_splat(split, SPLIT_WEIGHT);
    const g = surplus(isLeftOf(<usize>load<u32>(split, SPLIT_X), v128.load64_splat(split, SPLIT_THRESHOLD)), rl, one);
    const gainL = f64x2.mul(surplusAt(fork, one), v128.load64_splat(values, FORK_VALUE_DIFFERENCE));
    const meanL = v128.load64_splat(values, FORK_VALUE_MEAN);
    const gainR = f64x2.mul(surplusAt(fork + FORK_SIZE, one), v128.load64_splat(values, FORK_VALUE_SIZE + FORK_VALUE_DIFFERENCE));
    const meanR = v128.load64_splat(values, FORK_VALUE_SIZE + FORK_VALUE_MEAN);
    let c = v128.load(C);
    let f = factor(t0, rl, g);
    let sum = f64x2.mul(c, fold<Q0>(H, f, factor(t0, meanL, gainL), factor(t0, meanR, gainR)));
    let toLeft = f64x2.mul(c, f);
    let sumL = toLeft;
    let all = c;
    if (number<P>() > 1) {
      c = v128.load(C, 16);
      f = factor(t1, rl, g);
      sum = f64x2.add(sum, f64x2.mul(c, fold<Q1>(H, f, factor(t1, meanL, gainL), factor(t1, meanR, gainR))));
      toLeft = f64x2.mul(c, f);
      sumL = f64x2.add(sumL, toLeft);
      all = f64x2.add(all, c);
    }
    if (number<P>() > 2) {
      c = v128.load(C, 32);
      f = factor(t2, rl, g);
      sum = f64x2.add(sum, f64x2.mul(c, fold<Q2>(H, f, factor(t2, meanL, gainL), factor(t2, meanR, gainR))));
      toLeft = f64x2.mul(c, f);
      sumL = f64x2.add(sumL, toLeft);
      all = f64x2.add(all, c);
    }
    if (number<P>() > 3) {
      c = v128.load(C, 48);
      f = factor(t3, rl, g);
      sum = f64x2.add(sum, f64x2.mul(c, fold<Q3>(H, f, factor(t3, meanL, gainL), factor(t3, meanR, gainR))));
      toLeft = f64x2.mul(c, f);
      sumL = f64x2.add(sumL, toLeft);
      all = f64x2.add(all, c);
    }
    const sumR = f64x2.sub(all, sumL);
    addTo(phi + <usize>load<u32>(split, SPLIT_FEATURE), f64x2.mul(g, sum));
    addTo(phi + <usize>load<u32>(fork, FORK_FEATURE), f64x2.mul(gainL, sumL));
    addTo(phi + <usize>load<u32>(fork + FORK_SIZE, FORK_FEATURE), f64x2.mul(gainR, sumR));
    C += size;
    H += size;
    fork += 2 * FORK_SIZE;
    values += 2 * FORK_VALUE_SIZE;
  }
}

/** The same of mixed quartets. */
@inline export function upMixed<P>(tree: usize, above: usize, below: usize, sides: usize, one: v128, phi: usize, forks: usize, forkValues: usize, first: usize, count: usize): void {
  const size = <usize>number<P>() * 16;
  const notRight = v128.load(sides, 16);
  let split = <usize>load<u32>(tree, TREE_SPLITS) + first * SPLIT_SIZE;
  let C = above + first * size;
  let H = below + first * size;
  let side = sides + (first + 1) * SIDES_SIZE;
  let fork = forks;
  let values = forkValues;
  for (const end = split + count * SPLIT_SIZE; split < end; split += SPLIT_SIZE) {
    const isLeft = isLeftOf(<usize>load<u32>(split, SPLIT_X), v128.load64_splat(split, SPLIT_THRESHOLD));
    const alive = v128.load64_splat(sides + <usize>load<u32>(split, SPLIT_ANCESTOR));
    // The forks may ask the same feature.
    v128.store(side, v128.and(alive, v128.xor(isLeft, notRight)));
    const rl = v128.load64_splat(split, SPLIT_WEIGHT);
    const g = v128.and(alive, surplus(isLeft, rl, one));
    const gainL = f64x2.mul(aliveSurplusAt(sides, fork, one), v128.load64_splat(values, FORK_VALUE_DIFFERENCE));
    const meanL = v128.load64_splat(values, FORK_VALUE_MEAN);
    const gainR = f64x2.mul(aliveSurplusAt(sides, fork + FORK_SIZE, one), v128.load64_splat(values, FORK_VALUE_SIZE + FORK_VALUE_DIFFERENCE));
    const meanR = v128.load64_splat(values, FORK_VALUE_SIZE + FORK_VALUE_MEAN);
    const shares = <usize>load<u32>(split, SPLIT_SHARES);
    const sharesL = <usize>load<u32>(fork, FORK_SHARES);
    const sharesR = <usize>load<u32>(fork, FORK_SIZE + FORK_SHARES);
    let c = v128.load(C);
    let f = factor(pairOf<Q0>(shares), rl, g);
    let D = fold<Q0>(H, f, factor(pairOf<Q0>(sharesL), meanL, gainL), factor(pairOf<Q0>(sharesR), meanR, gainR));
    let sum = f64x2.mul(f64x2.mul(c, D), weightAt<P, Q0>(shares));
    let toLeft = f64x2.mul(c, f);
    let sumL = f64x2.mul(toLeft, weightAt<P, Q0>(sharesL));
    let sumR = f64x2.mul(f64x2.sub(c, toLeft), weightAt<P, Q0>(sharesR));
    if (number<P>() > 1) {
      c = v128.load(C, 16);
      f = factor(pairOf<Q1>(shares), rl, g);
      D = fold<Q1>(H, f, factor(pairOf<Q1>(sharesL), meanL, gainL), factor(pairOf<Q1>(sharesR), meanR, gainR));
      sum = f64x2.add(sum, f64x2.mul(f64x2.mul(c, D), weightAt<P, Q1>(shares)));
      toLeft = f64x2.mul(c, f);
      sumL = f64x2.add(sumL, f64x2.mul(toLeft, weightAt<P, Q1>(sharesL)));
      sumR = f64x2.add(sumR, f64x2.mul(f64x2.sub(c, toLeft), weightAt<P, Q1>(sharesR)));
    }
    if (number<P>() > 2) {
      c = v128.load(C, 32);
      f = factor(pairOf<Q2>(shares), rl, g);
      D = fold<Q2>(H, f, factor(pairOf<Q2>(sharesL), meanL, gainL), factor(pairOf<Q2>(sharesR), meanR, gainR));
      sum = f64x2.add(sum, f64x2.mul(f64x2.mul(c, D), weightAt<P, Q2>(shares)));
      toLeft = f64x2.mul(c, f);
      sumL = f64x2.add(sumL, f64x2.mul(toLeft, weightAt<P, Q2>(sharesL)));
      sumR = f64x2.add(sumR, f64x2.mul(f64x2.sub(c, toLeft), weightAt<P, Q2>(sharesR)));
    }
    if (number<P>() > 3) {
      c = v128.load(C, 48);
      f = factor(pairOf<Q3>(shares), rl, g);
      D = fold<Q3>(H, f, factor(pairOf<Q3>(sharesL), meanL, gainL), factor(pairOf<Q3>(sharesR), meanR, gainR));
      sum = f64x2.add(sum, f64x2.mul(f64x2.mul(c, D), weightAt<P, Q3>(shares)));
      toLeft = f64x2.mul(c, f);
      sumL = f64x2.add(sumL, f64x2.mul(toLeft, weightAt<P, Q3>(sharesL)));
      sumR = f64x2.add(sumR, f64x2.mul(f64x2.sub(c, toLeft), weightAt<P, Q3>(sharesR)));
    }
    addTo(phi + <usize>load<u32>(split, SPLIT_FEATURE), f64x2.mul(g, sum));
    addTo(phi + <usize>load<u32>(fork, FORK_FEATURE), f64x2.mul(gainL, sumL));
    addTo(phi + <usize>load<u32>(fork + FORK_SIZE, FORK_FEATURE), f64x2.mul(gainR, sumR));
    C += size;
    H += size;
    side += SIDES_SIZE;
    fork += 2 * FORK_SIZE;
    values += 2 * FORK_VALUE_SIZE;
  }
}

@inline function isLeftOf(x: usize, threshold: v128): v128 {
  return f64x2.le(v128.load64_splat(x), threshold);
}

/** g of a fork with a new feature. */
@inline function surplusAt(fork: usize, one: v128): v128 {
  const isLeft = isLeftOf(<usize>load<u32>(fork, FORK_X), v128.load64_splat(fork, FORK_THRESHOLD));
  return surplus(isLeft, v128.load64_splat(fork, FORK_WEIGHT), one);
}

/** g of a fork whose feature may be repeated. */
@inline function aliveSurplusAt(sides: usize, fork: usize, one: v128): v128 {
  return v128.and(v128.load64_splat(sides + <usize>load<u32>(fork, FORK_ANCESTOR)), surplusAt(fork, one));
}

/** What C is multiplied by: the second vector of shares. */
@inline function weightAt<P, Q>(shares: usize): v128 {
  return v128.load(shares, <usize>number<P>() * 16 + offsetof<Q>());
}

/** Writes H of a split; returns D. */
@inline function fold<Q>(H: usize, f: v128, left: v128, right: v128): v128 {
  const D = f64x2.sub(left, right);
  v128.store(H, f64x2.add(right, f64x2.mul(f, D)), offsetof<Q>());
  return D;
}
