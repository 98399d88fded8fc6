// The layout of everything that TypeScript writes and the kernels read: sizes and offsets in bytes. The build compiles
// this file on its own too and writes its constants as ../layout.generated.ts, so that nobody says them again. Nothing
// but exported constants belongs here.

// An address or a count, a double, and a vector of two doubles.
@inline export const WORD: usize = 4;
@inline export const DOUBLE: usize = 8;
@inline export const VECTOR: usize = 16;

// Context of the kernels that explain by paths (row.ts, batch.ts, pairs.ts): what a call works on.
@inline export const CONTEXT_TREES: usize = 0;
@inline export const CONTEXT_TREE_COUNT: usize = 4;
@inline export const CONTEXT_X: usize = 8;
@inline export const CONTEXT_ABOVE: usize = 12;
@inline export const CONTEXT_BELOW: usize = 16;
@inline export const CONTEXT_SIDES: usize = 20;
@inline export const CONTEXT_PHI: usize = 24;
@inline export const CONTEXT_FEATURES: usize = 28;
@inline export const CONTEXT_OUTPUTS: usize = 32;
@inline export const CONTEXT_OUTPUT_COUNT: usize = 36;
@inline export const CONTEXT_X_SIZE: usize = 40;
@inline export const CONTEXT_BLOCKS: usize = 44;
@inline export const CONTEXT_BELOW_SIZE: usize = 48;
@inline export const CONTEXT_GAINS: usize = 52;
@inline export const CONTEXT_PARTNERS: usize = 56;
@inline export const CONTEXT_PAIRS: usize = 60;
@inline export const CONTEXT_SIZE: usize = 64;

// Areas of working memory. Per split, for one row: where rows that go left and right are alive, and g of the node. An
// entry before those of the splits is alive on both sides: that of nodes without an ancestor. Its second vector turns
// the mask of the left side into those of both.
@inline export const SIDES_SIZE: usize = 32;
// Rows of a block, and per split the same for a block: two masks of four rows each, and g.
@inline export const BLOCK_ROWS: usize = 4;
@inline export const BLOCK_SIDES_SIZE: usize = 96;
// Sums of one row are vectors, whose two lanes add up to the SHAP value of a feature.
@inline export const SUM_SIZE: usize = 16;

// Tree: its header. A quartet is a split over two forks; a plain one asks new features
// only, a mixed one any. RULE is the address of vectors of points: t, ones, and the weights of the quadrature.
@inline export const TREE_SIZE: usize = 68;
@inline export const TREE_POINTS: usize = 0;
@inline export const TREE_SPLITS: usize = 4;
@inline export const TREE_SPLIT_COUNT: usize = 8;
@inline export const TREE_RUNS: usize = 12;
@inline export const TREE_RUN_COUNT: usize = 16;
@inline export const TREE_FORKS: usize = 20;
@inline export const TREE_REPEATED_FORKS: usize = 24;
@inline export const TREE_FORK_COUNT: usize = 28;
@inline export const TREE_FORK_VALUES: usize = 32;
@inline export const TREE_LEAVES: usize = 36;
@inline export const TREE_LEAF_COUNT: usize = 40;
@inline export const TREE_RULE: usize = 44;
@inline export const TREE_EDGES: usize = 48;
@inline export const TREE_PARTNER_ENDS: usize = 52;
@inline export const TREE_PARTNERS: usize = 56;
@inline export const TREE_PLAIN_QUARTETS: usize = 60;
@inline export const TREE_MIXED_QUARTETS: usize = 64;

// Split: an inner node with at least one inner child. X is the address of the number that it compares, in a single row;
// LEFT and RIGHT are the offsets of its children's slots, and ANCESTOR that of a mask among the sides, for a single row.
// SHARES is the address of two vectors of points: what t is to its feature, and what C is multiplied by.
@inline export const SPLIT_SIZE: usize = 40;
@inline export const SPLIT_X: usize = 0;
@inline export const SPLIT_FEATURE: usize = 4;
@inline export const SPLIT_THRESHOLD: usize = 8;
@inline export const SPLIT_WEIGHT: usize = 16;
@inline export const SPLIT_LEFT: usize = 24;
@inline export const SPLIT_RIGHT: usize = 28;
@inline export const SPLIT_SHARES: usize = 32;
@inline export const SPLIT_ANCESTOR: usize = 36;

// Fork: an inner node with two leaves.
@inline export const FORK_SIZE: usize = 32;
@inline export const FORK_X: usize = 0;
@inline export const FORK_FEATURE: usize = 4;
@inline export const FORK_THRESHOLD: usize = 8;
@inline export const FORK_WEIGHT: usize = 16;
@inline export const FORK_SHARES: usize = 24;
@inline export const FORK_ANCESTOR: usize = 28;

// Values of a fork, per output: the mean of its leaves by their weights, and their difference.
@inline export const FORK_VALUE_SIZE: usize = 16;
@inline export const FORK_VALUE_MEAN: usize = 0;
@inline export const FORK_VALUE_DIFFERENCE: usize = 8;

// Partner of a node in pairs.ts: the number of an edge, and the offset of its feature in a row of sums.
@inline export const PARTNER_SIZE: usize = 8;
@inline export const PARTNER_EDGE: usize = 0;
@inline export const PARTNER_FEATURE: usize = 4;

// Context of the kernel that follows sets of background rows (sets.ts).
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
@inline export const SETS_SIZE: usize = 68;

// Node of that kernel. A leaf has the feature −1 and the address of its values in place of `left`.
@inline export const SET_NODE_SIZE: usize = 32;
@inline export const SET_NODE_FEATURE: usize = 0;
@inline export const SET_NODE_X: usize = 4;
@inline export const SET_NODE_THRESHOLD: usize = 8;
@inline export const SET_NODE_LEFT: usize = 16;
@inline export const SET_NODE_RIGHT: usize = 20;
@inline export const SET_NODE_LEFT_ROWS: usize = 24;

// Context of the kernel that looks up tables (tables.ts).
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
@inline export const TABLES_SIZE: usize = 48;

// Tree of that kernel.
@inline export const TABLE_TREE_SIZE: usize = 16;
@inline export const TABLE_TREE_NODES: usize = 0;
@inline export const TABLE_TREE_NODE_COUNT: usize = 4;
@inline export const TABLE_TREE_UNITS: usize = 8;
@inline export const TABLE_TREE_UNIT_COUNT: usize = 12;

// Node above the units. BIT has all bits but that of the feature; LEFT and RIGHT are numbers of masks.
@inline export const TABLE_NODE_SIZE: usize = 32;
@inline export const TABLE_NODE_X: usize = 0;
@inline export const TABLE_NODE_BIT: usize = 4;
@inline export const TABLE_NODE_THRESHOLD: usize = 8;
@inline export const TABLE_NODE_LEFT: usize = 16;
@inline export const TABLE_NODE_RIGHT: usize = 20;

// Unit: a subtree of at most three inner nodes, whose offsets and thresholds are lists.
@inline export const UNIT_SIZE: usize = 64;
@inline export const UNIT_TABLE: usize = 0;
@inline export const UNIT_BYTES: usize = 4;
@inline export const UNIT_ABOVE: usize = 8;
@inline export const UNIT_NODES: usize = 12;
@inline export const UNIT_ENTRY: usize = 16;
@inline export const UNIT_FEATURES: usize = 20;
@inline export const UNIT_XS: usize = 24;
@inline export const UNIT_THRESHOLDS: usize = 40;

// Condition of a feature of a leaf's path: bits of the index that must be set, bits that must not, place in an entry.
@inline export const CONDITION_SIZE: usize = 12;
@inline export const CONDITION_NEEDED: usize = 0;
@inline export const CONDITION_FORBIDDEN: usize = 4;
@inline export const CONDITION_PLACE: usize = 8;

// Context of the kernels that predict (predict.ts). Trees come in groups, which one row walks at a time; leaves of value
// 0 fill the last one. LEVELS has the inner levels of every tree, GROUP_LEVELS the most of a group; 0 where they are so
// many that not all walks should go to the last.
@inline export const GROUP_TREES: usize = 16;
@inline export const PREDICT_ROOTS: usize = 0;
@inline export const PREDICT_ROOT_COUNT: usize = 4;
@inline export const PREDICT_LEVELS: usize = 8;
@inline export const PREDICT_GROUP_LEVELS: usize = 12;
@inline export const PREDICT_X_SIZE: usize = 16;
@inline export const PREDICT_SCORES: usize = 20;
@inline export const PREDICT_OUTPUTS: usize = 24;
@inline export const PREDICT_ROWS: usize = 28;
@inline export const PREDICT_SIZE: usize = 32;

// Node of those kernels: threshold, address of its feature's number of the first row, address of the right child, which
// the left one follows. A leaf leads to itself: it looks at −∞, and in place of a threshold it has its value, or,
// in the first word, the address of its values.
@inline export const PREDICT_NODE_SIZE: usize = 16;
@inline export const PREDICT_NODE_THRESHOLD: usize = 0;
@inline export const PREDICT_NODE_X: usize = 8;
@inline export const PREDICT_NODE_RIGHT: usize = 12;

// Node of the kernels for trees with sets of codes: the same, and which bits of its feature's number are compared.
@inline export const MASKED_NODE_SIZE: usize = 24;
@inline export const MASKED_NODE_MASK: usize = 16;
