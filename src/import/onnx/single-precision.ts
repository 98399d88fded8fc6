/** A linear model's features in single precision, as ONNX has all of them. */
import type { FeatureSource } from '../sources.ts'

/** Returns a feature that is rounded; one that is rounded already, or 0 or 1, as it is. */
export function singlePrecisionOf(source: FeatureSource): FeatureSource {
  const last = source.chain.at(-1)?.kind
  if (last === 'single_precision' || last === 'one_hot_encoder') return source
  return { ...source, chain: [...source.chain, { kind: 'single_precision', offset: 0, scale: 1 }] }
}
