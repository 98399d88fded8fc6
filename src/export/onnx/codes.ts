/** Categories as codes: texts by a LabelEncoder, numbers by comparing them with every category. */
import { castTo, type GraphBuilder } from './graph.ts'
import { doubles } from './tensors.ts'

export interface Codes {
  readonly codeOf: ReadonlyMap<string | number, number>
  /** Code of a missing value, of a category that is not listed; NaN = missing. */
  readonly missing: number
  readonly unknown: number
}

/** Returns the codes of texts as doubles, length of a row 1. */
export function encodeTexts(
  graph: GraphBuilder,
  texts: string,
  codeOf: ReadonlyMap<string, number>,
  unknown: number,
): string {
  const values = [...codeOf.values()]
  const isSingle = [...values, unknown].every((value) => Object.is(Math.fround(value), value))
  if (isSingle) {
    const codes = graph.add('LabelEncoder', [texts], {
      keys_strings: { texts: [...codeOf.keys()] },
      values_floats: { floats: values },
      default_float: { float: unknown },
    })
    return graph.add('Cast', [codes], castTo('double'))
  }
  // What single precision does not hold is looked up by a number that it does.
  const places = graph.add('LabelEncoder', [texts], {
    keys_strings: { texts: [...codeOf.keys()] },
    values_int64s: { ints: values.map((_, i) => i + 1) },
    default_int64: 0,
  })
  return graph.add('Gather', [table(graph, [unknown, ...values]), places])
}

/** Returns the codes of numbers as doubles, length of a row 1. */
export function encodeNumbers(
  graph: GraphBuilder,
  numbers: string,
  { codeOf, missing, unknown }: Codes,
): string {
  const listed = [...codeOf].filter(([category]) => typeof category === 'number') as [
    number,
    number,
  ][]
  const codes =
    listed.length === 0 ? graph.double(unknown) : findCodes(graph, numbers, listed, unknown)
  return graph.add('Where', [graph.add('IsNaN', [numbers]), graph.double(missing), codes])
}

/** At most one category is equal: the sum of their places, from 1, is that one's, and 0 where none is. */
function findCodes(
  graph: GraphBuilder,
  numbers: string,
  listed: readonly (readonly [category: number, code: number])[],
  unknown: number,
): string {
  const size = listed.length
  const categories = graph.constant(
    doubles(
      listed.map(([category]) => category),
      [1, size],
    ),
  )
  const isEqual = graph.add('Cast', [graph.add('Equal', [numbers, categories])], castTo('double'))
  const places = graph.constant(
    doubles(
      listed.map((_, i) => i + 1),
      [size, 1],
    ),
  )
  const place = graph.add('Cast', [graph.add('MatMul', [isEqual, places])], castTo('int64'))
  return graph.add('Gather', [table(graph, [unknown, ...listed.map(([, code]) => code)]), place])
}

function table(graph: GraphBuilder, values: readonly number[]): string {
  return graph.constant(doubles(values, [values.length]))
}
