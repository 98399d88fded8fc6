// Predictions: the walk of several rows down one tree, or of one row down several trees, is interleaved, because every
// step waits for memory. A leaf is a node that leads to itself, so that nothing is asked on the way. With
// masks, a node compares some bits of a number: those of one of a set of codes are 2, or more where the code is in the set.
import {
  MASKED_NODE_MASK, MASKED_NODE_SIZE, PREDICT_NODES, PREDICT_OUTPUTS, PREDICT_ROOTS, PREDICT_ROOT_COUNT, PREDICT_ROWS, PREDICT_SCORES, PREDICT_VALUES,
  PREDICT_X, PREDICT_X_SIZE, PREDICT_NODE_LEFT, PREDICT_NODE_SIZE, PREDICT_NODE_THRESHOLD, PREDICT_NODE_X, WORD,
} from "./layout";

@inline function sizeOf(masked: bool): usize {
  return masked ? MASKED_NODE_SIZE : PREDICT_NODE_SIZE;
}

/** The child of a node that the row goes to. */
@inline function step(node: usize, x: usize, masked: bool): usize {
  const place = x + <usize>load<u32>(node, PREDICT_NODE_X);
  const number = masked
    ? f64x2.extract_lane(v128.and(v128.load_zero<u64>(place), v128.load_zero<u64>(node, MASKED_NODE_MASK)), 0)
    : load<f64>(place);
  const isRight = !(number <= load<f64>(node, PREDICT_NODE_THRESHOLD));
  return <usize>load<u32>(node, PREDICT_NODE_LEFT) + <usize>isRight * sizeOf(masked);
}

/** Adds the values of the leaf that a walk ended in to the scores of a row. */
@inline function addValues(context: usize, node: usize, score: usize, outputs: usize, masked: bool): void {
  const place = (node - <usize>load<u32>(context, PREDICT_NODES)) / (sizeOf(masked) / WORD);
  const value = <usize>load<u32>(<usize>load<u32>(context, PREDICT_VALUES) + place);
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
  for (const end = root + (<usize>load<u32>(context, PREDICT_ROOT_COUNT) << 2); root < end; root += 4) {
    const start = <usize>load<u32>(root);
    let x = <usize>load<u32>(context, PREDICT_X);
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
      while (true) {
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
      addValues(context, node0, score, outputs, masked);
      addValues(context, node1, score + outputs * 8, outputs, masked);
      addValues(context, node2, score + outputs * 16, outputs, masked);
      addValues(context, node3, score + outputs * 24, outputs, masked);
      addValues(context, node4, score + outputs * 32, outputs, masked);
      addValues(context, node5, score + outputs * 40, outputs, masked);
      addValues(context, node6, score + outputs * 48, outputs, masked);
      addValues(context, node7, score + outputs * 56, outputs, masked);
      x += xSize * 8;
      score += outputs * 64;
    }
    for (; row < rows; row++) {
      addValues(context, walk(start, x, masked), score, outputs, masked);
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
  const x = <usize>load<u32>(context, PREDICT_X);
  const score = <usize>load<u32>(context, PREDICT_SCORES);
  let root = <usize>load<u32>(context, PREDICT_ROOTS);
  const end = root + (<usize>load<u32>(context, PREDICT_ROOT_COUNT) << 2);
  for (; root + 32 <= end; root += 32) {
    let node0 = <usize>load<u32>(root);
    let node1 = <usize>load<u32>(root, 4);
    let node2 = <usize>load<u32>(root, 8);
    let node3 = <usize>load<u32>(root, 12);
    let node4 = <usize>load<u32>(root, 16);
    let node5 = <usize>load<u32>(root, 20);
    let node6 = <usize>load<u32>(root, 24);
    let node7 = <usize>load<u32>(root, 28);
    while (true) {
      const next0 = step(node0, x, masked);
      const next1 = step(node1, x, masked);
      const next2 = step(node2, x, masked);
      const next3 = step(node3, x, masked);
      const next4 = step(node4, x, masked);
      const next5 = step(node5, x, masked);
      const next6 = step(node6, x, masked);
      const next7 = step(node7, x, masked);
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
    addValues(context, node0, score, outputs, masked);
    addValues(context, node1, score, outputs, masked);
    addValues(context, node2, score, outputs, masked);
    addValues(context, node3, score, outputs, masked);
    addValues(context, node4, score, outputs, masked);
    addValues(context, node5, score, outputs, masked);
    addValues(context, node6, score, outputs, masked);
    addValues(context, node7, score, outputs, masked);
  }
  for (; root < end; root += 4) addValues(context, walk(<usize>load<u32>(root), x, masked), score, outputs, masked);
}

@inline function walk(start: usize, x: usize, masked: bool): usize {
  let node = start;
  while (true) {
    const next = step(node, x, masked);
    if (next == node) return node;
    node = next;
  }
}
