/** Every kind of transformer as operators. */
import { MISSING_TEXTS } from '../../data/number.ts'
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
  /** Texts that mean missing besides the usual ones. */
  readonly gaps?: readonly string[]
  /** What a missing text is taken for. */
  readonly fill?: string
  /** From a text to the category that it is taken for. */
  readonly merged?: ReadonlyMap<string, string>
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
  category_map(_, { map }, column) {
    if (column.type === 'number') return column
    const replace = (text: string) => (Object.hasOwn(map, text) ? (map[text] as string) : text)
    const { merged = new Map<string, string>(), fill } = column
    return {
      ...column,
      merged: new Map([
        ...Object.entries(map),
        ...[...merged].map(([a, b]) => [a, replace(b)] as const),
      ]),
      fill: fill === undefined ? undefined : replace(fill),
    }
  },
  missing_indicator(graph, _, column) {
    if (column.type === 'number')
      return become(
        column,
        graph.add('Cast', [graph.add('IsNaN', [column.tensor])], castTo('double')),
      )
    return become(column, encode(graph, column, { codeOf: new Map(), missing: 1, unknown: 0 }))
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

function become(column: ColumnTensor, tensor: string): ColumnTensor {
  return { ...column, tensor, type: 'number', fill: undefined, merged: undefined }
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
  const { fill, gaps = [], merged = new Map<string, string>() } = column
  const texts = new Map<string, number>()
  for (const text of new Set([...codeOf.keys(), ...merged.keys()])) {
    if (typeof text !== 'string') continue
    const code = codeOf.get(merged.get(text) ?? text) ?? unknown
    texts.set(text, code)
    if (!column.isBoolean) continue
    for (const spelling of SPELLINGS[text] ?? []) texts.set(spelling, code)
  }
  const gap = fill === undefined ? missing : (codeOf.get(fill) ?? unknown)
  for (const text of [...MISSING_TEXTS, ...gaps]) texts.set(text, gap)
  return encodeTexts(graph, column.tensor, texts, unknown)
}
