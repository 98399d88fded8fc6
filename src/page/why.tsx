/** What the model says of the row, and why. */

import { useState } from 'preact/hooks'
import { number } from '../plots/numbers.ts'
import { type Answer, hasPoints, inPoints, probabilityOf } from './answer.ts'
import { changedColumns, type Row } from './fields.ts'
import { classOf, nameOf, textOf } from './names.ts'
import type { Live } from './use-answers.ts'
import { Waterfall } from './waterfall.tsx'
import type { Label, PageCard, Space } from './wire.ts'
import { percent, sayAnswer, signedFixed } from './words.ts'

interface Props {
  readonly card: PageCard
  readonly live: Live
  /** The answer to the row that this one is compared with. */
  readonly first: Answer | undefined
  /** The class that it has, where that is known. */
  readonly truth: Label | undefined
  readonly start: Row
  readonly hasProblems: boolean
  /** The class that is explained; empty = the usual one. */
  readonly output: string
  onOutput(output: string): void
  onSpace(space: Space): void
}

export function Why(props: Props) {
  const { card, live, hasProblems } = props
  const { answer } = live
  return (
    <section class="why" id="why" aria-labelledby="why-title" aria-busy={live.isWaiting}>
      <h2 id="why-title">What the model says</h2>
      {live.problem !== undefined && !hasProblems && (
        <p class="problem" role="alert">
          {live.problem}
        </p>
      )}
      {hasProblems && <p class="problem">The answer below is to the last complete row.</p>}
      {answer ? <Said {...props} answer={answer} /> : <p class="wait">Asking …</p>}
      {answer && (
        <p class="fine">
          Exact SHAP values in {answer.space === 'probability' ? 'probability' : 'log-odds'} of{' '}
          {nameOf(card.target)} = {classOf(answer.output)}; they add up to the output
          {answer.error < 1e-12 ? '' : `, with an error of ${number(answer.error)}`}.
        </p>
      )}
    </section>
  )
}

function Said(props: Props & { answer: Answer }) {
  const { card, answer } = props
  const probability = probabilityOf(card, answer)
  const [asPoints, setAsPoints] = useState(false)
  const spaces = [
    ...new Set(
      card.explanations.offered
        .filter(({ refusal }) => refusal === undefined)
        .map(({ space }) => space),
    ),
  ]
  // Where probabilities are explained themselves, the scale says so.
  const hasWording = hasPoints(card, answer) && spaces.length === 1
  const isSaidInPoints = asPoints && hasWording
  return (
    <>
      <div class="verdict" aria-live="polite">
        <p class="label">
          {nameOf(card.target)} = <strong>{classOf(answer.label)}</strong>
        </p>
        <p class="probability">
          <strong data-probability={probability}>{percent(probability)}</strong>
          <span>probability of {classOf(answer.output)}</span>
        </p>
        <svg class="meter" width="100%" height="6" aria-hidden="true">
          <rect class="track" width="100%" height="6" rx="3" />
          <rect class="level" width={`${probability * 100}%`} height="6" rx="3" />
        </svg>
      </div>
      <Truth {...props} />
      {card.classes.length > 2 && <Classes card={card} answer={answer} />}
      <Changes {...props} probability={probability} />
      <p class="words">{sayAnswer(card, isSaidInPoints ? inPoints(answer) : answer)}</p>
      <div class="choices">
        {card.classes.length > 2 && (
          <label>
            Explain
            <select
              value={props.output}
              onChange={(event) => props.onOutput(event.currentTarget.value)}
            >
              <option value="">the predicted class</option>
              {card.classes.map((name) => (
                <option key={String(name)} value={String(name)}>
                  {classOf(name)}
                </option>
              ))}
            </select>
          </label>
        )}
        {spaces.length > 1 && (
          <label>
            Scale
            <select
              value={answer.space}
              onChange={(event) => props.onSpace(event.currentTarget.value as Space)}
            >
              {spaces.map((space) => (
                <option key={space} value={space}>
                  {space === 'probability' ? 'probability' : 'log-odds'}
                </option>
              ))}
            </select>
          </label>
        )}
        {hasWording && (
          <label>
            Say it in
            <select
              value={isSaidInPoints ? 'points' : 'odds'}
              onChange={(event) => setAsPoints(event.currentTarget.value === 'points')}
            >
              <option value="odds">odds</option>
              <option value="points">probability</option>
            </select>
          </label>
        )}
      </div>
      <Waterfall
        answer={answer}
        isOfTwo={card.classes.length === 2}
        isSaidInPoints={isSaidInPoints}
      />
    </>
  )
}

/** The class that the row has, beside what was said of it. */
function Truth({ card, first, truth }: Props) {
  if (truth === undefined || !first) return null
  const k = card.classes.indexOf(first.label)
  return (
    <p class="truth">
      The row you began with was <strong>{classOf(truth)}</strong>, the model said{' '}
      <strong>{classOf(first.label)}</strong> ({percent(first.probabilities[k] ?? Number.NaN)}).
    </p>
  )
}

/** All classes of more than two. */
function Classes({ card, answer }: { card: PageCard; answer: Answer }) {
  const ranked = card.classes
    .map((name, k) => ({ name: String(name), share: answer.probabilities[k] ?? 0 }))
    .sort((a, b) => b.share - a.share)
  return (
    <ul class="classes">
      {ranked.slice(0, 6).map(({ name, share }) => (
        <li key={name}>
          <span class="cut" title={classOf(name)}>
            {classOf(name)}
          </span>
          <svg width="100%" height="6" aria-hidden="true">
            <rect class="track" width="100%" height="6" rx="3" />
            <rect class="level" width={`${share * 100}%`} height="6" rx="3" />
          </svg>
          <span class="figure">{percent(share)}</span>
        </li>
      ))}
    </ul>
  )
}

/** What was changed of the row that was loaded, and what came of it. */
function Changes({
  card,
  live,
  first,
  start,
  answer,
  probability,
}: Props & { answer: Answer; probability: number }) {
  const changed = live.row ? changedColumns(card.columns, start, live.row) : []
  if (changed.length === 0 || first?.output !== answer.output) return null
  const before = probabilityOf(card, first)
  const row = live.row as Row
  return (
    <div class="changes">
      <p>
        <strong>Since the row you began with:</strong> {percent(before)} → {percent(probability)} (
        {signedFixed((probability - before) * 100, 1)} points)
      </p>
      <ul>
        {changed.slice(0, 8).map(({ name }) => (
          <li key={name}>
            {nameOf(name)}: {textOf(name, start[name])} → {textOf(name, row[name])}
          </li>
        ))}
        {changed.length > 8 && <li>and {changed.length - 8} more</li>}
      </ul>
    </div>
  )
}
