/** One row in the content types in which clients send rows. */
import { writeField } from '../../codecs/csv.ts'
import type { Cell } from '../../data/frame.ts'

/** A request's body. */
export interface ExampleBody {
  readonly name: string
  readonly type: string
  readonly body: string
}

/** One row of a model. */
export interface ExampleRow {
  readonly row: Readonly<Record<string, Cell>>
  /** The row as CSV has it, where a column may write its numbers in a form of its own. */
  readonly texts: readonly (string | null)[]
}

/** Returns a row in every form of text; the first is the one that others are compared with. */
export function bodiesOf({ row, texts }: ExampleRow): readonly [ExampleBody, ...ExampleBody[]] {
  const columns = Object.keys(row)
  const cells = Object.values(row)
  const json = (name: string, body: unknown): ExampleBody => ({
    name,
    type: 'application/json',
    body: JSON.stringify(body),
  })
  const line = texts.map((text) => (text === null ? '' : writeField(text))).join(',')
  const header = columns.map(writeField).join(',')
  return [
    json('a JSON object', row),
    json('instances', { instances: [row] }),
    json('dataframe_split', { dataframe_split: { columns, data: [cells] } }),
    { name: 'JSON Lines', type: 'application/jsonlines', body: `${JSON.stringify(row)}\n` },
    { name: 'CSV', type: 'text/csv', body: `${line}\n` },
    { name: 'CSV with a header', type: 'text/csv; header=present', body: `${header}\n${line}\n` },
  ]
}
