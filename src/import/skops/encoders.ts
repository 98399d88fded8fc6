/** scikit-learn's encoders of categories as ours. */
import type { OneHotEncoder } from '../../preprocess/one-hot-encoder.ts'
import type { OrdinalEncoder } from '../../preprocess/ordinal-encoder.ts'
import { checkNames, invalid, MAX_COLUMNS } from '../imported-model.ts'
import type { FeatureSource } from '../sources.ts'
import { notRead } from './fitted.ts'
import type { Item } from './schema.ts'

type Sources = readonly FeatureSource[]

interface Categories {
  readonly known: readonly (string | number)[]
  /** Whether a missing value was one of them; it is the last. */
  readonly hasMissing: boolean
}

/** The categories of every column in the order of their codes. */
function readCategories(item: Item, sources: Sources): Categories[] {
  const lists = item.get('categories_').items()
  if (lists.length !== sources.length)
    throw invalid(`${item.where} was made for ${lists.length} columns, it gets ${sources.length}`)
  let total = 0
  return lists.map((list) => {
    const cells = list.cells()
    total += cells.length
    if (total > MAX_COLUMNS) throw invalid(`${item.where} has more than ${MAX_COLUMNS} categories`)
    const isGap = (cell: unknown) => cell === null || Number.isNaN(cell)
    const hasMissing = cells.length > 0 && isGap(cells.at(-1))
    const known = hasMissing ? cells.slice(0, -1) : cells
    const type = typeof known[0]
    if (known.some(isGap) || (type !== 'string' && type !== 'number'))
      throw notRead(item, 'of categories that are neither texts nor numbers is not read')
    if (
      !known.every((cell) => typeof cell === type && (type === 'string' || Number.isFinite(cell)))
    )
      throw notRead(item, 'of texts and numbers in one column is not read')
    const found = known as (string | number)[]
    checkNames(found, list.where)
    return { known: found, hasMissing }
  })
}

function unknownRule(item: Item): string {
  return item.get('handle_unknown').text()
}

/** Whether a missing value is an error: it was none of the categories, and nothing before makes one of it. */
function refusesMissing(source: FeatureSource, rule: string, hasMissing: boolean): boolean {
  const isFilled = source.chain.some(
    ({ kind }) => kind === 'impute_category' || kind === 'impute_number',
  )
  return source.refusesMissing || (rule === 'error' && !hasMissing && !isFilled)
}

/** One 0/1 column per category; those that were left out of the training are made and not used. */
export function encodeOneHot(item: Item, sources: Sources): Sources {
  const rule = unknownRule(item)
  if (!['error', 'ignore', 'infrequent_if_exist', 'warn'].includes(rule))
    throw notRead(item, `with handle_unknown=${JSON.stringify(rule.slice(0, 64))} is not read`)
  const lists = readCategories(item, sources)
  const rare = item.find('_infrequent_indices')?.items()
  const dropped = (item.find('_drop_idx_after_grouping') ?? item.find('drop_idx_'))?.cells()
  return sources.flatMap((source, j) => {
    if (source.isLevel) throw notRead(item, 'behind a OneHotEncoder is not read')
    const { known, hasMissing } = lists[j]!
    const infrequent = new Set(rare?.[j] && !rare[j].isNull() ? rare[j].numbers() : [])
    const all = known.length + (hasMissing ? 1 : 0)
    for (const code of infrequent)
      if (!(Number.isInteger(code) && code >= 0 && code < known.length))
        throw notRead(item, 'with an infrequent missing value is not read')
    const encoder: OneHotEncoder = {
      kind: 'one_hot_encoder',
      categories: known.filter((_, code) => !infrequent.has(code)),
      infrequent: known.filter((_, code) => infrequent.has(code)),
      missingLevel: hasMissing,
      ...(rule === 'ignore' && infrequent.size > 0 ? { unknown: 'zeros' as const } : {}),
    }
    // Ours has the shared level before that of missing values, scikit-learn behind it.
    const frequent = all - infrequent.size - (hasMissing ? 1 : 0)
    const shared = infrequent.size > 0 ? 1 : 0
    const levels = Array.from({ length: frequent }, (_, level) => level)
    if (hasMissing) levels.push(frequent + shared)
    if (shared) levels.push(frequent)
    const without = dropped?.[j] ?? undefined
    if (typeof without === 'number') levels.splice(without, 1)
    const chain = [...source.chain, encoder]
    return levels.map((level) => ({
      ...source,
      chain,
      level,
      isLevel: true,
      closed: source.closed || rule === 'error',
      refusesMissing: refusesMissing(source, rule, hasMissing),
    }))
  })
}

/** The code of every category; a missing value has one only if there was one in training. */
export function encodeOrdinal(item: Item, sources: Sources): Sources {
  const rule = unknownRule(item)
  if (rule !== 'error' && rule !== 'use_encoded_value')
    throw notRead(item, `with handle_unknown=${JSON.stringify(rule.slice(0, 64))} is not read`)
  if (item.find('_infrequent_enabled')?.scalar() === true)
    throw notRead(item, 'with infrequent categories is not read')
  const lists = readCategories(item, sources)
  const codeOf = (attribute: string): number | 'missing' => {
    const value = item.find(attribute)?.number() ?? Number.NaN
    return Number.isNaN(value) ? 'missing' : value
  }
  const unknown = rule === 'error' ? undefined : codeOf('unknown_value')
  return sources.map((source, j) => {
    if (source.isLevel) throw notRead(item, 'behind a OneHotEncoder is not read')
    const { known, hasMissing } = lists[j]!
    const gap = hasMissing ? codeOf('encoded_missing_value') : (unknown ?? 'missing')
    const encoder: OrdinalEncoder = {
      kind: 'ordinal_encoder',
      categories: known,
      missing: gap === 'missing' ? 'kept' : gap,
      ...(unknown === undefined || unknown === -1 ? {} : { unknown }),
    }
    return {
      ...source,
      chain: [...source.chain, encoder],
      closed: source.closed || rule === 'error',
      refusesMissing: refusesMissing(source, rule, hasMissing),
    }
  })
}
