// The layout of a compiled ensemble in memory; written by ../tree-program.ts, the only other place that knows it.

// Context: what a call works on.
@inline export const CONTEXT_TREES: usize = 0;
@inline export const CONTEXT_TREE_COUNT: usize = 4;
@inline export const CONTEXT_X: usize = 8;
@inline export const CONTEXT_ABOVE: usize = 12;
@inline export const CONTEXT_BELOW: usize = 16;
@inline export const CONTEXT_SIDES: usize = 20;
@inline export const CONTEXT_FACTORS: usize = 24;
@inline export const CONTEXT_PHI: usize = 28;
@inline export const CONTEXT_FEATURES: usize = 32;
@inline export const CONTEXT_OUTPUTS: usize = 36;
@inline export const CONTEXT_OUTPUT_COUNT: usize = 40;
@inline export const CONTEXT_X_SIZE: usize = 44;
@inline export const CONTEXT_BLOCKS: usize = 48;
@inline export const CONTEXT_BELOW_SIZE: usize = 52;
@inline export const CONTEXT_GAINS: usize = 56;
@inline export const CONTEXT_PARTNERS: usize = 60;
@inline export const CONTEXT_PAIRS: usize = 64;

// Tree: one header of 64 bytes each.
@inline export const TREE_SIZE: usize = 64;
@inline export const TREE_POINTS: usize = 0;
@inline export const TREE_SPLITS: usize = 4;
@inline export const TREE_SPLIT_COUNT: usize = 8;
@inline export const TREE_RUNS: usize = 12;
@inline export const TREE_RUN_COUNT: usize = 16;
@inline export const TREE_FORKS: usize = 20;
@inline export const TREE_NEW_FORKS: usize = 24;
@inline export const TREE_FORK_COUNT: usize = 28;
@inline export const TREE_FORK_VALUES: usize = 32;
@inline export const TREE_LEAVES: usize = 36;
@inline export const TREE_LEAF_COUNT: usize = 40;
@inline export const TREE_RULE: usize = 44;
@inline export const TREE_EDGES: usize = 48;
@inline export const TREE_PARTNER_ENDS: usize = 52;
@inline export const TREE_PARTNERS: usize = 56;

// Split: an inner node with at least one inner child; 64 bytes.
@inline export const SPLIT_SIZE: usize = 64;
@inline export const SPLIT_X: usize = 0;
@inline export const SPLIT_FEATURE: usize = 4;
@inline export const SPLIT_THRESHOLD: usize = 8;
@inline export const SPLIT_WEIGHT: usize = 16;
@inline export const SPLIT_REST: usize = 24;
@inline export const SPLIT_ABOVE: usize = 32;
@inline export const SPLIT_LEFT_ABOVE: usize = 40;
@inline export const SPLIT_RIGHT_ABOVE: usize = 44;
@inline export const SPLIT_LEFT_BELOW: usize = 48;
@inline export const SPLIT_RIGHT_BELOW: usize = 52;
@inline export const SPLIT_INVERSE: usize = 56;
@inline export const SPLIT_ANCESTOR: usize = 60;

// Fork: an inner node with two leaves; 40 bytes.
@inline export const FORK_SIZE: usize = 40;
@inline export const FORK_X: usize = 0;
@inline export const FORK_FEATURE: usize = 4;
@inline export const FORK_THRESHOLD: usize = 8;
@inline export const FORK_WEIGHT: usize = 16;
@inline export const FORK_ABOVE: usize = 24;
@inline export const FORK_INVERSE: usize = 32;
@inline export const FORK_ANCESTOR: usize = 36;

// Context of the kernel that follows sets; written by ../interventional-sets.ts, as are its nodes.
@inline export const SETS_X: usize = 0;
@inline export const SETS_WORDS: usize = 4;
@inline export const SETS_UNDECIDED: usize = 8;
@inline export const SETS_DECIDED: usize = 12;
@inline export const SETS_TAKEN: usize = 16;
@inline export const SETS_SUMS: usize = 20;
@inline export const SETS_WEIGHTS: usize = 24;
@inline export const SETS_WEIGHT_ROW: usize = 28;
@inline export const SETS_OUTPUTS: usize = 32;
@inline export const SETS_OUTPUT_COUNT: usize = 36;
@inline export const SETS_PHI: usize = 40;
@inline export const SETS_FEATURES: usize = 44;
@inline export const SETS_ALL: usize = 48;
@inline export const SETS_STACK: usize = 52;
@inline export const SETS_SUM_COUNT: usize = 56;
@inline export const SETS_ROOTS: usize = 60;
@inline export const SETS_ROOT_COUNT: usize = 64;

// Node of that kernel: 32 bytes. A leaf has the feature −1 and the address of its values in place of `left`.
@inline export const SET_NODE_FEATURE: usize = 0;
@inline export const SET_NODE_X: usize = 4;
@inline export const SET_NODE_THRESHOLD: usize = 8;
@inline export const SET_NODE_LEFT: usize = 16;
@inline export const SET_NODE_RIGHT: usize = 20;
@inline export const SET_NODE_LEFT_ROWS: usize = 24;

// Context of the kernel that looks up tables; written by ../interventional-tables.ts, as are the records below.
@inline export const TABLES_TREES: usize = 0;
@inline export const TABLES_COUNT: usize = 4;
@inline export const TABLES_X: usize = 8;
@inline export const TABLES_ROWS: usize = 12;
@inline export const TABLES_MASKS: usize = 16;
@inline export const TABLES_INDEX: usize = 20;
@inline export const TABLES_PHI: usize = 24;
@inline export const TABLES_PHI_SIZE: usize = 28;
@inline export const TABLES_OUTPUTS: usize = 32;
@inline export const TABLES_OUTPUT_COUNT: usize = 36;
@inline export const TABLES_TOUCHED: usize = 40;

// Tree of that kernel: 16 bytes.
@inline export const TABLE_TREE_SIZE: usize = 16;
@inline export const TABLE_TREE_NODES: usize = 0;
@inline export const TABLE_TREE_NODE_COUNT: usize = 4;
@inline export const TABLE_TREE_UNITS: usize = 8;
@inline export const TABLE_TREE_UNIT_COUNT: usize = 12;

// Node above the units: 32 bytes. BIT has all bits but that of the feature; LEFT and RIGHT are numbers of masks.
@inline export const TABLE_NODE_SIZE: usize = 32;
@inline export const TABLE_NODE_X: usize = 0;
@inline export const TABLE_NODE_BIT: usize = 4;
@inline export const TABLE_NODE_THRESHOLD: usize = 8;
@inline export const TABLE_NODE_LEFT: usize = 16;
@inline export const TABLE_NODE_RIGHT: usize = 20;

// Unit: 64 bytes.
@inline export const UNIT_SIZE: usize = 64;
@inline export const UNIT_TABLE: usize = 0;
@inline export const UNIT_BYTES: usize = 4;
@inline export const UNIT_ABOVE: usize = 8;
@inline export const UNIT_NODES: usize = 12;
@inline export const UNIT_ENTRY: usize = 16;
@inline export const UNIT_FEATURES: usize = 20;
@inline export const UNIT_XS: usize = 24;
@inline export const UNIT_THRESHOLDS: usize = 40;

// Context of the kernels that predict; written by ../tree-predict-wasm.ts.
@inline export const PREDICT_ROOTS: usize = 0;
@inline export const PREDICT_ROOT_COUNT: usize = 4;
@inline export const PREDICT_NODES: usize = 8;
@inline export const PREDICT_VALUES: usize = 12;
@inline export const PREDICT_X: usize = 16;
@inline export const PREDICT_X_SIZE: usize = 20;
@inline export const PREDICT_SCORES: usize = 24;
@inline export const PREDICT_OUTPUTS: usize = 28;
@inline export const PREDICT_ROWS: usize = 32;
