/** Spark ML's saved directories: a classifier of trees, alone or as the end of a pipeline. */
import {
  badFlag,
  checkNames,
  type ImportedColumn,
  type ImportedModel,
  invalid,
  type ReadOptions,
  unsupported,
} from '../imported-model.ts'
import { layOut } from '../sources.ts'
import { classifiers, type SparkClassifier } from './classifiers.ts'
import { notRead, openStage, type SavedStage, type SparkFiles, shortNameOf } from './saved-stage.ts'
import { applyStage, featuresOf, type Prepared } from './stages.ts'

/** Most stages of a pipeline. */
const MAX_STAGES = 1000

/**
 * Returns the model in a directory's files.
 * @throws ArtifactError or InputError with one line that says what is wrong
 */
export function readSpark(files: SparkFiles, options: ReadOptions): ImportedModel {
  if (options.rounds !== undefined) throw badFlag('--rounds is for XGBoost')
  const root = openStage(files, '')
  if (root.className !== 'org.apache.spark.ml.PipelineModel') {
    const classifier = readClassifier(root)
    const columns = Array.from(
      classifier.categories,
      (codes, i): ImportedColumn => ({
        name: `f${i}`,
        codes: codes > 0 ? codes : undefined,
      }),
    )
    return describe(root, root, classifier, { columns })
  }
  return readPipeline(root)
}

function readPipeline(root: SavedStage): ImportedModel {
  const stages = openStages(root)
  const at = stages.findIndex((stage) => Object.hasOwn(classifiers, shortNameOf(stage)))
  const made: Prepared = { indexes: new Map(), vectors: new Map() }
  for (const stage of at < 0 ? stages : stages.slice(0, at)) applyStage(stage, made)
  const last = stages[at]
  if (!last) throw unsupported('the pipeline has no classifier of trees')
  const classifier = readClassifier(last)
  const { params } = last
  const { columns, sources } = featuresOf(made, params.text('featuresCol'), classifier.features)
  checkNames(columns, 'column names')
  let labels = made.indexes.get(params.text('labelCol'))?.labels
  for (const stage of stages.slice(at + 1)) {
    if (shortNameOf(stage) !== 'IndexToString')
      throw notRead(stage, 'behind a classifier is not read')
    if (stage.params.text('inputCol') !== params.text('predictionCol'))
      throw notRead(stage, 'of anything but the prediction is not read')
    const own = stage.params.find('labels')?.texts('labels') ?? []
    if (own.length > 0) labels = own
  }
  if (labels) {
    checkNames(labels, 'labels')
    if (labels.length !== classifier.classCount)
      throw unsupported(
        `the labels name ${labels.length} classes, the classifier has ${classifier.classCount}`,
      )
  }
  const { pipeline, spec } = layOut(sources, classifier.spec, columns.length, true)
  const named = columns.map((name): ImportedColumn => ({ name }))
  return describe(
    root,
    last,
    { ...classifier, spec: spec as SparkClassifier['spec'] },
    {
      columns: named,
      pipeline,
      classes: labels,
    },
  )
}

/** Stages have their place in a pipeline, with zeros before it, and their id as the name of their folder. */
function openStages(root: SavedStage): SavedStage[] {
  const ids = root.metadata.object('paramMap').texts('stageUids')
  if (ids.length === 0 || ids.length > MAX_STAGES)
    throw invalid(`the pipeline has ${ids.length} stages`)
  const files = root.below('stages')
  const folders = new Set([...files.keys()].map((path) => path.split('/')[0]!))
  const digits = String(ids.length).length
  return ids.map((id, i) => {
    const folder = `${String(i).padStart(digits, '0')}_${id}`
    if (!folders.has(folder)) throw invalid(`stages/ has no folder of stage ${i}`)
    const own = new Map<string, Uint8Array>()
    for (const [path, bytes] of files)
      if (path.startsWith(`${folder}/`)) own.set(path.slice(folder.length + 1), bytes)
    return openStage(own, `stage ${i}`)
  })
}

function readClassifier(stage: SavedStage): SparkClassifier {
  const name = shortNameOf(stage)
  const isOwn = stage.className.startsWith('org.apache.spark.ml.classification.')
  if (isOwn && Object.hasOwn(classifiers, name)) return classifiers[name]!(stage)
  throw notRead(
    stage,
    /xgboost/i.test(stage.className)
      ? 'is read as the file of its booster: model.get_booster().save_model("model.ubj")'
      : 'is not read; DecisionTree-, RandomForest- and GBTClassificationModel are',
  )
}

function describe(
  root: SavedStage,
  stage: SavedStage,
  { estimator, spec, classCount, trees }: SparkClassifier,
  rest: Pick<ImportedModel, 'columns' | 'pipeline' | 'classes'>,
): ImportedModel {
  const hasThresholds = stage.params.find('thresholds') !== undefined
  return {
    library: 'spark',
    libraryVersion: root.metadata.text('sparkVersion').slice(0, 40),
    estimator,
    spec,
    classCount,
    params: { objective: shortNameOf(stage), trees },
    notes: hasThresholds
      ? [
          'the thresholds of the classifier are not used: the class of the highest probability is predicted',
        ]
      : [],
    ...rest,
  }
}
