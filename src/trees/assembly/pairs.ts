// SHAP interaction values of one row and one output: every node's gain Z meets the nearest edge of every other feature
// on the path above. Sums stay in [feature][feature], two lanes each.
import {
  CONTEXT_FEATURES, CONTEXT_GAINS, CONTEXT_OUTPUTS, CONTEXT_PAIRS, CONTEXT_PARTNERS, CONTEXT_PHI, CONTEXT_SIDES,
  CONTEXT_TREES, CONTEXT_TREE_COUNT, FORK_FEATURE, FORK_SIZE,
  PARTNER_EDGE, PARTNER_FEATURE, PARTNER_SIZE, SIDES_SIZE, SPLIT_FEATURE, SPLIT_SIZE,
  TREE_EDGES, TREE_FORKS, TREE_FORK_COUNT, TREE_PARTNERS, TREE_PARTNER_ENDS, TREE_POINTS, TREE_SIZE, TREE_SPLITS,
  TREE_SPLIT_COUNT,
} from "./layout";
import { passDown } from "./row-down";
import { slotSize } from "./row-slots";
import { passUp } from "./row-up";
import { N0, N1, N2, N3, N4, number } from "./sizes";

export function explainPairs(context: usize): void {
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

function explainTree<P>(context: usize, tree: usize): void {
  passDown<P, N0>(context, tree);
  const output = <usize>load<u32>(<usize>load<u32>(context, CONTEXT_OUTPUTS));
  passUp<P, N0, N1>(context, tree, output, <usize>load<u32>(context, CONTEXT_PHI));
  const size = slotSize<P>(tree);
  findPartners(context, tree, size);
  const rowSize = <usize>load<u32>(context, CONTEXT_FEATURES);
  const pairs = <usize>load<u32>(context, CONTEXT_PAIRS);
  const splits = <usize>load<u32>(tree, TREE_SPLITS);
  const splitCount = <usize>load<u32>(tree, TREE_SPLIT_COUNT);
  const forks = <usize>load<u32>(tree, TREE_FORKS);
  const forkCount = <usize>load<u32>(tree, TREE_FORK_COUNT);
  for (let i: usize = 0; i < splitCount; i++) {
    const feature = <usize>load<u32>(splits + i * SPLIT_SIZE, SPLIT_FEATURE);
    meetPartners<P>(context, tree, i, size, pairs + feature * rowSize);
  }
  for (let i: usize = 0; i < forkCount; i++) {
    const feature = <usize>load<u32>(forks + i * FORK_SIZE, FORK_FEATURE);
    meetPartners<P>(context, tree, splitCount + i, size, pairs + feature * rowSize);
  }
}

/** Writes the address of the vector that holds for the row, per edge. */
function findPartners(context: usize, tree: usize, size: usize): void {
  const left = <usize>load<u32>(tree, TREE_EDGES);
  let edge = left + size;
  let side = <usize>load<u32>(context, CONTEXT_SIDES) + SIDES_SIZE;
  let partner = <usize>load<u32>(context, CONTEXT_PARTNERS);
  for (const end = partner + <usize>load<u32>(tree, TREE_SPLIT_COUNT) * 8; partner < end; partner += 8) {
    store<u32>(partner, <u32>select<usize>(edge, left, load<i64>(side) != 0));
    store<u32>(partner, <u32>select<usize>(edge + size, left, load<i64>(side, 8) != 0), 4);
    edge += size * 2;
    side += SIDES_SIZE;
  }
}

@inline function meetPartners<P>(context: usize, tree: usize, slot: usize, size: usize, row: usize): void {
  const Z = <usize>load<u32>(context, CONTEXT_GAINS) + slot * size;
  const z0 = v128.load(Z);
  const z1 = number<P>() > 1 ? v128.load(Z, 16) : z0;
  const z2 = number<P>() > 2 ? v128.load(Z, 32) : z0;
  const z3 = number<P>() > 3 ? v128.load(Z, 48) : z0;
  // A node that the row has left adds nothing.
  if (number<P>() > 0 && !v128.any_true(v128.or(v128.or(z0, z1), v128.or(z2, z3)))) return;
  const partners = <usize>load<u32>(context, CONTEXT_PARTNERS);
  const ends = <usize>load<u32>(tree, TREE_PARTNER_ENDS) + slot * 4;
  const entries = <usize>load<u32>(tree, TREE_PARTNERS);
  const end = entries + <usize>load<u32>(ends, 4);
  for (let entry = entries + <usize>load<u32>(ends); entry < end; entry += PARTNER_SIZE) {
    const vector = <usize>load<u32>(partners + (<usize>load<u32>(entry, PARTNER_EDGE) << 2));
    let sum: v128;
    if (number<P>() == 0) {
      sum = f64x2.splat(0);
      for (let q: usize = 0; q < size; q += 16) sum = f64x2.add(sum, f64x2.mul(v128.load(Z + q), v128.load(vector + q)));
    } else {
      sum = f64x2.mul(z0, v128.load(vector));
      if (number<P>() > 1) sum = f64x2.add(sum, f64x2.mul(z1, v128.load(vector, 16)));
      if (number<P>() > 2) sum = f64x2.add(sum, f64x2.mul(z2, v128.load(vector, 32)));
      if (number<P>() > 3) sum = f64x2.add(sum, f64x2.mul(z3, v128.load(vector, 48)));
    }
    const pair = row + <usize>load<u32>(entry, PARTNER_FEATURE);
    v128.store(pair, f64x2.add(v128.load(pair), sum));
  }
}
