// Predictions: the walk of several rows down one tree, or of one row down several trees, is interleaved, because every
// step waits for memory. A leaf is a node that leads to itself, so that nothing is asked on the way. With
// masks, a node compares some bits of a number: those of one of a set of codes are 2, or more where the code is in the set.
import {
  MASKED_NODE_MASK, MASKED_NODE_SIZE, GROUP_TREES, PREDICT_GROUP_LEVELS, PREDICT_LEVELS, PREDICT_NODE_RIGHT, PREDICT_NODE_SIZE,
  PREDICT_NODE_THRESHOLD, PREDICT_NODE_X, PREDICT_OUTPUTS, PREDICT_ROOTS, PREDICT_ROOT_COUNT, PREDICT_ROWS,
  PREDICT_SCORES, PREDICT_X_SIZE, WORD,
} from "./layout";

/** The child of a node that a row goes to, whose numbers stand so many bytes after those of the first row. */
@inline function step(node: usize, row: usize, masked: bool): usize {
  const place = row + <usize>load<u32>(node, PREDICT_NODE_X);
  const number = masked
    ? f64x2.extract_lane(v128.and(v128.load_zero<u64>(place), v128.load_zero<u64>(node, MASKED_NODE_MASK)), 0)
    : load<f64>(place);
  const isLeft = number <= load<f64>(node, PREDICT_NODE_THRESHOLD);
  return <usize>load<u32>(node, PREDICT_NODE_RIGHT) + <usize>isLeft * (masked ? MASKED_NODE_SIZE : PREDICT_NODE_SIZE);
}

/** Adds the values of the leaf that a walk ended in to the scores of a row. */
@inline function addValues(leaf: usize, score: usize, outputs: usize): void {
  if (outputs == 1) {
    store<f64>(score, load<f64>(score) + load<f64>(leaf));
    return;
  }
  const value = <usize>load<u32>(leaf);
  if (outputs == 2) v128.store(score, f64x2.add(v128.load(score), v128.load(value)));
  else
    for (let k: usize = 0; k < outputs * 8; k += 8)
      store<f64>(score + k, load<f64>(score + k) + load<f64>(value + k));
}

/** Adds the ensemble's values of a chunk of rows to their scores, [row][output]. */
export function predictRows(context: usize): void {
  addRows(context, false);
}

/** The same for nodes with a mask. */
export function predictMaskedRows(context: usize): void {
  addRows(context, true);
}

@inline function addRows(context: usize, masked: bool): void {
  const rows = <usize>load<u32>(context, PREDICT_ROWS);
  const outputs = <usize>load<u32>(context, PREDICT_OUTPUTS);
  const xSize = <usize>load<u32>(context, PREDICT_X_SIZE);
  let root = <usize>load<u32>(context, PREDICT_ROOTS);
  let levels = <usize>load<u32>(context, PREDICT_LEVELS);
  for (const end = root + (<usize>load<u32>(context, PREDICT_ROOT_COUNT) << 2); root < end; root += 4) {
    const start = <usize>load<u32>(root);
    const most = load<i32>(levels);
    levels += WORD;
    let x: usize = 0;
    let score = <usize>load<u32>(context, PREDICT_SCORES);
    let row: usize = 0;
    for (; row + 8 <= rows; row += 8) {
      let node0 = start;
      let node1 = start;
      let node2 = start;
      let node3 = start;
      let node4 = start;
      let node5 = start;
      let node6 = start;
      let node7 = start;
      if (most > 0)
        for (let left = most; left > 0; left--) {
          node0 = step(node0, x, masked);
          node1 = step(node1, x + xSize * 1, masked);
          node2 = step(node2, x + xSize * 2, masked);
          node3 = step(node3, x + xSize * 3, masked);
          node4 = step(node4, x + xSize * 4, masked);
          node5 = step(node5, x + xSize * 5, masked);
          node6 = step(node6, x + xSize * 6, masked);
          node7 = step(node7, x + xSize * 7, masked);
        }
      else while (true) {
        const next0 = step(node0, x, masked);
        const next1 = step(node1, x + xSize * 1, masked);
        const next2 = step(node2, x + xSize * 2, masked);
        const next3 = step(node3, x + xSize * 3, masked);
        const next4 = step(node4, x + xSize * 4, masked);
        const next5 = step(node5, x + xSize * 5, masked);
        const next6 = step(node6, x + xSize * 6, masked);
        const next7 = step(node7, x + xSize * 7, masked);
        const moved = (node0 ^ next0) | (node1 ^ next1) | (node2 ^ next2) | (node3 ^ next3) | (node4 ^ next4) | (node5 ^ next5) | (node6 ^ next6) | (node7 ^ next7);
        node0 = next0;
        node1 = next1;
        node2 = next2;
        node3 = next3;
        node4 = next4;
        node5 = next5;
        node6 = next6;
        node7 = next7;
        if (!moved) break;
      }
      addValues(node0, score, outputs);
      addValues(node1, score + outputs * 8, outputs);
      addValues(node2, score + outputs * 16, outputs);
      addValues(node3, score + outputs * 24, outputs);
      addValues(node4, score + outputs * 32, outputs);
      addValues(node5, score + outputs * 40, outputs);
      addValues(node6, score + outputs * 48, outputs);
      addValues(node7, score + outputs * 56, outputs);
      x += xSize * 8;
      score += outputs * 64;
    }
    for (; row < rows; row++) {
      addValues(walk(start, most, x, masked), score, outputs);
      x += xSize;
      score += outputs * 8;
    }
  }
}

/** Adds the ensemble's values of one row to its scores; length = outputs. */
export function predictRow(context: usize): void {
  addRow(context, false);
}

/** The same for nodes with a mask. */
export function predictMaskedRow(context: usize): void {
  addRow(context, true);
}

@inline function addRow(context: usize, masked: bool): void {
  const outputs = <usize>load<u32>(context, PREDICT_OUTPUTS);
  const score = <usize>load<u32>(context, PREDICT_SCORES);
  let root = <usize>load<u32>(context, PREDICT_ROOTS);
  let levels = <usize>load<u32>(context, PREDICT_GROUP_LEVELS);
  const end = root + (<usize>load<u32>(context, PREDICT_ROOT_COUNT) << 2);
  for (; root < end; root += GROUP_TREES * WORD) {
    const most = load<i32>(levels);
    if (most > 0) addGroup(root, most, score, outputs, masked);
    else {
      addHalf(root, score, outputs, masked);
      addHalf(root + GROUP_TREES * WORD / 2, score, outputs, masked);
    }
    levels += WORD;
  }
}

/** Walks all trees of a group to the same level. */
@inline function addGroup(root: usize, most: i32, score: usize, outputs: usize, masked: bool): void {
  let node0 = <usize>load<u32>(root);
  let node1 = <usize>load<u32>(root, 4);
  let node2 = <usize>load<u32>(root, 8);
  let node3 = <usize>load<u32>(root, 12);
  let node4 = <usize>load<u32>(root, 16);
  let node5 = <usize>load<u32>(root, 20);
  let node6 = <usize>load<u32>(root, 24);
  let node7 = <usize>load<u32>(root, 28);
  let node8 = <usize>load<u32>(root, 32);
  let node9 = <usize>load<u32>(root, 36);
  let node10 = <usize>load<u32>(root, 40);
  let node11 = <usize>load<u32>(root, 44);
  let node12 = <usize>load<u32>(root, 48);
  let node13 = <usize>load<u32>(root, 52);
  let node14 = <usize>load<u32>(root, 56);
  let node15 = <usize>load<u32>(root, 60);
  for (let left = most; left > 0; left--) {
    node0 = step(node0, 0, masked);
    node1 = step(node1, 0, masked);
    node2 = step(node2, 0, masked);
    node3 = step(node3, 0, masked);
    node4 = step(node4, 0, masked);
    node5 = step(node5, 0, masked);
    node6 = step(node6, 0, masked);
    node7 = step(node7, 0, masked);
    node8 = step(node8, 0, masked);
    node9 = step(node9, 0, masked);
    node10 = step(node10, 0, masked);
    node11 = step(node11, 0, masked);
    node12 = step(node12, 0, masked);
    node13 = step(node13, 0, masked);
    node14 = step(node14, 0, masked);
    node15 = step(node15, 0, masked);
  }
  if (outputs == 1) {
    // In the order of the trees, and in a register: through memory every addition would wait for the one before.
    let sum = load<f64>(score) + load<f64>(node0);
    sum += load<f64>(node1);
    sum += load<f64>(node2);
    sum += load<f64>(node3);
    sum += load<f64>(node4);
    sum += load<f64>(node5);
    sum += load<f64>(node6);
    sum += load<f64>(node7);
    sum += load<f64>(node8);
    sum += load<f64>(node9);
    sum += load<f64>(node10);
    sum += load<f64>(node11);
    sum += load<f64>(node12);
    sum += load<f64>(node13);
    sum += load<f64>(node14);
    sum += load<f64>(node15);
    store<f64>(score, sum);
    return;
  }
  addValues(node0, score, outputs);
  addValues(node1, score, outputs);
  addValues(node2, score, outputs);
  addValues(node3, score, outputs);
  addValues(node4, score, outputs);
  addValues(node5, score, outputs);
  addValues(node6, score, outputs);
  addValues(node7, score, outputs);
  addValues(node8, score, outputs);
  addValues(node9, score, outputs);
  addValues(node10, score, outputs);
  addValues(node11, score, outputs);
  addValues(node12, score, outputs);
  addValues(node13, score, outputs);
  addValues(node14, score, outputs);
  addValues(node15, score, outputs);
}

/** Walks half a group until all walks have ended. */
@inline function addHalf(root: usize, score: usize, outputs: usize, masked: bool): void {
  let node0 = <usize>load<u32>(root);
  let node1 = <usize>load<u32>(root, 4);
  let node2 = <usize>load<u32>(root, 8);
  let node3 = <usize>load<u32>(root, 12);
  let node4 = <usize>load<u32>(root, 16);
  let node5 = <usize>load<u32>(root, 20);
  let node6 = <usize>load<u32>(root, 24);
  let node7 = <usize>load<u32>(root, 28);
  while (true) {
    const next0 = step(node0, 0, masked);
    const next1 = step(node1, 0, masked);
    const next2 = step(node2, 0, masked);
    const next3 = step(node3, 0, masked);
    const next4 = step(node4, 0, masked);
    const next5 = step(node5, 0, masked);
    const next6 = step(node6, 0, masked);
    const next7 = step(node7, 0, masked);
    const moved = (node0 ^ next0) | (node1 ^ next1) | (node2 ^ next2) | (node3 ^ next3) | (node4 ^ next4) | (node5 ^ next5) | (node6 ^ next6) | (node7 ^ next7);
    node0 = next0;
    node1 = next1;
    node2 = next2;
    node3 = next3;
    node4 = next4;
    node5 = next5;
    node6 = next6;
    node7 = next7;
    if (!moved) break;
  }
  addValues(node0, score, outputs);
  addValues(node1, score, outputs);
  addValues(node2, score, outputs);
  addValues(node3, score, outputs);
  addValues(node4, score, outputs);
  addValues(node5, score, outputs);
  addValues(node6, score, outputs);
  addValues(node7, score, outputs);
}

@inline function walk(start: usize, most: i32, row: usize, masked: bool): usize {
  let node = start;
  if (most > 0) {
    for (let left = most; left > 0; left--) node = step(node, row, masked);
    return node;
  }
  while (true) {
    const next = step(node, row, masked);
    if (next == node) return node;
    node = next;
  }
}
