/** What the model does over many rows, with the current row marked. */
import { useState } from 'preact/hooks'
import type { Answer } from './answer.ts'
import { Beeswarm } from './beeswarm.tsx'
import { breakable } from './breakable.tsx'
import { Dependence } from './dependence.tsx'
import { classOf, nameOf, textOf } from './names.ts'
import type { Explained, PageModel, PageSummary } from './wire.ts'

const MOST_BARS = 15

interface Props {
  readonly model: PageModel
  readonly answer: Answer | undefined
  readonly sample: Explained | undefined
  onLoadSample(at: number): void
}

export function WholeModel({ model, answer, sample, onLoadSample }: Props) {
  const { summary, card } = model
  const order = orderOf(summary, sample)
  const [column, setColumn] = useState(order[0] ?? '')
  const chosen = column === '' ? (order[0] ?? '') : column
  if (!summary && !sample) return null
  return (
    <section aria-labelledby="whole-title">
      <h2 id="whole-title">The whole model</h2>
      {summary && (
        <Importance
          summary={summary}
          target={card.target}
          output={answer?.output}
          onColumn={setColumn}
        />
      )}
      {sample && (
        <div class="pair">
          <Beeswarm
            columns={card.columns}
            order={order}
            sample={sample}
            answer={answer}
            onLoadSample={onLoadSample}
          />
          <Dependence
            columns={card.columns}
            order={order}
            column={chosen}
            sample={sample}
            answer={answer}
            onColumn={setColumn}
            onLoadSample={onLoadSample}
          />
        </div>
      )}
    </section>
  )
}

/** Columns, those that push most first. */
function orderOf(summary: PageSummary | undefined, sample: Explained | undefined): string[] {
  if (summary) return summary.columns.map(({ column }) => column)
  if (!sample) return []
  const sizes = sample.feature_names.map((name, j) => ({
    name,
    size: sample.explanations.reduce(
      (sum, { shap_values: [phi] }) => sum + Math.abs(phi?.[j] ?? 0),
      0,
    ),
  }))
  return sizes.sort((a, b) => b.size - a.size).map(({ name }) => name)
}

function Importance(props: {
  summary: PageSummary
  target: string
  output: string | undefined
  onColumn(column: string): void
}) {
  const { summary, target } = props
  const k = Math.max(0, summary.output_names.indexOf(props.output ?? ''))
  const columns = [...summary.columns].sort(
    (a, b) => (b.mean_abs_shap[k] ?? 0) - (a.mean_abs_shap[k] ?? 0),
  )
  const largest = columns[0]?.mean_abs_shap[k] || 1
  const isProbability = summary.space === 'probability'
  return (
    <article class="panel">
      <h3>How far each column moves the answer</h3>
      <p class="quiet">
        Mean size of its SHAP values for {nameOf(target)} = {classOf(summary.output_names[k] ?? '')}{' '}
        over {summary.rows} training rows, in {isProbability ? 'percentage points' : 'log-odds'},
        and what pushes most in its favour.
      </p>
      <table class="importance">
        <colgroup>
          <col class="name" />
          <col />
          <col class="figures" />
          <col class="favours" />
        </colgroup>
        <thead class="unseen">
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Drawing</th>
            <th scope="col">Mean size</th>
            <th scope="col">In favour</th>
          </tr>
        </thead>
        <tbody>
          {columns.slice(0, MOST_BARS).map((entry) => {
            const size = entry.mean_abs_shap[k] ?? 0
            return (
              <tr key={entry.column}>
                <th scope="row">
                  <button
                    type="button"
                    class="link cut"
                    title={`Show how ${nameOf(entry.column)} works`}
                    onClick={() => props.onColumn(entry.column)}
                  >
                    {breakable(nameOf(entry.column))}
                  </button>
                </th>
                <td class="drawing">
                  <svg width="100%" height="14" aria-hidden="true">
                    <rect class="size" width={`${(100 * size) / largest}%`} height="14" rx="2" />
                  </svg>
                </td>
                <td class="figure">{isProbability ? (size * 100).toFixed(1) : size.toFixed(3)}</td>
                <td class="favour">{favourOf(entry, k)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {columns.length > MOST_BARS && (
        <p class="quiet">and {columns.length - MOST_BARS} other columns, which move it less</p>
      )}
    </article>
  )
}

/** What pushes the output up most: a value, or the upper or lower end of the numbers. */
function favourOf({ column, by, groups }: PageSummary['columns'][number], k: number): string {
  const ranges = groups.filter(({ from }) => from !== undefined)
  const first = ranges[0]
  const last = ranges.at(-1)
  if (first && last && first !== last) {
    const difference = (last.mean_shap[k] ?? 0) - (first.mean_shap[k] ?? 0)
    return difference === 0 ? '' : difference > 0 ? 'higher' : 'lower'
  }
  const best = groups.reduce<(typeof groups)[number] | undefined>(
    (found, group) =>
      !found || (group.mean_shap[k] ?? 0) > (found.mean_shap[k] ?? 0) ? group : found,
    undefined,
  )
  if (!best || !((best.mean_shap[k] ?? 0) > 0)) return ''
  return best.others ? 'other values' : textOf(by ?? column, best.value)
}
