/** A profile of training rows as JSON, as it stands in a model directory. */
import type { JsonObject, JsonReader } from '../data/json-fields.ts'
import { type Bins, countBins } from '../evaluation/drift/bins.ts'
import {
  type ColumnProfile,
  type PredictionProfile,
  predictionParts,
  type TrainingProfile,
} from '../evaluation/drift/profile.ts'

/** Returns a profile as it is written. */
export function writeProfile({
  rows,
  columns,
  predictions,
}: TrainingProfile): Record<string, unknown> {
  return {
    rows,
    columns: columns.map(({ column, by, bins, counts, missing, unknown, outside, numbers }) => ({
      column,
      by: by === column ? undefined : by,
      ...writeBins(bins),
      counts,
      missing,
      unknown: unknown || undefined,
      outside: outside || undefined,
      ...(numbers && {
        minimum: numbers.minimum,
        maximum: numbers.maximum,
        mean: numbers.mean,
        sd: numbers.deviation,
      }),
    })),
    predictions: predictions && {
      part: predictions.part,
      rows: predictions.rows,
      ...writeBins(predictions.bins),
      counts: predictions.counts,
      labels: predictions.labels,
    },
  }
}

function writeBins(bins: Bins): Record<string, unknown> {
  return bins.kind === 'ranges' ? { cuts: bins.cuts } : { values: bins.values }
}

/** What a profile must fit. */
export interface ProfiledModel {
  readonly inputs: readonly { readonly name: string; readonly type: 'number' | 'text' }[]
  readonly derived: readonly { readonly column: string; readonly from: string }[]
  readonly classes: number
}

/**
 * Returns the profile in parsed JSON.
 * @throws what the reader throws, and what `fail` makes for parts that do not fit the model
 */
export function readProfile(
  json: JsonObject,
  reader: JsonReader,
  fail: (message: string) => Error,
  model: ProfiledModel,
): TrainingProfile {
  const rows = reader.whole(json.get('rows'), 'rows', 1)
  const listed = reader.list(json.get('columns'), 'columns')
  if (listed.length !== model.inputs.length) throw fail("columns are not the model's")
  const columns = model.inputs.map(({ name, type }, i): ColumnProfile => {
    const where = `columns[${i}]`
    const own = reader.object(listed[i], where)
    if (own.get('column') !== name) throw fail(`${where} is not the model's column`)
    const by = own.has('by') ? reader.text(own.get('by'), `${where}.by`) : name
    const isDerived = model.derived.some(({ column, from }) => column === by && from === name)
    if (by !== name && !isDerived) throw fail(`${where}.by is not derived from the column`)
    const bins = readBins(own, reader, fail, where)
    if (bins.kind === 'ranges' && (type !== 'number' || by !== name))
      throw fail(`${where} has cuts, which are for numbers`)
    const whole = (key: string) =>
      own.has(key) ? reader.whole(own.get(key), `${where}.${key}`, 0, rows) : 0
    const profile = {
      column: name,
      by,
      bins,
      counts: readCounts(own.get('counts'), reader, fail, `${where}.counts`, countBins(bins), rows),
      missing: whole('missing'),
      unknown: whole('unknown'),
      outside: whole('outside'),
    }
    if (!own.has('mean')) return profile
    const number = (key: string) => reader.number(own.get(key), `${where}.${key}`)
    return {
      ...profile,
      numbers: {
        minimum: number('minimum'),
        maximum: number('maximum'),
        mean: number('mean'),
        deviation: number('sd'),
      },
    }
  })
  const predictions = json.has('predictions')
    ? readPredictions(
        reader.object(json.get('predictions'), 'predictions'),
        reader,
        fail,
        model.classes,
      )
    : undefined
  return { rows, columns, predictions }
}

function readPredictions(
  json: JsonObject,
  reader: JsonReader,
  fail: (message: string) => Error,
  classes: number,
): PredictionProfile {
  const rows = reader.whole(json.get('rows'), 'predictions.rows', 1)
  const bins = readBins(json, reader, fail, 'predictions')
  if (bins.kind !== 'ranges') throw fail('predictions have no cuts')
  const counts = (key: string, length: number) =>
    readCounts(json.get(key), reader, fail, `predictions.${key}`, length, rows)
  return {
    part: reader.choice(json.get('part'), 'predictions.part', predictionParts),
    rows,
    bins,
    counts: counts('counts', countBins(bins)),
    labels: counts('labels', classes),
  }
}

function readBins(
  own: JsonObject,
  reader: JsonReader,
  fail: (message: string) => Error,
  where: string,
): Bins {
  if (!own.has('cuts'))
    return { kind: 'values', values: reader.categories(own.get('values'), `${where}.values`) }
  const cuts = reader.numbers(own.get('cuts'), `${where}.cuts`)
  if (cuts.some((cut, i) => i > 0 && !(cut > cuts[i - 1]!)))
    throw fail(`${where}.cuts are not in ascending order`)
  return { kind: 'ranges', cuts }
}

function readCounts(
  value: unknown,
  reader: JsonReader,
  fail: (message: string) => Error,
  where: string,
  length: number,
  rows: number,
): number[] {
  const counts = reader
    .list(value, where)
    .map((count, i) => reader.whole(count, `${where}[${i}]`, 0, rows))
  if (counts.length !== length) throw fail(`${where} are not as many as the bins`)
  if (counts.reduce((sum, count) => sum + count, 0) > rows)
    throw fail(`${where} are of more rows than there are`)
  return counts
}
