// The pass up over one row: H of every node, the value expected below it, and what its feature gets.
import {
  CONTEXT_ABOVE, CONTEXT_BELOW, CONTEXT_GAINS, CONTEXT_SIDES, DOUBLE,
  FORK_ANCESTOR, FORK_FEATURE, FORK_SHARES, FORK_SIZE, FORK_THRESHOLD, FORK_VALUE_DIFFERENCE,
  FORK_VALUE_MEAN, FORK_VALUE_SIZE, FORK_WEIGHT, FORK_X, SIDES_SIZE,
  SPLIT_FEATURE, SPLIT_LEFT, SPLIT_RIGHT, SPLIT_SHARES, SPLIT_SIZE, SPLIT_WEIGHT,
  TREE_FORKS, TREE_FORK_COUNT, TREE_FORK_VALUES, TREE_LEAF_COUNT, TREE_LEAVES, TREE_MIXED_QUARTETS,
  TREE_PLAIN_QUARTETS, TREE_REPEATED_FORKS, TREE_RULE, TREE_RUNS, TREE_RUN_COUNT, TREE_SPLITS, TREE_SPLIT_COUNT,
} from "./layout";
import { upMixed, upPlain } from "./row-quartets";
import { addTo, factor, onesOf, pairIn, pairOf, Q0, Q1, Q2, Q3, slotSize, surplus } from "./row-slots";
import { number } from "./sizes";

/**
 * Computes H of all nodes for one output and adds its SHAP values to phi, two lanes per feature. With E = N1 quartets
 * are computed as one. With Z = N1 what every node adds stays in the area of gains, by slot and point.
 */
export function passUp<P, E, Z>(context: usize, tree: usize, output: usize, phi: usize): void {
  const above = <usize>load<u32>(context, CONTEXT_ABOVE);
  const below = <usize>load<u32>(context, CONTEXT_BELOW);
  const sides = <usize>load<u32>(context, CONTEXT_SIDES);
  const size = slotSize<P>(tree);
  const rule = <usize>load<u32>(tree, TREE_RULE);
  const one = onesOf<P>(tree);
  const gains: usize = number<Z>() > 0 ? <usize>load<u32>(context, CONTEXT_GAINS) : 0;
  const splitCount = <usize>load<u32>(tree, TREE_SPLIT_COUNT);
  const forkCount = <usize>load<u32>(tree, TREE_FORK_COUNT);
  const newForks = forkCount - <usize>load<u32>(tree, TREE_REPEATED_FORKS);

  // Leaves beside an inner node. Their slots come last.
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

  // Forks: D is the difference of two leaves, the same at every point. Those of plain quartets come first, those of mixed
  // ones last.
  const forks = <usize>load<u32>(tree, TREE_FORKS);
  const forkValues = <usize>load<u32>(tree, TREE_FORK_VALUES) + output * forkCount * FORK_VALUE_SIZE;
  const plain = <usize>load<u32>(tree, TREE_PLAIN_QUARTETS);
  const mixed = <usize>load<u32>(tree, TREE_MIXED_QUARTETS);
  const firstFork = number<E>() > 0 ? 2 * plain : 0;
  const lastFork = number<E>() > 0 ? forkCount - 2 * mixed : forkCount;
  let fork = forks + firstFork * FORK_SIZE;
  let values = forkValues + firstFork * FORK_VALUE_SIZE;
  let C = above + (splitCount + firstFork) * size;
  H = below + (splitCount + firstFork) * size;
  let Z = gains + (splitCount + firstFork) * size;
  const newEnd = forks + newForks * FORK_SIZE;
  for (; fork < newEnd; fork += FORK_SIZE) {
    const isLeft = f64x2.le(v128.load64_splat(<usize>load<u32>(fork, FORK_X)), v128.load64_splat(fork, FORK_THRESHOLD));
    const g = surplus(isLeft, v128.load64_splat(fork, FORK_WEIGHT), one);
    const gain = f64x2.mul(g, v128.load64_splat(values, FORK_VALUE_DIFFERENCE));
    const sum = forkNewPoints<P, Z>(size, Z, gain, C, H, rule, v128.load64_splat(values, FORK_VALUE_MEAN), gain);
    addTo(phi + <usize>load<u32>(fork, FORK_FEATURE), f64x2.mul(gain, sum));
    C += size;
    H += size;
    Z += size;
    values += FORK_VALUE_SIZE;
  }
  const forkEnd = forks + lastFork * FORK_SIZE;
  for (; fork < forkEnd; fork += FORK_SIZE) {
    const isLeft = f64x2.le(v128.load64_splat(<usize>load<u32>(fork, FORK_X)), v128.load64_splat(fork, FORK_THRESHOLD));
    const alive = v128.load64_splat(sides + <usize>load<u32>(fork, FORK_ANCESTOR));
    const g = v128.and(alive, surplus(isLeft, v128.load64_splat(fork, FORK_WEIGHT), one));
    const gain = f64x2.mul(g, v128.load64_splat(values, FORK_VALUE_DIFFERENCE));
    const shares = <usize>load<u32>(fork, FORK_SHARES);
    const sum = forkRepeatedPoints<P, Z>(size, Z, gain, C, H, shares, shares + size, v128.load64_splat(values, FORK_VALUE_MEAN), gain);
    addTo(phi + <usize>load<u32>(fork, FORK_FEATURE), f64x2.mul(gain, sum));
    C += size;
    H += size;
    Z += size;
    values += FORK_VALUE_SIZE;
  }

  const t0 = pairIn<P, Q0>(rule);
  const t1 = pairIn<P, Q1>(rule);
  const t2 = pairIn<P, Q2>(rule);
  const t3 = pairIn<P, Q3>(rule);
  // Splits, children first: the runs backwards.
  const firstRun = <usize>load<u32>(tree, TREE_RUNS);
  let runCount = load<i32>(tree, TREE_RUN_COUNT);
  let last = splitCount;
  if (number<E>() > 0) {
    runCount -= 2;
    last -= plain + mixed;
    upPlain<P>(tree, above, below, rule, one, phi, forks, forkValues, last, plain);
    upMixed<P>(tree, above, below, sides, one, phi, forks + lastFork * FORK_SIZE, forkValues + lastFork * FORK_VALUE_SIZE, last + plain, mixed);
  }
  let split = <usize>load<u32>(tree, TREE_SPLITS) + last * SPLIT_SIZE;
  let side = sides + (last + 1) * SIDES_SIZE;
  C = above + last * size;
  H = below + last * size;
  Z = gains + last * size;
  for (let r = runCount - 1; r >= 0; r--) {
    const start = split - <usize>load<u32>(firstRun + (<usize>r << 2)) * SPLIT_SIZE;
    if (r & 1) while (split > start) {
      split -= SPLIT_SIZE;
      side -= SIDES_SIZE;
      C -= size;
      H -= size;
      Z -= size;
      const left = below + <usize>load<u32>(split, SPLIT_LEFT);
      const right = below + <usize>load<u32>(split, SPLIT_RIGHT);
      const g = v128.load(side, 16);
      const shares = <usize>load<u32>(split, SPLIT_SHARES);
      const sum = upRepeatedPoints<P, Z>(size, Z, g, C, H, left, right, shares, shares + size, v128.load64_splat(split, SPLIT_WEIGHT), g);
      addTo(phi + <usize>load<u32>(split, SPLIT_FEATURE), f64x2.mul(g, sum));
    } else while (split > start) {
      split -= SPLIT_SIZE;
      side -= SIDES_SIZE;
      C -= size;
      H -= size;
      Z -= size;
      const left = below + <usize>load<u32>(split, SPLIT_LEFT);
      const right = below + <usize>load<u32>(split, SPLIT_RIGHT);
      const g = v128.load(side, 16);
      const sum = upNewPoints<P, Z>(size, Z, g, C, H, left, right, rule, t0, t1, t2, t3, v128.load64_splat(split, SPLIT_WEIGHT), g);
      addTo(phi + <usize>load<u32>(split, SPLIT_FEATURE), f64x2.mul(g, sum));
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

@inline function forkRepeatedPoints<P, Z>(size: usize, Z: usize, scale: v128, C: usize, H: usize, t: usize, weights: usize, mean: v128, gain: v128): v128 {
  if (number<P>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < size; q += 16) sum = f64x2.add(sum, keep<Z, Q0>(Z + q, scale, forkRepeated<Q0>(C + q, H + q, t + q, weights + q, mean, gain)));
    return sum;
  }
  let sum = keep<Z, Q0>(Z, scale, forkRepeated<Q0>(C, H, t, weights, mean, gain));
  if (number<P>() > 1) sum = f64x2.add(sum, keep<Z, Q1>(Z, scale, forkRepeated<Q1>(C, H, t, weights, mean, gain)));
  if (number<P>() > 2) sum = f64x2.add(sum, keep<Z, Q2>(Z, scale, forkRepeated<Q2>(C, H, t, weights, mean, gain)));
  if (number<P>() > 3) sum = f64x2.add(sum, keep<Z, Q3>(Z, scale, forkRepeated<Q3>(C, H, t, weights, mean, gain)));
  return sum;
}

@inline function forkRepeated<Q>(C: usize, H: usize, t: usize, weights: usize, mean: v128, gain: v128): v128 {
  const c = v128.load(C, offsetof<Q>());
  v128.store(H, f64x2.add(mean, f64x2.mul(gain, v128.load(t, offsetof<Q>()))), offsetof<Q>());
  return f64x2.mul(c, v128.load(weights, offsetof<Q>()));
}

@inline function upNewPoints<P, Z>(size: usize, Z: usize, scale: v128, C: usize, H: usize, left: usize, right: usize, t: usize, t0: v128, t1: v128, t2: v128, t3: v128, rl: v128, g: v128): v128 {
  if (number<P>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < size; q += 16) sum = f64x2.add(sum, keep<Z, Q0>(Z + q, scale, up<Q0>(C + q, H + q, left + q, right + q, factor(pairOf<Q0>(t + q), rl, g))));
    return sum;
  }
  let sum = keep<Z, Q0>(Z, scale, up<Q0>(C, H, left, right, factor(t0, rl, g)));
  if (number<P>() > 1) sum = f64x2.add(sum, keep<Z, Q1>(Z, scale, up<Q1>(C, H, left, right, factor(t1, rl, g))));
  if (number<P>() > 2) sum = f64x2.add(sum, keep<Z, Q2>(Z, scale, up<Q2>(C, H, left, right, factor(t2, rl, g))));
  if (number<P>() > 3) sum = f64x2.add(sum, keep<Z, Q3>(Z, scale, up<Q3>(C, H, left, right, factor(t3, rl, g))));
  return sum;
}

@inline function upRepeatedPoints<P, Z>(size: usize, Z: usize, scale: v128, C: usize, H: usize, left: usize, right: usize, t: usize, weights: usize, rl: v128, g: v128): v128 {
  if (number<P>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < size; q += 16) sum = f64x2.add(sum, keep<Z, Q0>(Z + q, scale, f64x2.mul(up<Q0>(C + q, H + q, left + q, right + q, factor(pairOf<Q0>(t + q), rl, g)), v128.load(weights + q, offsetof<Q0>()))));
    return sum;
  }
  let sum = keep<Z, Q0>(Z, scale, f64x2.mul(up<Q0>(C, H, left, right, factor(pairOf<Q0>(t), rl, g)), v128.load(weights, offsetof<Q0>())));
  if (number<P>() > 1) sum = f64x2.add(sum, keep<Z, Q1>(Z, scale, f64x2.mul(up<Q1>(C, H, left, right, factor(pairOf<Q1>(t), rl, g)), v128.load(weights, offsetof<Q1>()))));
  if (number<P>() > 2) sum = f64x2.add(sum, keep<Z, Q2>(Z, scale, f64x2.mul(up<Q2>(C, H, left, right, factor(pairOf<Q2>(t), rl, g)), v128.load(weights, offsetof<Q2>()))));
  if (number<P>() > 3) sum = f64x2.add(sum, keep<Z, Q3>(Z, scale, f64x2.mul(up<Q3>(C, H, left, right, factor(pairOf<Q3>(t), rl, g)), v128.load(weights, offsetof<Q3>()))));
  return sum;
}

/** Writes H of a split; returns C D. */
@inline function up<Q>(C: usize, H: usize, left: usize, right: usize, f: v128): v128 {
  const fromRight = v128.load(right, offsetof<Q>());
  const D = f64x2.sub(v128.load(left, offsetof<Q>()), fromRight);
  const gain = f64x2.mul(v128.load(C, offsetof<Q>()), D);
  v128.store(H, f64x2.add(fromRight, f64x2.mul(f, D)), offsetof<Q>());
  return gain;
}
