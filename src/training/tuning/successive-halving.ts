/** Which trials get how much: many little, the best of them more. */

/** One round: so many trials, each with so much of the resource. */
export interface Rung {
  readonly candidates: number
  readonly resource: number
}

/** Each round keeps a third of the trials and gives each three times as much. */
const FACTOR = 3

/**
 * Returns the rounds of successive halving (Jamieson and Talwalkar 2016): the last has the whole resource, the first
 * no less than `least`.
 * @param trials at least 1
 * @param most the whole resource: rows, or trees
 */
export function planRungs(trials: number, most: number, least: number): Rung[] {
  let rounds = 1
  while (trials / FACTOR ** rounds >= 1 && most / FACTOR ** rounds >= least) rounds++
  return Array.from({ length: rounds }, (_, round) => ({
    candidates: Math.ceil(trials / FACTOR ** round),
    resource: Math.floor(most / FACTOR ** (rounds - 1 - round)),
  }))
}
