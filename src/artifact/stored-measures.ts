/** How good a model is, as its metrics.json says, for tables that people read; what is not in its form is left out. */
import { type MetricName, metricTitles } from '../evaluation/metric-names.ts'

/** A metric of one number. */
export interface StoredMeasure {
  readonly name: MetricName
  readonly title: string
  readonly value: number
  /** Lower and upper bound of the middle 95 %. */
  readonly interval: readonly [number, number] | undefined
  /** What always answering with the most frequent class would reach. */
  readonly majority: number | undefined
}

/** One class against the others; undefined is what is not known. */
export interface StoredClassMeasures {
  readonly name: string
  readonly rows: number | undefined
  readonly precision: number | undefined
  readonly recall: number | undefined
  readonly f1: number | undefined
  readonly rocAuc: number | undefined
}

export interface StoredMeasures {
  /** Rows held out of the training table, or those of a channel. */
  readonly part: 'held_out' | 'validation' | 'test'
  readonly rows: number | undefined
  readonly measures: readonly StoredMeasure[]
  readonly perClass: readonly StoredClassMeasures[]
  /** Classes without a row, which the mean areas are without. */
  readonly absent: readonly string[]
}

/**
 * Returns what was measured on the rows that stand for a model's quality, which its curves are of; undefined where
 * nothing was.
 * @param classNames what classes are called, by their names in `metrics`; absent = by these
 */
export function readMeasures({
  metrics,
  classNames,
}: {
  readonly metrics: unknown
  readonly classNames?: ReadonlyMap<string, string>
}): StoredMeasures | undefined {
  const part = partOf(memberOf(memberOf(metrics, 'curves'), 'part'))
  const place = part === 'held_out' ? metrics : memberOf(memberOf(metrics, 'channels'), part)
  const model = memberOf(place, part === 'held_out' ? 'test' : 'model')
  if (model === null || typeof model !== 'object') return undefined
  const majority = memberOf(place, 'majority')
  const nameOf = (name: string) => classNames?.get(name) ?? name
  const intervals = memberOf(model, 'intervals')
  const measures = (Object.entries(metricTitles) as [MetricName, string][]).flatMap(
    ([name, title]) => {
      const value = numberIn(model, name)
      const interval = pairIn(intervals, name)
      return value === undefined
        ? []
        : [{ name, title, value, interval, majority: numberIn(majority, name) }]
    },
  )
  return {
    part,
    rows: numberIn(model, 'rows'),
    measures,
    perClass: listIn(model, 'per_class').flatMap((own) => {
      const name = memberOf(own, 'class')
      return typeof name === 'string' ? [{ name: nameOf(name), ...classMeasures(own) }] : []
    }),
    absent: listIn(model, 'classes_without_rows')
      .filter((name) => typeof name === 'string')
      .map(nameOf),
  }
}

function classMeasures(own: unknown): Omit<StoredClassMeasures, 'name'> {
  const number = (key: string) => numberIn(own, key)
  return {
    rows: number('rows'),
    precision: number('precision'),
    recall: number('recall'),
    f1: number('f1'),
    rocAuc: number('roc_auc'),
  }
}

function partOf(value: unknown): StoredMeasures['part'] {
  return value === 'validation' || value === 'test' ? value : 'held_out'
}

function memberOf(value: unknown, key: string): unknown {
  const isObject = value !== null && typeof value === 'object'
  return isObject && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

function numberIn(value: unknown, key: string): number | undefined {
  const found = memberOf(value, key)
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined
}

function listIn(value: unknown, key: string): readonly unknown[] {
  const found = memberOf(value, key)
  return Array.isArray(found) ? found : []
}

function pairIn(value: unknown, key: string): [number, number] | undefined {
  const ends = listIn(value, key)
  const [low, high] = ends
  const isPair = ends.length === 2 && ends.every(Number.isFinite)
  return isPair ? [low as number, high as number] : undefined
}
