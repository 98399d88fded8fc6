/** What is known of one class at all thresholds, as small drawings of the same size with one threshold marked. */
import type { ComponentChildren } from 'preact'
import { nearestBin, stepsOf, truthsOf } from './threshold.ts'
import type { PageQuality, ThresholdCounts } from './wire.ts'
import { percent } from './words.ts'

interface Props {
  readonly curve: PageQuality['curves'][number]
  /** Counts at the threshold that is marked. */
  readonly counts: ThresholdCounts
  /** What the class is called. */
  readonly name: string
}

type Point = readonly [x: number, y: number]

export function Curves(props: Props) {
  return (
    <div class="curves">
      <Roc {...props} />
      <PrecisionRecall {...props} />
      <Calibration {...props} />
    </div>
  )
}

/** The square from 0 to 1, with what guessing gives as a line from left to right. */
function Square(props: {
  title: string
  x: string
  y: string
  label: string
  caption: string
  chance: Point
  children: ComponentChildren
}) {
  const [left, right] = props.chance
  return (
    <figure class="curve">
      <h4>{props.title}</h4>
      <svg viewBox="-4 -4 108 108" role="img" aria-label={props.label}>
        <path class="frame" d="M0,0V100H100" />
        <path class="chance" d={`M0,${place(left)}L100,${place(right)}`} />
        {props.children}
      </svg>
      <p class="axis" aria-hidden="true">
        <span>↑&nbsp;{props.y}</span>
        <span>{props.x}&nbsp;→</span>
      </p>
      <figcaption>{props.caption}</figcaption>
    </figure>
  )
}

function Line({ points }: { points: readonly Point[] }) {
  return <polyline points={points.map(([x, y]) => `${round(x * 100)},${place(y)}`).join(' ')} />
}

function Mark({ at: [x, y] }: { at: Point }) {
  if (!Number.isFinite(x + y)) return null
  return <circle class="mark" cx={round(x * 100)} cy={place(y)} r="3.2" />
}

/** Found rows against false alarms. */
function Roc({ curve: { roc, rocAuc }, counts, name }: Props) {
  if (!roc) return null
  const { found, alarms } = truthsOf(counts)
  const caption = `${percent(found)} of all “${name}” are found, for false alarms on ${percent(alarms)} of the others.`
  return (
    <Square
      title={`ROC${areaOf(rocAuc)}`}
      x={`false\u00a0alarms`}
      y="found"
      chance={[0, 1]}
      label={`ROC curve. At this threshold ${caption}`}
      caption={caption}
    >
      <Line points={roc.x.map((x, i) => [x, roc.y[i] ?? 0] as const)} />
      <Mark at={[alarms, found]} />
    </Square>
  )
}

/** How much of what is found is right, against how much is found. */
function PrecisionRecall({ curve: { precisionRecall, prAuc }, counts, name }: Props) {
  if (!precisionRecall) return null
  const { found, right, share } = truthsOf(counts)
  const caption = Number.isFinite(right)
    ? `${percent(right)} of those said to be “${name}” are, with ${percent(found)} of all found.`
    : `No row is said to be “${name}”.`
  return (
    <Square
      title={`Precision and recall${areaOf(prAuc)}`}
      x="recall"
      y="precision"
      chance={[share, share]}
      label={`Precision by recall. At this threshold ${caption}`}
      caption={caption}
    >
      <Line points={stepsOf(precisionRecall)} />
      <Mark at={[found, right]} />
    </Square>
  )
}

/** How often what is predicted with a probability happens; the threshold parts the rows that are said to be of the class. */
function Calibration({ curve: { calibration }, counts: { threshold }, name }: Props) {
  const nearest = nearestBin(calibration, threshold)
  if (!nearest) return null
  const most = Math.max(...calibration.map(({ rows }) => rows))
  const caption = `Of ${nearest.rows} rows with about ${percent(nearest.predicted)}, ${percent(nearest.observed)} are “${name}”.`
  return (
    <Square
      title="Calibration"
      x="predicted"
      y="observed"
      chance={[0, 1]}
      label={`Calibration: ${calibration.map(({ rows, predicted, observed }) => `${percent(predicted)} predicted, ${percent(observed)} observed of ${rows} rows`).join('; ')}`}
      caption={caption}
    >
      <path class="limit" d={`M${round(threshold * 100)},0V100`} />
      <Line points={calibration.map(({ predicted, observed }) => [predicted, observed] as const)} />
      {calibration.map((bin) => (
        <circle
          key={bin.predicted}
          class={bin === nearest ? 'bin near' : 'bin'}
          cx={round(bin.predicted * 100)}
          cy={place(bin.observed)}
          r={1.4 + 2 * Math.sqrt(bin.rows / most)}
        />
      ))}
    </Square>
  )
}

function areaOf(value: number | undefined): string {
  return value === undefined ? '' : `, area ${value.toFixed(3)}`
}

/** From the share at the bottom of the square to its place below the top. */
function place(y: number): number {
  return round(100 - y * 100)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
