/** Categories as bits: under a node's mask a number is at most NO_BIT exactly where the definition goes left. */
import fc from 'fast-check'
import t from 'tap'
import { hasBits, NO_BIT, planCodes } from '../../src/trees/code-numbers.ts'
import type { TreeEnsemble } from '../../src/trees/ensemble.ts'
import { compileTreePredictor } from '../../src/trees/predict.ts'
import { type ColumnView, hasCode } from '../../src/trees/views.ts'
import { bytesOfCodes, isLeftOf } from './plain-trees.ts'
import { flatten, split, value } from './random-trees.ts'

/** Stumps, each of a view of its own; leaf values are 1 on the left and 2 on the right, in an output of their own. */
function stumps(nodes: readonly { view: ColumnView; missingLeft: boolean }[]): TreeEnsemble {
  const trees = flatten(
    nodes.map(({ missingLeft }) => split(0, 0, value(0, 1), value(0, 1), missingLeft)),
  )
  let next = 0
  const view = trees.feature.map((own) => (own < 0 ? -1 : next++))
  const isLeft = new Set(trees.left)
  return {
    ...trees,
    aggregation: 'sum',
    base: new Float64Array(nodes.length),
    outputs: nodes.length,
    output: Int32Array.from(nodes.keys()),
    feature: trees.feature.map((own, node) => (own < 0 ? own : nodes[view[node]!]!.view.feature)),
    view,
    views: nodes.map((node) => node.view),
    value: Float64Array.from(trees.feature, (own, node) =>
      own >= 0 ? 0 : isLeft.has(node) ? 1 : 2,
    ),
  }
}

const code = fc.oneof(fc.nat({ max: 60 }), fc.constantFrom(0, 31, 32, 48, 49, 50, 51, 63, 64, 400))
const node = fc.record({
  view: fc.record({
    kind: fc.constantFrom('codes_left' as const, 'codes_right' as const),
    feature: fc.nat({ max: 2 }),
    codes: fc.array(code, { maxLength: 6 }).map(bytesOfCodes),
  }),
  missingLeft: fc.boolean(),
})
const cell = fc.oneof(code, fc.constantFrom(Number.NaN, -0, -0.5, -1, 49.9, 50.5, 1e300, -1e300))

t.test('bits go the way that the definition says, and so do the kernels', (t) => {
  fc.assert(
    fc.property(
      fc.array(node, { minLength: 1, maxLength: 9 }),
      fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 11 }),
      (nodes, rows) => {
        const trees = stumps(nodes)
        const plan = planCodes(trees)
        const roots = [...trees.roots]
        const to = new Float64Array(plan.count + 1)
        const X = { rows: rows.length, columns: 3, data: Float64Array.from(rows.flat()) }
        const scores = new Float64Array(rows.length * nodes.length)
        const predictor = compileTreePredictor(trees)
        predictor.predictRows(X, scores)
        rows.forEach((cells, row) => {
          const x = Float64Array.from(cells)
          plan.put(X.data, 3 * row, to, 1)
          const one = new Float64Array(nodes.length)
          predictor.predict(x, one)
          roots.forEach((root, i) => {
            const isLeft = isLeftOf(trees, root, x)
            const look = plan.lookOf(root)
            t.equal(look !== undefined, hasBits(nodes[i]!.view))
            if (look) {
              const words = new Int32Array(to.slice(1 + look.number, 2 + look.number).buffer)
              const bits = Int32Array.of(words[0]! & look.mask.low, words[1]! & look.mask.high)
              t.equal(new Float64Array(bits.buffer)[0]! <= NO_BIT, isLeft, `${cells} at ${i}`)
            }
            t.equal(one[i], isLeft ? 1 : 2, `the kernel of one row, ${cells} at ${i}`)
            t.equal(
              scores[row * nodes.length + i],
              isLeft ? 1 : 2,
              `that of rows, ${cells} at ${i}`,
            )
          })
        })
      },
    ),
    { numRuns: 60 },
  )
  t.end()
})

t.test('only sets whose codes all have a bit are masks', (t) => {
  const view = (codes: number[]): ColumnView => ({
    kind: 'codes_left',
    feature: 0,
    codes: bytesOfCodes(codes),
  })
  t.ok(hasBits(view([])))
  t.ok(hasBits(view([0, 49])))
  t.notOk(hasBits(view([50])))
  t.notOk(hasBits({ ...view([]), kind: 'zero_as_missing' }))
  // Trailing bytes without codes change nothing.
  const padded = { ...view([3]), codes: Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, 0) }
  t.ok(hasBits(padded) && hasCode(padded.codes, 3))
  t.end()
})
