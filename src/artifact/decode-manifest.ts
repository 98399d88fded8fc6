/** From a manifest's bytes to its fields, each checked when it is asked for. */
import type { Cell } from '../data/frame.ts'
import { createJsonReader, type JsonObject } from '../data/json-fields.ts'
import { ArtifactError, quote } from '../errors.ts'
import { type ColumnPlan, readPlan } from '../preprocess/plan.ts'
import type { PreprocessorSpec } from '../preprocess/preprocessor.ts'
import {
  DATA_FILES,
  FORMAT_VERSION,
  type Hash,
  MANIFEST_FILE,
  manifestChecksum,
  OLDEST_FORMAT_VERSION,
  type SelfTestRow,
  type TrainingRecord,
} from './artifact.ts'
import { invalid, parseJson } from './parse-json.ts'

const FILE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** Reads fields of a manifest; messages begin with its name. */
export const manifestReader = createJsonReader((message) => invalid(`${MANIFEST_FILE}: ${message}`))
const read = manifestReader

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

/** Returns the names of the classes, or their numbers, in the model's order. */
export function readClasses({ json }: Manifest): (string | number)[] {
  const classes = read.categories(json.get('classes'), 'classes')
  if (classes.length < 2)
    throw invalid(`${MANIFEST_FILE}: a classifier needs two classes, there are ${classes.length}`)
  return classes
}

/** Returns the record of how the training went. */
export function readTraining({ json }: Manifest): TrainingRecord {
  const training = read.object(json.get('training'), 'training')
  return {
    rows: read.whole(training.get('rows'), 'training.rows'),
    trainRows: read.whole(training.get('train_rows'), 'training.train_rows'),
    testRows: read.whole(training.get('test_rows'), 'training.test_rows'),
    sha256: read.text(training.get('sha256'), 'training.sha256'),
    seed: read.whole(training.get('seed'), 'training.seed'),
    warnings: read.texts(training.get('warnings'), 'training.warnings'),
    interrupted: training.has('interrupted')
      ? read.boolean(training.get('interrupted'), 'training.interrupted')
      : undefined,
  }
}

/** Returns the plan that the columns were prepared by. */
export function readStoredPlan({ json }: Manifest): ColumnPlan {
  try {
    return readPlan(json.get('plan'))
  } catch (error) {
    throw invalid(`${MANIFEST_FILE}: ${(error as Error).message}`)
  }
}

/** Returns the rows whose answers prove that a program computes as the training did. */
export function readSelfTest(
  { json }: Manifest,
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
    const isExplained = row.has('base_value') || row.has('shap_values')
    const shapValues = isExplained
      ? read.numbers(row.get('shap_values'), `${where}.shap_values`)
      : undefined
    if (
      cells.length !== preprocessor.inputs.length ||
      (shapValues ?? cells).length !== cells.length ||
      probabilities.length !== classes
    ) {
      throw invalid(`${MANIFEST_FILE}: ${where} does not match the columns and classes`)
    }
    return {
      cells,
      probabilities,
      ...(shapValues
        ? { baseValue: read.number(row.get('base_value'), `${where}.base_value`), shapValues }
        : {}),
    }
  })
}
