/** The one door to a trained model: predictions and explanations of frames; knows no HTTP and no files. */
import type { ArtifactParts } from '../artifact/artifact.ts'
import {
  type CounterfactualModel,
  DEFAULT_CHANGES,
  findCounterfactual,
  MAX_CHANGES,
  readFrozen,
  SEARCH_SECONDS,
} from '../counterfactual/counterfactual.ts'
import { type Cell, type Column, cellAt, type DataFrame, takeRows } from '../data/frame.ts'
import { type Matrix, rowOf, takeMatrixRows } from '../data/matrix.ts'
import { didYouMean, InputError, listNames, placed, quote } from '../errors.ts'
import { kindOf } from '../models/index.ts'
import type { DecisionBounds, ExplainerOffer, ModelExplainer } from '../models/model.ts'
import type { Predictions } from '../models/prediction.ts'
import { buildPreprocessor, type Preprocessor } from '../preprocess/preprocessor.ts'
import {
  additivityError,
  type Counterfactual,
  type Explanation,
  type Explanations,
  foldInteractions,
  foldToColumns,
  keepTop,
  type Method,
  type Space,
} from '../shap/explanation.ts'

export { DEFAULT_CHANGES, MAX_CHANGES } from '../counterfactual/counterfactual.ts'

/** What an explanation may be asked for; see design of `/explain`. */
export interface ExplainOptions {
  /** A class, `predicted` or `all`; default: the positive class of two, otherwise the predicted one. */
  readonly output?: string
  /** The scale of the SHAP values; default: the model's own, or the one of the method. */
  readonly space?: string
  readonly method?: string
  /** Values per input column, or per model feature. */
  readonly level?: 'columns' | 'features'
  /** Keep only the k largest values of a row; the rest is summed up. */
  readonly top?: number
  /** Whether to compute the values of pairs too. */
  readonly interactions?: boolean
  /** The class for which to find the smallest change of every row. */
  readonly counterfactual?: string
  /** Most columns that a counterfactual may change. */
  readonly maxChanges?: number
  /** Columns that a counterfactual leaves as they are: names, or several in one text between commas or bars. */
  readonly freeze?: readonly string[]
  /**
   * Whether these rows are a part of more: then a single one is computed as a row among others, because its last bits
   * would differ.
   */
  readonly isPart?: boolean
}

export interface Predictor {
  readonly modelId: string
  readonly classes: readonly string[]
  readonly preprocessor: Preprocessor
  /** The default explainer, made when it is first asked for. */
  readonly explainer: ModelExplainer
  /** Every space and method that this model can be explained in, the default first. */
  readonly offers: readonly ExplainerOffer[]
  /** Returns the predictions of a frame whose columns are the model's inputs. */
  predict(frame: DataFrame): Predictions
  /**
   * Returns the SHAP values of every row of a frame whose columns are the model's inputs.
   * @throws InputError `invalid_option`
   */
  explain(frame: DataFrame, options?: ExplainOptions): Explanations
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

/** Rows that are explained at once; bounds the working memory of a large request. */
const BLOCK_ROWS = 1024

/** Most columns, or features, between which interactions are answered; there is a value per pair. */
const MAX_INTERACTION_COLUMNS = 64

/** Most model features whose interactions are computed. */
const MAX_INTERACTION_FEATURES = 1024

/** Estimated nanoseconds of a row besides its SHAP values. */
const ROW_COST = 2000

/** Returns the predictor of an artifact. */
export function buildPredictor(artifact: ArtifactParts & { readonly modelId?: string }): Predictor {
  const { classes, model } = artifact
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
      labels[row] = labelOf(probabilities, row * classes.length, classes.length, row)
    return { classes, numericClasses: artifact.numericClasses, rows: X.rows, labels, probabilities }
  }
  const predict = (frame: DataFrame) => predictMatrix(preprocessor.transform(frame))

  const checkOptions = (options: ExplainOptions) => {
    const outputs = [...classes, 'predicted', 'all']
    if (options.output !== undefined && !outputs.includes(options.output))
      throw unknownOption('output', options.output, outputs)
    const offer = findOffer(offers, options)
    if (options.interactions) checkInteractions(preprocessor, offer, options)
    checkCounterfactual(preprocessor, classes, options)
  }

  const labelsAsked = (output: string | undefined, predicted: number): number[] => {
    if (output === 'all') return classes.map((_, label) => label)
    if (isPerRow(output)) return [predicted]
    return [output === undefined ? classes.length - 1 : classes.indexOf(output)]
  }
  /** Whether every row is explained for the class that it is predicted as. */
  const isPerRow = (output: string | undefined) =>
    output === 'predicted' || (output === undefined && classes.length > 2)

  let bounds: DecisionBounds | undefined
  const counterfactuals = (options: ExplainOptions) => {
    const { counterfactual, maxChanges = DEFAULT_CHANGES, freeze = [] } = options
    if (counterfactual === undefined) return undefined
    bounds ??= kind.buildBounds(model, shape)
    const one = new Float64Array(classes.length)
    const searched: CounterfactualModel = {
      classes,
      preprocessor,
      bounds,
      predict,
      predictRow(x) {
        predictRows({ rows: 1, columns: features, data: x }, one)
        return labelOf(one, 0, classes.length, 0)
      },
    }
    const asked = {
      label: classes.indexOf(counterfactual),
      maxChanges,
      frozen: readFrozen(freeze, preprocessor.featureNamesIn),
    }
    return (frame: DataFrame, row: number, x: Float64Array): Counterfactual =>
      findCounterfactual(searched, takeRows(frame, Int32Array.of(row)), x.slice(), asked)
  }

  return {
    modelId,
    classes,
    preprocessor,
    get explainer() {
      return (offers[0] as ExplainerOffer).build()
    },
    offers,
    chooseExplainer: (options) => findOffer(offers, options).build(),
    checkOptions,
    predict,
    estimateSeconds(rows, options, prepare = true) {
      const offer = findOffer(offers, options)
      const wait = offer.buildSeconds()
      const searches = options.counterfactual === undefined ? 0 : rows * SEARCH_SECONDS
      if (!prepare && wait > 0.001) return wait + searches
      const outputs = options.output === 'all' ? classes.length : 1
      const { cost, interactionCost } = offer.build()
      const perRow = cost + ROW_COST + (options.interactions ? interactionCost : 0)
      return wait + searches + rows * outputs * perRow * 1e-9
    },
    explain(frame, options = {}) {
      checkOptions(options)
      const chosen = findOffer(offers, options).build()
      const X = preprocessor.transform(frame)
      const predictions = predictMatrix(X)
      const writer: RowWriter = {
        frame,
        X,
        predictions,
        preprocessor,
        explainer: chosen,
        options,
        columns: preprocessor.featureNamesIn.map(
          (name) => frame.columns[frame.names.indexOf(name)] as Column,
        ),
        counterfactual: counterfactuals(options),
      }
      const rows = new Array<Explanation>(frame.length)
      for (const [label, members] of groupRows(predictions.labels, isPerRow(options.output))) {
        const labels = labelsAsked(options.output, label)
        for (let at = 0; at < members.length; at += BLOCK_ROWS)
          explainBlock(writer, labels, members.subarray(at, at + BLOCK_ROWS), rows)
      }
      const labels = labelsAsked(options.output, 0)
      return {
        modelId,
        target: artifact.plan.target,
        classes,
        numericClasses: artifact.numericClasses,
        space: chosen.space,
        method: chosen.method,
        featureNames: namesOf(preprocessor, options),
        ...(isPerRow(options.output)
          ? {}
          : {
              shared: {
                outputNames: labels.map((label) => classes[label]!),
                baseValues: labels.map((label) => chosen.baseValue(label)),
              },
            }),
        rows,
      }
    },
  }
}

/** What the rows of one answer have in common. */
interface RowWriter {
  readonly frame: DataFrame
  readonly X: Matrix
  readonly predictions: Predictions
  readonly preprocessor: Preprocessor
  readonly explainer: ModelExplainer
  readonly options: ExplainOptions
  /** The frame's columns in the order of the inputs. */
  readonly columns: readonly Column[]
  readonly counterfactual:
    | ((frame: DataFrame, row: number, x: Float64Array) => Counterfactual)
    | undefined
}

/** Explains the rows with the given numbers for the same classes, and puts them where they belong. */
function explainBlock(
  writer: RowWriter,
  labels: readonly number[],
  members: Int32Array,
  rows: Explanation[],
): void {
  const { X, explainer, options } = writer
  const isWhole = members.length === X.rows
  const block = isWhole ? X : takeMatrixRows(X, members)
  const width = labels.length * X.columns
  const phi = new Float64Array(members.length * width)
  const outputs = new Float64Array(members.length * labels.length)
  try {
    // Answering one row is fastest by itself; a row among others has the same bits wherever it stands.
    if (X.rows === 1 && !options.isPart) explainer.explain(block.data, labels, phi)
    else explainer.explainRows(block, labels, phi)
    explainer.outputRows(block, labels, outputs)
  } catch (error) {
    throw atRow(error, members)
  }
  const baseValues = labels.map((label) => explainer.baseValue(label))
  members.forEach((row, i) => {
    const own = phi.subarray(i * width, (i + 1) * width)
    const out = Array.from(outputs.subarray(i * labels.length, (i + 1) * labels.length))
    rows[row] = writeRow(writer, row, labels, baseValues, own, out)
  })
}

/** Returns one row's explanation; `phi` is [class asked][feature]. */
function writeRow(
  { frame, X, predictions, preprocessor, explainer, options, columns, counterfactual }: RowWriter,
  row: number,
  labels: readonly number[],
  baseValues: readonly number[],
  phi: Float64Array,
  outputs: readonly number[],
): Explanation {
  const { classes } = predictions
  const byColumn = options.level !== 'features'
  const featureNames = namesOf(preprocessor, options)
  const features = X.columns
  const x = rowOf(X, row)
  const shapValues = labels.map((_, k) => {
    const own = phi.subarray(k * features, (k + 1) * features)
    if (!byColumn) return own
    const folded = new Float64Array(featureNames.length)
    foldToColumns(own, preprocessor.inputOf, folded)
    return folded
  })
  const error = additivityError(baseValues, shapValues, outputs)
  if (!Number.isFinite(error)) throw beyondDoubles(row)
  const data = byColumn ? columns.map((column) => cellAt(column, row)) : Array.from(x, cellOf)
  const imputed = byColumn ? imputedCells(preprocessor, data) : undefined
  const explanation: Explanation = {
    row: row + 1,
    predictedLabel: classes[predictions.labels[row]!]!,
    probabilities: predictions.probabilities.slice(
      row * classes.length,
      (row + 1) * classes.length,
    ),
    outputNames: labels.map((label) => classes[label]!),
    baseValues,
    outputs,
    featureNames,
    data,
    ...(imputed ? { imputed } : {}),
    shapValues,
    ...(options.interactions
      ? { interactions: writeInteractions(explainer, preprocessor, x, labels, byColumn) }
      : {}),
    ...(counterfactual ? { counterfactual: counterfactual(frame, row, x) } : {}),
    additivityError: error,
  }
  return options.top === undefined ? explanation : keepTop(explanation, options.top)
}

function writeInteractions(
  explainer: ModelExplainer,
  { inputOf, featureNamesIn }: Preprocessor,
  x: Float64Array,
  labels: readonly number[],
  byColumn: boolean,
): Float64Array[] {
  const size = x.length * x.length
  const values = new Float64Array(labels.length * size)
  explainer.interactions?.(x, labels, values)
  return labels.map((_, k) => {
    const own = values.subarray(k * size, (k + 1) * size)
    if (!byColumn) return own
    const folded = new Float64Array(featureNamesIn.length ** 2)
    foldInteractions(own, inputOf, folded)
    return folded
  })
}

/** Returns what missing cells are taken for, or undefined when none is. */
function imputedCells(
  { featureNamesIn, imputed }: Preprocessor,
  data: readonly Cell[],
): Map<string, Cell> | undefined {
  let found: Map<string, Cell> | undefined
  for (let j = 0; j < data.length; j++) {
    if (data[j] !== null) continue
    const name = featureNamesIn[j]!
    const value = imputed.get(name)
    if (value === undefined) continue
    found ??= new Map()
    found.set(name, value)
  }
  return found
}

function namesOf(preprocessor: Preprocessor, { level }: ExplainOptions): readonly string[] {
  return level === 'features' ? preprocessor.featureNamesOut : preprocessor.featureNamesIn
}

/** Yields the rows that are explained for the same classes: all of them, or those of every predicted class. */
function groupRows(labels: Int32Array, perRow: boolean): [number, Int32Array][] {
  const all = Int32Array.from(labels.keys())
  if (!perRow) return [[0, all]]
  return [...new Set(labels)].map((label) => [label, all.filter((row) => labels[row] === label)])
}

/** An explainer names a row of its block; the request has another number for it. */
function atRow(error: unknown, members: Int32Array): unknown {
  if (!(error instanceof InputError)) return error
  const own =
    error.places.length > 0
      ? error
      : new InputError(error.code, placed`${{ row: 1 }}: ${error.text}`)
  return own.numberRows((row) => members[row - 1]! + 1)
}

/**
 * Returns the explainer of the space and method asked for.
 * @throws InputError `invalid_option` naming what there is
 */
function findOffer(
  offers: readonly ExplainerOffer[],
  { space, method }: ExplainOptions,
): ExplainerOffer {
  const spaces = [...new Set(offers.map((offer): Space => offer.space))]
  const methods = [...new Set(offers.map((offer): Method => offer.method))]
  if (space !== undefined && !spaces.some((known) => known === space))
    throw unknownOption('space', space, spaces)
  if (method !== undefined && !methods.some((known) => known === method))
    throw unknownOption('method', method, methods)
  const found = offers.find(
    (offer) =>
      (space === undefined || offer.space === space) &&
      (method === undefined || offer.method === method),
  )
  if (!found) {
    const pairs = offers.map((offer) => `space=${offer.space} with method=${offer.method}`)
    throw new InputError(
      'invalid_option',
      `this model offers ${pairs.join(', ')}, not space=${space} with method=${method}`,
    )
  }
  if (found.refusal !== undefined) throw new InputError('invalid_option', found.refusal)
  return found
}

/** Throws unless this model's interactions can be computed and answered. */
function checkInteractions(
  preprocessor: Preprocessor,
  offer: ExplainerOffer,
  options: ExplainOptions,
): void {
  const names = namesOf(preprocessor, options)
  if (names.length > MAX_INTERACTION_COLUMNS) {
    const what = options.level === 'features' ? 'features; ask for level=columns' : 'columns'
    throw new InputError(
      'invalid_option',
      `interactions have a value per pair, so they are answered up to ${MAX_INTERACTION_COLUMNS} columns; this model has ${names.length} ${what}`,
    )
  }
  const features = preprocessor.featureNamesOut.length
  if (features > MAX_INTERACTION_FEATURES) {
    throw new InputError(
      'invalid_option',
      `interactions are computed up to ${MAX_INTERACTION_FEATURES} model features, this model has ${features}`,
    )
  }
  if (options.top !== undefined) {
    throw new InputError(
      'invalid_option',
      'interactions are answered between all columns; leave out top',
    )
  }
  if (!offer.hasInteractions) {
    throw new InputError(
      'invalid_option',
      `interactions are not computed with space=${offer.space} and method=${offer.method}; leave both out`,
    )
  }
}

function checkCounterfactual(
  { featureNamesIn }: Preprocessor,
  classes: readonly string[],
  { counterfactual, maxChanges, freeze }: ExplainOptions,
): void {
  if (counterfactual === undefined) {
    if (maxChanges === undefined && freeze === undefined) return
    throw new InputError(
      'invalid_option',
      'max_changes and freeze belong to counterfactual, which names the class that is wanted',
    )
  }
  if (!classes.includes(counterfactual))
    throw unknownOption('counterfactual', counterfactual, classes)
  if (maxChanges !== undefined && !(maxChanges >= 1 && maxChanges <= MAX_CHANGES)) {
    throw new InputError(
      'invalid_option',
      `max_changes is ${maxChanges}, expected a whole number from 1 to ${MAX_CHANGES}`,
    )
  }
  readFrozen(freeze ?? [], featureNamesIn)
}

/** A feature as a cell: null = missing. */
function cellOf(value: number): Cell {
  return Number.isNaN(value) ? null : value
}

/** Values near the largest double have a score that is none. */
function beyondDoubles(row: number): InputError {
  return new InputError(
    'non_finite',
    placed`${{ row: row + 1 }}: its values are too large for this model`,
  )
}

/** Returns the most probable class, the first of equals. */
function labelOf(probabilities: Float64Array, at: number, classes: number, row: number): number {
  let best = 0
  for (let k = 0; k < classes; k++) {
    const value = probabilities[at + k]!
    if (!Number.isFinite(value)) throw beyondDoubles(row)
    if (value > probabilities[at + best]!) best = k
  }
  return best
}

function unknownOption(name: string, value: string, choices: readonly string[]): InputError {
  return new InputError(
    'invalid_option',
    `${name} is ${quote(value)}, this model offers ${listNames(choices)}${didYouMean(value, choices)}`,
  )
}
