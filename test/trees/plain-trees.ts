/** A tree ensemble as its definition reads, one row and one node at a time: the oracle of all faster ways. */
import type { TreeEnsemble } from '../../src/trees/ensemble.ts'

/** Whether a row goes left at an inner node. */
export function isLeftOf(trees: TreeEnsemble, node: number, x: Float64Array): boolean {
  const raw = x[trees.feature[node] as number] as number
  const missing = trees.missingLeft[node] === 1
  const view = trees.views?.[trees.view?.[node] ?? -1]
  if (view?.kind === 'codes_left' || view?.kind === 'codes_right') {
    if (Number.isNaN(raw)) return missing
    return codesOf(view.codes).has(Math.trunc(raw)) === (view.kind === 'codes_left')
  }
  const rounded = trees.precision === 'float32' ? Math.fround(raw) : raw
  const isZero = Math.abs(rounded) <= 1.0000000180025095e-35
  if (view?.kind === 'zero_as_missing' && isZero) return missing
  const seen = view?.kind === 'missing_as_zero' && Number.isNaN(rounded) ? 0 : rounded
  if (Number.isNaN(seen)) return missing
  const threshold = trees.threshold[node] as number
  return trees.comparison === '<' ? seen < threshold : seen <= threshold
}

/** Returns the codes of a set. */
export function codesOf(bytes: Uint8Array): Set<number> {
  const codes = new Set<number>()
  bytes.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) codes.add(8 * at + bit)
  })
  return codes
}

/** Returns the bytes of a set of codes. */
export function bytesOfCodes(codes: Iterable<number>): Uint8Array {
  const list = [...codes]
  const bytes = new Uint8Array(list.reduce((most, code) => Math.max(most, (code >> 3) + 1), 0))
  for (const code of list) bytes[code >> 3] = (bytes[code >> 3] as number) | (1 << (code & 7))
  return bytes
}

/** Returns what a leaf gives to an output, in the tree with the given number. */
export function leafValue(
  { output, outputs, value }: TreeEnsemble,
  tree: number,
  leaf: number,
  k: number,
): number {
  if (!output) return value[leaf * outputs + k] as number
  return output[tree] === k ? (value[leaf] as number) : 0
}

/** Returns what the sum of an output's trees is multiplied by. */
export function weightOf(trees: TreeEnsemble, k: number): number {
  const scale = trees.scale ?? 1
  if (trees.aggregation === 'sum') return scale
  const own = trees.output ? trees.output.filter((output) => output === k) : trees.roots
  return scale / Math.max(1, own.length)
}

/** Writes the ensemble's outputs for one row into `out`. */
export function ensembleOutput(trees: TreeEnsemble, x: Float64Array, out: Float64Array): void {
  for (let k = 0; k < trees.outputs; k++) {
    let sum = 0
    trees.roots.forEach((root, tree) => {
      let node = root
      while (trees.feature[node] !== -1)
        node = (isLeftOf(trees, node, x) ? trees.left[node] : trees.right[node]) as number
      sum += leafValue(trees, tree, node, k)
    })
    out[k] = sum * weightOf(trees, k) + (trees.base[k] as number)
  }
}
