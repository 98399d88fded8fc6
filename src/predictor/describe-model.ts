/** The model card as JSON: what `GET /model` answers. */
import type { Artifact } from '../artifact/artifact.ts'
import { writeLabel } from '../codecs/wire.ts'
import type { Cell } from '../data/frame.ts'
import type { Predictor } from './predictor.ts'

/** Returns an example row in the model's own columns and values. */
export function exampleRow(artifact: Artifact): Record<string, Cell> {
  return Object.fromEntries(
    artifact.preprocessor.inputs.map(({ name, example }) => [name, example]),
  )
}

/** The default explanation; nothing of a model that holds too little to be explained. */
function describeDefault(predictor: Predictor) {
  if (predictor.offers[0]?.refusal !== undefined) return {}
  const { classes, explainer } = predictor
  const { space, method } = explainer
  const values = classes.map((name, k) => [name, explainer.baseValue(k)] as const)
  return { space, method, base_values: Object.fromEntries(values) }
}

/** Returns the model card: columns, categories, classes, metrics, global importance, an example request. */
export function buildCard(artifact: Artifact, predictor: Predictor): Record<string, unknown> {
  const { classes, numericClasses, preprocessor, training, model } = artifact
  const label = (name: string) => writeLabel(name, numericClasses)
  return {
    model_id: artifact.modelId,
    estimator: artifact.estimator,
    engine: artifact.engine,
    kind: model.kind,
    params: artifact.params,
    target: artifact.plan.target,
    classes: classes.map(label),
    positive_class: classes.length === 2 ? label(classes[1]!) : undefined,
    score: classes.length === 2 ? `probability of ${classes[1]}` : 'probability of every class',
    columns: preprocessor.inputs,
    labels: artifact.labels,
    ignored_columns: preprocessor.otherColumns,
    derived_columns: preprocessor.derived.map(({ column, from }) => ({ column, from })),
    dropped_columns: artifact.plan.dropped,
    feature_names_out: predictor.preprocessor.featureNamesOut,
    explanations: {
      ...describeDefault(predictor),
      offered: predictor.offers.map(({ space, method, refusal }) => ({
        space,
        method,
        refusal,
      })),
    },
    metrics: artifact.metrics,
    training: {
      rows: training.rows,
      train_rows: training.trainRows,
      test_rows: training.testRows,
      seed: training.seed,
      sha256: training.sha256,
      warnings: training.warnings,
      interrupted: training.interrupted || undefined,
    },
    versions: artifact.versions,
    example: exampleRow(artifact),
  }
}
