export { explainRow } from "./row";
export { explainRows } from "./batch";
