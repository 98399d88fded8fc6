/** A seeded source of random numbers. */
export interface Random {
  /** Next 32 random bits as an unsigned integer. */
  next(): number
  /** Next integer in 0 … bound − 1, without bias. */
  below(bound: number): number
  /** Next double in [0, 1) with 32 random bits. */
  uniform(): number
}

/**
 * Returns the generator sfc32 (Chris Doty-Humphrey, PractRand), its state filled from `seed` and `stream`
 * by SplitMix32. The same pair always gives the same numbers; different streams are independent.
 */
export function createRandom(seed: number, stream = 0): Random {
  let mix = (seed ^ Math.imul(stream + 1, 0x9e3779b9)) >>> 0
  const splitMix = () => {
    mix = (mix + 0x9e3779b9) | 0
    let z = mix ^ (mix >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z ^= z >>> 15
    z = Math.imul(z, 0x735a2d97)
    return (z ^ (z >>> 15)) | 0
  }
  let a = splitMix()
  let b = splitMix()
  let c = splitMix()
  let counter = 1
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  for (let i = 0; i < 12; i++) next()
  const below = (bound: number) => {
    // Rejects the last incomplete run of `bound` values, which would favour small results.
    const limit = 0x100000000 - (0x100000000 % bound)
    let value = next()
    while (value >= limit) value = next()
    return value % bound
  }
  return { next, below, uniform: () => next() / 0x100000000 }
}

/** Shuffles in place by Fisher and Yates and returns the same array. */
export function shuffle(values: Int32Array, random: Random): Int32Array {
  for (let i = values.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const kept = values[i]!
    values[i] = values[j]!
    values[j] = kept
  }
  return values
}
