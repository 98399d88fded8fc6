/** How many rounds of an XGBoost model count: a model that stopped early holds more than its wrapper uses. */
import { badFlag, invalid, type ReadOptions } from '../imported-model.ts'
import type { XgboostParts } from './parts.ts'

/**
 * Returns how many rounds and how many trees to take.
 * @throws InputError `invalid_parameter` where the user has to choose
 */
export function chooseRounds(
  parts: XgboostParts,
  outputs: number,
  { rounds: asked, isWrapped }: ReadOptions,
): { rounds: number; trees: number } {
  const starts = findStarts(parts, outputs)
  const stored = starts.length - 1
  const text = parts.attributes.get('best_iteration')
  const best = text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
  if (text !== undefined && best === undefined)
    throw invalid(`attribute best_iteration is ${JSON.stringify(text.slice(0, 64))}`)
  const take = (rounds: number) => ({ rounds, trees: starts[rounds]! })
  if (asked === 'all' || (asked === undefined && (best === undefined || best + 1 >= stored)))
    return take(stored)
  if (asked === undefined && isWrapped && best !== undefined) return take(best + 1)
  if (asked === undefined)
    throw badFlag(
      `the file holds ${stored} rounds, attribute best_iteration says ${best}: pass --rounds best (what XGBClassifier.predict uses) or --rounds all (what Booster.predict uses)`,
    )
  if (asked === 'best') {
    if (best === undefined)
      throw badFlag(
        '--rounds best: the file has no attribute best_iteration; it did not stop early',
      )
    return take(Math.min(best + 1, stored))
  }
  if (asked >= 1 && asked <= stored) return take(asked)
  throw badFlag(`--rounds is ${asked}, the file holds ${stored} rounds`)
}

/** Returns the first tree of every round, and the number of trees. */
function findStarts(
  { roundStarts, trees, parallelTrees, leafSize }: XgboostParts,
  outputs: number,
) {
  if (roundStarts && roundStarts.length > 0) {
    const starts = Array.from(roundStarts)
    const ascends = starts.every(
      (start, i) => Number.isInteger(start) && start >= (starts[i - 1] ?? 0),
    )
    if (starts[0] !== 0 || starts.at(-1) !== trees.length || !ascends)
      throw invalid('iteration_indptr does not cut its trees into rounds')
    return starts
  }
  const perRound = parallelTrees * (leafSize > 1 ? 1 : outputs)
  const starts = [0]
  for (let end = perRound; end <= trees.length; end += perRound) starts.push(end)
  if (starts.at(-1) !== trees.length)
    throw invalid(`${trees.length} trees are no rounds of ${perRound}`)
  return starts
}
