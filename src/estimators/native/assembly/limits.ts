// What a tree may look like, and how its sums are kept.

export let classes: i32
/** Whether sums are packed; see entries.ts. */
export let packed: bool
/** Whether the criterion is entropy; Gini otherwise. */
export let entropy: bool
export let maxDepth: i32
export let maxFeatures: i32
export let minSamplesSplit: i32
export let minSamplesLeaf: i32
export let minImpurityDecrease: f64
/** Nodes with at most as many rows see every value of every column. */
export let exactRows: i32
/** Doubles per group of rows: one per class, and one of rows where leaves have a least size. */
export let sumCount: i32

export function setLimits(
  classes_: i32,
  packed_: bool,
  entropy_: bool,
  maxDepth_: i32,
  maxFeatures_: i32,
  minSamplesSplit_: i32,
  minSamplesLeaf_: i32,
  minImpurityDecrease_: f64,
  exactRows_: i32,
): void {
  classes = classes_
  packed = packed_
  entropy = entropy_
  maxDepth = maxDepth_
  maxFeatures = maxFeatures_
  minSamplesSplit = minSamplesSplit_
  minSamplesLeaf = minSamplesLeaf_
  minImpurityDecrease = minImpurityDecrease_
  exactRows = exactRows_
  sumCount = classes + (minSamplesLeaf > 1 ? 1 : 0)
}
