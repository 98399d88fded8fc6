// Interventional SHAP values by tables; ../../shap/interventional-tables.ts says what they are.
import {
  CONDITION_FORBIDDEN, CONDITION_NEEDED, CONDITION_PLACE, CONDITION_SIZE, DOUBLE, WORD,
  TABLES_COUNT, TABLES_INDEX, TABLES_MASKS, TABLES_OUTPUTS, TABLES_OUTPUT_COUNT, TABLES_PHI, TABLES_PHI_SIZE,
  TABLES_ROWS, TABLES_TOUCHED, TABLES_TREES, TABLES_X,
  TABLE_NODE_BIT, TABLE_NODE_LEFT, TABLE_NODE_RIGHT, TABLE_NODE_SIZE, TABLE_NODE_THRESHOLD, TABLE_NODE_X,
  TABLE_TREE_NODES, TABLE_TREE_NODE_COUNT, TABLE_TREE_SIZE, TABLE_TREE_UNITS, TABLE_TREE_UNIT_COUNT,
  UNIT_ABOVE, UNIT_BYTES, UNIT_ENTRY, UNIT_FEATURES, UNIT_NODES, UNIT_SIZE, UNIT_TABLE, UNIT_THRESHOLDS, UNIT_XS,
} from "./layout";

/**
 * Explains a chunk of rows: per tree first where every row's entries stand, then the entries are added. Numbers of the
 * rows are [feature][row], the rows filled up to a multiple of four.
 */
export function explainTables(context: usize): void {
  const rows = <usize>load<u32>(context, TABLES_ROWS);
  const count = <usize>load<u32>(context, TABLES_OUTPUT_COUNT);
  const outputs = <usize>load<u32>(context, TABLES_OUTPUTS);
  const features = <usize>load<u32>(context, TABLES_PHI_SIZE);
  let tree = <usize>load<u32>(context, TABLES_TREES);
  for (const end = tree + <usize>load<u32>(context, TABLES_COUNT) * TABLE_TREE_SIZE; tree < end; tree += TABLE_TREE_SIZE) {
    findEntries(context, tree, (rows + 3) & ~3);
    if (rows == 1) touchEntries(context, tree);
    let phi = <usize>load<u32>(context, TABLES_PHI);
    for (let k: usize = 0; k < count; k++) {
      addEntries(context, tree, rows, <usize>load<u32>(outputs + (k << 2)), phi, features * count);
      phi += features;
    }
  }
}

/** Writes the address of the entry of every unit and row, four rows at a time. */
function findEntries(context: usize, tree: usize, rows: usize): void {
  const x = <usize>load<u32>(context, TABLES_X);
  const masks = <usize>load<u32>(context, TABLES_MASKS);
  const size = rows * 4;
  // A feature that no split has asked yet is alive.
  for (let at: usize = 0; at < size; at += 16) v128.store(masks + at, i32x4.splat(-1));
  let mask = masks;
  let node = <usize>load<u32>(tree, TABLE_TREE_NODES);
  for (const end = node + <usize>load<u32>(tree, TABLE_TREE_NODE_COUNT) * TABLE_NODE_SIZE; node < end; node += TABLE_NODE_SIZE) {
    const others = v128.load32_splat(node, TABLE_NODE_BIT);
    const threshold = v128.load64_splat(node, TABLE_NODE_THRESHOLD);
    const value = x + <usize>load<u32>(node, TABLE_NODE_X) * rows;
    const left = masks + <usize>load<u32>(node, TABLE_NODE_LEFT) * size;
    const right = masks + <usize>load<u32>(node, TABLE_NODE_RIGHT) * size;
    for (let at: usize = 0; at < size; at += 16) {
      const alive = v128.load(mask + at);
      const isLeft = compareFour(value + at * 2, threshold);
      v128.store(left + at, v128.and(alive, v128.or(others, isLeft)));
      v128.store(right + at, v128.and(alive, v128.or(others, v128.not(isLeft))));
    }
    mask += size;
  }
  let entry = <usize>load<u32>(context, TABLES_INDEX);
  let unit = <usize>load<u32>(tree, TABLE_TREE_UNITS);
  for (const end = unit + <usize>load<u32>(tree, TABLE_TREE_UNIT_COUNT) * UNIT_SIZE; unit < end; unit += UNIT_SIZE) {
    const above = load<u32>(unit, UNIT_ABOVE);
    const nodes = load<i32>(unit, UNIT_NODES);
    const first = i32x4.splat(1 << above);
    const second = i32x4.splat(nodes > 1 ? 2 << above : 0);
    const third = i32x4.splat(nodes > 2 ? 4 << above : 0);
    const path = i32x4.splat((1 << above) - 1);
    const table = v128.load32_splat(unit, UNIT_TABLE);
    const bytes = i32x4.splat(load<u32>(unit, UNIT_ENTRY) * 8);
    for (let at: usize = 0; at < size; at += 16) {
      let index = v128.and(v128.load(mask + at), path);
      if (nodes > 0) {
        const value = x + at * 2;
        const isLeft0 = compareFour(value + <usize>load<u32>(unit, UNIT_XS) * rows, v128.load64_splat(unit, UNIT_THRESHOLDS));
        const isLeft1 = compareFour(value + <usize>load<u32>(unit, UNIT_XS + WORD) * rows, v128.load64_splat(unit, UNIT_THRESHOLDS + DOUBLE));
        const isLeft2 = compareFour(value + <usize>load<u32>(unit, UNIT_XS + 2 * WORD) * rows, v128.load64_splat(unit, UNIT_THRESHOLDS + 2 * DOUBLE));
        index = v128.or(
          v128.or(index, v128.and(isLeft0, first)),
          v128.or(v128.and(isLeft1, second), v128.and(isLeft2, third)),
        );
      }
      v128.store(entry + at, i32x4.add(table, i32x4.mul(index, bytes)));
    }
    entry += size;
    mask += size;
  }
}

/** Returns masks of the rows of four whose numbers are not above the threshold. */
@inline function compareFour(value: usize, threshold: v128): v128 {
  const low = f64x2.le(v128.load(value), threshold);
  const high = f64x2.le(v128.load(value, 16), threshold);
  return v128.shuffle<i32>(low, high, 0, 2, 4, 6);
}

/** Asks memory for all entries of a single row before the first is added. */
function touchEntries(context: usize, tree: usize): void {
  let touched: f64 = 0;
  let entry = <usize>load<u32>(context, TABLES_INDEX);
  for (const end = entry + <usize>load<u32>(tree, TABLE_TREE_UNIT_COUNT) * 16; entry < end; entry += 16)
    touched += load<f64>(<usize>load<u32>(entry));
  store<f64>(context, touched, TABLES_TOUCHED);
}

/** Adds the entries of one output to phi, [row][feature]: four features at a time for all rows. */
function addEntries(context: usize, tree: usize, rows: usize, output: usize, phi: usize, phiSize: usize): void {
  let entries = <usize>load<u32>(context, TABLES_INDEX);
  let unit = <usize>load<u32>(tree, TABLE_TREE_UNITS);
  for (const end = unit + <usize>load<u32>(tree, TABLE_TREE_UNIT_COUNT) * UNIT_SIZE; unit < end; unit += UNIT_SIZE) {
    const entryEnd = entries + rows * 4;
    const length = <usize>load<u32>(unit, UNIT_ENTRY);
    let shift = output * <usize>load<u32>(unit, UNIT_BYTES);
    let feature = <usize>load<u32>(unit, UNIT_FEATURES);
    const featureEnd = feature + length * 4;
    for (; feature + 16 <= featureEnd; feature += 16) {
      let gain0 = phi + <usize>load<u32>(feature);
      let gain1 = phi + <usize>load<u32>(feature, 4);
      let gain2 = phi + <usize>load<u32>(feature, 8);
      let gain3 = phi + <usize>load<u32>(feature, 12);
      for (let entry = entries; entry < entryEnd; entry += 4) {
        const value = <usize>load<u32>(entry) + shift;
        store<f64>(gain0, load<f64>(gain0) + load<f64>(value));
        store<f64>(gain1, load<f64>(gain1) + load<f64>(value, 8));
        store<f64>(gain2, load<f64>(gain2) + load<f64>(value, 16));
        store<f64>(gain3, load<f64>(gain3) + load<f64>(value, 24));
        gain0 += phiSize;
        gain1 += phiSize;
        gain2 += phiSize;
        gain3 += phiSize;
      }
      shift += 32;
    }
    for (; feature < featureEnd; feature += 4) {
      let gain = phi + <usize>load<u32>(feature);
      for (let entry = entries; entry < entryEnd; entry += 4) {
        store<f64>(gain, load<f64>(gain) + load<f64>(<usize>load<u32>(entry) + shift));
        gain += phiSize;
      }
      shift += 8;
    }
    entries += ((rows + 3) & ~3) * 4;
  }
}

/**
 * Prepares a leaf: fills A[mask] = Σ_q w / u · C and B[mask] = Σ_q w / t · C for every mask of its features that the
 * explained row may satisfy, where C is the mean over the background of Π (s t + b u).
 * @param masks which features every background row satisfies, 4 bytes each
 * @param rule nodes, ones and weights, as many as `size` bytes each, in pairs
 * @param C working memory, 16 bytes per mask
 */
export function prepareLeaf(masks: usize, count: i32, width: i32, rule: usize, size: usize, C: usize, A: usize, B: usize): void {
  const length = <usize>1 << width;
  const share = f64x2.splat(1.0 / <f64>count);
  const one = f64x2.splat(1);
  memory.fill(A, 0, length * 8);
  memory.fill(B, 0, length * 8);
  for (let q: usize = 0; q < size; q += 16) {
    const t = v128.load(rule + q);
    const u = f64x2.sub(one, t);
    const weight = v128.load(rule + 2 * size + q);
    const overT = f64x2.div(weight, t);
    const overU = f64x2.div(weight, u);
    memory.fill(C, 0, length * 16);
    for (let i = 0; i < count; i++) {
      const at = C + (<usize>load<u32>(masks + (<usize>i << 2)) << 4);
      v128.store(at, f64x2.add(v128.load(at), share));
    }
    for (let step: usize = 16; step < length * 16; step <<= 1) {
      for (let first = C; first < C + length * 16; first += step * 2) {
        for (let at = first; at < first + step; at += 16) {
          const none = v128.load(at);
          const both = v128.load(at + step);
          v128.store(at, f64x2.mul(u, both));
          v128.store(at + step, f64x2.add(f64x2.mul(t, none), both));
        }
      }
    }
    for (let mask: usize = 0; mask < length; mask++) {
      const c = v128.load(C + (mask << 4));
      addLanes(A + (mask << 3), f64x2.mul(overU, c));
      addLanes(B + (mask << 3), f64x2.mul(overT, c));
    }
  }
}

@inline function addLanes(address: usize, value: v128): void {
  store<f64>(address, load<f64>(address) + f64x2.extract_lane(value, 0) + f64x2.extract_lane(value, 1));
}

/**
 * Adds a prepared leaf of the given value to the table of its unit.
 * @param conditions per feature of the leaf: bits of the index that must be set, bits that must not, place in an entry
 */
export function addLeaf(A: usize, B: usize, width: i32, conditions: usize, table: usize, bits: i32, entry: usize, value: f64): void {
  const length = <u32>1 << bits;
  for (let index: u32 = 0; index < length; index++) {
    let mask: usize = 0;
    for (let i = 0; i < width; i++) {
      const condition = conditions + <usize>i * CONDITION_SIZE;
      const needed = load<u32>(condition, CONDITION_NEEDED);
      const satisfied = <usize>((index & (needed | load<u32>(condition, CONDITION_FORBIDDEN))) == needed);
      mask |= satisfied << i;
    }
    const outside = -value * load<f64>(A + (mask << 3));
    const inside = value * load<f64>(B + (mask << 3));
    for (let i = 0; i < width; i++) {
      const at = table + <usize>load<u32>(conditions + <usize>i * CONDITION_SIZE, CONDITION_PLACE) * 8;
      const without = (mask & ~(<usize>1 << i)) << 3;
      const gain = (mask >> i) & 1 ? inside - value * (load<f64>(A + without) + load<f64>(B + without)) : outside;
      store<f64>(at, load<f64>(at) + gain);
    }
    table += entry * 8;
  }
}
