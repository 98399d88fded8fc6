/** How good the model is: measures with intervals, and what a threshold does. */
import { useState } from 'preact/hooks'
import { Curves } from './curves.tsx'
import { classOf, nameOf } from './names.ts'
import { measure, middleOf } from './threshold.ts'
import type { PageCard, PageQuality, ThresholdCounts } from './wire.ts'
import { percent } from './words.ts'

export function QualityView({ card, quality }: { card: PageCard; quality: PageQuality }) {
  return (
    <section id="quality" aria-labelledby="quality-title">
      <h2 id="quality-title">How good it is</h2>
      <p class="quiet">Measured on {quality.measuredOn}.</p>
      {quality.curves.length > 0 && <Threshold card={card} quality={quality} />}
      <div class="pair">
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
  if (!curve || !counts) return null
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
      <div class="decided">
        <CountsTable name={name} counts={counts} />
        <dl class="measures">
          <Measure name="accuracy" value={accuracy} />
          <Measure name="precision" value={precision} />
          <Measure name="recall" value={recall} />
          <Measure name="F1" value={f1} />
        </dl>
      </div>
      <Curves curve={curve} counts={counts} name={classOf(name)} />
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
          <td class={counts.falseNegatives > 0 ? 'wrong' : ''} data-count="fn">
            {counts.falseNegatives}
          </td>
        </tr>
        <tr>
          <th scope="row">is not</th>
          <td class={counts.falsePositives > 0 ? 'wrong' : ''} data-count="fp">
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
