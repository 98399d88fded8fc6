/** scikit-learn's transformers as ours, column by column. */
import type { AnyTransformer } from '../../preprocess/index.ts'
import { invalid } from '../imported-model.ts'
import type { FeatureSource } from '../sources.ts'
import { encodeOneHot, encodeOrdinal } from './encoders.ts'
import { classNameOf, notRead } from './fitted.ts'
import type { Item } from './schema.ts'

type Sources = readonly FeatureSource[]

/** What every class does to the features that it is given. */
const classes: Readonly<Record<string, (item: Item, sources: Sources, isOwn: boolean) => Sources>> =
  {
    Pipeline: (item, sources, isOwn) =>
      item
        .get('steps')
        .items()
        .reduce((made, step) => {
          const transformer = step.items()[1]
          if (!transformer) throw invalid(`${step.where} is no step`)
          return applyTransformer(transformer, made, isOwn)
        }, sources),
    ColumnTransformer: applyColumns,
    FunctionTransformer(item, sources, isOwn) {
      // Inside a classifier it is the check that it makes of its numbers.
      if (!isOwn && item.find('func')) throw notRead(item, 'with a function is not read')
      return sources
    },
    SimpleImputer(item, sources) {
      if (item.find('add_indicator')?.scalar() === true)
        throw notRead(item, 'with add_indicator is not read')
      const mark = item.get('missing_values').scalar()
      if (!(mark === null || Number.isNaN(mark)))
        throw notRead(item, 'with missing_values other than NaN is not read')
      const values = item.get('statistics_').cells()
      return extend(item, sources, [values], (j) => {
        const value = values[j]
        if (typeof value === 'string') return { kind: 'impute_category', value }
        if (typeof value === 'number' && Number.isFinite(value))
          return { kind: 'impute_number', value }
        throw notRead(item, 'of a column without values is not read; leave the column out')
      })
    },
    StandardScaler: (item, sources) =>
      scale(item, sources, ['with_mean', 'mean_'], ['with_std', 'scale_']),
    RobustScaler: (item, sources) =>
      scale(item, sources, ['with_centering', 'center_'], ['with_scaling', 'scale_']),
    MaxAbsScaler: (item, sources) => scale(item, sources, undefined, [undefined, 'scale_']),
    MinMaxScaler(item, sources) {
      const scales = item.get('scale_').numbers()
      const offsets = item.get('min_').numbers()
      const isCut = item.find('clip')?.scalar() === true
      const [low = 0, high = 1] = isCut ? item.get('feature_range').numbers() : []
      return extend(item, sources, [scales, offsets], (j) => ({
        kind: 'min_max_scaler',
        scale: finite(scales[j]!, item),
        offset: finite(offsets[j]!, item),
        ...(isCut ? { clip: [finite(low, item), finite(high, item)] as const } : {}),
      }))
    },
    OneHotEncoder: encodeOneHot,
    OrdinalEncoder: encodeOrdinal,
  }

/** @throws ArtifactError `foreign` for an object of a class that is not read */
export function checkTransformer(item: Item): void {
  if (item.scalar() === undefined) findTransformer(item)
}

function findTransformer(item: Item) {
  const name = classNameOf(item)
  if (item.type.startsWith('sklearn.') && Object.hasOwn(classes, name)) return classes[name]!
  const read = Object.keys(classes).filter((own) => own !== 'FunctionTransformer')
  throw notRead(item, `is not read; of what stands before a classifier, ${read.join(', ')} are`)
}

/**
 * Returns the features that a transformer makes of others.
 * @param isOwn whether it belongs to a classifier, which made it
 * @throws ArtifactError `foreign` naming a class, or a use of it, that is not read
 */
export function applyTransformer(item: Item, sources: Sources, isOwn = false): Sources {
  const word = item.scalar()
  if (word === null || word === 'passthrough') return sources
  if (word === 'drop') return []
  return findTransformer(item)(item, sources, isOwn)
}

/** Appends a transformer to every feature; lists have an entry for each. */
function extend(
  item: Item,
  sources: Sources,
  lists: readonly (ArrayLike<unknown> | undefined)[],
  make: (j: number) => AnyTransformer,
): Sources {
  for (const list of lists)
    if (list && list.length !== sources.length)
      throw invalid(`${item.where} was made for ${list.length} columns, it gets ${sources.length}`)
  return sources.map((source, j) => {
    if (source.isLevel) throw notRead(item, 'behind a OneHotEncoder is not read')
    return { ...source, chain: [...source.chain, make(j)] }
  })
}

type Moment = readonly [flag: string | undefined, attribute: string]

/** (x − centre) / scale; either may be turned off, its numbers may be there all the same. */
function scale(item: Item, sources: Sources, centre: Moment | undefined, spread: Moment): Sources {
  const read = ([flag, attribute]: Moment) =>
    flag !== undefined && item.find(flag)?.scalar() === false
      ? undefined
      : item.find(attribute)?.numbers()
  const means = centre && read(centre)
  const scales = read(spread)
  return extend(item, sources, [scales, means], (j) => {
    const own = finite(scales?.[j] ?? 1, item)
    if (!(own > 0)) throw invalid(`${item.where} has the scale ${own}`)
    return { kind: 'standard_scaler', mean: finite(means?.[j] ?? 0, item), scale: own }
  })
}

function finite(value: number, { where }: Item): number {
  if (Number.isFinite(value)) return value
  throw invalid(`${where} holds the number ${value}`)
}

/** Every transformer gets columns of its own; what they make stands in their order. */
function applyColumns(item: Item, sources: Sources, isOwn: boolean): Sources {
  if (item.find('transformer_weights')) throw notRead(item, 'with transformer_weights is not read')
  const indexes = item.find('_transformer_to_input_indices')
  const names = item.find('feature_names_in_')?.cells() ?? []
  return item
    .get('transformers_')
    .items()
    .flatMap((entry) => {
      const [name, transformer, columns] = entry.items()
      if (!name || !transformer || !columns) throw invalid(`${entry.where} is no transformer`)
      if (transformer.scalar() === 'drop') return []
      const known = indexes?.has(name.text()) ? indexes.get(name.text()) : columns
      const taken = placesOf(known, names, sources.length).map((place) => {
        const source = sources[place]
        if (source) return source
        throw invalid(`${entry.where} takes column ${place} of ${sources.length}`)
      })
      return applyTransformer(transformer, taken, isOwn)
    })
}

/** Columns by their number, their name, a yes or no for each, or a range. */
function placesOf(item: Item, names: readonly unknown[], count: number): number[] {
  const slice = item.slice()
  if (slice) {
    const stop = Math.min(slice.stop, count)
    return Array.from({ length: Math.max(0, stop - slice.start) }, (_, i) => slice.start + i)
  }
  const cells = item.cells()
  if (cells.length === count && cells.every((cell) => typeof cell === 'boolean'))
    return cells.flatMap((cell, place) => (cell ? [place] : []))
  return cells.map((cell) => {
    const place = typeof cell === 'string' ? names.indexOf(cell) : cell
    if (typeof place !== 'number') throw invalid(`${item.where} holds no columns`)
    return place < 0 && typeof cell === 'number' ? place + count : place
  })
}
