/** The one door to a trained model: predictions and explanations of frames; knows no HTTP and no files. */
import type { ArtifactParts } from '../artifact/artifact.ts'
import { listChangeableColumns } from '../counterfactual/changeable-columns.ts'
import { type CounterfactualModel, SEARCH_SECONDS } from '../counterfactual/counterfactual.ts'
import { type Column, cellAt, type DataFrame, findColumn } from '../data/frame.ts'
import { type Matrix, thinMatrix } from '../data/matrix.ts'
import type { Labels } from '../data/readable.ts'
import { InputError } from '../errors.ts'
import { kindOf } from '../models/index.ts'
import type { ExplainerOffer, ModelExplainer } from '../models/model.ts'
import type { Predictions } from '../models/prediction.ts'
import { labelFeatures } from '../preprocess/feature-labels.ts'
import { restoreCells } from '../preprocess/feature-meaning.ts'
import { buildPreprocessor, frameOfCells, type Preprocessor } from '../preprocess/preprocessor.ts'
import type { Explanations } from '../shap/explanation.ts'
import { checkOptions } from './check-options.ts'
import { chooseOffer } from './choose-offer.ts'
import { explainRows, isPerRow, labelsAsked } from './explain-rows.ts'
import { findCounterfactuals } from './find-counterfactuals.ts'
import { mostProbable } from './most-probable.ts'
import { buildOneRow, type OneRow } from './one-row.ts'
import { type ExplainOptions, namesOf } from './options.ts'

export { DEFAULT_CHANGES, MAX_CHANGES } from '../counterfactual/counterfactual.ts'
export type { ExplainOptions } from './options.ts'

export interface Predictor {
  readonly modelId: string
  readonly classes: readonly string[]
  /** Whether labels are written as numbers. */
  readonly numericClasses: boolean
  readonly preprocessor: Preprocessor
  /** The default explainer, made when it is first asked for. Throws InputError `cannot_explain` where there is none. */
  readonly explainer: ModelExplainer
  /** Every space and method that this model can be explained in, the default first. */
  readonly offers: readonly ExplainerOffer[]
  /** Returns the predictions of a frame whose columns are the model's inputs. */
  predict(frame: DataFrame): Predictions
  /** Returns the predictions of rows of features, [row][feature]. */
  predictFeatures(X: Matrix): Predictions
  /**
   * Returns the SHAP values of every row of a frame whose columns are the model's inputs.
   * @throws InputError `invalid_option`
   */
  explain(frame: DataFrame, options?: ExplainOptions): Explanations
  /** The way of a single row; undefined where only the general way knows this model's columns. */
  readonly oneRow: OneRow | undefined
  /**
   * Returns the SHAP values of the stored sample of training rows, with as much of the columns' values as can be told.
   * @param most rows that are explained at most, at even distances; all by default
   * @throws InputError `invalid_option`, or `not_found` without a sample
   */
  explainSample(options?: ExplainOptions, most?: number): Explanations
  /** Rows of the stored sample. */
  readonly sampleRows: number
  /** Readable names of what has a value in an explanation, and of classes; undefined where the model has none. */
  labelsFor(options: Pick<ExplainOptions, 'level'>): Labels | undefined
  /** What it was built from. */
  readonly artifact: ArtifactParts
  /** Returns the explainer of the space and method asked for, building it when it is first asked for. */
  chooseExplainer(options: Pick<ExplainOptions, 'space' | 'method'>): ModelExplainer
  /** Throws InputError `invalid_option` for an option that this model does not offer. */
  checkOptions(options: ExplainOptions): void
  /**
   * Estimated seconds to explain so many rows.
   * @param prepare whether an explainer that is not ready yet may be built now, which can take seconds; otherwise only
   *   the time for building it is returned
   */
  estimateSeconds(rows: number, options: ExplainOptions, prepare?: boolean): number
}

/** Estimated nanoseconds of a row besides its SHAP values. */
const ROW_COST = 2000

/** Returns the predictor of an artifact. */
export function buildPredictor(artifact: ArtifactParts & { readonly modelId?: string }): Predictor {
  const { classes, numericClasses, model } = artifact
  const modelId = artifact.modelId ?? ''
  const preprocessor = buildPreprocessor(artifact.preprocessor)
  const kind = kindOf(model)
  const features = preprocessor.featureNamesOut.length
  const shape = { features, classes: classes.length }
  const predictRows = kind.buildPredict(model, shape)
  const offers = kind.offerExplainers(model, shape, artifact.background)

  const predictMatrix = (X: Matrix): Predictions => {
    const probabilities = new Float64Array(X.rows * classes.length)
    const labels = new Int32Array(X.rows)
    predictRows(X, probabilities)
    for (let row = 0; row < X.rows; row++)
      labels[row] = mostProbable(probabilities, row * classes.length, classes.length, row)
    return { classes, numericClasses, rows: X.rows, labels, probabilities }
  }
  const predict = (frame: DataFrame) => predictMatrix(preprocessor.transform(frame))
  let ofFeatures: Labels | undefined
  const labelsFor = ({ level }: Pick<ExplainOptions, 'level'>): Labels | undefined => {
    const { labels, plan } = artifact
    if (!labels || level !== 'features') return labels
    // One for all requests: a wide model has many features.
    ofFeatures ??= labelFeatures(
      labels,
      preprocessor.spec,
      preprocessor.featureNamesOut,
      plan.target,
    )
    return ofFeatures
  }
  /** What the explanations of all rows share. */
  const shareExplanations = (explainer: ModelExplainer, options: ExplainOptions) => {
    const labels = labelsAsked(classes, options.output, 0)
    const named = labelsFor(options)
    return {
      modelId,
      target: artifact.plan.target,
      classes,
      numericClasses,
      space: explainer.space,
      method: explainer.method,
      featureNames: namesOf(preprocessor, options),
      ...(named ? { labels: named } : {}),
      shared: isPerRow(classes, options.output)
        ? undefined
        : {
            outputNames: labels.map((label) => classes[label]!),
            baseValues: labels.map((label) => explainer.baseValue(label)),
          },
    }
  }

  let searched: CounterfactualModel | undefined
  const searchedModel = (): CounterfactualModel => {
    if (searched) return searched
    const one = new Float64Array(classes.length)
    const bounds = kind.buildBounds(model, shape)
    searched = {
      classes,
      preprocessor,
      bounds,
      columns: listChangeableColumns(preprocessor, bounds),
      predict,
      predictRow(x) {
        predictRows({ rows: 1, columns: features, data: x }, one)
        return mostProbable(one, 0, classes.length, 0)
      },
    }
    return searched
  }

  const explainMatrix = (frame: DataFrame, X: Matrix, options: ExplainOptions): Explanations => {
    checkOptions(preprocessor, classes, offers, options)
    const explainer = chooseOffer(offers, options).build()
    const columns = preprocessor.featureNamesIn.map((name) => findColumn(frame, name) as Column)
    const rows = explainRows({
      X,
      predictions: predictMatrix(X),
      preprocessor,
      explainer,
      options,
      cellsOf: (row) => columns.map((column) => cellAt(column, row)),
      counterfactual: findCounterfactuals(searchedModel, frame, options),
    })
    return { ...shareExplanations(explainer, options), rows }
  }

  return {
    modelId,
    classes,
    numericClasses,
    preprocessor,
    get explainer() {
      return chooseOffer(offers, {}).build()
    },
    offers,
    chooseExplainer: (options) => chooseOffer(offers, options).build(),
    checkOptions: (options) => checkOptions(preprocessor, classes, offers, options),
    predict,
    predictFeatures: predictMatrix,
    oneRow: buildOneRow(preprocessor, predictMatrix, () => {
      const explainer = chooseOffer(offers, {}).build()
      return { explainer, shared: shareExplanations(explainer, {}) }
    }),
    estimateSeconds(rows, options, prepare = true) {
      const offer = chooseOffer(offers, options)
      const wait = offer.buildSeconds()
      const searches = options.counterfactual === undefined ? 0 : rows * SEARCH_SECONDS
      if (!prepare && wait > 0.001) return wait + searches
      const outputs = options.output === 'all' ? classes.length : 1
      const { cost, interactionCost } = offer.build()
      const perRow = cost + ROW_COST + (options.interactions ? interactionCost : 0)
      return wait + searches + rows * outputs * perRow * 1e-9
    },
    explain: (frame, options = {}) => explainMatrix(frame, preprocessor.transform(frame), options),
    explainSample(options = {}, most = Number.POSITIVE_INFINITY) {
      const background = thinMatrix(artifact.background, most)
      if (background.rows === 0)
        throw new InputError(
          'not_found',
          'this model came without training rows, so only rows of a request or a file are drawn',
        )
      const { inputs } = preprocessor.spec
      const frame = frameOfCells(inputs, restoreCells(preprocessor.spec, background))
      return explainMatrix(frame, background, { ...options, isPart: true })
    },
    sampleRows: artifact.background.rows,
    labelsFor,
    artifact,
  }
}
