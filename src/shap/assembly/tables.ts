// Interventional SHAP values by tables; ../interventional-tables.ts says what they are and writes the layout.
import {
  TABLES_COUNT, TABLES_DUMMY, TABLES_INDEX, TABLES_MASKS, TABLES_OUTPUT_COUNT, TABLES_OUTPUTS, TABLES_PHI,
  TABLES_PHI_SIZE, TABLES_ROWS, TABLES_TREES, TABLES_X, TABLES_X_SIZE,
  TABLE_NODE_BIT, TABLE_NODE_LEFT, TABLE_NODE_RIGHT, TABLE_NODE_SIZE, TABLE_NODE_THRESHOLD, TABLE_NODE_X,
  TABLE_TREE_NODE_COUNT, TABLE_TREE_NODES, TABLE_TREE_SIZE, TABLE_TREE_UNIT_COUNT, TABLE_TREE_UNITS,
  UNIT_ABOVE, UNIT_BYTES, UNIT_ENTRY, UNIT_FEATURES, UNIT_NODES, UNIT_SIZE, UNIT_TABLE, UNIT_THRESHOLDS, UNIT_XS,
} from "./layout";

/** Explains a chunk of rows: per tree first where every row's entries stand, then the entries are added. */
export function explainTables(context: usize): void {
  const rows = <usize>load<u32>(context, TABLES_ROWS);
  const xSize = <usize>load<u32>(context, TABLES_X_SIZE);
  const count = <usize>load<u32>(context, TABLES_OUTPUT_COUNT);
  const outputs = <usize>load<u32>(context, TABLES_OUTPUTS);
  const features = <usize>load<u32>(context, TABLES_PHI_SIZE);
  let tree = <usize>load<u32>(context, TABLES_TREES);
  for (const end = tree + <usize>load<u32>(context, TABLES_COUNT) * TABLE_TREE_SIZE; tree < end; tree += TABLE_TREE_SIZE) {
    let x = <usize>load<u32>(context, TABLES_X);
    for (let row: usize = 0; row < rows; row++) {
      findEntries(context, tree, x, row, rows);
      x += xSize;
    }
    let phi = <usize>load<u32>(context, TABLES_PHI);
    for (let k: usize = 0; k < count; k++) {
      addEntries(context, tree, rows, <usize>load<u32>(outputs + (k << 2)), phi, features * count);
      phi += features;
    }
  }
}

/** Writes the address of the entry of every unit for one row. */
function findEntries(context: usize, tree: usize, x: usize, row: usize, rows: usize): void {
  const masks = <usize>load<u32>(context, TABLES_MASKS);
  let mask = masks;
  // A feature that no split has asked yet is alive.
  store<u32>(mask, -1);
  let node = <usize>load<u32>(tree, TABLE_TREE_NODES);
  for (const end = node + <usize>load<u32>(tree, TABLE_TREE_NODE_COUNT) * TABLE_NODE_SIZE; node < end; node += TABLE_NODE_SIZE) {
    const alive = load<u32>(mask);
    const dead = alive & load<u32>(node, TABLE_NODE_BIT);
    const isLeft = load<f64>(x + <usize>load<u32>(node, TABLE_NODE_X)) <= load<f64>(node, TABLE_NODE_THRESHOLD);
    store<u32>(masks + <usize>load<u32>(node, TABLE_NODE_LEFT), isLeft ? alive : dead);
    store<u32>(masks + <usize>load<u32>(node, TABLE_NODE_RIGHT), isLeft ? dead : alive);
    mask += 4;
  }
  let entry = <usize>load<u32>(context, TABLES_INDEX) + row * 4;
  let touched: f64 = 0;
  let unit = <usize>load<u32>(tree, TABLE_TREE_UNITS);
  for (const end = unit + <usize>load<u32>(tree, TABLE_TREE_UNIT_COUNT) * UNIT_SIZE; unit < end; unit += UNIT_SIZE) {
    const above = load<u32>(unit, UNIT_ABOVE);
    const decisions =
      <u32>(load<f64>(x + <usize>load<u32>(unit, UNIT_XS)) <= load<f64>(unit, UNIT_THRESHOLDS)) |
      (<u32>(load<f64>(x + <usize>load<u32>(unit, UNIT_XS + 4)) <= load<f64>(unit, UNIT_THRESHOLDS + 8)) << 1) |
      (<u32>(load<f64>(x + <usize>load<u32>(unit, UNIT_XS + 8)) <= load<f64>(unit, UNIT_THRESHOLDS + 16)) << 2);
    const index = (load<u32>(mask) & ((1 << above) - 1)) | ((decisions & ((1 << load<u32>(unit, UNIT_NODES)) - 1)) << above);
    const address = <usize>load<u32>(unit, UNIT_TABLE) + <usize>index * <usize>load<u32>(unit, UNIT_ENTRY) * 8;
    store<u32>(entry, <u32>address);
    // Asks memory for the entry while the others are found.
    touched += load<f64>(address);
    entry += rows * 4;
    mask += 4;
  }
  store<f64>(context, touched, TABLES_DUMMY);
}

/** Adds the entries of one output to phi. */
function addEntries(context: usize, tree: usize, rows: usize, output: usize, phi: usize, phiSize: usize): void {
  let entry = <usize>load<u32>(context, TABLES_INDEX);
  let unit = <usize>load<u32>(tree, TABLE_TREE_UNITS);
  for (const end = unit + <usize>load<u32>(tree, TABLE_TREE_UNIT_COUNT) * UNIT_SIZE; unit < end; unit += UNIT_SIZE) {
    const shift = output * <usize>load<u32>(unit, UNIT_BYTES);
    const features = <usize>load<u32>(unit, UNIT_FEATURES);
    const size = <usize>load<u32>(unit, UNIT_ENTRY) * 4;
    let own = phi;
    for (let row: usize = 0; row < rows; row++) {
      let value = <usize>load<u32>(entry) + shift;
      for (let at = features; at < features + size; at += 4) {
        const gain = own + <usize>load<u32>(at);
        store<f64>(gain, load<f64>(gain) + load<f64>(value));
        value += 8;
      }
      entry += 4;
      own += phiSize;
    }
  }
}

/**
 * Prepares a leaf: fills A[mask] = Σ_q w / u · C and B[mask] = Σ_q w / t · C for every mask of its features that the
 * explained row may satisfy, where C is the mean over the background of Π (s t + b u).
 * @param masks which features every background row satisfies, 4 bytes each
 * @param rule nodes and weights, as many as `size` bytes each, in pairs
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
    const weight = v128.load(rule + size + q);
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
      const condition = conditions + <usize>i * 12;
      const needed = load<u32>(condition);
      const satisfied = <usize>((index & (needed | load<u32>(condition, 4))) == needed);
      mask |= satisfied << i;
    }
    const outside = -value * load<f64>(A + (mask << 3));
    const inside = value * load<f64>(B + (mask << 3));
    for (let i = 0; i < width; i++) {
      const at = table + <usize>load<u32>(conditions + <usize>i * 12, 8) * 8;
      const without = (mask & ~(<usize>1 << i)) << 3;
      const gain = (mask >> i) & 1 ? inside - value * (load<f64>(A + without) + load<f64>(B + without)) : outside;
      store<f64>(at, load<f64>(at) + gain);
    }
    table += entry * 8;
  }
}
