/** Operators on numbers that several parts of a graph need. */
import { castTo, type GraphBuilder } from './graph.ts'
import { doubles } from './tensors.ts'

/** Returns doubles rounded to single precision. */
export function roundToSingle(graph: GraphBuilder, numbers: string): string {
  return graph.add('Cast', [graph.add('Cast', [numbers], castTo('float'))], castTo('double'))
}

/** Returns numbers with another one in the place of missing ones. */
export function fillMissing(graph: GraphBuilder, numbers: string, value: number): string {
  return graph.add('Where', [graph.add('IsNaN', [numbers]), graph.double(value), numbers])
}

/** Returns numbers of which those where a condition holds are missing. */
export function dropWhere(graph: GraphBuilder, condition: string, numbers: string): string {
  return graph.add('Where', [condition, graph.double(Number.NaN), numbers])
}

/** Returns columns behind each other; one alone as it is. */
export function joinColumns(graph: GraphBuilder, columns: readonly string[]): string {
  const [only] = columns
  return only !== undefined && columns.length === 1
    ? only
    : graph.add('Concat', columns, { axis: 1 })
}

/** Returns scores multiplied by a number each, and with a number added to each; neither where it changes nothing. */
export function moveScores(
  graph: GraphBuilder,
  scores: string,
  weights: Float64Array,
  base: Float64Array,
): string {
  const row = (values: Float64Array) => graph.constant(doubles(values, [1, values.length]))
  const scaled = weights.every((weight) => weight === 1)
    ? scores
    : graph.add('Mul', [scores, row(weights)])
  return base.every((value) => value === 0) ? scaled : graph.add('Add', [scaled, row(base)])
}
