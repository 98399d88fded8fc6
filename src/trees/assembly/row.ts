// SHAP values of one row: lanes are the points of the quadrature, in pairs. The recurrences, and the names C, H, f
// and D, are those of ../tree-shap-reference.ts. With u = 1 − t a new feature's f is rl + (s − rl) t.
import {
  CONTEXT_ABOVE, CONTEXT_BELOW, CONTEXT_FACTORS, CONTEXT_FEATURES, CONTEXT_GAINS, CONTEXT_OUTPUT_COUNT, CONTEXT_OUTPUTS,
  CONTEXT_PHI, CONTEXT_SIDES, CONTEXT_TREE_COUNT, CONTEXT_TREES, CONTEXT_X,
  FORK_ABOVE, FORK_ANCESTOR, FORK_FEATURE, FORK_INVERSE, FORK_SIZE, FORK_THRESHOLD, FORK_WEIGHT, FORK_X,
  SPLIT_ABOVE, SPLIT_ANCESTOR, SPLIT_FEATURE, SPLIT_INVERSE, SPLIT_LEFT_ABOVE, SPLIT_LEFT_BELOW, SPLIT_REST,
  SPLIT_RIGHT_ABOVE, SPLIT_RIGHT_BELOW, SPLIT_SIZE, SPLIT_THRESHOLD, SPLIT_WEIGHT, SPLIT_X,
  TREE_FORK_COUNT, TREE_FORK_VALUES, TREE_FORKS, TREE_LEAF_COUNT, TREE_LEAVES, TREE_NEW_FORKS, TREE_POINTS,
  TREE_RULE, TREE_RUN_COUNT, TREE_RUNS, TREE_SIZE, TREE_SPLIT_COUNT, TREE_SPLITS,
} from "./layout";
import { N0, N1, N2, N3, N4, number } from "./sizes";

// Offsets of the pairs of points.
@unmanaged export class Q0 {}
@unmanaged export class Q1 { a: v128 }
@unmanaged export class Q2 extends Q1 { b: v128 }
@unmanaged export class Q3 extends Q2 { c: v128 }

/** Bytes per split in the area of sides: where rows that go left and right are alive, and s − rl of the node. */
@inline export const SIDES: usize = 32;

export function explainRow(context: usize): void {
  const end = <usize>load<u32>(context, CONTEXT_TREES) + <usize>load<u32>(context, CONTEXT_TREE_COUNT) * TREE_SIZE;
  for (let tree = <usize>load<u32>(context, CONTEXT_TREES); tree < end; tree += TREE_SIZE) {
    const points = load<i32>(tree, TREE_POINTS);
    if (points > 8) explainTree<N0>(context, tree);
    else if (points > 6) explainTree<N4>(context, tree);
    else if (points > 4) explainTree<N3>(context, tree);
    else if (points > 2) explainTree<N2>(context, tree);
    else explainTree<N1>(context, tree);
  }
}

/** Bytes of a slot: one double per point, in pairs. */
@inline export function slotSize<P>(tree: usize): usize {
  return number<P>() > 0 ? <usize>number<P>() * 16 : <usize>((load<u32>(tree, TREE_POINTS) + 1) >> 1) * 16;
}

function explainTree<P>(context: usize, tree: usize): void {
  passDown<P>(context, tree);
  const outputs = <usize>load<u32>(context, CONTEXT_OUTPUTS);
  const count = load<i32>(context, CONTEXT_OUTPUT_COUNT);
  const features = <usize>load<u32>(context, CONTEXT_FEATURES);
  let phi = <usize>load<u32>(context, CONTEXT_PHI);
  for (let k = 0; k < count; k++) {
    passUp<P, N0>(context, tree, <usize>load<u32>(outputs + (<usize>k << 2)), phi);
    phi += features * 16;
  }
}

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
      side += SIDES;
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
      side += SIDES;
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
  let leaf = <usize>load<u32>(tree, TREE_LEAVES) + output * leafCount * 8;
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
  let values = <usize>load<u32>(tree, TREE_FORK_VALUES) + output * forkCount * 16;
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
    const mean = v128.load64_splat(values);
    const gain = f64x2.mul(g, v128.load64_splat(values, 8));
    const sum = forkNewPoints<P, Z>(size, Z, gain, C, H, rule, mean, gain);
    const total = phi + <usize>load<u32>(fork, FORK_FEATURE);
    v128.store(total, f64x2.add(v128.load(total), f64x2.mul(gain, sum)));
    C += size;
    H += size;
    Z += size;
    values += 16;
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
    const fromRight = v128.load64_splat(values);
    const difference = v128.load64_splat(values, 8);
    const gain = v128.and(alive, f64x2.mul(f64x2.mul(f64x2.sub(s, rl), R), difference));
    const inverse = <usize>load<u32>(fork, FORK_INVERSE);
    const sum = forkRepeatedPoints<P, Z>(size, Z, gain, C, H, rule, inverse, rl, rest, h, alive, fromRight, difference);
    const total = phi + <usize>load<u32>(fork, FORK_FEATURE);
    v128.store(total, f64x2.add(v128.load(total), f64x2.mul(gain, sum)));
    C += size;
    H += size;
    Z += size;
    values += 16;
  }

  // Splits, children first: the runs backwards.
  const firstRun = <usize>load<u32>(tree, TREE_RUNS);
  const runCount = load<i32>(tree, TREE_RUN_COUNT);
  let split = <usize>load<u32>(tree, TREE_SPLITS) + splitCount * SPLIT_SIZE;
  let side = sides + splitCount * SIDES;
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
      side -= SIDES;
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
      side -= SIDES;
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

/** Where the mask of a place stands: two of 8 bytes at the beginning of every split's sides. */
@inline export function sideOffset(place: u32): usize {
  return (<usize>(place >> 1) << 5) + (<usize>(place & 1) << 3);
}
