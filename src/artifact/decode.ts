import { scanJson } from '../data/json-scan.ts'
import type { Hash } from './artifact.ts'
import { manifestChecksum, unshared } from './artifact.ts'
/** From the bytes of a model directory to an artifact; nothing in them is believed before it is checked. */

import type { Cell } from '../data/frame.ts'
import { createJsonReader, type JsonObject } from '../data/json-fields.ts'
import type { TensorFile } from '../data/tensor.ts'
import { ArtifactError, quote } from '../errors.ts'
import { kindOf, modelKinds } from '../models/index.ts'
import type { ModelSpec } from '../models/model.ts'
import { readTensor } from '../models/stored.ts'
import { type ColumnPlan, readPlan } from '../preprocess/plan.ts'
import { buildPreprocessor, type PreprocessorSpec } from '../preprocess/preprocessor.ts'
import { readPreprocessor } from '../preprocess/stored-preprocessor.ts'
import {
  type Artifact,
  DATA_FILES,
  EXPLAIN_FILE,
  FORMAT_VERSION,
  MANIFEST_FILE,
  METRICS_FILE,
  MODEL_FILE,
  OLDEST_FORMAT_VERSION,
  PREPROCESSOR_FILE,
  type SelfTestRow,
  SUMMARY_FILE,
  TRIALS_FILE,
} from './artifact.ts'
import { decodeTensors } from './safetensors.ts'
import { readSummary } from './stored-summary.ts'

const FILE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/

type Files = ReadonlyMap<string, Uint8Array>

const invalid = (message: string) => new ArtifactError('invalid', message)
const read = createJsonReader((message) => invalid(`${MANIFEST_FILE}: ${message}`))

/** What a manifest says of one file. */
export interface FileEntry {
  readonly name: string
  readonly size: number
  readonly sha256: string
}

/** A manifest that has been read, before its files are. */
export interface Manifest {
  readonly json: JsonObject
  readonly files: readonly FileEntry[]
}

/**
 * Returns a manifest's contents and the files to read.
 * @throws ArtifactError `invalid` or `format`
 */
export function decodeManifest(bytes: Uint8Array, sha256: Hash): Manifest {
  const json = read.object(parseJson(bytes, MANIFEST_FILE), 'it')
  const version = json.get('format_version')
  if (json.get('format') !== 'shapserve-model')
    throw invalid(`${MANIFEST_FILE} does not say that it is a shapserve model`)
  if (
    !Number.isInteger(version) ||
    (version as number) < OLDEST_FORMAT_VERSION ||
    (version as number) > FORMAT_VERSION
  ) {
    throw new ArtifactError(
      'format',
      `the model has format version ${quote(version)}, this program reads ${OLDEST_FORMAT_VERSION} to ${FORMAT_VERSION}`,
    )
  }
  if (json.get('checksum') !== manifestChecksum(bytes, sha256)) {
    throw new ArtifactError('corrupt', `${MANIFEST_FILE} differs from its own checksum`)
  }
  const listed = read.object(json.get('files'), 'files')
  const files = [...listed].map(([name, value]) => {
    if (!FILE_NAME.test(name))
      throw invalid(`${MANIFEST_FILE}: files names ${quote(name)}, which is not a plain file name`)
    const entry = read.object(value, `files.${name}`)
    const sha256 = read.text(entry.get('sha256'), `files.${name}.sha256`)
    if (!/^[0-9a-f]{64}$/.test(sha256))
      throw invalid(`${MANIFEST_FILE}: files.${name}.sha256 is not a SHA-256`)
    return { name, size: read.whole(entry.get('size'), `files.${name}.size`), sha256 }
  })
  for (const name of DATA_FILES) {
    if (!listed.has(name)) throw invalid(`${MANIFEST_FILE} does not list ${name}`)
  }
  return { json, files }
}

/**
 * Returns the artifact in a manifest's verified files.
 * @throws ArtifactError `invalid` or `mismatch`
 */
export function decodeArtifact({ json }: Manifest, files: Files): Artifact {
  const modelId = read.text(json.get('model_id'), 'model_id')
  const bytesOf = (name: string) => files.get(name) as Uint8Array
  const preprocessorJson = read.object(
    parseJson(bytesOf(PREPROCESSOR_FILE), PREPROCESSOR_FILE),
    PREPROCESSOR_FILE,
  )
  const metricsJson = read.object(parseJson(bytesOf(METRICS_FILE), METRICS_FILE), METRICS_FILE)
  const modelFile = decodeTensors(bytesOf(MODEL_FILE), MODEL_FILE)
  const explainFile = decodeTensors(bytesOf(EXPLAIN_FILE), EXPLAIN_FILE)
  const trialsJson = files.has(TRIALS_FILE)
    ? read.object(parseJson(bytesOf(TRIALS_FILE), TRIALS_FILE), TRIALS_FILE)
    : undefined
  const summaryJson = files.has(SUMMARY_FILE)
    ? read.object(parseJson(bytesOf(SUMMARY_FILE), SUMMARY_FILE), SUMMARY_FILE)
    : undefined
  for (const [name, id] of [
    ...(trialsJson ? [[TRIALS_FILE, trialsJson.get('model_id')]] : []),
    ...(summaryJson ? [[SUMMARY_FILE, summaryJson.get('model_id')]] : []),
    [PREPROCESSOR_FILE, preprocessorJson.get('model_id')],
    [METRICS_FILE, metricsJson.get('model_id')],
    [MODEL_FILE, modelFile.metadata.get('model_id')],
    [EXPLAIN_FILE, explainFile.metadata.get('model_id')],
  ]) {
    if (id !== modelId) {
      throw new ArtifactError(
        'mismatch',
        `${name} belongs to model ${quote(id)}, the manifest to ${quote(modelId)}`,
      )
    }
  }
  const classes = read.categories(json.get('classes'), 'classes')
  if (classes.length < 2)
    throw invalid(`${MANIFEST_FILE}: a classifier needs two classes, there are ${classes.length}`)
  const failPreprocessor = (message: string) => invalid(`${PREPROCESSOR_FILE}: ${message}`)
  const preprocessor = readPreprocessor(
    preprocessorJson,
    createJsonReader(failPreprocessor),
    failPreprocessor,
  )
  const canBeMissing = checkFeatures(json, preprocessor)
  const features = canBeMissing.length
  const model = readModel(modelFile, features, classes.length)
  if (!kindOf(model).acceptsMissing && canBeMissing.includes(true)) {
    throw new ArtifactError(
      'mismatch',
      `${PREPROCESSOR_FILE} lets missing numbers through, which the ${model.kind} model does not take`,
    )
  }
  const training = read.object(json.get('training'), 'training')
  return {
    modelId,
    estimator: read.text(json.get('estimator'), 'estimator'),
    engine: read.text(json.get('engine'), 'engine'),
    params: Object.fromEntries(read.object(json.get('params'), 'params')),
    plan: readStoredPlan(json.get('plan')),
    classes: classes.map(String),
    numericClasses: typeof classes[0] === 'number',
    preprocessor,
    model,
    training: {
      rows: read.whole(training.get('rows'), 'training.rows'),
      trainRows: read.whole(training.get('train_rows'), 'training.train_rows'),
      testRows: read.whole(training.get('test_rows'), 'training.test_rows'),
      sha256: read.text(training.get('sha256'), 'training.sha256'),
      seed: read.whole(training.get('seed'), 'training.seed'),
      warnings: read.texts(training.get('warnings'), 'training.warnings'),
      interrupted: training.has('interrupted')
        ? read.boolean(training.get('interrupted'), 'training.interrupted')
        : undefined,
    },
    metrics: withoutId(metricsJson),
    trials: trialsJson && withoutId(trialsJson),
    ...readExplain(explainFile, canBeMissing, preprocessor.inputs.length, classes.map(String)),
    ...(summaryJson ? { summary: readStoredSummary(summaryJson, preprocessor, classes) } : {}),
    selfTest: readSelfTest(json, preprocessor, classes.length),
    versions: read.textMap(json.get('versions'), 'versions'),
  }
}

function withoutId(json: JsonObject): Record<string, unknown> {
  return Object.fromEntries([...json].filter(([key]) => key !== 'model_id'))
}

function parseJson(bytes: Uint8Array, name: string): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(unshared(bytes))
  } catch {
    throw invalid(`${name} is not UTF-8`)
  }
  const limit = scanJson(text)
  if (limit === 'depth') throw invalid(`${name} is nested too deep`)
  if (limit === 'keys' && name === MANIFEST_FILE) throw invalid(`${name} has too many keys`)
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw invalid(`${name} is not JSON`)
  }
}

/**
 * The preprocessor must make exactly the features that the manifest, and so the model, names. Returns for each of them
 * whether it can be missing.
 */
function checkFeatures(json: JsonObject, preprocessor: PreprocessorSpec): readonly boolean[] {
  let built: ReturnType<typeof buildPreprocessor>
  try {
    built = buildPreprocessor(preprocessor)
  } catch (error) {
    throw invalid(`${PREPROCESSOR_FILE}: ${(error as Error).message}`)
  }
  for (const [key, names] of [
    ['feature_names_in', built.featureNamesIn],
    ['feature_names_out', built.featureNamesOut],
  ] as const) {
    const listed = read.texts(json.get(key), key)
    if (listed.length !== names.length || listed.some((name, i) => name !== names[i])) {
      throw new ArtifactError(
        'mismatch',
        `${PREPROCESSOR_FILE} does not make the ${key} of the manifest`,
      )
    }
  }
  return built.canBeMissing
}

function readModel(file: TensorFile, features: number, classes: number): ModelSpec {
  const kind = file.metadata.get('kind')
  if (kind === undefined || !Object.hasOwn(modelKinds, kind))
    throw invalid(`${MODEL_FILE} holds a model of unknown kind ${quote(kind)}`)
  const behaviour = modelKinds[kind as keyof typeof modelKinds]
  const model = behaviour.restore(file)
  kindOf(model).check(model, { features, classes })
  return model
}

function readStoredPlan(value: unknown): ColumnPlan {
  try {
    return readPlan(value)
  } catch (error) {
    throw invalid(`${MANIFEST_FILE}: ${(error as Error).message}`)
  }
}

function readExplain(
  file: TensorFile,
  canBeMissing: readonly boolean[],
  columns: number,
  classes: readonly string[],
) {
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

function readStoredSummary(
  json: JsonObject,
  { inputs, derived }: PreprocessorSpec,
  classes: readonly (string | number)[],
) {
  const fail = (message: string) => invalid(`${SUMMARY_FILE}: ${message}`)
  return readSummary(json, createJsonReader(fail), fail, {
    columns: inputs.map(({ name }) => name),
    derived: derived.map(({ column }) => column),
    classes: classes.map(String),
  })
}

function parseMetadata(text: string | undefined, fail: (detail: string) => Error): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    throw fail('its metadata is not JSON')
  }
}

function readSelfTest(
  json: JsonObject,
  preprocessor: PreprocessorSpec,
  classes: number,
): SelfTestRow[] {
  const rows = read.list(json.get('self_test'), 'self_test')
  if (rows.length === 0) throw invalid(`${MANIFEST_FILE}: self_test is empty`)
  return rows.map((value, i) => {
    const where = `self_test[${i}]`
    const row = read.object(value, where)
    const cells = read.list(row.get('cells'), `${where}.cells`).map((cell, j) => {
      const type = preprocessor.inputs[j]?.type === 'number' ? 'number' : 'string'
      if (cell !== null && typeof cell !== type)
        throw invalid(`${MANIFEST_FILE}: ${where}.cells[${j}] is not a ${type}`)
      return cell as Cell
    })
    const probabilities = read.numbers(row.get('probabilities'), `${where}.probabilities`)
    const shapValues = read.numbers(row.get('shap_values'), `${where}.shap_values`)
    if (
      cells.length !== preprocessor.inputs.length ||
      shapValues.length !== cells.length ||
      probabilities.length !== classes
    ) {
      throw invalid(`${MANIFEST_FILE}: ${where} does not match the columns and classes`)
    }
    return {
      cells,
      probabilities,
      baseValue: read.number(row.get('base_value'), `${where}.base_value`),
      shapValues,
    }
  })
}
