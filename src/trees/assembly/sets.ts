// Interventional SHAP values of one row by following sets of background rows down the trees; the method is that of
// ../../shap/interventional-reference.ts for all background rows at once.
//
// The side that the explained row takes is followed by all rows of the set. Those that would take the other side, and
// whose earlier splits on the feature both rows satisfied, are the parting rows: on the row's side one more feature is
// the row's (a + 1); the other side is followed by them alone, with one more feature of theirs (z + 1).
//
// A leaf adds v times its two weights to the sums of every background row that arrives: one for features of the row,
// one for features of the background. What a feature gets is the growth of the sums of its parting rows.
import {
  SETS_ALL, SETS_DECIDED, SETS_FEATURES, SETS_OUTPUTS, SETS_OUTPUT_COUNT, SETS_PHI, SETS_ROOTS, SETS_ROOT_COUNT,
  SETS_STACK, SETS_SUMS, SETS_SUM_COUNT, SETS_TAKEN, SETS_UNDECIDED, SETS_WEIGHTS, SETS_WEIGHT_ROW, SETS_WORDS,
  SETS_X, SET_NODE_FEATURE, SET_NODE_LEFT, SET_NODE_LEFT_ROWS, SET_NODE_RIGHT, SET_NODE_THRESHOLD, SET_NODE_X,
} from "./layout";

let x: usize = 0;
let words: usize = 0;
let undecided: usize = 0;
let decided: usize = 0;
let taken: usize = 0;
let sums: usize = 0;
let weights: usize = 0;
let weightRow: usize = 0;
let outputs: usize = 0;
let outputCount: usize = 0;
let phi: usize = 0;
let phiRow: usize = 0;

export function explainSets(context: usize): void {
  x = <usize>load<u32>(context, SETS_X);
  words = <usize>load<u32>(context, SETS_WORDS) * 8;
  undecided = <usize>load<u32>(context, SETS_UNDECIDED);
  decided = <usize>load<u32>(context, SETS_DECIDED);
  taken = <usize>load<u32>(context, SETS_TAKEN);
  sums = <usize>load<u32>(context, SETS_SUMS);
  weights = <usize>load<u32>(context, SETS_WEIGHTS);
  weightRow = <usize>load<u32>(context, SETS_WEIGHT_ROW);
  outputs = <usize>load<u32>(context, SETS_OUTPUTS);
  outputCount = <usize>load<u32>(context, SETS_OUTPUT_COUNT);
  phi = <usize>load<u32>(context, SETS_PHI);
  phiRow = <usize>load<u32>(context, SETS_FEATURES) * 8;
  const all = <usize>load<u32>(context, SETS_ALL);
  const stack = <usize>load<u32>(context, SETS_STACK);
  const sumBytes = <usize>load<u32>(context, SETS_SUM_COUNT) * outputCount * 16;
  let root = <usize>load<u32>(context, SETS_ROOTS);
  for (const end = root + (<usize>load<u32>(context, SETS_ROOT_COUNT) << 2); root < end; root += 4) {
    // Sums that grow for one tree only lose fewer digits in the differences.
    memory.fill(sums, 0, sumBytes);
    visitSet(<usize>load<u32>(root), all, 0, stack);
  }
}

/**
 * Follows the rows of a set below a node.
 * @param z features of the background so far
 * @param stack memory for the sets of this call and those below
 */
function visit(node: usize, set: usize, z: usize, stack: usize): void {
  while (true) {
    const feature = load<i32>(node, SET_NODE_FEATURE);
    if (feature < 0) {
      addLeaf(node, set, z);
      return;
    }
    const leftRows = <usize>load<u32>(node, SET_NODE_LEFT_ROWS);
    const left = <usize>load<u32>(node, SET_NODE_LEFT);
    const right = <usize>load<u32>(node, SET_NODE_RIGHT);
    if (load<u8>(decided + feature)) {
      // The explained row has left the path at this feature: everybody follows the own side.
      const rest = stack + words;
      let some: u64 = 0;
      let others: u64 = 0;
      for (let w: usize = 0; w < words; w += 8) {
        const all = load<u64>(set + w);
        const toLeft = all & load<u64>(leftRows + w);
        store<u64>(stack + w, toLeft);
        store<u64>(rest + w, all & ~toLeft);
        some |= toLeft;
        others |= all & ~toLeft;
      }
      if (some && others) {
        visitSet(left, stack, z, stack + words * 2);
        visitSet(right, rest, z, stack + words * 2);
        return;
      }
      node = some ? left : right;
      continue;
    }
    const isLeft = load<f64>(x + <usize>load<u32>(node, SET_NODE_X)) <= load<f64>(node, SET_NODE_THRESHOLD);
    const flip: u64 = isLeft ? -1 : 0;
    const free = undecided + <usize>feature * words;
    const parting = stack;
    let some: u64 = 0;
    for (let w: usize = 0; w < words; w += 8) {
      const part = load<u64>(set + w) & load<u64>(free + w) & (load<u64>(leftRows + w) ^ flip);
      store<u64>(parting + w, part);
      some |= part;
    }
    if (!some) {
      node = isLeft ? left : right;
      continue;
    }
    part(node, feature, isLeft, set, z, stack);
    return;
  }
}

function part(node: usize, feature: i32, isLeft: bool, set: usize, z: usize, parting: usize): void {
  const left = <usize>load<u32>(node, SET_NODE_LEFT);
  const right = <usize>load<u32>(node, SET_NODE_RIGHT);
  const free = undecided + <usize>feature * words;
  const gains = phi + <usize>feature * 8;
  const below = parting + words;

  addSums(parting, gains, f64x2(-1, 0));
  countTaken(parting, 1);
  for (let w: usize = 0; w < words; w += 8) store<u64>(free + w, load<u64>(free + w) & ~load<u64>(parting + w));
  visit(isLeft ? left : right, set, z, below);
  for (let w: usize = 0; w < words; w += 8) store<u64>(free + w, load<u64>(free + w) | load<u64>(parting + w));
  countTaken(parting, -1);
  addSums(parting, gains, f64x2(1, -1));
  store<u8>(decided + feature, 1);
  visitSet(isLeft ? right : left, parting, z + 1, below);
  store<u8>(decided + feature, 0);
  addSums(parting, gains, f64x2(0, 1));
}

/** Follows a set that may have become a single row, for which there is a shorter way. */
function visitSet(node: usize, set: usize, z: usize, stack: usize): void {
  if (outputCount == 1) {
    let count: u64 = 0;
    let row: usize = 0;
    for (let w: usize = 0; w < words; w += 8) {
      const bits = load<u64>(set + w);
      count += popcnt<u64>(bits);
      if (bits) row = (w << 3) + <usize>ctz<u64>(bits);
    }
    if (count == 1) {
      const sum = sums + (row << 4);
      const bit: u64 = 1 << (<u64>row & 63);
      const word = (row >> 6) << 3;
      const gain = visitRow(node, word, bit, load<u16>(taken + (row << 1)), z);
      v128.store(sum, f64x2.add(v128.load(sum), gain));
      return;
    }
  }
  visit(node, set, z, stack);
}

/**
 * Follows one background row below a node, for one output.
 * @param word offset of the row's word in a set; `bit` is its bit there
 * @returns what the leaves below give to every feature of the row, and of the background
 */
function visitRow(node: usize, word: usize, bit: u64, a: u32, z: usize): v128 {
  while (true) {
    const feature = load<i32>(node, SET_NODE_FEATURE);
    const left = <usize>load<u32>(node, SET_NODE_LEFT);
    if (feature < 0) {
      const value = v128.load64_splat(left + (<usize>load<u32>(outputs) << 3));
      return f64x2.mul(value, v128.load(weights + z * weightRow + (<usize>a << 4)));
    }
    const right = <usize>load<u32>(node, SET_NODE_RIGHT);
    const own = (load<u64>(<usize>load<u32>(node, SET_NODE_LEFT_ROWS) + word) & bit) != 0 ? left : right;
    if (load<u8>(decided + feature)) {
      node = own;
      continue;
    }
    const isLeft = load<f64>(x + <usize>load<u32>(node, SET_NODE_X)) <= load<f64>(node, SET_NODE_THRESHOLD);
    const theirs = isLeft ? left : right;
    const free = undecided + <usize>feature * words + word;
    if (own == theirs || !(load<u64>(free) & bit)) {
      node = theirs;
      continue;
    }
    store<u64>(free, load<u64>(free) ^ bit);
    const inside = visitRow(theirs, word, bit, a + 1, z);
    store<u64>(free, load<u64>(free) ^ bit);
    store<u8>(decided + feature, 1);
    const outside = visitRow(own, word, bit, a, z + 1);
    store<u8>(decided + feature, 0);
    const gain = phi + <usize>feature * 8;
    store<f64>(gain, load<f64>(gain) + f64x2.extract_lane(inside, 0) + f64x2.extract_lane(outside, 1));
    return f64x2.add(inside, outside);
  }
}

/** Adds the sums of a set's rows, times `signs`, to what a feature gets. */
function addSums(set: usize, gains: usize, signs: v128): void {
  const size = outputCount * 16;
  for (let k: usize = 0; k < outputCount; k++) {
    let total = f64x2.splat(0);
    let first = sums + k * 16;
    for (let w: usize = 0; w < words; w += 8) {
      for (let bits = load<u64>(set + w); bits; bits &= bits - 1)
        total = f64x2.add(total, v128.load(first + <usize>ctz<u64>(bits) * size));
      first += 64 * size;
    }
    total = f64x2.mul(total, signs);
    const gain = gains + k * phiRow;
    store<f64>(gain, load<f64>(gain) + f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1));
  }
}

/** Changes the number of the explained row's features for all rows of a set. */
function countTaken(set: usize, change: i32): void {
  let first = taken;
  for (let w: usize = 0; w < words; w += 8) {
    for (let bits = load<u64>(set + w); bits; bits &= bits - 1) {
      const row = first + (<usize>ctz<u64>(bits) << 1);
      store<u16>(row, load<u16>(row) + change);
    }
    first += 128;
  }
}

function addLeaf(node: usize, set: usize, z: usize): void {
  const values = <usize>load<u32>(node, SET_NODE_LEFT);
  const shares = weights + z * weightRow;
  const size = outputCount * 16;
  if (outputCount == 1) {
    const value = v128.load64_splat(values + (<usize>load<u32>(outputs) << 3));
    let first: usize = 0;
    for (let w: usize = 0; w < words; w += 8) {
      for (let bits = load<u64>(set + w); bits; bits &= bits - 1) {
        const row = first + <usize>ctz<u64>(bits);
        const sum = sums + (row << 4);
        const share = v128.load(shares + (<usize>load<u16>(taken + (row << 1)) << 4));
        v128.store(sum, f64x2.add(v128.load(sum), f64x2.mul(value, share)));
      }
      first += 64;
    }
    return;
  }
  let first: usize = 0;
  for (let w: usize = 0; w < words; w += 8) {
    for (let bits = load<u64>(set + w); bits; bits &= bits - 1) {
      const row = first + <usize>ctz<u64>(bits);
      const share = v128.load(shares + (<usize>load<u16>(taken + (row << 1)) << 4));
      let sum = sums + row * size;
      for (let k: usize = 0; k < outputCount; k++) {
        const value = v128.load64_splat(values + (<usize>load<u32>(outputs + (k << 2)) << 3));
        v128.store(sum, f64x2.add(v128.load(sum), f64x2.mul(value, share)));
        sum += 16;
      }
    }
    first += 64;
  }
}
