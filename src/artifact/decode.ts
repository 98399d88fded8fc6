/** From the bytes of a model directory to an artifact; nothing in them is believed before it is checked. */
import { createJsonReader, type JsonObject } from '../data/json-fields.ts'
import { readLabels } from '../data/readable.ts'
import { ArtifactError, quote } from '../errors.ts'
import { kindOf } from '../models/index.ts'
import { buildPreprocessor, type PreprocessorSpec } from '../preprocess/preprocessor.ts'
import { readPreprocessor } from '../preprocess/stored-preprocessor.ts'
import {
  type Artifact,
  COLUMN_MEMBERS,
  COLUMNS_FILE,
  EXPLAIN_FILE,
  MANIFEST_FILE,
  METRICS_FILE,
  MISTAKES_FILE,
  MODEL_FILE,
  PREPROCESSOR_FILE,
  PROFILE_FILE,
  SUMMARY_FILE,
  TRIALS_FILE,
} from './artifact.ts'
import {
  type Manifest,
  manifestReader as read,
  readClasses,
  readSelfTest,
  readStoredPlan,
  readTraining,
} from './decode-manifest.ts'
import { readExplain, readModel } from './decode-tensors.ts'
import { invalid, parseJson } from './parse-json.ts'
import { decodeTensors } from './safetensors.ts'
import { readColumns } from './stored-columns.ts'
import { readMistakes } from './stored-mistakes.ts'
import { readProfile } from './stored-profile.ts'
import { readSummary } from './stored-summary.ts'

type Files = ReadonlyMap<string, Uint8Array>

/**
 * Returns the artifact in a manifest's verified files.
 * @throws ArtifactError `invalid` or `mismatch`
 */
export function decodeArtifact(stored: Manifest, files: Files): Artifact {
  const modelId = read.text(stored.json.get('model_id'), 'model_id')
  const bytesOf = (name: string) => files.get(name) as Uint8Array
  const jsonOf = (name: string) => read.object(parseJson(bytesOf(name), name), name)
  const columnsJson = files.has(COLUMNS_FILE) ? jsonOf(COLUMNS_FILE) : undefined
  const manifest = withColumns(stored, columnsJson)
  const { json } = manifest
  const preprocessorJson = jsonOf(PREPROCESSOR_FILE)
  const metricsJson = jsonOf(METRICS_FILE)
  const modelFile = decodeTensors(bytesOf(MODEL_FILE), MODEL_FILE)
  const explainFile = decodeTensors(bytesOf(EXPLAIN_FILE), EXPLAIN_FILE)
  const trialsJson = files.has(TRIALS_FILE) ? jsonOf(TRIALS_FILE) : undefined
  const summaryJson = files.has(SUMMARY_FILE) ? jsonOf(SUMMARY_FILE) : undefined
  const profileJson = files.has(PROFILE_FILE) ? jsonOf(PROFILE_FILE) : undefined
  const mistakesJson = files.has(MISTAKES_FILE) ? jsonOf(MISTAKES_FILE) : undefined
  for (const [name, part] of [
    [COLUMNS_FILE, columnsJson],
    [TRIALS_FILE, trialsJson],
    [SUMMARY_FILE, summaryJson],
    [PROFILE_FILE, profileJson],
    [MISTAKES_FILE, mistakesJson],
    [PREPROCESSOR_FILE, preprocessorJson],
    [METRICS_FILE, metricsJson],
    [MODEL_FILE, modelFile.metadata],
    [EXPLAIN_FILE, explainFile.metadata],
  ] as const) {
    if (part) checkId(name, part.get('model_id'), modelId)
  }
  const classes = readClasses(manifest)
  const names = classes.map(String)
  const preprocessor = readStoredPreprocessor(preprocessorJson)
  const canBeMissing = checkFeatures(json, preprocessor)
  const model = readModel(modelFile, { features: canBeMissing.length, classes: classes.length })
  if (!kindOf(model).acceptsMissing && canBeMissing.includes(true)) {
    throw new ArtifactError(
      'mismatch',
      `${PREPROCESSOR_FILE} lets missing numbers through, which the ${model.kind} model does not take`,
    )
  }
  const columns = readStoredColumns(json, preprocessor)
  return {
    modelId,
    estimator: read.text(json.get('estimator'), 'estimator'),
    engine: read.text(json.get('engine'), 'engine'),
    params: Object.fromEntries(read.object(json.get('params'), 'params')),
    plan: readStoredPlan(manifest),
    ...(columns && { columns }),
    classes: names,
    numericClasses: typeof classes[0] === 'number',
    preprocessor,
    model,
    training: readTraining(manifest),
    metrics: withoutId(metricsJson),
    trials: trialsJson && withoutId(trialsJson),
    ...readExplain(explainFile, canBeMissing, preprocessor.inputs.length, names),
    summary: summaryJson && readStoredSummary(summaryJson, preprocessor, names),
    profile: profileJson && readStoredProfile(profileJson, preprocessor, classes.length),
    mistakes: mistakesJson && readStoredMistakes(mistakesJson, preprocessor, names),
    selfTest: readSelfTest(manifest, preprocessor, classes.length),
    ...(json.has('labels') ? { labels: readLabels(json.get('labels'), read, 'labels') } : {}),
    versions: read.textMap(json.get('versions'), 'versions'),
  }
}

/** Returns a manifest with what it leaves to a file of its own. */
function withColumns(manifest: Manifest, columns: JsonObject | undefined): Manifest {
  if (!columns) return manifest
  const json = new Map(manifest.json)
  for (const name of COLUMN_MEMBERS) if (!json.has(name)) json.set(name, columns.get(name))
  return { ...manifest, json }
}

/** Files that were written at different trainings are no model together. */
function checkId(name: string, id: unknown, modelId: string): void {
  if (id === modelId) return
  throw new ArtifactError(
    'mismatch',
    `${name} belongs to model ${quote(id)}, the manifest to ${quote(modelId)}`,
  )
}

function withoutId(json: JsonObject): Record<string, unknown> {
  return Object.fromEntries([...json].filter(([key]) => key !== 'model_id'))
}

function readStoredPreprocessor(json: JsonObject): PreprocessorSpec {
  const fail = (message: string) => invalid(`${PREPROCESSOR_FILE}: ${message}`)
  return readPreprocessor(json, createJsonReader(fail), fail)
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

function readStoredColumns(json: JsonObject, { inputs, otherColumns }: PreprocessorSpec) {
  const columns = json.get('columns')
  if (columns === undefined) return undefined
  const fail = (message: string) => invalid(`${MANIFEST_FILE}: ${message}`)
  const known = new Set([...inputs.map(({ name }) => name), ...otherColumns])
  return readColumns(columns, read, fail, known)
}

function readStoredSummary(
  json: JsonObject,
  { inputs, derived }: PreprocessorSpec,
  classes: readonly string[],
) {
  const fail = (message: string) => invalid(`${SUMMARY_FILE}: ${message}`)
  return readSummary(json, createJsonReader(fail), fail, {
    columns: inputs.map(({ name }) => name),
    derived: derived.map(({ column }) => column),
    classes,
  })
}

function readStoredMistakes(
  json: JsonObject,
  { inputs }: PreprocessorSpec,
  classes: readonly string[],
) {
  const fail = (message: string) => invalid(`${MISTAKES_FILE}: ${message}`)
  return readMistakes(json, createJsonReader(fail), fail, { inputs, classes })
}

function readStoredProfile(
  json: JsonObject,
  { inputs, derived }: PreprocessorSpec,
  classes: number,
) {
  const fail = (message: string) => invalid(`${PROFILE_FILE}: ${message}`)
  return readProfile(json, createJsonReader(fail), fail, { inputs, derived, classes })
}
