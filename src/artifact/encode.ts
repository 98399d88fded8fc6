/** From an artifact to the bytes of its files; the same artifact gives the same bytes. */
import { joinBytes } from '../data/bytes.ts'
import { f64, type TensorFile } from '../data/tensor.ts'
import { kindOf } from '../models/index.ts'
import { writePlan } from '../preprocess/plan.ts'
import { buildPreprocessor } from '../preprocess/preprocessor.ts'
import {
  type Artifact,
  type ArtifactParts,
  COLUMN_MEMBERS,
  COLUMNS_FILE,
  EXPLAIN_FILE,
  FORMAT_VERSION,
  type Hash,
  MANIFEST_FILE,
  MAX_MANIFEST,
  METRICS_FILE,
  MISTAKES_FILE,
  MODEL_FILE,
  manifestChecksum,
  NO_CHECKSUM,
  PREPROCESSOR_FILE,
  PROFILE_FILE,
  SUMMARY_FILE,
  TRIALS_FILE,
} from './artifact.ts'
import { tensorPieces } from './safetensors.ts'
import { writeColumns } from './stored-columns.ts'
import { writeMistakes } from './stored-mistakes.ts'
import { writeProfile } from './stored-profile.ts'
import { writeSummary } from './stored-summary.ts'

/**
 * Returns the artifact with its identity: a hash of everything that its answers depend on or that was measured of it, and
 * of its readable names.
 */
export function withModelId(parts: ArtifactParts, sha256: Hash): Artifact {
  const anonymous = { ...parts, modelId: '' }
  const hashes = [...listDataFiles(anonymous)].map(([, pieces]) => sha256(...pieces))
  const all = [...hashes, sha256(encodeJson(manifestHead(anonymous)))]
  return { ...parts, modelId: sha256(new TextEncoder().encode(all.join('\n'))).slice(0, 32) }
}

/** Returns every file of a model directory, the manifest last. */
export function encodeArtifact(artifact: Artifact, sha256: Hash): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const [name, pieces] of listDataFiles(artifact)) files.set(name, joinBytes(pieces))
  const { modelId, profile, mistakes, columns } = artifact
  if (profile) files.set(PROFILE_FILE, encodeJson({ model_id: modelId, ...writeProfile(profile) }))
  if (mistakes)
    files.set(MISTAKES_FILE, encodeJson({ model_id: modelId, ...writeMistakes(mistakes) }))
  const head: Record<string, unknown> = {
    ...manifestHead(artifact),
    columns: columns && writeColumns(columns),
  }
  // The list of files and the checksum need room, too.
  if (encodeJson(head).length > MAX_MANIFEST / 2) {
    const members = COLUMN_MEMBERS.map((name) => [name, head[name]])
    files.set(COLUMNS_FILE, encodeJson({ model_id: modelId, ...Object.fromEntries(members) }))
    for (const name of COLUMN_MEMBERS) delete head[name]
  }
  const listed = [...files].map(([name, bytes]) => [
    name,
    { size: bytes.length, sha256: sha256(bytes) },
  ])
  const manifest = { ...head, files: Object.fromEntries(listed) }
  const checksum = manifestChecksum(encodeJson({ ...manifest, checksum: NO_CHECKSUM }), sha256)
  files.set(MANIFEST_FILE, encodeJson({ ...manifest, checksum }))
  return files
}

/** Yields the files in pieces, each when it is asked for: all of a wide model at once take memory. */
function* listDataFiles(artifact: Artifact): Generator<[name: string, pieces: Uint8Array[]]> {
  const { modelId, model, importance } = artifact
  const stored = kindOf(model).store(model)
  const modelFile: TensorFile = {
    metadata: new Map([...stored.metadata, ['kind', model.kind], ['model_id', modelId]]),
    tensors: stored.tensors,
  }
  const explainFile: TensorFile = {
    metadata: new Map([
      ['model_id', modelId],
      ['rows', String(importance.rows)],
      ['output_names', JSON.stringify(importance.outputNames)],
    ]),
    tensors: new Map([
      [
        'background',
        f64(artifact.background.data, artifact.background.rows, artifact.background.columns),
      ],
      ['base_values', f64(importance.baseValues)],
      [
        'mean_abs_shap',
        f64(
          importance.meanAbsolute.data,
          importance.meanAbsolute.rows,
          importance.meanAbsolute.columns,
        ),
      ],
    ]),
  }
  yield [PREPROCESSOR_FILE, [encodeJson({ model_id: modelId, ...artifact.preprocessor })]]
  yield [MODEL_FILE, tensorPieces(modelFile)]
  yield [EXPLAIN_FILE, tensorPieces(explainFile)]
  yield [METRICS_FILE, [encodeJson({ model_id: modelId, ...artifact.metrics })]]
  const { trials, summary } = artifact
  if (trials) yield [TRIALS_FILE, [encodeJson({ model_id: modelId, ...trials })]]
  if (summary) yield [SUMMARY_FILE, [encodeJson({ model_id: modelId, ...writeSummary(summary) })]]
}

function manifestHead(artifact: Artifact): Record<string, unknown> {
  const { training } = artifact
  return {
    format: 'shapserve-model',
    format_version: FORMAT_VERSION,
    model_id: artifact.modelId,
    estimator: artifact.estimator,
    engine: artifact.engine,
    params: artifact.params,
    plan: writePlan(artifact.plan),
    classes: artifact.numericClasses ? artifact.classes.map(Number) : artifact.classes,
    feature_names_in: artifact.preprocessor.inputs.map(({ name }) => name),
    feature_names_out: buildPreprocessor(artifact.preprocessor).featureNamesOut,
    labels: artifact.labels,
    training: {
      rows: training.rows,
      train_rows: training.trainRows,
      test_rows: training.testRows,
      sha256: training.sha256,
      seed: training.seed,
      warnings: training.warnings,
      interrupted: training.interrupted || undefined,
    },
    versions: artifact.versions,
    self_test: artifact.selfTest.map((row) => ({
      cells: row.cells,
      probabilities: row.probabilities,
      base_value: row.baseValue,
      shap_values: row.shapValues,
    })),
  }
}

/** Longer texts are not indented: nobody reads them line by line, and they would take twice as long and as much. */
const MOST_INDENTED = 1 << 18

function encodeJson(value: unknown): Uint8Array {
  const text = JSON.stringify(value)
  const shown = text.length > MOST_INDENTED ? text : JSON.stringify(value, null, 1)
  return new TextEncoder().encode(`${shown}\n`)
}
