// The pass up over one row: H of every node, the value expected below it, and what its feature gets.
import {
  CONTEXT_ABOVE, CONTEXT_BELOW, CONTEXT_FACTORS, CONTEXT_GAINS, CONTEXT_SIDES, CONTEXT_X, DOUBLE,
  FORK_ABOVE, FORK_ANCESTOR, FORK_FEATURE, FORK_INVERSE, FORK_SIZE, FORK_THRESHOLD, FORK_VALUE_DIFFERENCE,
  FORK_VALUE_FIRST, FORK_VALUE_SIZE, FORK_WEIGHT, FORK_X, SIDES_SIZE,
  SPLIT_FEATURE, SPLIT_LEFT_BELOW, SPLIT_RIGHT_BELOW, SPLIT_SIZE, SPLIT_WEIGHT,
  TREE_FORKS, TREE_FORK_COUNT, TREE_FORK_VALUES, TREE_LEAF_COUNT, TREE_LEAVES, TREE_NEW_FORKS, TREE_RULE, TREE_RUNS,
  TREE_RUN_COUNT, TREE_SPLITS, TREE_SPLIT_COUNT,
} from "./layout";
import { Q0, Q1, Q2, Q3, sideOffset, slotSize } from "./row-slots";
import { number } from "./sizes";

/**
 * Computes H of all nodes for one output and adds its SHAP values to phi, two lanes per feature. With Z = N1 what
 * every node adds stays in the area of gains, by slot and point.
 */
export function passUp<P, Z>(context: usize, tree: usize, output: usize, phi: usize): void {
  const x = <usize>load<u32>(context, CONTEXT_X);
  const above = <usize>load<u32>(context, CONTEXT_ABOVE);
  const below = <usize>load<u32>(context, CONTEXT_BELOW);
  const sides = <usize>load<u32>(context, CONTEXT_SIDES);
  const size = slotSize<P>(tree);
  const rule = <usize>load<u32>(tree, TREE_RULE);
  const one = f64x2.splat(1);
  const gains: usize = number<Z>() > 0 ? <usize>load<u32>(context, CONTEXT_GAINS) : 0;
  const splitCount = <usize>load<u32>(tree, TREE_SPLIT_COUNT);
  const forkCount = <usize>load<u32>(tree, TREE_FORK_COUNT);

  // Leaves beside an inner node. Their slots come last, after one that takes their C.
  const leafCount = <usize>load<u32>(tree, TREE_LEAF_COUNT);
  let leaf = <usize>load<u32>(tree, TREE_LEAVES) + output * leafCount * DOUBLE;
  let H = below + (splitCount + forkCount + 1) * size;
  for (const end = leaf + leafCount * 8; leaf < end; leaf += 8) {
    const value = v128.load64_splat(leaf);
    if (number<P>() == 0) for (let q: usize = 0; q < size; q += 16) v128.store(H + q, value);
    else {
      v128.store(H, value);
      if (number<P>() > 1) v128.store(H, value, 16);
      if (number<P>() > 2) v128.store(H, value, 32);
      if (number<P>() > 3) v128.store(H, value, 48);
    }
    H += size;
  }

  // Forks: D is the difference of two leaves, the same at every point.
  let fork = <usize>load<u32>(tree, TREE_FORKS);
  let values = <usize>load<u32>(tree, TREE_FORK_VALUES) + output * forkCount * FORK_VALUE_SIZE;
  let C = above + splitCount * size;
  H = below + splitCount * size;
  let Z = gains + splitCount * size;
  const newEnd = fork + <usize>load<u32>(tree, TREE_NEW_FORKS) * FORK_SIZE;
  for (; fork < newEnd; fork += FORK_SIZE) {
    const isLeft = f64x2.le(
      v128.load64_splat(x + <usize>load<u32>(fork, FORK_X)),
      v128.load64_splat(fork, FORK_THRESHOLD),
    );
    const g = f64x2.sub(v128.and(isLeft, one), v128.load64_splat(fork, FORK_WEIGHT));
    // Of a new feature the values are the mean and the difference.
    const mean = v128.load64_splat(values, FORK_VALUE_FIRST);
    const gain = f64x2.mul(g, v128.load64_splat(values, FORK_VALUE_DIFFERENCE));
    const sum = forkNewPoints<P, Z>(size, Z, gain, C, H, rule, mean, gain);
    const total = phi + <usize>load<u32>(fork, FORK_FEATURE);
    v128.store(total, f64x2.add(v128.load(total), f64x2.mul(gain, sum)));
    C += size;
    H += size;
    Z += size;
    values += FORK_VALUE_SIZE;
  }
  const forkEnd = <usize>load<u32>(tree, TREE_FORKS) + forkCount * FORK_SIZE;
  for (; fork < forkEnd; fork += FORK_SIZE) {
    const isLeft = f64x2.le(
      v128.load64_splat(x + <usize>load<u32>(fork, FORK_X)),
      v128.load64_splat(fork, FORK_THRESHOLD),
    );
    const alive = v128.load64_splat(sides + sideOffset(load<u32>(fork, FORK_ANCESTOR)));
    const rl = v128.load64_splat(fork, FORK_WEIGHT);
    const R = v128.load64_splat(fork, FORK_ABOVE);
    const s = v128.and(isLeft, one);
    const rest = f64x2.mul(R, rl);
    const h = f64x2.sub(s, rest);
    // Of a repeated feature the values are the right leaf's and the difference.
    const fromRight = v128.load64_splat(values, FORK_VALUE_FIRST);
    const difference = v128.load64_splat(values, FORK_VALUE_DIFFERENCE);
    const gain = v128.and(alive, f64x2.mul(f64x2.mul(f64x2.sub(s, rl), R), difference));
    const inverse = <usize>load<u32>(fork, FORK_INVERSE);
    const sum = forkRepeatedPoints<P, Z>(size, Z, gain, C, H, rule, inverse, rl, rest, h, alive, fromRight, difference);
    const total = phi + <usize>load<u32>(fork, FORK_FEATURE);
    v128.store(total, f64x2.add(v128.load(total), f64x2.mul(gain, sum)));
    C += size;
    H += size;
    Z += size;
    values += FORK_VALUE_SIZE;
  }

  // Splits, children first: the runs backwards.
  const firstRun = <usize>load<u32>(tree, TREE_RUNS);
  const runCount = load<i32>(tree, TREE_RUN_COUNT);
  let split = <usize>load<u32>(tree, TREE_SPLITS) + splitCount * SPLIT_SIZE;
  let side = sides + splitCount * SIDES_SIZE;
  // The factors of repeated features lie in the order of their nodes.
  let factor = <usize>load<u32>(context, CONTEXT_FACTORS);
  for (let r = 1; r < runCount; r += 2) factor += <usize>load<u32>(firstRun + (<usize>r << 2)) * size;
  C = above + splitCount * size;
  H = below + splitCount * size;
  Z = gains + splitCount * size;
  for (let r = runCount - 1; r >= 0; r--) {
    const start = split - <usize>load<u32>(firstRun + (<usize>r << 2)) * SPLIT_SIZE;
    if (r & 1) while (split > start) {
      split -= SPLIT_SIZE;
      side -= SIDES_SIZE;
      C -= size;
      H -= size;
      Z -= size;
      factor -= size;
      const left = below + <usize>load<u32>(split, SPLIT_LEFT_BELOW) * size;
      const right = below + <usize>load<u32>(split, SPLIT_RIGHT_BELOW) * size;
      const sum = upRepeatedPoints<P, Z>(size, Z, one, C, H, left, right, factor);
      const total = phi + <usize>load<u32>(split, SPLIT_FEATURE);
      v128.store(total, f64x2.add(v128.load(total), sum));
    } else while (split > start) {
      split -= SPLIT_SIZE;
      side -= SIDES_SIZE;
      C -= size;
      H -= size;
      Z -= size;
      const left = below + <usize>load<u32>(split, SPLIT_LEFT_BELOW) * size;
      const right = below + <usize>load<u32>(split, SPLIT_RIGHT_BELOW) * size;
      const rl = v128.load64_splat(split, SPLIT_WEIGHT);
      const g = v128.load(side, 16);
      const sum = upNewPoints<P, Z>(size, Z, g, C, H, left, right, rule, rl, g);
      const total = phi + <usize>load<u32>(split, SPLIT_FEATURE);
      v128.store(total, f64x2.add(v128.load(total), f64x2.mul(g, sum)));
    }
  }
}

@inline function keep<Z, Q>(address: usize, scale: v128, value: v128): v128 {
  if (number<Z>() > 0) v128.store(address, f64x2.mul(scale, value), offsetof<Q>());
  return value;
}

@inline function forkNewPoints<P, Z>(size: usize, Z: usize, scale: v128, C: usize, H: usize, t: usize, mean: v128, gain: v128): v128 {
  if (number<P>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < size; q += 16) sum = f64x2.add(sum, keep<Z, Q0>(Z + q, scale, forkNew<Q0>(C + q, H + q, t + q, mean, gain)));
    return sum;
  }
  let sum = keep<Z, Q0>(Z, scale, forkNew<Q0>(C, H, t, mean, gain));
  if (number<P>() > 1) sum = f64x2.add(sum, keep<Z, Q1>(Z, scale, forkNew<Q1>(C, H, t, mean, gain)));
  if (number<P>() > 2) sum = f64x2.add(sum, keep<Z, Q2>(Z, scale, forkNew<Q2>(C, H, t, mean, gain)));
  if (number<P>() > 3) sum = f64x2.add(sum, keep<Z, Q3>(Z, scale, forkNew<Q3>(C, H, t, mean, gain)));
  return sum;
}

@inline function forkNew<Q>(C: usize, H: usize, t: usize, mean: v128, gain: v128): v128 {
  const c = v128.load(C, offsetof<Q>());
  v128.store(H, f64x2.add(mean, f64x2.mul(gain, v128.load(t, offsetof<Q>()))), offsetof<Q>());
  return c;
}

@inline function forkRepeatedPoints<P, Z>(size: usize, Z: usize, scale: v128, C: usize, H: usize, t: usize, inverse: usize, rl: v128, rest: v128, h: v128, alive: v128, fromRight: v128, difference: v128): v128 {
  if (number<P>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < size; q += 16) sum = f64x2.add(sum, keep<Z, Q0>(Z + q, scale, forkRepeated<Q0>(C + q, H + q, t + q, inverse + q, rl, rest, h, alive, fromRight, difference)));
    return sum;
  }
  let sum = keep<Z, Q0>(Z, scale, forkRepeated<Q0>(C, H, t, inverse, rl, rest, h, alive, fromRight, difference));
  if (number<P>() > 1) sum = f64x2.add(sum, keep<Z, Q1>(Z, scale, forkRepeated<Q1>(C, H, t, inverse, rl, rest, h, alive, fromRight, difference)));
  if (number<P>() > 2) sum = f64x2.add(sum, keep<Z, Q2>(Z, scale, forkRepeated<Q2>(C, H, t, inverse, rl, rest, h, alive, fromRight, difference)));
  if (number<P>() > 3) sum = f64x2.add(sum, keep<Z, Q3>(Z, scale, forkRepeated<Q3>(C, H, t, inverse, rl, rest, h, alive, fromRight, difference)));
  return sum;
}

@inline function forkRepeated<Q>(C: usize, H: usize, t: usize, inverse: usize, rl: v128, rest: v128, h: v128, alive: v128, fromRight: v128, difference: v128): v128 {
  const c = v128.load(C, offsetof<Q>());
  const inv = v128.load(inverse, offsetof<Q>());
  const f = v128.bitselect(
    f64x2.mul(inv, f64x2.add(rest, f64x2.mul(h, v128.load(t, offsetof<Q>())))),
    rl,
    alive,
  );
  v128.store(H, f64x2.add(fromRight, f64x2.mul(difference, f)), offsetof<Q>());
  return f64x2.mul(c, f64x2.mul(inv, inv));
}

@inline function upNewPoints<P, Z>(size: usize, Z: usize, scale: v128, C: usize, H: usize, left: usize, right: usize, t: usize, rl: v128, g: v128): v128 {
  if (number<P>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < size; q += 16) sum = f64x2.add(sum, keep<Z, Q0>(Z + q, scale, upNew<Q0>(C + q, H + q, left + q, right + q, t + q, rl, g)));
    return sum;
  }
  let sum = keep<Z, Q0>(Z, scale, upNew<Q0>(C, H, left, right, t, rl, g));
  if (number<P>() > 1) sum = f64x2.add(sum, keep<Z, Q1>(Z, scale, upNew<Q1>(C, H, left, right, t, rl, g)));
  if (number<P>() > 2) sum = f64x2.add(sum, keep<Z, Q2>(Z, scale, upNew<Q2>(C, H, left, right, t, rl, g)));
  if (number<P>() > 3) sum = f64x2.add(sum, keep<Z, Q3>(Z, scale, upNew<Q3>(C, H, left, right, t, rl, g)));
  return sum;
}

@inline function upNew<Q>(C: usize, H: usize, left: usize, right: usize, t: usize, rl: v128, g: v128): v128 {
  const fromRight = v128.load(right, offsetof<Q>());
  const D = f64x2.sub(v128.load(left, offsetof<Q>()), fromRight);
  const f = f64x2.add(rl, f64x2.mul(g, v128.load(t, offsetof<Q>())));
  const gain = f64x2.mul(v128.load(C, offsetof<Q>()), D);
  v128.store(H, f64x2.add(fromRight, f64x2.mul(f, D)), offsetof<Q>());
  return gain;
}

@inline function upRepeatedPoints<P, Z>(size: usize, Z: usize, scale: v128, C: usize, H: usize, left: usize, right: usize, factor: usize): v128 {
  if (number<P>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < size; q += 16) sum = f64x2.add(sum, keep<Z, Q0>(Z + q, scale, upRepeated<Q0>(C + q, H + q, left + q, right + q, factor + q)));
    return sum;
  }
  let sum = keep<Z, Q0>(Z, scale, upRepeated<Q0>(C, H, left, right, factor));
  if (number<P>() > 1) sum = f64x2.add(sum, keep<Z, Q1>(Z, scale, upRepeated<Q1>(C, H, left, right, factor)));
  if (number<P>() > 2) sum = f64x2.add(sum, keep<Z, Q2>(Z, scale, upRepeated<Q2>(C, H, left, right, factor)));
  if (number<P>() > 3) sum = f64x2.add(sum, keep<Z, Q3>(Z, scale, upRepeated<Q3>(C, H, left, right, factor)));
  return sum;
}

@inline function upRepeated<Q>(C: usize, H: usize, left: usize, right: usize, factor: usize): v128 {
  const fromRight = v128.load(right, offsetof<Q>());
  const D = f64x2.sub(v128.load(left, offsetof<Q>()), fromRight);
  const gain = f64x2.mul(v128.load(C, offsetof<Q>()), D);
  v128.store(H, f64x2.add(fromRight, f64x2.mul(v128.load(factor, offsetof<Q>()), D)), offsetof<Q>());
  return gain;
}
