/**
 * Grows classification trees (CART: Breiman, Friedman, Olshen, Stone 1984) with scikit-learn's
 * meaning of every limit. AssemblyScript: compiled to WebAssembly by the build. All data lies in
 * one linear memory that threads may share; each thread has an instance with scratch memory of its
 * own. Nothing is allocated here, and no module has static data that is written, since instances
 * would share it.
 */
export { counts, drawRows, fillPacked } from './draw-rows'
export { entries, weights } from './entries'
export { begin, gain, growDepthFirst, middle, openNode } from './grow'
export { setLimits } from './limits'
export { addNode, countNodes, splitNode } from './nodes'
export { seed } from './random'
export { setScratch } from './scratch'
export { setData } from './training-columns'
