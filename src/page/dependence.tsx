/** A column's SHAP value against its value, over the sample, with the current row marked. */
import { cellText, number } from '../plots/numbers.ts'
import type { Answer } from './answer.ts'
import { nameOf, textOf } from './names.ts'
import { axisOver, stripsOf } from './points.ts'
import type { Cell, Explained, PageColumn } from './wire.ts'

const HEIGHT = 260
const MOST_STRIPS = 12

interface Props {
  readonly columns: readonly PageColumn[]
  readonly order: readonly string[]
  readonly column: string
  readonly sample: Explained
  readonly answer: Answer | undefined
  onColumn(column: string): void
  onLoadSample(at: number): void
}

export function Dependence(props: Props) {
  const { columns, order, column: name, sample, answer, onColumn, onLoadSample } = props
  const j = sample.feature_names.indexOf(name)
  const column = columns.find((other) => other.name === name)
  if (!column || j < 0) return null
  const cells = sample.explanations.map(({ data }) => data[j] ?? null)
  const values = sample.explanations.map(({ shap_values: [phi] }) => phi?.[j] ?? 0)
  const mine = answer?.pushes.find((push) => push.column === name)
  const strips = stripsOf(column, cells)?.slice(0, MOST_STRIPS)
  const numbers = [...cells, mine?.cell ?? null].filter((cell) => typeof cell === 'number')
  const x = axisOver(numbers)
  const y = axisOver([...values, ...(mine ? [mine.push] : [])], true)
  const placeOf = (cell: Cell): number | undefined => {
    if (!strips) return typeof cell === 'number' ? x.place(cell) : undefined
    const strip = strips.indexOf(cell)
    return strip < 0 ? undefined : (100 * (strip + 0.5)) / strips.length
  }
  const top = (push: number) => HEIGHT - (y.place(push) / 100) * HEIGHT
  /** Rows of one strip stand beside each other; which one stands where says nothing. */
  const spread = (row: number) =>
    strips ? ((((row * 7919) % 101) / 101 - 0.5) * 55) / strips.length : 0
  const own = mine && placeOf(mine.cell)
  const factor = sample.space === 'probability' ? 100 : 1
  return (
    <article class="panel">
      <h3>
        <label for="dependence">How it depends on </label>
        <select
          id="dependence"
          value={name}
          onChange={(event) => onColumn(event.currentTarget.value)}
        >
          {order.map((other) => (
            <option key={other} value={other}>
              {nameOf(other)}
            </option>
          ))}
        </select>
      </h3>
      <p class="quiet">
        Its SHAP value, {number(y.low * factor)} at the bottom to {number(y.high * factor)} at the
        top; above the line is in favour.
      </p>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: "Random row" and "Load this row" do the same by keyboard */}
      <svg
        class="dependence"
        width="100%"
        height={HEIGHT}
        role="img"
        aria-label={`SHAP values of ${nameOf(name)} by its value`}
        onClick={(event) => {
          const row = (event.target as Element).getAttribute('data-row')
          if (row !== null) onLoadSample(Number(row))
        }}
      >
        <line class="zero" x1="0" x2="100%" y1={top(0)} y2={top(0)} />
        {cells.map((cell, row) => {
          const place = placeOf(cell)
          return place === undefined ? null : (
            <circle
              key={row}
              class="point"
              data-row={row}
              cx={`${place + spread(row)}%`}
              cy={top(values[row] ?? 0)}
              r="3.2"
            >
              <title>{`${nameOf(name)} = ${textOf(name, cell)}: ${number((values[row] ?? 0) * factor)}`}</title>
            </circle>
          )
        })}
        {mine && own !== undefined && (
          <circle class="ring" cx={`${own}%`} cy={top(mine.push)} r="7" />
        )}
      </svg>
      <div class="axis" aria-hidden="true">
        {strips ? (
          strips.map((strip) => (
            <span class="strip cut" key={String(strip)} title={textOf(name, strip)}>
              {textOf(name, strip)}
            </span>
          ))
        ) : (
          <>
            <span>{cellText(x.low)}</span>
            <span>{cellText(x.high)}</span>
          </>
        )}
      </div>
    </article>
  )
}
