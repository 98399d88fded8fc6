/** Rows beside this one that get another class: the nearest of the sample, and the smallest change there is. */
import type { Answer } from './answer.ts'
import { isFreeText, type Row } from './fields.ts'
import { classOf, nameOf, textOf } from './names.ts'
import { findNearest } from './nearest-row.ts'
import type { Change } from './use-answers.ts'
import type { Cell, Explained, PageColumn } from './wire.ts'
import { percent, sayNoChange } from './words.ts'

interface Props {
  readonly columns: readonly PageColumn[]
  readonly target: string
  readonly answer: Answer
  readonly sample: Explained | undefined
  readonly change: Change | undefined
  onLoadSample(at: number): void
  onEdit(cells: Row): void
}

export function Alternatives(props: Props) {
  return (
    <section aria-labelledby="other-title">
      <h2 id="other-title">What would give another answer</h2>
      <div class="pair">
        <SmallestChange {...props} />
        <Nearest {...props} />
      </div>
    </section>
  )
}

function SmallestChange({ target, change, onEdit }: Props) {
  const found = change?.counterfactual
  return (
    <article class="panel">
      <h3>The smallest change</h3>
      {change === undefined && <p class="quiet">Looking …</p>}
      {change?.problem !== undefined && <p class="quiet">{change.problem}</p>}
      {change && change.problem === undefined && !found?.found && (
        <p class="quiet">{sayNoChange(found)}</p>
      )}
      {found?.found && (
        <>
          <p>
            {found.changes.length === 1 ? 'This' : 'These'} would make it{' '}
            <strong>
              {nameOf(target)} = {classOf(found.class)}
            </strong>
            {found.optimal ? '; no smaller change does.' : '.'}
          </p>
          <Differences
            rows={found.changes.map(({ column, from, to }) => ({ name: column, from, to }))}
          />
          <button
            type="button"
            onClick={() =>
              onEdit(Object.fromEntries(found.changes.map(({ column, to }) => [column, to])))
            }
          >
            Try it
          </button>
        </>
      )}
    </article>
  )
}

function Nearest({ columns, target, answer, sample, onLoadSample }: Props) {
  if (!sample) return null
  const nearest = findNearest(columns, answer.data, answer.label, sample.explanations)
  if (!nearest)
    return (
      <article class="panel">
        <h3>The nearest training row</h3>
        <p class="quiet">All rows of the stored sample get the same class.</p>
      </article>
    )
  const { explanation, at } = nearest
  const differences = columns.flatMap((column, i) => {
    const from = answer.data[i] ?? null
    const to = explanation.data[i] ?? null
    return from === to || isFreeText(column) ? [] : [{ name: column.name, from, to }]
  })
  const { score } = explanation
  const certainty = typeof score === 'number' ? Math.max(score, 1 - score) : Math.max(...score)
  return (
    <article class="panel">
      <h3>The nearest training row</h3>
      <p>
        Of {sample.explanations.length} stored rows, the one most like this that the model calls{' '}
        <strong>
          {nameOf(target)} = {classOf(explanation.predicted_label)}
        </strong>{' '}
        ({percent(certainty)}).
      </p>
      <Differences rows={differences} />
      <button type="button" onClick={() => onLoadSample(at)}>
        Load this row
      </button>
    </article>
  )
}

function Differences({
  rows,
}: {
  rows: readonly { readonly name: string; readonly from: Cell; readonly to: Cell }[]
}) {
  return (
    <table class="differences">
      <colgroup>
        <col class="name" />
        <col />
        <col />
      </colgroup>
      <thead class="unseen">
        <tr>
          <th scope="col">Column</th>
          <th scope="col">This row</th>
          <th scope="col">The other</th>
        </tr>
      </thead>
      <tbody>
        {rows.slice(0, 8).map(({ name, from, to }) => (
          <tr key={name}>
            <th scope="row">{nameOf(name)}</th>
            <td>{textOf(name, from)}</td>
            <td>
              <span aria-hidden="true">→ </span>
              {textOf(name, to)}
            </td>
          </tr>
        ))}
      </tbody>
      {rows.length > 8 && <caption>and {rows.length - 8} more columns</caption>}
    </table>
  )
}
