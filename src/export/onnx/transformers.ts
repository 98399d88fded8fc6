/** Every kind of transformer as operators. */
import { MISSING_TEXTS } from '../../data/number.ts'
import { InputError } from '../../errors.ts'
import type { AnyTransformer } from '../../preprocess/index.ts'
import { type Codes, encodeNumbers, encodeTexts } from './codes.ts'
import { castTo, type GraphBuilder } from './graph.ts'
import { dropWhere, fillMissing, roundToSingle } from './numbers.ts'
import { doubles } from './tensors.ts'

/** A column on its way through a chain. */
export interface ColumnTensor {
  readonly tensor: string
  readonly type: 'number' | 'text'
  /** Whether its texts are true and false, however they are spelled. */
  readonly isBoolean: boolean
  /** What a missing text is taken for. */
  readonly fill?: string
  /** How many numbers per row it has. */
  readonly width: number
}

type Operators = {
  readonly [K in AnyTransformer['kind']]: (
    graph: GraphBuilder,
    spec: Extract<AnyTransformer, { kind: K }>,
    column: ColumnTensor,
  ) => ColumnTensor
}

const operators: Operators = {
  impute_number: (graph, { value }, column) =>
    become(column, fillMissing(graph, column.tensor, value)),
  impute_category(graph, { value }, column) {
    if (column.type === 'number')
      return become(column, fillMissing(graph, column.tensor, Number(value)))
    return { ...column, fill: column.fill ?? String(value) }
  },
  category_map() {
    throw notExported('takes some categories for others')
  },
  missing_indicator() {
    throw notExported('tells whether a value is missing')
  },
  standard_scaler: (graph, { mean, scale }, column) =>
    become(
      column,
      graph.add('Div', [
        graph.add('Sub', [column.tensor, graph.double(mean)]),
        graph.double(scale),
      ]),
    ),
  min_max_scaler(graph, { scale, offset, clip }, column) {
    const scaled = graph.add('Mul', [column.tensor, graph.double(scale)])
    const moved = graph.add('Add', [scaled, graph.double(offset)])
    if (!clip) return become(column, moved)
    return become(column, graph.add('Clip', [moved, graph.double(clip[0]), graph.double(clip[1])]))
  },
  single_precision(graph, { offset, scale }, column) {
    const single = roundToSingle(graph, column.tensor)
    if (offset === 0 && scale === 1) return become(column, single)
    const shifted = roundToSingle(graph, graph.add('Sub', [single, graph.double(offset)]))
    return become(column, roundToSingle(graph, graph.add('Mul', [shifted, graph.double(scale)])))
  },
  missing_number(graph, { value }, column) {
    const mark = graph.double(Math.fround(value))
    const isMark = graph.add('Equal', [roundToSingle(graph, column.tensor), mark])
    return become(column, dropWhere(graph, isMark, column.tensor))
  },
  ordinal_encoder(graph, { categories, missing, unknown }, column) {
    const numberOf = (rule: number | string) => (typeof rule === 'number' ? rule : Number.NaN)
    const codes = encode(graph, column, {
      codeOf: new Map(categories.map((category, code) => [category, code])),
      missing: numberOf(missing ?? categories.length),
      unknown: numberOf(unknown ?? -1),
    })
    return become(column, codes)
  },
  one_hot_encoder(graph, { categories, infrequent, missingLevel, unknown }, column) {
    const shared = infrequent.length > 0
    const missing = categories.length + (shared ? 1 : 0)
    const width = missing + (missingLevel ? 1 : 0)
    if (width === 0) return { ...column, width }
    const codeOf = new Map(categories.map((category, code) => [category, code]))
    for (const category of infrequent) codeOf.set(category, categories.length)
    const codes = encode(graph, column, {
      codeOf,
      missing: missingLevel ? missing : -1,
      unknown: shared && !unknown ? categories.length : -1,
    })
    const levels = graph.constant(
      doubles(
        Array.from({ length: width }, (_, i) => i),
        [1, width],
      ),
    )
    const isLevel = graph.add('Equal', [codes, levels])
    return { ...become(column, graph.add('Cast', [isLevel], castTo('double'))), width }
  },
}

/** Adds a transformer's operators behind a column. */
export function addTransformer(
  graph: GraphBuilder,
  transformer: AnyTransformer,
  column: ColumnTensor,
): ColumnTensor {
  const add = operators[transformer.kind] as (
    graph: GraphBuilder,
    spec: AnyTransformer,
    column: ColumnTensor,
  ) => ColumnTensor
  return add(graph, transformer, column)
}

function notExported(what: string): InputError {
  return new InputError(
    'invalid_option',
    `the model ${what}, which is not exported to ONNX; --inputs features leaves all preprocessing to whoever asks`,
  )
}

function become(column: ColumnTensor, tensor: string): ColumnTensor {
  return { ...column, tensor, type: 'number', fill: undefined }
}

/** Spellings of the two truths that a client may send beside their own. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  true: ['True', 'TRUE', '1'],
  false: ['False', 'FALSE', '0'],
}

/** Returns a column's codes as doubles. */
function encode(graph: GraphBuilder, column: ColumnTensor, codes: Codes): string {
  if (column.type === 'number') return encodeNumbers(graph, column.tensor, codes)
  const { codeOf, missing, unknown } = codes
  const texts = new Map<string, number>()
  for (const [category, code] of codeOf) {
    if (typeof category !== 'string') continue
    texts.set(category, code)
    if (!column.isBoolean) continue
    for (const spelling of SPELLINGS[category] ?? []) texts.set(spelling, code)
  }
  const { fill } = column
  const gap = fill === undefined ? missing : (codeOf.get(fill) ?? unknown)
  for (const text of MISSING_TEXTS) texts.set(text, gap)
  return encodeTexts(graph, column.tensor, texts, unknown)
}
