/** The waterfall of a row: from the base value, column by column, to the output; a table that is drawn. */
import { number } from '../plots/numbers.ts'
import { type Answer, type Bar, barsOf, logistic } from './answer.ts'
import { breakable } from './breakable.tsx'
import { classOf, nameOf, textOf } from './names.ts'
import { probabilityTicks } from './ticks.ts'
import { percent, pushText } from './words.ts'

const MOST_BARS = 12

interface Props {
  readonly answer: Answer
  /** Whether there are two classes, so that log-odds are those of a probability. */
  readonly isOfTwo: boolean
  /** Whether log-odds are said as probabilities; they are drawn where they are. */
  readonly isSaidInPoints: boolean
}

export function Waterfall({ answer, isOfTwo, isSaidInPoints }: Props) {
  const bars = barsOf(answer, MOST_BARS)
  const ends = [answer.base, answer.value, ...bars.flatMap(({ from, to }) => [from, to])]
  const low = Math.min(...ends)
  const high = Math.max(...ends)
  const width = high - low || 1
  const place = (value: number) => 2 + (96 * (value - low)) / width
  const isProbability = answer.space === 'probability'
  const total = (value: number) =>
    isProbability ? percent(value) : isSaidInPoints ? percent(logistic(value)) : number(value)
  const said = ({ from, to, push }: Bar) =>
    isSaidInPoints
      ? pushText(logistic(to) - logistic(from), 'probability')
      : pushText(push, answer.space)
  return (
    <table class="waterfall" data-base={answer.base} data-value={answer.value}>
      <caption>
        From the average output to this row’s
        {isProbability
          ? ', in percentage points'
          : isSaidInPoints
            ? ', in percentage points that each column adds on the way up, drawn in log-odds'
            : ', in log-odds'}
      </caption>
      <colgroup>
        <col class="name" />
        <col />
        <col class="figures" />
      </colgroup>
      <thead class="unseen">
        <tr>
          <th scope="col">Column</th>
          <th scope="col">Drawing</th>
          <th scope="col">SHAP value</th>
        </tr>
      </thead>
      <tbody>
        {!isProbability && isOfTwo && <Probabilities low={low} high={high} place={place} />}
        <tr class="total">
          <th scope="row">this row, {classOf(answer.output)}</th>
          <td class="drawing">
            <Mark at={place(answer.value)} />
          </td>
          <td class="figure">{total(answer.value)}</td>
        </tr>
        {[...bars].reverse().map((bar) => (
          <tr key={bar.column} class="bar" data-push={bar.push}>
            <th scope="row">
              <NameOf bar={bar} />
            </th>
            <td class="drawing">
              <Push bar={bar} place={place} />
            </td>
            <td class={bar.push > 0 ? 'figure up' : bar.push < 0 ? 'figure down' : 'figure'}>
              {said(bar)}
            </td>
          </tr>
        ))}
        <tr class="total">
          <th scope="row">average</th>
          <td class="drawing">
            <Mark at={place(answer.base)} />
          </td>
          <td class="figure">{total(answer.base)}</td>
        </tr>
      </tbody>
    </table>
  )
}

/** Which probabilities the log-odds are, above the drawing. */
function Probabilities(props: { low: number; high: number; place(value: number): number }) {
  const ticks = probabilityTicks(props.low, props.high)
  if (ticks.length === 0) return null
  return (
    <tr class="ticks">
      <th scope="row">probability</th>
      <td class="drawing">
        <svg width="100%" height="24" aria-hidden="true">
          {ticks.map(({ logOdds, text }) => (
            <g key={text}>
              <text x={`${props.place(logOdds)}%`} y="13" text-anchor="middle">
                {text}
              </text>
              <line
                x1={`${props.place(logOdds)}%`}
                x2={`${props.place(logOdds)}%`}
                y1="18"
                y2="24"
              />
            </g>
          ))}
        </svg>
      </td>
      <td />
    </tr>
  )
}

function NameOf({ bar: { column, cell } }: { bar: Bar }) {
  if (cell === undefined) return <span class="cut others">{column}</span>
  const value = textOf(column, cell)
  const name = nameOf(column)
  return (
    <span class="cut" title={`${name} = ${value}`}>
      {breakable(name)} <span class="value">{value}</span>
    </span>
  )
}

function Push({ bar: { from, to, push }, place }: { bar: Bar; place(value: number): number }) {
  const left = Math.min(place(from), place(to))
  const width = Math.max(0.6, Math.abs(place(to) - place(from)))
  return (
    <svg width="100%" height="22" aria-hidden="true">
      <line class="thread" x1={`${place(from)}%`} x2={`${place(from)}%`} y1="0" y2="22" />
      <rect
        class={push > 0 ? 'up' : push < 0 ? 'down' : 'neutral'}
        x={`${left}%`}
        width={`${width}%`}
        y="4"
        height="14"
        rx="2"
      />
    </svg>
  )
}

function Mark({ at }: { at: number }) {
  return (
    <svg width="100%" height="22" aria-hidden="true">
      <circle class="mark" cx={`${at}%`} cy="11" r="4" />
    </svg>
  )
}
