// Predictions: the walk of several rows down one tree, or of one row down several trees, is interleaved, because every
// step waits for memory. A leaf is a node that leads to itself, so that nothing is asked on the way.
import {
  PREDICT_NODES, PREDICT_OUTPUTS, PREDICT_ROOTS, PREDICT_ROOT_COUNT, PREDICT_ROWS, PREDICT_SCORES, PREDICT_VALUES,
  PREDICT_X, PREDICT_X_SIZE, PREDICT_NODE_LEFT, PREDICT_NODE_SIZE, PREDICT_NODE_THRESHOLD, PREDICT_NODE_X, WORD,
} from "./layout";

/** The child of a node that the row goes to. */
@inline function step(node: usize, x: usize): usize {
  const isRight = !(load<f64>(x + <usize>load<u32>(node, PREDICT_NODE_X)) <= load<f64>(node, PREDICT_NODE_THRESHOLD));
  return <usize>load<u32>(node, PREDICT_NODE_LEFT) + <usize>isRight * PREDICT_NODE_SIZE;
}

/** Adds the values of the leaf that a walk ended in to the scores of a row. */
@inline function addValues(context: usize, node: usize, score: usize, outputs: usize): void {
  const place = (node - <usize>load<u32>(context, PREDICT_NODES)) / (PREDICT_NODE_SIZE / WORD);
  const value = <usize>load<u32>(<usize>load<u32>(context, PREDICT_VALUES) + place);
  if (outputs == 2) v128.store(score, f64x2.add(v128.load(score), v128.load(value)));
  else
    for (let k: usize = 0; k < outputs * 8; k += 8)
      store<f64>(score + k, load<f64>(score + k) + load<f64>(value + k));
}

/** Adds the ensemble's values of a chunk of rows to their scores, [row][output]. */
export function predictRows(context: usize): void {
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
        const next0 = step(node0, x);
        const next1 = step(node1, x + xSize * 1);
        const next2 = step(node2, x + xSize * 2);
        const next3 = step(node3, x + xSize * 3);
        const next4 = step(node4, x + xSize * 4);
        const next5 = step(node5, x + xSize * 5);
        const next6 = step(node6, x + xSize * 6);
        const next7 = step(node7, x + xSize * 7);
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
      addValues(context, node0, score, outputs);
      addValues(context, node1, score + outputs * 8, outputs);
      addValues(context, node2, score + outputs * 16, outputs);
      addValues(context, node3, score + outputs * 24, outputs);
      addValues(context, node4, score + outputs * 32, outputs);
      addValues(context, node5, score + outputs * 40, outputs);
      addValues(context, node6, score + outputs * 48, outputs);
      addValues(context, node7, score + outputs * 56, outputs);
      x += xSize * 8;
      score += outputs * 64;
    }
    for (; row < rows; row++) {
      addValues(context, walk(start, x), score, outputs);
      x += xSize;
      score += outputs * 8;
    }
  }
}

/** Adds the ensemble's values of one row to its scores; length = outputs. */
export function predictRow(context: usize): void {
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
      const next0 = step(node0, x);
      const next1 = step(node1, x);
      const next2 = step(node2, x);
      const next3 = step(node3, x);
      const next4 = step(node4, x);
      const next5 = step(node5, x);
      const next6 = step(node6, x);
      const next7 = step(node7, x);
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
    addValues(context, node0, score, outputs);
    addValues(context, node1, score, outputs);
    addValues(context, node2, score, outputs);
    addValues(context, node3, score, outputs);
    addValues(context, node4, score, outputs);
    addValues(context, node5, score, outputs);
    addValues(context, node6, score, outputs);
    addValues(context, node7, score, outputs);
  }
  for (; root < end; root += 4) addValues(context, walk(<usize>load<u32>(root), x), score, outputs);
}

function walk(node: usize, x: usize): usize {
  while (true) {
    const next = step(node, x);
    if (next == node) return node;
    node = next;
  }
}
