/** Models of scikit-learn in skops files, alone or behind a pipeline; LightGBM's and XGBoost's classifiers too. */
import {
  badFlag,
  checkNames,
  type ImportedColumn,
  type ImportedModel,
  type Importer,
  invalid,
  MAX_COLUMNS,
  type ReadOptions,
} from '../imported-model.ts'
import { readLightgbm } from '../lightgbm/lightgbm.ts'
import { layOut, plainSources } from '../sources.ts'
import { xgboost } from '../xgboost/xgboost.ts'
import { openZip } from '../zip.ts'
import { classNameOf, type Fitted, notRead, readClasses, versionOf } from './fitted.ts'
import { readBoosting, readForest } from './forests.ts'
import { readHistBoosting } from './hist-boosting.ts'
import { readLogistic } from './logistic.ts'
import { type Item, openSchema } from './schema.ts'
import { applyTransformer, checkTransformer } from './transformers.ts'

/** scikit-learn's classifiers that are read. */
const classifiers: Readonly<Record<string, (item: Item) => Fitted>> = {
  DecisionTreeClassifier: readForest,
  ExtraTreeClassifier: readForest,
  RandomForestClassifier: readForest,
  ExtraTreesClassifier: readForest,
  GradientBoostingClassifier: readBoosting,
  HistGradientBoostingClassifier: readHistBoosting,
  LogisticRegression: readLogistic,
  LogisticRegressionCV: readLogistic,
}

/** Classifiers of other libraries, by their whole class. */
const wrapped: Readonly<Record<string, (item: Item, options: ReadOptions) => ImportedModel>> = {
  'lightgbm.sklearn.LGBMClassifier'(item, options) {
    const model = readLightgbm(item.get('_Booster').get('_handle').text(), options)
    const names = item.find('_classes') ?? item.find('_le')?.find('classes_')
    return names ? { ...model, classes: readClasses(names), needsClasses: undefined } : model
  },
  'xgboost.sklearn.XGBClassifier'(item, options) {
    const bytes = item.get('_Booster').get('handle').bytes()
    const model = xgboost.read(bytes, { ...options, isWrapped: true })
    const missing = item.find('missing')?.number() ?? Number.NaN
    // The wrapper knows which number counted as missing.
    return { ...model, notes: [], missing: Number.isNaN(missing) ? undefined : missing }
  },
}

export const skops: Importer = {
  title: 'skops files of scikit-learn',
  recognises: (bytes) => String.fromCharCode(...bytes.subarray(0, 4)) === 'PK\x03\x04',
  read(bytes, options) {
    const archive = openZip(bytes)
    if (!archive.has('schema.json'))
      throw invalid('it is a zip archive without schema.json, which skops writes')
    return readSkops(openSchema(archive), options)
  },
}

/** Returns the model of an object: a classifier, or a pipeline that ends in one. */
function readSkops(root: Item, options: ReadOptions): ImportedModel {
  const steps = root.type === 'sklearn.pipeline.Pipeline' ? stepsOf(root) : [root]
  const last = steps.at(-1)
  if (!last) throw invalid(`${root.where} has no step`)
  const wrapper = Object.hasOwn(wrapped, last.type) ? wrapped[last.type] : undefined
  const before = steps.slice(0, -1).filter((step) => !isNothing(step))
  if (wrapper) {
    if (before.length > 0) throw notRead(last, 'behind other steps of a pipeline is not read')
    return wrapper(last, options)
  }
  if (options.rounds !== undefined) throw badFlag('--rounds is for XGBoost')
  const name = classNameOf(last)
  const read =
    last.type.startsWith('sklearn.') && Object.hasOwn(classifiers, name)
      ? classifiers[name]
      : undefined
  if (!read)
    throw notRead(
      last,
      `is not read; ${[...Object.keys(classifiers), 'LGBMClassifier', 'XGBClassifier'].join(', ')} are`,
    )
  const fitted = read(last)
  return assemble(fitted, before, last)
}

function assemble(fitted: Fitted, before: readonly Item[], last: Item): ImportedModel {
  before.forEach(checkTransformer)
  const columns = columnsOf(before[0] ?? last)
  const given = before.reduce(
    (sources, step) => applyTransformer(step, sources),
    plainSources(columns.length) as ReturnType<typeof applyTransformer>,
  )
  if (given.length !== fitted.features)
    throw invalid(`${last.where} takes ${fitted.features} features, it gets ${given.length}`)
  const sources = fitted.prepare?.(given) ?? given
  if (sources.length !== fitted.features)
    throw invalid(`${last.where} prepares ${sources.length} of ${fitted.features} features`)
  const { pipeline, spec } = layOut(sources, fitted.spec, columns.length, fitted.acceptsMissing)
  return {
    library: 'scikit-learn',
    libraryVersion: versionOf(last),
    estimator: fitted.estimator,
    spec,
    columns,
    pipeline,
    classCount: fitted.classes.length,
    classes: fitted.classes,
    params: fitted.params,
    notes: [],
  }
}

function stepsOf(pipeline: Item): Item[] {
  return pipeline
    .get('steps')
    .items()
    .map((step) => {
      const estimator = step.items()[1]
      if (!estimator) throw invalid(`${step.where} is no step`)
      return estimator
    })
}

function isNothing(step: Item): boolean {
  const word = step.scalar()
  return word === null || word === 'passthrough'
}

/** Columns of what is asked first: named, or x0, x1, … as scikit-learn calls them. */
function columnsOf(item: Item): ImportedColumn[] {
  if (item.type === 'sklearn.pipeline.Pipeline') {
    const [first] = stepsOf(item)
    if (first) return columnsOf(first)
  }
  const count = item.get('n_features_in_').number()
  if (!(Number.isInteger(count) && count >= 1 && count <= MAX_COLUMNS))
    throw invalid(`${item.where}.n_features_in_ is ${count}`)
  const names = item.find('feature_names_in_')?.cells()
  if (!names) return Array.from({ length: count }, (_, i) => ({ name: `x${i}` }))
  if (names.length !== count || !names.every((name) => typeof name === 'string'))
    throw invalid(`${item.where}.feature_names_in_ does not name ${count} columns`)
  checkNames(names as string[], `${item.where}.feature_names_in_`)
  return (names as string[]).map((name) => ({ name }))
}
