/** How good the model is: measures with intervals, and what a threshold does. */
import { useState } from 'preact/hooks'
import { classOf, nameOf } from './names.ts'
import { measure, middleOf } from './threshold.ts'
import type { PageCard, PageQuality, ThresholdCounts } from './wire.ts'
import { percent } from './words.ts'

export function QualityView({ card, quality }: { card: PageCard; quality: PageQuality }) {
  return (
    <section id="quality" aria-labelledby="quality-title">
      <h2 id="quality-title">How good it is</h2>
      <p class="quiet">Measured on {quality.measuredOn}.</p>
      <div class="pair">
        {quality.curves.length > 0 && <Threshold card={card} quality={quality} />}
        {card.classes.length > 2 && <Confusion card={card} quality={quality} />}
        {quality.metrics.length > 0 && <Metrics quality={quality} />}
      </div>
    </section>
  )
}

function Threshold({ card, quality }: { card: PageCard; quality: PageQuality }) {
  const [name, setName] = useState(quality.curves.at(-1)?.name ?? '')
  const curve = quality.curves.find((other) => other.name === name)
  const thresholds = curve?.thresholds ?? []
  const [place, setPlace] = useState(() => middleOf(thresholds))
  const counts = thresholds[Math.min(place, thresholds.length - 1)]
  if (!counts) return null
  const { accuracy, precision, recall, f1 } = measure(counts)
  return (
    <article class="panel">
      <h3>Above which probability?</h3>
      {quality.curves.length > 1 && (
        <label class="inline">
          Class
          <select value={name} onChange={(event) => setName(event.currentTarget.value)}>
            {quality.curves.map((other) => (
              <option key={other.name} value={other.name}>
                {classOf(other.name)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label class="slider" for="threshold">
        Say {nameOf(card.target)} = {classOf(name)} above{' '}
        <output for="threshold">{percent(counts.threshold)}</output>
      </label>
      <input
        id="threshold"
        type="range"
        min={0}
        max={thresholds.length - 1}
        step={1}
        value={place}
        aria-valuetext={percent(counts.threshold)}
        onInput={(event) => setPlace(Number(event.currentTarget.value))}
      />
      <CountsTable name={name} counts={counts} />
      <dl class="measures">
        <Measure name="accuracy" value={accuracy} />
        <Measure name="precision" value={precision} />
        <Measure name="recall" value={recall} />
        <Measure name="F1" value={f1} />
      </dl>
      <div class="curves">
        {curve?.roc && <Roc x={curve.roc.x} y={curve.roc.y} counts={counts} />}
        <PrecisionRecall thresholds={thresholds} counts={counts} />
      </div>
    </article>
  )
}

function Measure({ name, value }: { name: string; value: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{percent(value)}</dd>
    </div>
  )
}

function CountsTable({ name, counts }: { name: string; counts: ThresholdCounts }) {
  return (
    <table class="confusion">
      <thead>
        <tr>
          <td />
          <th scope="col">said {classOf(name)}</th>
          <th scope="col">said otherwise</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">is {classOf(name)}</th>
          <td class="right" data-count="tp">
            {counts.truePositives}
          </td>
          <td class="wrong" data-count="fn">
            {counts.falseNegatives}
          </td>
        </tr>
        <tr>
          <th scope="row">is not</th>
          <td class="wrong" data-count="fp">
            {counts.falsePositives}
          </td>
          <td class="right" data-count="tn">
            {counts.trueNegatives}
          </td>
        </tr>
      </tbody>
    </table>
  )
}

/** A curve in the square from 0 to 1, with the threshold on it. */
function Curve(props: {
  points: readonly (readonly [x: number, y: number])[]
  mark: readonly [x: number, y: number]
  label: string
  caption: string
  /** What guessing gives: a line from left to right. */
  chance: readonly [left: number, right: number]
}) {
  const { points, mark, label, caption, chance } = props
  const [x, y] = mark
  return (
    <figure class="curve">
      <svg viewBox="-3 -3 106 106" role="img" aria-label={label}>
        <path class="frame" d="M0,0V100H100" />
        <path class="chance" d={`M0,${100 - chance[0] * 100}L100,${100 - chance[1] * 100}`} />
        <polyline points={points.map(([px, py]) => `${px * 100},${100 - py * 100}`).join(' ')} />
        {Number.isFinite(x + y) && <circle class="mark" cx={x * 100} cy={100 - y * 100} r="3" />}
      </svg>
      <figcaption>{caption}</figcaption>
    </figure>
  )
}

/** Found rows against false alarms. */
function Roc(props: { x: readonly number[]; y: readonly number[]; counts: ThresholdCounts }) {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = props.counts
  const found = truePositives / (truePositives + falseNegatives)
  const alarms = falsePositives / (falsePositives + trueNegatives)
  return (
    <Curve
      points={props.x.map((x, i) => [x, props.y[i] ?? 0] as const)}
      mark={[alarms, found]}
      chance={[0, 1]}
      label={`ROC curve; at this threshold ${percent(found)} are found with ${percent(alarms)} false alarms`}
      caption={`ROC curve: ${percent(found)} found, for ${percent(alarms)} false alarms`}
    />
  )
}

/** How much of what is found is right, against how much is found, at the thresholds that the slider has. */
function PrecisionRecall(props: {
  thresholds: readonly ThresholdCounts[]
  counts: ThresholdCounts
}) {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = props.counts
  const rows = truePositives + falsePositives + falseNegatives + trueNegatives
  const share = (truePositives + falseNegatives) / rows
  const { precision, recall } = measure(props.counts)
  const points = props.thresholds.flatMap((counts) => {
    const own = measure(counts)
    return Number.isFinite(own.precision + own.recall) ? [[own.recall, own.precision] as const] : []
  })
  return (
    <Curve
      points={points}
      mark={[recall, precision]}
      chance={[share, share]}
      label={`Precision and recall; at this threshold ${percent(precision)} of what is said is right, and ${percent(recall)} are found`}
      caption={`Precision against recall: ${percent(precision)} right, ${percent(recall)} found`}
    />
  )
}

const MOST_CLASSES = 12

/** Which classes rows had, and which they were said to have. */
function Confusion({ card, quality }: { card: PageCard; quality: PageQuality }) {
  const names = card.classes.slice(0, MOST_CLASSES).map(String)
  return (
    <article class="panel">
      <h3>Which classes are mistaken</h3>
      <div class="scrolled">
        <table class="confusion">
          <thead>
            <tr>
              <td />
              {names.map((name) => (
                <th key={name} scope="col">
                  said {classOf(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {names.map((name, i) => (
              <tr key={name}>
                <th scope="row">is {classOf(name)}</th>
                {names.map((said, k) => {
                  const rows = quality.confusion[i]?.[k] ?? 0
                  return (
                    <td key={said} class={i === k ? 'right' : rows > 0 ? 'wrong' : ''}>
                      {rows}
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {card.classes.length > names.length && (
        <p class="quiet">{card.classes.length - names.length} more classes are not shown</p>
      )}
    </article>
  )
}

function Metrics({ quality }: { quality: PageQuality }) {
  const hasMajority = quality.metrics.some(({ majority }) => majority !== undefined)
  return (
    <article class="panel">
      <h3>Measures</h3>
      <table class="metrics">
        <thead>
          <tr>
            <th scope="col">measure</th>
            <th scope="col">model</th>
            <th scope="col">95 % interval</th>
            {hasMajority && <th scope="col">majority</th>}
          </tr>
        </thead>
        <tbody>
          {quality.metrics.map(({ name, value, interval, majority }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value.toFixed(3)}</td>
              <td>{interval ? `${interval[0].toFixed(3)} – ${interval[1].toFixed(3)}` : ''}</td>
              {hasMajority && <td>{majority?.toFixed(3) ?? ''}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet">“majority” is what always naming the most frequent class would reach.</p>
    </article>
  )
}
