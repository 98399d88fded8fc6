/** Rows without the cells of some columns: what was decoded is written anew, so that nothing else of a body can remain. */
import { writeField } from '../../codecs/csv.ts'
import { findCodec } from '../../codecs/index.ts'
import { type Cell, cellAt, type DataFrame } from '../../data/frame.ts'
import { textOfCell } from '../../data/written.ts'
import { didYouMean, InputError, quote } from '../../errors.ts'
import type { Predictor } from '../../predictor/predictor.ts'
import type { MediaType } from '../media-type.ts'
import type { CapturedData } from './record.ts'

/** Rows as they are written. */
export interface MaskedRows {
  readonly type: string
  readonly data: string
}

/**
 * Returns the columns in a setting.
 * @throws InputError `invalid_parameter` for a name that the model's table does not have
 */
export function readMask(text: string, predictor: Predictor | undefined): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  if (!predictor) return names
  const { inputs, otherColumns } = predictor.preprocessor.spec
  const known = [...inputs.map(({ name }) => name), ...otherColumns]
  const stranger = names.find((name) => !known.includes(name))
  if (stranger === undefined) return names
  throw new InputError(
    'invalid_parameter',
    `--capture-mask: the model has no column ${quote(stranger)}${didYouMean(stranger, known)}`,
  )
}

/**
 * Returns the rows of a body in the model's columns, the masked ones empty; undefined for a body that is not CSV, JSON or
 * JSON Lines, or whose rows cannot be written so.
 */
export function maskRows(
  { preprocessor }: Predictor,
  body: Uint8Array,
  { essence, parameters }: MediaType,
  mask: readonly string[],
): MaskedRows | undefined {
  const codec = findCodec(essence)
  const write = codec && writers[codec.name]
  if (!write || !codec.decode) return undefined
  const { inputs, otherColumns } = preprocessor.spec
  const context = { inputs, otherColumns, maxRows: Number.MAX_SAFE_INTEGER }
  const decoded = codec.decode(body, context, parameters)
  return decoded instanceof Promise ? undefined : write(decoded.frame, new Set(mask), inputs)
}

type Inputs = Predictor['preprocessor']['spec']['inputs']
type Write = (frame: DataFrame, mask: ReadonlySet<string>, inputs: Inputs) => MaskedRows | undefined

const writers: Readonly<Record<string, Write | undefined>> = {
  csv(frame, mask, inputs) {
    // A line without a field would be none.
    if (inputs.length < 2) return undefined
    const lines = rowsOf(frame, (cells) =>
      inputs
        .map(({ name, written }, j) => {
          const text = mask.has(name) ? null : textOfCell(written, cells[j] as Cell)
          return text === null ? '' : writeField(text)
        })
        .join(','),
    )
    return { type: 'text/csv; header=absent', data: lines.map((line) => `${line}\n`).join('') }
  },
  json(frame, mask, inputs) {
    const instances = rowsOf(frame, (cells) => objectOf(cells, mask, inputs))
    return { type: 'application/json', data: JSON.stringify({ instances }) }
  },
  'json-lines'(frame, mask, inputs) {
    const lines = rowsOf(frame, (cells) => `${JSON.stringify(objectOf(cells, mask, inputs))}\n`)
    return { type: 'application/jsonlines', data: lines.join('') }
  },
}

function rowsOf<T>({ columns, length }: DataFrame, write: (cells: readonly Cell[]) => T): T[] {
  return Array.from({ length }, (_, row) => write(columns.map((column) => cellAt(column, row))))
}

/** Entries, not assignments: a column may be called __proto__. */
function objectOf(cells: readonly Cell[], mask: ReadonlySet<string>, inputs: Inputs): object {
  return Object.fromEntries(
    inputs.map(({ name }, j) => [name, mask.has(name) ? null : (cells[j] as Cell)]),
  )
}

/** Whether an answer may hold cells of its rows beside predictions. */
const TELLS = /"(warnings|explanations)"\s*:/

/** Returns the answer to masked rows if it holds nothing but predictions. */
export function maskAnswer(
  operation: string,
  type: string,
  answer: CapturedData | undefined,
): CapturedData | undefined {
  if (operation !== 'predict' || answer === undefined) return undefined
  const codec = findCodec(type.split(';')[0]!.trim())
  if (!codec || !Object.hasOwn(writers, codec.name)) return undefined
  const text = typeof answer === 'string' ? answer : Buffer.from(answer).toString('utf8')
  return TELLS.test(text) ? undefined : answer
}
