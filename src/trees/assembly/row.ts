// SHAP values of one row: lanes are the points of the quadrature, in pairs. The recurrences, and the names C, H, f
// and D, are those of ../../shap/tree-shap-reference.ts. With u = 1 − t a new feature's f is rl + (s − rl) t.
import {
  CONTEXT_FEATURES, CONTEXT_OUTPUTS, CONTEXT_OUTPUT_COUNT, CONTEXT_PHI, CONTEXT_TREES, CONTEXT_TREE_COUNT, SUM_SIZE,
  TREE_POINTS, TREE_SIZE,
} from "./layout";
import { passDown } from "./row-down";
import { passUp } from "./row-up";
import { N0, N1, N2, N3, N4 } from "./sizes";

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

function explainTree<P>(context: usize, tree: usize): void {
  passDown<P>(context, tree);
  const outputs = <usize>load<u32>(context, CONTEXT_OUTPUTS);
  const count = load<i32>(context, CONTEXT_OUTPUT_COUNT);
  const features = <usize>load<u32>(context, CONTEXT_FEATURES);
  let phi = <usize>load<u32>(context, CONTEXT_PHI);
  for (let k = 0; k < count; k++) {
    passUp<P, N0>(context, tree, <usize>load<u32>(outputs + (<usize>k << 2)), phi);
    phi += features * SUM_SIZE;
  }
}
