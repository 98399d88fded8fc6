/** A sample of things that come one after another, of which nobody knows how many there will be. */
import { createRandom, type Random } from './random.ts'

export interface Reservoir<T> {
  /** Takes the next thing in, or leaves it out; `make` is called only in the first case. */
  offer(make: () => T): void
  /** What was taken, in a random order. */
  drawn(): T[]
}

/**
 * Returns a sampler without replacement: of n things each is among the `most` with the same probability (J. S. Vitter, Random
 * sampling with a reservoir, 1985, algorithm R). The same seed and number of things choose the same ones.
 */
export function createReservoir<T>(most: number, seed: number): Reservoir<T> {
  const random = createRandom(seed)
  const kept: T[] = []
  let seen = 0
  return {
    offer(make) {
      seen++
      if (kept.length < most) {
        kept.push(make())
        return
      }
      const at = belowAny(random, seen)
      if (at < most) kept[at] = make()
    },
    drawn() {
      const order = [...kept]
      const mixing = createRandom(seed, 1)
      for (let i = order.length - 1; i > 0; i--) {
        const j = mixing.below(i + 1)
        const one = order[i] as T
        order[i] = order[j] as T
        order[j] = one
      }
      return order
    },
  }
}

/** The generator draws below 2³²; of more things than that, 32 bits of fraction are enough. */
function belowAny(random: Random, bound: number): number {
  return bound <= 0xffffffff ? random.below(bound) : Math.floor(random.uniform() * bound)
}
