/** From the tensors of a model directory to the model and what its explanations start from. */
import { createJsonReader } from '../data/json-fields.ts'
import type { TensorFile } from '../data/tensor.ts'
import { quote } from '../errors.ts'
import { kindOf, modelKinds } from '../models/index.ts'
import type { ModelShape, ModelSpec } from '../models/model.ts'
import { readTensor } from '../models/stored.ts'
import { type Artifact, EXPLAIN_FILE, MODEL_FILE } from './artifact.ts'
import { invalid } from './parse-json.ts'

/** Returns the model in a file, checked against the shape that its surroundings have. */
export function readModel(file: TensorFile, shape: ModelShape): ModelSpec {
  const kind = file.metadata.get('kind')
  if (kind === undefined || !Object.hasOwn(modelKinds, kind))
    throw invalid(`${MODEL_FILE} holds a model of unknown kind ${quote(kind)}`)
  const behaviour = modelKinds[kind as keyof typeof modelKinds]
  const model = behaviour.restore(file)
  kindOf(model).check(model, shape)
  return model
}

/**
 * Returns the background and the mean |SHAP values| in a file.
 * @param canBeMissing whether a feature can be missing; one per feature
 * @param columns how many input columns there are
 */
export function readExplain(
  file: TensorFile,
  canBeMissing: readonly boolean[],
  columns: number,
  classes: readonly string[],
): Pick<Artifact, 'background' | 'importance'> {
  const features = canBeMissing.length
  const background = readTensor(file, 'background', 'F64')
  const meanAbsolute = readTensor(file, 'mean_abs_shap', 'F64')
  const baseValues = readTensor(file, 'base_values', 'F64').data
  const fail = (detail: string) => invalid(`${EXPLAIN_FILE}: ${detail}`)
  const reader = createJsonReader(fail)
  const [rows, width] = background.shape
  if (background.shape.length !== 2 || width !== features)
    throw fail('background does not match the features')
  const outputNames = reader.texts(
    parseMetadata(file.metadata.get('output_names'), fail),
    'output_names',
  )
  if (outputNames.some((name) => !classes.includes(name)))
    throw fail('output_names are not classes')
  const [outputs, width2] = meanAbsolute.shape
  if (
    meanAbsolute.shape.length !== 2 ||
    outputs !== outputNames.length ||
    width2 !== columns ||
    baseValues.length !== outputs
  ) {
    throw fail('mean_abs_shap does not match outputs × columns')
  }
  const isMissing = (value: number, at: number) =>
    Number.isNaN(value) && canBeMissing[at % features] === true
  if (!background.data.every((value, at) => Number.isFinite(value) || isMissing(value, at)))
    throw fail('background holds a number that is not finite')
  for (const data of [meanAbsolute.data, baseValues]) {
    if (!data.every(Number.isFinite)) throw fail('it holds a number that is not finite')
  }
  return {
    background: { rows: rows as number, columns: features, data: background.data },
    importance: {
      rows: reader.whole(Number(file.metadata.get('rows')), 'rows'),
      outputNames,
      baseValues,
      meanAbsolute: { rows: outputs, columns, data: meanAbsolute.data },
    },
  }
}

function parseMetadata(text: string | undefined, fail: (detail: string) => Error): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    throw fail('its metadata is not JSON')
  }
}
