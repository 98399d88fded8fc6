/** Categories as codes: what several operators together make of one column, and the encoder that does the same. */
import { MISSING_TEXTS } from '../../data/number.ts'
import type { AnyTransformer } from '../../preprocess/index.ts'
import { checkNames, invalid, MAX_COLUMNS, unsupported } from '../imported-model.ts'
import type { FeatureSource } from '../sources.ts'
import type { OnnxNode } from './graph.ts'
import type { Sources } from './operands.ts'

/** Codes of the categories of one column. */
export interface CodedColumn {
  /** The column, with nothing but an imputer before it. */
  readonly source: FeatureSource
  readonly codeOf: ReadonlyMap<string | number, number>
  readonly unknown: number
  /** Undefined: as one that is not listed. */
  readonly missing?: number
}

/** Returns the codes that a LabelEncoder gives. */
export function readLabelEncoder(node: OnnxNode, sources: Sources): CodedColumn[] {
  const keys = node.has('keys_strings') ? node.texts('keys_strings') : node.wholes('keys_int64s')
  const hasWholes = node.has('values_int64s')
  const values = hasWholes ? node.wholes('values_int64s') : [...node.numbers('values_floats')]
  if (values.length !== keys.length)
    throw invalid(`${node.where} has ${values.length} codes for ${keys.length} categories`)
  const codeOf = new Map<string | number, number>()
  keys.forEach((key, i) => {
    // The first of equal keys counts.
    if (!codeOf.has(key)) codeOf.set(key, values[i]!)
  })
  const missing = codeOf.get('')
  if (missing !== undefined)
    // Other texts that mean the same are read so anyway.
    for (const gap of MISSING_TEXTS) if (Object.is(codeOf.get(gap), missing)) codeOf.delete(gap)
  checkNames([...codeOf.keys()], `${node.where}: categories`)
  const unknown = hasWholes
    ? node.has('default_int64')
      ? node.whole('default_int64')
      : -1
    : (node.number('default_float') ?? 0)
  return sources.map((source) => {
    if (source.chain.length > 0)
      throw unsupported(`${node.where} behind other operators is not read`)
    return { source, codeOf, unknown, missing }
  })
}

/**
 * Returns the feature whose number is the code.
 * @throws ArtifactError `foreign` for codes other than 0, 1, …
 */
export function codesOf(node: OnnxNode, coded: CodedColumn): FeatureSource {
  const { source, codeOf, unknown } = coded
  // Texts that mean nothing have a code of their own, all others another one.
  if (codeOf.size === 0 && coded.missing === 1 && unknown === 0)
    return { ...source, chain: [...source.chain, { kind: 'missing_indicator' }] }
  const categories = new Array<string | number>(codeOf.size)
  for (const [category, code] of codeOf) categories[code] ??= category
  if (categories.length !== codeOf.size || categories.includes(undefined as never))
    throw unsupported(
      `${node.where} gives its ${codeOf.size} categories other codes than 0, 1, …, which is not read`,
    )
  const { missing = unknown } = coded
  const imputed = imputerOf(coded)
  return {
    ...source,
    chain: [
      ...source.chain,
      ...imputed,
      {
        kind: 'ordinal_encoder',
        categories,
        missing: imputed.length > 0 ? categories.length : Number.isNaN(missing) ? 'kept' : missing,
        unknown: Number.isNaN(unknown) ? 'missing' : unknown,
      },
    ],
  }
}

/** Returns the features that say which of the codes 0, 1, … a category has. */
export function levelsOf(node: OnnxNode, coded: CodedColumn, levels: Float64Array): Sources {
  const { source, codeOf, unknown, missing = unknown } = coded
  if (levels.length > MAX_COLUMNS) throw invalid(`${node.where} makes ${levels.length} features`)
  if (!levels.every((level, i) => level === i))
    throw unsupported(`${node.where} compares with other codes than 0, 1, …, which is not read`)
  const byCode = Array.from({ length: levels.length }, (): (string | number)[] => [])
  for (const [category, code] of codeOf) {
    if (!byCode[code])
      throw unsupported(`${node.where} leaves the code ${code} out, which is not read`)
    byCode[code].push(category)
  }
  // Infrequent categories share one code behind all others; a missing value has the last for itself.
  const imputed = imputerOf(coded)
  const hasLevel = imputed.length === 0 && missing === levels.length - 1 && missing !== unknown
  const named = hasLevel ? byCode.slice(0, -1) : byCode
  const isShared = unknown >= 0 || (named.at(-1)?.length ?? 1) > 1
  const alone = isShared ? named.slice(0, -1) : named
  const infrequent = isShared ? (named.at(-1) ?? []) : []
  const isEncoder =
    alone.every(({ length }) => length === 1) &&
    (!hasLevel || byCode.at(-1)?.length === 0) &&
    (!isShared || infrequent.length > 0) &&
    (unknown === -1 || unknown === named.length - 1) &&
    (imputed.length > 0 || hasLevel || missing === -1)
  if (!isEncoder)
    throw unsupported(`${node.where} makes levels of its codes in a way that is not read`)
  const chain: AnyTransformer[] = [
    ...source.chain,
    ...imputed,
    {
      kind: 'one_hot_encoder',
      categories: alone.flat(),
      infrequent,
      missingLevel: hasLevel,
      ...(isShared && unknown === -1 ? { unknown: 'zeros' as const } : {}),
    },
  ]
  return byCode.map((_, level) => ({ ...source, chain, level, isLevel: true }))
}

/** A missing value that has a category's own code was taken for it. */
function imputerOf({ codeOf, missing, unknown }: CodedColumn): AnyTransformer[] {
  if (missing === undefined || Number.isNaN(missing) || missing === unknown) return []
  const same = [...codeOf].find(([, code]) => code === missing)
  return same ? [{ kind: 'impute_category', value: same[0] }] : []
}
