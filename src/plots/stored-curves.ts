/** The curves and counts in a model's metrics.json, checked: what the plots of quality are drawn from. */
import { createJsonReader, type JsonObject } from '../data/json-fields.ts'
import { didYouMean, InputError, listNames, quote } from '../errors.ts'
import { count } from './numbers.ts'
import type { PlottedModel } from './plot.ts'

/** Points of a curve. */
export interface Points {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

export interface StoredBin {
  readonly rows: number
  readonly predicted: number
  readonly observed: number
}

export interface StoredThreshold {
  readonly threshold: number
  readonly truePositives: number
  readonly falsePositives: number
  readonly falseNegatives: number
  readonly trueNegatives: number
}

/** One class against the others. */
export interface StoredCurves {
  readonly name: string
  readonly roc: Points | undefined
  readonly precisionRecall: Points | undefined
  readonly calibration: { readonly uniform: StoredBin[]; readonly quantile: StoredBin[] }
  readonly thresholds: StoredThreshold[]
  /** Rows of the class, and its areas under the curves, where they are known. */
  readonly rows: number | undefined
  readonly rocAuc: number | undefined
  readonly prAuc: number | undefined
}

export interface StoredQuality {
  readonly rows: number
  /** How many rows of which kind it was measured on. */
  readonly measuredOn: string
  readonly classes: readonly string[]
  /** [true class][predicted class] */
  readonly confusion: readonly (readonly number[])[]
  readonly curves: readonly StoredCurves[]
  /** Interval of the area under the ROC curve; only of two classes. */
  readonly rocInterval: readonly [number, number] | undefined
}

const fail = (message: string) =>
  new InputError('not_found', `the model's metrics.json cannot be drawn: ${message}`)
const reader = createJsonReader(fail)

const parts: Readonly<Record<string, string>> = {
  held_out: 'held-out row',
  validation: 'validation row',
  test: 'test row',
}

/**
 * Returns what was measured of a model.
 * @throws InputError `not_found` where nothing was, or where it is not in its form
 */
export function readQuality({ metrics, classes, classNames }: PlottedModel): StoredQuality {
  const all = reader.object(metrics, 'metrics')
  if (all.get('curves') === undefined)
    throw new InputError(
      'not_found',
      'this model was measured on no rows: it was imported, or trained without rows held out, by which its quality is drawn',
    )
  const curves = reader.object(all.get('curves'), 'curves')
  const part = reader.text(curves.get('part'), 'curves.part')
  const place = part === 'held_out' ? 'test' : `channels.${part}.model`
  const evaluation = findEvaluation(all, part)
  const rows = reader.whole(evaluation.get('rows'), `${place}.rows`)
  const perClass = new Map(
    reader.list(evaluation.get('per_class'), `${place}.per_class`).map((item) => {
      const entry = reader.object(item, `${place}.per_class`)
      return [entry.get('class'), entry] as const
    }),
  )
  const confusion = reader
    .list(evaluation.get('confusion'), `${place}.confusion`)
    .map((row) => reader.numbers(row, `${place}.confusion`))
  if (confusion.length !== classes.length || confusion.some((row) => row.length !== classes.length))
    throw fail(`${place}.confusion is not of the model's classes`)
  return {
    rows,
    measuredOn: count(rows, Object.hasOwn(parts, part) ? parts[part]! : 'row'),
    classes,
    confusion,
    curves: reader
      .list(curves.get('classes'), 'curves.classes')
      .map((item, i) => readCurves(item, `curves.classes[${i}]`, perClass))
      .map((own) => ({ ...own, name: classNames?.get(own.name) ?? own.name })),
    rocInterval: readInterval(evaluation),
  }
}

function findEvaluation(all: JsonObject, part: string): JsonObject {
  if (part === 'held_out') return reader.object(all.get('test'), 'test')
  const channel = reader.object(all.get('channels'), 'channels').get(part)
  return reader.object(
    reader.object(channel, `channels.${part}`).get('model'),
    `channels.${part}.model`,
  )
}

function readInterval(evaluation: JsonObject): [number, number] | undefined {
  const intervals = evaluation.get('intervals')
  if (intervals === undefined) return undefined
  const ends = reader.object(intervals, 'intervals').get('roc_auc')
  if (!Array.isArray(ends) || !ends.every(Number.isFinite) || ends.length !== 2) return undefined
  return [ends[0], ends[1]]
}

function readCurves(
  item: unknown,
  where: string,
  perClass: ReadonlyMap<unknown, JsonObject>,
): StoredCurves {
  const entry = reader.object(item, where)
  const name = reader.text(entry.get('class'), `${where}.class`)
  const points = (member: string, x: string, y: string): Points | undefined => {
    const value = entry.get(member)
    if (value === null || value === undefined) return undefined
    const curve = reader.object(value, `${where}.${member}`)
    const read = {
      x: reader.numbers(curve.get(x), `${where}.${member}.${x}`),
      y: reader.numbers(curve.get(y), `${where}.${member}.${y}`),
    }
    if (read.x.length !== read.y.length) throw fail(`${where}.${member} has lists of two lengths`)
    return read
  }
  const calibration = reader.object(entry.get('calibration'), `${where}.calibration`)
  const bins = (strategy: string) =>
    reader.list(calibration.get(strategy), `${where}.calibration.${strategy}`).map((bin) => {
      const fields = reader.object(bin, `${where}.calibration.${strategy}`)
      const number = (key: string) => reader.number(fields.get(key), `${where}.calibration.${key}`)
      return {
        rows: number('rows'),
        predicted: number('mean_predicted'),
        observed: number('observed'),
      }
    })
  const own = perClass.get(name)
  const known = (key: string) => {
    const value = own?.get(key)
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined
  }
  return {
    name,
    roc: points('roc', 'false_positive_rate', 'true_positive_rate'),
    precisionRecall: points('precision_recall', 'recall', 'precision'),
    calibration: { uniform: bins('uniform'), quantile: bins('quantile') },
    thresholds: reader.list(entry.get('thresholds'), `${where}.thresholds`).map((row) => {
      const fields = reader.object(row, `${where}.thresholds`)
      const number = (key: string) => reader.number(fields.get(key), `${where}.thresholds.${key}`)
      return {
        threshold: number('threshold'),
        truePositives: number('true_positives'),
        falsePositives: number('false_positives'),
        falseNegatives: number('false_negatives'),
        trueNegatives: number('true_negatives'),
      }
    }),
    rows: known('rows'),
    rocAuc: known('roc_auc'),
    prAuc: known('pr_auc'),
  }
}

/**
 * Returns the curves of the class asked for, or of all.
 * @throws InputError `invalid_option` for a class that has none
 */
export function chooseCurves(
  { curves }: StoredQuality,
  output: string | undefined,
): readonly StoredCurves[] {
  if (output === undefined) return curves
  const found = curves.filter(({ name }) => name === output)
  if (found.length > 0) return found
  const names = curves.map(({ name }) => name)
  throw new InputError(
    'invalid_option',
    `output is ${quote(output)}, there are curves of ${listNames(names)}${didYouMean(output, names)}`,
  )
}
