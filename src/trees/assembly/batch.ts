// SHAP values of many rows: lanes are rows, four at a time in two vectors, and every node is loaded once for four
// rows. The same passes as in row.ts; a chunk of rows stays in the cache while one tree after the other goes over it.
import {
  CONTEXT_ABOVE, CONTEXT_BELOW, CONTEXT_BELOW_SIZE, CONTEXT_BLOCKS, CONTEXT_FACTORS, CONTEXT_FEATURES,
  CONTEXT_OUTPUT_COUNT, CONTEXT_OUTPUTS, CONTEXT_PHI, CONTEXT_SIDES, CONTEXT_TREE_COUNT, CONTEXT_TREES, CONTEXT_X,
  CONTEXT_X_SIZE,
  FORK_ABOVE, FORK_ANCESTOR, FORK_FEATURE, FORK_INVERSE, FORK_SIZE, FORK_THRESHOLD, FORK_WEIGHT, FORK_X,
  SPLIT_ABOVE, SPLIT_ANCESTOR, SPLIT_FEATURE, SPLIT_INVERSE, SPLIT_LEFT_ABOVE, SPLIT_LEFT_BELOW, SPLIT_REST,
  SPLIT_RIGHT_ABOVE, SPLIT_RIGHT_BELOW, SPLIT_SIZE, SPLIT_THRESHOLD, SPLIT_WEIGHT, SPLIT_X,
  TREE_FORK_COUNT, TREE_FORK_VALUES, TREE_FORKS, TREE_LEAF_COUNT, TREE_LEAVES, TREE_NEW_FORKS, TREE_POINTS,
  TREE_RULE, TREE_RUN_COUNT, TREE_RUNS, TREE_SIZE, TREE_SPLIT_COUNT, TREE_SPLITS,
} from "./layout";
import { N0, N1, N2, N3, N4, N5, N6, N7, N8, number } from "./sizes";

/** Bytes per split in the area of sides: masks of rows alive on the left and on the right, and s − rl. */
@inline const SIDES: usize = 96;

/** Four rows of one point. */
@inline const LANES: usize = 32;

export function explainRows(context: usize): void {
  const end = <usize>load<u32>(context, CONTEXT_TREES) + <usize>load<u32>(context, CONTEXT_TREE_COUNT) * TREE_SIZE;
  for (let tree = <usize>load<u32>(context, CONTEXT_TREES); tree < end; tree += TREE_SIZE) {
    switch (load<i32>(tree, TREE_POINTS)) {
      case 1: explainTree<N1>(context, tree); break;
      case 2: explainTree<N2>(context, tree); break;
      case 3: explainTree<N3>(context, tree); break;
      case 4: explainTree<N4>(context, tree); break;
      case 5: explainTree<N5>(context, tree); break;
      case 6: explainTree<N6>(context, tree); break;
      case 7: explainTree<N7>(context, tree); break;
      case 8: explainTree<N8>(context, tree); break;
      default: explainTree<N0>(context, tree);
    }
  }
}

@inline function pointsOf<N>(tree: usize): usize {
  return number<N>() > 0 ? <usize>number<N>() : <usize>load<u32>(tree, TREE_POINTS);
}

function explainTree<N>(context: usize, tree: usize): void {
  const features = <usize>load<u32>(context, CONTEXT_FEATURES);
  const outputs = <usize>load<u32>(context, CONTEXT_OUTPUTS);
  const count = <usize>load<u32>(context, CONTEXT_OUTPUT_COUNT);
  const belowSize = <usize>load<u32>(context, CONTEXT_BELOW_SIZE);
  const xSize = <usize>load<u32>(context, CONTEXT_X_SIZE);
  const blocks = <usize>load<u32>(context, CONTEXT_BLOCKS);
  const firstBelow = <usize>load<u32>(context, CONTEXT_BELOW);
  for (let k: usize = 0; k < count; k++)
    fillLeaves<N>(tree, <usize>load<u32>(outputs + (k << 2)), firstBelow + k * belowSize);
  let x = <usize>load<u32>(context, CONTEXT_X);
  let phi = <usize>load<u32>(context, CONTEXT_PHI);
  for (let block: usize = 0; block < blocks; block++) {
    passDown<N>(context, tree, x);
    let below = firstBelow;
    for (let k: usize = 0; k < count; k++) {
      passUp<N>(context, tree, x, <usize>load<u32>(outputs + (k << 2)), below, phi);
      phi += features * LANES;
      below += belowSize;
    }
    x += xSize;
  }
}

/** Leaves beside an inner node keep their slots for all rows: nothing else is written there. */
function fillLeaves<N>(tree: usize, output: usize, below: usize): void {
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

function passDown<N>(context: usize, tree: usize, x: usize): void {
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
      const value = x + <usize>load<u32>(split, SPLIT_X) * 4;
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
      side += SIDES;
    }
    run += 4;
    if (run >= runEnd) break;
    end = split + <usize>load<u32>(run) * SPLIT_SIZE;
    for (; split < end; split += SPLIT_SIZE) {
      const value = x + <usize>load<u32>(split, SPLIT_X) * 4;
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
      side += SIDES;
      factor += size;
    }
    run += 4;
  }
}

/** Where the mask of a place stands: two of 32 bytes at the beginning of every split's sides. */
@inline function sideOffset(place: u32): usize {
  return <usize>(place >> 1) * SIDES + (<usize>(place & 1) << 5);
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

/** Adds one output's SHAP values of four rows to phi, [feature][row]. */
function passUp<N>(context: usize, tree: usize, x: usize, output: usize, below: usize, phi: usize): void {
  const above = <usize>load<u32>(context, CONTEXT_ABOVE);
  const sides = <usize>load<u32>(context, CONTEXT_SIDES);
  const points = pointsOf<N>(tree);
  const size = points * LANES;
  const rule = <usize>load<u32>(tree, TREE_RULE);
  const one = f64x2.splat(1);
  const splitCount = <usize>load<u32>(tree, TREE_SPLIT_COUNT);
  const forkCount = <usize>load<u32>(tree, TREE_FORK_COUNT);

  let fork = <usize>load<u32>(tree, TREE_FORKS);
  let values = <usize>load<u32>(tree, TREE_FORK_VALUES) + output * forkCount * 16;
  let C = above + splitCount * size;
  let H = below + splitCount * size;
  const newEnd = fork + <usize>load<u32>(tree, TREE_NEW_FORKS) * FORK_SIZE;
  for (; fork < newEnd; fork += FORK_SIZE) {
    const value = x + <usize>load<u32>(fork, FORK_X) * 4;
    const threshold = v128.load64_splat(fork, FORK_THRESHOLD);
    const rl = v128.load64_splat(fork, FORK_WEIGHT);
    const mean = v128.load64_splat(values);
    const difference = v128.load64_splat(values, 8);
    const g0 = f64x2.sub(v128.and(f64x2.le(v128.load(value), threshold), one), rl);
    const g1 = f64x2.sub(v128.and(f64x2.le(v128.load(value, 16), threshold), one), rl);
    const gain0 = f64x2.mul(g0, difference);
    const gain1 = f64x2.mul(g1, difference);
    const sum0 = forkNewPoints<N, N0>(points, C, H, rule, mean, gain0);
    const sum1 = forkNewPoints<N, N1>(points, C, H, rule, mean, gain1);
    addTo(phi + <usize>load<u32>(fork, FORK_FEATURE) * 2, f64x2.mul(gain0, sum0), f64x2.mul(gain1, sum1));
    C += size;
    H += size;
    values += 16;
  }
  const forkEnd = <usize>load<u32>(tree, TREE_FORKS) + forkCount * FORK_SIZE;
  for (; fork < forkEnd; fork += FORK_SIZE) {
    const value = x + <usize>load<u32>(fork, FORK_X) * 4;
    const threshold = v128.load64_splat(fork, FORK_THRESHOLD);
    const ancestor = sides + sideOffset(load<u32>(fork, FORK_ANCESTOR));
    const alive0 = v128.load(ancestor);
    const alive1 = v128.load(ancestor, 16);
    const rl = v128.load64_splat(fork, FORK_WEIGHT);
    const R = v128.load64_splat(fork, FORK_ABOVE);
    const rest = f64x2.mul(R, rl);
    const s0 = v128.and(f64x2.le(v128.load(value), threshold), one);
    const s1 = v128.and(f64x2.le(v128.load(value, 16), threshold), one);
    const fromRight = v128.load64_splat(values);
    const difference = v128.load64_splat(values, 8);
    const scale = f64x2.mul(R, difference);
    const inverse = <usize>load<u32>(fork, FORK_INVERSE);
    const sum0 = forkRepeatedPoints<N, N0>(points, C, H, rule, inverse, rl, rest, f64x2.sub(s0, rest), alive0, fromRight, difference);
    const sum1 = forkRepeatedPoints<N, N1>(points, C, H, rule, inverse, rl, rest, f64x2.sub(s1, rest), alive1, fromRight, difference);
    const gain0 = v128.and(alive0, f64x2.mul(f64x2.sub(s0, rl), scale));
    const gain1 = v128.and(alive1, f64x2.mul(f64x2.sub(s1, rl), scale));
    addTo(phi + <usize>load<u32>(fork, FORK_FEATURE) * 2, f64x2.mul(gain0, sum0), f64x2.mul(gain1, sum1));
    C += size;
    H += size;
    values += 16;
  }

  const firstRun = <usize>load<u32>(tree, TREE_RUNS);
  const runCount = load<i32>(tree, TREE_RUN_COUNT);
  let split = <usize>load<u32>(tree, TREE_SPLITS) + splitCount * SPLIT_SIZE;
  let side = sides + splitCount * SIDES;
  let factor = <usize>load<u32>(context, CONTEXT_FACTORS);
  for (let r = 1; r < runCount; r += 2) factor += <usize>load<u32>(firstRun + (<usize>r << 2)) * size;
  C = above + splitCount * size;
  H = below + splitCount * size;
  for (let r = runCount - 1; r >= 0; r--) {
    const start = split - <usize>load<u32>(firstRun + (<usize>r << 2)) * SPLIT_SIZE;
    while (split > start) {
      split -= SPLIT_SIZE;
      side -= SIDES;
      C -= size;
      H -= size;
      const left = below + <usize>load<u32>(split, SPLIT_LEFT_BELOW) * size;
      const right = below + <usize>load<u32>(split, SPLIT_RIGHT_BELOW) * size;
      const g0 = v128.load(side, 64);
      const g1 = v128.load(side, 80);
      let sum0: v128;
      let sum1: v128;
      if (r & 1) {
        factor -= size;
        sum0 = upRepeatedPoints<N, N0>(points, C, H, left, right, factor);
        sum1 = upRepeatedPoints<N, N1>(points, C, H, left, right, factor);
      } else {
        const rl = v128.load64_splat(split, SPLIT_WEIGHT);
        sum0 = upNewPoints<N, N0>(points, C, H, left, right, rule, rl, g0);
        sum1 = upNewPoints<N, N1>(points, C, H, left, right, rule, rl, g1);
      }
      addTo(phi + <usize>load<u32>(split, SPLIT_FEATURE) * 2, f64x2.mul(g0, sum0), f64x2.mul(g1, sum1));
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

@inline function forkRepeatedPoints<N, S>(points: usize, C: usize, H: usize, t: usize, inverse: usize, rl: v128, rest: v128, h: v128, alive: v128, fromRight: v128, difference: v128): v128 {
  if (number<N>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < points; q++) sum = f64x2.add(sum, forkRepeated<N0, S>(C + q * LANES, H + q * LANES, t + q * 8, inverse + q * 8, rl, rest, h, alive, fromRight, difference));
    return sum;
  }
  let sum = forkRepeated<N0, S>(C, H, t, inverse, rl, rest, h, alive, fromRight, difference);
  if (number<N>() > 1) sum = f64x2.add(sum, forkRepeated<N1, S>(C, H, t, inverse, rl, rest, h, alive, fromRight, difference));
  if (number<N>() > 2) sum = f64x2.add(sum, forkRepeated<N2, S>(C, H, t, inverse, rl, rest, h, alive, fromRight, difference));
  if (number<N>() > 3) sum = f64x2.add(sum, forkRepeated<N3, S>(C, H, t, inverse, rl, rest, h, alive, fromRight, difference));
  if (number<N>() > 4) sum = f64x2.add(sum, forkRepeated<N4, S>(C, H, t, inverse, rl, rest, h, alive, fromRight, difference));
  if (number<N>() > 5) sum = f64x2.add(sum, forkRepeated<N5, S>(C, H, t, inverse, rl, rest, h, alive, fromRight, difference));
  if (number<N>() > 6) sum = f64x2.add(sum, forkRepeated<N6, S>(C, H, t, inverse, rl, rest, h, alive, fromRight, difference));
  if (number<N>() > 7) sum = f64x2.add(sum, forkRepeated<N7, S>(C, H, t, inverse, rl, rest, h, alive, fromRight, difference));
  return sum;
}

@inline function forkRepeated<Q, S>(C: usize, H: usize, t: usize, inverse: usize, rl: v128, rest: v128, h: v128, alive: v128, fromRight: v128, difference: v128): v128 {
  const c = v128.load(C, offsetof<Q>() * 32 + offsetof<S>() * 16);
  const inv = v128.load64_splat(inverse, offsetof<Q>() * 8);
  const f = v128.bitselect(
    f64x2.mul(inv, f64x2.add(rest, f64x2.mul(h, v128.load64_splat(t, offsetof<Q>() * 8)))),
    rl,
    alive,
  );
  v128.store(H, f64x2.add(fromRight, f64x2.mul(difference, f)), offsetof<Q>() * 32 + offsetof<S>() * 16);
  return f64x2.mul(c, f64x2.mul(inv, inv));
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

@inline function upNew<Q, S>(C: usize, H: usize, left: usize, right: usize, t: usize, rl: v128, g: v128): v128 {
  const fromRight = v128.load(right, offsetof<Q>() * 32 + offsetof<S>() * 16);
  const D = f64x2.sub(v128.load(left, offsetof<Q>() * 32 + offsetof<S>() * 16), fromRight);
  const f = f64x2.add(rl, f64x2.mul(g, v128.load64_splat(t, offsetof<Q>() * 8)));
  const gain = f64x2.mul(v128.load(C, offsetof<Q>() * 32 + offsetof<S>() * 16), D);
  v128.store(H, f64x2.add(fromRight, f64x2.mul(f, D)), offsetof<Q>() * 32 + offsetof<S>() * 16);
  return gain;
}

@inline function upRepeatedPoints<N, S>(points: usize, C: usize, H: usize, left: usize, right: usize, factor: usize): v128 {
  if (number<N>() == 0) {
    let sum = f64x2.splat(0);
    for (let q: usize = 0; q < points; q++) sum = f64x2.add(sum, upRepeated<N0, S>(C + q * LANES, H + q * LANES, left + q * LANES, right + q * LANES, factor + q * LANES));
    return sum;
  }
  let sum = upRepeated<N0, S>(C, H, left, right, factor);
  if (number<N>() > 1) sum = f64x2.add(sum, upRepeated<N1, S>(C, H, left, right, factor));
  if (number<N>() > 2) sum = f64x2.add(sum, upRepeated<N2, S>(C, H, left, right, factor));
  if (number<N>() > 3) sum = f64x2.add(sum, upRepeated<N3, S>(C, H, left, right, factor));
  if (number<N>() > 4) sum = f64x2.add(sum, upRepeated<N4, S>(C, H, left, right, factor));
  if (number<N>() > 5) sum = f64x2.add(sum, upRepeated<N5, S>(C, H, left, right, factor));
  if (number<N>() > 6) sum = f64x2.add(sum, upRepeated<N6, S>(C, H, left, right, factor));
  if (number<N>() > 7) sum = f64x2.add(sum, upRepeated<N7, S>(C, H, left, right, factor));
  return sum;
}

@inline function upRepeated<Q, S>(C: usize, H: usize, left: usize, right: usize, factor: usize): v128 {
  const fromRight = v128.load(right, offsetof<Q>() * 32 + offsetof<S>() * 16);
  const D = f64x2.sub(v128.load(left, offsetof<Q>() * 32 + offsetof<S>() * 16), fromRight);
  const gain = f64x2.mul(v128.load(C, offsetof<Q>() * 32 + offsetof<S>() * 16), D);
  v128.store(H, f64x2.add(fromRight, f64x2.mul(v128.load(factor, offsetof<Q>() * 32 + offsetof<S>() * 16), D)), offsetof<Q>() * 32 + offsetof<S>() * 16);
  return gain;
}
