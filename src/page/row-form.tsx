/** The form of one row: a field per column. */
import { useState } from 'preact/hooks'
import { base } from './client.ts'
import { CopyButton } from './copy-button.tsx'
import { curlOf } from './curl.ts'
import { changedColumns, type Fields, type Row, readPasted } from './fields.ts'
import { sayMistakes } from './mistakes.ts'
import { RowField } from './row-field.tsx'
import type { PageColumn, PageModel } from './wire.ts'

/** Fields of a wide table that are there at once. */
const MOST_FIELDS = 24

interface Props {
  readonly columns: readonly PageColumn[]
  /** Names of the columns, those that push most first. */
  readonly order: readonly string[] | undefined
  readonly fields: Fields
  readonly problems: ReadonlyMap<string, string>
  /** What the row is compared with. */
  readonly start: Row
  readonly row: Row
  readonly sampleRows: number
  readonly asksToken: boolean
  onFields(fields: Fields): void
  /** What is known of rows that the model predicts wrongly. */
  readonly mistakes: PageModel['mistakes']
  /** The one that was loaded. */
  readonly mistake: number | undefined
  /** Whether there is one to be loaded. */
  readonly hasMistakes: boolean
  onUndo(): void
  onSample(at: number): void
  onMistake(): void
  onKeep(): void
}

export function RowForm(props: Props) {
  const { columns, fields, problems, start, row, sampleRows, mistakes } = props
  const [isLong, setLong] = useState(false)
  const changed = new Set(changedColumns(columns, start, row).map(({ name }) => name))
  const shown = isLong ? columns : strongest(columns, props.order)
  const hidden = columns.length - shown.length
  return (
    <section class="row" aria-labelledby="row-title">
      <h2 id="row-title">Try a row</h2>
      <form class="fields" onSubmit={(event) => event.preventDefault()}>
        {shown.map((column) => (
          <RowField
            key={column.name}
            id={`field-${columns.indexOf(column)}`}
            column={column}
            text={fields[column.name] ?? ''}
            problem={problems.get(column.name)}
            isChanged={changed.has(column.name)}
            onText={(text) => props.onFields({ ...fields, [column.name]: text })}
          />
        ))}
      </form>
      {hidden > 0 && (
        <button type="button" class="link" onClick={() => setLong(true)}>
          Show {hidden} more columns
        </button>
      )}
      <div class="buttons">
        {sampleRows > 0 && (
          <button
            type="button"
            onClick={() => props.onSample(Math.floor(Math.random() * sampleRows))}
          >
            Random row
          </button>
        )}
        {mistakes && mistakes.listed > 0 && (
          <button type="button" disabled={!props.hasMistakes} onClick={() => props.onMistake()}>
            Next wrong prediction
          </button>
        )}
        <button type="button" disabled={changed.size === 0} onClick={() => props.onUndo()}>
          Undo changes
        </button>
        <button type="button" disabled={changed.size === 0} onClick={() => props.onKeep()}>
          Compare from here
        </button>
        <CopyButton text={() => curlOf(base, row, props.asksToken)} label="Copy as curl" />
      </div>
      {mistakes && (
        <p class="hint" role="status">
          {sayMistakes(mistakes, props.mistake)}
        </p>
      )}
      <Paste columns={columns} fields={fields} onFields={props.onFields} />
    </section>
  )
}

function Paste({ columns, fields, onFields }: Pick<Props, 'columns' | 'fields' | 'onFields'>) {
  const [text, setText] = useState('')
  const [problem, setProblem] = useState('')
  const use = () => {
    try {
      onFields(readPasted(columns, text, fields))
      setProblem('')
    } catch (error) {
      setProblem((error as Error).message)
    }
  }
  return (
    <details class="paste">
      <summary>Paste a row</summary>
      <label for="pasted">One row as a JSON object or as CSV</label>
      <textarea
        id="pasted"
        rows={4}
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="button" onClick={use}>
        Use it
      </button>
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </details>
  )
}

/** The columns that push most, in the table's order. */
function strongest(columns: readonly PageColumn[], order: readonly string[] = []) {
  if (columns.length <= MOST_FIELDS) return columns
  const names = new Set(order.slice(0, MOST_FIELDS))
  return names.size === 0
    ? columns.slice(0, MOST_FIELDS)
    : columns.filter(({ name }) => names.has(name))
}
