/** The SHAP values of the sample, a point for each row and column; the current row has a ring. */
import { useMemo } from 'preact/hooks'
import { number } from '../plots/numbers.ts'
import { swarmOffsets } from '../plots/swarm.ts'
import type { Answer } from './answer.ts'
import { breakable } from './breakable.tsx'
import { nameOf, textOf } from './names.ts'
import { type Axis, axisOver, shadesOf } from './points.ts'
import type { Explained, PageColumn } from './wire.ts'

const MOST_COLUMNS = 12
const HEIGHT = 44
/** Pixels that the drawing is wide about, by which points are kept apart. */
const USUAL_WIDTH = 300

interface Props {
  readonly columns: readonly PageColumn[]
  readonly order: readonly string[]
  readonly sample: Explained
  readonly answer: Answer | undefined
  onLoadSample(at: number): void
}

export function Beeswarm({ columns, order, sample, answer, onLoadSample }: Props) {
  const shown = order.slice(0, MOST_COLUMNS)
  const at = new Map(sample.feature_names.map((name, j) => [name, j]))
  const pushes = (j: number) => sample.explanations.map(({ shap_values: [phi] }) => phi?.[j] ?? 0)
  const own = new Map(answer?.pushes.map(({ column, push }) => [column, push]))
  const all = shown.flatMap((name) => [...pushes(at.get(name) ?? 0), own.get(name) ?? 0])
  const axis = axisOver(all, true)
  const factor = sample.space === 'probability' ? 100 : 1
  // A thousand points and more, which stay where they are while a row is changed.
  const lines = useMemo(
    () => shown.map((name) => drawPoints(name, at.get(name) ?? 0, sample, axis)),
    [sample, shown.join(), axis.low, axis.high],
  )
  return (
    <article class="panel">
      <h3>Row by row</h3>
      <p class="quiet">
        A point is one of {sample.explanations.length} training rows; right is in favour. Numbers
        are coloured <span class="legend low">low</span> to <span class="legend high">high</span>.
        The ring is your row. Click a point to load its row.
      </p>
      <div class="swarm">
        {shown.map((name, i) => {
          const values = pushes(at.get(name) ?? 0)
          const mine = own.get(name)
          return (
            <div class="line" key={name}>
              <span class="cut" title={nameOf(name)}>
                {breakable(nameOf(name))}
              </span>
              {/* biome-ignore lint/a11y/useKeyWithClickEvents: "Random row" and "Load this row" do the same by keyboard */}
              <svg
                width="100%"
                height={HEIGHT}
                role="img"
                aria-label={`${nameOf(name)}: SHAP values from ${number(Math.min(...values) * factor)} to ${number(Math.max(...values) * factor)}`}
                onClick={(event) => {
                  const row = (event.target as Element).getAttribute('data-row')
                  if (row !== null) onLoadSample(Number(row))
                }}
              >
                <line
                  class="zero"
                  x1={`${axis.place(0)}%`}
                  x2={`${axis.place(0)}%`}
                  y1="0"
                  y2="100%"
                />
                {lines[i]}
                {mine !== undefined && (
                  <circle class="ring" cx={`${axis.place(mine)}%`} cy={HEIGHT / 2} r="6" />
                )}
              </svg>
            </div>
          )
        })}
        <div class="line ends" aria-hidden="true">
          <span />
          <span class="axis">
            <span>{number(axis.low * factor)}</span>
            <span>{number(axis.high * factor)}</span>
          </span>
        </div>
      </div>
      {columns.length > shown.length && (
        <p class="quiet">{columns.length - shown.length} other columns are not drawn</p>
      )}
    </article>
  )
}

/** The points of one column. */
function drawPoints(name: string, j: number, sample: Explained, axis: Axis) {
  const cells = sample.explanations.map(({ data }) => data[j] ?? null)
  const shades = shadesOf(cells)
  const places = sample.explanations.map(({ shap_values: [phi] }) => axis.place(phi?.[j] ?? 0))
  const offsets = swarmOffsets(
    places.map((place) => (place / 100) * USUAL_WIDTH),
    HEIGHT / 2 - 5,
    4,
  )
  return places.map((place, row) => (
    <circle
      key={row}
      class={shades[row] === undefined ? 'point' : `point shade${shades[row]}`}
      data-row={row}
      cx={`${place}%`}
      cy={HEIGHT / 2 + (offsets[row] ?? 0)}
      r="2.6"
    >
      <title>{`${nameOf(name)} = ${textOf(name, cells[row])}`}</title>
    </circle>
  ))
}
