/** From a table and a column plan to a finished artifact; the only file that reaches the estimators. */
import type { Artifact, GlobalImportance, SelfTestRow } from './artifact/artifact.ts'
import { withModelId } from './artifact/artifact.ts'
import {
  type Cell,
  type Column,
  cellAt,
  countValues,
  type DataFrame,
  findColumn,
  takeRows,
} from './data/frame.ts'
import { rowOf, takeMatrixRows } from './data/matrix.ts'
import { stratifiedSample, stratifiedSplit } from './data/split.ts'
import { InputError, quote } from './errors.ts'
import type { EstimatorName } from './estimators/estimator.ts'
import { type EngineName, engineLibraries, engines } from './estimators/index.ts'
import { type Params, type ParamsSchema, parseParams } from './estimators/params.ts'
import { evaluate, evaluateMajority, type Metrics } from './evaluation.ts'
import { buildPredictor, frameOfCells, type Predictor } from './inference.ts'
import { type ColumnPlan, checkPlan, type DroppedColumn } from './preprocess/plan.ts'
import { buildPreprocessor, fitPreprocessor } from './preprocess/preprocessor.ts'
import { foldToColumns } from './shap/explanation.ts'
import { VERSION } from './version.ts'

export { type EstimatorName, estimatorNames } from './estimators/estimator.ts'
export { type EngineName, engineNames } from './estimators/index.ts'

/** Rows of the background that is stored with a model. */
const BACKGROUND_ROWS = 100
/** Rows over which global importance is measured. */
const IMPORTANCE_ROWS = 500

export interface TrainOptions {
  readonly estimator: EstimatorName
  readonly engine: EngineName
  /** Estimator parameters as given; texts are read as numbers where a number is due. */
  readonly params: ReadonlyMap<string, unknown>
  readonly testSize: number
  readonly seed: number
  readonly dropMissingLabel: boolean
  /** Whether rows will come by position: then every column but the target stays an input. */
  readonly positional?: boolean
  /** SHA-256 of the training data's bytes. */
  readonly dataSha256: string
  readonly sha256: (bytes: Uint8Array) => string
  /** Shows progress and lets other work run; rejects when the training was cancelled. */
  readonly progress: (done: number, total: number, unit: string) => Promise<void>
  readonly warn: (message: string) => void
}

/** A column's weight in the model, and which way it pushes. */
export interface ImportanceEntry {
  readonly column: string
  readonly meanAbsShap: number
  readonly direction: string
}

/** What a training has to tell besides the artifact. */
export interface TrainReport {
  readonly artifact: Artifact
  /** Absent when no row was left for testing. */
  readonly test?: { readonly model: Metrics; readonly majority: Metrics }
  readonly importance: readonly ImportanceEntry[]
  readonly dropped: readonly DroppedColumn[]
  readonly params: Params
}

/** Returns an estimator's parameters: names, ranges, defaults. */
export function paramsOf(engine: EngineName, estimator: EstimatorName): ParamsSchema {
  return engines[engine][estimator].params
}

/**
 * Trains a model on a table; the same table, plan, options and seed give the same artifact, byte for byte.
 * @throws InputError for a table, plan or parameter that cannot be used
 */
export async function train(
  table: DataFrame,
  plan: ColumnPlan,
  options: TrainOptions,
): Promise<TrainReport> {
  const estimator = engines[options.engine][options.estimator]
  const params = parseParams(estimator.params, options.params)
  if (!(options.testSize >= 0 && options.testSize < 1)) {
    throw new InputError(
      'invalid_parameter',
      `test_size is ${options.testSize}, expected a share from 0 to below 1`,
    )
  }
  if (table.length === 0) throw new InputError('empty_data', 'the training table has no rows')
  checkPlan(plan, table.names)
  const warnings: string[] = []
  const warn = (message: string) => {
    warnings.push(message)
    options.warn(message)
  }
  const frame = withLabels(table, plan.target, options.dropMissingLabel, warn)
  const labels = encodeLabels(findColumn(frame, plan.target) as Column, plan)
  labels.counts.forEach((count, label) => {
    if (count === 1)
      warn(`class ${quote(labels.classes[label])} has a single row; it is used for training only`)
  })
  const classes = labels.classes.length
  const split = stratifiedSplit(labels.y, classes, options.testSize, options.seed)
  if (split.train.length < 2)
    throw new InputError('too_few_rows', `${frame.length} rows are too few to train on`)
  const keep = options.positional ? frame.names.filter((name) => name !== plan.target) : []
  const { spec: preprocessor, dropped } = fitPreprocessor(
    frame,
    split.train,
    plan,
    estimator.scale,
    keep,
  )
  for (const { column, reason } of dropped) warn(`column ${quote(column)} is dropped: ${reason}`)

  const base = {
    estimator: options.estimator,
    engine: options.engine,
    params,
    plan: { ...plan, dropped: [...plan.dropped, ...dropped] },
    classes: labels.classes,
    numericClasses: labels.numeric,
    preprocessor,
    versions: { shapserve: VERSION, ...engineLibraries[options.engine] },
  }
  const training = takeRows(frame, split.train)
  const yTrain = split.train.map((row) => labels.y[row] as number)
  const X = buildPreprocessor(preprocessor).transform(training)
  const model = await estimator.fit(X, yTrain, classes, params, {
    seed: options.seed,
    checkpoint: (done, total) => options.progress(done, total, estimator.unit),
    warn,
  })
  const background = takeMatrixRows(
    X,
    stratifiedSample(yTrain, classes, BACKGROUND_ROWS, options.seed),
  )
  const draft = {
    ...base,
    model,
    background,
    training: {
      rows: frame.length,
      trainRows: split.train.length,
      testRows: split.test.length,
      sha256: options.dataSha256,
      seed: options.seed,
      warnings,
    },
    metrics: {},
    importance: {
      rows: 0,
      outputNames: [],
      baseValues: new Float64Array(),
      meanAbsolute: { rows: 0, columns: 0, data: new Float64Array() },
    },
    selfTest: [],
  }
  const predictor = buildPredictor(draft)
  const sample = stratifiedSample(yTrain, classes, IMPORTANCE_ROWS, options.seed)
  const { importance, entries } = measureImportance(predictor, takeRows(training, sample))
  const test = measureTest(
    predictor,
    takeRows(frame, split.test),
    split.test.map((row) => labels.y[row] as number),
    yTrain,
  )
  if (!test) warn('no row was left for testing: the model is not measured')
  const artifact = withModelId(
    {
      ...draft,
      importance,
      metrics: describeMetrics(predictor, test, entries, importance),
      selfTest: makeSelfTest(predictor),
    },
    options.sha256,
  )
  return { artifact, ...(test ? { test } : {}), importance: entries, dropped, params }
}

/** Returns the rows that have a label. */
function withLabels(
  table: DataFrame,
  target: string,
  dropMissing: boolean,
  warn: (message: string) => void,
): DataFrame {
  const column = findColumn(table, target) as Column
  const rows = Int32Array.from({ length: table.length }, (_, row) => row)
  const labelled = rows.filter((row) => cellAt(column, row) !== null)
  const missing = table.length - labelled.length
  if (missing === 0) return table
  if (!dropMissing) {
    const first = rows.find((row) => cellAt(column, row) === null) as number
    throw new InputError(
      'invalid_label',
      `the target ${quote(target)} is empty in ${missing} of ${table.length} rows, first in row ${first + 1}; --drop-missing-label leaves them out`,
      [{ row: first + 1, column: target }],
    )
  }
  if (labelled.length === 0)
    throw new InputError('empty_data', `the target ${quote(target)} is empty in every row`)
  warn(`${missing} rows without a label are left out`)
  return takeRows(table, labelled)
}

/** Most classes that a target may have; more than this is a number or a name, not a class. */
const MAX_CLASSES = 100

function encodeLabels(column: Column, plan: ColumnPlan) {
  const counts = countValues(column)
  const values = [...counts.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  if (values.length < 2) {
    throw new InputError(
      'one_class',
      `the target ${quote(plan.target)} has one class, ${quote(String(values[0]))}; two are needed`,
    )
  }
  if (values.length > MAX_CLASSES) {
    throw new InputError(
      'invalid_label',
      `the target ${quote(plan.target)} has ${values.length} different values; at most ${MAX_CLASSES} can be classes`,
    )
  }
  const positive = plan.positiveClass
  if (positive !== undefined) {
    const at = values.findIndex((value) => String(value) === positive)
    if (at < 0)
      throw new InputError(
        'invalid_plan',
        `the positive class ${quote(positive)} is not in the target ${quote(plan.target)}`,
      )
    if (values.length === 2) values.push(...values.splice(at, 1))
  }
  const codeOf = new Map(values.map((value, code) => [value, code]))
  const length = column.kind === 'number' ? column.values.length : column.codes.length
  return {
    classes: values.map(String),
    numeric: column.kind === 'number',
    counts: values.map((value) => counts.get(value) as number),
    y: Int32Array.from(
      { length },
      (_, row) => codeOf.get(cellAt(column, row) as string | number) as number,
    ),
  }
}

/** Returns global importance over sample rows: mean |SHAP| per column, and the way a column pushes. */
function measureImportance(
  predictor: Predictor,
  sample: DataFrame,
): { importance: GlobalImportance; entries: ImportanceEntry[] } {
  const { classes, preprocessor, explainer } = predictor
  const labels = classes.length === 2 ? [1] : classes.map((_, label) => label)
  const columns = preprocessor.featureNamesIn.length
  const X = preprocessor.transform(sample)
  const features = preprocessor.featureNamesOut.length
  const phi = new Float64Array(labels.length * features)
  const folded = new Float64Array(columns)
  const sums = new Float64Array(labels.length * columns)
  // SHAP values of the last class, for the direction; [column][row]
  const pushes = Array.from({ length: columns }, () => new Float64Array(X.rows))
  for (let row = 0; row < X.rows; row++) {
    explainer.explain(rowOf(X, row), labels, phi)
    labels.forEach((_, k) => {
      foldToColumns(phi.subarray(k * features, (k + 1) * features), preprocessor.inputOf, folded)
      for (let j = 0; j < columns; j++) {
        sums[k * columns + j] =
          (sums[k * columns + j] as number) + Math.abs(folded[j] as number) / X.rows
        ;(pushes[j] as Float64Array)[row] = folded[j] as number
      }
    })
  }
  const sources = findSources(predictor, sample)
  const entries = preprocessor.spec.inputs.map((input, j) => ({
    column: input.name,
    meanAbsShap:
      labels.reduce((sum, _, k) => sum + (sums[k * columns + j] as number), 0) / labels.length,
    direction:
      classes.length > 2
        ? '-'
        : describeDirection(sources.get(input.name) as Source, pushes[j] as Float64Array),
  }))
  entries.sort((a, b) => b.meanAbsShap - a.meanAbsShap || (a.column < b.column ? -1 : 1))
  return {
    entries,
    importance: {
      rows: X.rows,
      outputNames: labels.map((label) => classes[label] as string),
      baseValues: Float64Array.from(labels, (label) => explainer.baseValue(label)),
      meanAbsolute: { rows: labels.length, columns, data: sums },
    },
  }
}

/** What an input column's effect is described by: its own values, or those of the column derived from it. */
interface Source {
  readonly column: Column
  readonly isCategory: boolean
  /** Written before a category: the derived column's name. */
  readonly prefix: string
}

function findSources({ preprocessor }: Predictor, sample: DataFrame): Map<string, Source> {
  const { inputs, derived } = preprocessor.spec
  const made = preprocessor.derive(sample)
  return new Map(
    inputs.map(({ name, type, categories }): [string, Source] => {
      const own = findColumn(sample, name) as Column
      const from = derived.find((entry) => entry.from === name)
      if (type === 'text' && !categories && from) {
        const column = made.get(from.column) as Column
        return [name, { column, isCategory: true, prefix: `${from.column} ` }]
      }
      return [name, { column: own, isCategory: categories !== undefined, prefix: '' }]
    }),
  )
}

/** Returns, for a number column, whether higher values push up or down; for categories, which one pushes most. */
function describeDirection({ column, isCategory, prefix }: Source, pushes: Float64Array): string {
  const mean = pushes.reduce((sum, value) => sum + value, 0) / pushes.length
  if (column.kind === 'number' && !isCategory) {
    const present = column.values.filter((value) => !Number.isNaN(value))
    const center = present.reduce((sum, value) => sum + value, 0) / present.length
    let covariance = 0
    column.values.forEach((value, row) => {
      if (!Number.isNaN(value)) covariance += (value - center) * ((pushes[row] as number) - mean)
    })
    return covariance === 0 ? '-' : covariance > 0 ? 'higher up' : 'higher down'
  }
  if (!isCategory) return '-'
  const sums = new Map<Cell, { total: number; count: number }>()
  pushes.forEach((push, row) => {
    const cell = cellAt(column, row)
    const sum = sums.get(cell) ?? { total: 0, count: 0 }
    sums.set(cell, { total: sum.total + push, count: sum.count + 1 })
  })
  let strongest: { cell: Cell; push: number } | undefined
  for (const [cell, { total, count }] of sums) {
    // A category seen once or twice in the sample says little about the column.
    if (count < Math.min(5, pushes.length)) continue
    const push = total / count
    if (!strongest || Math.abs(push) > Math.abs(strongest.push)) strongest = { cell, push }
  }
  if (!strongest || strongest.push === 0) return '-'
  return `${prefix}${strongest.cell ?? 'missing'} ${strongest.push > 0 ? 'up' : 'down'}`
}

function measureTest(
  predictor: Predictor,
  frame: DataFrame,
  y: Int32Array,
  yTrain: Int32Array,
): { model: Metrics; majority: Metrics } | undefined {
  if (y.length === 0) return undefined
  const classes = predictor.classes.length
  const { probabilities, labels } = predictor.predict(frame)
  const shares = new Array<number>(classes).fill(0)
  for (const label of yTrain) shares[label] = (shares[label] as number) + 1 / yTrain.length
  return {
    model: evaluate(y, probabilities, labels, classes),
    majority: evaluateMajority(y, shares),
  }
}

function describeMetrics(
  predictor: Predictor,
  test: { model: Metrics; majority: Metrics } | undefined,
  entries: readonly ImportanceEntry[],
  importance: GlobalImportance,
): Record<string, unknown> {
  return {
    test: test ? writeMetrics(test.model) : null,
    majority: test ? writeMetrics(test.majority) : null,
    importance: {
      space: predictor.explainer.space,
      method: predictor.explainer.method,
      rows: importance.rows,
      output_names: importance.outputNames,
      columns: entries.map(({ column, meanAbsShap, direction }) => ({
        column,
        mean_abs_shap: meanAbsShap,
        direction,
      })),
    },
  }
}

/** Returns metrics with the names that metrics.json and `--json` use. */
export function writeMetrics(metrics: Metrics): Record<string, unknown> {
  return {
    rows: metrics.rows,
    accuracy: metrics.accuracy,
    balanced_accuracy: metrics.balancedAccuracy,
    log_loss: metrics.logLoss,
    roc_auc: metrics.rocAuc,
    pr_auc: metrics.prAuc,
    f1: metrics.f1,
    brier: metrics.brier,
    confusion: metrics.confusion,
  }
}

/**
 * Returns rows made up from what training saw of each column, with the model's answers: usual values, both ends,
 * missing values where they are allowed, and an unknown category. No training row is stored.
 */
function makeSelfTest(predictor: Predictor): SelfTestRow[] {
  const { inputs } = predictor.preprocessor.spec
  const rows: Cell[][] = [
    inputs.map(({ example }) => example),
    inputs.map((input) => input.range?.minimum ?? input.categories?.[0] ?? input.example),
    inputs.map((input) => input.range?.maximum ?? input.categories?.at(-1) ?? input.example),
    inputs.map((input) => (input.nullable ? null : input.example)),
    inputs.map((input) => (input.type === 'text' ? 'never seen' : input.example)),
  ]
  const frame = frameOfCells(inputs, rows)
  const { probabilities } = predictor.predict(frame)
  const classes = predictor.classes.length
  const explanations = predictor.explain(frame, { output: predictor.classes.at(-1) as string })
  return rows.map((cells, row) => ({
    cells,
    probabilities: Array.from(probabilities.subarray(row * classes, (row + 1) * classes)),
    baseValue: explanations.rows[row]?.baseValues[0] as number,
    shapValues: Array.from(explanations.rows[row]?.shapValues[0] as Float64Array),
  }))
}
