/** What a node of a CatBoost tree asks of its column. */

import { type NodeView, viewOfCodes } from '../category-sets.ts'
import type { Fields } from '../document-fields.ts'
import { invalid, unsupported } from '../imported-model.ts'
import type { CatboostFeatures } from './features.ts'

/** Rows with x ≤ border go left; of a category, those that are another one. */
export interface Split {
  readonly feature: number
  readonly border: number
  readonly missingLeft: boolean
  readonly view?: NodeView
}

/**
 * Returns what reads splits, each with the tree it stands in.
 * @throws ArtifactError `foreign` for a split on a CTR, naming its columns
 */
export function createSplitReader(features: CatboostFeatures): (split: Fields) => Split {
  const { floats, categories, ctrs } = features
  const codesOf = new Map<string, Split>()
  const kinds: Readonly<Record<string, (split: Fields) => Split>> = {
    FloatFeature(split) {
      const own = floats[split.whole('float_feature_index', 0, floats.length - 1)]!
      const border = Math.fround(split.number('border'))
      return { feature: own.flat, border, missingLeft: own.missingLeft }
    },
    OneHotFeature(split) {
      const own = categories[split.whole('cat_feature_index', 0, categories.length - 1)]!
      const hash = split.whole('value', -(2 ** 31), 2 ** 32) >>> 0
      const key = `${own.flat} ${hash}`
      const known = codesOf.get(key)
      if (known) return known
      const code = own.codes.get(hash)
      if (code === undefined)
        throw invalid(`${split.where} asks for a category that its column does not have`)
      // One that matches goes right; no other does, and neither does a missing one.
      const view = viewOfCodes('codes_right', [code], split.where)
      const made = { feature: own.flat, border: 0, missingLeft: true, view }
      codesOf.set(key, made)
      return made
    },
    OnlineCtr(split) {
      const tree = /\[(\d+)\]/.exec(split.where)?.[1] ?? '?'
      const columns = ctrs(split.whole('split_index', 0, 2 ** 31))
      throw unsupported(
        `tree ${tree} splits on a CTR${columns ? ` of ${columns}` : ''}; train with one_hot_max_size above the number of categories, or encode the columns before`,
      )
    },
  }
  return (split) => {
    const type = split.text('split_type')
    const read = Object.hasOwn(kinds, type) ? kinds[type] : undefined
    if (read) return read(split)
    throw unsupported(`splits of the kind ${JSON.stringify(type.slice(0, 64))} are not read`)
  }
}
