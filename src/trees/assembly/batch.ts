// SHAP values of many rows: lanes are rows, four at a time in two vectors, and every node is loaded once for four
// rows. The same passes as in row.ts; a chunk of rows stays in the cache while one tree after the other goes over it.
import {
  CONTEXT_BELOW, CONTEXT_BELOW_SIZE, CONTEXT_BLOCKS, CONTEXT_FEATURES, CONTEXT_OUTPUTS, CONTEXT_OUTPUT_COUNT,
  CONTEXT_PHI, CONTEXT_TREES, CONTEXT_TREE_COUNT, CONTEXT_X, CONTEXT_X_SIZE, TREE_POINTS, TREE_SIZE,
} from "./layout";
import { passDown } from "./batch-down";
import { LANES } from "./batch-slots";
import { fillLeaves, passUp } from "./batch-up";
import { N0, N1, N2, N3, N4, N5, N6, N7, N8 } from "./sizes";

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
