/** How scores become probabilities, as operators on doubles. */
import type { Link } from '../../models/model.ts'
import type { GraphBuilder } from './graph.ts'
import { int64s } from './tensors.ts'

const links: Readonly<
  Record<Link, (graph: GraphBuilder, scores: string, classes: number) => string>
> = {
  identity: (_, scores) => scores,
  logit(graph, scores) {
    const both = graph.add('Concat', [graph.add('Neg', [scores]), scores], { axis: 1 })
    return graph.add('Sigmoid', [both])
  },
  softmax: (graph, scores) => graph.add('Softmax', [scores], { axis: 1 }),
  one_vs_rest(graph, scores, classes) {
    const each = graph.add('Sigmoid', [scores])
    const axis = graph.constant(int64s([1], [1]))
    const sum = graph.add('ReduceSum', [each, axis], { keepdims: 1 })
    const shares = graph.add('Div', [each, sum])
    // Where all are rounded to 0, every class is as likely.
    const isAny = graph.add('Greater', [sum, graph.double(0)])
    return graph.add('Where', [isAny, shares, graph.double(1 / classes)])
  },
  sigmoid_each: (graph, scores) => graph.add('Sigmoid', [scores]),
}

/** Returns the probabilities of scores, [row][class]. */
export function addLink(graph: GraphBuilder, link: Link, scores: string, classes: number): string {
  return links[link](graph, scores, classes)
}
