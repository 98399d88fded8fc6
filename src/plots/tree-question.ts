/** What a node of a tree asks, in the columns' own values. */
import type { Cell } from '../data/frame.ts'
import { type FeatureMeaning, rawNumber } from '../preprocess/feature-meaning.ts'
import { type TreeEnsemble, viewOf } from '../trees/ensemble.ts'
import { hasCode } from '../trees/views.ts'
import { cellText, number } from './numbers.ts'

export interface Question {
  readonly text: string
  /** Whether rows that answer yes go to the left child. */
  readonly yesIsLeft: boolean
}

/** Categories of a set that are named. */
const MOST_NAMED = 4

/** Returns what an inner node asks. @param canBeMissing whether its feature may be missing */
export function questionOf(
  trees: TreeEnsemble,
  node: number,
  meaning: FeatureMeaning,
  canBeMissing: boolean,
): Question {
  const { text, yesIsLeft } = askOf(trees, node, meaning)
  const missingIsYes = (trees.missingLeft[node] === 1) === yesIsLeft
  return { text: canBeMissing && missingIsYes ? `${text} or missing` : text, yesIsLeft }
}

function askOf(trees: TreeEnsemble, node: number, meaning: FeatureMeaning): Question {
  const { column } = meaning
  const threshold = trees.threshold[node]!
  const view = viewOf(trees, node)
  if (view?.kind === 'codes_left' || view?.kind === 'codes_right') {
    const codes = Array.from({ length: view.codes.length * 8 }, (_, code) => code)
    const chosen = codes.filter((code) => hasCode(view.codes, code))
    const names = chosen.map((code) =>
      meaning.kind === 'code' ? (meaning.categories[code] ?? `code ${code}`) : code,
    )
    return { text: `${column} is ${listCells(names)}`, yesIsLeft: view.kind === 'codes_left' }
  }
  const isBelow = (value: number) =>
    trees.comparison === '<=' ? value <= threshold : value < threshold
  if (meaning.kind === 'level') {
    const level = meaning.level === undefined ? 'one of the rare values' : cellText(meaning.level)
    // The level is 1, everything else 0.
    return { text: `${column} is ${level}`, yesIsLeft: isBelow((1 - meaning.mean) / meaning.scale) }
  }
  if (meaning.kind === 'code') {
    const named = meaning.categories.filter((_, code) =>
      isBelow((code - meaning.mean) / meaning.scale),
    )
    if (named.length > 0) return { text: `${column} is ${listCells(named)}`, yesIsLeft: true }
    return { text: `${column} is not known`, yesIsLeft: true }
  }
  // A negative scale turns the order around.
  const [below, above] = trees.comparison === '<=' ? ['≤', '≥'] : ['<', '>']
  const comparison = meaning.scale < 0 ? above : below
  return {
    text: `${column} ${comparison} ${number6(rawNumber(meaning, threshold))}`,
    yesIsLeft: true,
  }
}

function number6(value: number): string {
  return Number.isFinite(value) ? cellText(value) : number(value)
}

/** `a`, `a or b`, `a, b, c or 5 more`. */
function listCells(cells: readonly Cell[]): string {
  const texts = cells.map((cell) => cellText(cell))
  const [last] = texts.slice(-1)
  if (last === undefined) return 'none of the known values'
  if (texts.length === 1) return last
  if (texts.length <= MOST_NAMED) return `${texts.slice(0, -1).join(', ')} or ${last}`
  return `${texts.slice(0, MOST_NAMED - 1).join(', ')} or ${texts.length - MOST_NAMED + 1} more`
}
