/** Which columns the splits of an ensemble take for categories. */
import type { TreeEnsemble } from '../trees/ensemble.ts'
import { isOfCodes } from '../trees/views.ts'
import { invalid } from './imported-model.ts'

/**
 * Returns per column how many codes its splits know; undefined where none asks for categories.
 * @throws ArtifactError `invalid` for a column that is split as a number and as a category
 */
export function countCodes(
  trees: Pick<TreeEnsemble, 'feature' | 'view' | 'views'>,
  features: number,
): (number | undefined)[] {
  const { feature, view, views = [] } = trees
  const codes = new Array<number | undefined>(features).fill(undefined)
  for (const own of views) {
    if (!isOfCodes(own)) continue
    const { length } = own.codes
    const most = length === 0 ? 0 : length * 8 - Math.clz32(own.codes[length - 1]!) + 24
    codes[own.feature] = Math.max(codes[own.feature] ?? 0, most)
  }
  feature.forEach((own, node) => {
    if (own < 0 || codes[own] === undefined) return
    const number = view?.[node] ?? -1
    if (number < 0 || !isOfCodes(views[number]!))
      throw invalid(`feature ${own} is split as a number and as a category`)
  })
  return codes
}
