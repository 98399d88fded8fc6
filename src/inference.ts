/** The one door to a trained model: predictions and explanations of frames; knows no HTTP and no files. */
import type { ArtifactParts } from './artifact/artifact.ts'
import { type Cell, type Column, cellAt, type DataFrame } from './data/frame.ts'
import { type Matrix, rowOf } from './data/matrix.ts'
import { didYouMean, InputError, listNames, quote } from './errors.ts'
import { kindOf } from './models/index.ts'
import type { ModelExplainer } from './models/model.ts'
import type { Predictions } from './models/prediction.ts'
import { buildPreprocessor, type Preprocessor } from './preprocess/preprocessor.ts'
import { type Explanation, type Explanations, foldToColumns } from './shap/explanation.ts'

/** What an explanation may be asked for; see design of `/explain`. */
export interface ExplainOptions {
  /** A class, `predicted` or `all`; default: the positive class of two, otherwise the predicted one. */
  readonly output?: string
  /** The scale of the SHAP values; a model offers one. */
  readonly space?: string
  readonly method?: string
  /** Values per input column, or per model feature. */
  readonly level?: 'columns' | 'features'
  /** Keep only the k largest values of a row; the rest is summed up. */
  readonly top?: number
}

export interface Predictor {
  readonly modelId: string
  readonly classes: readonly string[]
  readonly preprocessor: Preprocessor
  /** Made when it is first asked for. */
  readonly explainer: ModelExplainer
  /** Estimated seconds until the explainer is made; 0 once it is there. */
  readonly prepareSeconds: number
  /** Returns the predictions of a frame whose columns are the model's inputs. */
  predict(frame: DataFrame): Predictions
  /**
   * Returns the SHAP values of every row of a frame whose columns are the model's inputs.
   * @throws InputError `invalid_option`
   */
  explain(frame: DataFrame, options?: ExplainOptions): Explanations
  /** Throws InputError `invalid_option` for an option that this model does not offer. */
  checkOptions(options: ExplainOptions): void
  /** Estimated seconds to explain so many rows. */
  estimateSeconds(rows: number, options: ExplainOptions): number
}

/** Returns the predictor of an artifact. */
export function buildPredictor(artifact: ArtifactParts & { readonly modelId?: string }): Predictor {
  const { classes, model } = artifact
  const modelId = artifact.modelId ?? ''
  const preprocessor = buildPreprocessor(artifact.preprocessor)
  const kind = kindOf(model)
  const features = preprocessor.featureNamesOut.length
  let explainer: ModelExplainer | undefined
  const getExplainer = () => {
    explainer ??= kind.buildExplainer(model, { features, classes: classes.length })
    return explainer
  }

  const predictMatrix = (X: Matrix): Predictions => {
    const probabilities = new Float64Array(X.rows * classes.length)
    const labels = new Int32Array(X.rows)
    for (let row = 0; row < X.rows; row++) {
      const out = probabilities.subarray(row * classes.length, (row + 1) * classes.length)
      kind.probabilities(model, rowOf(X, row), out)
      if (!out.every(Number.isFinite)) throw beyondDoubles(row)
      labels[row] = indexOfLargest(out)
    }
    return { classes, numericClasses: artifact.numericClasses, rows: X.rows, labels, probabilities }
  }

  const checkOptions = (options: ExplainOptions) => {
    const outputs = [...classes, 'predicted', 'all']
    if (options.output !== undefined && !outputs.includes(options.output))
      throw unknownOption('output', options.output, outputs)
    const { space, method } = getExplainer()
    if (options.space !== undefined && options.space !== space) {
      throw unknownOption('space', options.space, [space])
    }
    if (options.method !== undefined && options.method !== method) {
      throw unknownOption('method', options.method, [method])
    }
  }

  const labelsAsked = (output: string | undefined, predicted: number): number[] => {
    if (output === 'all') return classes.map((_, label) => label)
    if (output === 'predicted' || (output === undefined && classes.length > 2)) return [predicted]
    return [output === undefined ? classes.length - 1 : classes.indexOf(output)]
  }

  return {
    modelId,
    classes,
    preprocessor,
    get explainer() {
      return getExplainer()
    },
    get prepareSeconds() {
      return explainer ? 0 : kind.prepareSeconds(model)
    },
    checkOptions,
    predict: (frame) => predictMatrix(preprocessor.transform(frame)),
    estimateSeconds(rows, options) {
      const outputs = options.output === 'all' ? classes.length : 1
      return rows * outputs * (getExplainer().cost + 2000) * 1e-9
    },
    explain(frame, options = {}) {
      checkOptions(options)
      const explainer = getExplainer()
      const X = preprocessor.transform(frame)
      const predictions = predictMatrix(X)
      const byColumn = (options.level ?? 'columns') === 'columns'
      const featureNames = byColumn ? preprocessor.featureNamesIn : preprocessor.featureNamesOut
      const isShared =
        options.output !== 'predicted' && !(options.output === undefined && classes.length > 2)
      const columns = preprocessor.featureNamesIn.map(
        (name) => frame.columns[frame.names.indexOf(name)] as Column,
      )
      const phi = new Float64Array(features * classes.length)
      const rows = Array.from({ length: frame.length }, (_, row): Explanation => {
        const x = rowOf(X, row)
        const predicted = predictions.labels[row] as number
        const labels = labelsAsked(options.output, predicted)
        const values = phi.subarray(0, features * labels.length)
        explainer.explain(x, labels, values)
        const outputs = labels.map((label) => explainer.output(x, label))
        if (!outputs.every(Number.isFinite)) throw beyondDoubles(row)
        const baseValues = labels.map((label) => explainer.baseValue(label))
        const shapValues = labels.map((_, k) => {
          const own = values.subarray(k * features, (k + 1) * features)
          if (!byColumn) return own.slice()
          const folded = new Float64Array(featureNames.length)
          foldToColumns(own, preprocessor.inputOf, folded)
          return folded
        })
        const explanation: Explanation = {
          row: row + 1,
          predictedLabel: classes[predicted] as string,
          probabilities: predictions.probabilities.slice(
            row * classes.length,
            (row + 1) * classes.length,
          ),
          outputNames: labels.map((label) => classes[label] as string),
          baseValues,
          outputs,
          featureNames,
          data: byColumn ? columns.map((column) => cellAt(column, row)) : Array.from(x, cellOf),
          shapValues,
          additivityError: additivityError(baseValues, shapValues, outputs),
        }
        return options.top === undefined ? explanation : keepTop(explanation, options.top)
      })
      const labels = labelsAsked(options.output, 0)
      return {
        modelId,
        target: artifact.plan.target,
        classes,
        numericClasses: artifact.numericClasses,
        space: explainer.space,
        method: explainer.method,
        featureNames,
        ...(isShared
          ? {
              shared: {
                outputNames: labels.map((label) => classes[label] as string),
                baseValues: labels.map((label) => explainer.baseValue(label)),
              },
            }
          : {}),
        rows,
      }
    },
  }
}

/** A feature as a cell: null = missing. */
function cellOf(value: number): Cell {
  return Number.isNaN(value) ? null : value
}

/** Values near the largest double have a score that is none. */
function beyondDoubles(row: number): InputError {
  return new InputError('non_finite', `row ${row + 1}: its values are too large for this model`, [
    { row: row + 1 },
  ])
}

function indexOfLargest(values: Float64Array): number {
  let best = 0
  for (let k = 1; k < values.length; k++)
    if ((values[k] as number) > (values[best] as number)) best = k
  return best
}

function additivityError(
  baseValues: readonly number[],
  shapValues: readonly Float64Array[],
  outputs: readonly number[],
): number {
  return outputs.reduce((most, output, k) => {
    const sum = (shapValues[k] as Float64Array).reduce(
      (total, value) => total + value,
      baseValues[k] as number,
    )
    return Math.max(most, Math.abs(sum - output))
  }, 0)
}

/** Keeps the k columns with the largest |SHAP value| over the outputs, largest first, and sums up the others. */
function keepTop(explanation: Explanation, top: number): Explanation {
  const size = (j: number) =>
    explanation.shapValues.reduce(
      (most, values) => Math.max(most, Math.abs(values[j] as number)),
      0,
    )
  const order = explanation.featureNames.map((_, j) => j).sort((a, b) => size(b) - size(a) || a - b)
  const kept = order.slice(0, top)
  const left = order.slice(top)
  return {
    ...explanation,
    featureNames: kept.map((j) => explanation.featureNames[j] as string),
    data: kept.map((j) => explanation.data[j] as Cell),
    shapValues: explanation.shapValues.map((values) =>
      Float64Array.from(kept, (j) => values[j] as number),
    ),
    others: explanation.shapValues.map((values) =>
      left.reduce((sum, j) => sum + (values[j] as number), 0),
    ),
  }
}

function unknownOption(name: string, value: string, choices: readonly string[]): InputError {
  return new InputError(
    'invalid_option',
    `${name} is ${quote(value)}, this model offers ${listNames(choices)}${didYouMean(value, choices)}`,
  )
}
