// The pass up over a block of rows: H of every node, the value expected below it, and what its feature gets.
import {
  BLOCK_ROWS, BLOCK_SIDES_SIZE,
  CONTEXT_ABOVE, CONTEXT_SIDES,
  FORK_ANCESTOR, FORK_FEATURE, FORK_SHARES, FORK_SIZE, FORK_THRESHOLD, FORK_VALUE_DIFFERENCE,
  FORK_VALUE_MEAN, FORK_VALUE_SIZE, FORK_WEIGHT, FORK_X,
  SPLIT_FEATURE, SPLIT_LEFT, SPLIT_RIGHT, SPLIT_SHARES, SPLIT_SIZE, SPLIT_WEIGHT,
  TREE_FORKS, TREE_FORK_COUNT, TREE_FORK_VALUES, TREE_LEAF_COUNT, TREE_LEAVES, TREE_REPEATED_FORKS, TREE_RULE,
  TREE_RUNS, TREE_RUN_COUNT, TREE_SPLITS, TREE_SPLIT_COUNT,
} from "./layout";
import { LANES, pointsOf, sideOffset, SUMS, vectorSize } from "./batch-slots";
import { N0, N1, N2, N3, N4, N5, N6, N7, number } from "./sizes";

/** Leaves beside an inner node keep their slots for all rows: nothing else is written there. */
export function fillLeaves<N>(tree: usize, output: usize, below: usize): void {
  const size = pointsOf<N>(tree) * LANES;
  const count = <usize>load<u32>(tree, TREE_LEAF_COUNT);
  const first = <usize>load<u32>(tree, TREE_SPLIT_COUNT) + <usize>load<u32>(tree, TREE_FORK_COUNT) + 1;
  let leaf = <usize>load<u32>(tree, TREE_LEAVES) + output * count * 8;
  let H = below + first * size;
  for (const end = H + count * size; H < end; H += size) {
    const value = v128.load64_splat(leaf);
    for (let q: usize = 0; q < size; q += 16) v128.store(H + q, value);
    leaf += 8;
  }
}

/** Adds one output's SHAP values of four rows to phi, [feature][row]. */
export function passUp<N>(context: usize, tree: usize, x: usize, output: usize, below: usize, phi: usize): void {
  const above = <usize>load<u32>(context, CONTEXT_ABOVE);
  const sides = <usize>load<u32>(context, CONTEXT_SIDES);
  const points = pointsOf<N>(tree);
  const size = points * LANES;
  const rule = <usize>load<u32>(tree, TREE_RULE);
  const one = f64x2.splat(1);
  const vector = vectorSize(points);
  const splitCount = <usize>load<u32>(tree, TREE_SPLIT_COUNT);
  const forkCount = <usize>load<u32>(tree, TREE_FORK_COUNT);

  let fork = <usize>load<u32>(tree, TREE_FORKS);
  let values = <usize>load<u32>(tree, TREE_FORK_VALUES) + output * forkCount * FORK_VALUE_SIZE;
  let C = above + splitCount * size;
  let H = below + splitCount * size;
  const newEnd = fork + (forkCount - <usize>load<u32>(tree, TREE_REPEATED_FORKS)) * FORK_SIZE;
  for (; fork < newEnd; fork += FORK_SIZE) {
    const value = x + <usize>load<u32>(fork, FORK_X) * BLOCK_ROWS;
    const threshold = v128.load64_splat(fork, FORK_THRESHOLD);
    const rl = v128.load64_splat(fork, FORK_WEIGHT);
    const mean = v128.load64_splat(values, FORK_VALUE_MEAN);
    const difference = v128.load64_splat(values, FORK_VALUE_DIFFERENCE);
    const g0 = f64x2.sub(v128.and(f64x2.le(v128.load(value), threshold), one), rl);
    const g1 = f64x2.sub(v128.and(f64x2.le(v128.load(value, 16), threshold), one), rl);
    const gain0 = f64x2.mul(g0, difference);
    const gain1 = f64x2.mul(g1, difference);
    const sum0 = forkNewPoints<N, N0>(points, C, H, rule, mean, gain0);
    const sum1 = forkNewPoints<N, N1>(points, C, H, rule, mean, gain1);
    addTo(phi + <usize>load<u32>(fork, FORK_FEATURE) * SUMS, f64x2.mul(gain0, sum0), f64x2.mul(gain1, sum1));
    C += size;
    H += size;
    values += FORK_VALUE_SIZE;
  }
  const forkEnd = <usize>load<u32>(tree, TREE_FORKS) + forkCount * FORK_SIZE;
  for (; fork < forkEnd; fork += FORK_SIZE) {
    const value = x + <usize>load<u32>(fork, FORK_X) * BLOCK_ROWS;
    const threshold = v128.load64_splat(fork, FORK_THRESHOLD);
    const ancestor = sides + sideOffset(load<u32>(fork, FORK_ANCESTOR));
    const alive0 = v128.load(ancestor);
    const alive1 = v128.load(ancestor, 16);
    const rl = v128.load64_splat(fork, FORK_WEIGHT);
    const mean = v128.load64_splat(values, FORK_VALUE_MEAN);
    const difference = v128.load64_splat(values, FORK_VALUE_DIFFERENCE);
    const gain0 = v128.and(alive0, f64x2.mul(f64x2.sub(v128.and(f64x2.le(v128.load(value), threshold), one), rl), difference));
    const gain1 = v128.and(alive1, f64x2.mul(f64x2.sub(v128.and(f64x2.le(v128.load(value, 16), threshold), one), rl), difference));
    const shares = <usize>load<u32>(fork, FORK_SHARES);
    const sum0 = forkRepeatedPoints<N, N0>(points, C, H, shares, shares + vector, mean, gain0);
    const sum1 = forkRepeatedPoints<N, N1>(points, C, H, shares, shares + vector, mean, gain1);
    addTo(phi + <usize>load<u32>(fork, FORK_FEATURE) * SUMS, f64x2.mul(gain0, sum0), f64x2.mul(gain1, sum1));
    C += size;
    H += size;
    values += FORK_VALUE_SIZE;
  }

  const firstRun = <usize>load<u32>(tree, TREE_RUNS);
  const runCount = load<i32>(tree, TREE_RUN_COUNT);
  let split = <usize>load<u32>(tree, TREE_SPLITS) + splitCount * SPLIT_SIZE;
  let side = sides + (splitCount + 1) * BLOCK_SIDES_SIZE;
  C = above + splitCount * size;
  H = below + splitCount * size;
  for (let r = runCount - 1; r >= 0; r--) {
    const start = split - <usize>load<u32>(firstRun + (<usize>r << 2)) * SPLIT_SIZE;
    while (split > start) {
      split -= SPLIT_SIZE;
      side -= BLOCK_SIDES_SIZE;
      C -= size;
      H -= size;
      const left = below + <usize>load<u32>(split, SPLIT_LEFT) / vector * size;
      const right = below + <usize>load<u32>(split, SPLIT_RIGHT) / vector * size;
      const g0 = v128.load(side, 64);
      const g1 = v128.load(side, 80);
      const rl = v128.load64_splat(split, SPLIT_WEIGHT);
      let sum0: v128;
      let sum1: v128;
      if (r & 1) {
        const shares = <usize>load<u32>(split, SPLIT_SHARES);
        sum0 = upRepeatedPoints<N, N0>(points, C, H, left, right, shares, shares + vector, rl, g0);
        sum1 = upRepeatedPoints<N, N1>(points, C, H, left, right, shares, shares + vector, rl, g1);
      } else {
        sum0 = upNewPoints<N, N0>(points, C, H, left, right, rule, rl, g0);
        sum1 = upNewPoints<N, N1>(points, C, H, left, right, rule, rl, g1);
      }
      addTo(phi + <usize>load<u32>(split, SPLIT_FEATURE) * SUMS, f64x2.mul(g0, sum0), f64x2.mul(g1, sum1));
    }
  }
}

@inline function addTo(address: usize, a: v128, b: v128): void {
  v128.store(address, f64x2.add(v128.load(address), a));
  v128.store(address, f64x2.add(v128.load(address, 16), b), 16);
}

@inline function forkNewPoints<N, S>(points: usize, C: usize, H: usize, t: usize, mean: v128, gain: v128): v128 {
  if (number<N>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < points; q++) sum = f64x2.add(sum, forkNew<N0, S>(C + q * LANES, H + q * LANES, t + q * 8, mean, gain));
    return sum;
  }
  let sum = forkNew<N0, S>(C, H, t, mean, gain);
  if (number<N>() > 1) sum = f64x2.add(sum, forkNew<N1, S>(C, H, t, mean, gain));
  if (number<N>() > 2) sum = f64x2.add(sum, forkNew<N2, S>(C, H, t, mean, gain));
  if (number<N>() > 3) sum = f64x2.add(sum, forkNew<N3, S>(C, H, t, mean, gain));
  if (number<N>() > 4) sum = f64x2.add(sum, forkNew<N4, S>(C, H, t, mean, gain));
  if (number<N>() > 5) sum = f64x2.add(sum, forkNew<N5, S>(C, H, t, mean, gain));
  if (number<N>() > 6) sum = f64x2.add(sum, forkNew<N6, S>(C, H, t, mean, gain));
  if (number<N>() > 7) sum = f64x2.add(sum, forkNew<N7, S>(C, H, t, mean, gain));
  return sum;
}

@inline function forkNew<Q, S>(C: usize, H: usize, t: usize, mean: v128, gain: v128): v128 {
  const c = v128.load(C, offsetof<Q>() * 32 + offsetof<S>() * 16);
  v128.store(H, f64x2.add(mean, f64x2.mul(gain, v128.load64_splat(t, offsetof<Q>() * 8))), offsetof<Q>() * 32 + offsetof<S>() * 16);
  return c;
}

@inline function forkRepeatedPoints<N, S>(points: usize, C: usize, H: usize, t: usize, weights: usize, mean: v128, gain: v128): v128 {
  if (number<N>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < points; q++) sum = f64x2.add(sum, forkRepeated<N0, S>(C + q * LANES, H + q * LANES, t + q * 8, weights + q * 8, mean, gain));
    return sum;
  }
  let sum = forkRepeated<N0, S>(C, H, t, weights, mean, gain);
  if (number<N>() > 1) sum = f64x2.add(sum, forkRepeated<N1, S>(C, H, t, weights, mean, gain));
  if (number<N>() > 2) sum = f64x2.add(sum, forkRepeated<N2, S>(C, H, t, weights, mean, gain));
  if (number<N>() > 3) sum = f64x2.add(sum, forkRepeated<N3, S>(C, H, t, weights, mean, gain));
  if (number<N>() > 4) sum = f64x2.add(sum, forkRepeated<N4, S>(C, H, t, weights, mean, gain));
  if (number<N>() > 5) sum = f64x2.add(sum, forkRepeated<N5, S>(C, H, t, weights, mean, gain));
  if (number<N>() > 6) sum = f64x2.add(sum, forkRepeated<N6, S>(C, H, t, weights, mean, gain));
  if (number<N>() > 7) sum = f64x2.add(sum, forkRepeated<N7, S>(C, H, t, weights, mean, gain));
  return sum;
}

@inline function forkRepeated<Q, S>(C: usize, H: usize, t: usize, weights: usize, mean: v128, gain: v128): v128 {
  const c = v128.load(C, offsetof<Q>() * 32 + offsetof<S>() * 16);
  v128.store(H, f64x2.add(mean, f64x2.mul(gain, v128.load64_splat(t, offsetof<Q>() * 8))), offsetof<Q>() * 32 + offsetof<S>() * 16);
  return f64x2.mul(c, v128.load64_splat(weights, offsetof<Q>() * 8));
}

@inline function upNewPoints<N, S>(points: usize, C: usize, H: usize, left: usize, right: usize, t: usize, rl: v128, g: v128): v128 {
  if (number<N>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < points; q++) sum = f64x2.add(sum, upNew<N0, S>(C + q * LANES, H + q * LANES, left + q * LANES, right + q * LANES, t + q * 8, rl, g));
    return sum;
  }
  let sum = upNew<N0, S>(C, H, left, right, t, rl, g);
  if (number<N>() > 1) sum = f64x2.add(sum, upNew<N1, S>(C, H, left, right, t, rl, g));
  if (number<N>() > 2) sum = f64x2.add(sum, upNew<N2, S>(C, H, left, right, t, rl, g));
  if (number<N>() > 3) sum = f64x2.add(sum, upNew<N3, S>(C, H, left, right, t, rl, g));
  if (number<N>() > 4) sum = f64x2.add(sum, upNew<N4, S>(C, H, left, right, t, rl, g));
  if (number<N>() > 5) sum = f64x2.add(sum, upNew<N5, S>(C, H, left, right, t, rl, g));
  if (number<N>() > 6) sum = f64x2.add(sum, upNew<N6, S>(C, H, left, right, t, rl, g));
  if (number<N>() > 7) sum = f64x2.add(sum, upNew<N7, S>(C, H, left, right, t, rl, g));
  return sum;
}

@inline function upRepeatedPoints<N, S>(points: usize, C: usize, H: usize, left: usize, right: usize, t: usize, weights: usize, rl: v128, g: v128): v128 {
  if (number<N>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < points; q++) sum = f64x2.add(sum, upRepeated<N0, S>(C + q * LANES, H + q * LANES, left + q * LANES, right + q * LANES, t + q * 8, weights + q * 8, rl, g));
    return sum;
  }
  let sum = upRepeated<N0, S>(C, H, left, right, t, weights, rl, g);
  if (number<N>() > 1) sum = f64x2.add(sum, upRepeated<N1, S>(C, H, left, right, t, weights, rl, g));
  if (number<N>() > 2) sum = f64x2.add(sum, upRepeated<N2, S>(C, H, left, right, t, weights, rl, g));
  if (number<N>() > 3) sum = f64x2.add(sum, upRepeated<N3, S>(C, H, left, right, t, weights, rl, g));
  if (number<N>() > 4) sum = f64x2.add(sum, upRepeated<N4, S>(C, H, left, right, t, weights, rl, g));
  if (number<N>() > 5) sum = f64x2.add(sum, upRepeated<N5, S>(C, H, left, right, t, weights, rl, g));
  if (number<N>() > 6) sum = f64x2.add(sum, upRepeated<N6, S>(C, H, left, right, t, weights, rl, g));
  if (number<N>() > 7) sum = f64x2.add(sum, upRepeated<N7, S>(C, H, left, right, t, weights, rl, g));
  return sum;
}

@inline function upRepeated<Q, S>(C: usize, H: usize, left: usize, right: usize, t: usize, weights: usize, rl: v128, g: v128): v128 {
  return f64x2.mul(upNew<Q, S>(C, H, left, right, t, rl, g), v128.load64_splat(weights, offsetof<Q>() * 8));
}

@inline function upNew<Q, S>(C: usize, H: usize, left: usize, right: usize, t: usize, rl: v128, g: v128): v128 {
  return up<Q, S>(C, H, left, right, f64x2.add(rl, f64x2.mul(g, v128.load64_splat(t, offsetof<Q>() * 8))));
}

/** Writes H of a split; returns C D. */
@inline function up<Q, S>(C: usize, H: usize, left: usize, right: usize, f: v128): v128 {
  const fromRight = v128.load(right, offsetof<Q>() * 32 + offsetof<S>() * 16);
  const D = f64x2.sub(v128.load(left, offsetof<Q>() * 32 + offsetof<S>() * 16), fromRight);
  const gain = f64x2.mul(v128.load(C, offsetof<Q>() * 32 + offsetof<S>() * 16), D);
  v128.store(H, f64x2.add(fromRight, f64x2.mul(f, D)), offsetof<Q>() * 32 + offsetof<S>() * 16);
  return gain;
}
