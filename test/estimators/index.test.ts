/** What every estimator of every engine must be: the contract battery, its parameters, its search space. */
import t from 'tap'
import { engines } from '../../src/estimators/index.ts'
import { parseParams } from '../../src/estimators/params.ts'
import type { Dimension } from '../../src/estimators/search-space.ts'
import { runContract } from '../contract.ts'

for (const [engine, { estimators }] of Object.entries(engines)) {
  for (const [name, load] of Object.entries(estimators)) {
    const estimator = await load()
    const { params, searchSpace, shortName } = estimator
    const who = `${engine} ${name}`
    runContract(who, estimator)

    t.test(`${who} accepts its own defaults, as values and as texts`, (t) => {
      const defaults = parseParams(params, new Map())
      const entries = Object.entries(defaults)
      t.strictSame(parseParams(params, new Map(entries)), defaults)
      const texts = entries.map(([key, value]) => [key, String(value)] as const)
      t.strictSame(parseParams(params, new Map(texts)), defaults, 'as texts')
      for (const [key, spec] of Object.entries(params))
        t.ok(spec.description, `${key} is described`)
      t.ok(shortName.length <= 9, 'its name fits into a progress line')
      t.end()
    })

    t.test(`${who} has a search space of its parameters, in their ranges`, (t) => {
      t.ok(Object.keys(searchSpace).length > 0)
      for (const [parameter, dimension] of Object.entries(searchSpace)) {
        for (const value of endsOf(dimension)) {
          t.doesNotThrow(
            () => parseParams(params, new Map([[parameter, value]])),
            `${parameter}=${value}`,
          )
        }
      }
      t.end()
    })
  }
}

function endsOf(dimension: Dimension) {
  return dimension.kind === 'choice' ? dimension.values : [dimension.low, dimension.high]
}
