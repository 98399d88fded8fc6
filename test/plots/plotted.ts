/** Explanations and models to be drawn, made of few numbers. */
import type { Cell } from '../../src/data/frame.ts'
import type { TreesSpec } from '../../src/models/model.ts'
import type { PlottedModel } from '../../src/plots/plot.ts'
import type { Explanation, Explanations } from '../../src/shap/explanation.ts'

export interface Made {
  readonly rows: number
  readonly columns: number
  readonly outputs?: number
  /** Name of a column, or of a class. */
  readonly name?: (what: 'column' | 'class' | 'value', number: number) => string
  readonly value?: (row: number, column: number, output: number) => number
  readonly cell?: (row: number, column: number) => Cell
  readonly interactions?: boolean
  readonly space?: Explanations['space']
}

/** Returns numbers that look like chance and are always the same, between −1 and 1. */
export function wave(row: number, column: number, output = 0): number {
  return Math.sin(row * 12.9898 + column * 78.233 + output * 37.719) ** 3 / (1 + column / 4)
}

/** Returns explained rows. */
export function makeExplanations({
  rows,
  columns,
  outputs = 1,
  name = (what, number) => `${what} ${number}`,
  value = (row, column, output) => wave(row, column, output) / 10,
  cell = (row, column) => cellOf(row, column, (number) => name('value', number)),
  interactions = false,
  space = 'probability',
}: Made): Explanations {
  const featureNames = Array.from({ length: columns }, (_, j) => name('column', j))
  const classes = Array.from({ length: Math.max(2, outputs) }, (_, k) => name('class', k))
  const outputNames = outputs === 1 ? classes.slice(-1) : classes
  const baseValues = outputNames.map((_, k) => 0.4 - k / 100)
  return {
    modelId: 'm',
    target: name('column', columns),
    classes,
    numericClasses: false,
    space,
    method: 'tree_path_dependent',
    featureNames,
    rows: Array.from({ length: rows }, (_, row): Explanation => {
      const shapValues = outputNames.map((_, k) =>
        Float64Array.from(featureNames, (__, j) => value(row, j, k)),
      )
      return {
        row: row + 1,
        predictedLabel: classes[0]!,
        probabilities: new Float64Array(classes.length).fill(1 / classes.length),
        outputNames,
        baseValues,
        outputs: shapValues.map((phi, k) => phi.reduce((sum, own) => sum + own, baseValues[k]!)),
        featureNames,
        data: featureNames.map((_, j) => cell(row, j)),
        shapValues,
        interactions: interactions ? shapValues.map((phi) => makePairs(phi)) : undefined,
        additivityError: 0,
      }
    }),
  }
}

/** Numbers, texts and gaps, by the column. */
function cellOf(row: number, column: number, text: (number: number) => string): Cell {
  if ((row + column) % 11 === 10) return null
  if (column % 3 === 1) return text((row * 7 + column) % 5)
  return column % 3 === 0 ? Math.round(wave(row, column + 1) * 1000) / 8 : (row * 5) % 4
}

/** A symmetric matrix whose rows sum to the SHAP values. */
function makePairs(phi: Float64Array): Float64Array {
  const size = phi.length
  const pairs = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++)
      if (i !== j) pairs[i * size + j] = (phi[i]! * phi[j]!) / (1 + Math.abs(i - j))
    const own = pairs.subarray(i * size, (i + 1) * size)
    pairs[i * size + i] = phi[i]! - own.reduce((sum, value) => sum + value, 0)
  }
  return pairs
}

/** Returns what is stored with a forest of one small tree: four classes' worth of names for as many as are asked for. */
export function makeModel(
  classes = 2,
  name: NonNullable<Made['name']> = (what, number) => `${what} ${number}`,
): PlottedModel {
  const names = Array.from({ length: classes }, (_, k) => name('class', k))
  const shown = classes === 2 ? [1] : names.map((_, k) => k).slice(0, 10)
  const share = (k: number, at: number) => Math.min(1, (at * (k + 2)) / 20)
  const confusion = names.map((_, i) =>
    names.map((__, j) => (i === j ? 40 + i : (i * 3 + j * 7) % 9)),
  )
  const rows = confusion.flat().reduce((sum, value) => sum + value, 0)
  const steps = Array.from({ length: 11 }, (_, i) => i)
  const curves = shown.map((k) => ({
    class: names[k],
    roc: {
      false_positive_rate: steps.map((i) => (i / 10) ** 2),
      true_positive_rate: steps.map((i) => (i / 10) ** 0.5),
      thresholds: steps.map((i) => 1 - i / 10),
    },
    precision_recall: {
      precision: steps.map((i) => share(k, i)),
      recall: steps.map((i) => 1 - i / 10),
      thresholds: steps.map((i) => i / 10),
    },
    calibration: {
      uniform: steps.map((i) => ({ rows: i + 1, mean_predicted: i / 10, observed: share(k, i) })),
      quantile: steps.map((i) => ({ rows: 9, mean_predicted: i / 10, observed: (i / 10) ** 2 })),
    },
    thresholds: steps.map((i) => ({
      threshold: i / 10,
      true_positives: 50 - 5 * i,
      false_positives: 40 - 4 * i,
      false_negatives: 5 * i,
      true_negatives: 10 + 4 * i,
    })),
  }))
  const test = {
    rows,
    per_class: names.map((own, k) => ({
      class: own,
      rows: 50 + k,
      roc_auc: 0.8 + k / 100,
      pr_auc: 0.7,
    })),
    confusion,
    intervals: classes === 2 ? { roc_auc: [0.75, 0.875] } : undefined,
  }
  return {
    plan: { target: name('column', 3) } as PlottedModel['plan'],
    classes: names,
    metrics: JSON.parse(JSON.stringify({ test, curves: { part: 'held_out', classes: curves } })),
    model: makeTree(classes),
    preprocessor: {
      inputs: [
        { name: name('column', 0), type: 'number', nullable: true, example: 1 },
        { name: name('column', 1), type: 'text', nullable: false, example: 'x' },
        { name: name('column', 2), type: 'text', nullable: false, example: 'x' },
      ],
      otherColumns: [],
      derived: [],
      steps: [
        { column: name('column', 0), chain: [{ kind: 'standard_scaler', mean: 10, scale: 4 }] },
        {
          column: name('column', 1),
          chain: [
            {
              kind: 'one_hot_encoder',
              categories: [name('value', 0), name('value', 1)],
              infrequent: [],
              missingLevel: false,
            },
          ],
        },
        {
          column: name('column', 2),
          chain: [
            {
              kind: 'ordinal_encoder',
              categories: [0, 1, 2, 3, 4, 5].map((value) => name('value', value)),
            },
          ],
        },
      ],
    },
    summary: {
      space: 'probability',
      method: 'tree_path_dependent',
      rows: 100,
      outputNames: classes === 2 ? names.slice(1) : names,
      baseValues: names.slice(classes === 2 ? 1 : 0).map(() => 1 / classes),
      columns: [0, 1, 2].map((j) => ({
        column: name('column', j),
        by: name('column', j),
        meanAbsolute: names.slice(classes === 2 ? 1 : 0).map((_, k) => 0.1 / (1 + j + k)),
        mean: names.map(() => 0.01),
        groups: [0, 1, 2, 3].map((group) => ({
          ...(j === 0 ? { from: group, to: group + 1 } : { value: name('value', group) }),
          rows: 25,
          mean: names.map(() => (group - 1.4) / 10),
        })),
      })),
    },
  }
}

/** Four questions; the last feature is asked as a place among categories. */
function makeTree(classes: number): TreesSpec {
  const leaf = (best: number) =>
    Array.from({ length: classes }, (_, k) => (k === best % classes ? 0.75 : 0.25 / (classes - 1)))
  const leaves = [0, 0, 1, 1, 0, 2, 1, 0, 3]
  return {
    kind: 'trees',
    link: 'identity',
    vote: 'soft',
    roots: Int32Array.of(0),
    feature: Int32Array.of(0, 1, 3, -1, -1, -1, 2, -1, -1),
    threshold: Float64Array.of(0.25, 0.5, 1.5, 0, 0, 0, 0.5, 0, 0),
    left: Int32Array.of(1, 3, 5, 0, 0, 0, 7, 0, 0),
    right: Int32Array.of(2, 4, 6, 0, 0, 0, 8, 0, 0),
    missingLeft: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0),
    cover: Float64Array.of(100, 60, 40, 35, 25, 10, 30, 20, 10),
    value: Float64Array.from(leaves.flatMap(leaf)),
    outputs: classes,
    comparison: '<=',
    precision: 'float64',
    aggregation: 'mean',
    base: new Float64Array(classes),
  }
}
