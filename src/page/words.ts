/** Explanations in words. */
import { type Answer, logistic, type Push, probabilityOf } from './answer.ts'
import { classOf, nameOf, textOf } from './names.ts'
import type { Counterfactual, PageCard } from './wire.ts'

/** What a number is set off from its unit by: no line ends there. */
const GAP = '\u00a0'

/** Returns a number with so many digits behind the point and its sign, which zero does not have. */
export function signedFixed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits)
  if (Number(text) === 0) return text
  return `${value > 0 ? '+' : '−'}${text}`
}

/** Returns a value in the space of an explanation: points of a probability, or log-odds. */
export function pushText(push: number, space: Answer['space']): string {
  return space === 'probability' ? signedFixed(push * 100, 1) : signedFixed(push, 3)
}

/** Returns a share as per cent with one digit behind the point. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)}${GAP}%` : 'not known'
}

/** Returns a push as people read it: points of a probability, or what the odds are multiplied by. */
export function pushInWords(push: number, space: Answer['space']): string {
  if (space === 'probability') return `${pushText(push, space)}${GAP}points`
  const factor = Math.exp(push)
  return factor >= 1 ? `odds × ${factor.toPrecision(3)}` : `odds ÷ ${(1 / factor).toPrecision(3)}`
}

/** Returns two sentences: what the model says, and what moved it most each way. */
export function sayAnswer(card: PageCard, answer: Answer): string {
  const { output, space, base, pushes } = answer
  const usual = space === 'probability' ? base : logistic(base)
  const start =
    card.classes.length === 2 || space === 'probability'
      ? `, where ${percent(usual)} is the model’s starting point`
      : ''
  const said = `${nameOf(card.target)} = ${classOf(output)} has a probability of ${percent(probabilityOf(card, answer))}${start}.`
  const sides = ([1, -1] as const)
    .map((sign) => pushes.filter(({ push }) => push * sign > 0 && isFelt(push, answer)).slice(0, 2))
    .filter(([strongest]) => strongest !== undefined)
    .sort(([a], [b]) => Math.abs(b?.push ?? 0) - Math.abs(a?.push ?? 0))
    .map((side) => {
      const verb = side.length > 1 ? 'speak' : 'speaks'
      return `${listPushes(side, space)} ${verb} ${(side[0]?.push ?? 0) > 0 ? 'for' : 'against'} it`
    })
  return sides.length > 0 ? `${said} ${sides.join('; ')}.` : said
}

/** Returns what is said where no change was found: that there is none, or that the search did not come to its end. */
export function sayNoChange(found: Pick<Counterfactual, 'optimal'> | undefined): string {
  return found?.optimal
    ? 'No change of up to three columns gives another class.'
    : 'No change of up to three columns was found; the search ended before all were looked at.'
}

/** What moves the output by less than a thousandth of all movement is not worth a word. */
function isFelt(push: number, { pushes }: Answer): boolean {
  const all = pushes.reduce((sum, other) => sum + Math.abs(other.push), 0)
  return Math.abs(push) > all / 1000
}

function listPushes(pushes: readonly Push[], space: Answer['space']): string {
  return pushes
    .map(
      ({ column, cell, push }) =>
        `${nameOf(column)} = ${textOf(column, cell)} (${pushInWords(push, space)})`,
    )
    .join(' and ')
}
