/** What a model's features say of the columns that they were made from, read backwards. */
import { dateOfText } from '../data/date-text.ts'
import type { Cell } from '../data/frame.ts'
import { type Matrix, rowOf } from '../data/matrix.ts'
import { cellLabel, columnLabel, type Labels } from '../data/readable.ts'
import type { AnyTransformer } from './index.ts'
import type { PreprocessorSpec } from './preprocessor.ts'

/** A feature's number is `(raw − mean) / scale`. */
interface Scaled {
  readonly mean: number
  readonly scale: number
}

/**
 * What the raw number of a feature is: that of the column; the place of a category, one behind the last for a missing one;
 * or 1 for one level of a category, which is null for missing and undefined for all infrequent ones.
 */
export type FeatureMeaning = Scaled & {
  /** The input or derived column. */
  readonly column: string
} & (
    | { readonly kind: 'number' }
    | { readonly kind: 'code'; readonly categories: readonly (string | number)[] }
    | { readonly kind: 'level'; readonly level: Cell | undefined }
  )

/** Returns the meaning of every feature, in their order. */
export function meaningsOf({ steps }: PreprocessorSpec): FeatureMeaning[] {
  return steps.flatMap(({ column, chain }) =>
    chain.reduce<FeatureMeaning[]>(
      (meanings, transformer) => meanings.flatMap((meaning) => follow(meaning, transformer)),
      [{ kind: 'number', column, mean: 0, scale: 1 }],
    ),
  )
}

/** Returns a meaning in readable names. */
export function labelMeaning(meaning: FeatureMeaning, labels: Labels | undefined): FeatureMeaning {
  if (!labels) return meaning
  const shown = <T extends Cell>(cell: T) => cellLabel(labels, meaning.column, cell) as T | string
  const column = columnLabel(labels, meaning.column)
  switch (meaning.kind) {
    case 'number':
      return { ...meaning, column }
    case 'code':
      return { ...meaning, column, categories: meaning.categories.map(shown) }
    case 'level': {
      const { level } = meaning
      return { ...meaning, column, level: level === undefined ? level : shown(level) }
    }
  }
}

/** Returns the scaling of a number `(x − mean) / scale` whose x is a scaled number itself. */
function behind(before: Scaled, mean: number, scale: number): Scaled {
  return { mean: before.mean + mean * before.scale, scale: before.scale * scale }
}

function follow(meaning: FeatureMeaning, transformer: AnyTransformer): FeatureMeaning[] {
  const { column } = meaning
  const plain = { column, mean: 0, scale: 1 }
  switch (transformer.kind) {
    case 'standard_scaler': {
      const { mean, scale } = transformer
      return [{ ...meaning, ...behind(meaning, mean, scale) }]
    }
    // Where it is cut, the end of the range is all that can be told.
    case 'min_max_scaler': {
      const { offset, scale } = transformer
      return [{ ...meaning, ...behind(meaning, -offset / scale, 1 / scale) }]
    }
    case 'single_precision': {
      const { offset, scale } = transformer
      return [{ ...meaning, ...behind(meaning, offset, 1 / scale) }]
    }
    case 'ordinal_encoder':
      return [{ ...plain, kind: 'code', categories: transformer.categories }]
    case 'missing_indicator':
      return [{ ...plain, kind: 'level', level: null }]
    case 'one_hot_encoder': {
      const { categories, infrequent, missingLevel } = transformer
      const levels: (Cell | undefined)[] = [...categories]
      if (infrequent.length > 0) levels.push(undefined)
      if (missingLevel) levels.push(null)
      return levels.map((level) => ({ ...plain, kind: 'level', level }))
    }
    default:
      return [meaning]
  }
}

/** Returns a feature's number as it was before it was scaled, without the noise of the last digits. */
export function rawNumber({ mean, scale }: FeatureMeaning, value: number): number {
  if (scale === 1 && mean === 0) return value
  const raw = value * scale + mean
  const largest = Math.max(Math.abs(mean), Math.abs(value * scale))
  const decimals = 12 - Math.ceil(Math.log10(largest))
  return decimals >= 0 && decimals <= 100 ? Number(raw.toFixed(decimals)) + 0 : raw
}

/**
 * Returns what rows of features say of the input columns, [row][input]; null = missing or not to be told. A column that is
 * only read through a derived one has the value of that; gaps that were filled have what filled them.
 */
export function restoreCells(spec: PreprocessorSpec, X: Matrix): Cell[][] {
  const meanings = meaningsOf(spec)
  const features = groupByColumn(meanings)
  const readers = spec.inputs.map(({ name }) => {
    const own = features.get(name)
    const made = spec.derived.filter(({ from, column }) => from === name && features.has(column))
    const days = made.find((derived) => derived.kind === 'date' && derived.part === 'days')
    const read = buildReader(own ?? features.get((days ?? made[0])?.column ?? '') ?? [], meanings)
    return own || !days ? read : readDay(read)
  })
  return Array.from({ length: X.rows }, (_, row) => {
    const x = rowOf(X, row)
    return readers.map((read) => read(x))
  })
}

/** Days since 1970 are read as their moment, to the second. */
function readDay(read: (x: Float64Array) => Cell): (x: Float64Array) => Cell {
  return (x) => {
    const days = read(x)
    return typeof days === 'number'
      ? (dateOfText('epoch_s', String(Math.round(days * 86_400))) ?? null)
      : days
  }
}

function groupByColumn(meanings: readonly FeatureMeaning[]): Map<string, number[]> {
  const features = new Map<string, number[]>()
  meanings.forEach(({ column }, j) => {
    const list = features.get(column)
    if (list) list.push(j)
    else features.set(column, [j])
  })
  return features
}

function buildReader(
  features: readonly number[],
  meanings: readonly FeatureMeaning[],
): (x: Float64Array) => Cell {
  const [first] = features
  if (first === undefined) return () => null
  const meaning = meanings[first]!
  if (meaning.kind === 'level') {
    // Alone stands the level of an indicator, which does not know what a value is.
    const none = features.length === 1 && meaning.level === null ? '(present)' : null
    return (x) => {
      for (const j of features) {
        const own = meanings[j]!
        if (own.kind !== 'level' || !(rawNumber(own, x[j]!) > 0.5)) continue
        return own.level === undefined ? '(other)' : own.level
      }
      return none
    }
  }
  return (x) => {
    const raw = rawNumber(meaning, x[first]!)
    if (Number.isNaN(raw)) return null
    return meaning.kind === 'code' ? (meaning.categories[Math.round(raw)] ?? null) : raw
  }
}
