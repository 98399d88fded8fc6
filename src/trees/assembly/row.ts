// SHAP values of one row: lanes are the points of the quadrature, in pairs. The recurrences, and the names C, H, f
// and D, are those of ../../shap/tree-shap-reference.ts. With u = 1 − t and g = s − rl a new feature's f is rl + g t; that
// of a repeated one, (R rl u + s t) / (R u + t) while the row is on its path, is rl + g t / (R u + t), and rl beside it,
// where g counts as 0. So t / (R u + t) is to a repeated feature what t is to a new one.
import {
  CONTEXT_FEATURES, CONTEXT_OUTPUTS, CONTEXT_OUTPUT_COUNT, CONTEXT_PHI, CONTEXT_TREES, CONTEXT_TREE_COUNT, SUM_SIZE,
  TREE_POINTS, TREE_SIZE,
} from "./layout";
import { passDown } from "./row-down";
import { passUp } from "./row-up";
import { N0, N1, N2, N3, N4, number } from "./sizes";

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
  const outputs = <usize>load<u32>(context, CONTEXT_OUTPUTS);
  const count = load<i32>(context, CONTEXT_OUTPUT_COUNT);
  const features = <usize>load<u32>(context, CONTEXT_FEATURES);
  let phi = <usize>load<u32>(context, CONTEXT_PHI);
  // Quartets have so many points at most that they stay in registers.
  if (number<P>() > 0) passDown<P, N1>(context, tree);
  else passDown<P, N0>(context, tree);
  for (let k = 0; k < count; k++) {
    const output = <usize>load<u32>(outputs + (<usize>k << 2));
    if (number<P>() > 0) passUp<P, N1, N0>(context, tree, output, phi);
    else passUp<P, N0, N0>(context, tree, output, phi);
    phi += features * SUM_SIZE;
  }
}
