/** Explanations in words. */
import { cellText, signed } from '../plots/numbers.ts'
import { type Answer, type Push, probabilityOf } from './answer.ts'
import type { PageCard } from './wire.ts'

/** Returns a share as per cent with one digit behind the point. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : 'not known'
}

/** Returns a push as people read it: points of a probability, or what the odds are multiplied by. */
export function pushInWords(push: number, space: Answer['space']): string {
  if (space === 'probability') return `${signed(Number((push * 100).toFixed(1)))} points`
  const factor = Math.exp(push)
  return factor >= 1 ? `odds × ${factor.toPrecision(3)}` : `odds ÷ ${(1 / factor).toPrecision(3)}`
}

/** Returns two sentences: what the model says, and what moved it most each way. */
export function sayAnswer(card: PageCard, answer: Answer): string {
  const { output, space, base, pushes } = answer
  const usual = space === 'probability' ? base : 1 / (1 + Math.exp(-base))
  const start =
    card.classes.length === 2 || space === 'probability'
      ? `, where ${percent(usual)} is the model’s starting point`
      : ''
  const said = `${card.target} = ${output} has a probability of ${percent(probabilityOf(card, answer))}${start}.`
  const strongest = (sign: number) =>
    pushes.filter(({ push }) => push * sign > 0 && isFelt(push, answer)).slice(0, 2)
  const up = strongest(1)
  const down = strongest(-1)
  const sides = [
    ...(up.length > 0
      ? [`${listPushes(up, space)} ${up.length > 1 ? 'speak' : 'speaks'} for it`]
      : []),
    ...(down.length > 0
      ? [`${listPushes(down, space)} ${down.length > 1 ? 'speak' : 'speaks'} against it`]
      : []),
  ]
  return sides.length > 0 ? `${said} ${sides.join('; ')}.` : said
}

/** What moves the output by less than a thousandth of all movement is not worth a word. */
function isFelt(push: number, { pushes }: Answer): boolean {
  const all = pushes.reduce((sum, other) => sum + Math.abs(other.push), 0)
  return Math.abs(push) > all / 1000
}

function listPushes(pushes: readonly Push[], space: Answer['space']): string {
  return pushes
    .map(({ column, cell, push }) => `${column} = ${cellText(cell)} (${pushInWords(push, space)})`)
    .join(' and ')
}
