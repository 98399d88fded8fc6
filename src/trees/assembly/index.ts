export { explainRow } from "./row";
export { explainRows } from "./batch";
export { explainPairs } from "./pairs";
export { explainSets } from "./sets";
export { addLeaf, explainTables, prepareLeaf } from "./tables";
export { predictMaskedRow, predictMaskedRows, predictRow, predictRows } from "./predict";
