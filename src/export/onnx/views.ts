/** What tree nodes see of their columns besides the plain numbers, as columns of their own. */
import { type ColumnView, isOfCodes, ZERO } from '../../trees/views.ts'
import { castTo, type GraphBuilder } from './graph.ts'
import { dropWhere, fillMissing } from './numbers.ts'
import { type Constant, doubles, int64s } from './tensors.ts'

/** Views of one sort together, each with its number in the ensemble. */
export interface ViewColumns {
  readonly tensor: string
  readonly views: readonly number[]
}

/**
 * Returns columns that show what views do: a code of the left side as −1, of the right side as 1, to be compared with 0.
 * @param raw the features as they are, [row][feature]
 * @param rounded the same in the ensemble's precision
 */
export function addViews(
  graph: GraphBuilder,
  raw: string,
  rounded: string,
  views: readonly ColumnView[],
): ViewColumns[] {
  const numbered = views.map((view, number) => ({ view, number }))
  const made: ViewColumns[] = []
  const addGroup = (
    holds: (view: ColumnView) => boolean,
    add: (group: readonly ColumnView[]) => string,
  ) => {
    const group = numbered.filter(({ view }) => holds(view))
    if (group.length === 0) return
    made.push({
      tensor: add(group.map(({ view }) => view)),
      views: group.map(({ number }) => number),
    })
  }
  const take = (features: string, group: readonly ColumnView[]) => {
    const places = group.map(({ feature }) => feature)
    return graph.add('Gather', [features, graph.constant(int64s(places, [places.length]))], {
      axis: 1,
    })
  }
  addGroup(isOfCodes, (group) => addCodes(graph, take(raw, group), group))
  addGroup(
    ({ kind }) => kind === 'zero_as_missing',
    (group) => {
      const own = take(rounded, group)
      const isZero = graph.add('LessOrEqual', [graph.add('Abs', [own]), graph.double(ZERO)])
      return dropWhere(graph, isZero, own)
    },
  )
  addGroup(
    ({ kind }) => kind === 'missing_as_zero',
    (group) => fillMissing(graph, take(rounded, group), 0),
  )
  return made
}

/**
 * Looks the side of every code up in one table: that of a view has an entry per code and one more, for whatever is no
 * code of it. Fractions are cut off towards 0, as a cast does.
 */
function addCodes(graph: GraphBuilder, numbers: string, views: readonly ColumnView[]): string {
  const width = views.length
  const sizes = views.map(({ codes }) => codes.length * 8)
  const total = sizes.reduce((sum, size) => sum + size + 1, 0)
  const goesLeft = new Uint8Array(total)
  const starts: number[] = []
  let at = 0
  views.forEach(({ kind, codes }, v) => {
    starts.push(at)
    for (let code = 0; code <= sizes[v]!; code++) {
      const isIn = code < sizes[v]! && ((codes[code >> 3]! >> (code & 7)) & 1) === 1
      goesLeft[at++] = isIn === (kind === 'codes_left') ? 1 : 0
    }
  })
  const ends = graph.constant(doubles(sizes, [1, width]))
  const isCode = graph.add('And', [
    graph.add('Greater', [numbers, graph.double(-1)]),
    graph.add('Less', [numbers, ends]),
  ])
  const code = graph.add('Cast', [graph.add('Where', [isCode, numbers, ends])], castTo('int64'))
  const place = graph.add('Add', [code, graph.constant(int64s(starts, [1, width]))])
  const sides: Constant = { type: 'bool', values: goesLeft, shape: [total] }
  const isLeft = graph.add('Gather', [graph.constant(sides), place])
  const side = graph.add('Where', [isLeft, graph.double(-1), graph.double(1)])
  return dropWhere(graph, graph.add('IsNaN', [numbers]), side)
}
