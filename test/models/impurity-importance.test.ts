/** Impurity importance against scikit-learn's; test/fixtures/impurity.py made the trees. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { impurityImportance } from '../../src/models/impurity-importance.ts'
import type { Criterion, TreesSpec } from '../../src/models/model.ts'

interface Case {
  readonly name: string
  readonly criterion: Criterion
  readonly roots: number[]
  readonly feature: number[]
  readonly threshold: number[]
  readonly left: number[]
  readonly right: number[]
  readonly cover: number[]
  readonly value: number[]
  readonly importance: number[]
}

const { cases } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/impurity.json'), 'utf8'),
) as { cases: Case[] }

function specOf(one: Case): TreesSpec {
  const nodes = one.feature.length
  const outputs = one.value.length / nodes
  return {
    kind: 'trees',
    roots: Int32Array.from(one.roots),
    feature: Int32Array.from(one.feature),
    threshold: Float64Array.from(one.threshold),
    left: Int32Array.from(one.left),
    right: Int32Array.from(one.right),
    missingLeft: new Uint8Array(nodes),
    cover: Float64Array.from(one.cover),
    // Inner nodes' values are not stored with a model.
    value: Float64Array.from(one.value, (value, at) =>
      one.feature[Math.floor(at / outputs)] === -1 ? value : 0,
    ),
    outputs,
    base: new Float64Array(outputs),
    comparison: '<=',
    precision: 'float32',
    aggregation: 'mean',
    link: 'identity',
    vote: 'soft',
  }
}

for (const one of cases) {
  t.test(`as scikit-learn: ${one.name}`, (t) => {
    const found = impurityImportance(specOf(one), one.importance.length, one.criterion)
    one.importance.forEach((expected, j) => {
      t.ok(Math.abs((found?.[j] as number) - expected) <= 1e-12, `feature ${j}`, { found })
    })
    t.end()
  })
}

t.test('votes and scores have none', (t) => {
  const spec = specOf(cases[0] as Case)
  t.equal(impurityImportance({ ...spec, vote: 'hard' }, 5, 'gini'), undefined)
  t.equal(impurityImportance({ ...spec, link: 'softmax' }, 5, 'gini'), undefined)
  t.end()
})
